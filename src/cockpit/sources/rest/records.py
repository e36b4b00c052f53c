"""What one record of a web API becomes: key, position, payload and, for COPY, a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cockpit.rulebook.sources.rest import RestEntity
from cockpit.sources.loading.copytext import LONGEST_KEY_BYTES, encode_record, encode_rejected, is_decoded
from cockpit.sources.loading.keys import join_key
from cockpit.sources.loading.reading import Observed
from cockpit.sources.loading.reasons import NOT_AN_OBJECT, TOO_DEEP
from cockpit.sources.rest.paths import MISSING, find
from cockpit.sources.rest.positions import CursorFormat, Position

# More names than any table has: an API that uses values as names must not fill the memory.
_MOST_COLUMNS = 2_000

_JSON_TYPES = {bool: "boolean", str: "string", dict: "object", list: "array"}


class Row(NamedTuple):
    """A record for COPY.

    Attributes:
        text: A line for `COPY_COLUMNS`.
        position: Of its cursor; None when it has none, or none of the declared type.
    """

    text: str
    position: Position | None


class Records:
    """Makes rows of one entity's records and notes their columns.

    Attributes:
        cursor: How the cursor is written; None when the entity has none.
    """

    def __init__(self, entity: RestEntity, zone: ZoneInfo) -> None:
        self._names = {name: (name, *column.synonyms) for name, column in entity.columns.items()}
        self._key = entity.key
        # Staging reads names of the record itself, so what lies deeper is lifted up there.
        self._nested = [name for names in self._names.values() for name in names if "." in name]
        self._cursor_column = entity.cursor
        self._types: dict[str, set[str]] = {}
        self.cursor: CursorFormat | None = None
        if entity.cursor:
            self.cursor = CursorFormat(entity.columns[entity.cursor].type, zone, entity.time_format)

    def row(self, record: object, label: str) -> Row:
        """The record as a row; what is no record, or has no key, as a rejected one.

        Args:
            label: Name of its batch.
        """
        try:
            if not isinstance(record, dict):
                text = json.dumps(record, ensure_ascii=False, default=str)
                return Row(encode_rejected(NOT_AN_OBJECT, text, label=label), None)
            payload = self._lifted(record)
            position = self._position(payload)
            written = None if position is None or self.cursor is None else self.cursor.text(position)
            row = encode_record(payload, key=self.key(payload), label=label, position=written)
        except RecursionError:
            # What nests this deep cannot be written out either.
            return Row(encode_rejected(TOO_DEEP, "", label=label), None)
        self._note(payload)
        return Row(row, position)

    def key(self, record: Mapping[str, object]) -> str | None:
        """The values of the key's columns as one text; None when one is empty, or is an object or a list."""
        texts = [_key_text(self._value(record, column)) for column in self._key]
        return join_key([text for text in texts if text]) if all(texts) else None

    def held_key(self, record: object) -> str | None:
        """The key that raw has for the record, if it has it; None for what the loader would have rejected."""
        if not isinstance(record, dict):
            return None
        key = self.key(self._lifted(record))
        is_storable = key and "\0" not in key and is_decoded(key) and len(key.encode()) <= LONGEST_KEY_BYTES
        return key if is_storable else None

    def observed(self) -> Observed:
        """Columns and their types in JSON so far; several types of a column are joined by `|`."""
        return Observed({name: "|".join(sorted(types)) for name, types in self._types.items()}, is_complete=False)

    def _lifted(self, record: dict[str, object]) -> dict[str, object]:
        found = {name: find(record, name) for name in self._nested if name not in record}
        lifted = {name: value for name, value in found.items() if value is not MISSING}
        return {**record, **lifted} if lifted else record

    def _position(self, record: Mapping[str, object]) -> Position | None:
        if self.cursor is None or self._cursor_column is None:
            return None
        return self.cursor.parse(self._value(record, self._cursor_column))

    def _value(self, record: Mapping[str, object], column: str) -> object:
        return next((record[name] for name in self._names[column] if name in record), None)

    def _note(self, record: Mapping[str, object]) -> None:
        for name, value in record.items():
            types = self._types.get(name)
            if types is None:
                if len(self._types) >= _MOST_COLUMNS or not is_decoded(name) or "\0" in name:
                    continue
                types = self._types[name] = set()
            if value is not None:
                types.add(_JSON_TYPES.get(type(value), "number"))


def _key_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float | Decimal) else ""
