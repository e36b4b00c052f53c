"""Write dashboards that an approver has published into the form of the folder `superset/`, to be reviewed there.

A builder's dashboard has one language; its texts are written for every language alike, for the reviewer to translate.
What the files have no place for (texts between charts, values chosen in filters) is left out and said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from cockpit.bi.assets import Assets
from cockpit.bi.bundle import asset_uuid
from cockpit.bi.client import SupersetClient
from cockpit.i18n import LANGUAGES, _

# What Superset's page keeps with a chart beside what it shows.
_OF_THE_PAGE = frozenset(
    {
        "annotation_layers",
        "dashboardId",
        "dashboards",
        "datasource",
        "extra_filters",
        "extra_form_data",
        "label_colors",
        "map_label_colors",
        "own_color_scheme",
        "shared_label_colors",
        "slice_id",
        "slice_name",
        "url_params",
        "viz_type",
    }
)
_OF_A_METRIC = ("expressionType", "aggregate", "label", "hasCustomLabel")
_OF_A_FILTER = ("subject", "operator", "operatorId", "comparator")
_OUTSIDE_CHARTS = frozenset({"MARKDOWN", "HEADER", "DIVIDER"})
_LEAST_HEIGHT = 5
_WIDEST = 12


@dataclass(frozen=True)
class ExportedDashboard:
    """One approved dashboard as files.

    Attributes:
        name: What its file is called.
        title: As the builder wrote it.
        roles: Who sees it; roles.yml says so once it is part of the repository.
        files: Text by path below `superset/`.
        left_out: What could not be taken along.
    """

    name: str
    title: str
    roles: tuple[str, ...]
    files: Mapping[str, str]
    left_out: tuple[str, ...]


def export_approved(client: SupersetClient, assets: Assets) -> list[ExportedDashboard]:
    """All dashboards that were published by approval.

    Args:
        client: Logged in as administrator.
        assets: The repository's, metrics of marts included: what charts and datasets are called there.
    """
    documents = client.export_assets()
    exported = []
    for entry in client.list("/api/v1/dashboard/"):
        detail = client.get(f"/api/v1/dashboard/{entry['id']}")["result"]
        # The approval is the certification: builders can set neither.
        if not detail["published"] or detail.get("is_managed_externally") or not detail.get("certified_by"):
            continue
        roles = tuple(sorted(role["name"] for role in detail["roles"]))
        exported.append(to_files(documents[str(entry["uuid"])], documents, assets, roles))
    return exported


def to_files(
    dashboard: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]], assets: Assets, roles: Sequence[str]
) -> ExportedDashboard:
    """One dashboard.

    Args:
        dashboard: As Superset exports it.
        documents: All that Superset exports, by UUID: the charts.
        assets: The repository's.
        roles: Who sees it.
    """
    title = str(dashboard["dashboard_title"])
    name = _file_name(title, str(dashboard["uuid"]))
    writer = _Writer(name, documents, assets)
    layout = writer.layout(dashboard["position"])
    document = {
        "label": _label(title),
        "slug": name.replace("_", "-"),
        "phone_slug": f"{name.replace('_', '-')}-phone",
        **layout,
    }
    if filters := list(writer.filters(dashboard)):
        document["filters"] = filters
    files = {f"dashboards/{name}.yml": _to_yaml(document), **writer.files}
    return ExportedDashboard(name, title, tuple(roles), files, tuple(writer.left_out))


@dataclass
class _Writer:
    """Collects the files of a dashboard's charts while its layout is read."""

    dashboard: str
    documents: Mapping[str, Mapping[str, Any]]
    assets: Assets
    files: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    # By the number that the layout and the filters use.
    names: dict[int, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)

    def layout(self, position: Mapping[str, Any]) -> dict[str, Any]:
        """`rows:` or `tabs:`."""
        root = position["ROOT_ID"]["children"][0]
        above = list(self._rows(position, position["GRID_ID"]["children"])) if "GRID_ID" in position else []
        tab_nodes = [
            position[child]
            for node in position.values()
            if isinstance(node, Mapping) and node.get("type") == "TABS"
            for child in node["children"]
        ]
        if not tab_nodes:
            return {"rows": above or list(self._rows(position, position[root]["children"]))}
        tabs = [
            {"title": _plain(str(node["meta"].get("text") or "")), "rows": list(self._rows(position, node["children"]))}
            for node in tab_nodes
        ]
        # Files have either rows or tabs: what stands above all tabs comes first.
        tabs[0]["rows"] = [*above, *tabs[0]["rows"]]
        return {"tabs": [tab for tab in tabs if tab["rows"]]}

    def _rows(self, position: Mapping[str, Any], children: Sequence[str]) -> Iterator[dict[str, Any]]:
        for child in children:
            node = position[child]
            if node["type"] == "TABS":
                continue
            placed = list(self._placed(position, [child], _WIDEST))
            if not placed:
                continue
            height = max(height for _chart, _width, height in placed)
            row: list[dict[str, Any]] = []
            for chart, width, _height in placed:
                if sum(each["width"] for each in row) + width > _WIDEST:
                    yield {"height": height, "charts": row}
                    row = []
                row.append({"chart": chart, "width": width})
            yield {"height": height, "charts": row}

    def _placed(
        self, position: Mapping[str, Any], children: Sequence[str], width: int
    ) -> Iterator[tuple[str, int, int]]:
        for child in children:
            node = position[child]
            meta = node.get("meta") or {}
            if node["type"] == "CHART":
                wide = min(int(meta.get("width") or width), width)
                yield self._chart(meta), wide, max(int(meta.get("height") or 50), _LEAST_HEIGHT)
            elif node["type"] in _OUTSIDE_CHARTS:
                self.left_out.append(_("a text or line between charts"))
            elif node["type"] in ("ROW", "COLUMN"):
                inner = int(meta.get("width") or width) if node["type"] == "COLUMN" else width
                yield from self._placed(position, node["children"], inner)

    def _chart(self, meta: Mapping[str, Any]) -> str:
        uuid, number = str(meta["uuid"]), int(meta["chartId"])
        document = self.documents[uuid]
        dataset = self._dataset_name(str(document["dataset_uuid"]))
        of_repository = self._repository_name("chart", self.assets.charts, uuid)
        name = of_repository or self.names.get(number) or f"{self.dashboard}_{len(self.files) + 1}"
        self.names[number] = name
        self.datasets[name] = dataset
        if of_repository is None:
            chart = {
                "dataset": dataset,
                "label": _label(str(document["slice_name"])),
                "viz_type": document["viz_type"],
                "params": _params(document["params"]),
            }
            self.files[f"charts/{name}.yml"] = _to_yaml(chart)
        return name

    def filters(self, dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """`filters:`, each for the charts that it narrows."""
        metadata = dashboard.get("metadata") or {}
        for number, chosen in enumerate(metadata.get("native_filter_configuration") or [], start=1):
            kind = chosen.get("filterType")
            document: dict[str, Any] = {"id": f"filter_{number}", "name": _plain(str(chosen["name"])), "type": kind}
            excluded = set((chosen.get("scope") or {}).get("excluded") or [])
            charts = [name for chart, name in self.names.items() if chart not in excluded]
            if kind == "filter_select":
                target = chosen["targets"][0]
                document["dataset"] = self._dataset_name(str(target["datasetUuid"]))
                document["column"] = column = target["column"]["name"]
                charts = [name for name in charts if column in self.assets.datasets[self.datasets[name]].columns]
                controls = chosen.get("controlValues") or {}
                document["is_single"] = not controls.get("multiSelect", True)
                document["is_required"] = bool(controls.get("enableEmptyFilter"))
            elif kind != "filter_time":
                charts = []
            if charts:
                yield {**document, "charts": list(dict.fromkeys(charts))}
            else:
                self.left_out.append(_("filter {name}", name=chosen["name"]))

    def _dataset_name(self, uuid: str) -> str:
        name = self._repository_name("dataset", self.assets.datasets, uuid)
        # Only datasets of the repository can be approved.
        return name or str(self.documents[uuid]["table_name"])

    @staticmethod
    def _repository_name(kind: str, known: Mapping[str, object], uuid: str) -> str | None:
        return next((name for name in known for lang in LANGUAGES if asset_uuid(kind, name, lang) == uuid), None)


def _params(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the chart shows; aggregates and filters without what Superset's page keeps beside them."""
    params: dict[str, Any] = {}
    for key, value in form.items():
        if key in _OF_THE_PAGE or value is None:
            continue
        if key.startswith("adhoc_filters"):
            params[key] = [{part: clause[part] for part in _OF_A_FILTER if part in clause} for clause in value]
        elif isinstance(value, list):
            params[key] = [_expression(entry) for entry in value]
        else:
            params[key] = _expression(value)
    return dict(_plain_deep(params))


def _expression(value: Any) -> Any:
    if not isinstance(value, Mapping) or value.get("expressionType") != "SIMPLE" or "aggregate" not in value:
        return value
    kept = {part: value[part] for part in _OF_A_METRIC if part in value}
    return {**kept, "column": {"column_name": value["column"]["column_name"]}}


def _label(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, _plain(text))


def _plain(text: str) -> str:
    """A text in which nothing is filled in."""
    return text.replace("${", "$ {")


def _plain_deep(value: Any) -> Any:
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain_deep(inner) for key, inner in value.items()}
    return [_plain_deep(inner) for inner in value] if isinstance(value, list) else value


def _file_name(title: str, uuid: str) -> str:
    """Readable where the title is, and never that of another file."""
    words = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return f"{words or 'dashboard'}_{uuid[:8]}"


class _Dumper(yaml.SafeDumper):
    """Indents lists, as the repository's files do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _to_yaml(document: Mapping[str, Any]) -> str:
    # Through JSON, so that no text is written as a reference to another.
    plain = json.loads(json.dumps(document))
    return yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
