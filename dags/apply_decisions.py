"""Let what stewards decided about golden records count: match again and build what hangs on it, when they pause."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit.pipelines.downstream import reached_by_decisions
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import ApplyDecisionsOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, graph
from cockpit_airflow.triggers import decided

workspace = find_workspace()
reached_models = reached_by_decisions(graph())

if reached_models:
    with DAG(
        dag_id="apply_decisions",
        description="Decisions about golden records, as far as the marts",
        doc_md="""### Decisions about golden records · 主数据决定
A decision at the steward's desk or on the command line says so in PostgreSQL; the triggerer listens and starts this DAG
when nobody has decided for 20 seconds, after 3 minutes at the latest: many decisions, one run. It matches again and
brings the tables that hang on it up to date, in one task.
Without Airflow: `./cockpit run`.""",
        schedule=decided(asset("mdm", "decision"), workspace.settings.warehouse),
        catchup=False,
        max_active_runs=1,
        # The tables that it reads may just be loading from other sources: it waits until they have been checked.
        default_args={**DEFAULT_ARGUMENTS, "retries": 20, "retry_exponential_backoff": False, "owner": "data-stewards"},
        tags=["core", "marts"],
    ):
        ApplyDecisionsOperator(
            task_id="apply",
            outlets=[asset(model.layer, model.name) for model in reached_models],
            doc_md=f"Builds and checks {', '.join(f'`{model.name}`' for model in reached_models)}.",
        )
