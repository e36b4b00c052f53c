"""Values as a person reads them: inert, short, and masked where they are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cockpit.domain.masking import mask
from cockpit.i18n import _
from cockpit.intake.tasks.desk import OpenTask
from cockpit.quality.answers import LONGEST_VALUE, correctable_columns
from cockpit.quality.shown import label_of, line_ends, message_of, pointed_at, readable, visible
from cockpit.rulebook.contract import Check


@dataclass(frozen=True)
class Field:
    """One column of the row on the page.

    Attributes:
        name: Ours; the input is called after it.
        received: As the source delivered it; None for nothing.
        standard: As it counts, where that reads differently; None otherwise.
        entered: What stands in the input.
        is_editable: Whether there is an input.
        is_marked: A rule points at it.
        faults: What is wrong with what was entered.
        choices: What may be entered; anything when empty.
        is_long: Whether the input has several lines.
        is_masked: The value is somebody's own and not for this person.
        is_unread: What was received is not understood, and nothing counts.
    """

    name: str
    label: str
    unit: str
    received: str | None
    standard: str | None
    entered: str
    is_editable: bool
    is_marked: bool
    faults: tuple[str, ...]
    choices: tuple[str, ...]
    is_long: bool
    is_masked: bool
    is_unread: bool


def fields_of(
    task: OpenTask,
    lang: str,
    zone: ZoneInfo,
    entered: Mapping[str, str] | None = None,
    faults: Mapping[str, Sequence[str]] | None = None,
) -> list[Field]:
    """All columns of the row, those that a rule points at first.

    Args:
        entered: What the person has typed; what was received when None.
        faults: What is wrong with it, by our name of the column.
    """
    names = [task.entity.our_name(column) for column in task.entity.columns]
    marked = _marked(task, names)
    faults = faults or {}
    correctable = correctable_columns(task.entity)
    fields = []
    for received_name, column in task.entity.columns.items():
        name = task.entity.our_name(received_name)
        is_masked = column.sensitivity == "personal" and not task.may_see_all
        received = task.seen.received.get(name)
        is_editable = name in correctable and (not is_masked or name in marked)
        start = entered_at_first(task, name)
        now = start if entered is None else entered.get(name, start)
        shown = mask(received) if is_masked else received
        fields.append(
            Field(
                name=name,
                label=label_of(column, name, lang),
                unit=column.unit or "",
                received=None if shown is None else visible(shown, lang=lang),
                standard=None if is_masked else _standard(task, name, received, lang, zone),
                entered=now,
                is_editable=is_editable,
                is_marked=name in marked or name in faults,
                faults=tuple(faults.get(name, ())),
                choices=column.values,
                is_long=len(now) > 60 or "\n" in now,
                is_masked=is_masked,
                is_unread=received is not None and _is_unread(task, name),
            )
        )
    return sorted(fields, key=lambda field: not field.is_marked)


def entered_at_first(task: OpenTask, name: str) -> str:
    """What an input holds before anybody types: nothing where the value is too long or not for this person."""
    received = task.seen.received.get(name) or ""
    column = next(column for key, column in task.entity.columns.items() if task.entity.our_name(key) == name)
    if len(received) > LONGEST_VALUE or (column.sensitivity == "personal" and not task.may_see_all):
        return ""
    return line_ends(received)


def faults_of(
    task: OpenTask, failing: Sequence[Check], values: Mapping[str, Any], lang: str
) -> tuple[dict[str, list[str]], list[str]]:
    """Messages of checks that an answer does not pass: by our name of the column, and those that point at none.

    Args:
        values: The row as it would be.
    """
    names = [task.entity.our_name(column) for column in task.entity.columns]
    by_column: dict[str, list[str]] = {}
    others = []
    for check in failing:
        marked = list(pointed_at(check, names, values))
        for name in marked:
            by_column.setdefault(name, []).append(message_of(check, lang))
        if not marked:
            others.append(message_of(check, lang))
    return by_column, others


def changes_of(task: OpenTask, entered: Mapping[str, str], lang: str, zone: ZoneInfo) -> dict[str, str | None]:
    """What the person changed, by our name of the column; only what the page lets them change."""
    return {
        field.name: field.entered.strip() or None
        for field in fields_of(task, lang, zone, entered)
        if field.is_editable and field.entered.strip() != entered_at_first(task, field.name).strip()
    }


def _marked(task: OpenTask, names: Sequence[str]) -> set[str]:
    checks = (task.checks.get(reason.rule_id) for reason in task.reasons)
    return {name for check in checks if check for name in pointed_at(check, names, task.seen.values)}


def _standard(task: OpenTask, name: str, received: str | None, lang: str, zone: ZoneInfo) -> str | None:
    """The value that counts, where it reads differently from what was received."""
    if received is None or _is_unread(task, name):
        return None
    value = task.seen.values.get(name)
    if value is None:
        return _("nothing", lang)
    text = readable(value, zone) or ""
    return None if text == received.strip() else visible(text, lang=lang)


def _is_unread(task: OpenTask, name: str) -> bool:
    values = task.seen.values
    is_no_value = values.get(name) is None and values.get(f"{name}_outcome") in ("invalid", "review")
    return is_no_value or name in (values.get("invalid_columns") or ())
