"""Behaviour streams as files: one compressed file per month, and a plain one of today that grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cockpit.demo.channels.bulk_text import Column, Piece, compressed, encode_block, lines
from cockpit.demo.channels.profile import Behaviour
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.visits import Span
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Floats, Ints, sample
from cockpit.demo.profile import Rhythm
from cockpit.demo.rhythm import day_weights

TRUNCATED = "truncated_line"
GARBAGE = "garbage_line"

# What a disk that was full or a process that was killed leaves in a log.
_GARBAGE = ("\ufffd\ufffd\ufffd\ufffd\ufffd", "nginx: [alert] could not open error log file", "[1, 2, 3]", "-- MARK --")
_KEPT_SHARE = 0.25


@dataclass(frozen=True)
class LogFile:
    """One file to write: its span and its share of the stream's events.

    Attributes:
        name: File name.
        share: Of the events of the whole history.
        part: Number of the file within the stream, for the random generator.
    """

    name: str
    span: Span
    share: float
    part: int


def plan_files(
    base: str, suffix: str, first_month: np.datetime64, clock: Clock, rhythm: Rhythm, flatness: float
) -> list[LogFile]:
    """The files of a stream's history: whole months, the current month until yesterday, today.

    Args:
        base: Name of the files before the month.
        suffix: `.log` or `.jsonl`.
        first_month: `datetime64[M]`.
        clock: Its `now` ends the last file.
        rhythm: The company's habits.
        flatness: Exponent of the day weights: 1 as orders are spread, less for visitors who also come at weekends.
    """
    today = np.datetime64(clock.today)
    days = np.arange(first_month.astype("datetime64[D]"), today + 1)
    weights: Floats = day_weights(days, rhythm) ** flatness
    weights[-1] *= float((clock.now - today.astype("datetime64[s]")).astype(np.int64)) / 86_400
    total = weights.sum()
    months = days.astype("datetime64[M]")
    files: list[LogFile] = []
    for month in np.unique(months):
        is_in = (months == month) & (days < today)
        if is_in.any():
            end = (days[is_in][-1] + 1).astype("datetime64[s]")
            span = Span(days[is_in], weights[is_in], end)
            files.append(LogFile(f"{base}-{month}{suffix}.gz", span, float(weights[is_in].sum() / total), len(files)))
    span = Span(days[-1:], np.maximum(weights[-1:], 1e-9), clock.now)
    return [*files, LogFile(f"{base}{suffix}", span, float(weights[-1] / total), len(files))]


def write_log(
    path: Path,
    pieces: Sequence[Piece | Column],
    count: int,
    *,
    rng: np.random.Generator,
    rules: Behaviour,
    place: tuple[str, str],
    truth: ChannelTruth,
    after: int = 0,
) -> None:
    """Write the lines, a few broken ones between them; an existing plain file grows.

    Args:
        path: `.gz` is compressed.
        pieces: Parts of each line.
        count: Lines.
        place: System and entity.
        after: Lines that the file has already.
    """
    broken_count = max(round(count * rules.malformed_share), int(count > 100))
    positions = np.sort(sample(rng, np.arange(1, max(count, 2)), broken_count))
    name = path.name
    blocks = _with_broken(lines(pieces, count), positions, truth, place, name, after)
    if path.suffix == ".gz":
        with compressed(path) as file:
            for block in blocks:
                file.write(encode_block(block))
    else:
        with path.open("ab" if after else "wb") as file:
            for block in blocks:
                file.write(encode_block(block))
    truth.count(*place, lines=count + len(positions), broken_lines=len(positions))


def _with_broken(
    blocks: Iterator[list[str]], positions: Ints, truth: ChannelTruth, place: tuple[str, str], name: str, after: int
) -> Iterator[list[str]]:
    """The lines with a broken one before each of the positions."""
    done, inserted = 0, 0
    for block in blocks:
        here = positions[(positions >= done) & (positions < done + len(block))].tolist()
        merged: list[str] = []
        begin = 0
        for position in here:
            local = position - done
            merged += block[begin:local]
            begin = local
            is_cut = inserted % 2 == 0
            text = (
                block[local][: round(len(block[local]) * _KEPT_SHARE)] if is_cut else _GARBAGE[inserted % len(_GARBAGE)]
            )
            merged.append(text)
            truth.broken(*place, name, [after + position + inserted + 1], TRUNCATED if is_cut else GARBAGE)
            inserted += 1
        done += len(block)
        yield [*merged, *block[begin:]] if here else block
