"""Measure standardising: many texts of each kind on two cores, beside libraries that read such texts.

`./cockpit bench standardise` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each
stage and `{"result": ...}` at the end.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from benchmarks.kept import keep, machine, table
from benchmarks.standardise import texts
from cockpit.rulebook.normalisation import rule_version
from cockpit.stack.settings import Settings
from cockpit.warehouse.standardise_many import ManyStandardiser

WORKERS = 2
SAMPLE = 50_000
# Most seconds for a million texts with two processes; from the product's requirements.
BARS: Mapping[str, float] = {"company": 15, "phone": 15, "amount": 12, "address": 45}
# Kind -> library, and the environment that it lies in.
ALTERNATIVES: Mapping[str, tuple[str, str | None]] = {
    "phone": ("phonenumbers", None),
    "amount": ("cn2an", "bench"),
    "credit-code": ("python-stdnum", None),
}


def measure(kind: str, rows: int) -> dict[str, Any]:
    """Seconds for the texts of a kind, the start of the processes included."""
    tell("texts")
    made = texts.make(kind, rows)
    tell(kind)
    # Rule files are read once per process, not per batch.
    with ManyStandardiser(texts.RULES, kind, workers=WORKERS) as standardiser:
        started = time.perf_counter()
        results = standardiser.standardise_batch(made)
        seconds = time.perf_counter() - started
    outcomes = Counter(result.outcome for result in results)
    per_million = seconds / rows * 1_000_000
    bar = BARS.get(kind)
    return {
        "kind": kind,
        "rows": rows,
        "different": len(set(made)),
        "seconds": round(seconds, 2),
        "seconds_per_million": round(per_million, 2),
        "bar": bar,
        "is_met": bar is None or per_million <= bar,
        "ok_ratio": round(outcomes["ok"] / rows, 4),
        "rule_version": rule_version(texts.RULES, kind),
        **_alternative(kind, made[:SAMPLE]),
    }


def _alternative(kind: str, sample: list[str]) -> dict[str, Any]:
    """The library that reads such texts: seconds for a million that it reads, on two cores, and how many it reads."""
    if kind not in ALTERNATIVES:
        return {"alternative": None, "alternative_seconds_per_million": None, "alternative_read_ratio": None}
    name, environment = ALTERNATIVES[kind]
    tell(name)
    python = Settings.load().program(environment, "python") if environment else sys.executable
    done = subprocess.run(
        [str(python), "-m", "benchmarks.standardise.alternatives", name],
        input="\n".join(sample),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(done.stdout)
    per_million = found["seconds"] / found["read"] * 1_000_000 / WORKERS if found["read"] else None
    return {
        "alternative": name,
        "alternative_seconds_per_million": None if per_million is None else round(per_million, 2),
        "alternative_read_ratio": round(found["read"] / found["texts"], 4),
    }


def write(result: Mapping[str, Any]) -> None:
    """Keep the result as standardise.json, and as standardise.md to read."""
    keep("standardise", result, _page(result))


def _page(result: Mapping[str, Any]) -> list[str]:
    seconds = "seconds per million"
    header = ("kind", "texts", seconds, "at most", "used as they are", "library", seconds, "reads")
    rows = [
        (
            each["kind"],
            f"{each['rows']:,}",
            f"{each['seconds_per_million']:.1f}",
            _number(each["bar"]),
            f"{each['ok_ratio']:.1%}",
            each["alternative"] or "",
            _number(each["alternative_seconds_per_million"]),
            _share(each["alternative_read_ratio"]),
        )
        for each in result["measures"]
    ]
    return [
        "# Standardising",
        "",
        "Written by `./cockpit bench standardise`. Seconds for a million different texts with two processes, their",
        "start included. Libraries are measured in one process on the texts that they read, and their time is halved.",
        "",
        f"{result['machine']}; {result['versions']}.",
        "",
        *table(header, rows, numbers_from=1),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    measures = [measure(kind, given.rows) for kind in texts.KINDS]
    result = {
        "machine": machine(),
        "versions": f"Python {platform.python_version()}, phonenumbers {version('phonenumbers')},"
        f" python-stdnum {version('python-stdnum')}",
        "measures": measures,
        "is_met": all(each["is_met"] for each in measures),
    }
    write(result)
    print(json.dumps({"result": result}), flush=True)


if __name__ == "__main__":
    main()
