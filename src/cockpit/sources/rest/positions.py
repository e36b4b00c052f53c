"""Values of a cursor: as an API sends them, as PostgreSQL compares them, as a parameter asks for them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias, cast

from cockpit.rulebook.sources.base import FieldType
from cockpit.rulebook.sources.rest import TimeFormat

Position: TypeAlias = datetime | date | int | Decimal

POSITION_TYPES: dict[FieldType, str] = {
    "timestamp": "timestamp with time zone",
    "date": "date",
    "bigint": "bigint",
    "integer": "integer",
    "numeric": "numeric",
}

_BITS = {"bigint": 63, "integer": 31}
_LONGEST_NUMBER = 100
_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class CursorFormat:
    """How one entity's cursor is written.

    Attributes:
        kind: Declared type of the cursor's column.
        zone: Of times without an offset.
        time_format: Of times in parameters.
    """

    kind: FieldType
    zone: tzinfo
    time_format: TimeFormat

    def parse(self, value: object) -> Position | None:
        """The value to compare by; None when it is none of the declared type. Never an error."""
        if self.kind in ("timestamp", "date"):
            moment = _moment(value, self.zone)
            return moment.date() if moment and self.kind == "date" else _in_utc(moment)
        return _number(value, self.kind)

    def text(self, position: Position) -> str:
        """As PostgreSQL reads it."""
        return position.isoformat(" ") if isinstance(position, datetime) else str(position)

    def start(self, text: str) -> str:
        """A parameter for the first value wanted; coarser formats begin earlier rather than later.

        Args:
            text: As PostgreSQL writes the cursor's type, in UTC.
        """
        return self._parameter(text, is_end=False)

    def end(self, text: str) -> str:
        """A parameter for the value before which to stop; coarser formats end later."""
        return self._parameter(text, is_end=True)

    def _parameter(self, text: str, *, is_end: bool) -> str:
        moment = _moment(text, UTC) if self.kind in ("timestamp", "date") else None
        if moment is None:
            return text
        if self.kind == "date":
            # A date means the whole day where the business is.
            moment = datetime.combine(moment.date(), time(), self.zone)
        local = moment.astimezone(self.zone)
        match self.time_format:
            case "date":
                is_cut = is_end and local.time() != time()
                return (local.date() + timedelta(days=is_cut)).isoformat()
            case "local":
                is_cut = is_end and local.microsecond > 0
                return (local + timedelta(seconds=is_cut)).strftime("%Y-%m-%d %H:%M:%S")
            case "unix" | "unix_ms":
                since_epoch = (moment - _EPOCH) / timedelta(milliseconds=1 if self.time_format == "unix_ms" else 1000)
                return str(math.ceil(since_epoch) if is_end else math.floor(since_epoch))
            case _iso if self.kind == "date":
                return local.date().isoformat()
            case _iso:
                return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_before(position: Position, other: Position) -> bool:
    """Whether one position of a cursor is smaller than another of the same cursor."""
    # Both have the one type that the cursor's kind gives.
    return bool(cast(Any, position) < other)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(value: object, zone: tzinfo) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip().replace("/", "-"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _in_utc(moment: datetime | None) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError:
        return None


def _number(value: object, kind: FieldType) -> Position | None:
    text = "" if isinstance(value, bool) else str(value).strip()
    if len(text) > _LONGEST_NUMBER or not isinstance(value, int | float | Decimal | str):
        return None
    if kind == "numeric":
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number.adjusted()) < _LONGEST_NUMBER else None
    if not _WHOLE.fullmatch(text) or not -(1 << _BITS[kind]) <= int(text) < 1 << _BITS[kind]:
        return None
    return int(text)
