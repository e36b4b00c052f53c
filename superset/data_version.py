"""What cached results hang on beside the person: the version of the data, and the day.

A result is good until the marts or the rules of who sees what change; then its key is asked for no more.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extensions import connection as PgConnection
from sqlalchemy.engine import make_url

from cockpit.bi.marts import marts_read_by

logger = logging.getLogger(__name__)

# How long after a build an old result may still be shown.
_ASKED_AGAIN_SECONDS = 1.0
# How long a result is used where the version cannot be told.
_WITHOUT_VERSION_SECONDS = 300
_TIMEOUT_SECONDS = 2


@dataclass
class _Known:
    """What one database has answered last, by the marts that it was asked for."""

    answers: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    connection: PgConnection | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_known: dict[str, _Known] = {}


def data_key(dataset: Any) -> list[str]:
    """The parts of a cache key that change when a result of this dataset may be another one.

    Without an answer of the database, or where it is not clear what the dataset reads, results live for minutes, as if
    nothing were known about the data.

    Args:
        dataset: Superset's.
    """
    marts = marts_of(dataset)
    version = _version(dataset.database.sqlalchemy_uri_decrypted, marts) if marts else None
    if version is None:
        version = f"unknown {int(time.time() // _WITHOUT_VERSION_SECONDS)}"
    return [f"data={version}", f"days={_days()}"]


def marts_of(dataset: Any) -> list[str]:
    """The marts that a dataset reads, a masking view as its mart; bi_reader can read nothing else."""
    if not dataset.sql:
        return [dataset.table_name.removesuffix("_masked")] if dataset.schema == "marts" else []
    texts = [dataset.sql, *(metric.expression or "" for metric in dataset.metrics)]
    return sorted(frozenset().union(*map(marts_read_by, texts)))


def _days() -> str:
    """Today as the business, this machine and the database count: "last year" ends with one of them."""
    zone = ZoneInfo(os.environ.get("COCKPIT_TIME_ZONE", "Asia/Shanghai"))
    now = datetime.now(UTC)
    return " ".join(f"{moment:%Y-%m-%d}" for moment in (now.astimezone(zone), now.astimezone(), now))


def _version(uri: str, marts: list[str]) -> str | None:
    known = _known.setdefault(uri, _Known())
    names = "{" + ",".join(marts) + "}"
    with known.lock:
        asked_at, version = known.answers.get(names, (float("-inf"), None))
        if time.monotonic() - asked_at >= _ASKED_AGAIN_SECONDS:
            version = _ask(uri, known, names)
            known.answers[names] = (time.monotonic(), version)
        return version


def _ask(uri: str, known: _Known, names: str) -> str | None:
    """Ask over a connection that stays open; a broken one is made anew once, because servers are started again."""
    for attempt in (1, 2):
        try:
            if known.connection is None:
                known.connection = _connect(uri)
            with known.connection.cursor() as cursor:
                cursor.execute("select marts.data_version(%s)", (names,))
                row = cursor.fetchone()
        except psycopg2.Error as error:
            if known.connection is not None:
                known.connection.close()
                known.connection = None
            if attempt == 2:
                logger.warning("the version of the data cannot be told: %s", str(error).strip().splitlines()[:1])
        else:
            return str(row[0]) if row else None
    return None


def _connect(uri: str) -> PgConnection:
    address = make_url(uri).set(drivername="postgresql").render_as_string(hide_password=False)
    # Nobody's: without an identity it sees no row.
    connection = psycopg2.connect(
        address,
        application_name="(cache)",
        connect_timeout=_TIMEOUT_SECONDS,
        options=f"-c statement_timeout={_TIMEOUT_SECONDS * 1000}",
    )
    connection.autocommit = True
    return connection
