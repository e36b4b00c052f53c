"""Choose one surviving value per field from a cluster of source records.

Precedence lives in include/rules/survivorship; this module only applies it. Builds do the same in SQL for all golden
records at once (cockpit.warehouse.golden); this is how one choice is explained, and what the SQL is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Criterion: TypeAlias = Literal["given", "valid", "trust", "recency", "completeness"]
# only: no other record has a value. order: nothing but the order of sources and keys told them apart.
Reason: TypeAlias = Criterion | Literal["pin", "only", "order"]


@dataclass(frozen=True)
class Candidate:
    """What one record says about one field.

    Attributes:
        value: None when it says nothing.
        is_given: The source said it; else a completion rule found it.
        is_valid: It fulfils the field's condition.
        trust: Rank of the source, 1 is believed first.
        dated: How new the record is; None is older than any date.
        filled: Fields of the record that have a value.
    """

    source: str
    source_key: str
    value: str | None
    is_given: bool = True
    is_valid: bool = True
    trust: int = 5
    dated: datetime | None = None
    filled: int = 0


@dataclass(frozen=True)
class Survivor:
    """The value of one field of a golden record, and why.

    Attributes:
        value: None when no record has one, or a steward pinned that there is none.
        source, source_key: The record that it comes from; None when it was pinned or there is no value.
        reason: The first criterion in which that record was ahead of the next one; None when there is no value.
    """

    value: str | None
    source: str | None = None
    source_key: str | None = None
    reason: Reason | None = None


_ORDER: dict[Criterion, Callable[[Candidate], float]] = {
    "given": lambda candidate: not candidate.is_given,
    "valid": lambda candidate: not candidate.is_valid,
    "trust": lambda candidate: candidate.trust,
    "recency": lambda candidate: -candidate.dated.timestamp() if candidate.dated else float("inf"),
    "completeness": lambda candidate: -candidate.filled,
}


def survive(records: Collection[Candidate], prefer: Sequence[Criterion], pins: Sequence[str | None] = ()) -> Survivor:
    """Pick the value of one field for a golden record.

    Args:
        records: One cluster, any order; the result does not depend on it.
        prefer: Criteria, the one that decides first before the others.
        pins: The value that a steward pinned, when there is one; it stands whatever the records say.

    Returns:
        The value, with its record and the reason, so that the choice can be audited.
    """
    if pins:
        return Survivor(pins[0], reason="pin")

    def rank(candidate: Candidate) -> tuple[float, ...]:
        return tuple(_ORDER[criterion](candidate) for criterion in prefer)

    ranked = sorted(
        (record for record in records if record.value is not None),
        key=lambda candidate: (rank(candidate), candidate.source, candidate.source_key),
    )
    if not ranked:
        return Survivor(None)
    best = ranked[0]
    reason: Reason = "only"
    if len(ranked) > 1:
        differs = (one != other for one, other in zip(rank(best), rank(ranked[1]), strict=True))
        reason = next((name for name, ahead in zip(prefer, differs, strict=True) if ahead), "order")
    return Survivor(best.value, best.source, best.source_key, reason)
