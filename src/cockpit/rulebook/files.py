"""Read a YAML file into a frozen pydantic type, with errors that name file and line.

Nothing else in the project parses rule files, so that a wrong file is refused the same way everywhere and
before any data are touched.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from cockpit.errors import RuleFileError
from cockpit.i18n import _


class Rule(BaseModel):
    """Base of all rule types: frozen, and an unknown key is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


T = TypeVar("T", bound=BaseModel)
Location: TypeAlias = tuple[str | int, ...]


class _Lines(yaml.SafeLoader):
    """A safe loader that remembers the line of each key and refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _line_numbers(node: yaml.Node, at: Location = ()) -> dict[Location, int]:
    lines = {at: node.start_mark.line + 1}
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            lines |= _line_numbers(value_node, (*at, key_node.value))
            lines[(*at, key_node.value)] = key_node.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines |= _line_numbers(item, (*at, index))
    return lines


def _nearest_line(lines: dict[Location, int], loc: Location) -> int:
    """The line of the deepest part of `loc` that stands in the file (a missing key has no line)."""
    path: Location = ()
    for part in loc:
        # pydantic adds tags of unions to the location; they are not in the file.
        if (*path, part) in lines:
            path = (*path, part)
        elif (*path, str(part)) in lines:
            path = (*path, str(part))
    return lines.get(path, 1)


def _allowed(model: type[BaseModel], error: ErrorDetails) -> str | None:
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return ", ".join(_fields_at(model, error["loc"][:-1]))
    if "expected" in context:
        return str(context["expected"])
    limits = [f"{name} {context[name]}" for name in ("ge", "gt", "le", "lt", "pattern") if name in context]
    return ", ".join(limits) or None


def _fields_at(model: type[BaseModel], loc: Location) -> list[str]:
    """Names that are allowed at a place, found by walking the type; the model's own when unclear."""
    current = model
    for part in loc:
        field = current.model_fields.get(str(part))
        inner = _inner_model(field.annotation) if field else None
        if inner is not None:
            current = inner
    return sorted(field.alias or name for name, field in current.model_fields.items())


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _inner_model(argument)
        if inner is not None:
            return inner
    return None


def _rule_error(path: Path, line: int, message: str, **more: Any) -> RuleFileError:
    return RuleFileError(message, where=f"{path}:{line}", **more)


def load(path: Path, model: type[T]) -> T:
    """Read and check one YAML file.

    Args:
        path: The file; UTF-8.
        model: The frozen type that it must fit.

    Raises:
        RuleFileError: unreadable, not YAML, a key given twice, or not fitting the type; the first fault
            is reported as `file:line: what (found; allowed). What to write`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _rule_error(
            path,
            1,
            _("cannot be read: {reason}", reason=error.strerror or error),
            fix=_("Restore the file or its rights."),
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _rule_error(path, line, _("is not UTF-8"), allowed="UTF-8", fix=_("Save the file as UTF-8.")) from error
    try:
        loader = _Lines(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _rule_error(
            path,
            mark.line + 1 if mark else 1,
            _("is not valid YAML: {problem}", problem=error.problem or error),
            fix=_("Correct this line; quote texts that contain ':' or '#'."),
        ) from error
    except yaml.YAMLError as error:
        raise _rule_error(path, 1, _("is not valid YAML: {problem}", problem=error)) from error
    lines = _line_numbers(node) if node is not None else {}
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"]) or path.stem
        missing = fault["type"] == "missing"
        raise _rule_error(
            path,
            _nearest_line(lines, fault["loc"]),
            f"{name}: {fault['msg']}",
            found=None if missing or fault["type"] == "value_error" else _shorten(fault.get("input")),
            allowed=_allowed(model, fault),
            fix=_("Add '{name}: ...'.", name=fault["loc"][-1]) if missing else None,
        ) from error


def _shorten(value: object) -> object:
    text = repr(value)
    return value if len(text) <= 80 else text[:77] + "..."
