"""What matching found, in words for people, in the language of the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cockpit.i18n import _, language
from cockpit.mdm.compared import ComparedFields
from cockpit.rulebook.contract import Contract

_EXPLAINED = re.compile(r"[;,:(（，；：]")


def label(name: str, contract: Contract) -> str:
    """What a field of a matching rule, or a column, is called; its name where the table has no such column."""
    column = contract.columns.get(name)
    if column is None:
        return name
    described = column.description_zh if language() == "zh" else column.description
    # What follows explains; there is no room for it beside a value.
    return _EXPLAINED.split(described, maxsplit=1)[0].strip()


def level(name: str | None) -> str:
    """How much two values agree."""
    if name is None:
        return _("missing on a side")
    return _levels().get(name, name)


def compared(name: str, fields: ComparedFields) -> str:
    """What a comparison is called."""
    column = fields.column(name)
    if column is None:
        # Two fields whose values are sometimes exchanged.
        return " / ".join(compared(part, fields) for part in name.split(" / ")) if " / " in name else name
    return label(column, fields.staged)


def veto(name: str, fields: ComparedFields) -> str:
    """What keeps two records apart."""
    if name in fields.columns:
        return _("{field} differs, and that decides", field=compared(name, fields))
    return _vetoes().get(name, name)


def strength(weight: float) -> str:
    """What a comparison says, from its bits."""
    size = abs(weight)
    if size < 0.5:
        return _("says little")
    if weight > 0:
        return _("strongly for") if size >= 6 else _("for") if size >= 2 else _("weakly for")
    return _("strongly against") if size >= 6 else _("against") if size >= 2 else _("weakly against")


def kinds() -> Mapping[str, str]:
    """What somebody decided."""
    return {
        "merge": _("the same"),
        "not_same": _("not the same"),
        "split": _("taken out"),
        "pin": _("value decided"),
        "parent": _("belongs to a parent"),
        "no_parent": _("has no such parent"),
    }


def states() -> Mapping[str, str]:
    """Whether a decision counts."""
    return {
        "in_force": _("counts"),
        "undone": _("taken back"),
        "superseded": _("decided otherwise later"),
        "conflict": _("in conflict"),
        "idle": _("its records have gone"),
    }


def relations() -> Mapping[str, str]:
    """What one customer is to the one above it."""
    return {
        "branch": _("branch"),
        "subsidiary": _("subsidiary"),
        "group": _("member of the group"),
        "former_name": _("former name"),
    }


def relation(name: str | None) -> str:
    """One of them; as it was written where it is unknown."""
    return relations().get(name or "subsidiary", name or "")


def found_by(name: str) -> str:
    """How it is known that one customer is above another."""
    known = {
        "decision": _("a steward decided"),
        "parent_key": _("its source names the one above"),
        "branch_name": _("its name is that of a branch"),
        "former_name": _("its name is a former one of the other"),
    }
    return known.get(name, name)


def criteria() -> Mapping[str, str]:
    """Why a value stands in the golden record."""
    return {
        "pin": _("a steward decided"),
        "only": _("the only value"),
        "given": _("given by a source, not completed"),
        "valid": _("fulfils the field's condition"),
        "trust": _("from the source that is trusted most"),
        "recency": _("from the newest record"),
        "completeness": _("from the record that fills most fields"),
        "order": _("first in order; nothing told them apart"),
    }


def events() -> Mapping[str, str]:
    """What happened to a golden id."""
    return {
        "birth": _("the id begins"),
        "join": _("records joined"),
        "leave": _("records left their source"),
        "reuse": _("the source gave these keys to somebody else"),
        "merge": _("merged into another id"),
        "split": _("parted from another id"),
    }


def _levels() -> Mapping[str, str]:
    return {
        "exact": _("equal"),
        "one slip": _("one slip of the pen"),
        "two slips": _("two slips of the pen"),
        "same words": _("same words in another order"),
        "very similar": _("very similar"),
        "similar": _("similar"),
        "vaguely similar": _("vaguely similar"),
        "different": _("different"),
        "without area": _("equal without area code"),
        "same user": _("same user at another domain"),
        "two parts equal": _("two of three parts equal"),
        "near": _("close by"),
        "short form": _("one is short for the other"),
        "same name": _("same name"),
        "form left out": _("same but for the legal form"),
        "region left out": _("same but for the region"),
        "short name": _("one is a short name"),
        "sounds or looks alike": _("sounds or looks alike"),
        "as they stand": _("as they stand"),
        "exchanged": _("exchanged with each other"),
        "nickname": _("one is a nickname of the other"),
        "initial": _("one is an initial of the other"),
        "slips": _("some slips of the pen"),
        "words left out": _("same but for words left out"),
        "most words": _("most words are the same"),
        "some words": _("some words are the same"),
        "same domain": _("another user at the same domain"),
        "same number, similar street": _("same number, similar street"),
        "number missing, similar street": _("similar street, one without number"),
        "other unit of the house": _("another flat or office of the house"),
        "slip in the number, similar street": _("similar street, a slip in the number"),
        "same number, other street": _("same number, another street"),
        "other number, similar street": _("similar street, another number"),
        "sizes left out": _("one leaves out a size or mark"),
        "each says more": _("each names a size or mark that the other leaves out"),
    }


def _vetoes() -> Mapping[str, str]:
    return {
        "branch_and_parent": _("one is a branch of the other"),
        "branches_differ": _("two branches"),
        "regions_differ": _("two regions of one brand"),
        "distinguishing_word": _("a word that tells companies apart"),
        "trades_differ": _("two trades under one brand"),
    }
