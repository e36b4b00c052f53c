"""What standardising a text gives: a value, how sure we are, and why.

A standardiser never guesses silently: what it is not sure about goes to a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

# ok: the value can be used. review: a person decides; the value, if any, is the best candidate and is not used.
# invalid: the text is no value of its kind. absent: nothing was said, or said to be open ("面议").
Outcome: TypeAlias = Literal["ok", "review", "invalid", "absent"]

# What a column of a source may be standardised as; see kinds.py for who does it.
StandardKind: TypeAlias = Literal[
    "amount",
    "headcount",
    "company",
    "person",
    "phone",
    "email",
    "website",
    "credit-code",
    "address",
    "date",
    "lead-source",
    "industry",
]

Json: TypeAlias = "bool | int | str | Decimal | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Standard:
    """One standardised text.

    Attributes:
        value: The standard form: a Decimal for amounts, ISO 8601 for dates, E.164 for phones, and so on; None when
            the text gives none.
        outcome: What may be done with it.
        confidence: 0-1; 1 when the text can be read in one way only, 0 without a value.
        reason: One snake_case word for what was found; empty when there is nothing to say.
        details: Further parts, by kind: `unit` of an amount, `class` of a headcount, `extension` of a phone.
    """

    value: Json
    outcome: Outcome = "ok"
    confidence: float = 1.0
    reason: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def absent(cls, reason: str = "empty") -> Standard:
        """Nothing was said."""
        return cls(None, "absent", 0.0, reason)

    @classmethod
    def invalid(cls, reason: str, **details: Json) -> Standard:
        """The text is no value of its kind."""
        return cls(None, "invalid", 0.0, reason, details)

    @classmethod
    def review(cls, reason: str, value: Json = None, confidence: float = 0.0, **details: Json) -> Standard:
        """A person decides; `value` is the best candidate."""
        return cls(value, "review", confidence, reason, details)


class Standardiser(Protocol):
    """A rule file, ready to be applied."""

    def standardise(self, text: str) -> Standard:
        """One text; any text, however strange, gives a result and no exception."""

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """One result per text, in their order; the same results as one by one, faster."""


def to_json(value: Json) -> str:
    """A value as JSON text; Decimals as numbers with all their digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{to_json(name)}: {to_json(part)}" for name, part in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
