"""The rules that rows and texts are judged by, with what they find now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection

from cockpit.i18n import language
from cockpit.quality.verdicts import OF_ROWS
from cockpit.rulebook.contract import Check
from cockpit.rulebook.quality import COLUMN, PlacedRule
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit_airflow.views.database import select
from cockpit_airflow.views.desk import texts
from cockpit_airflow.views.desk.queue import SQL
from cockpit_airflow.views.desk.reviews import place


@dataclass
class Judged:
    """One table that a rule judges.

    Attributes:
        held, warned: Rows that it holds back, or warns about, now.
    """

    model: Model
    check: Check
    held: int = 0
    warned: int = 0

    @property
    def place(self) -> str:
        """`source.entity`."""
        return place(self.model)

    @property
    def owner(self) -> str | None:
        """Who answers for its rows; None when each row names somebody."""
        return None if self.check.owner_column else self.model.contract.owner


@dataclass
class ListedRule:
    """A rule as the catalogue lists it.

    Attributes:
        placed: The rule of the business; None for a check of a table's own contract.
        tables: What it judges.
    """

    rule_id: str
    subject: str
    placed: PlacedRule | None
    tables: list[Judged] = field(default_factory=list)

    @property
    def check(self) -> Check:
        """The check of its first table."""
        return self.tables[0].check

    @property
    def title(self) -> str:
        """What it says, in the language of the platform."""
        return self._message(language())

    @property
    def other_title(self) -> str:
        """What it says in the other language."""
        return self._message("en" if language() == "zh" else "zh")

    @property
    def held(self) -> int:
        """Rows that it holds back now."""
        return sum(one.held for one in self.tables)

    @property
    def warned(self) -> int:
        """Rows that it warns about now."""
        return sum(one.warned for one in self.tables)

    @property
    def owners(self) -> list[str | None]:
        """Who answers for its rows; None where each row names somebody."""
        return sorted({one.owner for one in self.tables}, key=lambda name: name or "")

    def _message(self, lang: str) -> str:
        found = self.placed.rule if self.placed else self.check
        text = (found.message_zh if lang == "zh" else found.message) or self.rule_id
        if self.placed and self.placed.rule.columns:
            text = text.replace(COLUMN, texts.kinds(lang)[self.placed.rule.columns.standard])
        return text


def list_rules(context: BuildContext, connection: PgConnection) -> list[ListedRule]:
    """Every rule about single rows of sources, those of the business first, in the order of their files."""
    counts = _counts(connection)
    listed: dict[str, ListedRule] = {}
    for model, check in _checks(context):
        placed = context.workspace.quality.of_id(check.rule_id)
        # Checks of different tables that have one name are one rule only where one file says so.
        key = placed.rule.id if placed else f"{place(model)}.{check.rule_id}"
        rule = listed.setdefault(key, ListedRule(key, placed.subject if placed else place(model), placed))
        held, warned = counts.get((place(model), check.rule_id), (0, 0))
        rule.tables.append(Judged(model, check, held, warned))
    order = {placed.rule.id: number for number, placed in enumerate(context.workspace.quality.rules)}
    return sorted(listed.values(), key=lambda rule: (rule.placed is None, order.get(rule.rule_id, 0), rule.rule_id))


def find_rule(context: BuildContext, connection: PgConnection, rule_id: str) -> ListedRule | None:
    """One rule by the name that the catalogue or an entry of the quarantine gives it."""
    placed = context.workspace.quality.of_id(rule_id)
    wanted = placed.rule.id if placed else rule_id
    rules = list_rules(context, connection)
    found = next((rule for rule in rules if rule.rule_id == wanted), None)
    return found or next((rule for rule in rules if rule.check.rule_id == wanted), None)


def place_in_file(context: BuildContext, placed: PlacedRule) -> str:
    """`rules/quality/orders.yml:12`: no path of the machine."""
    folder: Path = context.workspace.folder
    file = placed.file.relative_to(folder) if placed.file.is_relative_to(folder) else Path(placed.file.name)
    return f"{file}:{placed.line}"


def _checks(context: BuildContext) -> Iterator[tuple[Model, Check]]:
    for model in context.graph.layer("staging"):
        if model.is_source:
            for check in model.contract.checks:
                if check.on_fail in ("quarantine", "warn") and check.expect in OF_ROWS:
                    yield model, check


def _counts(connection: PgConnection) -> dict[tuple[str, str], tuple[int, int]]:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    try:
        rows = select(connection, SQL / "rule_counts.sql")
    except UndefinedTable:
        connection.rollback()
        return counts
    for row in rows:
        key = (f"{row['source']}.{row['entity']}", row["rule_id"])
        held, warned = counts.get(key, (0, 0))
        counts[key] = (held + row["held"], warned + row["warned"])
    return counts
