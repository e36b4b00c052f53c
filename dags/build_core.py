"""Golden customers, orders, receipts: the facts that every report shares; started by any staged source.

The conformed tables belong here and not to a source: several sources feed them, and one build at a time may.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetAny

from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import CheckOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, build_tasks, graph, stop_after

workspace = find_workspace()
models = graph()

with DAG(
    dag_id="build_core",
    description="Conformed sources, golden master data and facts",
    doc_md="""### Core · 核心层
First the conformed tables (`stg_customer`, ...), which take the rows that passed their checks from every source, then
one task per model of `include/sql/core`. Each computes its new content and applies the difference in one
transaction; a failing model leaves its table as it was.""",
    # Forms are brought to their marts by refresh_forms.py.
    schedule=AssetAny(
        *(asset("staging", name) for name, source in workspace.sources.items() if not isinstance(source, FormSource))
    ),
    max_active_runs=1,
    default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
    tags=["core"],
):
    tasks = build_tasks([*models.conformed(), *models.layer("core")], models)
    checks = CheckOperator(
        task_id="checks",
        models=list(tasks),
        # A model that a failed check blocks, or that has nothing to do, is skipped; the others are checked.
        trigger_rule="none_failed",
        outlets=[asset("core")],
        doc_md="The contracts' checks; one that stops keeps the tables downstream of its own as they are.",
    )
    for task in tasks.values():
        task >> checks
    stop_after(checks)
