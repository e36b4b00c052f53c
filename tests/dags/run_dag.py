"""Run one DAG in this process, as `airflow dags test` does, and print what became of its tasks as JSON.

A process of its own, because Airflow takes its whole configuration from the environment when it is imported.
"""

from __future__ import annotations

import json
import logging
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from sqlalchemy import select


def main(folder: str, dag_id: str) -> None:
    logging.disable(logging.CRITICAL)
    run = DagBag(folder).dags[dag_id].test()
    with create_session() as session:
        events = session.scalars(select(AssetEvent)).all()
        assets = sorted({event.asset.uri for event in events})
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    sys.stdout.write("\n" + json.dumps({"run": str(run.state), "tasks": states, "assets": assets}))


if __name__ == "__main__":
    main(*sys.argv[1:])
