"""`cockpit sources list|check|preview|load|rejected|stage|template`: what flows in, by hand."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.rulebook.workspace import Workspace
    from cockpit.sources.look import EntityCheck

# Of a rejected line, in characters; the whole of it is in ops.rejected_line.
_LONGEST_SHOWN = 2000


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its actions."""
    text = _("list, check, preview, load and stage the sources")
    parser = verbs.add_parser("sources", help=text, description=text)
    parser.add_argument("--workspace", default="huaxing", metavar=_("NAME"), help=_("workspace, huaxing by default"))
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True, title=_("actions"))

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text)

    action("list", _("show every source with its last load"))
    check = action("check", _("ask sources for their columns and compare them with their contracts; loads nothing"))
    check.add_argument("name", nargs="?", metavar=_("SOURCE[.ENTITY]"), help=_("all sources by default"))
    preview = action("preview", _("show the first rows of an entity, personal values masked; loads nothing"))
    preview.add_argument("name", metavar=_("SOURCE.ENTITY"), help=_("what to look at"))
    preview.add_argument("--rows", type=int, default=5, metavar=_("N"), help=_("how many rows, 5 by default"))
    load = action("load", _("load what is new into raw, without Airflow"))
    load.add_argument("name", metavar=_("SOURCE[.ENTITY]"), help=_("what to load"))
    load.add_argument("--since", metavar=_("TIME"), help=_("read again from this value of the cursor on"))
    load.add_argument("--until", metavar=_("TIME"), help=_("read again up to, not including, this value"))
    load.add_argument("--full", action="store_true", help=_("read everything again; raw changes only where it differs"))
    rejected = action("rejected", _("show the newest lines that could not be read, with file, line and reason"))
    rejected.add_argument("name", metavar=_("SOURCE[.ENTITY]"), help=_("what to look at"))
    rejected.add_argument("--rows", type=int, default=20, metavar=_("N"), help=_("how many lines, 20 by default"))
    stage = action("stage", _("type and check again what raw holds of a source; the source is not asked"))
    stage.add_argument("name", metavar=_("SOURCE"), help=_("what to stage"))
    template = action("template", _("write an Excel template for entering an entity by hand"))
    template.add_argument("name", metavar=_("SOURCE.ENTITY"), help=_("entity of a file source in Excel format"))
    template.add_argument("--output", metavar=_("FILE"), help=_("where to write; ENTITY.xlsx by default"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do the action; 1 when a source does not fit or does not load."""
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.rulebook.workspace import find_workspace

    workspace = find_workspace(arguments.workspace)
    if arguments.action == "template":
        return _template(workspace, arguments.name, arguments.output)
    with_database(stopwatch())
    match arguments.action:
        case "list":
            return _list(workspace)
        case "check":
            return _check(workspace, arguments.name)
        case "preview":
            return _preview(workspace, arguments.name, arguments.rows)
        case "rejected":
            return _rejected(workspace, arguments.name, arguments.rows)
        case "stage":
            return _stage(workspace, arguments.name)
        case _:
            return _load(workspace, arguments)


def _list(workspace: Workspace) -> int:
    from cockpit.cli.output import table
    from cockpit.i18n import language
    from cockpit.pipelines.sources import source_states

    rows = [
        [
            state.source.source,
            state.source.title_zh if language() == "zh" else state.source.title,
            state.source.connector,
            str(len(state.source.entities)),
            str(state.source.trust),
            state.source.drift,
            state.loaded_at.astimezone(workspace.zone).strftime("%m-%d %H:%M") if state.loaded_at else "-",
        ]
        for state in source_states(workspace)
    ]
    header = [_("Source"), _("title"), _("kind"), _("entities"), _("trust"), _("drift"), _("last load")]
    print(table(header, rows, right=(3, 4)))
    return 0


def _check(workspace: Workspace, name: str | None) -> int:
    from cockpit.cli.output import folded, inert
    from cockpit.pipelines.sources import chosen
    from cockpit.sources.look import check_source

    names = [name] if name else sorted(workspace.sources)
    is_right = True
    # With a name, `chosen` says it.
    for broken, error in () if name else sorted(workspace.broken_sources.items()):
        print(f"{broken:<32} {_('FAILS')}\n{folded(inert(str(error)), indent=4)}")
        is_right = False
    for each in names:
        source, entities = chosen(workspace, each)
        told = ""
        for result in check_source(workspace, source):
            if result.entity in entities:
                is_right &= result.would_load
                text = str(result.error or "")
                # A source that does not answer says so once, not for each of its entities.
                print(_check_text(result, with_error=text != told), flush=True)
                told = text
    return 0 if is_right else 1


def _check_text(result: EntityCheck, *, with_error: bool) -> str:
    from cockpit.cli.output import folded, inert

    name = f"{result.source}.{result.entity}"
    if result.error:
        error = f"\n{folded(inert(str(result.error)), indent=4)}" if with_error else ""
        return f"{name:<32} {_('FAILS')}{error}"
    count = "" if result.columns is None else _("{count} columns", count=result.columns)
    lines = [f"{name:<32} {_('ok') if result.would_load else _('WOULD STOP')}  {count}".rstrip()]
    words = {"new": _("new"), "missing": _("missing"), "retyped": _("retyped"), "returned": _("back")}
    for change in result.changes:
        types = " -> ".join(filter(None, (change.type_before, change.type_now)))
        # What a missing column was says nothing; what it may be called now does.
        types = "" if change.kind == "missing" else types
        hint = _("perhaps now {name}; if so, add it to 'synonyms'", name=change.suggestion) if change.suggestion else ""
        lines.append(f"    {change.column}: {words[change.kind]} {types}".rstrip() + (f"; {hint}" if hint else ""))
    return inert("\n".join(lines))


def _preview(workspace: Workspace, name: str, count: int) -> int:
    from cockpit.cli.output import inert
    from cockpit.errors import UsageError
    from cockpit.pipelines.sources import chosen
    from cockpit.sources.look import preview

    source, entities = chosen(workspace, name)
    if len(entities) != 1:
        raise UsageError(_("name one entity"), found=name, allowed=", ".join(f"{name}.{each}" for each in entities))
    shown = preview(workspace, source, entities[0], count)
    for row in shown.rows:
        print(inert(json.dumps(row, ensure_ascii=False, default=str)))
    for reason, text in shown.rejected:
        print(f"{_('rejected')}: {_(reason)}: {_one_line(text)}")
    if not shown.rows and not shown.rejected:
        print(_("no rows"))
    return 0


def _load(workspace: Workspace, arguments: argparse.Namespace) -> int:
    import sys

    from cockpit.cli.output import inert
    from cockpit.errors import CockpitError, UsageError
    from cockpit.pipelines.run_context import run_context
    from cockpit.pipelines.sources import load
    from cockpit.sources.load import LoadResult
    from cockpit.sources.loading.window import Interval

    interval = Interval(arguments.since, arguments.until) if arguments.since or arguments.until else None
    if interval and arguments.full:
        raise UsageError(_("--full reads everything; it does not go with --since or --until"))

    def tell(result: LoadResult) -> None:
        counts = _(
            "received {received:,}, loaded {loaded:,}, unchanged {unchanged:,}, rejected {rejected:,}, "
            "deleted {deleted:,}",
            received=result.received,
            loaded=result.loaded,
            unchanged=result.unchanged,
            rejected=result.rejected,
            deleted=result.deleted,
        )
        print(f"{result.source}.{result.entity}: {counts} ({result.seconds:.1f} s)", flush=True)
        if result.rejected:
            name = f"{result.source}.{result.entity}"
            print("    " + _("Which lines, and why: './cockpit sources rejected {name}'", name=name), flush=True)

    code = 0
    context = run_context(workspace)
    for error in load(context, arguments.name, full=arguments.full, interval=interval, on_loaded=tell):
        if not isinstance(error, CockpitError):
            raise error
        print(inert(f"cockpit: {error}"), file=sys.stderr)
        code = code or error.exit_code
    return code


def _rejected(workspace: Workspace, name: str, count: int) -> int:
    from cockpit.cli.output import folded, inert
    from cockpit.pipelines.sources import rejected_lines

    lines = rejected_lines(workspace, name, count)
    for line in lines:
        print(inert(f"{line.entity}  {line.place}  {_(line.reason)}"))
        print(folded(_one_line(line.text), indent=4))
    if not lines:
        print(_("no rejected lines"))
    return 0


def _one_line(text: str) -> str:
    """A text from data for a terminal; its own line ends must not look like lines of ours."""
    from cockpit.cli.output import inert

    shown = inert(text[:_LONGEST_SHOWN]).replace("\n", "\\n")
    return shown if len(text) <= _LONGEST_SHOWN else shown + "…"


def _stage(workspace: Workspace, name: str) -> int:
    from cockpit.cli.output import table
    from cockpit.i18n import language
    from cockpit.pipelines.run_context import run_context
    from cockpit.pipelines.sources import stage

    results = stage(run_context(workspace), name)
    header = [_("Entity"), _("rows"), _("staged"), _("quarantined"), _("rows changed")]
    rows = [
        [
            f"{each.source}.{each.entity}",
            *(f"{count:,}" for count in (each.current, each.staged, each.quarantined, each.changed)),
        ]
        for each in results
    ]
    print(table(header, rows, right=range(1, 5)))
    for each in results:
        for rule in each.held:
            message = rule.message_zh if language() == "zh" else rule.message
            print(f"    {each.entity}: {rule.rows:,} × {rule.rule_id}: {message}")
    return 0


def _template(workspace: Workspace, name: str, output: str | None) -> int:
    from pathlib import Path

    from cockpit.errors import UsageError
    from cockpit.i18n import language
    from cockpit.pipelines.sources import chosen
    from cockpit.rulebook.sources import FileSource
    from cockpit.sources.files.template import write_template

    source, entities = chosen(workspace, name)
    if not isinstance(source, FileSource) or len(entities) != 1:
        allowed = [
            f"{each.source}.{entity}"
            for each in workspace.sources.values()
            if isinstance(each, FileSource)
            for entity, definition in each.entities.items()
            if definition.format == "excel"
        ]
        raise UsageError(
            _("a template is written for one entity of a file source"), found=name, allowed=", ".join(allowed)
        )
    path = Path(output or f"{entities[0]}.xlsx")
    write_template(entities[0], source, path, language())
    print(_("{path} written; fill it and put it into the source's folder", path=path))
    return 0
