"""Where master data asks which records are one: the matching engine, with what stewards decided.

Everything else (ids, golden records, history) does not know how records are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match.engine import MERGE, Matched, match
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.incremental import Followed
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.mdm.run_facts import facts
from cockpit.mdm.settle import Pair
from cockpit.mdm.shown_pairs import OUTCOMES, shown_pairs
from cockpit.rulebook.matching import load_field_types, load_match_rule

# What joined a record to its golden record: nothing, or a steward; else the field that said most.
SINGLE, BY_DECISION = "single", "decision"

_COMPANY = "normalisation/company.yml"


@dataclass(frozen=True)
class Clustered:
    """Which records are one.

    Attributes:
        cluster: A label for each record, in the order of the frame.
        matched_by: What joined each record to others; `single` where nothing did.
        pairs: Compared pairs that are worth a look, in the columns of mdm.pair after `entity`.
        report: What the run is to be known by; can be written as JSON.
        model: What the pairs were weighed with.
    """

    cluster: npt.NDArray[Any]
    matched_by: Sequence[str]
    pairs: pd.DataFrame
    report: Mapping[str, Any]
    model: MatchModel


@dataclass(frozen=True)
class MatchingRules:
    """The rules by which the records of an entity are matched.

    Attributes:
        folder: `include/rules`.
        fingerprint: Changes with the rule; a model that was learnt under another one does not fit.
    """

    folder: Path
    rule: MatchRule

    @classmethod
    def of(cls, models_folder: Path, entity: str) -> MatchingRules:
        """Read them from beside the models.

        Raises:
            RuleFileError: the rule file is wrong.
        """
        folder = models_folder.parent / "rules"
        return cls(folder, load_match_rule(folder / "matching" / f"{entity}.yml"))

    @property
    def fingerprint(self) -> str:
        """Of the rule."""
        return hashlib.sha256(self.rule.model_dump_json().encode()).hexdigest()[:12]

    @cached_property
    def types(self) -> dict[FieldType, Field]:
        """How each type of field is read and compared.

        Raises:
            RuleFileError: a file with words is wrong.
        """
        return load_field_types(self.folder, self.rule)

    @property
    def reading(self) -> str:
        """Fingerprint of all by which values are read: keys that were made by other words do not fit."""
        digest = hashlib.sha256(self.rule.model_dump_json().encode())
        for file in (*sorted((self.folder / "matching" / "words").glob("*.yml")), self.folder / _COMPANY):
            digest.update(file.read_bytes() if file.exists() else b"")
        return digest.hexdigest()[:12]

    def columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Those columns of the conformed table that are compared, or stand in for one that has no value."""
        named = [column for name, field in self.rule.fields.items() for column in field.columns or (name,)]
        return tuple(dict.fromkeys(column for column in named if column in available))


def clusters(
    frame: pd.DataFrame, rules: MatchingRules, model: MatchModel | None, merged: Sequence[Pair], apart: Sequence[Pair]
) -> Clustered:
    """Match all records of an entity.

    Args:
        frame: `record_id`, unique, and the columns that are compared: texts, None for nothing.
        rules: Of the entity.
        model: The version in force; None learns one.
        merged: Pairs of records that belong together, whatever they say.
        apart: Pairs that do not. No pair of `merged`, nor a chain of them, contradicts one of these.

    Raises:
        RuleFileError: a rule file is wrong.
    """
    rule = rules.rule
    frame = filled(frame, rule)
    found = match(frame, rule, rules.types, model, merged=merged, apart=apart)
    report = {**_report(found), **facts(frame, rule, rules.types, found.blocks)}
    return _clustered(found, frame, rule, merged, report)


def clusters_again(followed: Followed, rules: MatchingRules, merged: Sequence[Pair]) -> Clustered:
    """As `clusters`, of the records that a change reached; pairs are those among them and with a touched record."""
    rule = rules.rule
    report = {"touched": len(followed.touched), "compared": followed.compared, "matched": len(followed.frame)}
    inside = _clustered(followed.matched, followed.frame, rule, merged, report)
    columns = rule.columns_in(followed.outside_frame.columns)
    outside = shown_pairs(followed.outside, followed.outside_frame, columns, rule.review_at)
    return replace(inside, pairs=pd.concat([inside.pairs, outside], ignore_index=True))


def _clustered(
    found: Matched, frame: pd.DataFrame, rule: MatchRule, merged: Sequence[Pair], report: Mapping[str, Any]
) -> Clustered:
    return Clustered(
        found.record_ids[found.cluster],
        _matched_by(found, merged),
        shown_pairs(found, frame, rule.columns_in(frame.columns), rule.review_at),
        report,
        found.model,
    )


def filled(frame: pd.DataFrame, rule: MatchRule) -> pd.DataFrame:
    """Each field in the first of its columns: where a source does not give that one, from the next."""
    filled = {"record_id": frame["record_id"]}
    for name, field in rule.fields.items():
        columns = [column for column in field.columns or (name,) if column in frame.columns]
        if columns:
            first = frame[columns[0]]
            for column in columns[1:]:
                first = first.where(first.notna(), frame[column])
            filled[columns[0]] = first
    return pd.DataFrame(filled)


def _matched_by(found: Matched, merged: Sequence[Pair]) -> list[str]:
    """For each record the field that said most for the likeliest pair that joined it."""
    names = np.array([SINGLE, *found.model.names], dtype=object)
    joined = np.flatnonzero(found.outcome == MERGE)
    # The likeliest pair comes last and stays.
    joined = joined[np.argsort(found.weight[joined], kind="stable")]
    strongest = found.parts[joined].argmax(axis=1) + 1 if len(joined) else np.empty(0, dtype=np.int64)
    by = np.zeros(len(found.record_ids), dtype=np.int64)
    by[found.left[joined]] = strongest
    by[found.right[joined]] = strongest
    matched_by: list[str] = names[by].tolist()
    decided = {record for pair in merged for record in pair}
    size = np.bincount(found.cluster, minlength=len(found.record_ids))
    return [
        BY_DECISION if record in decided and size[group] > 1 else name if size[group] > 1 else SINGLE
        for record, group, name in zip(found.record_ids, found.cluster, matched_by, strict=True)
    ]


def _report(found: Matched) -> dict[str, Any]:
    sizes = np.bincount(np.bincount(found.cluster))
    return {
        "model": found.model.version,
        "candidates": len(found.left),
        "blocks": [
            {
                "name": block.name,
                "pairs": block.pairs,
                "refused_keys": len(block.refused),
                "largest_refused": block.largest_refused,
            }
            for block in found.blocks
        ],
        "outcomes": {name: int(np.sum(found.outcome == place)) for place, name in enumerate(OUTCOMES)},
        "groups_by_size": {str(size): int(count) for size, count in enumerate(sizes) if size and count},
    }
