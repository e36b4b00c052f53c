"""Values of any database as PostgreSQL writes them, so that a key does not depend on the kind of its source."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

# PostgreSQL writes a float with an exponent from here on, Python's repr one digit later.
_LONGEST_WHOLE = 15


def text_of(value: object) -> str:
    """A value that is not None, as `cast(value as text)` gives it in a session whose time zone is UTC.

    Binary fractions of more than 15 digits may differ in the last one: several texts mean the same number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, time):
        return _without_zeros(value.isoformat())
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return _without_zeros(value.isoformat(" "))
    return _without_zeros(value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")) + "+00"


def _without_zeros(text: str) -> str:
    return text.rstrip("0") if "." in text else text


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        return _special(value)
    # PostgreSQL's decimals have no negative zero.
    return format(value if value else value.copy_abs(), "f")


def _float(value: float) -> str:
    number = Decimal(repr(value))
    if not number.is_finite():
        return _special(number)
    if not number:
        return "-0" if number.is_signed() else "0"
    number = number.normalize()
    exponent = number.adjusted()
    if -4 <= exponent < _LONGEST_WHOLE:
        return format(number, "f")
    mantissa = format(number.scaleb(-exponent), "f")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def _special(value: Decimal) -> str:
    return "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity"
