"""The page of the queue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from cockpit.i18n import language
from cockpit.quality.shown import message_of, visible
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import Row, connected
from cockpit_airflow.views.desk import fields
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import render_desk
from cockpit_airflow.views.desk.queue import (
    AGES,
    MOST_AT_ONCE,
    OPEN_STATES,
    PLACE,
    SORTS,
    STATES,
    TaskFilter,
    raw_rows,
    read_queue,
)
from cockpit_airflow.views.page import query
from cockpit_airflow.views.parameters import Number, Text

# So many rules can be chosen from; the rarer ones are reached from the page of rules.
_MOST_CHOICES = 300
_VALUES_PER_LINE = 3

State = Annotated[str, Query(pattern=f"^({'|'.join(STATES)})?$")]
Sort = Annotated[str, Query(pattern=f"^({'|'.join(SORTS)})?$")]
Days = Annotated[str, Query(pattern=f"^({'|'.join(map(str, AGES))})?$")]


def show_queue(
    request: Request,
    user: GetUserDep,
    state: State = "",
    source: Text = "",
    entity: Text = "",
    rule: Text = "",
    owner: Text = "",
    days: Days = "",
    text: Text = "",
    sort: Sort = "",
    after: Number = "",
) -> HTMLResponse:
    """Tasks that fit what the person asked for, one page of them."""
    wanted = filter_of(
        {"state": state, "source": source, "entity": entity, "rule": rule, "owner": owner, "days": days, "text": text}
    )
    order = sort or "newest"
    page = read_queue(wanted, order, int(after) if after else None)
    context = desk_context()
    titles = rule_titles(context)
    entities = [choice for choice in page.choices if choice["kind"] == "entity"]
    return render_desk(
        request,
        "queue",
        user,
        wanted=wanted,
        sort=order,
        sorts=list(SORTS),
        lines=lines_of(context, page.rows),
        counts=page.counts,
        open_states=OPEN_STATES,
        closed_states=[name for name in STATES if name not in OPEN_STATES],
        addresses={name: query(request, state=name, after=None) for name in STATES},
        sources=sorted({choice["source"] for choice in entities}),
        entities=sorted({choice["name"] for choice in entities if source in ("", choice["source"])}),
        owners=_choices(page.choices, "owner"),
        rules=[(name, titles.get(name, name), count) for name, count in _choices(page.choices, "rule")],
        ages=AGES,
        most=MOST_AT_ONCE,
        total=page.counts.get(wanted.state),
        may_change=may_change(user),
        following=query(request, after=page.rows[-1]["task_id"]) if page.has_more else None,
        first=query(request, after=None) if after else None,
    )


def filter_of(values: dict[str, str]) -> TaskFilter:
    """A filter from the texts of an address or form; an empty one narrows nothing."""
    days = values.get("days", "")
    return TaskFilter(
        state=values.get("state") or "open",
        source=values.get("source") or None,
        entity=values.get("entity") or None,
        rule=values.get("rule") or None,
        owner=values.get("owner") or None,
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else None,
        text=values.get("text", "").strip() or None,
    )


def lines_of(context: BuildContext, rows: list[Row]) -> list[dict[str, Any]]:
    """The rows of tasks with titles, reasons and the values that are wrong."""
    with connected(PLACE) as connection:
        delivered = raw_rows(connection, context.graph, rows)
    lines = []
    for row in rows:
        source = context.workspace.sources.get(row["source"])
        entity = source.entities.get(row["entity"]) if source else None
        model = context.graph.models.get(f"stg_{row['source']}__{row['entity']}")
        checks = {check.rule_id: check for check in model.contract.checks} if model else {}
        failing = [checks[rule] for rule in row["rule_ids"] if rule in checks]
        held = delivered.get((row["source"], row["entity"], row["key"]))
        lines.append(
            {
                **row,
                "source_title": title_of(context, row["source"]),
                "shown_key": visible(row["key"], 60),
                "shown_messages": row["messages_zh"] if language() == "zh" else row["messages"],
                "is_money": any(check.concerns_money for check in failing),
                "version": held["version"] if held else "",
                "values": fields.wrong_values(entity, held["payload"], failing)[:_VALUES_PER_LINE]
                if entity and held
                else [],
            }
        )
    return lines


def title_of(context: BuildContext, source: str) -> str:
    """A source's title in the language of the platform; its name when its file is gone."""
    found = context.workspace.sources.get(source)
    if found is None:
        return source
    return found.title_zh if language() == "zh" else found.title


def rule_titles(context: BuildContext) -> dict[str, str]:
    """What each rule about rows of sources says, by its name, in the language of the platform."""
    return {
        check.rule_id: message_of(check) for model in context.graph.layer("staging") for check in model.contract.checks
    }


def _choices(rows: Iterable[Row], kind: str) -> list[tuple[str, int]]:
    return [(row["name"], row["tasks"]) for row in rows if row["kind"] == kind][:_MOST_CHOICES]
