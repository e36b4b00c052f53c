"""The page that says from which columns and fields each column of a mart comes."""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.lineage import Lineage, Origin
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import Model
from docs.reference.tables import table

# A page of all would be longer than anybody reads; `./cockpit models explain` has them.
_MOST = 5


def lineage(own: Workspace) -> str:
    """Mart by mart; columns without an origin are left out."""
    graph = load_models(own)
    found = Lineage(own, graph)
    about = (
        "Where the values of each mart come from: the columns of core, and the fields of the sources behind these.\n"
        "Read out of the SQL. What rows are chosen or joined by does not count; a constant or a number of rows has\n"
        "no origin and is left out. `*` is a table as a whole. Step by step, for core and staging too:\n"
        "`./cockpit models explain MODEL --column COLUMN`."
    )
    marts = [_mart(model, found) for model in graph.layer("marts")]
    return "\n\n".join(["# Lineage · 数据血缘", about, *marts])


def _mart(model: Model, found: Lineage) -> str:
    rows = [
        (
            f"`{column}`",
            _short(each for each in found.core(model, column) if each.table.startswith("core.")),
            _short(found.sources(model, column)),
        )
        for column, origins in found.direct(model).items()
        if origins
    ]
    return f"## {model.name}\n\n{model.contract.description} · {model.contract.description_zh}\n\n" + table(
        ("column", "core · 核心层", "sources · 数据源"), rows
    )


def _short(origins: Iterable[Origin]) -> str:
    """The first of them, those of one table together."""
    columns: dict[str, list[str]] = {}
    for origin in origins:
        columns.setdefault(str(origin).removesuffix(f".{origin.column}"), []).append(origin.column)
    texts = [
        f"{name}.{each[0]}"
        if len(each) == 1
        else f"{name}.({', '.join(each[:_MOST])}{', …' if len(each) > _MOST else ''})"
        for name, each in columns.items()
    ]
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(f"`{text}`" for text in texts[:_MOST]) + more
