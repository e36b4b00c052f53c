"""Values and rules of a held row as a person reads them, on every page: inert, short, in their language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from cockpit.i18n import _, language
from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import SourceColumn
from cockpit.warehouse.staging import TYPE_CHECK

_LONGEST_SHOWN = 300

# Control characters, and those that hide themselves or turn the direction of writing.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# Columns of staging that stand beside a standardised one.
_BESIDE = ("_received", "_outcome", "_reason", "_confidence", "_details")


def visible(value: str, longest: int = _LONGEST_SHOWN, lang: str | None = None) -> str:
    """A text of which everything can be seen; a long one is cut and says how long it is."""
    shown = UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value[:longest])
    if len(value) > longest:
        shown += _("… ({count} characters)", lang, count=f"{len(value):,}")
    return shown


def readable(value: object, zone: ZoneInfo) -> str | None:
    """A value of staging as text; None for none."""
    match value:
        case None:
            return None
        case datetime():
            moment = value.astimezone(zone)
            return moment.strftime("%Y-%m-%d %H:%M" + (":%S" if moment.second else ""))
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def line_ends(text: str) -> str:
    """A text as browsers send it back."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def label_of(column: SourceColumn, name: str, lang: str | None = None) -> str:
    """What a column means; its name where nobody says."""
    return (column.description_zh if (lang or language()) == "zh" else column.description) or name


def message_of(check: Check, lang: str | None = None) -> str:
    """What a rule says about a row that it holds back."""
    return (check.message_zh if (lang or language()) == "zh" else check.message) or check.rule_id


def pointed_at(check: Check, names: Sequence[str], values: Mapping[str, object]) -> Iterator[str]:
    """The columns that a person has to look at when a row fails a check.

    Args:
        names: Columns that the page shows.
        values: The row in staging; of a row that is not known there, nothing.
    """
    if check.rule_id == TYPE_CHECK.rule_id:
        invalid = values.get("invalid_columns")
        yield from (name for name in (invalid if isinstance(invalid, list) else ()) if name in names)
        return
    for column in check.marked_columns:
        own = next((column.removesuffix(end) for end in _BESIDE if column.removesuffix(end) in names), column)
        if own in names:
            yield own
