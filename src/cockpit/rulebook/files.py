"""Read a YAML file into a frozen pydantic type, with errors that name file and line.

Nothing else in the project parses rule files, so that a wrong file is refused the same way everywhere and
before any data are touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.yaml_lines import Location, read_yaml


class Rule(BaseModel):
    """Base of all rule types: frozen, and an unknown key is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MisfitError(ValueError):
    """A fault that a type's own validator finds.

    Args:
        message: What is wrong, translated.
        at: The key, below the part that is validated, on whose line the fault stands.
        allowed: What would have been accepted.
    """

    def __init__(self, message: str, *at: str | int, allowed: str | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.allowed = allowed


T = TypeVar("T", bound=BaseModel)


def _nearest_line(lines: dict[Location, int], loc: Location) -> int:
    """The line of the deepest part of `loc` that stands in the file (a missing key has no line)."""
    return lines.get(_written_parts(lines, loc), 1)


def _written_parts(lines: dict[Location, int], loc: Location) -> Location:
    """The parts of `loc` that stand in the file; pydantic adds the tags of unions, which do not."""
    path: Location = ()
    for part in loc:
        if (*path, part) in lines:
            path = (*path, part)
        elif (*path, str(part)) in lines:
            path = (*path, str(part))
    return path


def _allowed(model: type[BaseModel], error: ErrorDetails) -> str | None:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, MisfitError):
        return cause.allowed
    if error["type"] == "extra_forbidden":
        return ", ".join(_fields_at(model, error["loc"][:-1]))
    if "expected" in context or "expected_tags" in context:
        return str(context.get("expected") or context["expected_tags"])
    signs = {"ge": ">= ", "gt": "> ", "le": "<= ", "lt": "< ", "pattern": "pattern "}
    return ", ".join(f"{sign}{context[name]}" for name, sign in signs.items() if name in context) or None


def _fields_at(model: type[BaseModel], loc: Location) -> list[str]:
    """Names that are allowed at a place, found by walking the type; the model's own when unclear."""
    candidates = [model]
    for part in loc:
        tagged = [each for each in candidates if len(candidates) > 1 and _has_tag(each, part)]
        if tagged:
            candidates = tagged
            continue
        field = candidates[0].model_fields.get(str(part))
        candidates = (_inner_models(field.annotation) if field else []) or candidates
    return sorted({field.alias or name for each in candidates for name, field in each.model_fields.items()})


def _has_tag(model: type[BaseModel], tag: str | int) -> bool:
    """Whether the tag, by which pydantic chose among a union's members, means this one."""
    return any(tag in get_args(field.annotation) for field in model.model_fields.values())


def _inner_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _inner_models(argument)]


def load(path: Path, model: type[T]) -> T:
    """Read and check one YAML file.

    Args:
        path: The file; UTF-8.
        model: The frozen type that it must fit.

    Raises:
        RuleFileError: unreadable, not YAML, a key given twice, or not fitting the type; the first fault
            is reported as `file:line: what (found; allowed). What to write`.
    """
    return load_with_lines(path, model)[0]


def load_with_lines(
    path: Path, model: type[T], complete: Callable[[Any, dict[Location, int]], Any] | None = None
) -> tuple[T, dict[Location, int]]:
    """Like `load`; also gives the line of each part, for faults that only show beside other files.

    Args:
        path: The file.
        model: Its type.
        complete: Puts what stands in further files into the content, before it is checked.
    """
    data, lines = read_yaml(path)
    if complete is not None:
        data = complete(data, lines)
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        fault = _most_telling(error.errors())
        cause = fault.get("ctx", {}).get("error")
        location = (*fault["loc"], *_tag_key(fault), *(cause.at if isinstance(cause, MisfitError) else ()))
        name = ".".join(str(part) for part in (*_written_parts(lines, location[:-1]), *location[-1:])) or path.stem
        shows_value = fault["type"] not in ("missing", "value_error", "union_tag_not_found")
        raise RuleFileError(
            f"{name}: {_what_is_wrong(fault)}",
            where=f"{path}:{_nearest_line(lines, location)}",
            found=_shorten(fault.get("ctx", {}).get("tag", fault.get("input"))) if shows_value else None,
            allowed=_allowed(model, fault),
            fix=_("Add '{name}: ...'.", name=location[-1]) if not shows_value and cause is None else None,
        ) from error


def _tag_key(fault: ErrorDetails) -> tuple[str, ...]:
    """The key that chooses among the members of a union, when it is that which does not fit."""
    is_tag = fault["type"] in ("union_tag_not_found", "union_tag_invalid")
    return (str(fault["ctx"]["discriminator"]).strip("'"),) if is_tag else ()


def _most_telling(faults: Sequence[ErrorDetails]) -> ErrorDetails:
    """An unknown key before a missing one: a mistyped key is both."""
    return next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])


def _what_is_wrong(fault: ErrorDetails) -> str:
    """The fault in our words and the reader's language; pydantic's own where it is rare."""
    match fault["type"]:
        case "missing" | "union_tag_not_found":
            return _("is missing")
        case "extra_forbidden":
            return _("is not a known key")
        case "literal_error" | "union_tag_invalid":
            return _("has a value that is not known")
        case "string_type":
            return _("is not a text; quote it")
        case "string_pattern_mismatch":
            return _("is not of the right form")
        case "string_too_short" | "string_too_long":
            return _("is too short or too long")
        case "too_short":
            return _("has too few entries")
        case "tuple_type" | "list_type":
            return _("is not a list")
        case "dict_type" | "model_type":
            return _("is not a mapping of keys to values")
        case "bool_type" | "bool_parsing":
            return _("is neither true nor false")
        case "int_type" | "int_parsing" | "int_from_float" | "float_type" | "float_parsing" | "finite_number":
            return _("is not a number of the right kind")
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _("is outside the allowed range")
        case "value_error":
            return str(fault.get("ctx", {}).get("error"))
        case _other:
            return fault["msg"]


def _shorten(value: object) -> object:
    text = repr(value)
    return value if len(text) <= 80 else text[:77] + "..."
