"""Many lines of text from arrays: each part of a line is a word of a small list, so that Python touches no row."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from cockpit.demo.draw import Ints, Times

Words: TypeAlias = npt.NDArray[np.object_]

# Lines that are held as text at a time; bounds the memory.
BLOCK_LINES = 100_000

# Logs are compressed once and read once: speed before size.
_COMPRESSION = 1
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Piece:
    """One part of each line: the word that its code points to."""

    words: Words
    codes: Ints

    def texts(self, begin: int, end: int) -> list[str]:
        """The words of some lines."""
        texts: list[str] = self.words[self.codes[begin:end]].tolist()
        return texts


@dataclass(frozen=True)
class Column:
    """One part of each line that repeats too rarely for a list of words."""

    values: Sequence[str]

    def texts(self, begin: int, end: int) -> Sequence[str]:
        """The parts of some lines."""
        return self.values[begin:end]


def as_words(texts: Iterable[str], before: str = "", after: str = "") -> Words:
    """A list of words, each with constant text around it."""
    return np.array([f"{before}{text}{after}" for text in texts], dtype=object)


def clock_words(before: str = "", after: str = "") -> Words:
    """`hh:mm:ss` of each second of a day."""
    return as_words((f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(_DAY_SECONDS)), before, after)


def split_days(moments: Times) -> tuple[list[str], Ints, Ints]:
    """The days that occur (ISO texts), the index of each moment's day, and its second within the day."""
    days = moments.astype("datetime64[D]")
    unique, codes = np.unique(days, return_inverse=True)
    within = (moments - days.astype("datetime64[s]")).astype(np.int64)
    return [str(day) for day in unique], codes.astype(np.int64), within


def lines(pieces: Sequence[Piece | Column], count: int) -> Iterator[list[str]]:
    """The lines in blocks of bounded size, without line ends."""
    for begin in range(0, count, BLOCK_LINES):
        end = min(begin + BLOCK_LINES, count)
        yield list(map("".join, zip(*(piece.texts(begin, end) for piece in pieces), strict=True)))


def encode_block(block: Sequence[str]) -> bytes:
    """Lines as UTF-8 with an end each; nothing for none."""
    return ("\n".join(block) + "\n").encode() if block else b""


@contextmanager
def compressed(path: Path) -> Iterator[BinaryIO]:
    """A gzip file that holds neither name nor time, so that equal content gives equal bytes."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as packed:
        yield cast(BinaryIO, packed)
