from __future__ import annotations

from datetime import datetime

from cockpit.stack.crashes import Crashes, parse

LOG = """\
2026-11-22 08:00:00,101 INFO supervisord started with pid 10
2026-11-22 08:00:01,000 WARN exited: superset (exit status 3; not expected)
2026-11-22 09:00:00,500 INFO supervisord started with pid 20
2026-11-22 09:00:01,000 INFO spawned: 'postgres' with pid 21
2026-11-22 09:10:00,000 WARN exited: postgres (terminated by SIGKILL; not expected)
2026-11-22 09:10:00,100 WARN exited: postgres (exit status 1; not expected)
2026-11-22 09:10:01,100 INFO spawned: 'postgres' with pid 22
2026-11-22 09:20:00,000 INFO exited: airflow-triggerer (exit status 0; expected)
2026-11-22 09:30:00,000 WARN exited: airflow-api (exit status 1; not expected)
2026-11-22 09:30:01,000 INFO gave up: airflow-api entered FATAL state, too many start retries too quickly
2026-11-22 09:40:00,000 WARN stopped: airflow-scheduler (terminated by SIGTERM)
Unlinking stale socket /srv/cockpit/run/supervisor.sock
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22 {text}").astimezone()


def test_crashes_since_the_last_start() -> None:
    assert parse(LOG) == {
        "postgres": Crashes(count=2, last_at=at("09:10:00"), last_reason="exit status 1"),
        "airflow-triggerer": Crashes(count=1, last_at=at("09:20:00"), last_reason="exit status 0"),
        "airflow-api": Crashes(count=1, last_at=at("09:30:00"), last_reason="exit status 1", gave_up=True),
    }


def test_an_empty_log_has_no_crashes() -> None:
    assert parse("") == {}
