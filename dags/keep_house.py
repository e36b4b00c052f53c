"""Remove what has been kept for its time."""

from __future__ import annotations

from airflow.sdk import DAG

from cockpit.rulebook.workspace import find_workspace
from cockpit_airflow.operators import KeepHouseOperator
from cockpit_airflow.schedules import on_schedule
from cockpit_airflow.tasks import DEFAULT_ARGUMENTS

workspace = find_workspace()

with DAG(
    dag_id="keep_house",
    description="Old logs are removed",
    doc_md="""### Housekeeping · 日常清理
Removes the database's logs, which say who asked what, once they are older than `COCKPIT_QUERY_LOG_DAYS`
(`docs/how-to/see-who-asked-what.md`). `./cockpit up` does the same. The log of an existing
PostgreSQL is its own server's.""",
    # Shortly after the server has begun the day's file.
    schedule=on_schedule("15 0 * * *", workspace.settings.time_zone),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGUMENTS, "owner": "platform"},
    tags=["platform"],
):
    KeepHouseOperator(task_id="remove_old_logs", doc_md="Files of days that are past their time.")
