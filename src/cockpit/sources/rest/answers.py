"""What an API answers: JSON, read without losing a digit or a line for a bad byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from email.message import Message

# Python refuses to convert longer ones, and PostgreSQL's numeric ends not far behind.
_LONGEST_INTEGER = 4_000


@dataclass(frozen=True)
class Answer:
    """A good answer.

    Attributes:
        document: Its JSON; None when it has no content.
        links: Relation -> address, of the header Link.
    """

    document: object
    links: Mapping[str, str]


class NotJsonError(ValueError):
    """An answer that is no JSON.

    Attributes:
        is_broken: It begins like JSON, so that another try may bring the rest.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.is_broken = text.lstrip()[:1] in ("{", "[")


def read_json(body: bytes, content_type: str | None = None) -> object:
    """The JSON of a body; numbers that a float would change stay texts or become decimals.

    Bytes that the encoding does not have become marks that reject the record which holds them, not the page.

    Raises:
        NotJsonError: cut off, nested without end, or another format.
    """
    text = _text(body, content_type)
    try:
        return json.loads(text, parse_float=_number, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise NotJsonError(text) from error


def _text(body: bytes, content_type: str | None) -> str:
    header = Message()
    header["Content-Type"] = content_type or ""
    declared = header.get_content_charset()
    detected = json.detect_encoding(body).replace("utf-8-sig", "utf-8")
    for encoding in filter(None, (declared, detected)):
        # A byte order mark belongs to no name.
        name = "utf-8-sig" if encoding.replace("-", "").replace("_", "") == "utf8" else encoding
        try:
            return body.decode(name, "surrogateescape")
        except (LookupError, ValueError):
            # No encoding of texts has this name.
            continue
    return body.decode("utf-8-sig", "surrogateescape")


def _number(text: str) -> float | Decimal | str:
    number = float(text)
    try:
        exact = Decimal(text)
        return number if Decimal(repr(number)) == exact else exact
    except InvalidOperation:
        # An exponent beyond what any number has.
        return text


def _integer(text: str) -> int | str:
    return int(text) if len(text) < _LONGEST_INTEGER else text
