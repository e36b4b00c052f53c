"""The tables that people look at; started when core is complete."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit_airflow.operators import CheckOperator, FirstViewsOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, build_tasks, graph, stop_after

models = graph()

with DAG(
    dag_id="build_marts",
    description="What the cockpit shows",
    doc_md="""### Marts · 集市层
One task per model of `include/sql/marts`. Row permissions are part of each table and stay in force during a build.""",
    schedule=[asset("core")],
    max_active_runs=1,
    default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
    tags=["marts"],
):
    tasks = build_tasks(models.layer("marts"), models)
    checks = CheckOperator(
        task_id="checks",
        models=list(tasks),
        # A model that a failed check blocks, or that has nothing to do, is skipped; the others are checked.
        trigger_rule="none_failed",
        outlets=[asset("marts")],
        doc_md="The contracts' checks of the marts.",
    )
    for task in tasks.values():
        task >> checks
    stop_after(checks)
    checks >> FirstViewsOperator(
        task_id="first_views",
        doc_md="What people see first in the cockpit is computed, so that nobody waits for it. Never fails a run.",
    )
