"""Match the records of one or several lists with a rule: read, match, write the groups."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match import engine
from cockpit.domain.match.engine import Matched
from cockpit.domain.match.fields.company import APART
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import MISSING, as_objects
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm import words
from cockpit.pipelines.lists.columns import (
    ListColumns,
    check_mapped,
    chosen_fields,
    find_columns,
    ids_of,
    names_of,
    texts_of,
)
from cockpit.pipelines.lists.notes import Notes, look
from cockpit.rulebook.matching import FileColumns, load_field_types
from cockpit.sources.lists import ListFile, read_list

Objects = npt.NDArray[np.object_]

_OUTCOMES = {engine.NO: "no", engine.REVIEW: "review", engine.MERGE: "merge"}
_PAIRS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class Lists:
    """Lists that were read.

    Attributes:
        files: As read.
        names: What each is called, which is the source of its records.
        columns: What the columns of each are.
        source, source_id, record_id: Of all records, in the order of the files and their lines.
        texts: Field that is compared -> texts of all records, None where nothing stands.
        rule: As given.
    """

    files: tuple[ListFile, ...]
    names: tuple[str, ...]
    columns: tuple[ListColumns, ...]
    source: Objects
    source_id: Objects
    record_id: Objects
    texts: Mapping[str, Objects]
    rule: MatchRule


@dataclass(frozen=True)
class ListsMatched:
    """What matching gave.

    Attributes:
        cluster_id: Per record the least record id of its group.
        frame, rule, types: What the engine was given.
        seconds: That matching took.
        notes: What somebody should know before they use it.
    """

    lists: Lists
    matched: Matched
    cluster_id: Objects
    frame: pd.DataFrame
    rule: MatchRule
    types: Mapping[FieldType, Field]
    seconds: float
    notes: Notes

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Records of each group of at least two."""
        sizes = np.bincount(self.matched.cluster)
        return sizes[sizes > 1].astype(np.int64)

    @property
    def review_count(self) -> int:
        """Pairs of which a person should say whether they are one."""
        return int((self.matched.outcome == engine.REVIEW).sum())


def read_lists(
    paths: Sequence[Path],
    rule: MatchRule,
    usual: FileColumns,
    *,
    mapped: Mapping[str, str],
    id_column: str | None,
    encoding: str | None,
    tell: Callable[[str], None],
) -> Lists:
    """Read lists and find out what their columns are.

    Args:
        usual, mapped, id_column: See `find_columns`.
        encoding: Of texts; found by looking when None.

    Raises:
        CockpitError: a file cannot be read or has no column of any field, two records have one id, or there is no
            such field or column as `mapped` and `id_column` say.
    """
    files = []
    for path in paths:
        tell(_("reading {file}", file=path))
        files.append(read_list(path, encoding))
    names = names_of(files)
    check_mapped(mapped, rule, files)
    columns = [find_columns(file, rule, usual, mapped, id_column) for file in files]
    ids = [ids_of(file, found) for file, found in zip(files, columns, strict=True)]
    source = as_objects(name for name, of_file in zip(names, ids, strict=True) for _id in of_file)
    source_id = np.concatenate(ids)
    texts = {
        field: np.concatenate([texts_of(field, rule, *each) for each in zip(files, columns, strict=True)])
        for field in chosen_fields(rule, columns)
    }
    record_id = as_objects(f"{name}:{each}" for name, each in zip(source, source_id, strict=True))
    return Lists(tuple(files), names, tuple(columns), source, source_id, record_id, texts, rule)


def match_lists(lists: Lists, rules: Path) -> ListsMatched:
    """Match all records.

    Args:
        rules: Folder `include/rules`, for the words of the types of fields.

    Raises:
        RuleFileError: a file with words is wrong.
    """
    begin = time.monotonic()
    # Named so that no field has the name of the column with the record ids.
    column = {field: f"field {field}" for field in lists.texts}
    frame = pd.DataFrame({column[field]: texts for field, texts in lists.texts.items()}, dtype=object)
    frame.insert(0, "record_id", lists.record_id)
    fields = {
        name: field.model_copy(update={"columns": (column.get(name, f"field {name}"),), "parts": ()})
        for name, field in lists.rule.fields.items()
    }
    rule = lists.rule.model_copy(update={"fields": fields}).suited_to(frame)
    types = load_field_types(rules, rule)
    matched = engine.match(frame, rule, types)
    seconds = time.monotonic() - begin
    notes = look(frame, rule, types, matched)
    return ListsMatched(lists, matched, lists.record_id[matched.cluster], frame, rule, types, seconds, notes)


