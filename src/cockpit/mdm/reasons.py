"""Why two records are one or are not: what matching wrote beside a pair, read for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Says: TypeAlias = Literal["for", "against", "little", "nothing"]

# Less evidence than this, in bits, is none that a person would notice.
_LITTLE = 0.5


@dataclass(frozen=True)
class Comparison:
    """One field of two records.

    Attributes:
        name: The field of the matching rule.
        left, right: What was compared; None where a record has nothing.
        level: How much the two agree, in the matcher's words; None where one of them is missing.
        weight: log2 of how much likelier this is among records of one thing than among others.
    """

    name: str
    left: str | None
    right: str | None
    level: str | None
    weight: float

    @property
    def says(self) -> Says:
        """Which way it points."""
        if self.level is None:
            return "nothing"
        if abs(self.weight) < _LITTLE:
            return "little"
        return "for" if self.weight > 0 else "against"


@dataclass(frozen=True)
class Reasons:
    """All that was found about a pair.

    Attributes:
        total: log2 odds that the two are one; None where none were computed.
        veto: What keeps them apart whatever else agrees; None for nothing.
    """

    total: float | None
    veto: str | None
    comparisons: tuple[Comparison, ...]

    @property
    def rest(self) -> float:
        """Bits of the total that no single field says: how seldom two records are one, and several fields at once."""
        return 0.0 if self.total is None else self.total - sum(each.weight for each in self.comparisons)

    def by_strength(self) -> tuple[Comparison, ...]:
        """Comparisons, those first that speak loudest, either way; then those that say nothing."""
        return tuple(sorted(self.comparisons, key=lambda each: (each.level is None, -abs(each.weight))))


def read_reasons(content: Mapping[str, Any] | None) -> Reasons:
    """The content of `mdm.pair.reasons`; empty for null."""
    found = content or {}
    return Reasons(
        total=_number(found.get("total")),
        veto=_text(found.get("veto")),
        comparisons=tuple(
            Comparison(
                str(each["name"]),
                _text(each.get("left")),
                _text(each.get("right")),
                _text(each.get("level")),
                _number(each.get("weight")) or 0.0,
            )
            for each in found.get("comparisons", ())
        ),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
