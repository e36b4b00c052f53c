"""The files under `superset/`: databases, datasets, charts, dashboards and the texts of each language.

They use Superset's own keys, with two differences that keep them short: assets refer to each other by file name,
and `${...}` stands for a text or a format of the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import LANGUAGES, _
from cockpit.rulebook.files import MisfitError, Rule, load

T = TypeVar("T", bound=BaseModel)


class DatabaseAsset(Rule):
    """Superset's settings of a database; address and password are given when it is sent."""

    database_name: str
    expose_in_sqllab: bool
    allow_run_async: bool
    allow_ctas: bool
    allow_cvas: bool
    allow_dml: bool
    allow_file_upload: bool
    extra: dict[str, Any]


class DatasetColumn(Rule):
    """A column of a dataset's SQL.

    Attributes:
        label: By language; an entry of `columns:` of the language when empty.
    """

    type: str
    is_dttm: bool = False
    label: dict[str, str] = Field(default_factory=dict)


class DatasetMetric(Rule):
    """An aggregate over a dataset that only this dataset has; others are metrics of the mart.

    Attributes:
        label: By language; an entry of `metrics:` of the language when empty.
        description: By language.
    """

    expression: str
    d3format: str | None = None
    label: dict[str, str] = Field(default_factory=dict)
    description: dict[str, str] = Field(default_factory=dict)


class DatasetAsset(Rule):
    """SQL over marts, read with the rights of bi_reader.

    Attributes:
        mart: The mart whose rows its own are, one for one; its metrics are the dataset's too.
        label: Name by language; `table_name` when empty.
        cache_timeout: Seconds for which a result is kept, where it depends on the time of the day; else it is kept
            until the marts change.
    """

    database: str
    table_name: str
    mart: str | None = None
    label: dict[str, str] = Field(default_factory=dict)
    main_dttm_col: str | None = None
    cache_timeout: int | None = None
    sql: str
    columns: dict[str, DatasetColumn] = Field(min_length=1)
    metrics: dict[str, DatasetMetric] = Field(default_factory=dict)


def _require_title(label: Mapping[str, str], title: str, key: str) -> None:
    if bool(label) == bool(title):
        raise MisfitError(_("has either {key} or a label", key=key), "label")
    if label and set(label) != set(LANGUAGES):
        raise MisfitError(_("a label has every language"), "label", allowed=", ".join(LANGUAGES))


class ChartAsset(Rule):
    """A chart; `params` are Superset's form data of its `viz_type`.

    Attributes:
        label: Title by language; `slice_name` when empty.
    """

    dataset: str
    slice_name: str = ""
    label: dict[str, str] = Field(default_factory=dict)
    viz_type: str
    params: dict[str, Any]

    @model_validator(mode="after")
    def _has_a_title(self) -> ChartAsset:
        _require_title(self.label, self.slice_name, "slice_name")
        return self

    def title(self, lang: str) -> str:
        """Its title in a language, before texts are filled in."""
        return self.label.get(lang) or self.slice_name


class PlacedChart(Rule):
    """A chart in a row; width in twelfths of the page, `phone_height` for the narrow variant."""

    chart: str
    width: int = Field(ge=1, le=12)
    phone_height: int | None = Field(default=None, ge=5)


class DashboardRow(Rule):
    """Charts beside each other; height in units of 8 pixels."""

    height: int = Field(ge=5)
    charts: tuple[PlacedChart, ...] = Field(min_length=1)


class DashboardTab(Rule):
    """A page of a dashboard; its charts ask for data when somebody opens it."""

    title: str
    rows: tuple[DashboardRow, ...] = Field(min_length=1)


class DashboardFilter(Rule):
    """A filter that the reader sets.

    Attributes:
        dataset: Where a list filter reads its values.
        column: The filtered column; charts whose dataset lacks it are not filtered.
        charts: Charts that it applies to; all when empty.
        default: What is chosen until the reader chooses: values of a list, or a range of time as Superset writes it,
            such as `Last year`. Nothing when absent.
        first_by: Metric of the dataset, instead of a default: the list begins with the value that has most of it,
            which is chosen until the reader chooses another. One is always chosen, and charts wait for it.
        is_single: Whether a list takes one value only.
        is_required: Whether the reader cannot do without a choice: charts would add up what does not belong together.
        is_searched: Whether a list is too long to be read at once: what the reader types is looked up.
        within: Filters by id that narrow the values of this one.
    """

    id: str
    name: str
    type: Literal["filter_select", "filter_time"]
    dataset: str | None = None
    column: str | None = None
    charts: tuple[str, ...] = ()
    default: str | tuple[str, ...] | None = None
    first_by: str | None = None
    is_single: bool = False
    is_required: bool = False
    is_searched: bool = False
    within: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _default_fits_type(self) -> DashboardFilter:
        if self.default is not None and isinstance(self.default, str) != (self.type == "filter_time"):
            raise MisfitError(_("a list filter takes a list of values, a filter of time a range"), "default")
        if self.first_by is not None and (self.default is not None or self.dataset is None):
            raise MisfitError(_("only a list filter without a default takes its first value"), "first_by")
        return self


