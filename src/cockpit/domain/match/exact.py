"""Group records that share an identifying value.

What counts as identifying, and how a name is levelled first, is written in include/rules/matching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cockpit.i18n import _

_SPACE_AND_PUNCTUATION = re.compile(r"[\s\"'‘’“”`.,·・、，。_‐–—-]+")


class ExactRule(BaseModel):
    """Contents of `include/rules/matching/<entity>.yml`.

    Attributes:
        keys: Fields whose equal value joins two records, strongest first.
        distinguishes: A field whose different values keep two records apart whatever else they share.
        name_replacements: Texts that mean the same within a name, replaced before names are compared; each by a
            shorter one, so that replacing comes to an end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[str, ...] = Field(min_length=1)
    distinguishes: str
    name_field: str
    name_replacements: dict[str, str] = Field(default_factory=dict)

    @field_validator("name_replacements")
    @classmethod
    def _effective(cls, replacements: dict[str, str]) -> dict[str, str]:
        for found, put in replacements.items():
            levelled = level_name(found, {})
            if found != levelled:
                raise ValueError(_("{found} never occurs in a levelled name; write {text}", found=found, text=levelled))
            if len(put) >= len(found):
                raise ValueError(_("{put} is not shorter than {found}", put=put, found=found))
        return replacements


@dataclass(frozen=True)
class Record:
    """One source record: its id and the fields that the rule names; missing fields are None."""

    record_id: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True)
class Membership:
    """The group of a record: the least record id in it, and the field that joined the record to it."""

    record_id: str
    group_id: str
    matched_by: str


def level_name(name: str, replacements: Mapping[str, str]) -> str:
    """A name without differences that say nothing: width, case, spaces, punctuation, agreed synonyms.

    Idempotent. Brackets stay, because a bracketed region distinguishes companies.
    """
    text, before = name, None
    # One step may make room for another: a removed point lets an accent join its letter.
    while text != before:
        before = text
        text = _SPACE_AND_PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())
        for found, put in replacements.items():
            text = text.replace(found, put)
    return text


def level_code(code: str) -> str:
    """A registration number without differences in writing: width, case, dashes, spaces. Idempotent."""
    return "".join(character for character in unicodedata.normalize("NFKC", code).upper() if character.isalnum())


def group_exact(records: Sequence[Record], rule: ExactRule) -> list[Membership]:
    """Join records that share a key, in the order of the keys, unless `distinguishes` keeps them apart.

    Args:
        records: Any order; the result does not depend on it.
        rule: Keys and veto.

    Returns:
        One membership per record, sorted by record id.
    """
    ordered = sorted(records, key=lambda record: record.record_id)
    parent = {record.record_id: record.record_id for record in ordered}
    matched_by = dict.fromkeys(parent, "single")
    # The distinguishing value of each group, None while no member has one.
    identity = {record.record_id: _levelled(record, rule.distinguishes, rule) for record in ordered}

    def root(record_id: str) -> str:
        while parent[record_id] != record_id:
            parent[record_id] = parent[parent[record_id]]
            record_id = parent[record_id]
        return record_id

    for key in rule.keys:
        for ids in _by_value(ordered, key, rule).values():
            # Records with an identity come first: one without joins the first that fits.
            groups: list[str] = []
            for record_id in sorted(ids, key=lambda item: (identity[root(item)] is None, item)):
                own = root(record_id)
                partner = next((group for group in groups if _compatible(identity[root(group)], identity[own])), None)
                if partner is None:
                    groups.append(own)
                    continue
                target = root(partner)
                if target == own:
                    continue
                first, second = sorted((target, own))
                parent[second] = first
                identity[first] = identity[first] or identity[second]
                for member in (record_id, partner):
                    if matched_by[member] == "single":
                        matched_by[member] = key
    return [Membership(r.record_id, root(r.record_id), matched_by[r.record_id]) for r in ordered]


def _compatible(left: str | None, right: str | None) -> bool:
    return left is None or right is None or left == right


def _by_value(records: Iterable[Record], key: str, rule: ExactRule) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for record in records:
        value = _levelled(record, key, rule)
        if value:
            groups.setdefault(value, []).append(record.record_id)
    return groups


def _levelled(record: Record, field: str, rule: ExactRule) -> str | None:
    """The field's value as it is compared; None when nothing of it is left."""
    value = record.fields.get(field)
    if not value:
        return None
    return (level_name(value, rule.name_replacements) if field == rule.name_field else level_code(value)) or None
