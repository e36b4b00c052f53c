"""The catalogue of rules, and what a rule would find: a text that somebody types, the rows as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, Query, Request, Response, status

from cockpit.domain.normalise.standard import Standard, to_json
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.quality.row_rules import count_failing
from cockpit.quality.shown import visible
from cockpit.rulebook.normalisation import load_rule, load_standardiser, rule_version
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.standardised import with_decisions
from cockpit_airflow.views.database import connected
from cockpit_airflow.views.desk import texts
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import render_desk
from cockpit_airflow.views.desk.forms import Form
from cockpit_airflow.views.desk.reviews import declared_by, kinds_in_use, waiting_texts
from cockpit_airflow.views.desk.rules import Judged, find_rule, list_rules, place_in_file

_PLACE = "quality.quarantine"
_MOST_KEYS = 20
_MOST_EXAMPLES = 40
_LONGEST_TRIED = 20_000

Tab: TypeAlias = Literal["business", "contracts", "texts"]
Text = Annotated[str, Query(max_length=250, pattern=r"^[^\x00]*$")]


def show_rules(request: Request, user: GetUserDep, tab: Tab = "business", text: Text = "") -> Response:
    """Rules of the business, checks of contracts, or rules by which texts are standardised."""
    context = desk_context()
    with connected(_PLACE) as connection:
        rules = list_rules(context, connection)
        kinds = _kinds(context, connection) if tab == "texts" else []
    wanted = text.strip().casefold()
    shown = [
        rule
        for rule in rules
        if (rule.placed is not None) == (tab == "business")
        and any(wanted in each.casefold() for each in (rule.rule_id, rule.title, rule.other_title))
    ]
    subjects: dict[str, list[Any]] = {}
    for rule in shown:
        subjects.setdefault(rule.subject, []).append(rule)
    business = sum(rule.placed is not None for rule in rules)
    return render_desk(
        request,
        "rules",
        user,
        tab=tab,
        searched=text,
        subjects={} if tab == "texts" else subjects,
        subject_titles=texts.subjects(),
        kinds=kinds,
        tab_counts={
            "business": business,
            "contracts": len(rules) - business,
            "texts": len(kinds_in_use(context.graph)),
        },
    )


def show_rule(request: Request, user: GetUserDep, rule_id: str, dry_run: bool = False) -> Response:
    """One rule about rows; with what it would find now in each of its tables."""
    context = desk_context()
    with connected(_PLACE) as connection:
        rule = find_rule(context, connection, rule_id) if "\x00" not in rule_id else None
        if rule is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no such rule."))
        found = {}
        if dry_run:
            connection.rollback()
            for judged in rule.tables:
                with connection, connection.cursor() as cursor:
                    rows, failing, keys = count_failing(cursor, judged.model, context, judged.check, _MOST_KEYS)
                found[judged.place, judged.check.rule_id] = {
                    "rows": rows,
                    "failing": failing,
                    "keys": [visible(key, 60) for key in keys],
                }
    return render_desk(
        request,
        "rule",
        user,
        rule=rule,
        condition=_condition(rule.tables[0], rule.placed),
        written_at=place_in_file(context, rule.placed) if rule.placed else None,
        examples=[
            {
                "row": to_text(example.row),
                "given": to_text(example.given) if example.given else "",
                "wrong": example.wrong,
            }
            for example in (rule.placed.rule.examples if rule.placed else ())
        ],
        found=found,
        is_dry_run=dry_run,
    )


def show_kind(request: Request, user: GetUserDep, kind: str) -> Response:
    """One rule by which texts are standardised, and a place to try it."""
    return _show_kind(request, user, kind)


def try_kind(request: Request, user: GetUserDep, kind: str, posted: Form) -> Response:
    """What the rule makes of a text; nothing of it is kept, also not in the address."""
    return _show_kind(request, user, kind, text=posted.one("text")[:_LONGEST_TRIED], column=posted.one("column"))


def to_text(value: Any) -> str:
    """Values of an example on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {to_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(f"{{{to_text(part)}}}" for part in value)
    return "null" if value is None else str(value)


def _show_kind(request: Request, user: BaseUser, kind: str, text: str | None = None, column: str = "") -> Response:
    context = desk_context()
    folder = context.workspace.normalisation_folder
    if folder is None or kind not in texts.kinds():
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("There is no such rule."))
    rule = load_rule(folder, kind)
    declared = declared_by(context.graph, kind)
    result: Standard | None = None
    problem: TerminalError | None = None
    if text is not None:
        try:
            standardiser = load_standardiser(folder, kind, declared.get(column))
            with connected("quality.decision") as connection, connection.cursor() as cursor:
                result = with_decisions(cursor, standardiser, kind).standardise(text)
        except TerminalError as error:
            problem = error
    examples = [
        {
            "text": visible(example.text, 120),
            "value": "–" if example.out is None else visible(str(example.out), 120),
            "outcome": example.outcome,
            "reason": example.reason or "",
        }
        for example in rule.examples[:_MOST_EXAMPLES]
    ]
    return render_desk(
        request,
        "kind",
        user,
        kind=kind,
        title=texts.kinds()[kind],
        version=rule_version(folder, kind),
        file=f"{folder.name}/{kind.replace('-', '_')}.yml",
        columns=[
            f"{model.name.removeprefix('stg_').replace('__', '.', 1)}.{name}"
            for model, name in kinds_in_use(context.graph).get(kind, [])
        ],
        declared={name: to_text(said) for name, said in declared.items()},
        column=column,
        tried=text or "",
        result=result and _result(result),
        problem=str(problem) if problem else None,
        examples=examples,
        example_count=len(rule.examples),
    )


def _result(result: Standard) -> dict[str, Any]:
    return {
        "value": None if result.value is None else visible(_plain(result.value)),
        "outcome": result.outcome,
        "reason": result.reason,
        "confidence": f"{result.confidence:.2f}",
        "details": [
            (name, visible(_plain(part))) for name, part in result.details.items() if part not in (None, "", [])
        ],
    }


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _condition(judged: Judged, placed: Any) -> str:
    """When a row is wrong, as the rule says it."""
    if placed is not None:
        return str(placed.rule.wrong_when).strip()
    said = judged.check.model_dump(
        include={"expect", "column", "columns", "min", "max", "values", "pattern", "condition", "refers_to"},
        exclude_none=True,
        exclude_defaults=True,
    )
    return to_text(said)


def _kinds(context: BuildContext, connection: Any) -> list[dict[str, Any]]:
    folder = context.workspace.normalisation_folder
    if folder is None:
        return []
    lines = []
    for kind, columns in sorted(kinds_in_use(context.graph).items()):
        waiting = waiting_texts(connection, context.graph, kind)
        lines.append(
            {
                "kind": kind,
                "title": texts.kinds().get(kind, kind),
                "version": rule_version(folder, kind),
                "columns": len(columns),
                "texts": len(waiting.rows),
                "rows": waiting.row_count,
            }
        )
    return lines
