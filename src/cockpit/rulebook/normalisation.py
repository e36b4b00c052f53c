"""The rules of include/rules/normalisation: read, tried on their own examples, ready to be applied.

A rule whose examples give something else than it says is refused like one that is not YAML, before any data are
touched; the rules of other kinds stay usable.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cockpit.domain.normalise.kinds import KINDS, Kind
from cockpit.domain.normalise.rule import Declared, Example, NormalisationRule
from cockpit.domain.normalise.standard import Standard, Standardiser, to_json
from cockpit.errors import RuleFileError, TerminalError
from cockpit.i18n import _
from cockpit.rulebook.files import load_with_lines
from cockpit.rulebook.yaml_lines import Location, read_yaml

# `divisions_from: divisions.csv`: the field `divisions` stands in a file beside the rule's.
_FROM = "_from"


def load_rule(folder: Path, kind: str) -> NormalisationRule:
    """Read the rule of a kind and try its examples; read again only when its files changed.

    Args:
        folder: Folder of the rule files.
        kind: One of `KINDS`, such as `credit-code`.

    Raises:
        RuleFileError: a file is wrong, or an example does not give what it says, with file and line.
        TerminalError: no such kind.
    """
    return _rule(folder, kind, _digest(folder, kind))


def rule_version(folder: Path, kind: str) -> str:
    """What results depend on: the author's version, and a hash of the rule's files and the version of the code.

    Raises:
        RuleFileError: a file cannot be read.
        TerminalError: no such kind.
    """
    path = folder / _known(kind).file
    version, _files = _head(path, _bytes_of(path))
    return f"{version}-{_digest(folder, kind)[:8]}"


def load_standardiser(folder: Path, kind: str, declared: Mapping[str, Any] | None = None) -> Standardiser:
    """The rule of a kind, ready for texts about which a source's contract says `declared`; made once.

    Raises:
        RuleFileError: as load_rule, or the kind cannot be declared so.
        TerminalError: no such kind.
    """
    said = json.dumps(declared or {}, sort_keys=True, ensure_ascii=False, default=str)
    return _standardiser(folder, kind, _digest(folder, kind), said)


def read_declared(kind: str, declared: Mapping[str, Any], where: str | None = None) -> Declared:
    """What a contract says about a column of a kind.

    Raises:
        RuleFileError: the kind has no such promise, or not with this value.
        TerminalError: no such kind.
    """
    known = _known(kind)
    try:
        return known.parts.declared.model_validate(dict(declared))
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"])) or "declared"
        is_unknown = fault["type"] == "extra_forbidden"
        cause = fault.get("ctx", {}).get("error")
        raise RuleFileError(
            f"declared: {name}: {_('is not a known key') if is_unknown else cause or fault['msg']}",
            where=where,
            found=fault["input"],
            allowed=", ".join(known.parts.declared.model_fields) or None if is_unknown else None,
        ) from error


def _known(kind: str) -> Kind:
    if kind not in KINDS:
        raise TerminalError(_("is not standardised"), where=kind, allowed=", ".join(KINDS))
    return KINDS[kind]


def _digest(folder: Path, kind: str) -> str:
    """Of everything that results depend on; cheap enough to be asked before each use."""
    known = _known(kind)
    path = folder / known.file
    content = _bytes_of(path)
    digest = hashlib.sha256(content)
    for name in _head(path, content)[1]:
        digest.update(_bytes_of(folder / name) if (folder / name).is_file() else b"")
    digest.update(f"code {known.code_version}".encode())
    return digest.hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RuleFileError(
            _("cannot be read: {reason}", reason=error.strerror or error),
            where=f"{path}:1",
            fix=_("Restore the file or its rights."),
        ) from error


@functools.lru_cache(maxsize=64)
def _head(path: Path, _content: bytes) -> tuple[object, tuple[str, ...]]:
    """The author's version and the files that a rule names; remembered by its content."""
    data, _lines = read_yaml(path)
    if not isinstance(data, dict):
        return None, ()
    files = [str(value) for key, value in data.items() if str(key).endswith(_FROM)]
    return data.get("version"), tuple(sorted(files))


@functools.lru_cache(maxsize=64)
def _rule(folder: Path, kind: str, _digest: str) -> NormalisationRule:
    known = _known(kind)
    path = folder / known.file
    rule, lines = load_with_lines(path, known.parts.rule, lambda data, lines: _with_tables(path, known, data, lines))
    _try_examples(path, kind, rule, lines)
    return rule


@functools.lru_cache(maxsize=64)
def _standardiser(folder: Path, kind: str, digest: str, declared: str) -> Standardiser:
    rule = _rule(folder, kind, digest)
    return KINDS[kind].parts.make(rule, read_declared(kind, json.loads(declared)))


def _with_tables(path: Path, kind: Kind, data: Any, lines: Mapping[Location, int]) -> Any:
    """The content with the tables that stand in files beside the rule's."""
    if not isinstance(data, dict):
        return data
    completed = dict(data)
    for field, read in kind.parts.tables.items():
        name = completed.pop(f"{field}{_FROM}", None)
        if name is None:
            continue
        where = f"{path}:{lines.get((f'{field}{_FROM}',), 1)}"
        if field in completed:
            raise RuleFileError(_("{field} stands in the file too; leave one of them out", field=field), where=where)
        table = path.parent / str(name)
        try:
            completed[field] = read(table.read_text(encoding="utf-8"))
        except OSError as error:
            reason = error.strerror or error
            raise RuleFileError(
                _("{name} cannot be read: {reason}", name=name, reason=reason),
                where=where,
                fix=_("Put the file beside the rule's."),
            ) from error
        except ValueError as error:
            raise RuleFileError(str(error), where=str(table)) from error
    return completed


def _try_examples(path: Path, kind: str, rule: NormalisationRule, lines: Mapping[Location, int]) -> None:
    made: dict[str, Standardiser] = {}
    for number, example in enumerate(rule.examples):
        where = f"{path}:{lines.get(('examples', number), 1)}"
        key = json.dumps(example.declared, sort_keys=True, default=str)
        if key not in made:
            made[key] = KINDS[kind].parts.make(rule, read_declared(kind, example.declared, where))
        standard = made[key].standardise(example.text)
        given, expected = difference(example, standard)
        if given != expected:
            raise RuleFileError(
                _(
                    "examples: {text} gives {given}, the file says {expected}",
                    text=to_json(example.text),
                    given=given,
                    expected=expected,
                ),
                where=where,
                fix=_("Correct the rule, or the example if its result changes on purpose."),
            )


def difference(example: Example, standard: Standard) -> tuple[str, str]:
    """What an example gives and what it says, as JSON; two equal texts when it gives what it says.

    Only what the example tells is compared: its value always, the rest when it is written.
    """
    given: dict[str, Any] = {"value": standard.value}
    expected: dict[str, Any] = {"value": example.out}
    for name in ("outcome", "reason"):
        if (said := getattr(example, name)) is not None:
            given[name], expected[name] = getattr(standard, name), said
    for name, said in example.details.items():
        given[name], expected[name] = standard.details.get(name), said
    parts = [name for name in given if _plain(given[name]) != _plain(expected[name])]
    return _listed(given, parts), _listed(expected, parts)


def _listed(values: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {to_json(_plain(values[name]))}" for name in names)


def _plain(value: Any) -> Any:
    """A value as YAML and code alike write it: numbers are Decimals, lists are tuples."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_plain(part) for part in value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(str(value))
    return value.isoformat() if isinstance(value, date) else value
