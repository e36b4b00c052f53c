"""Choose models by words: a name, a pattern, a layer or an owner, with what they read or what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from cockpit.errors import UsageError
from cockpit.i18n import _
from cockpit.rulebook.contract import LAYERS
from cockpit.warehouse.models import Model, ModelGraph

ALLOWED = "core_order, core_order+, +core_order, +core_order+, mart_*, layer:marts, owner:marketing"


def select(graph: ModelGraph, selectors: Sequence[str]) -> list[Model]:
    """The models that any of the selectors names, in building order; all of them without a selector.

    Args:
        graph: Of the workspace.
        selectors: `name` or a pattern with `*`, `layer:<layer>`, `owner:<owner>`. A `+` before adds everything that
            the models are computed from and checked against, one behind everything that is computed from them.

    Raises:
        UsageError: a selector that names no model.
    """
    if not selectors:
        return list(graph.models.values())
    chosen: set[str] = set()
    for selector in selectors:
        chosen |= _selected(graph, selector)
    return [model for model in graph.models.values() if model.name in chosen]


def _selected(graph: ModelGraph, selector: str) -> set[str]:
    core = selector.removeprefix("+").removesuffix("+")
    found = [model for model in graph.models.values() if _is_named(model, core)]
    if not found:
        raise _unknown(graph, selector, core)
    names = {model.name for model in found}
    if selector.startswith("+"):
        names |= _reached(found, lambda model: [*graph.upstream(model), *_asked(graph, model)])
    if selector.endswith("+"):
        names |= _reached(found, graph.downstream)
    return names


def _is_named(model: Model, text: str) -> bool:
    if text.startswith("layer:"):
        return model.layer == text.removeprefix("layer:")
    if text.startswith("owner:"):
        return model.contract.owner == text.removeprefix("owner:")
    # As it stands in SQL, too.
    return fnmatchcase(model.name, text) or fnmatchcase(model.qualified_name, text)


def _asked(graph: ModelGraph, model: Model) -> list[Model]:
    """Models that its checks look at."""
    return [other for other in graph.models.values() if other.qualified_name in model.looked_at]


def _reached(models: Iterable[Model], follow: Callable[[Model], Sequence[Model]]) -> set[str]:
    found: set[str] = set()
    waiting = list(models)
    while waiting:
        for model in follow(waiting.pop()):
            if model.name not in found:
                found.add(model.name)
                waiting.append(model)
    return found


def _unknown(graph: ModelGraph, selector: str, text: str) -> UsageError:
    if text.startswith("layer:"):
        allowed = ", ".join(f"layer:{layer}" for layer in LAYERS[1:])
    elif text.startswith("owner:"):
        allowed = ", ".join(sorted({f"owner:{model.contract.owner}" for model in graph.models.values()}))
    else:
        allowed = ", ".join(get_close_matches(text.rpartition(".")[2], graph.models, n=5)) or ALLOWED
    return UsageError(_("no model is selected"), found=selector, allowed=allowed)
