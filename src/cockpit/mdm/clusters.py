"""Where master data asks which records are one: the matching engine, with what stewards decided.

Everything else (ids, golden records, history) does not know how records are compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match.engine import MERGE, NO, Matched, match
from cockpit.domain.match.fields.company import APART
from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import MatchRule
from cockpit.mdm.pairs import COLUMNS
from cockpit.mdm.settle import Pair
from cockpit.rulebook.matching import load_field_types, load_match_rule

# What joined a record to its golden record: nothing, or a steward; else the field that said most.
SINGLE, BY_DECISION = "single", "decision"

_OUTCOMES = ("no", "review", "merge")


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
    found = match(frame, rule, load_field_types(rules.folder, rule), model, merged=merged, apart=apart)
    columns = rule.columns_in(frame.columns)
    return Clustered(
        found.record_ids[found.cluster],
        _matched_by(found, merged),
        pd.DataFrame(_shown(found, frame, columns, rule.review_at), columns=list(COLUMNS), dtype=object),
        _report(found),
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


def _shown(
    found: Matched, frame: pd.DataFrame, columns: Mapping[str, str], review_at: float
) -> Iterator[dict[str, object]]:
    """Pairs that were joined, that a person should look at, or that only a rule keeps apart."""
    texts = {name: frame[column].to_numpy(dtype=object) for name, column in columns.items()}
    for pair in np.flatnonzero((found.outcome != NO) | ((found.veto != 0) & (found.weight >= review_at))).tolist():
        left, right = int(found.left[pair]), int(found.right[pair])
        one, other = str(found.record_ids[left]), str(found.record_ids[right])
        if one > other:
            one, other, left, right = other, one, right, left
        comparisons = [
            {
                "name": comparison.name,
                "left": _text(texts[comparison.name][left]) if comparison.name in texts else None,
                "right": _text(texts[comparison.name][right]) if comparison.name in texts else None,
                "level": None if level == MISSING else comparison.levels[level],
                "weight": round(float(found.parts[pair, column]), 2),
            }
            for column, (comparison, level) in enumerate(
                zip(found.model.comparisons, found.levels[pair].tolist(), strict=True)
            )
        ]
        weight = float(found.weight[pair])
        reasons = {"total": round(weight, 2), "veto": _veto(found, pair), "comparisons": comparisons}
        yield {
            "left_record": one,
            "right_record": other,
            "score": float(1 / (1 + 2.0 ** -max(min(weight, 60.0), -60.0))),
            "outcome": _OUTCOMES[found.outcome[pair]],
            "reasons": json.dumps(reasons, ensure_ascii=False),
            "model_version": found.model.version,
        }


def _text(value: object) -> str | None:
    """A value as people read it: of what a standardiser said about a text, the core."""
    if value is None or value != value:
        return None
    text = str(value)
    if text.startswith("{"):
        said = json.loads(text)
        return str(said.get("name") or said.get("value"))
    return text


def _veto(found: Matched, pair: int) -> str | None:
    veto = int(found.veto[pair])
    if veto == 0:
        return None
    return APART[veto - 1] if veto > 0 else found.model.names[-veto - 1]


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
        "outcomes": {name: int(np.sum(found.outcome == place)) for place, name in enumerate(_OUTCOMES)},
        "groups_by_size": {str(size): int(count) for size, count in enumerate(sizes) if size and count},
    }
