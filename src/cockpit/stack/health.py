"""Ask each service whether it can do its work, not only whether its process lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests

from cockpit.errors import CockpitError
from cockpit.stack import postgres
from cockpit.stack import services as names
from cockpit.stack.settings import Settings
from cockpit.stack.supervision import ProcessState

_TIMEOUT_SECONDS = 5

# Airflow's own name for each process in its health report.
_HEARTBEATS = {
    names.SCHEDULER: "scheduler",
    names.DAG_PROCESSOR: "dag_processor",
    names.TRIGGERER: "triggerer",
}


def healthy_services(settings: Settings, states: Mapping[str, ProcessState]) -> set[str]:
    """The services that answer and, for those without an address, have reported since they were started."""
    alive = {name for name, state in states.items() if state.is_alive}
    probes: dict[str, Callable[[], bool]] = {
        names.POSTGRES: lambda: _accepts_logins(settings),
        names.SUPERSET: lambda: _answers(f"{settings.addresses()['superset']}/health"),
        names.DEMO_APIS: lambda: _answers(f"{settings.addresses()['demo_apis']}/healthz"),
        names.INTAKE: lambda: _answers(f"{settings.addresses()['intake']}/healthz"),
    }
    healthy = {name for name, probe in probes.items() if name in alive and probe()}
    if names.API_SERVER in alive:
        report = _airflow_report(settings)
        if report is not None:
            healthy.add(names.API_SERVER)
            healthy |= {
                name
                for name, part in _HEARTBEATS.items()
                if name in alive and _has_reported(report.get(part), states[name].started_at)
            }
    return healthy


def database_answers(settings: Settings) -> bool:
    """Whether the administrator can log in, embedded or external."""
    return _accepts_logins(settings)


def _accepts_logins(settings: Settings) -> bool:
    try:
        postgres.connect(settings).close()
    except CockpitError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return _local().get(url, timeout=_TIMEOUT_SECONDS).ok
    except requests.RequestException:
        return False


def _airflow_report(settings: Settings) -> dict[str, Any] | None:
    try:
        answer = _local().get(f"{settings.addresses()['airflow']}/api/v2/monitor/health", timeout=_TIMEOUT_SECONDS)
        report: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError):
        return None
    return report if answer.ok and report.get("metadatabase", {}).get("status") == "healthy" else None


def _local() -> requests.Session:
    """A session that reaches loopback directly: a configured proxy cannot."""
    session = requests.Session()
    session.trust_env = False
    return session


def _has_reported(part: Mapping[str, Any] | None, started_at: float) -> bool:
    """Whether a process is healthy by a heartbeat of its present life, not of the one before a restart."""
    if not part or part.get("status") != "healthy":
        return False
    beat = next((value for key, value in part.items() if key.startswith("latest_") and value), None)
    return beat is not None and datetime.fromisoformat(str(beat)).timestamp() >= started_at
