"""PostgreSQL's text format for COPY, made from rows while the server reads them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from uuid import UUID

from cockpit.sources.loading.reasons import EMPTY_KEY, KEY_TOO_LONG, NUL_CHARACTER, UNDECODABLE

# Columns of the temporary table `incoming` that the encoders fill, see sql/create_incoming.sql.
COPY_COLUMNS = ("key", "payload", "hash", "label", "position", "line_number", "reason", "raw_text")

# Enough to keep calls rare, little enough to keep memory constant.
_ROWS_PER_READ = 500

# PostgreSQL's index refuses longer keys, and with one of them the whole batch.
LONGEST_KEY_BYTES = 2_000

_NULL = "\\N"
# The backslash first: the others bring new ones.
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def escape(text: str) -> str:
    """A value as COPY reads it."""
    # Four searches take a tenth of the time of str.translate, and most texts hold none of these.
    for character, escaped in _ESCAPES:
        if character in text:
            text = text.replace(character, escaped)
    return text


def printable(text: str) -> str:
    """The text as a PostgreSQL text can hold it: undecodable bytes and NUL as `\\xNN`."""
    if "\0" not in text and is_decoded(text):
        return text
    return "".join(
        f"\\x{ord(character) & 0xFF:02x}" if character == "\0" or not is_decoded(character) else character
        for character in text
    )


def is_decoded(text: str) -> bool:
    """Whether the text has no lone surrogate, which stands for a byte that could not be decoded."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode_record(
    payload: Mapping[str, object],
    *,
    key: str | None,
    label: str,
    position: str | None = None,
    line_number: int | None = None,
) -> str:
    """One received record as a line of COPY's text format for `COPY_COLUMNS`.

    The order of its fields does not matter: the same fields give the same hash, so that a web API that shuffles
    them changes nothing. A record that raw cannot hold becomes a rejected line.

    Args:
        payload: As received; dates, decimals and bytes are written as text.
        key: Its key in raw; None or empty rejects it.
        label: Name of its batch.
        position: Text of its cursor, in a form that the cursor's type reads; decides which of two rows of a key
            is newer.
        line_number: Physical line, for files.
    """
    try:
        text = _encode(payload)
    except ValueError:
        text = _encode(_without_nan(payload))
    reason = None
    if not key:
        reason = EMPTY_KEY
    elif "\0" in key or ("\\u0000" in text and _has_nul(payload)):
        reason = NUL_CHARACTER
    elif not is_decoded(text) or not is_decoded(key):
        reason = UNDECODABLE
    elif len(key) > LONGEST_KEY_BYTES or len(key.encode()) > LONGEST_KEY_BYTES:
        reason = KEY_TOO_LONG
    if reason or key is None:
        return encode_rejected(reason or EMPTY_KEY, text, label=label, line_number=line_number, position=position)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (
        f"{escape(key)}\t{escape(text)}\t\\\\x{digest}\t{escape(label)}\t"
        f"{_NULL if position is None else escape(position)}\t{_NULL if line_number is None else line_number}"
        f"\t{_NULL}\t{_NULL}\n"
    )


def encode_rejected(
    reason: str, text: str, *, label: str, line_number: int | None = None, position: str | None = None
) -> str:
    """One unreadable line or record; `text` is kept as received, as far as PostgreSQL can hold it."""
    return (
        f"{_NULL}\t{_NULL}\t{_NULL}\t{escape(label)}\t{_NULL if position is None else escape(position)}"
        f"\t{_NULL if line_number is None else line_number}\t{escape(reason)}\t{escape(printable(text))}\n"
    )


def _as_json(value: object) -> object:
    """Values that databases and spreadsheets have and JSON does not, as the text that staging casts back."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f} seconds"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


# Made once: json.dumps would make an encoder for each row.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=_as_json, allow_nan=False).encode


def _without_nan(value: object) -> object:
    """The same without what JSON has no number for; PostgreSQL's numeric knows the names."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return value


def _has_nul(value: object) -> bool:
    """Whether a text within holds a NUL; `\\u0000` in the JSON alone may also be an escaped backslash."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(name) or _has_nul(each) for name, each in value.items())
    return isinstance(value, list | tuple) and any(_has_nul(each) for each in value)


class CopyText:
    """A file-like view on rows that end with a line feed.

    Attributes:
        failure: The error that ended the rows early. psycopg2 replaces an error inside `read` by one of its own,
            so the loader looks here.
    """

    def __init__(self, rows: Iterator[str]) -> None:
        self._rows = rows
        self.failure: Exception | None = None

    def read(self, _size: int = -1) -> bytes:
        """Some rows, of about the size that COPY sends at once; nothing at the end."""
        try:
            return "".join(islice(self._rows, _ROWS_PER_READ)).encode()
        except Exception as error:
            self.failure = error
            raise
