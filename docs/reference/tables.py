"""Turn pydantic types into tables that explain each field."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cockpit.rulebook.contract import Check

_PLAIN_TYPES: Mapping[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    None: "null",
    object: "anything",
    Any: "anything",
    date: "date",
    datetime: "time with offset",
    timedelta: "ISO 8601 duration, such as `PT10M`",
    Decimal: "decimal number, as text",
}

_SHARED_BY_SOURCES = ("cockpit.rulebook.sources.base", "cockpit.rulebook.sources.text_formats")


class MissingTextError(LookupError):
    """A field is not explained by its description, its type's docstring or fields.yml."""


class Texts:
    """What each field means: its own description, else its type's docstring, else fields.yml."""

    def __init__(self, extra: Mapping[str, Mapping[str, str]]) -> None:
        self._extra = extra
        self._used: set[tuple[str, str]] = set()

    def of(self, model: type[BaseModel], name: str, field: FieldInfo) -> str:
        """The explanation of one field.

        Raises:
            MissingTextError: nobody has written one.
        """
        if field.description:
            return without_stop(field.description)
        for ancestor in model.__mro__:
            documented = _attributes(ancestor.__doc__ or "") if issubclass(ancestor, BaseModel) else {}
            if name in documented:
                return without_stop(documented[name])
            written = self._extra.get(ancestor.__name__, {})
            if name in written:
                self._used.add((ancestor.__name__, name))
                return without_stop(written[name])
        raise MissingTextError(f"{model.__name__}.{name} has no explanation; write one in docs/reference/fields.yml")

    def require_all_used(self) -> None:
        """Refuse explanations that no field takes.

        Raises:
            MissingTextError: names them.
        """
        unused = {(model, name) for model, names in self._extra.items() for name in names} - self._used
        if unused:
            listed = ", ".join(sorted(f"{model}.{name}" for model, name in unused))
            raise MissingTextError(f"docs/reference/fields.yml explains fields that need or have no text: {listed}")


def _attributes(docstring: str) -> dict[str, str]:
    """The entries of a docstring's section "Attributes", by name."""
    _before, _heading, section = inspect.cleandoc(docstring).partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if entry := re.match(r"^ {4}(\w+(?:, \w+)*): (.*)$", line):
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        elif line.startswith(" " * 8):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        elif line.strip():
            break
    return found


def without_stop(text: str) -> str:
    """A text as it stands in a cell of a table."""
    return text.rstrip(".")


def sections(
    models: Iterable[type[BaseModel]],
    texts: Texts,
    *,
    required: bool = True,
    beside: Sequence[type[BaseModel]] = (),
) -> str:
    """One section per type, with a table of its fields.

    Args:
        required: Whether somebody writes such a value, so that it matters which fields may be left out.
        beside: Types that are explained elsewhere; fields that a type takes over from them unchanged are left out.
    """
    return "\n\n".join(_section(model, texts, required=required, beside=beside) for model in models)


def _section(model: type[BaseModel], texts: Texts, *, required: bool, beside: Sequence[type[BaseModel]]) -> str:
    summary = inspect.cleandoc(model.__doc__ or "").partition("\n\nAttributes:")[0]
    rows = [
        (f"`{name}`", _type_text(field.annotation), texts.of(model, name, field))
        + ((_default_text(field),) if required else ())
        for name, field in model.model_fields.items()
        if not _is_taken_over(model, name, beside)
    ]
    for name, computed in model.model_computed_fields.items():
        rows.append((f"`{name}`", _type_text(computed.return_type), without_stop(computed.description or "")))
    heading = ("field", "type", "meaning", "when absent") if required else ("field", "type", "meaning")
    parts = [f"## {model.__name__}", summary, table(heading, rows) if rows else ""]
    return "\n\n".join(filter(None, parts))


def _is_taken_over(model: type[BaseModel], name: str, beside: Sequence[type[BaseModel]]) -> bool:
    """Whether a field is explained on another page and means the same here."""
    nearest = next((each for each in model.__mro__[1:] if each in beside and name in each.model_fields), None)
    if nearest is None or name in _attributes(model.__doc__ or ""):
        return False
    own, parents = model.model_fields[name], nearest.model_fields[name]
    return own.annotation == parents.annotation and own.default == parents.default


def _type_text(annotation: Any) -> str:
    """A Python type in the words of somebody who writes YAML or reads JSON."""
    if annotation in _PLAIN_TYPES:
        return _PLAIN_TYPES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_text(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_text(each) for each in arguments if each is not type(None)) + (
            " or null" if type(None) in arguments else ""
        )
    if origin in (tuple, list, frozenset):
        return f"list of {_type_text(arguments[0])}"
    if origin in (dict, Mapping):
        return f"mapping from {_type_text(arguments[0])} to {_type_text(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}]({_page_of(annotation)}#{annotation.__name__.lower()})"
    raise TypeError(f"{annotation!r} has no words yet; add them to _PLAIN_TYPES")


def _page_of(model: type[BaseModel]) -> str:
    """Checks are part of contracts and of sources, and all sources share some types: each is explained once."""
    if model is Check:
        return "contract.md"
    return "source.md" if model.__module__ in _SHARED_BY_SOURCES else ""


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if default is PydanticUndefined or not (default or isinstance(default, bool | int)):
        return ""
    if isinstance(default, str) and not default.isprintable():
        return f"`{json.dumps(default)}`"
    return f"`{yaml.safe_dump(_plain(default), default_flow_style=True).splitlines()[0]}`"


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
