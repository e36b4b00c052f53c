"""Formulas of metrics: what they become, and that everything else is refused before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.workspace import load_workspace
from cockpit.warehouse.metrics import CompiledMetric, MetricBook, metric_book
from cockpit.warehouse.model_files import load_models
from tests.unit.warehouse.model_folder import ModelFolder, contract

TYPES = {
    "k": "text",
    "region_code": "text",
    "month": "date",
    "won_month": "date",
    "since": "date",
    "at": "timestamptz",
    "amount": "numeric",
    "number": "bigint",
    "is_won": "boolean",
    "tags": "text[]",
}


def mart(table: str = "mart_deal", **more: Any) -> dict[str, Any]:
    made = contract(table, *TYPES, row_scope={"region": "region_code"}, **more)
    for name, kind in TYPES.items():
        made["columns"][name]["type"] = kind
    return made


SELECT = "select " + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in TYPES.items())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ModelFolder]:
    made = ModelFolder(tmp_path)
    made.add("marts", mart(), SELECT)
    yield made
    load_workspace.cache_clear()


def book_of(folder: ModelFolder) -> MetricBook:
    return metric_book(folder.workspace())


def compiled(folder: ModelFolder, **keys: Any) -> CompiledMetric:
    folder.add_metric("it", **{"mart": "mart_deal", **keys})
    return book_of(folder)["it"]


def statistic(folder: ModelFolder, formula: str) -> str:
    return compiled(folder, kind="statistic", formula=formula).expression.lower()


@pytest.mark.parametrize(
    ("formula", "sql"),
    [
        ("sum(amount)", "sum(amount)"),
        ("count(*) filter (where is_won)", "count(*) filter(where is_won)"),
        ("count(distinct k)", "count(distinct k)"),
        ("median(amount)", "cast(percentile_cont(0.5) within group (order by amount) as decimal)"),
        (
            "median(amount) filter (where is_won)",
            "cast(percentile_cont(0.5) within group (order by amount) filter(where is_won) as decimal)",
        ),
        (
            "percentile_cont(0.9) within group (order by amount)",
            "cast(percentile_cont(0.9) within group (order by amount) as decimal)",
        ),
        # Whole numbers would be divided without a remainder, and nothing may be divided by zero.
        ("count(*) / count(distinct k)", "cast(count(*) as decimal) / nullif(count(distinct k), 0)"),
        ("sum(number) / 3", "cast(sum(number) as decimal) / 3"),
        ("sum(amount) * 100 / (sum(number) - 1)", "cast(sum(amount) * 100 as decimal) / nullif(sum(number) - 1, 0)"),
        ("avg(amount / number)", "avg(cast(amount as decimal) / nullif(number, 0))"),
        ("round(avg(amount), 2)", "round(cast(avg(amount) as decimal), 2)"),
        ("stddev_samp(amount)", "stddev_samp(amount)"),
        ("sum(case when k = 'a' then amount else 0 end)", "sum(case when k = 'a' then amount else 0 end)"),
        ("sum(cast(is_won as int))", "sum(cast(is_won as int))"),
        ("avg(since - won_month)", "avg(since - won_month)"),
        ("count(*) filter (where since < '2026-03-05')", "count(*) filter(where since < '2026-03-05')"),
        ("count(*) filter (where amount > :threshold)", "count(*) filter(where amount > 0.8)"),
        ("sum(extract(month from since))", "sum(extract(month from since))"),
        ("count(tags)", "count(tags)"),
    ],
)
def test_a_formula_becomes_sql(folder: ModelFolder, formula: str, sql: str) -> None:
    assert statistic(folder, formula) == sql


def test_a_ratio_is_null_where_its_denominator_is_zero(folder: ModelFolder) -> None:
    keys = {"kind": "ratio", "numerator": "sum(amount)", "denominator": "count(*)"}
    found = compiled(folder, **keys)
    assert found.expression == "CAST(SUM(amount) AS DECIMAL) / NULLIF(COUNT(*), 0)"
    assert (found.numerator, found.denominator) == ("SUM(amount)", "COUNT(*)")
    assert compiled(folder, **keys, when_zero=-1).expression == (
        "CASE WHEN (COUNT(*)) = 0 THEN -1.0 ELSE CAST(SUM(amount) AS DECIMAL) / NULLIF(COUNT(*), 0) END"
    )


def test_only_what_can_be_summed_has_parts(folder: ModelFolder) -> None:
    found = compiled(folder, kind="ratio", numerator="sum(amount)", denominator="count(distinct k)")
    assert (found.numerator, found.denominator) == (None, None)
    assert compiled(folder, kind="additive", formula="sum(amount)").numerator == "SUM(amount)"
    assert compiled(folder, kind="statistic", formula="avg(amount)").numerator is None


def test_a_condition_restricts_every_aggregate(folder: ModelFolder) -> None:
    found = compiled(
        folder, kind="additive", formula="sum(amount) + sum(number) filter (where is_won)", where="k = 'a' or k = 'b'"
    )
    assert found.expression == (
        "SUM(amount) FILTER(WHERE k = 'a' OR k = 'b') + SUM(number) FILTER(WHERE is_won AND (k = 'a' OR k = 'b'))"
    )


def test_metrics_in_a_formula_are_put_in_place(folder: ModelFolder) -> None:
    folder.add_metric("won", mart="mart_deal", kind="additive", formula="count(*) filter (where is_won)")
    folder.add_metric("rows", mart="mart_deal", kind="additive", formula="count(*) - 0 * count(k)")
    folder.add_metric("rate", kind="ratio", numerator="won", denominator="rows", format="percent")
    found = compiled(folder, mart=None, kind="statistic", formula="100 * rate")
    assert found.mart == "mart_deal"
    assert found.uses == ("rate",)
    assert found.columns == ("is_won", "k")
    assert found.expression == (
        "100 * (CAST(COUNT(*) FILTER(WHERE is_won) AS DECIMAL) / NULLIF(COUNT(*) - 0 * COUNT(k), 0))"
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        # Names.
        ({"formula": "sum(amuont)"}, r"it\.yml:\d+: names an unknown column or metric \(found 'amuont'; allowed: .*\)\. Did you mean amount\?"),
        ({"formula": "sum(other)"}, "unknown column or metric"),
        ({"formula": "other_metric + 1"}, "unknown column or metric"),
        ({"formula": "sum(mart_deal.amount)"}, "names a table"),
        ({"formula": "sum(core.core_order.amount)"}, "names a table"),
        ({"formula": "sum(amount) + :nothing"}, r"uses an unknown parameter \(found 'nothing'"),
        ({"formula": "max(:business_date - since)"}, "the clock is known to marts"),
        ({"mart": "mart_deals"}, r"there is no such mart \(found 'mart_deals'; allowed: mart_deal\)"),
        ({"mart": None}, "names no metric, so that nothing says which mart"),
        # What could run something, or read another table.
        ({"formula": "pg_sleep(10)"}, r"is not allowed in a formula \(found 'PG_SLEEP\(10\)'"),
        ({"formula": "sum(amount) + (select count(*) from core.core_customer)"}, "is not allowed in a formula"),
        ({"formula": "count(*) filter (where exists (select 1))"}, "is not allowed in a formula"),
        ({"formula": "count(*) filter (where k in (select 'a'))"}, "is not allowed in a formula"),
        ({"formula": "count(*) filter (where k = any(array['a']))"}, "is not allowed in a formula"),
        ({"formula": "sum(amount); drop table marts.mart_deal"}, "without comments, semicolons"),
        ({"formula": "sum(amount) -- all"}, "without comments, semicolons"),
        ({"formula": "sum(amount) /* all */"}, "without comments, semicolons"),
        ({"formula": "sum({{ amount }})"}, "without comments, semicolons, quoted names and templates"),
        ({"formula": "sum(amount) / ${amount.divisor}"}, "without comments, semicolons"),
        ({"formula": 'sum("amount")'}, "without comments, semicolons"),
        ({"formula": "query_to_xml('select 1', true, true, '')"}, "is not allowed in a formula"),
        ({"formula": "sum(amount) over (partition by k)"}, "is not allowed in a formula"),
        ({"formula": "sum(generate_series(1, 9))"}, "is not allowed in a formula"),
        ({"formula": "sum(random())"}, "is not allowed in a formula"),
        ({"formula": "sum(extract(epoch from now()))"}, "is not allowed in a formula"),
        ({"formula": "sum(amount ^ 99999)"}, "is not allowed in a formula"),
        ({"formula": "sum(cast(k as numeric))"}, "is of the type text"),
        ({"formula": "sum(amount::int)"}, "is of the type number, which does not fit here"),
        ({"formula": "sum(cast(amount as regclass))"}, "is not allowed in a formula"),
        ({"formula": "sum(amount order by k)"}, "is not allowed in a formula"),
        ({"formula": "sum(distinct amount)"}, "is not allowed in a formula"),
        ({"formula": "count(distinct k, amount)"}, "an aggregate is over one thing"),
        ({"formula": "count(*) as everything"}, "is not readable"),
        ({"formula": "count(*), count(*)"}, "is not readable"),
        ({"formula": "sum("}, "is not readable"),
        ({"formula": "1e400 * count(*)"}, "is no number of the right size"),
        ({"formula": "(" * 900 + "1" + ")" * 900}, "is not readable"),
        # What would give no number, or one that means nothing.
        ({"formula": "amount"}, "has columns of single rows; a metric is about many"),
        ({"formula": "sum(amount) / number"}, "has columns of single rows beside an aggregate"),
        ({"formula": "sum(count(*))"}, "has an aggregate within an aggregate"),
        ({"formula": "count(*) filter (where count(*) > 1)"}, "has an aggregate within an aggregate"),
        ({"formula": "sum(k)"}, r"is of the type text, which does not fit here \(found 'k'; allowed: number\)"),
        ({"formula": "sum(is_won)"}, r"is of the type boolean.* Count rows with 'count\(\*\) filter"),
        ({"formula": "max(since)"}, "a metric is a number, and this is of the type date"),
        ({"formula": "max(at)"}, "a metric is a number, and this is of the type time"),
        ({"formula": "count(*) > 1"}, "a metric is a number, and this is of the type boolean"),
        ({"formula": "sum(amount) / 0"}, "divides by zero"),
        ({"formula": "sum(amount) / (0.0)"}, "divides by zero"),
        ({"formula": "count(*) filter (where amount = 'a')"}, "mixes types: number, text"),
        ({"formula": "count(*) filter (where since < 'soon')"}, "is no date"),
        ({"formula": "count(*) filter (where k between 1 and 2)"}, "mixes types: text, number"),
        ({"formula": "sum(case when is_won then amount else k end)"}, "mixes types: number, text"),
        ({"formula": "sum(case when amount then 1 end)"}, "is of the type number"),
        ({"formula": "sum(coalesce(amount, k))"}, "mixes types: number, text"),
        ({"formula": "sum(extract(hour from at))"}, "is not allowed in a formula"),
        ({"formula": "sum(extract(day from at))"}, "is of the type time"),
        ({"formula": "max(since + amount) - max(since)"}, "a whole number"),
        ({"formula": "percentile_cont(9) within group (order by amount)"}, "is not allowed in a formula"),
        ({"formula": "count(*)", "where": "amount"}, "is no condition on columns"),
        ({"formula": "count(*)", "where": "count(*) > 1"}, "is no condition on columns"),
        ({"formula": "count(*)", "where": "since < :business_date"}, "the clock is known to marts"),
        # Kinds.
        ({"kind": "additive", "formula": "avg(amount)"}, "is not additive.*Write 'kind: ratio'"),
        ({"kind": "additive", "formula": "count(distinct k)"}, "is not additive"),
        ({"kind": "additive", "formula": "sum(amount) / count(*)"}, "is not additive"),
        ({"kind": "additive", "formula": "sum(amount) + 1"}, "is not additive"),
        ({"kind": "additive", "formula": "abs(sum(amount))"}, "is not additive"),
        ({"kind": "column", "formula": "sum(amount)"}, "an aggregate is not for 'kind: column'"),
        ({"kind": "column", "formula": "k"}, "a metric is a number, and this is of the type text"),
        ({"formula": "count(*)", "month": "since"}, r"is no column with first days of months \(found 'since'; allowed: month, won_month\)"),
        ({"formula": "count(*)", "month": "nothing"}, "is no column with first days of months"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(folder: ModelFolder, keys: dict[str, Any], message: str) -> None:
    folder.add_metric("it", **{"mart": "mart_deal", "kind": "statistic", "formula": "count(*)", **keys})
    with pytest.raises(RuleFileError, match=message) as caught:
        book_of(folder)["it"]
    assert "it.yml:" in str(caught.value)


def test_a_circle_is_named(folder: ModelFolder) -> None:
    for one, other in (("one", "two"), ("two", "three"), ("three", "one")):
        folder.add_metric(one, mart="mart_deal", kind="statistic", formula=f"{other} + 1")
    with pytest.raises(RuleFileError, match=r"in a circle \(found '(\w+) -> \w+ -> \w+ -> \1'\)"):
        book_of(folder)["one"]


def test_marts_are_not_mixed(folder: ModelFolder) -> None:
    folder.add("marts", mart("mart_lead"), SELECT)
    folder.add_metric("leads", mart="mart_lead", kind="additive", formula="count(*)")
    folder.add_metric("it", mart="mart_deal", kind="ratio", numerator="count(*)", denominator="leads")
    with pytest.raises(RuleFileError, match="mixes marts: leads is about mart_lead, this one about mart_deal"):
        book_of(folder)["it"]


def test_a_metric_does_not_hide_a_column(folder: ModelFolder) -> None:
    folder.add_metric("amount", mart="mart_deal", kind="additive", formula="count(*)")
    with pytest.raises(RuleFileError, match="mart_deal has a column of this name"):
        book_of(folder)["amount"]


def test_what_is_wrong_hides_nothing_else(folder: ModelFolder) -> None:
    folder.add_metric("bad", mart="mart_deal", kind="additive", formula="sum(nothing)")
    folder.add_metric("good", mart="mart_deal", kind="additive", formula="sum(amount)")
    folder.add_metric("hangs_on_it", mart="mart_deal", kind="statistic", formula="bad + 1")
    found = book_of(folder)
    assert list(found.metrics) == ["good"]
    assert ["bad.yml" in str(fault.error) for fault in found.faults] == [True, False]
    assert "names a metric that is wrong itself" in str(found.faults[1].error)


def test_only_the_mart_of_a_wrong_metric_stays_as_it_is(folder: ModelFolder) -> None:
    folder.add("marts", mart("mart_lead"), SELECT)
    folder.add_metric("it", mart="mart_deal", kind="additive", formula="sum(nothing)")
    graph = folder.load()
    assert [model.name for model in graph.models.values() if model.fault] == ["mart_deal"]
    (folder.folder / "metrics" / "it.yml").write_text("metrics: [", encoding="utf-8")
    assert [model.name for model in folder.load().models.values() if model.fault] == ["mart_deal", "mart_lead"]


def test_a_column_metric_becomes_a_column_of_its_mart(folder: ModelFolder) -> None:
    folder.add_metric("margin", mart="mart_deal", kind="column", formula="amount - number", unit="workspace currency")
    folder.add_metric("relative_margin", mart="mart_deal", kind="column", formula="margin / amount", unit="ratio")
    folder.add_metric("age", mart="mart_deal", kind="column", formula=":business_date - since", unit="days")
    folder.add_metric("mean_margin", mart="mart_deal", kind="statistic", formula="avg(margin)")
    graph = folder.load()
    model = graph["mart_deal"]
    assert model.query is not None
    assert model.query.columns[-3:] == ("age", "margin", "relative_margin")
    assert list(model.contract.columns)[-3:] == ["age", "margin", "relative_margin"]
    assert model.contract.columns["margin"].unit == "workspace currency"
    assert model.query.parameters == {"business_date"}
    text = model.query.text.lower()
    assert "cast((amount - number) as decimal) / nullif(amount, 0) as relative_margin" in text or (
        "cast(amount - number as decimal) / nullif(amount, 0) as relative_margin" in text
    )
    # What stands in the table is read there, not computed again.
    assert metric_book(folder.workspace())["mean_margin"].expression == "AVG(margin)"


def test_no_column_can_be_added_to_the_rows_of_a_function(folder: ModelFolder) -> None:
    folder.add("core", contract("core_a", "k"), "select s.sale_key as k from staging.stg_sale as s")
    folder.add("marts", mart("mart_made", built_by="a.b:c", reads=["core.core_a"]))
    folder.add_metric("it", mart="mart_made", kind="column", formula="amount")
    with pytest.raises(RuleFileError, match="come from a function"):
        book_of(folder)["it"]


def test_the_table_of_metrics_has_no_metrics_of_its_own(folder: ModelFolder) -> None:
    columns = ["metric_id", "month", "region_code", "name_en", "name_zh", "unit", "direction"]
    scope = {"region": "region_code"}
    made = contract("mart_metric", *columns, "numerator", "denominator", "value", from_metrics=True, row_scope=scope)
    folder.add("marts", made)
    # Without metrics it is empty, and not an error.
    assert folder.load()["mart_metric"].reads == frozenset()
    folder.add_metric("won", mart="mart_deal", kind="additive", formula="count(*)")
    assert folder.load()["mart_metric"].reads == {"marts.mart_deal"}
    assert folder.load()["mart_metric"].fault is None
    folder.add_metric("it", mart="mart_metric", kind="additive", formula="count(*)")
    # Its rows of before stay: those of the wrong metric would be taken for gone.
    assert "there is no such mart" in str(folder.load()["mart_metric"].fault)
    with pytest.raises(RuleFileError, match=r"there is no such mart \(found 'mart_metric'; allowed: mart_deal\)"):
        book_of(folder)["it"]


def test_a_metric_is_a_reason_to_build_its_mart(folder: ModelFolder) -> None:
    before = load_models(folder.workspace())["mart_deal"].definition
    folder.add_metric("it", mart="mart_deal", kind="column", formula="amount + 1")
    after = load_models(folder.workspace())["mart_deal"].definition
    folder.add_metric("more", mart="mart_deal", kind="additive", formula="sum(it)")
    assert before != after == load_models(folder.workspace())["mart_deal"].definition
