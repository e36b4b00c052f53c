"""The few calls of Airflow's REST API that the command line needs: start a DAG, follow the runs that it causes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.stack.settings import Settings

_POLL_SECONDS = 0.5
_ADMIN = "admin"


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG as Airflow reports it; state is queued, running, success or failed."""

    dag_id: str
    run_id: str
    state: str


class AirflowClient:
    """Talks to the platform's own Airflow as its administrator.

    Raises:
        TransientError: Airflow does not answer.
        TerminalError: it refuses the call.
    """

    def __init__(self, settings: Settings) -> None:
        self._base = settings.addresses()["airflow"]
        self._session = requests.Session()
        token = self._call(
            "POST", "/auth/token", json={"username": _ADMIN, "password": settings.secret(f"user_{_ADMIN}")}
        )
        self._session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def wait_for_dag(self, dag_id: str, timeout: float) -> None:
        """Wait until Airflow has read the DAG's file.

        Raises:
            TerminalError: the file has an import error.
            TransientError: it is not there in time.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            response = self._session.get(f"{self._base}/api/v2/dags/{dag_id}", timeout=10)
            if response.ok:
                return
            broken = self._call("GET", "/api/v2/importErrors")["import_errors"]
            if broken:
                last_line = str(broken[0]["stack_trace"]).strip().splitlines()[-1]
                raise TerminalError(
                    _("a DAG file cannot be read: {reason}", reason=last_line), where=broken[0]["filename"]
                )
            time.sleep(_POLL_SECONDS)
        raise TransientError(
            _("Airflow has not read the DAG '{dag}' yet", dag=dag_id),
            fix=_("See './cockpit logs airflow-dag-processor'."),
        )

    @contextmanager
    def paused(self, *dag_ids: str) -> Iterator[None]:
        """Keep DAGs from being started by what they wait for; they are let go at the end, also after a failure."""
        with ExitStack() as stack:
            for dag_id in dag_ids:
                self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": True})
                stack.callback(self._call, "PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})
            yield

    def trigger(self, dag_id: str, conf: dict[str, str]) -> DagRun:
        """Start a run."""
        run = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return DagRun(dag_id, run["dag_run_id"], run["state"])

    def follow(
        self, dag_ids: Sequence[str], since: datetime, timeout: float, tell: Callable[[DagRun], None]
    ) -> list[DagRun]:
        """Wait until each DAG of a chain has finished a run that began after a moment.

        Args:
            dag_ids: In the order in which they start each other.
            since: Aware; earlier runs do not count.
            timeout: Seconds for all of them.
            tell: Called once for each finished run.

        Raises:
            TerminalError: a run failed.
            TransientError: they did not finish in time.
        """
        deadline = time.monotonic() + timeout
        finished: list[DagRun] = []
        for dag_id in dag_ids:
            while True:
                run = self._newest_run(dag_id, since)
                if run and run.state == "success":
                    finished.append(run)
                    tell(run)
                    break
                if run and run.state == "failed":
                    raise TerminalError(
                        _("the DAG '{dag}' failed in {tasks}", dag=dag_id, tasks=self._failed_tasks(run)),
                        where=f"{self._base}/dags/{dag_id}/runs/{run.run_id}",
                        fix=_("Open the address for the task's log."),
                    )
                if time.monotonic() > deadline:
                    raise TransientError(
                        _("the DAG '{dag}' has not finished in {seconds:.0f} s", dag=dag_id, seconds=timeout),
                        where=f"{self._base}/dags/{dag_id}",
                    )
                time.sleep(_POLL_SECONDS)
        return finished

    def _newest_run(self, dag_id: str, since: datetime) -> DagRun | None:
        found = self._call(
            "GET",
            f"/api/v2/dags/{dag_id}/dagRuns",
            params={"run_after_gte": since.astimezone(UTC).isoformat(), "order_by": "-run_after", "limit": 1},
        )["dag_runs"]
        return DagRun(dag_id, found[0]["dag_run_id"], found[0]["state"]) if found else None

    def _failed_tasks(self, run: DagRun) -> str:
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        found = self._call("GET", path, params={"state": "failed"})["task_instances"]
        return ", ".join(task["task_id"] for task in found) or "-"

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._session.request(method, f"{self._base}{path}", timeout=30, **arguments)
        except requests.RequestException as error:
            raise TransientError(
                _("Airflow does not answer"), where=self._base, fix=_("See './cockpit status'.")
            ) from error
        if response.status_code >= 500:
            raise TransientError(_("Airflow answered {code}", code=response.status_code), where=path)
        if not response.ok:
            raise TerminalError(_("Airflow refused: {code}", code=response.status_code), where=path)
        return response.json()
