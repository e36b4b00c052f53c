"""What a workspace holds and how it got there: rows per layer, ledger balance, seconds per stage, truth score."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from pydantic import BaseModel, ConfigDict, Field

from cockpit.demo.clean_rows import CleanRows
from cockpit.demo.fill import stored_generation
from cockpit.demo.key_figures import KeyFigure, compare
from cockpit.demo.profile import Scale
from cockpit.demo.score import TruthScore, score
from cockpit.pipelines.workspace import prepare_once
from cockpit.warehouse import staging
from cockpit.warehouse.connections import connect
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EntityLedger(_Part):
    """Sums of the ledger for one entity of a source; row counts."""

    source: str = Field(description="Source, as in include/rules/sources")
    entity: str = Field(description="Entity of the source")
    batches: int = Field(description="Import batches, those without rows included")
    received: int = Field(
        description="Rows that the source delivered; equals loaded + unchanged + superseded + rejected"
    )
    loaded: int = Field(
        description="Rows written to raw: new or changed; equals staged + quarantined + replaced + removed"
    )
    unchanged: int = Field(description="Rows that raw already held with the same content")
    superseded: int = Field(description="Older rows of a key that came again in the same batch")
    rejected: int = Field(description="Lines that could not be parsed; kept in ops.rejected_line")
    staged: int = Field(description="Loaded rows that now pass their checks")
    quarantined: int = Field(description="Loaded rows that are now held back, with reasons in quality.quarantine")
    replaced: int = Field(description="Loaded rows that a later batch has replaced")
    removed: int = Field(description="Loaded rows that are gone from the source since")
    deleted: int = Field(description="Rows that the entity's batches have marked as deleted; counted apart")
    is_balanced: bool = Field(description="Whether both equations hold for every batch of the entity")


class Ledger(_Part):
    """The import ledger as of now."""

    is_balanced: bool = Field(description="Whether both equations hold for every batch")
    entities: list[EntityLedger] = Field(description="One entry per entity that was ever loaded")


class Stage(_Part):
    """The last run of one stage."""

    stage: str = Field(description="load, staging, core or marts")
    seconds: float = Field(description="From the first start to the last end within the run, waits included")
    busy_seconds: float = Field(description="Sum over the steps; above `seconds` where steps ran side by side")
    steps: int = Field(description="Batches loaded or tables built")
    rows_changed: int = Field(description="Rows that differ from before the run")
    finished_at: datetime = Field(description="When the last step ended")


class Report(_Part):
    """What `./cockpit report --json` prints."""

    workspace: str = Field(description="Name of the workspace")
    rows: dict[str, dict[str, int]] = Field(description="Layer -> table -> number of rows")
    ledger: Ledger = Field(description="The import ledger as of now")
    stages: list[Stage] = Field(description="The last run of each stage, in the order in which data flow")
    pipeline_seconds: float | None = Field(
        description="From the start of the last load to the end of the last mart; null before the first run"
    )
    truth: TruthScore | None = Field(description="Found against planted; null where there is no generated truth")
    key_figures: list[KeyFigure] | None = Field(
        description="Figures of the marts beside a second computation from the generated systems; null without"
        " them, and for a company that is too large to be computed in memory"
    )


def report(context: BuildContext) -> Report:
    """Collect the figures of a workspace.

    Raises:
        StackError, TransientError: its database cannot be reached.
    """
    prepare_once(context)
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        stages = _stages(connection)
        rows = _rows(connection, context)
        ledger = _ledger(connection)
    truth, key_figures = _truth(context)
    return Report(
        workspace=context.workspace.name,
        rows=rows,
        ledger=ledger,
        stages=stages,
        pipeline_seconds=_pipeline_seconds(stages),
        truth=truth,
        key_figures=key_figures,
    )


def _rows(connection: PgConnection, context: BuildContext) -> dict[str, dict[str, int]]:
    tables: dict[str, list[str]] = {"raw": staging.raw_tables(context.workspace)}
    for model in context.graph.models.values():
        tables.setdefault(model.layer, []).append(model.name)
    counts: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        for layer, names in tables.items():
            counts[layer] = {name: _count(cursor, f"{layer}.{name}") for name in names}
    return counts


def _count(cursor: PgCursor, table: str) -> int:
    cursor.execute("select to_regclass(%s) is not null", (table,))
    if not one_row(cursor)[0]:
        return 0
    cursor.execute(f"select count(*) from {table}")
    return int(one_row(cursor)[0])


def _ledger(connection: PgConnection) -> Ledger:
    with connection.cursor() as cursor:
        cursor.execute(_sql("report_ledger.sql"))
        names = [column.name for column in cursor.description or ()]
        entities = [EntityLedger(**dict(zip(names, row, strict=True))) for row in cursor]
    return Ledger(is_balanced=all(entity.is_balanced for entity in entities), entities=entities)


def _stages(connection: PgConnection) -> list[Stage]:
    with connection.cursor() as cursor:
        cursor.execute(_sql("report_stages.sql"))
        names = [column.name for column in cursor.description or ()]
        return [Stage(**dict(zip(names, row, strict=True))) for row in cursor]


def _pipeline_seconds(stages: list[Stage]) -> float | None:
    if not stages:
        return None
    begin = min(stage.finished_at.timestamp() - stage.seconds for stage in stages)
    return round(max(stage.finished_at.timestamp() for stage in stages) - begin, 1)


def _truth(context: BuildContext) -> tuple[TruthScore | None, list[KeyFigure] | None]:
    if context.workspace.settings.warehouse != "warehouse":
        return None, None
    with closing(connect("demo_truth")) as truth:
        with truth.cursor() as cursor:
            cursor.execute("select to_regclass('truth.generation') is not null")
            if not one_row(cursor)[0]:
                return None, None
        stored = stored_generation(truth)
        scored = score(truth)
        if stored is None or stored.scale is Scale.LARGE:
            return scored, None
        with (
            closing(connect("erp_owner")) as erp,
            closing(connect("crm_owner")) as crm,
            closing(connect("apis_owner")) as apis,
        ):
            rows = CleanRows(erp, crm, apis, truth, truth, context.workspace.settings.time_zone)
            return scored, compare(rows)


def _sql(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
