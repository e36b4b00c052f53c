"""How good the data are: scores every morning, samples every week, campaigns every quarter."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import MeasureQualityOperator
from cockpit_airflow.schedules import on_schedule
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS

workspace = find_workspace()

if workspace.settings.scores:
    with DAG(
        dag_id="measure_quality",
        description="Scores of data quality, samples, campaigns",
        doc_md="""### Quality · 数据质量
Measures every table that has changed since it was measured, draws the week's samples and begins the quarter's campaigns
(`include/rules/scores`). Pages: Quality in the navigation. Formulas: `docs/explanation/quality-scores.md`.
Can be run again at any time: a day has one measurement, a week one sample.""",
        # After the sources of the night, before people come.
        schedule=on_schedule("30 6 * * *", workspace.settings.time_zone),
        catchup=False,
        max_active_runs=1,
        default_args={**DEFAULT_ARGUMENTS, "owner": "data-stewards"},
        tags=["quality"],
    ):
        MeasureQualityOperator(
            task_id="measure",
            doc_md="One pass per table that has changed; the scores of the others are carried over. Then their mart.",
        )
