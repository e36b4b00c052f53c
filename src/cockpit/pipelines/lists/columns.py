"""Find out which column of a file is which field of a rule of matching."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cockpit.domain.match.rule import MatchRule
from cockpit.errors import TerminalError, UsageError
from cockpit.i18n import _
from cockpit.rulebook.matching import FileColumns
from cockpit.sources.lists import ListFile

# `--id line`: records are known by their line.
LINE = "line"


@dataclass(frozen=True)
class ListColumns:
    """What the columns of one file are.

    Attributes:
        id: The column by which records are known; None where it is their line.
        fields: Field -> column.
        unused: Columns that are neither.
    """

    id: str | None
    fields: Mapping[str, str]
    unused: tuple[str, ...]


def level(name: str) -> str:
    """A name without capitals, blanks and punctuation: `First Name` and `first_name` are one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def column_of(names: Iterable[str], columns: Sequence[str]) -> str | None:
    """The first of the names that a file has a column for, as the file spells it; None without one."""
    levelled = {level(column): column for column in reversed(columns)}
    for name in names:
        found = name if name in columns else levelled.get(level(name))
        if found is not None:
            return found
    return None


def find_columns(
    file: ListFile, rule: MatchRule, usual: FileColumns, mapped: Mapping[str, str], id_column: str | None
) -> ListColumns:
    """What the columns of a file are, by their names.

    Args:
        usual: How the column with the id is usually called.
        mapped: Field -> column as somebody says it; a field whose column is empty is left out.
        id_column: Name of the column with the id as somebody says it; `line` for none.

    Raises:
        TerminalError: the file has no column of any field, or not the one with the id.
    """
    id_found = None if id_column == LINE else column_of((id_column,) if id_column else usual.id, file.columns)
    if id_column not in (None, LINE) and id_found is None:
        raise TerminalError(
            _("there is no such column"),
            where=f"{file.path}:1",
            found=id_column,
            allowed=", ".join(file.columns),
            fix=_("Correct --id, or write '--id line' to know records by their line."),
        )
    fields: dict[str, str] = {}
    taken = {id_found}
    for name, field in rule.fields.items():
        # A column says one thing: it is compared once.
        free = [column for column in file.columns if column not in taken]
        names = (mapped[name],) if name in mapped else (*field.columns, name)
        column = column_of(filter(None, names), free)
        if column is not None:
            fields[name] = column
            taken.add(column)
    if not fields:
        usual_names = (f"{name} ({', '.join((field.columns or (name,))[:3])})" for name, field in rule.fields.items())
        raise TerminalError(
            _("no column is one of the rule's fields"),
            where=f"{file.path}:1",
            found=", ".join(file.columns),
            allowed="; ".join(usual_names),
            fix=_("Say which is which with --map FIELD=COLUMN; the first line has to name the columns."),
        )
    return ListColumns(id_found, fields, tuple(column for column in file.columns if column not in taken))


def check_mapped(mapped: Mapping[str, str], rule: MatchRule, files: Sequence[ListFile]) -> None:
    """Refuse what --map says of fields and columns that are not there.

    Raises:
        UsageError: names them.
    """
    for field, column in mapped.items():
        if field not in rule.fields:
            raise UsageError(
                _("the rule has no such field"), where="--map", found=field, allowed=", ".join(rule.fields)
            )
        if column and all(column_of((column,), file.columns) is None for file in files):
            columns = dict.fromkeys(name for file in files for name in file.columns)
            raise UsageError(_("there is no such column"), where="--map", found=column, allowed=", ".join(columns))


def chosen_fields(rule: MatchRule, found: Sequence[ListColumns]) -> tuple[str, ...]:
    """The fields that are compared: some file has a column for them.

    A field that has parts is compared where some file has not all of these; its parts are not, then.
    """
    has = {name for each in found for name in each.fields}
    left_out: set[str] = set()
    for name, field in rule.fields.items():
        if field.parts and name in has:
            is_split = all(set(field.parts) <= each.fields.keys() for each in found)
            left_out |= {name} if is_split else set(field.parts)
    return tuple(name for name in rule.fields if name in has - left_out)


def texts_of(field: str, rule: MatchRule, file: ListFile, found: ListColumns) -> npt.NDArray[np.object_]:
    """A field's texts in one file, None where nothing stands; put together of its parts where it has no column."""
    if field in found.fields:
        return file.texts(found.fields[field])
    nothing = np.full(file.table.num_rows, None, dtype=object)
    parts = [file.texts(found.fields[part]) for part in rule.fields[field].parts if part in found.fields]
    if not parts:
        return nothing
    joined = [" ".join(filter(None, each)) or None for each in zip(*parts, strict=True)]
    nothing[:] = joined
    return nothing


def names_of(files: Sequence[ListFile]) -> tuple[str, ...]:
    """What each file is called as a source: its name, or its path where two files have one name.

    Raises:
        UsageError: a file is given twice.
    """
    names = [file.path.name for file in files]
    unique = [str(file.path) if names.count(name) > 1 else name for file, name in zip(files, names, strict=True)]
    twice = sorted({name for name in unique if unique.count(name) > 1})
    if twice:
        raise UsageError(_("the file is given twice"), found=twice[0])
    return tuple(unique)


def ids_of(file: ListFile, found: ListColumns) -> npt.NDArray[np.object_]:
    """By what each record is known within its file.

    Raises:
        TerminalError: two records have one id, or one has none.
    """
    if found.id is None:
        ids = np.empty(len(file.lines), dtype=object)
        ids[:] = [str(line) for line in file.lines.tolist()]
        return ids
    ids = file.texts(found.id)
    fix = _("Name another column with --id, or write '--id line' to know records by their line.")
    seen: dict[str, int] = {}
    for line, value in zip(file.lines.tolist(), ids.tolist(), strict=True):
        if value is None:
            raise TerminalError(
                _("the record has no id in column {column}", column=repr(found.id)),
                where=f"{file.path}:{line}",
                fix=fix,
            )
        if value in seen:
            raise TerminalError(
                _("the id in column {column} stands in line {line} too", column=repr(found.id), line=seen[value]),
                where=f"{file.path}:{line}",
                found=value,
                fix=fix,
            )
        seen[value] = line
    return ids


def check_output(out: Path, files: Sequence[Path]) -> None:
    """Refuse to write over a file that is read.

    Raises:
        UsageError: it is one of them, or its folder does not exist.
    """
    if not out.absolute().parent.is_dir():
        raise UsageError(_("there is no such folder"), where=str(out), found=str(out.parent))
    if out.is_dir():
        raise UsageError(_("it is a folder; name a file"), where=str(out))
    if out.exists() and any(path.exists() and out.samefile(path) for path in files):
        raise UsageError(_("it is one of the files that are read; name another"), where=str(out))
