"""The columns of one row as a person reads them: delivered, corrected, as they count, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cockpit.domain.masking import mask
from cockpit.quality.answers import LONGEST_VALUE, correctable_columns
from cockpit.quality.shown import UNSEEN, label_of, line_ends, message_of, pointed_at, readable, visible
from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import Entity

_LONGEST_IN_QUEUE = 60


@dataclass(frozen=True)
class Field:
    """One column of a row on the page.

    Attributes:
        name: Ours.
        delivered: As the source delivered it; None for nothing.
        corrected: What a correction in force says instead; None without one, empty for "nothing".
        counts: The value in staging; None for none.
        outcome, reason: What standardising found; empty where the column is not standardised.
        entered: What stands in the input.
        faults: What is wrong with what was entered.
        choices: What may be entered; anything when empty.
    """

    name: str
    label: str
    unit: str
    delivered: str | None
    corrected: str | None
    counts: str | None
    outcome: str
    reason: str
    entered: str
    is_editable: bool
    is_marked: bool
    is_masked: bool
    is_long: bool
    faults: tuple[str, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True)
class RowOnPage:
    """What is known about a row.

    Attributes:
        payload: What its source delivered, by the source's names.
        patch: Corrections in force, by the source's names.
        values: Its columns in staging.
        failing: Checks that hold it back.
    """

    entity: Entity
    payload: Mapping[str, object]
    patch: Mapping[str, object]
    values: Mapping[str, object]
    failing: tuple[Check, ...]


def fields_of(
    row: RowOnPage,
    zone: ZoneInfo,
    *,
    sees_personal: bool,
    entered: Mapping[str, str] | None = None,
    faults: Iterable[Check] = (),
) -> list[Field]:
    """All columns of a row, those that a rule points at first.

    Args:
        row: The row.
        zone: Of times.
        sees_personal: Whether values about persons are shown as they are.
        entered: What the person typed, by our name; what counts when None.
        faults: Checks that it does not pass.
    """
    names = [row.entity.our_name(column) for column in row.entity.columns]
    marked = {name for check in row.failing for name in pointed_at(check, names, row.values)}
    wrong: dict[str, list[str]] = {}
    for check in faults:
        for name in pointed_at(check, names, row.values):
            wrong.setdefault(name, []).append(message_of(check))
    correctable = correctable_columns(row.entity)
    fields = []
    for received_name, column in row.entity.columns.items():
        name = row.entity.our_name(received_name)
        delivered = delivered_text(row.entity, received_name, row.payload)
        is_corrected, corrected = _corrected(row.entity, received_name, row.patch)
        start = _first_entry(corrected if is_corrected else delivered)
        value = readable(row.values.get(name), zone)
        is_masked = column.sensitivity == "personal" and not sees_personal
        shown = mask if is_masked else _same
        fields.append(
            Field(
                name=name,
                label=label_of(column, name),
                unit=column.unit or "",
                delivered=_visible_or_none(shown(delivered)),
                corrected=(visible(shown(corrected) or "") if is_corrected else None),
                counts=_visible_or_none(shown(value)),
                outcome=str(row.values.get(f"{name}_outcome") or ""),
                reason=str(row.values.get(f"{name}_reason") or ""),
                entered=(entered or {}).get(name, start) if sees_personal else "",
                is_editable=sees_personal and name in correctable,
                is_marked=name in marked or name in wrong,
                is_masked=is_masked,
                is_long=len(start) > 60 or "\n" in start,
                faults=tuple(wrong.get(name, ())),
                choices=column.values,
            )
        )
    return sorted(fields, key=lambda field: not field.is_marked)


def changes_of(row: RowOnPage, entered: Mapping[str, str]) -> dict[str, str | None]:
    """What a person changed, by our name of the column.

    A field that the form did not carry, and one that looks as it did, is not changed.
    """
    changes: dict[str, str | None] = {}
    for name, received_name in correctable_columns(row.entity).items():
        delivered = delivered_text(row.entity, received_name, row.payload)
        is_corrected, corrected = _corrected(row.entity, received_name, row.patch)
        start = _first_entry(corrected if is_corrected else delivered)
        if name in entered and entered[name].strip() != start.strip():
            changes[name] = entered[name].strip() or None
    return changes


def wrong_values(entity: Entity, payload: Mapping[str, object], checks: Iterable[Check]) -> list[tuple[str, str]]:
    """Label and delivered text of the columns that rules point at, for a line of the queue: short, persons masked."""
    names = [entity.our_name(column) for column in entity.columns]
    marked = list(dict.fromkeys(name for check in checks for name in pointed_at(check, names, {})))
    of_name = {entity.our_name(received): received for received in entity.columns}
    values = []
    for name in marked:
        column = entity.columns[of_name[name]]
        text = delivered_text(entity, of_name[name], payload)
        if text is not None and column.sensitivity == "personal":
            text = mask(text)
        shown = "–" if text is None else visible(text, _LONGEST_IN_QUEUE)
        values.append((label_of(column, name), shown))
    return values


def delivered_text(entity: Entity, column: str, payload: Mapping[str, object]) -> str | None:
    """A column's text as its source delivered it, under its own name or another that it may have."""
    names = (column, *entity.columns[column].synonyms)
    return next((text for one in names if (text := _text(payload.get(one))) is not None), None)


def _same(text: str | None) -> str | None:
    return text


def _visible_or_none(text: str | None) -> str | None:
    return None if text is None else visible(text)


def _corrected(entity: Entity, column: str, patch: Mapping[str, object]) -> tuple[bool, str | None]:
    """Whether a correction of the column is in force, and its text."""
    for name in (column, *entity.columns[column].synonyms):
        if name in patch:
            return True, _text(patch[name])
    return False, None


def _first_entry(text: str | None) -> str:
    """What an input holds before anybody types; nothing where the value is too long to be typed."""
    if text is None or len(text) > LONGEST_VALUE or UNSEEN.search(text):
        return ""
    return line_ends(text)


def _text(value: object) -> str | None:
    """A value of JSON as text; None for an empty one."""
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return json.dumps(value, ensure_ascii=False)
