"""Fields, keys and levels that a rule of matching names: what is not there is refused with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from cockpit.domain.match.engine import field_types
from cockpit.domain.match.fields.company import CompanyName
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.rule import FieldType
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.yaml_lines import Location

# Its keys need the standardiser of names, which is a rule file of its own.
COMPANY_KEYS = ("exact", "near", "brand", "sound")
_MOST_KEYS = 2
# Of MatchRule.
_MERGE_AT = 0.0


def check_names(path: Path, data: Any, lines: Mapping[Location, int]) -> Any:
    """The content as it is, after a look at the names that it holds; what has a wrong type is left to the type.

    Raises:
        RuleFileError: a name is not there, or contradicts another one, with file and line.
    """
    fields = data.get("fields") if isinstance(data, dict) else None
    if not isinstance(fields, dict):
        return data
    # The first one is told; those after it may rely on what was looked at before them.
    for fault in chain(
        _unknown_fields(data, fields),
        _swapped(data, fields),
        _made_of_names(data, fields),
        _circles(fields),
        _blocks(data, fields),
        _levels(data, fields),
        _thresholds(data),
    ):
        place, what, found, allowed = fault
        raise RuleFileError(what, where=f"{path}:{_line(lines, place)}", found=found, allowed=allowed)
    return data


def key_names(kind: str) -> tuple[str, ...]:
    """Keys that a type of field offers to blocks."""
    if kind == "company_name":
        return COMPANY_KEYS
    field = field_types(None)[kind]  # type: ignore[index]
    offered = tuple(field.keys(field.read(pd.Series([], dtype=object))))
    has_near = type(field).near is not Field.near
    return (*offered, "alike") if has_near else offered


# Place, what is wrong, what was found, what is allowed.
Fault = tuple[Location, str, object, str | None]


def _unknown_fields(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[Fault]:
    for place, name in _mentioned(data, fields):
        if not isinstance(name, str) or name not in fields:
            what = _("{part} names a field that is not there", part=".".join(str(part) for part in place))
            yield place, what, name, ", ".join(map(str, fields))


def _swapped(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[Fault]:
    persons = [str(each) for each in fields if _type_of(fields, each) == "person_name"]
    for number, pair in enumerate(_listed(data.get("swapped"))):
        for position, name in enumerate(_listed(pair)):
            place: Location = ("swapped", number, position)
            if isinstance(fields[name], dict) and name not in persons:
                yield place, _("{part} is for names of persons", part="swapped"), name, ", ".join(persons)
            if name in _listed(pair)[:position]:
                yield place, _("{part} names one field twice", part="swapped"), name, None


def _circles(fields: Mapping[Any, Any]) -> Iterator[Fault]:
    """A field that is a part of itself, directly or through others."""
    parts = {name: _listed(content.get("parts")) for name, content in fields.items() if isinstance(content, dict)}
    for name in parts:
        seen: set[Any] = set()
        waiting = list(parts[name])
        while waiting:
            part = waiting.pop()
            if part == name:
                yield ("fields", name, "parts"), _("the field is a part of itself"), name, None
                break
            if part not in seen:
                seen.add(part)
                waiting += parts.get(part, [])


def _blocks(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[Fault]:
    for number, block in enumerate(_listed(data.get("blocks"))):
        keys = _listed(block)
        if isinstance(block, list) and not 1 <= len(keys) <= _MOST_KEYS:
            yield ("blocks", number), _("a block is one key or two"), keys or None, None
        for position, key in enumerate(keys):
            place: Location = ("blocks", number, position)
            if not isinstance(key, str):
                continue
            name, _dot, own = key.partition(".")
            kind = _type_of(fields, name)
            if name not in fields:
                what = _("{part} names a field that is not there", part=f"blocks.{number}.{position}")
                yield place, what, key, ", ".join(map(str, fields))
            elif kind in get_args(FieldType) and own not in key_names(kind):
                what = _("the field has no such key")
                yield place, what, key, ", ".join(f"{name}.{each}" for each in key_names(kind))


def _levels(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[Fault]:
    for at, proof in _proofs(data):
        kind = _type_of(fields, proof.get("field"))
        if kind not in get_args(FieldType):
            continue
        levels = CompanyName.levels if kind == "company_name" else field_types(None)[kind].levels
        for position, level in enumerate(_listed(proof.get("sure"))):
            if isinstance(level, str) and level not in levels:
                yield (*at, "sure", position), _("the comparison finds no such level"), level, ", ".join(levels)


def _thresholds(data: Mapping[str, Any]) -> Iterator[Fault]:
    review_at, merge_at = data.get("review_at"), data.get("merge_at", _MERGE_AT)
    if _is_number(review_at) and _is_number(merge_at) and "precision" not in data and review_at > merge_at:
        what = _("review_at is above merge_at: no pair would be left to a person")
        yield ("review_at",), what, review_at, f"<= {merge_at}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mentioned(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[tuple[Location, Any]]:
    """Where the file names fields, and which."""
    for key in ("swapped", "related"):
        for number, group in enumerate(_listed(data.get(key))):
            yield from (((key, number, place), name) for place, name in enumerate(_listed(group)))
    for name, names in _made_of(data):
        yield ("made_of", name), name
        yield from ((("made_of", name, place), each) for place, each in enumerate(names))
    for at, proof in _proofs(data):
        if "field" in proof:
            yield (*at, "field"), proof["field"]
        yield from (((*at, "by", place), name) for place, name in enumerate(_listed(proof.get("by"))))
    for field, content in fields.items():
        parts = _listed(content.get("parts")) if isinstance(content, dict) else []
        yield from ((("fields", field, "parts", place), name) for place, name in enumerate(parts))


def _made_of(data: Mapping[str, Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Fields of e-mail addresses, and of the names that these are made of."""
    made_of = data.get("made_of")
    for name, names in made_of.items() if isinstance(made_of, dict) else ():
        yield name, _listed(names)


def _made_of_names(data: Mapping[str, Any], fields: Mapping[Any, Any]) -> Iterator[Fault]:
    of_type = {
        kind: [str(each) for each in fields if _type_of(fields, each) == kind] for kind in ("email", "person_name")
    }
    for name, names in _made_of(data):
        if name not in of_type["email"]:
            yield (
                ("made_of", name),
                _("{part} is for e-mail addresses", part="made_of"),
                name,
                ", ".join(of_type["email"]),
            )
        for place, each in enumerate(names):
            if each not in of_type["person_name"]:
                what = _("what {part} names is no name of persons", part="made_of")
                yield ("made_of", name, place), what, each, ", ".join(of_type["person_name"])


def _proofs(data: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """One, or a list of several."""
    proofs = data.get("proof")
    for number, proof in enumerate(proofs if isinstance(proofs, list) else [proofs]):
        if isinstance(proof, dict):
            yield (("proof", number) if isinstance(proofs, list) else ("proof",)), proof


def _type_of(fields: Mapping[Any, Any], name: Any) -> Any:
    content = fields.get(name) if isinstance(name, str) else None
    return content.get("type") if isinstance(content, dict) else None


def _line(lines: Mapping[Location, int], place: Location) -> int:
    """Of the place, or of what it stands in."""
    return next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), 1)


def _listed(value: Any) -> list[Any]:
    """A list as it is; anything else has no entries, and is refused by its type."""
    return value if isinstance(value, list) else []
