"""Standardise many texts on all cores; few are done in this process."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Self, TypeAlias

from cockpit.domain.normalise.standard import Json, Outcome, Standard
from cockpit.rulebook.normalisation import load_standardiser

log = logging.getLogger(__name__)

# Below it the processes take longer to start than the texts.
FEWEST_TEXTS = 50_000
_CHUNK = 20_000

# Results as they travel between processes, a column for each part; quicker than an object for each result.
_Columns: TypeAlias = tuple[list[Json], list[Outcome], list[float], list[str], list[Mapping[str, Json] | None]]


class ManyStandardiser:
    """A standardiser that shares large batches out among processes; close it, or use it in a `with` statement.

    Args:
        folder: Folder of the rule files.
        kind: One of the kinds, such as `phone`.
        declared: What the contract says about the column.
        workers: Processes; one per core when absent.
    """

    def __init__(
        self, folder: Path, kind: str, declared: Mapping[str, Any] | None = None, workers: int | None = None
    ) -> None:
        self._job = (folder, kind, dict(declared or {}))
        self._workers = workers or os.cpu_count() or 1
        self._own = load_standardiser(*self._job)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def standardise(self, text: str) -> Standard:
        """One text, in this process."""
        return self._own.standardise(text)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """One result per text, in their order."""
        # A daemon may not have children.
        is_alone = self._workers < 2 or multiprocessing.current_process().daemon
        if len(texts) < FEWEST_TEXTS or is_alone:
            return self._own.standardise_batch(texts)
        try:
            with _without_collection():
                return list(self._shared_out(texts))
        except (BrokenProcessPool, OSError) as error:
            log.warning("%d texts are standardised in one process: %s", len(texts), type(error).__name__)
            self.close()
            return self._own.standardise_batch(texts)

    def _shared_out(self, texts: Sequence[str]) -> Iterator[Standard]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, mp_context=multiprocessing.get_context("spawn"))
        with _without_main():
            futures: list[Future[_Columns]] = [
                self._pool.submit(_standardise_chunk, self._job, texts[start : start + _CHUNK])
                for start in range(0, len(texts), _CHUNK)
            ]
        for future in futures:
            for value, outcome, confidence, reason, details in zip(*future.result(), strict=True):
                yield (
                    Standard(value, outcome, confidence, reason, details)
                    if details
                    else Standard(value, outcome, confidence, reason)
                )


def standardise_many(
    folder: Path, kind: str, declared: Mapping[str, Any] | None, texts: Sequence[str], workers: int | None = None
) -> list[Standard]:
    """One result per text, in their order.

    Args:
        folder: Folder of the rule files.
        kind: One of the kinds, such as `phone`.
        declared: What the contract says about the column.
        texts: Any number; from `FEWEST_TEXTS` on they are shared out.
        workers: Processes; one per core when absent.

    Raises:
        RuleFileError: the rule of the kind is wrong, or one of its examples fails.
    """
    with ManyStandardiser(folder, kind, declared, workers) as standardiser:
        return standardiser.standardise_batch(texts)


def _standardise_chunk(job: tuple[Path, str, dict[str, Any]], texts: Sequence[str]) -> _Columns:
    standardiser = load_standardiser(*job)
    with _without_collection():
        found = standardiser.standardise_batch(texts)
        return (
            [each.value for each in found],
            [each.outcome for each in found],
            [each.confidence for each in found],
            [each.reason for each in found],
            [dict(each.details) if each.details else None for each in found],
        )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Results hold no cycles; looking for some among a million of them takes longer than making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _without_main() -> Iterator[None]:
    """Let new processes import what they need and not the program that started them, which may be all of Airflow."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
