"""Contents of `include/rules/matching/<entity>.yml`: what is compared, and what a machine may join."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Self, TypeAlias

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cockpit.i18n import _

FieldType: TypeAlias = Literal[
    "company_name",
    "person_name",
    "organisation",
    "date",
    "identifier",
    "phone",
    "email",
    "address",
    "postcode",
    "region",
    "text",
    "product_name",
    "specification",
]
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FieldRule(BaseModel):
    """A field that is compared.

    Attributes:
        columns: Where it stands in the data; the first of them that is there is taken. The field's name when empty.
        is_apart: Two different values keep two records apart whatever else agrees.
        parts: Fields that together say the same; where the data have all of them, they are compared instead.
        in_letters: For a list that is matched by itself: the type that is taken instead where hardly any of its values
            is written in Chinese characters.
    """

    model_config = _STRICT

    type: FieldType
    in_letters: FieldType | None = None
    columns: tuple[str, ...] = ()
    is_apart: bool = False
    parts: tuple[str, ...] = ()


class Proof(BaseModel):
    """What a machine has to see before it joins two records whose names are not plainly the same.

    Attributes:
        field: The name.
        sure: Levels of its comparison that need no further proof.
        by: Fields of which one has to be equal otherwise.
        at_most: log2 odds that a pair without proof counts at most.
    """

    model_config = _STRICT

    field: str
    sure: tuple[str, ...] = Field(min_length=1)
    by: tuple[str, ...] = Field(min_length=1)
    at_most: float = -1.0


class MatchRule(BaseModel):
    """The rule of one entity.

    Attributes:
        fields: By name, in the order in which they are shown.
        swapped: Two fields of names whose values are sometimes exchanged: given and family name.
        made_of: Fields of e-mail addresses, each with the names of persons that addresses are often made of: to one who
            has the same name such an address says little.
        related: Fields in which records differ that agree on much and yet are two things, such as members of one
            household; each entry is one kind of such records.
        proof: One or several, all of which are asked for; none when the weights alone decide.
        blocks: Keys that make two records candidates, each one or two of `field.key`; when empty, all that the types
            of the fields offer.
        merge_at: log2 odds that the average of all pairs within a group has to reach.
        precision: Instead of `merge_at`: the share of joined pairs that is to be right. The odds for it are found when
            a model is learnt, and kept with it.
        review_at: log2 odds from which a pair that was not joined is shown to a person.
        largest_block: Records that may share a key; more say nothing about each other.
        exhaustive_pairs: Up to so many pairs all are compared.
    """

    model_config = _STRICT

    fields: dict[str, FieldRule] = Field(min_length=1)
    swapped: tuple[tuple[str, str], ...] = ()
    made_of: dict[str, tuple[str, ...]] = {}
    related: tuple[tuple[str, ...], ...] = ()
    proof: tuple[Proof, ...] = ()
    blocks: tuple[tuple[str, ...], ...] = ()
    merge_at: float = 0.0
    precision: float | None = Field(default=None, gt=0.5, lt=1)
    review_at: float = -4.0
    largest_block: int = Field(default=200, ge=2)
    exhaustive_pairs: int = Field(default=1_500_000, ge=0)

    @field_validator("proof", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return value if isinstance(value, list | tuple) else (value,) if value else ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        parts = [field.parts for field in self.fields.values()]
        made_of = [(name, *names) for name, names in self.made_of.items()]
        named = {name for group in (*self.swapped, *self.related, *made_of, *parts) for name in group}
        unknown = sorted(named - self.fields.keys())
        if unknown:
            raise ValueError(_("{field} is none of the fields", field=unknown[0]))
        if self.precision is not None and "merge_at" in self.model_fields_set:
            raise ValueError(_("merge_at and precision say the same; write one of them"))
        return self

    def suited_to(self, frame: pd.DataFrame) -> MatchRule:
        """The rule with those types that the values of a list ask for; see `FieldRule.in_letters`."""
        found = self.columns_in(frame.columns)
        changed = {
            name: field.model_copy(update={"type": field.in_letters})
            for name, field in self.fields.items()
            if field.in_letters and name in found and not _is_chinese(frame[found[name]])
        }
        return self.model_copy(update={"fields": {**self.fields, **changed}}) if changed else self

    @property
    def columns(self) -> frozenset[str]:
        """All that the fields may be read from."""
        return frozenset(column for name, field in self.fields.items() for column in field.columns or (name,))

    def columns_in(self, available: Collection[str]) -> dict[str, str]:
        """The column that each field takes of those that are there; fields without one are left out."""
        found: dict[str, str] = {}
        for name, field in self.fields.items():
            column = next((each for each in field.columns or (name,) if each in available), None)
            if column is not None:
                found[name] = column
        whole = {name for name in found if self.fields[name].parts and set(self.fields[name].parts) <= found.keys()}
        return {name: column for name, column in found.items() if name not in whole}


def _is_chinese(column: pd.Series) -> bool:
    """Whether more than a few of the values have Han characters."""
    values = column.dropna().astype(str)
    return bool(values.str.contains(_HAN).mean() > _FEW) if len(values) else True


_HAN = "[\u4e00-\u9fff]"
_FEW = 0.1
