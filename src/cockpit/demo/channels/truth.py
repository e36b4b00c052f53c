"""What is true about the channels: wrong rows, broken lines, special files, visits and totals.

A system is named as its source file, an entity as there, a key as raw has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.bulk_copy import CopyColumn, copy_frame, day, text, whole

SCHEMA = "truth"

_SYSTEM = (CopyColumn("system", text), CopyColumn("entity", text))

# Every system that is told here; a fill replaces what truth says about them.
SYSTEMS = (
    "call_centre", "web_log", "crm_use", "distributors", "bank", "trade_fair", "legacy_crm", "manual", "web_forms",
)  # fmt: skip

# The columns that this package writes into the tables of all systems, and its own tables (truth_schema.sql).
CLUSTER = (*_SYSTEM, CopyColumn("key", text), CopyColumn("true_customer_id", whole))
PERSON = (*_SYSTEM, CopyColumn("key", text), CopyColumn("true_contact_id", whole))
MARKED = (CopyColumn("system", text), CopyColumn("kind", text), CopyColumn("entity", text), CopyColumn("key", text))
TABLES: dict[str, tuple[CopyColumn, ...]] = {
    "broken_line": (*_SYSTEM, CopyColumn("file", text), CopyColumn("line_number", whole), CopyColumn("kind", text)),
    "special_file": (*_SYSTEM, CopyColumn("file", text), CopyColumn("kind", text)),
    "web_session": (
        *_SYSTEM,
        CopyColumn("business_date", day),
        CopyColumn("sessions", whole),
        CopyColumn("page_views", whole),
        CopyColumn("visitors", whole),
        CopyColumn("dwell_seconds", whole),
    ),
    "bank_receipt": (
        CopyColumn("serial", text),
        CopyColumn("receipt_number", text),
        CopyColumn("customer_id", whole),
        CopyColumn("is_third_party", whole),
    ),
    "channel_figure": (*_SYSTEM, CopyColumn("figure", text), CopyColumn("value", whole)),
}


@dataclass
class ChannelTruth:
    """Collects what is planted while files are written; memory grows with the planted rows only.

    Attributes:
        files: Written files per `system.entity`.
    """

    anomalies: list[tuple[str, str, str, str]] = field(default_factory=list)
    boundary_cases: list[tuple[str, str, str, str]] = field(default_factory=list)
    broken_lines: list[tuple[str, str, str, int, str]] = field(default_factory=list)
    special_files: list[tuple[str, str, str, str]] = field(default_factory=list)
    clusters: list[tuple[str, str, str, int]] = field(default_factory=list)
    persons: list[tuple[str, str, str, int]] = field(default_factory=list)
    claims: list[pd.DataFrame] = field(default_factory=list)
    sessions: list[pd.DataFrame] = field(default_factory=list)
    figures: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def wrong(self, system: str, entity: str, kind: str, keys: Iterable[str]) -> None:
        """Rows that a quality rule should find."""
        self.anomalies += [(system, kind, entity, key) for key in keys]

    def boundary(self, system: str, entity: str, kind: str, keys: Iterable[str]) -> None:
        """Rows that look wrong and are right."""
        self.boundary_cases += [(system, kind, entity, key) for key in keys]

    def broken(self, system: str, entity: str, file: str, numbers: Iterable[int], kind: str) -> None:
        """Lines that cannot be parsed, by physical line number from 1."""
        self.broken_lines += [(system, entity, file, number, kind) for number in numbers]

    def special(self, system: str, entity: str, file: str, kind: str) -> None:
        """A file that came late, twice, or was corrected."""
        self.special_files.append((system, entity, file, kind))

    def cluster(self, system: str, entity: str, keys: Sequence[str], customer_ids: Sequence[int]) -> None:
        """Which true customer each record is of; below 0 for none."""
        self.clusters += [
            (system, entity, key, customer_id)
            for key, customer_id in zip(keys, customer_ids, strict=True)
            if customer_id >= 0
        ]

    def person(self, system: str, entity: str, keys: Sequence[str], contact_ids: Sequence[int]) -> None:
        """Which true person each record is of; below 0 for none."""
        self.persons += [
            (system, entity, key, contact_id)
            for key, contact_id in zip(keys, contact_ids, strict=True)
            if contact_id >= 0
        ]

    def count(self, system: str, entity: str, **figures: int) -> None:
        """Add to totals."""
        for figure, value in figures.items():
            self.figures[system, entity, figure] += value

    def frames(self) -> dict[str, pd.DataFrame]:
        """Content of each of `TABLES`."""
        sessions = (
            pd.concat(self.sessions, ignore_index=True)
            if self.sessions
            else pd.DataFrame(columns=[column.name for column in TABLES["web_session"]])
        )
        figures = [(*names, value) for names, value in sorted(self.figures.items())]
        claims = (
            pd.concat(self.claims, ignore_index=True)
            if self.claims
            else pd.DataFrame(columns=[column.name for column in TABLES["bank_receipt"]])
        )
        return {
            "bank_receipt": claims,
            "broken_line": _frame("broken_line", self.broken_lines),
            "special_file": _frame("special_file", self.special_files),
            "web_session": sessions,
            "channel_figure": _frame("channel_figure", figures),
        }


def write_truth(cursor: PgCursor, truth: ChannelTruth, offset: str) -> None:
    """Put what was collected into schema truth; figures add to those that are there.

    Args:
        cursor: Owner of schema truth; tables are there, see `prepare_truth`.
        offset: The zone's offset, `+08:00`.
    """
    for table, rows in (("anomaly", truth.anomalies), ("boundary_case", truth.boundary_cases)):
        frame = pd.DataFrame(rows, columns=["system", "kind", "entity", "key"])
        copy_frame(cursor, sql.Identifier(SCHEMA, table), MARKED, frame, offset)
    for table, columns, known in (("cluster", CLUSTER, truth.clusters), ("person", PERSON, truth.persons)):
        frame = pd.DataFrame(known, columns=[column.name for column in columns])
        copy_frame(cursor, sql.Identifier(SCHEMA, table), columns, frame, offset)
    for table, frame in truth.frames().items():
        if table == "channel_figure":
            _add_figures(cursor, truth)
        else:
            copy_frame(cursor, sql.Identifier(SCHEMA, table), TABLES[table], frame, offset)


def forget_truth(cursor: PgCursor) -> None:
    """Remove what truth says about the systems of the channels, before they are filled anew."""
    prepare_truth(cursor)
    names = sql.SQL(", ").join(sql.Identifier(SCHEMA, table) for table in TABLES)
    cursor.execute(sql.SQL("truncate {}").format(names))
    for table in ("anomaly", "boundary_case", "cluster", "person"):
        target = sql.Identifier(SCHEMA, table)
        cursor.execute(sql.SQL("delete from {} where system = any(%s)").format(target), (list(SYSTEMS),))


def write_form_truth(cursor: PgCursor, truth: ChannelTruth) -> None:
    """Put what was posted into schema truth; what is there already stays, because posts may be repeated."""
    for system, kind, entity, key in truth.anomalies:
        cursor.execute(_statement("add_anomaly"), {"system": system, "kind": kind, "entity": entity, "key": key})
    _add_figures(cursor, truth)


def prepare_truth(cursor: PgCursor) -> None:
    """Create the tables of the channels where they are missing."""
    cursor.execute(_statement("truth_schema"))


def _add_figures(cursor: PgCursor, truth: ChannelTruth) -> None:
    for (system, entity, figure), value in sorted(truth.figures.items()):
        row = {"system": system, "entity": entity, "figure": figure, "value": value}
        cursor.execute(_statement("add_figure"), row)


def _frame(table: str, rows: Sequence[tuple[str | int, ...]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=[column.name for column in TABLES[table]])


def _statement(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
