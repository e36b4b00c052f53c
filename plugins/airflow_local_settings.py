"""Read by Airflow when it starts: what every task imports is imported once, before the scheduler forks them.

A task begins about a second earlier on one core for it. Code that has changed is in tasks when the scheduler has been
started again; DAGs, models and rules are read by each task.
"""

from __future__ import annotations

import importlib
import sys

_OF_EVERY_TASK = (
    "airflow.sdk.execution_time.task_runner",
    "cockpit.pipelines.run_context",
    "cockpit.pipelines.steps",
    "cockpit_airflow.operators",
)

if "scheduler" in sys.argv:
    for module in _OF_EVERY_TASK:
        importlib.import_module(module)
