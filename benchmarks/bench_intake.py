"""Measure the intake: posts at a fixed pace, each counted in PostgreSQL afterwards.

    PYTHONPATH=src .cockpit/env/airflow/bin/python -m benchmarks.bench_intake

The service runs as a process of its own on a free port, against a database of its own on the platform's running
PostgreSQL, which is dropped at the end. Posts leave at their time whether or not earlier ones were answered, so that
a service that stalls is charged for every post that had to wait.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import yaml
from psycopg2 import sql

from cockpit.stack.settings import Settings

DATABASE = "cockpit_bench_intake"
SECRET = "bench-secret-of-enough-characters"
RESULTS = Path(__file__).parent / "results" / "intake.json"
P99_SECONDS = 0.25

_TEXT = {"type": "text", "description": "A text", "description_zh": "文字"}
_SOURCE: dict[str, Any] = {
    "source": "bench", "title": "Bench", "title_zh": "测试", "owner": "bench", "connector": "form",
    "personal_data": {"basis": "consent", "purpose": "To measure", "purpose_zh": "测量"},
    "entities": {
        "form": {
            "title": "Form", "title_zh": "表单", "auth": {"kind": "key"}, "consent": "consent",
            "rate_per_minute": {"client": 1_000_000, "form": 1_000_000},
            "columns": {
                "company": {**_TEXT, "required": True}, "contact": {**_TEXT, "required": True},
                "phone": {**_TEXT, "pattern": "[0-9 +-]{5,20}"}, "message": _TEXT,
                "headcount": {"type": "integer", "description": "People", "description_zh": "人数"},
                "consent": {"type": "boolean", "required": True, "description": "Yes", "description_zh": "同意"},
            },
        }
    },
}  # fmt: skip
_WORKSPACE = {
    "workspace": "bench", "title": "Bench", "title_zh": "测试", "warehouse": "bench_warehouse",
    "sources": "sources", "models": "models", "currency": "CNY", "time_zone": "Asia/Shanghai",
}  # fmt: skip


@dataclass
class Load:
    """Posts at a fixed pace and what came of them.

    Attributes:
        seconds: From the moment a post was due to its answer, for each that was accepted.
        statuses: Answers by HTTP status; 0 where the connection broke.
        accepted: Numbers that the intake gave.
    """

    port: int
    rate: int
    duration: int
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Post; every fiftieth post is sent a second time under its key, as a client does that lost the answer."""
        # Connections that wait for their next post, as a reverse proxy keeps them.
        free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        started = time.perf_counter()
        posts = []
        for number in range(self.rate * self.duration):
            due = started + number / self.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            posts.append(asyncio.create_task(self._post(number, due, free)))
        await asyncio.gather(*posts)
        for _reader, writer in free:
            writer.close()

    async def _post(self, number: int, due: float, free: list[Any]) -> None:
        for _time in range(2 if number % 50 == 0 else 1):
            status, body = await self._send(number, free)
            self.statuses[status] += 1
            if status in (200, 201):
                self.seconds.append(time.perf_counter() - due)
                self.accepted.append(json.loads(body)["submission_id"])
            due = time.perf_counter()

    async def _send(self, number: int, free: list[Any]) -> tuple[int, bytes]:
        fields = {
            "company": f"上海示例仪器有限公司 {number}", "contact": "王小明", "phone": f"139{number:08d}",
            "message": "请联系我，想了解报价。" * 10, "headcount": 50, "consent": True,
        }  # fmt: skip
        content = json.dumps(fields, ensure_ascii=False).encode()
        head = (
            "POST /forms/bench/form HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"X-Form-Key: {SECRET}\r\nIdempotency-Key: bench-{number}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            reader, writer = free.pop() if free else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode() + content)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length")
            )
            body = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            return 0, b""
        free.append((reader, writer))
        return int(answer.split(b" ", 2)[1]), body


def measure(settings: Settings, rate: int, duration: int) -> dict[str, Any]:
    """Run the service and the load; count in the database."""
    with tempfile.TemporaryDirectory() as name, _database(settings) as url:
        folder = Path(name)
        with _service(folder, url) as (process, port):
            load = Load(port, rate, duration)
            cpu_before = process.cpu_times()
            asyncio.run(load.run())
            cpu = process.cpu_times()
            peak_mb = process.memory_info().rss / 2**20
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("select payload ->> 'submission_id', payload ->> 'idempotency_key' from raw.bench__form")
            rows = cursor.fetchall()
            cursor.execute("select count(*), sum(loaded) from ops.import_batch")
            batches, loaded = cursor.fetchone() or (0, 0)
    stored, keys = {row[0] for row in rows}, [row[1] for row in rows]
    times = sorted(load.seconds)
    result = {
        "posts_per_second": rate,
        "seconds": duration,
        "posts": sum(load.statuses.values()),
        "statuses": {str(status): count for status, count in sorted(load.statuses.items())},
        "p50_ms": _ms(times, 0.50),
        "p99_ms": _ms(times, 0.99),
        "max_ms": _ms(times, 1),
        "lost": len(set(load.accepted) - stored),
        "twice": len(keys) - len(set(keys)),
        "rows": len(rows),
        "ledger_rows": int(batches),
        "ledger_loaded": int(loaded),
        "service_cpu_share": round((cpu.user + cpu.system - cpu_before.user - cpu_before.system) / duration, 2),
        "service_memory_mb": round(peak_mb),
        "cores": psutil.cpu_count(),
    }
    result["is_met"] = (
        result["p99_ms"] < P99_SECONDS * 1000
        and result["lost"] == result["twice"] == 0
        and len(rows) == int(loaded) == rate * duration
        and set(load.statuses) <= {200, 201}
    )
    return result


def _ms(times: list[float], share: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 1) if times else float("inf")


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    name = sql.Identifier(DATABASE)
    with closing(psycopg2.connect(_url(settings, "postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            drop = sql.SQL("drop database if exists {} with (force)").format(name)
            cursor.execute(drop)
            cursor.execute(sql.SQL("create database {}").format(name))
            try:
                yield _url(settings, DATABASE)
            finally:
                cursor.execute(drop)


def _url(settings: Settings, database: str) -> str:
    return settings.admin_database_url(database).render_as_string(hide_password=False)


@contextmanager
def _service(folder: Path, url: str) -> Iterator[tuple[psutil.Process, int]]:
    """The intake as the platform starts it, with a workspace that holds one form."""
    (folder / "sources").mkdir()
    (folder / "secrets").mkdir()
    (folder / "sources" / "bench.yml").write_text(yaml.safe_dump(_SOURCE), encoding="utf-8")
    (folder / "workspace.yml").write_text(yaml.safe_dump(_WORKSPACE), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "COCKPIT_HOME": str(folder),
        "AIRFLOW_CONN_BENCH_WAREHOUSE": url,
        "AIRFLOW_CONN_BENCH_WAREHOUSE_INTAKE": url,
        "COCKPIT_FORM_SECRET_BENCH__FORM": SECRET,
    }
    words = ["-m", "cockpit.intake", "--workspace", str(folder / "workspace.yml"), "--port", str(port)]
    with subprocess.Popen([sys.executable, *words], env=environment) as process:
        try:
            _wait(port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
                probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                if b" 200 " in probe.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the intake does not become healthy")


def main() -> int:
    """Measure, print and keep the result; exit code 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=int, default=300, help="posts per second")
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args()
    result = measure(Settings.load(), given.rate, given.seconds)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, value in result.items():
        print(f"{name:<20} {value}")
    return 0 if result["is_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
