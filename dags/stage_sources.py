"""Type and check what a source delivered: one DAG per source, started by its load."""

from __future__ import annotations

from airflow.sdk import DAG, AssetAll, AssetAny

from cockpit.rulebook.sources import FormSource
from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import StageOperator
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS, asset, is_wanted, stop_after
from cockpit_airflow.triggers import answered

workspace = find_workspace()

for source in workspace.sources.values():
    dag_id = f"stage_{source.source}"
    # refresh_forms.py stages what is posted.
    if isinstance(source, FormSource) or not is_wanted(dag_id):
        continue
    with DAG(
        dag_id=dag_id,
        description=f"{source.title}: typed and checked",
        doc_md=f"""### {source.title} · {source.title_zh}
Types the rows of raw, runs the checks of the source's contract (Great Expectations) and holds failing rows back in
`quality.quarantine` with their reasons. Continue with `build_core`, which reads what passed. Owners of rows that are
held back are told; an answer of theirs starts this DAG again.
Without Airflow: `./cockpit run {workspace.name}`.""",
        schedule=AssetAny(
            AssetAll(*(asset("raw", f"{source.source}__{name}") for name in source.entities)),
            answered(asset("answers", source.source), workspace.settings.warehouse, source.source),
        ),
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": source.owner},
        tags=["staging", source.source],
    ):
        stage = StageOperator(
            task_id="stage",
            source=source.source,
            outlets=[asset("staging", source.source)],
            doc_md="Entities one after the other, then all their checks; results in `quality.check_result`. An entity "
            "that fails keeps its rows of before, and the others go on.",
        )
        stop_after(stage)
