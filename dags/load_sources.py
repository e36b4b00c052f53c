"""Load each source into raw on its own schedule: one DAG per source, one task per entity."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from cockpit.rulebook.sources import FormSource, RestSource
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import LoadOperator
from cockpit_airflow.schedules import on_schedule
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, is_wanted

workspace = find_workspace()
time_zone = workspace.settings.time_zone

for source in workspace.sources.values():
    dag_id = f"load_{source.source}"
    # Forms are posted to the intake; there is nothing to fetch.
    if isinstance(source, FormSource) or not is_wanted(dag_id):
        continue
    with DAG(
        dag_id=dag_id,
        description=f"{source.title}: what is new, into raw",
        doc_md=f"""### {source.title} · {source.title_zh}
Reads what changed since the last run, writes it as received to `raw`, and enters each batch into the ledger
`ops.import_batch`. A repeated run loads nothing twice. Continue with `stage_{source.source}`.
A back-fill reads again what changed in each run's data interval, where an entity has a cursor of time.
Without Airflow: `./cockpit sources load {source.source}`.""",
        schedule=on_schedule(source.schedule, time_zone) if source.schedule else None,
        catchup=False,
        max_active_runs=1,
        # The rate limit of a web API holds within one process: its collections are read one after the other.
        max_active_tasks=1 if isinstance(source, RestSource) else 16,
        default_args={**DEFAULT_ARGUMENTS, "owner": source.owner},
        tags=["raw", source.source],
    ):
        for name, entity in source.entities.items():
            LoadOperator(
                task_id=name,
                source=source.source,
                entity=name,
                owner=entity.owner or source.owner,
                outlets=[asset("raw", f"{source.source}__{name}")],
                doc_md=f"New and changed rows of `{name}` into `raw.{source.source}__{name}`.",
            )

for name, fault in workspace.broken_sources.items():
    dag_id = f"load_{name}"
    if not is_wanted(dag_id):
        continue
    with DAG(
        dag_id=dag_id,
        description=f"{name}: its file is wrong",
        doc_md=f"""### {name}
```
{fault}
```
Nothing of this source is loaded or typed, and the tables that unite all sources stay as they are, until its file is
right. The other sources are loaded and typed.""",
        # As often as somebody might want to be told again; the source's own schedule cannot be read.
        schedule=timedelta(hours=1),
        catchup=False,
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
        tags=["raw", name],
    ):
        LoadOperator(task_id="rule_file", source=name, entity="", doc_md="Fails and says what is wrong with the file.")
