"""The dashboard of the import ledger is for the platform team; others get neither its datasets nor its rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

LABELS = Path(__file__).resolve().parents[2] / "superset"
TITLES = {"Batches by day and source", "每日批次（按数据源）"}
BY_SOURCE = {"columns": ["source"], "metrics": ["batch_count"]}
ERP = {
    yaml.safe_load((LABELS / f"labels.{lang}.yml").read_text(encoding="utf-8"))["values"]["source_system"]["erp"]
    for lang in ("en", "zh")
}
SLUGS = {"import-ledger", "import-ledger-zh", "import-ledger-phone", "import-ledger-phone-zh"}


@pytest.fixture(scope="module")
def ledger_chart(administrator):
    """The chart as the administrator knows it: others could guess its number."""
    return next(entry for entry in administrator.list("/api/v1/chart/") if entry["slice_name"] in TITLES)


def slugs(viewer) -> set[str]:
    return {entry["slug"] for entry in viewer.client.list("/api/v1/dashboard/")}


def test_the_platform_team_sees_every_source(viewer, ledger_chart):
    answer = viewer("li.na").query(ledger_chart, force=True, **BY_SOURCE)
    assert answer.status_code == 200, answer.text
    assert ERP & {row["source"] for row in answer.json()["result"][0]["data"]}


def test_each_role_finds_its_dashboards_only(viewer):
    found = slugs(viewer("li.na"))
    assert SLUGS & found
    assert {slug.removesuffix("-zh").removesuffix("-phone") for slug in found} == {"import-ledger", "data-quality"}
    for person in ("chen.jing", "zhao.min", "wu.bin"):
        assert slugs(viewer(person)).isdisjoint(SLUGS)


# An executive reads the same batches on the dashboard of data quality.
@pytest.mark.parametrize("person", ["zhao.min", "wu.bin"])
def test_others_get_nothing_of_it(person, viewer, ledger_chart):
    answer = viewer(person).query(ledger_chart, force=True, **BY_SOURCE)
    assert answer.status_code == 403, answer.text
    assert not any(name in answer.text for name in ("erp", *ERP))


def test_the_platform_team_gets_no_figure_of_the_business(viewer):
    executive = viewer("chen.jing")
    charts = executive.client.list("/api/v1/chart/")
    chart = next(
        chart for chart in charts if chart["slice_name"] in {"Attainment by region this month", "本月各区域达成率"}
    )
    answer = viewer("li.na").query(chart, force=True, columns=["region_code"], metrics=[])
    assert answer.status_code == 403, answer.text
