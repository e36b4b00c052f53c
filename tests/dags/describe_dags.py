"""Read the DAG files as Airflow does and print what they hold as JSON.

A process of its own, because Airflow takes its whole configuration from the environment when it is imported.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset, AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable


def assets(condition: Any) -> list[str]:
    """URIs of the assets in a condition such as `AssetAny(...)` or a list."""
    if isinstance(condition, Asset):
        return [condition.uri]
    parts = condition if isinstance(condition, list | tuple) else getattr(condition, "objects", ())
    return [uri for part in parts for uri in assets(part)]


def watched(condition: Any) -> list[Asset]:
    """Assets of a condition that somebody watches, because no task writes them."""
    parts = [condition] if isinstance(condition, Asset) else getattr(condition, "objects", ())
    return [part for part in parts if isinstance(part, Asset) and part.watchers]


def _condition(dag: Any) -> Any:
    """What a DAG waits for; of one that also has a time, the part about assets."""
    return dag.timetable.asset_condition if isinstance(dag.timetable, AssetOrTimeSchedule) else dag.schedule


def main(folder: str) -> None:
    logging.disable(logging.CRITICAL)
    bag = DagBag(folder)
    described = {
        dag.dag_id: {
            "doc": dag.doc_md,
            "description": dag.description,
            "tags": sorted(dag.tags),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "schedule": dag.timetable.serialize() if isinstance(dag.timetable, CronTriggerTimetable) else None,
            "waits_for": assets(_condition(dag)),
            "watchers": [asset.uri for asset in watched(_condition(dag))],
            "tasks": {
                task.task_id: {
                    "kind": type(task).__name__,
                    "model": getattr(task, "model", None),
                    "models": getattr(task, "models", None),
                    "doc": task.doc_md,
                    "owner": task.owner,
                    "retries": task.retries,
                    "after": sorted(task.upstream_task_ids),
                    "outlets": [asset.uri for asset in task.outlets],
                }
                for task in dag.tasks
            },
        }
        for dag in bag.dags.values()
    }
    json.dump({"errors": bag.import_errors, "dags": described}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
