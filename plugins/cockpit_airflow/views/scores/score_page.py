"""Scores: the company, then a source, a table with its columns, an owner."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse

from cockpit.i18n import _, language
from cockpit.rulebook.contract import Column
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.scores.area_page import render_quality
from cockpit_airflow.views.scores.reading import Line, Reading, read, read_scores

# So many owners stand on the first page, those with the lowest scores.
_FEW_OWNERS = 10

Text = Annotated[str, Query(max_length=250, pattern=r"^[^\x00]*$")]


def show_company(request: Request, user: GetUserDep) -> HTMLResponse:
    """The overall score, its dimensions, each source, and the owners who need help most."""
    context = desk_context()
    company = read_scores("company")
    owners = _of_people(read_scores("owner", entity=""))
    return render_quality(
        request,
        "overview",
        user,
        context,
        day=company.day,
        company=company.lines[0] if company.lines else None,
        sources=_worst_first(read_scores("source")),
        owners=owners[:_FEW_OWNERS],
        owner_count=len(owners),
        held=[{**row, "title": _subject(context, row["subject"])} for row in read("held_amounts")],
    )


def show_source(request: Request, user: GetUserDep, source: str) -> HTMLResponse:
    """The tables of a source."""
    context = desk_context()
    own = _one(read_scores("source", source=_safe(source)))
    entities = read_scores("entity", source=source)
    return render_quality(
        request, "source", user, context, day=entities.day, own=own, source=source, entities=_worst_first(entities)
    )


def show_entity(request: Request, user: GetUserDep, source: str, entity: str) -> HTMLResponse:
    """The columns of a table, and how its rows stand by owner."""
    context = desk_context()
    own = _one(read_scores("entity", source=_safe(source), entity=_safe(entity)))
    columns = read_scores("column", source=source, entity=entity)
    owners = _of_people(read_scores("owner", source=source, entity=entity))
    model = context.graph.models.get(f"stg_{source}__{entity}")
    return render_quality(
        request,
        "entity",
        user,
        context,
        day=columns.day,
        own=own,
        source=source,
        entity=entity,
        columns=_worst_first(columns),
        titles={name: _title(column) for name, column in (model.contract.columns if model else {}).items()},
        owners=owners,
    )


def show_owners(request: Request, user: GetUserDep, text: Text = "") -> HTMLResponse:
    """All owners, the lowest score first."""
    found = read_scores("owner", entity="")
    wanted = text.strip().casefold()
    owners = [line for line in _of_people(found) if wanted in line.owner.casefold()]
    return render_quality(request, "owners", user, desk_context(), day=found.day, owners=owners, searched=text)


def show_owner(request: Request, user: GetUserDep, owner: str) -> HTMLResponse:
    """The tables in which somebody answers for rows."""
    found = read_scores("owner", owner=_safe(owner))
    own = next((line for line in found.lines if not line.entity), None)
    if own is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no score of this."))
    tables = [line for line in _worst_first(found) if line.entity]
    return render_quality(request, "owner", user, desk_context(), day=found.day, own=own, owner=owner, tables=tables)


def _safe(text: str) -> str:
    if "\x00" in text:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no score of this."))
    return text


def _one(found: Reading) -> Line:
    if not found.lines:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no score of this."))
    return found.lines[0]


def _worst_first(found: Reading) -> list[Line]:
    return sorted(found.lines, key=lambda line: (line.overall.score if line.overall else 2, line.source, line.entity))


def _of_people(found: Reading) -> list[Line]:
    return [line for line in _worst_first(found) if line.owner]


def _title(column: Column) -> str:
    return column.description_zh if language() == "zh" else column.description


def _subject(context: BuildContext, name: str) -> str:
    scores = context.workspace.scores
    subject = scores.held.subjects.get(name) if scores and scores.held else None
    if subject is None:
        return name
    return subject.title_zh if language() == "zh" else subject.title
