"""Bring posted forms to the marts within the minute: one DAG per source of forms, started by a post."""

from __future__ import annotations

from airflow.sdk import DAG, AssetAny

from cockpit.pipelines.downstream import reached
from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import RefreshOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, graph, is_wanted
from cockpit_airflow.triggers import watched

workspace = find_workspace()
models = graph()

for source in workspace.sources.values():
    dag_id = f"refresh_{source.source}"
    if not isinstance(source, FormSource) or not is_wanted(dag_id):
        continue
    with DAG(
        dag_id=dag_id,
        description=f"{source.title}: from a post to the marts",
        doc_md=f"""### {source.title} · {source.title_zh}
The intake stores each post in `raw` at once and says so in PostgreSQL; the triggerer listens and starts this DAG. It
types and checks the new rows and brings the tables that they reach up to date, in one task; a table that these read
and that is not there yet is built before them. The other tables follow with the next load.
Without Airflow: `./cockpit run {workspace.name}`.""",
        schedule=AssetAny(
            *(
                watched(asset("raw", f"{source.source}__{form}"), workspace.settings.warehouse, source.source, form)
                for form in source.entities
            )
        ),
        catchup=False,
        max_active_runs=1,
        # The tables that it reads may just be loading from other sources: it waits until they have been checked.
        default_args={**DEFAULT_ARGUMENTS, "retries": 20, "retry_exponential_backoff": False, "owner": source.owner},
        tags=["marts", source.source],
    ):
        reached_models = reached(models, source.source)
        RefreshOperator(
            task_id="refresh",
            source=source.source,
            outlets=[asset(model.layer, model.name) for model in reached_models],
            doc_md=f"Builds and checks {', '.join(f'`{model.name}`' for model in reached_models)}.",
        )
