"""Type, check and conform what a source delivered: one DAG per source, started by its load."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import CheckOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, build_tasks, graph

workspace = find_workspace()
models = graph()

for source in workspace.sources.values():
    raw_assets = [asset("raw", f"{source.source}__{name}") for name in source.entities]
    typed = models.typed(source.source)
    typed_names = {model.name for model in typed}
    # Those that this source feeds, and those that no source feeds: core reads them, empty as they are.
    conformed = [
        model
        for model in models.conformed()
        if not models.upstream(model) or typed_names & {upstream.name for upstream in models.upstream(model)}
    ]
    with DAG(
        dag_id=f"stage_{source.source}",
        description=f"{source.title}: typed, checked, conformed",
        doc_md=f"""### {source.title} · {source.title_zh}
Types the rows of raw, runs the checks of the source's contract (Great Expectations), holds failing rows back in
`quality.quarantine` with their reasons, and hands the others to the conformed tables that core reads.""",
        schedule=raw_assets,
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": source.owner},
        tags=["staging", source.source],
    ):
        typed_tasks = build_tasks(typed, models)
        gate = CheckOperator(
            task_id="checks",
            models=sorted(typed_names),
            doc_md="Every check of the source's contract, in one process; results in `quality.check_result`.",
        )
        conformed_tasks = build_tasks(conformed, models)
        ready = CheckOperator(
            task_id="conformed_checks",
            models=[model.name for model in conformed],
            outlets=[asset("staging", source.source)],
            doc_md="Checks of the conformed tables; tells core that there is something new.",
        )
        for task in typed_tasks.values():
            task >> gate
        for task in conformed_tasks.values():
            gate >> task >> ready
