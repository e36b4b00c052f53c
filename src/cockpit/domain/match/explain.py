"""Why two records are one thing, or are not: what each field says, and what kept them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.domain.match.engine import weigh
from cockpit.domain.match.fields.company import APART
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.table import Table


@dataclass(frozen=True)
class FieldReason:
    """What one comparison says.

    Attributes:
        name: The field, or two names whose order was compared.
        left, right: Values as given; None where there is none.
        level: What comparing found; None when a value is missing, which says nothing.
        weight: In bits: 1 doubles the odds that the two are one thing, -1 halves them.
    """

    name: str
    left: str | None
    right: str | None
    level: str | None
    weight: float


@dataclass(frozen=True)
class Explanation:
    """Why two records are one thing, or are not.

    Attributes:
        fields: In the order of the rule.
        prior: Bits before anything is compared: how seldom two records are one thing.
        other: Bits of what is said about several fields at once: a shared place, related records, missing proof.
        total: All together.
        apart: What keeps the two apart whatever else agrees: a finding about names or a field; None for nothing.
    """

    left_id: str
    right_id: str
    fields: tuple[FieldReason, ...]
    prior: float
    other: float
    total: float
    apart: str | None


def explain(
    frame: pd.DataFrame,
    rule: MatchRule,
    types: Mapping[FieldType, Field],
    model: MatchModel,
    pairs: Sequence[tuple[str, str]],
) -> list[Explanation]:
    """Explain pairs of records.

    Args:
        frame: Has the records of the pairs; the fewer others, the quicker.
        rule, types, model: Of the run that is explained.
        pairs: Record ids.
    """
    table = Table(frame, rule, types, model.names)
    place = {record_id: position for position, record_id in enumerate(frame["record_id"])}
    left = np.array([place[one] for one, _other in pairs], dtype=np.int64)
    right = np.array([place[other] for _one, other in pairs], dtype=np.int64)
    compared = table.compare(left, right)
    parts = model.contributions(compared.levels, compared.agreed)
    totals = weigh(table, compared, model, rule)
    prior = float(np.log2(model.share / (1 - model.share)))
    explanations = []
    for row, (one, other) in enumerate(pairs):
        reasons = tuple(
            FieldReason(
                name,
                _shown(frame, table.column_of(name), int(left[row])),
                _shown(frame, table.column_of(name), int(right[row])),
                None if (level := int(compared.levels[row, column])) == MISSING else table.levels[column][level],
                float(parts[row, column]),
            )
            for column, name in enumerate(table.names)
        )
        total = float(totals[row])
        explanations.append(
            Explanation(
                one,
                other,
                reasons,
                prior,
                total - prior - sum(reason.weight for reason in reasons),
                total,
                _apart(int(compared.vetoes[row]), table),
            )
        )
    return explanations


def _shown(frame: pd.DataFrame, column: str | None, position: int) -> str | None:
    if column is None:
        return None
    value = frame[column].iloc[position]
    return None if pd.isna(value) else str(value)


def _apart(veto: int, table: Table) -> str | None:
    if veto == 0:
        return None
    return APART[veto - 1] if veto > 0 else table.names[-veto - 1]
