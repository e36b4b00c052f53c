"""The metrics of a workspace and where each of them can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cockpit.bi.assets import load_assets
from cockpit.bi.metrics import metrics_in_datasets
from cockpit.rulebook.workspace import REPOSITORY, Workspace
from cockpit.warehouse.metrics import MetricBook, metric_book


@dataclass(frozen=True)
class ShownMetrics:
    """All metrics of a workspace.

    Attributes:
        datasets: Metric -> datasets of Superset that have it; empty for a column and where nobody looks at the
            workspace.
    """

    book: MetricBook
    datasets: Mapping[str, Sequence[str]]


def shown_metrics(workspace: Workspace) -> ShownMetrics:
    """The metrics with their places; what is wrong stands in the book's faults.

    Raises:
        RuleFileError: a contract or an asset file is wrong.
    """
    book = metric_book(workspace)
    if book.faults or workspace.settings.security is None:
        return ShownMetrics(book, {})
    return ShownMetrics(book, metrics_in_datasets(load_assets(REPOSITORY / "superset"), book))