class DashboardAsset(Rule):
    """A dashboard and its variant for a phone, whose charts stand below each other; in rows, or in tabs of rows.

    Attributes:
        label: Title by language, of both variants; `dashboard_title` and `phone_title` when empty.
    """

    dashboard_title: str = ""
    label: dict[str, str] = Field(default_factory=dict)
    slug: str
    phone_title: str = ""
    phone_slug: str
    css: str = ""
    label_colors: dict[str, str] = Field(default_factory=dict)
    rows: tuple[DashboardRow, ...] = ()
    tabs: tuple[DashboardTab, ...] = ()
    filters: tuple[DashboardFilter, ...] = ()

    @model_validator(mode="after")
    def _has_a_title(self) -> DashboardAsset:
        _require_title(self.label, self.dashboard_title, "dashboard_title")
        _require_title(self.label, self.phone_title, "phone_title")
        return self

    @model_validator(mode="after")
    def _has_one_layout(self) -> DashboardAsset:
        if bool(self.rows) == bool(self.tabs):
            raise MisfitError(_("a dashboard has either rows or tabs"), "tabs" if self.rows else "rows")
        return self

    @model_validator(mode="after")
    def _filters_are_within_filters(self) -> DashboardAsset:
        known = {chosen.id for chosen in self.filters}
        for number, chosen in enumerate(self.filters):
            if unknown := sorted({*chosen.within} - (known - {chosen.id})):
                message = _("{name} is no other filter of the dashboard", name=unknown[0])
                raise MisfitError(message, "filters", number, "within")
        return self

    def title(self, lang: str, *, phone: bool = False) -> str:
        """Its title in a language, before texts are filled in."""
        return self.label.get(lang) or (self.phone_title if phone else self.dashboard_title)

    @property
    def placed(self) -> tuple[PlacedChart, ...]:
        """All charts, tab by tab, from the top left to the bottom right."""
        rows = (*self.rows, *(row for tab in self.tabs for row in tab.rows))
        return tuple(placed for row in rows for placed in row.charts)


class LabelsFile(Rule):
    """Texts and number formats of one language; every language file has the same keys."""

    slug_suffix: str
    amount: dict[str, str | int]
    dataset: dict[str, str]
    dashboard: dict[str, str]
    chart: dict[str, str]
    tab: dict[str, str] = Field(default_factory=dict)
    filter: dict[str, str]
    text: dict[str, str]
    columns: dict[str, str]
    metrics: dict[str, str]
    values: dict[str, dict[str, str]]
    # The cockpit's own page, and what it answers to what is not allowed (superset/texts.py).
    publishing: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Assets:
    """All files of a `superset/` folder, by file name without ending."""

    folder: Path
    databases: Mapping[str, DatabaseAsset]
    datasets: Mapping[str, DatasetAsset]
    charts: Mapping[str, ChartAsset]
    dashboards: Mapping[str, DashboardAsset]
    labels: Mapping[str, LabelsFile]

    def file(self, kind: str, name: str) -> str:
        """Path of an asset's file, for messages."""
        return str(self.folder / kind / f"{name}.yml")


def load_assets(folder: Path) -> Assets:
    """Read a `superset/` folder.

    Raises:
        RuleFileError: a file is wrong or refers to an asset that does not exist.
    """
    assets = Assets(
        folder=folder,
        databases=_load_all(folder / "databases", DatabaseAsset),
        datasets=_load_all(folder / "datasets", DatasetAsset),
        charts=_load_all(folder / "charts", ChartAsset),
        dashboards=_load_all(folder / "dashboards", DashboardAsset),
        labels={lang: load(folder / f"labels.{lang}.yml", LabelsFile) for lang in LANGUAGES},
    )
    for name, dataset in assets.datasets.items():
        _require(dataset.database, assets.databases, assets.file("datasets", name))
    for name, chart in assets.charts.items():
        _require(chart.dataset, assets.datasets, assets.file("charts", name))
    for name, dashboard in assets.dashboards.items():
        where = assets.file("dashboards", name)
        for placed in dashboard.placed:
            _require(placed.chart, assets.charts, where)
        for chosen in dashboard.filters:
            if chosen.dataset is not None:
                _require(chosen.dataset, assets.datasets, where)
            for chart_name in chosen.charts:
                _require(chart_name, assets.charts, where)
    return assets


def _load_all(folder: Path, model: type[T]) -> dict[str, T]:
    return {path.stem: load(path, model) for path in sorted(folder.glob("*.yml"))}


def _require(name: str, known: Mapping[str, object], where: str) -> None:
    if name not in known:
        raise RuleFileError(
            _("refers to an asset that does not exist"), where=where, found=name, allowed=", ".join(sorted(known))
        )
