"""What records truly are, read from a file: which group each belongs to, or pairs that are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cockpit.domain.match.accuracy import Accuracy, measure
from cockpit.domain.match.block_recall import BlockRecall, block_recall
from cockpit.domain.match.cluster import components
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.pipelines.lists.columns import column_of
from cockpit.pipelines.lists.match import Lists, ListsMatched
from cockpit.rulebook.matching import FileColumns
from cockpit.sources.lists import ListFile, read_list

_NOT = frozenset({"0", "0.0", "no", "n", "false", "f", "否"})


@dataclass(frozen=True)
class Truth:
    """What is known.

    Attributes:
        known: Positions of the records whose truth is known.
        labels: What each of these is; equal numbers are one thing.
        unknown_count: Lines about records that the lists do not have.
    """

    known: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    unknown_count: int

    def measure(self, cluster: npt.NDArray[np.int64]) -> Accuracy:
        """How well groups agree with it; records of which nothing is known are left out."""
        return measure(self.labels, cluster[self.known])

    def block_recall(self, found: ListsMatched) -> BlockRecall:
        """How many of the true pairs each block rule brought."""
        return block_recall(found.frame, found.rule, found.types, found.matched, self.known, self.labels)


def read_truth(path: Path, lists: Lists, usual: FileColumns, encoding: str | None = None) -> Truth:
    """Read a truth: `source_id, cluster`, or pairs `left_id, right_id`; with sources where the lists are several.

    In a truth of pairs a chain of pairs is one thing, and a record without pair is one by itself.

    Raises:
        TerminalError: it cannot be read, has not these columns, or is about other records.
    """
    file = read_list(path, encoding)
    left, right = column_of(usual.left, file.columns), column_of(usual.right, file.columns)
    records = _Records(lists, file)
    if left is not None and right is not None:
        truth = _of_pairs(file, records, usual, left, right)
    else:
        own = dict.fromkeys(found.id for found in lists.columns if found.id is not None)
        truth = _of_clusters(file, records, (*own, *usual.id), usual)
    if not len(truth.known) or truth.unknown_count == file.table.num_rows:
        raise TerminalError(
            _("the truth names none of the records"),
            where=str(path),
            found=_("{count} lines", count=file.table.num_rows),
            allowed=_("ids such as {ids}", ids=", ".join(map(str, lists.source_id[:3]))),
            fix=_("Both need the same ids; --id says which column of the lists has them."),
        )
    return truth


class _Records:
    """Finds records by what a truth calls them."""

    def __init__(self, lists: Lists, file: ListFile) -> None:
        self._file = file
        self._own = _place_of(lists, file)
        self.size = len(lists.record_id)
        self._names = {spelled: name for name in lists.names for spelled in (Path(name).stem, name)}
        self._by_record = {record: position for position, record in enumerate(lists.record_id)}
        self._by_id: dict[str, int] = {}
        self._is_clear = True
        for position, each in enumerate(lists.source_id):
            self._is_clear = self._is_clear and each not in self._by_id
            self._by_id[each] = position

    @property
    def are_own(self) -> bool:
        """The truth is a column of one of the lists."""
        return self._own is not None

    def own_positions(self) -> npt.NDArray[np.int64]:
        """Position of the record of each line, where the truth is a column of one of the lists."""
        begin = self._own or 0
        return np.arange(begin, begin + self._file.table.num_rows, dtype=np.int64)

    def positions(self, id_column: str, source_column: str | None) -> npt.NDArray[np.int64]:
        """Position of the record of each line; -1 where the lists have none.

        Raises:
            TerminalError: an id alone does not say which record is meant.
        """
        ids = self._file.texts(id_column)
        if source_column is None and not self._is_clear:
            raise TerminalError(
                _("several lists have the same ids; the truth has to say the source too"),
                where=f"{self._file.path}:1",
                found=", ".join(self._file.columns),
                fix=_("Add a column with the name of the file."),
            )
        # A column that is called like a source but holds something else does no harm where ids are clear.
        if source_column is None or self._is_clear:
            found = (self._by_id.get(each, -1) for each in ids)
        else:
            sources = self._file.texts(source_column)
            keys = (f"{self._names.get(name, name)}:{each}" for name, each in zip(sources, ids, strict=True))
            found = (self._by_record.get(key, -1) for key in keys)
        return np.fromiter(found, dtype=np.int64, count=len(ids))


def _place_of(lists: Lists, file: ListFile) -> int | None:
    """Position of the first record of the list that the truth itself is; None where it is another file."""
    begin = 0
    for each in lists.files:
        if each.path.samefile(file.path):
            return begin
        begin += each.table.num_rows
    return None


def _of_clusters(file: ListFile, records: _Records, ids: Sequence[str], usual: FileColumns) -> Truth:
    id_column, cluster = column_of(ids, file.columns), column_of(usual.cluster, file.columns)
    if (id_column is None and not records.are_own) or cluster is None:
        missing = ids if cluster is not None else usual.cluster
        raise TerminalError(
            _("the truth has no column that says which records are one"),
            where=f"{file.path}:1",
            found=", ".join(file.columns),
            allowed=", ".join(missing[:6]),
            fix=_("Its columns are source_id and cluster, or left_id and right_id."),
        )
    if records.are_own or id_column is None:
        positions = records.own_positions()
    else:
        positions = records.positions(id_column, column_of(usual.source, file.columns))
    texts = file.texts(cluster)
    is_given = np.array([text is not None for text in texts], dtype=bool)
    kept = np.flatnonzero((positions >= 0) & is_given)
    _values, labels = np.unique(texts[kept].astype(str), return_inverse=True)
    known, first = np.unique(positions[kept], return_index=True)
    _refuse_two_answers(file, positions[kept], labels, known, first, kept)
    return Truth(known, labels[first].astype(np.int64), int((positions < 0).sum()))


def _refuse_two_answers(
    file: ListFile,
    positions: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    kept: npt.NDArray[np.int64],
) -> None:
    said = labels[first][np.searchsorted(known, positions)]
    differing = np.flatnonzero(said != labels)
    if len(differing):
        raise TerminalError(
            _("the truth says two things about one record"), where=f"{file.path}:{file.lines[kept[differing[0]]]}"
        )


def _of_pairs(file: ListFile, records: _Records, usual: FileColumns, left: str, right: str) -> Truth:
    one = records.positions(left, column_of(usual.left_source, file.columns))
    other = records.positions(right, column_of(usual.right_source, file.columns))
    is_known = (one >= 0) & (other >= 0)
    is_one = is_known & _is_match(file, column_of(usual.is_match, file.columns))
    labels = components(records.size, one[is_one], other[is_one])
    return Truth(np.arange(records.size, dtype=np.int64), labels, int((~is_known).sum()))


def _is_match(file: ListFile, column: str | None) -> npt.NDArray[np.bool_]:
    if column is None:
        return np.ones(file.table.num_rows, dtype=bool)
    texts: Sequence[str | None] = file.texts(column).tolist()
    return np.array([text is not None and text.casefold() not in _NOT for text in texts], dtype=bool)
