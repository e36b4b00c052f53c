"""The cursor of a table in any database: how its values are compared there and ordered here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.sources.loading.reading import Window

# What a cursor's value is here; None for what cannot be understood as one. All of a cursor are of one type.
Value: TypeAlias = date | datetime | int | Decimal | None

_DATE = "date"
_LOCAL = "timestamp without time zone"
_ZONED = "timestamp with time zone"

# Texts of moments are written with 'T' or a space, with or without an offset of up to 14 hours. Only a day further
# do they compare alike in all of these forms; what lies within is told apart when the rows are here.
_DAY = timedelta(days=1)
_ISO_DATE = "____-__-__%"


@dataclass(frozen=True)
class Cursor:
    """One column by which newer rows are told from older ones.

    Attributes:
        name: As the table has it.
        position_type: PostgreSQL type of its positions; the source's own where PostgreSQL has none for it.
        type: Type of its values in the source's own database.
        is_text: Whether it holds moments as ISO texts, whatever its type is called.
    """

    name: str
    position_type: str
    type: TypeEngine[Any]
    is_text: bool = False

    def read(self, received: object) -> Value:
        """A received value: with a time zone in UTC, with none as it stands."""
        if self.position_type not in (_DATE, _LOCAL, _ZONED):
            return _number(received, is_whole=self.position_type != "numeric")
        moment = _moment(received)
        if moment is None:
            return None
        if self.position_type == _DATE:
            return moment.date()
        return moment.replace(tzinfo=UTC) if self.position_type == _ZONED else moment

    def bounds(self, window: Window) -> Bounds:
        """The window in this cursor's values.

        Raises:
            TerminalError: one of its ends is no value of this cursor.
        """
        return Bounds(self, self._bound(window.start), self._bound(window.end))

    def _bound(self, text: str | None) -> Value:
        value = self.read(text)
        if text is not None and value is None:
            raise TerminalError(
                _("this is no value of the cursor {name}", name=self.name), found=text, allowed=self.position_type
            )
        return value


@dataclass(frozen=True)
class Bounds:
    """Which rows are wanted: from `start` on and before `end`.

    Rows without a readable cursor are wanted each time, but for a past interval, to which they do not belong.
    """

    cursor: Cursor
    start: Value
    end: Value

    def condition(self) -> sa.ColumnElement[bool] | None:
        """The wanted rows, in the source; None when all are. Of texts it lets some more through."""
        if self.start is None and self.end is None:
            return None
        column: sa.ColumnClause[Any] = sa.column(self.cursor.name)
        bounds: list[sa.ColumnElement[bool]] = []
        if self.start is not None:
            bounds.append(column >= self._literal(self.start, -_DAY))
        if self.end is not None:
            bounds.append(column < self._literal(self.end, 2 * _DAY))
            return sa.and_(*bounds)
        unreadable: sa.ColumnElement[bool] = column.is_(None)
        if self.cursor.is_text:
            unreadable = sa.or_(unreadable, column.notlike(sa.literal(_ISO_DATE, sa.String())))
        return sa.or_(unreadable, *bounds)

    def exclude(self, value: Value) -> bool:
        """Whether a row that came is not wanted after all."""
        if not self.cursor.is_text:
            return False
        if value is None:
            return self.end is not None
        found: Any = value
        return (self.start is not None and found < self.start) or (self.end is not None and found >= self.end)

    def _literal(self, value: Value, margin: timedelta) -> sa.BindParameter[Any]:
        if self.cursor.is_text and isinstance(value, date):
            return sa.literal(_day(value, margin), sa.String())
        if isinstance(value, Decimal) and value == value.to_integral_value():
            # Whole numbers need no decimals, which not every driver has.
            return sa.literal(int(value), sa.BigInteger())
        return sa.literal(value, self.cursor.type)


def cursor_of(name: str, kind: TypeEngine[Any], declared: str | None, sample: object) -> Cursor:
    """How a column serves as cursor.

    Args:
        kind: Its type as the source's catalogue says.
        declared: Its type in the source file; makes texts of ISO dates comparable.
        sample: Any of its values, None without any: some databases keep texts in columns that they call DATETIME.
    """
    if isinstance(kind, sa.DateTime):
        return Cursor(name, _ZONED if kind.timezone else _LOCAL, kind, isinstance(sample, str))
    if isinstance(kind, sa.Date):
        return Cursor(name, _DATE, kind, isinstance(sample, str))
    if isinstance(kind, sa.Integer):
        return Cursor(name, "bigint", kind)
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        return Cursor(name, "numeric", kind)
    if isinstance(kind, sa.String | sa.types.NullType) and declared in ("date", "timestamp"):
        return Cursor(name, _DATE if declared == "date" else _LOCAL, kind, is_text=True)
    return Cursor(name, type(kind).__name__.lower(), kind)


def _day(moment: date, margin: timedelta) -> str:
    day = moment.date() if isinstance(moment, datetime) else moment
    try:
        return (day + margin).isoformat()
    except OverflowError:
        return day.isoformat()


def _moment(value: object) -> datetime | None:
    """A date or time without zone; one with a zone in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        try:
            return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _number(value: object, *, is_whole: bool) -> int | Decimal | None:
    """A finite number; None for what is none, for fractions where whole numbers are wanted, and beyond bigint."""
    if value is None:
        return None
    if isinstance(value, int):
        number = Decimal(value)
    else:
        try:
            number = Decimal(repr(value) if isinstance(value, float) else str(value))
        except InvalidOperation:
            return None
    if not number.is_finite():
        return None
    if not is_whole:
        return number
    return int(number) if number == number.to_integral_value() and -(2**63) <= number < 2**63 else None
