"""Read a YAML file together with the line of each of its parts; whatever is wrong with it is named by line."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.reader import ReaderError

from cockpit.errors import RuleFileError
from cockpit.i18n import _

Location: TypeAlias = tuple[str | int, ...]

_MERGE_KEY = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> tuple[Any, dict[Location, int]]:
    """The file's content and, for each part of it, the line where it begins.

    Raises:
        RuleFileError: unreadable, not UTF-8, not YAML, or a key given twice.
    """
    text = _read_text(path)
    try:
        return _read(_FastLoader(text))
    except (yaml.YAMLError, RecursionError):
        # The other one says better what is wrong.
        return _explained(path, text)


def _read(loader: _FastLoader | _TellingLoader) -> tuple[Any, dict[Location, int]]:
    node = loader.get_single_node()
    if node is None:
        return {}, {}
    lines: dict[Location, int] = {}
    _number_lines(node, (), lines)
    return loader.construct_document(node), lines


def _explained(path: Path, text: str) -> tuple[Any, dict[Location, int]]:
    try:
        return _read(_TellingLoader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_yaml(path, mark.line + 1 if mark else 1, str(error.problem or error)) from error
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _not_yaml(path, line, _("it holds a control character")) from error
    except RecursionError as error:
        raise _not_yaml(path, 1, _("its parts hold each other, or too many others")) from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RuleFileError(
            _("cannot be read: {reason}", reason=error.strerror or error),
            where=f"{path}:1",
            fix=_("Restore the file or its rights."),
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise RuleFileError(
            _("is not UTF-8"), where=f"{path}:{line}", allowed="UTF-8", fix=_("Save the file as UTF-8.")
        ) from error


def _not_yaml(path: Path, line: int, problem: str) -> RuleFileError:
    return RuleFileError(
        _("is not valid YAML: {problem}", problem=problem),
        where=f"{path}:{line}",
        fix=_("Correct this line; quote texts that contain ':' or '#'."),
    )


class _StrictConstructor(yaml.constructor.SafeConstructor):
    """Refuses a key that is given twice, and names the line of every fault."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, AttributeError, OverflowError) as error:
            # PyYAML lets the errors of its converters through: a thirteenth month, a number that is none.
            problem = _("{value} is no date or number; quote it if it is a text", value=node.value)
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _value in node.value:
            if key_node.tag == _MERGE_KEY:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, _("a key has to be a text"), key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, _("the key {key!r} is given twice", key=key), key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _FastLoader(_StrictConstructor, yaml.CSafeLoader):
    """Parses in C, ten times faster."""


class _TellingLoader(_StrictConstructor, yaml.SafeLoader):
    """Parses in Python, with better messages."""


def _number_lines(node: yaml.Node, at: Location, lines: dict[Location, int]) -> None:
    """Add the line of a node, and of every part of it, to `lines`."""
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            part = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            _number_lines(value_node, (*at, part), lines)
            lines[(*at, part)] = key_node.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _number_lines(item, (*at, index), lines)
