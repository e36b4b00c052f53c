"""Values of rows that somebody is asked about, as they count in staging."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.errors import UndefinedColumn, UndefinedTable

from cockpit.domain.masking import mask
from cockpit.i18n import language
from cockpit.quality.shown import visible
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.database import connected

_LONGEST = 300


@dataclass(frozen=True)
class ShownValue:
    """One column of a row.

    Attributes:
        text: Empty when the row has none; masked for people who may not answer.
    """

    name: str
    label: str
    text: str


def shown_rows(
    context: BuildContext, source: str, entity: str, keys: Sequence[str], columns: Iterable[str], *, masked: bool
) -> dict[str, list[ShownValue]]:
    """The chosen columns of rows by key; a row that has left its source is missing.

    Args:
        context: Of the request.
        source, entity: Which table.
        keys: Which rows.
        columns: By our names; those that the table no longer has are left out.
        masked: Whether personal values are shown as their outline only.
    """
    model = context.graph.models.get(f"stg_{source}__{entity}")
    if model is None or not keys:
        return {}
    definition = context.workspace.source(source).entities[entity]
    personal = {
        definition.our_name(name) for name, each in definition.columns.items() if each.sensitivity == "personal"
    }
    names = [name for name in columns if name in model.contract.columns]
    standards = {column.name for column in model.standardised}
    selected = sql.SQL(", ").join(_text_of(name, standards) for name in names)
    with connected(f"staging.{model.name}") as connection, connection.cursor() as cursor:
        try:
            cursor.execute(
                sql.SQL("select source_key, {} from {} as t where source_key = any(%s)").format(
                    selected, sql.SQL(model.qualified_name)
                ),
                (list(keys),),
            )
            found = cursor.fetchall()
        except (UndefinedTable, UndefinedColumn):
            # The next run brings the table to what its file says.
            return {}
    zone = context.workspace.zone
    return {
        key: [
            ShownValue(name, _label(model, name), _shown(value, zone, is_masked=masked and name in personal))
            for name, value in zip(names, values, strict=True)
        ]
        for key, *values in found
    }


def _text_of(name: str, standards: set[str]) -> sql.Composable:
    """What was received says more than the standard form to somebody who compares with paper."""
    return sql.SQL("t.{}").format(sql.Identifier(f"{name}_received" if name in standards else name))


def _label(model: Model, name: str) -> str:
    column = model.contract.columns[name]
    return column.description_zh if language() == "zh" else column.description


def _shown(value: Any, zone: Any, *, is_masked: bool) -> str:
    if value is None:
        return ""
    text = f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
    if isinstance(value, bool):
        text = "✓" if value else "✗"
    if is_masked:
        text = mask(text) or ""
    return visible(text, _LONGEST)
