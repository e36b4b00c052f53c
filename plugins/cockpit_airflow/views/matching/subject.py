"""What every page about matches needs: the entity, its rules and contracts, and who may see what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import HTTPException, Request, status
from fastapi.responses import HTMLResponse
from psycopg2.extensions import connection as PgConnection

from cockpit.domain.masking import mask
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm import decisions, words
from cockpit.mdm.applied import count_waiting
from cockpit.mdm.clusters import MatchingRules
from cockpit.mdm.compared import ComparedFields
from cockpit.mdm.decisions import Listed
from cockpit.mdm.record_view import parted, personal_columns
from cockpit.quality.shown import readable, visible
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.review import Review, load_review, reviewed_entities
from cockpit.rulebook.survivorship import Survivorship, load_survivorship
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views import page
from cockpit_airflow.views.access import may_change
from cockpit_airflow.views.database import Row, select
from cockpit_airflow.views.desk import texts as desk_texts
from cockpit_airflow.views.desk.context import desk_context
from cockpit_airflow.views.desk.desk_page import desk_values
from cockpit_airflow.views.desk.queue_page import title_of
from cockpit_airflow.views.matching import texts

PLACE = "mdm.pair"
_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Standing:
    """What every page about matches says beside its own.

    Attributes:
        conflicts: How many contradictions between decisions wait for a person.
        waiting: How many decisions wait for a run.
        last: What the person decided last at the desk and may want to take back; None without one.
    """

    conflicts: int = 0
    waiting: int = 0
    last: Row | None = None


@dataclass(frozen=True)
class Subject:
    """One entity, as one person may see it.

    Attributes:
        staged, golden: Contracts of its conformed table and of its golden records.
        sees_all: Whether the person decides, and so sees values about persons.
        rules: Of its matching.
        fields: What they compare.
    """

    context: BuildContext
    rule: Survivorship
    review: Review
    staged: Contract
    golden: Contract
    sees_all: bool
    rules: MatchingRules
    fields: ComparedFields

    @property
    def name(self) -> str:
        """Such as customer."""
        return self.rule.entity

    def shown(self, column: str, value: object, longest: int = 300) -> str | None:
        """A value as the person may see it; None for none.

        Args:
            column: Of the conformed table, or a compared field; a value of an unknown one may be about anybody.
            value: As the database gives it.
            longest: Characters, more are cut.
        """
        text = readable(value, self.context.workspace.zone)
        if text is None:
            return None
        return visible((mask(text) or "") if self.is_hidden(column) else text, longest)

    def is_hidden(self, column: str) -> bool:
        """Whether values of a column are masked for the person."""
        return not self.sees_all and self.fields.is_personal(column)

    def source_title(self, record_id: str) -> str:
        """What the source of a record is called."""
        return title_of(self.context, parted(record_id)[0])

    def label(self, column: str) -> str:
        """What a column of the conformed table, or a compared field, is called."""
        return words.compared(column, self.fields)


def subject_of(entity: str, user: BaseUser) -> Subject:
    """The entity that a page is about; the first one when none is named.

    Raises:
        HTTPException: 404 for one that is not there.
        RuleFileError: a rule file is wrong.
    """
    context = desk_context()
    folder = context.workspace.models_folder
    entities = reviewed_entities(folder)
    chosen = entity or ("customer" if "customer" in entities else next(iter(entities), ""))
    if chosen not in entities:
        raise HTTPException(status.HTTP_404_NOT_FOUND, _("there is no such entity with golden records"))
    rule = load_survivorship(folder, chosen)
    staged = context.graph[f"stg_{chosen}"].contract
    sees_all = may_change(user)
    rules = MatchingRules.of(folder, chosen)
    return Subject(
        context=context,
        rule=rule,
        review=load_review(folder, chosen),
        staged=staged,
        golden=context.graph[rule.table].contract,
        sees_all=sees_all,
        rules=rules,
        fields=ComparedFields.of(rules, staged, personal_columns(context.workspace, staged, chosen)),
    )


def render_matching(
    request: Request, template: str, user: BaseUser, subject: Subject, *, status_code: int = 200, **values: Any
) -> HTMLResponse:
    """A page about matches with the texts and the token that its forms need."""
    folder = subject.context.workspace.models_folder
    return page.render(
        request,
        f"matching/{template}",
        area="desk",
        current_page="matches",
        status_code=status_code,
        **desk_values(user),
        match=texts.matching_texts(),
        kinds=words.kinds(),
        decision_states=words.states(),
        done=texts.done().get(request.query_params.get("done", "")),
        entity=subject.name,
        entities={name: texts.entity_titles().get(name, name) for name in reviewed_entities(folder)},
        currency=subject.context.workspace.settings.currency,
        may_change=subject.sees_all,
        **values,
    )


def is_matched(connection: PgConnection) -> bool:
    """Whether matching has its tables; a workspace gets them with its first preparation."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('mdm.membership') is not null")
        found = cursor.fetchone()
    connection.rollback()
    return bool(found and found[0])


def standing(connection: PgConnection, subject: Subject, user: BaseUser) -> Standing:
    """How decisions about an entity stand; `is_matched`."""
    contradictions = decisions.conflicts(connection, subject.name)
    with connection.cursor() as cursor:
        waiting = count_waiting(cursor, subject.name)
    last: list[Row] = []
    if subject.sees_all:
        person = {"entity": subject.name, "person": str(user.get_name())}
        last = select(connection, _SQL / "last_decision.sql", person)
    connection.rollback()
    return Standing(len(contradictions), waiting, last[0] if last else None)


def number_of(text: str) -> int:
    """The number of a decision that a form names; 0, which none has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def decision_lines(subject: Subject, listed: Iterable[Listed]) -> list[dict[str, Any]]:
    """Decisions as pages show them: values about persons only for people who may decide."""
    lines = []
    for each in listed:
        made = each.decision
        column = subject.rule.fields[made.field].column if made.field in subject.rule.fields else ""
        lines.append(
            {
                "number": made.decision_id,
                "kind": made.kind,
                "state": each.state,
                "left_id": made.left_id or "",
                "right_id": made.right_id or "",
                "left": visible(made.left_id or "", 80),
                "right": visible(made.right_id, 80) if made.right_id else None,
                "taken_out": [visible(record, 80) for record in made.left_records] if made.kind == "split" else [],
                "field": words.label(made.field, subject.golden) if made.field else None,
                "value": subject.shown(column, made.value) if made.field else None,
                "relation": words.relation(made.value) if made.kind == "parent" else None,
                "applied_at": each.applied_at,
                "together": each.together,
                "author": made.author,
                "through": desk_texts.ways().get(made.through, made.through),
                "reason": visible(made.reason, 1000),
                "made_at": made.made_at,
            }
        )
    return lines


def require(found: Mapping[str, tuple[str, ...]], *names: str) -> None:
    """Refuse a form that lacks a field that every form of ours has.

    Raises:
        HTTPException: 400.
    """
    if any(not found.get(name, ("",))[-1] for name in names):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))


def not_found(error: TerminalError) -> HTTPException:
    """The answer for an id that nobody knows."""
    return HTTPException(status.HTTP_404_NOT_FOUND, str(error))
