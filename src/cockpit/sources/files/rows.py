"""Records as lines of COPY, cut into transactions and labelled by business day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring as quote

from cockpit.rulebook.sources.file import FolderEntity
from cockpit.sources.files.columns import place_of, value_of
from cockpit.sources.files.lines import ObjectRecord, Record, Rejected
from cockpit.sources.loading.copytext import LONGEST_KEY_BYTES, encode_record, encode_rejected, escape
from cockpit.sources.loading.keys import join_key
from cockpit.sources.loading.reasons import EMPTY_KEY, KEY_TOO_LONG

# A transaction ends with the first batch that reaches it: one commit for many small batches, and a file that is
# not sorted by day is cut into this many rows at a time instead of a batch per line.
ROWS_PER_TRANSACTION = 50_000

_DATE_END = re.compile(r"[ T]")


class RowEncoder:
    """Makes rows of one file.

    Args:
        identity: Content hash of the file's first version; part of the keys of a file that has none.
        label: Batch of the line before; malformed lines and lines without a day go on in it.
    """

    def __init__(self, entity: FolderEntity, identity: str, label: str) -> None:
        self._entity = entity
        self._line_key = line_key(identity)
        self._label = label
        self._day_value: object = None
        self._transaction = 0
        self._row_count = 0
        self._nested = [name for name in entity.columns if "." in name]
        # Columns that records with names of their own had so far, and the JSON type of their first value.
        self.seen: dict[str, str] = {}

    def rows(
        self, header: tuple[str, ...] | None, records: Iterator[Record | ObjectRecord | Rejected]
    ) -> Iterator[tuple[int, str]]:
        """Each record in COPY's text format, with the number of the transaction that it belongs to."""
        return self._objects(records) if header is None else self._tuples(header, records)

    def _tuples(
        self, header: tuple[str, ...], records: Iterator[Record | ObjectRecord | Rejected]
    ) -> Iterator[tuple[int, str]]:
        # Written out because json.dumps of a dict takes three times as long: only the values have to be quoted.
        payload_format = "{" + ", ".join(f"{quote(name)}: ".replace("%", "%%") + "%s" for name in header) + "}"
        entity = self._entity
        day_column = place_of(entity, entity.batch_by, header) if entity.batch_by else None
        key_columns = None if entity.key == "line" else [place_of(entity, name, header) or 0 for name in entity.key]
        day_value = ""
        label = escape(self._label)
        for record in records:
            if not isinstance(record, Record):
                self._row_count += 1
                if isinstance(record, Rejected):
                    yield self._transaction, self._rejected(record)
                continue
            number, last_number, fields, text = record
            if day_column is not None and fields[day_column] != day_value:
                day_value = fields[day_column]
                self._turn_to(day_value)
                label = escape(self._label)
            self._row_count += 1
            if key_columns is None:
                key = f"{self._line_key}{number}"
            else:
                values = [fields[column] for column in key_columns]
                key = join_key(values) if all(values) else ""
                fault = _key_fault(key)
                if fault:
                    yield self._transaction, self._rejected(Rejected(number, last_number, fault, text))
                    continue
                key = escape(key)
            payload = payload_format % tuple(map(quote, fields))
            digest = hashlib.sha256(payload.encode()).hexdigest()
            # Quoting leaves no control character; the backslashes are COPY's only concern.
            if "\\" in payload:
                payload = payload.replace("\\", "\\\\")
            yield self._transaction, f"{key}\t{payload}\t\\\\x{digest}\t{label}\t{last_number}\t{number}\t\\N\t\\N\n"

    def _objects(self, records: Iterator[Record | ObjectRecord | Rejected]) -> Iterator[tuple[int, str]]:
        entity = self._entity
        for record in records:
            if not isinstance(record, ObjectRecord):
                self._row_count += 1
                if isinstance(record, Rejected):
                    yield self._transaction, self._rejected(record)
                continue
            number, payload, json, text = record
            if entity.batch_by:
                day = value_of(entity, entity.batch_by, payload)
                if day != self._day_value:
                    self._day_value = day
                    self._turn_to("" if day is None else str(day))
            self._row_count += 1
            self._see(payload)
            key = self._key(number, payload)
            if json is None:
                yield (
                    self._transaction,
                    encode_record(payload, key=key, label=self._label, position=str(number), line_number=number),
                )
            elif fault := _key_fault(key):
                yield self._transaction, self._rejected(Rejected(number, number, fault, text))
            else:
                digest = hashlib.sha256(json.encode()).hexdigest()
                yield (
                    self._transaction,
                    f"{escape(key)}\t{escape(json)}\t\\\\x{digest}\t{escape(self._label)}\t{number}\t{number}\t\\N\t\\N\n",
                )

    def _key(self, number: int, payload: Mapping[str, object]) -> str:
        """Key of a record with names of its own; empty when one of its values is missing."""
        entity = self._entity
        if entity.key == "line":
            return f"{self._line_key}{number}"
        values = [_key_text(value_of(entity, column, payload)) for column in entity.key]
        return join_key(values) if all(values) else ""

    def _see(self, payload: Mapping[str, object]) -> None:
        seen = self.seen
        for name, value in payload.items():
            if not seen.get(name):
                seen[name] = _json_type(value)
        for name in self._nested:
            value = value_of(self._entity, name, payload)
            if value is not None and not seen.get(name):
                seen[name] = _json_type(value)

    def _turn_to(self, day_value: str) -> None:
        """Begin another batch when the day is another one, and another transaction when there are enough rows."""
        day = _DATE_END.split(day_value, maxsplit=1)[0] or self._label
        if day != self._label and self._row_count >= ROWS_PER_TRANSACTION:
            self._transaction += 1
            self._row_count = 0
        self._label = day

    def _rejected(self, record: Rejected) -> str:
        return encode_rejected(
            record.reason,
            record.text,
            label=self._label,
            line_number=record.line_number,
            position=str(record.last_line_number),
        )


def line_key(identity: str) -> str:
    """What the keys of a file without keys begin with; the line number follows."""
    return f"{identity[:16]}|"


def _key_fault(key: str) -> str | None:
    """Why raw cannot hold the key; None when it can."""
    if not key:
        return EMPTY_KEY
    # A character has at most four bytes.
    is_long = len(key) * 4 > LONGEST_KEY_BYTES and len(key.encode()) > LONGEST_KEY_BYTES
    return KEY_TOO_LONG if is_long else None


def _key_text(value: object) -> str:
    """A key's value as staging would show it; empty when there is none or it is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _json_type(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list() | tuple():
            return "array"
        case _other:
            return "object"
