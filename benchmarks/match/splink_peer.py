"""Match a list with Splink on DuckDB, in the environment of benchmarks.

Prints one JSON object when the clusters stand, then writes what the scores are computed from:
FOLDER/splink_clusters.parquet (uid, cluster) and FOLDER/splink_pairs.parquet (uid_l, uid_r, match_weight).
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator

from benchmarks.match.splink_setups import SETUPS, Setup

# The threshold that the documentation clusters at; pairs down to the other one are kept to sweep it.
THRESHOLD = 0.95
_LEAST_WEIGHT = -10.0
_SEED = 1


class Run:
    """A list, read and matched."""

    def __init__(self, setup: Setup, records: Path) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(
            f"create view received as select *, file_row_number as uid"
            f" from read_parquet('{records}', file_row_number = true)"
        )
        self._connection.execute(f"create table prepared as {setup.prepare}")
        database = DuckDBAPI(self._connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="uid",
            comparisons=list(setup.comparisons()),
            blocking_rules_to_generate_predictions=list(setup.blocks),
            retain_matching_columns=False,
        )
        self._linker = Linker(database.register("prepared"), settings, log_level=logging.ERROR)
        self._setup = setup

    def train(self) -> None:
        """As the documentation says: the share of matches by sure rules, u by sampling, m by EM."""
        training = self._linker.training
        training.estimate_probability_two_random_records_match(list(self._setup.sure), recall=self._setup.sure_recall)
        training.estimate_u_using_random_sampling(max_pairs=self._setup.sampled_pairs, seed=_SEED)
        for rule in self._setup.training:
            training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=self._setup.training_pairs)

    def predict(self) -> int:
        """Find the candidates and score them; how many there were."""
        # All in one chunk: under this key `predict` finds them and does not look for them again.
        candidates = self._linker.inference.compute_blocked_pairs_for_predict_chunk((1, 1), (1, 1))
        self._predictions = self._linker.inference.predict(threshold_match_weight=_LEAST_WEIGHT)
        count: int = candidates.as_duckdbpyrelation().shape[0]
        return count

    def cluster(self) -> None:
        """At the usual threshold."""
        self._clusters = self._linker.clustering.cluster_pairwise_predictions_at_threshold(
            self._predictions, threshold_match_probability=THRESHOLD
        )

    def write(self, folder: Path) -> None:
        """Clusters and scored pairs."""
        for name, columns, frame in (
            ("clusters", "uid, cluster_id as cluster", self._clusters),
            ("pairs", "uid_l, uid_r, match_weight", self._predictions),
        ):
            self._connection.execute(
                f"copy (select {columns} from {frame.physical_name}) to '{folder / f'splink_{name}.parquet'}'"
            )


def main() -> None:
    """Match and tell how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("setup", choices=sorted(SETUPS))
    parser.add_argument("records", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    started, cpu_started = time.perf_counter(), time.process_time()
    run = Run(SETUPS[given.setup], given.records)
    run.train()
    trained = time.perf_counter()
    candidates = run.predict()
    predicted = time.perf_counter()
    run.cluster()
    ended = time.perf_counter()
    told = {
        "seconds": ended - started,
        "cpu_seconds": time.process_time() - cpu_started,
        "parts": {"train": trained - started, "predict": predicted - trained, "cluster": ended - predicted},
        "candidates": candidates,
        "version": f"Splink {version('splink')}, DuckDB {version('duckdb')}",
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    run.write(given.folder)


if __name__ == "__main__":
    main()
