"""Match a list with our engine, in a process of its own.

Prints one JSON object when the clusters stand, then writes what the scores are computed from:
FOLDER/ours_clusters.parquet (cluster, in the order of the records) and FOLDER/ours_pairs.parquet (left, right,
outcome; positions of records).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from cockpit.domain.match.engine import match
from cockpit.rulebook.matching import load_field_types, load_match_rule
from cockpit.stack.settings import REPOSITORY

_RULES = REPOSITORY / "include" / "rules"


def main() -> None:
    """Match and tell how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rules")
    parser.add_argument("records", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--raw", action="store_true", help="the records are raw texts of customers: standardise them")
    given = parser.parse_args()
    started, cpu_started = time.perf_counter(), _cpu_seconds()
    rule = load_match_rule(_RULES / "matching" / f"{given.rules}.yml")
    if given.raw:
        from benchmarks.match.customers import standardised

        frame = standardised(pd.read_parquet(given.records))
    else:
        wanted = {"record_id", *rule.columns}
        frame = pd.read_parquet(
            given.records, columns=[name for name in pq.read_schema(given.records).names if name in wanted]
        )
    standing = time.perf_counter()
    rule = rule.suited_to(frame)
    matched = match(frame, rule, load_field_types(_RULES, rule))
    ended = time.perf_counter()
    told = {
        "seconds": ended - started,
        "cpu_seconds": _cpu_seconds() - cpu_started,
        "parts": {"standardise" if given.raw else "read": standing - started, "match": ended - standing},
        "candidates": len(matched.left),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    pd.DataFrame({"cluster": matched.cluster}).to_parquet(given.folder / "ours_clusters.parquet")
    pd.DataFrame({"left": matched.left, "right": matched.right, "outcome": matched.outcome}).to_parquet(
        given.folder / "ours_pairs.parquet"
    )


def _cpu_seconds() -> float:
    """Of this process and those it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    # Processes that standardise are started anew and import this module: they shall not run it.
    main()
