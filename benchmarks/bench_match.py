"""Measure matching: lists with known truth and the demo's customers, beside Splink on DuckDB.

`./cockpit bench match` starts it and shows what it writes: one JSON object per line, `{"step": ...}` for each stage and
`{"result": ...}` at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.kept import machine
from benchmarks.match import customers, results
from benchmarks.match.datasets import CUSTOMER_SETUPS, CUSTOMERS, LISTS, NAMES, REAL_DATA
from benchmarks.match.meter import run_measured
from cockpit.demo.matching_sample import customer_records
from cockpit.domain.match.accuracy import Accuracy
from cockpit.domain.match.accuracy import measure as accuracy
from cockpit.domain.match.cluster import components
from cockpit.domain.match.fields.values import Ints
from cockpit.stack.settings import REPOSITORY, Settings

_SEED = 7
# Weights (log2 odds) between which Splink's threshold is swept.
_SWEPT = np.arange(-10.0, 31.0)
# Splink's time is that of its fastest configuration whose best F1 is this near to the best of all.
_TOLERANCE = 0.02
_REVIEW = 1


@dataclass(frozen=True)
class Job:
    """One list, written to a folder.

    Attributes:
        records: The file that both systems start from.
        truth: Label of each record.
        raw: Of the demo's customers: the same records as the sources write them.
        traps: Positions of the records of each trap, as two arrays.
    """

    name: str
    list: str
    rules: str
    setups: Sequence[str]
    folder: Path
    records: Path
    truth: Ints
    least_f1: float | None = None
    raw: Path | None = None
    traps: tuple[Ints, Ints] | None = None


def jobs(names: Sequence[str], rows: Sequence[int], folder: Path) -> Iterator[Job]:
    """Lists first, then the demo's customers; each is written when its turn comes. Lists that are not there are not."""
    for each in LISTS:
        if each.name in names and (REAL_DATA in os.environ or not each.needs_real_data):
            tell("rows")
            place = _emptied(folder / each.name)
            frame = each.read()
            frame.to_parquet(place / "records.parquet")
            truth = _labels(frame["cluster"])
            yield Job(
                each.name, each.name, each.rules, each.setups, place, place / "records.parquet", truth, each.least_f1
            )
    for count in rows if CUSTOMERS in names else ():
        yield _customers(count, _emptied(folder / f"customers_{count}"))


def _labels(values: pd.Series) -> Ints:
    """Whole numbers from 0, equal values alike."""
    return pd.factorize(values)[0].astype(np.int64)


