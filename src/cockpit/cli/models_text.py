"""What `cockpit models` shows at a terminal of 80 columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from cockpit.cli.output import folded, inert, table, width
from cockpit.i18n import _, language
from cockpit.pipelines.explain_model import BuildFacts
from cockpit.rulebook.contract import LAYERS
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.builds import Build
from cockpit.warehouse.lineage import WHOLE, Lineage, Origin
from cockpit.warehouse.models import Model, ModelGraph


def graph_text(graph: ModelGraph, models: Sequence[Model], form: str) -> str:
    """Models by layer with what each reads: a list to read (`text`), a `mermaid` drawing, or `json`."""
    if form == "json":
        return json.dumps([_facts(graph, model) for model in models], ensure_ascii=False, indent=2)
    return _mermaid(models) if form == "mermaid" else _list(models)


def _facts(graph: ModelGraph, model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "layer": model.layer,
        "materialised": model.contract.materialised,
        "owner": model.contract.owner,
        "description": model.contract.description,
        "grain": list(model.contract.grain),
        "file": str(model.origin),
        "reads": sorted(model.reads),
        "read_by": [reader.qualified_name for reader in graph.downstream(model)],
        "fault": str(model.fault) if model.fault else None,
    }


def _list(models: Sequence[Model]) -> str:
    lines = []
    for layer in LAYERS:
        own = [model for model in models if model.layer == layer]
        if own:
            lines.append(f"{layer}  {_('models: {count}', count=len(own))}")
        for model in own:
            lines.append(f"  {model.name}  {_how(model)}" + (f"  {_('FAULT')}" if model.fault else ""))
            reads = ", ".join(_short(name, layer) for name in sorted(model.reads))
            lines.append(folded(f"<- {reads}" if reads else f"<- {_('nothing')}", indent=6))
    return inert("\n".join(lines))


def _short(name: str, layer: str) -> str:
    """A table of the same layer, or one whose name says its layer, without its schema."""
    schema, _dot, table_name = name.partition(".")
    return table_name if schema in (layer, "staging", "core", "marts") else name


def _how(model: Model) -> str:
    words = {"table": _("table"), "incremental": _("incremental"), "view": _("view")}
    return words[model.contract.materialised]


def _mermaid(models: Sequence[Model]) -> str:
    lines = ["flowchart LR"]
    for layer in LAYERS:
        own = [model for model in models if model.layer == layer]
        if own:
            lines += [f"    subgraph {layer}", *(f"        {model.name}" for model in own), "    end"]
    names = {model.qualified_name: model.name for model in models}
    lines += [
        f"    {names[read]} --> {model.name}" for model in models for read in sorted(model.reads) if read in names
    ]
    return "\n".join(lines)


def build_text(build: Build) -> str:
    """One line of a run: model, kind, seconds, rows that changed."""
    return f"{build.model:<40} {_kind(build.kind):<12} {build.seconds:6.1f} s  " + _(
        "{rows:,} rows", rows=build.changed
    )


def _kind(kind: str) -> str:
    words = {"full": _("full"), "incremental": _("incremental"), "fresh": _("fresh")}
    return words.get(kind, kind)


def explain_text(
    graph: ModelGraph, model: Model, build: BuildFacts | None, workspace: Workspace, lineage: Lineage
) -> str:
    """All that is to be said about one model."""
    contract = model.contract
    is_chinese = language() == "zh"
    place = model.origin.relative_to(workspace.folder.parent) if _is_below(model, workspace) else model.origin
    facts = [
        (_("Grain"), ", ".join(contract.grain)),
        (_("Computed as"), _how(model) + (f" ({contract.built_by})" if contract.built_by else "")),
        (_("Owner"), contract.owner),
        (_("File"), str(place)),
        (_("Reads"), ", ".join(sorted(model.reads)) or _("nothing")),
        (_("Read by"), ", ".join(reader.name for reader in graph.downstream(model)) or _("nobody")),
    ]
    if contract.incremental:
        facts.append((_("Affected by key"), ", ".join(contract.incremental.key)))
    if model.fault:
        facts.append((_("Fault"), str(model.fault)))
    facts += _build_facts(build, workspace)
    lines = [model.qualified_name, folded(contract.description_zh if is_chinese else contract.description, indent=2)]
    lines += _fact_lines(facts)
    rows = [
        [name, column.type, column.unit or "", column.description_zh if is_chinese else column.description]
        for name, column in contract.columns.items()
    ]
    lines += ["", table([_("Column"), _("type"), _("unit"), _("meaning")], rows), "", _("Columns come from")]
    for name, origins in lineage.direct(model).items():
        lines.append(f"  {name}")
        lines.append(folded(f"<- {', '.join(map(str, sorted(origins))) or _('nothing that is read')}", indent=6))
    return inert("\n".join(lines))


def column_text(graph: ModelGraph, model: Model, column: str, lineage: Lineage) -> str:
    """One column, what it comes from down to the sources, and which columns come from it."""
    contract = model.contract.columns[column]
    meaning = contract.description_zh if language() == "zh" else contract.description
    lines = [f"{model.name}.{column}  {contract.type}" + (f"  {contract.unit}" if contract.unit else "")]
    lines += [folded(meaning, indent=2), *_chain(graph, model, column, lineage, depth=1, shown=set())]
    readers = lineage.readers(model, column)
    if readers:
        lines += [_("Columns that come from it"), *(folded(str(each), indent=2) for each in readers)]
    return inert("\n".join(lines))


def _chain(
    graph: ModelGraph, model: Model, column: str, lineage: Lineage, *, depth: int, shown: set[Origin]
) -> Iterator[str]:
    """What a column comes from, each step further to the right; what was followed before is not followed again."""
    for origin in sorted(lineage.direct(model).get(column, ())):
        above = graph.models.get(origin.table.partition(".")[2])
        is_new = origin not in shown
        shown.add(origin)
        yield f"{'  ' * depth}<- {origin}" + ("" if is_new or above is None else f"  {_('(see above)')}")
        if above is not None and is_new and origin.column != WHOLE:
            yield from _chain(graph, above, origin.column, lineage, depth=depth + 1, shown=shown)


def _is_below(model: Model, workspace: Workspace) -> bool:
    return model.origin.is_relative_to(workspace.folder.parent)


def _build_facts(build: BuildFacts | None, workspace: Workspace) -> list[tuple[str, str]]:
    if build is None:
        return [(_("Last build"), _("never"))]

    def moment(each: BuildFacts) -> str:
        return each.started_at.astimezone(workspace.zone).strftime("%Y-%m-%d %H:%M")

    inserted, updated, deleted = build.changed
    counts = _(
        "{inserted:,} rows inserted, {updated:,} updated, {deleted:,} deleted",
        inserted=inserted,
        updated=updated,
        deleted=deleted,
    )
    facts = [(_("Last build"), f"{moment(build)}  {_kind(build.kind)}, {build.seconds:.2f} s; {counts}")]
    if build.reason:
        facts.append((_("Why"), reason_text(build.reason, build.about)))
    if build.because_of:
        facts.append((_("Changed"), ", ".join(build.because_of)))
    if build.looked_at:
        looked_at = build.looked_at.astimezone(workspace.zone).strftime("%Y-%m-%d %H:%M")
        facts.append((_("Since then"), _("nothing that it reads has changed, as of {time}", time=looked_at)))
    return facts


def reason_text(reason: str, about: str) -> str:
    """Why a build was of its kind; `about` is the table that it is about, if it is about one."""
    texts = {
        "unchanged": _("nothing that it reads has changed"),
        "first": _("full: there was no build before"),
        "definition": _("full: its SQL, contract, parameters, rules or business date had changed"),
        "reshaped": _("full: columns or key of the table had changed"),
        "asked": _("full: every row was asked for"),
        "whole": _("full: it is materialised as a table, any change computes all of it"),
        "unlisted": _("full: {table} had changed, which 'incremental' does not list", table=about),
        "unknown_keys": _("full: more of {table} had changed than is listed key by key", table=about),
        "keys": _("incremental: only the rows of keys that had changed"),
        "by_function": _("full: the function that builds it computed all of it"),
    }
    return texts.get(reason, reason)


def _fact_lines(facts: Iterable[tuple[str, str]]) -> list[str]:
    facts = list(facts)
    label_width = max(width(label) for label, _text in facts) + 2
    lines = []
    for label, text in facts:
        rest = folded(text, indent=label_width).removeprefix(" " * label_width)
        lines.append(label + " " * (label_width - width(label)) + rest)
    return lines
