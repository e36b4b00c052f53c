"""Load each source into raw on its own schedule: one DAG per source, one task per entity."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import LoadOperator, PrepareOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset

workspace = find_workspace()


def on_schedule(cron: str) -> CronTriggerTimetable:
    """The source's schedule in business time; a new installation waits for it instead of starting at once."""
    return CronTriggerTimetable(cron, timezone=workspace.settings.time_zone, run_immediately=timedelta(0))


for source in workspace.sources.values():
    with DAG(
        dag_id=f"load_{source.source}",
        description=f"{source.title}: what is new, into raw",
        doc_md=f"""### {source.title} · {source.title_zh}
Reads what changed since the last run, writes it as received to `raw`, and enters each batch into the ledger
`ops.import_batch`. A repeated run loads nothing twice. Continue with `stage_{source.source}`.
Without Airflow: `./cockpit run {workspace.name}`.""",
        schedule=on_schedule(source.schedule) if source.schedule else None,
        catchup=False,
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": source.owner},
        tags=["raw", source.source],
    ):
        prepare = PrepareOperator(
            task_id="prepare", doc_md="Bookkeeping tables and row security; changes nothing twice."
        )
        for name, entity in source.entities.items():
            prepare >> LoadOperator(
                task_id=name,
                source=source.source,
                entity=name,
                owner=entity.owner or source.owner,
                outlets=[asset("raw", f"{source.source}__{name}")],
                doc_md=f"New and changed rows of `{name}` into `raw.{source.source}__{name}`.",
            )
