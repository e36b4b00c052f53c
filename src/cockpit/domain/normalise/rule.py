"""What the rule files in include/rules/normalisation have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Example(BaseModel):
    """A text and what becomes of it; runs as a test, in the tests and before a changed rule is used.

    Attributes:
        text: Written `in` in the file.
        declared: What the source's contract says about the column, such as `currency: USD`; see the kind.
        out: The value as JSON: a number for amounts, null for none.
        outcome: Compared when given; `reason` too.
        details: Compared part by part; parts that are not listed are not looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    text: str = Field(alias="in")
    declared: dict[str, Any] = Field(default_factory=dict)
    out: Any = None
    outcome: str | None = None
    reason: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class NormalisationRule(BaseModel):
    """Base of the rule files.

    Attributes:
        version: Raised by the author when results change on purpose; shown beside standardised values.
        examples: At least one, so that a rule shows what it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    examples: tuple[Example, ...] = Field(min_length=1)


class Declared(BaseModel):
    """What a source's contract says about a column beside its kind; each kind has its own fields with defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")
