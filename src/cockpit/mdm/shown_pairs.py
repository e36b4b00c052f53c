"""The compared pairs that are worth keeping, with what speaks for and against each, as mdm.pair has them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cockpit.domain.match.engine import NO, Matched
from cockpit.domain.match.fields.company import APART
from cockpit.domain.match.fields.values import Ints, Objects, as_objects
from cockpit.domain.match.model import ComparisonModel
from cockpit.mdm.pairs import COLUMNS

OUTCOMES = ("no", "review", "merge")

# log2 odds beyond which a probability is 0 or 1.
_SURE = 60.0


def shown_pairs(found: Matched, frame: pd.DataFrame, columns: Mapping[str, str], review_at: float) -> pd.DataFrame:
    """Pairs that were joined, that a person should look at, or that only a rule keeps apart.

    Args:
        found: What matching found in the frame.
        frame: The records.
        columns: Comparison -> column that it was read from; others show no values.
        review_at: Least log2 odds of a pair that a rule keeps apart.

    Returns:
        The columns of mdm.pair after `entity`; the lesser record id is left.
    """
    places = np.flatnonzero((found.outcome != NO) | ((found.veto != 0) & (found.weight >= review_at)))
    ids = found.record_ids
    left, right = found.left[places], found.right[places]
    is_turned = (ids[left] > ids[right]).astype(bool)
    left, right = np.where(is_turned, right, left), np.where(is_turned, left, right)
    weight = found.weight[places].astype(float)
    named = found.model.names
    # Written piece by piece: a JSON object per pair would take most of the time of a run.
    parts = [
        _comparison(
            comparison,
            frame[columns[comparison.name]].to_numpy(dtype=object) if comparison.name in columns else None,
            left,
            right,
            found.levels[places, column].astype(np.int64),
            found.parts[places, column].astype(float),
        )
        for column, comparison in enumerate(found.model.comparisons)
    ]
    totals, vetoes = _rounded(weight), (_veto(veto, named) for veto in found.veto[places].tolist())
    each = zip(*parts, strict=True) if parts else [()] * len(places)
    reasons = [
        f'{{"total": {total}, "veto": {veto}, "comparisons": [{", ".join(texts)}]}}'
        for total, veto, texts in zip(totals, vetoes, each, strict=True)
    ]
    values = (
        ids[left],
        ids[right],
        (1 / (1 + np.exp2(-np.clip(weight, -_SURE, _SURE)))).astype(object),
        as_objects(OUTCOMES)[found.outcome[places]],
        as_objects(reasons),
        as_objects([found.model.version] * len(places)),
    )
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), dtype=object)


def _comparison(
    comparison: ComparisonModel,
    texts: Objects | None,
    left: Ints,
    right: Ints,
    levels: Ints,
    bits: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> list[str]:
    """What one comparison says about each pair, as JSON."""
    # The last one is that of MISSING.
    level = as_objects([*(json.dumps(name, ensure_ascii=False) for name in comparison.levels), "null"])[levels]
    one, other = _values(texts, left, right)
    name = json.dumps(comparison.name, ensure_ascii=False)
    return [
        f'{{"name": {name}, "left": {a}, "right": {b}, "level": {c}, "weight": {d}}}'
        for a, b, c, d in zip(one, other, level.tolist(), _rounded(bits), strict=True)
    ]


def _values(texts: Objects | None, left: Ints, right: Ints) -> tuple[list[str], list[str]]:
    """The values of both sides as JSON."""
    if texts is None:
        return ["null"] * len(left), ["null"] * len(left)
    codes, distinct = pd.factorize(np.concatenate([texts[left], texts[right]]), use_na_sentinel=True)
    written = as_objects([*(json.dumps(_text(text), ensure_ascii=False) for text in distinct), "null"])[codes].tolist()
    return written[: len(left)], written[len(left) :]


def _rounded(bits: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    return [repr(value) for value in np.round(bits, 2).tolist()]


def _text(value: object) -> str:
    """A value as people read it: of what a standardiser said about a text, the name."""
    text = str(value)
    if not text.startswith('{"'):
        return text
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        # It only looks like that.
        return text
    return str(said.get("name") or said["value"]) if "value" in said else text


def _veto(veto: int, names: tuple[str, ...]) -> str:
    """What keeps a pair apart, as JSON."""
    if veto == 0:
        return "null"
    return json.dumps(APART[veto - 1] if veto > 0 else names[-veto - 1], ensure_ascii=False)