def _emptied(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _customers(count: int, folder: Path) -> Job:
    tell("rows")
    sample = customer_records(count, _SEED)
    sample.records.to_parquet(folder / "raw.parquet")
    tell("texts")
    customers.standardised(sample.records).to_parquet(folder / "records.parquet")
    position = pd.Series(np.arange(count), index=sample.records["record_id"])
    return Job(
        name=f"{CUSTOMERS} {count:,}",
        list=CUSTOMERS,
        rules="customer",
        setups=CUSTOMER_SETUPS,
        folder=folder,
        records=folder / "records.parquet",
        truth=_labels(sample.truth["true_customer_id"]),
        raw=folder / "raw.parquet",
        traps=(
            position[sample.traps["left"]].to_numpy(dtype=np.int64),
            position[sample.traps["right"]].to_numpy(dtype=np.int64),
        ),
    )


def measure(job: Job, splink_python: Path) -> dict[str, Any]:
    """Both systems on one list, one after the other."""
    peers = _fastest_first([_splink(job, setup, splink_python) for setup in job.setups])
    ours = _ours(job, [job.rules, str(job.records), str(job.folder)])
    found = {
        "name": job.name,
        "list": job.list,
        "records": len(job.truth),
        "least_f1": job.least_f1,
        "traps": None if job.traps is None else len(job.traps[0]),
        "ours": ours,
        "splink": peers,
        "seconds_ratio": round(ours["seconds"] / peers[0]["seconds"], 3),
    }
    if job.raw is not None:
        # Standardising included; the same clusters come out, so that time and memory are all there is to tell.
        raw = _ours(job, ["--raw", job.rules, str(job.raw), str(job.folder)])
        found["raw"] = {name: raw[name] for name in ("seconds", "cpu_seconds", "parts", "memory_mb")}
    bars = results.bars(found)
    return {**found, "bars": bars, "is_met": all(bars.values())}


def _fastest_first(peers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Configurations with the one in front whose time counts."""
    best = max(peer["best"]["f1"] for peer in peers)
    near = [peer for peer in peers if peer["best"]["f1"] >= best - _TOLERANCE]
    first = min(near, key=lambda peer: peer["seconds"])
    return [first, *(peer for peer in peers if peer is not first)]


def _ours(job: Job, words: Sequence[str]) -> dict[str, Any]:
    tell(f"match {job.name}")
    told, megabytes = run_measured([sys.executable, "-m", "benchmarks.match.ours", *words], {})
    clusters = pd.read_parquet(job.folder / "ours_clusters.parquet")["cluster"].to_numpy(dtype=np.int64)
    pairs = pd.read_parquet(job.folder / "ours_pairs.parquet")
    shown = pairs[pairs["outcome"] == _REVIEW]
    return {
        **_figures(told, megabytes, accuracy(job.truth, clusters)),
        "review_pairs": len(shown),
        "found_or_shown": round(_found_or_shown(job.truth, clusters, shown), 5),
        "traps_merged": None if job.traps is None else int((clusters[job.traps[0]] == clusters[job.traps[1]]).sum()),
    }


def _found_or_shown(truth: Ints, clusters: Ints, shown: pd.DataFrame) -> float:
    """Recall when a person who knows the truth has answered what is shown: clusters that truly belong together join."""
    left, right = shown["left"].to_numpy(dtype=np.int64), shown["right"].to_numpy(dtype=np.int64)
    is_one = truth[left] == truth[right]
    of_cluster = _labels(pd.Series(clusters))
    groups = components(int(of_cluster.max()) + 1, of_cluster[left[is_one]], of_cluster[right[is_one]])
    return accuracy(truth, groups[of_cluster]).recall


def _splink(job: Job, setup: str, python: Path) -> dict[str, Any]:
    tell(f"splink {job.name}")
    command = [str(python), "-m", "benchmarks.match.splink_peer", setup, str(job.records), str(job.folder)]
    told, megabytes = run_measured(command, {"PYTHONPATH": str(REPOSITORY)})
    clusters = pd.read_parquet(job.folder / "splink_clusters.parquet").sort_values("uid")["cluster"]
    pairs = pd.read_parquet(job.folder / "splink_pairs.parquet")
    left, right = pairs["uid_l"].to_numpy(dtype=np.int64), pairs["uid_r"].to_numpy(dtype=np.int64)
    weight = pairs["match_weight"].to_numpy()
    swept = [
        (float(least), accuracy(job.truth, components(len(job.truth), left[weight >= least], right[weight >= least])))
        for least in _SWEPT
    ]
    best_weight, best = max(swept, key=lambda each: each[1].f1)
    return {
        "setup": setup,
        **_figures(told, megabytes, accuracy(job.truth, _labels(clusters))),
        "best": {"weight": best_weight, **_shares(best)},
        "version": told["version"],
    }


def _figures(told: Mapping[str, Any], megabytes: float, found: Accuracy) -> dict[str, Any]:
    return {
        "seconds": round(told["seconds"], 2),
        "cpu_seconds": round(told["cpu_seconds"], 2),
        "parts": {name: round(seconds, 2) for name, seconds in told["parts"].items()},
        "memory_mb": round(megabytes, 1),
        "candidates": told["candidates"],
        **_shares(found),
    }


def _shares(found: Accuracy) -> dict[str, float]:
    return {
        "f1": round(found.f1, 5),
        "precision": round(found.precision, 5),
        "recall": round(found.recall, 5),
        "b_cubed": round(found.b_cubed, 5),
    }


def tell(step: str) -> None:
    """Say what is measured now."""
    print(json.dumps({"step": step}), flush=True)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--only", default="", choices=("", *NAMES))
    given = parser.parse_args()
    settings = Settings.load()
    names = [given.only] if given.only else NAMES
    rows = [int(count) for count in given.rows.split(",")]
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        python = settings.program("bench", "python")
        measures = [measure(job, python) for job in jobs(names, rows, Path(folder))]
    if not measures:
        sys.exit(f"{given.only} lies in the folder that {REAL_DATA} names; it is not set")
    result = {
        "machine": machine(),
        "versions": f"Python {platform.python_version()}, {measures[0]['splink'][0]['version']}",
        "left_out": sorted(set(names) - {each["list"] for each in measures}),
        "measures": measures,
        "is_met": all(each["is_met"] for each in measures),
    }
    # A list by itself leaves the figures of the whole run as they are.
    if not given.only:
        results.write(result)
    print(json.dumps({"result": result}), flush=True)


if __name__ == "__main__":
    main()