def write_clusters(path: Path, found: ListsMatched) -> None:
    """Write which group each record belongs to: source, source_id, cluster_id.

    Raises:
        TerminalError: the file cannot be written.
    """
    lists = found.lists
    with _writing(path) as write:
        write([("source", "source_id", "cluster_id")])
        write(zip(lists.source, lists.source_id, found.cluster_id, strict=True))


def write_pairs(path: Path, found: ListsMatched) -> int:
    """Write the pairs that are one, that a person should look at, or that something keeps apart; strongest first.

    Returns:
        How many.

    Raises:
        TerminalError: the file cannot be written.
    """
    lists, matched = found.lists, found.matched
    is_worth = (matched.outcome != engine.NO) | (matched.weight >= lists.rule.review_at)
    pairs = np.flatnonzero(is_worth)
    pairs = pairs[np.lexsort((lists.record_id[matched.right[pairs]], lists.record_id[matched.left[pairs]]))]
    pairs = pairs[np.argsort(-matched.weight[pairs], kind="stable")]
    header = ("left_source", "left_id", "right_source", "right_id", "weight", "probability", "outcome")
    with _writing(path) as write:
        write([(*header, "kept_apart_by", "reasons")])
        for start in range(0, len(pairs), _PAIRS_AT_A_TIME):
            write(_pair_rows(found, pairs[start : start + _PAIRS_AT_A_TIME]))
    return len(pairs)


def _pair_rows(found: ListsMatched, pairs: npt.NDArray[np.int64]) -> Iterator[Sequence[object]]:
    lists, matched = found.lists, found.matched
    left, right, weight = matched.left[pairs], matched.right[pairs], matched.weight[pairs]
    # log2 odds; beyond some hundreds the probability is 0 or 1 anyway.
    probability = 1 / (1 + np.exp2(-np.clip(weight, -200, 200)))
    patterns, pattern = np.unique(matched.levels[pairs], axis=0, return_inverse=True)
    reasons = [_reasons(matched, levels) for levels in patterns.tolist()]
    kept_apart = {
        0: "",
        **{code: _kept_apart(matched, code) for code in np.unique(matched.veto[pairs]).tolist() if code},
    }
    return zip(
        lists.source[left],
        lists.source_id[left],
        lists.source[right],
        lists.source_id[right],
        (f"{each:.2f}" for each in weight.tolist()),
        (f"{each:.4f}" for each in probability.tolist()),
        (_OUTCOMES[each] for each in matched.outcome[pairs].tolist()),
        (kept_apart[each] for each in matched.veto[pairs].tolist()),
        (reasons[each] for each in pattern.ravel().tolist()),
        strict=True,
    )


def _reasons(matched: Matched, levels: Sequence[int]) -> str:
    """What each comparison found, and its weight for a value of average frequency: `given_name: equal +4.2; ...`."""
    told = []
    for comparison, level in zip(matched.model.comparisons, levels, strict=True):
        if level != MISSING:
            ratio = comparison.ratios(comparison.same)[level]
            told.append(f"{comparison.name}: {words.level(comparison.levels[level])} {ratio:+.1f}")
    return "; ".join(told)


def _kept_apart(matched: Matched, veto: int) -> str:
    """What makes two records two: a finding about their names, or a field."""
    return APART[veto - 1] if veto > 0 else matched.model.comparisons[-1 - veto].name


@contextmanager
def _writing(path: Path) -> Iterator[Callable[[Iterable[Sequence[Any]]], None]]:
    """Write a CSV file of which nobody sees a half."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield csv.writer(file, lineterminator="\n").writerows
        unfinished.replace(path)
    except OSError as error:
        raise TerminalError(
            _("the file cannot be written: {reason}", reason=error.strerror or error), where=str(path)
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
