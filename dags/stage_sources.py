"""Type and check what a source delivered: one DAG per source, started by its load."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import CheckOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, build_tasks, graph

workspace = find_workspace()
models = graph()

for source in workspace.sources.values():
    # refresh_forms.py stages what is posted.
    if isinstance(source, FormSource):
        continue
    raw_assets = [asset("raw", f"{source.source}__{name}") for name in source.entities]
    typed = models.typed(source.source)
    with DAG(
        dag_id=f"stage_{source.source}",
        description=f"{source.title}: typed and checked",
        doc_md=f"""### {source.title} · {source.title_zh}
Types the rows of raw, runs the checks of the source's contract (Great Expectations) and holds failing rows back in
`quality.quarantine` with their reasons. Continue with `build_core`, which reads what passed.""",
        schedule=raw_assets,
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": source.owner},
        tags=["staging", source.source],
    ):
        tasks = build_tasks(typed, models)
        checks = CheckOperator(
            task_id="checks",
            models=list(tasks),
            outlets=[asset("staging", source.source)],
            doc_md="Every check of the source's contract, in one process; results in `quality.check_result`.",
        )
        for task in tasks.values():
            task >> checks
