"""Which requests a dashboard's page sends when it opens, in what order, and for whom they come first."""

from __future__ import annotations

import json
from typing import Any

from cockpit.bi.first_view import ask_first_view, read_dashboard
from cockpit.bi.landing import landing_slug
from cockpit.bi.warm import by_importance
from cockpit.rulebook.security import Deputy, Person, Role, Scope, SecurityRules

CHARTS = [
    {"id": number, "form_data": {"viz_type": "big_number_total", "metric": f"m{number}", "datasource": "5__table"}}
    for number in (1, 2, 3)
]


def layout(**tabs: list[int]) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "ROOT_ID": {"type": "ROOT", "children": ["TABS-1"]},
        "TABS-1": {"type": "TABS", "children": list(tabs)},
    }
    for tab, charts in tabs.items():
        tree[tab] = {"type": "TAB", "children": [f"CHART-{number}" for number in charts]}
        tree |= {f"CHART-{number}": {"type": "CHART", "meta": {"chartId": number}} for number in charts}
    return tree


def select(name: str, excluded: list[int], *, first: bool = False, within: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{name}",
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"datasetId": 5, "column": {"name": name}}],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "controlValues": {"defaultToFirstItem": first, "sortAscending": True},
        "defaultDataMask": {"extraFormData": {}},
        "cascadeParentIds": [f"NATIVE_FILTER-{other}" for other in within],
    }


def requests_of(position: dict[str, Any], filters: list[dict[str, Any]]) -> list[tuple[object, list[Any]]]:
    """What is asked, with the filters of its query; every filter's first value is `north`."""
    metadata = json.dumps({"native_filter_configuration": filters})
    dashboard = read_dashboard({"id": 7, "json_metadata": metadata, "position_json": json.dumps(position)}, CHARTS)
    asked = []

    def ask(body: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(body)
        return [{body["queries"][0]["columns"][0]: "north"}]

    asked += ask_first_view(dashboard, ask)
    return [
        (body["form_data"].get("slice_id") or body["form_data"]["native_filter_id"], body["queries"][0]["filters"])
        for body in asked
    ]


def test_only_the_first_tab_shows_at_once() -> None:
    assert requests_of(layout(A=[2, 1], B=[3]), []) == [(2, []), (1, [])]


def test_a_filter_without_effect_here_is_not_asked() -> None:
    assert requests_of(layout(A=[1], B=[3]), [select("region", excluded=[1])]) == [(1, [])]


def test_a_first_value_narrows_charts_and_filters_in_its_scope() -> None:
    filters = [select("customer", [2], first=True), select("event", [1], within=("customer",))]
    north = [{"col": "customer", "op": "IN", "val": ["north"]}]

    assert requests_of(layout(A=[1, 2]), filters) == [
        ("NATIVE_FILTER-customer", []),
        ("NATIVE_FILTER-event", []),
        ("NATIVE_FILTER-event", north),
        (1, north),
        (2, []),
    ]


def test_arriving_in_a_language() -> None:
    present = {"team", "team-zh", "customer", "customer-phone-zh"}

    assert landing_slug(present, "en") == "team"
    assert landing_slug(present, "zh") == "team-zh"
    assert landing_slug(present, "en", phone=True) == "customer-phone-zh"
    assert landing_slug(set(), "en") is None


def test_who_leads_comes_first() -> None:
    def role(*dashboards: str) -> Role:
        return Role(label="R", label_zh="读", permissions=("can_read on Chart",), dashboards=dashboards, subjects=())

    def person(*roles: str, scope: Scope | None = None, **more: Any) -> Person:
        scopes = (scope,) if scope else ()
        return Person(name="N", name_zh="名", email="n@x.example", roles=roles, scopes=scopes, **more)

    everything, region = Scope(kind="all"), Scope(kind="region", key="CN-SH")
    rules = SecurityRules(
        roles={"sales": role("customer"), "manager": role("region", "executive_cockpit"), "hr": role("people")},
        people={
            "rep": person("sales", scope=region),
            "manager": person("manager", scope=region),
            "deputy": person(deputy_for=(Deputy(username="manager"),)),
            "executive": person("manager", scope=everything),
            "admin": person(superset_role="Admin", scope=everything),
        },
        subjects={},
    )

    assert by_importance(rules) == ["executive", "manager", "deputy", "rep"]
