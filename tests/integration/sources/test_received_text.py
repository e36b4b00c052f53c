"""What staging makes of the texts that files hold: dates, numbers, nothing, and what fits no declared form."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit import quality
from cockpit.errors import RuleFileError
from cockpit.rulebook.sources.text_formats import date_pattern
from cockpit.warehouse.sql_text import parse_query
from cockpit.warehouse.staging import source_entities, source_model
from tests.integration.sources.site import Site, described


def stage(site: Site, entity: str = "line", columns: str = "value, invalid_columns") -> list[tuple[Any, ...]]:
    """Rows of the generated staging model, in the order of the lines."""
    found = next(each for each in source_entities(site.workspace) if each.name == entity)
    query = parse_query(source_model(found).sql, "model")
    with site.warehouse, site.warehouse.cursor() as cursor:
        cursor.execute((Path(str(quality.__file__)).parent / "schema.sql").read_text(encoding="utf-8"))
        cursor.execute("set time zone 'Asia/Shanghai'")
        cursor.execute(f"select {columns} from ({query.render({})}) as model order by length(source_key), source_key")
        return cursor.fetchall()


def typed(site: Site, kind: str, texts: list[str], *, entity: dict[str, Any] | None = None, **column: Any) -> list[Any]:
    """Each text as staging types it; `!` when it is reported as invalid."""
    columns = described(value=kind)
    columns["value"] |= column
    declared = {"path": "values.jsonl", "format": "json_lines", "key": "line", "columns": columns, **(entity or {})}
    site.declare("till", "file", {"line": declared})
    lines = [json.dumps({"value": text}) for text in texts]
    (site.folder / "values.jsonl").write_text("\n".join(lines), encoding="utf-8")
    site.load("till.line", full=True)
    return ["!" if invalid else value for value, invalid in stage(site)]


@pytest.mark.parametrize(
    ("formats", "texts", "expected"),
    [
        pytest.param(
            ["YYYYMMDD"], ["20260305", "20260231", "2026-03-05", "99991231", ""],
            [date(2026, 3, 5), "!", "!", date(9999, 12, 31), None], id="without-signs",
        ),
        pytest.param(["DD.MM.YYYY"], ["05.03.2026", "5.3.2026", "31.02.2026", "03/05/2026"], [date(2026, 3, 5)] * 2 + ["!", "!"], id="german"),
        # Never guessed the other way round.
        pytest.param(["DD/MM/YYYY"], ["05/03/2026", "03/31/2026"], [date(2026, 3, 5), "!"], id="british"),
        pytest.param(["YYYY年MM月DD日"], ["2026年3月5日", "2026年03月05日", "二〇二六年"], [date(2026, 3, 5)] * 2 + ["!"], id="chinese"),
        pytest.param(["excel_serial"], ["45321", "45321.75", "60", "2958466", "-1", "1e5"], [date(2024, 1, 30)] * 2 + ["!"] * 4, id="excel"),
        pytest.param(
            ["YYYYMMDD", "iso", "excel_serial"], ["20260305", "2026-03-05", "45321", "today", "now"],
            [date(2026, 3, 5), date(2026, 3, 5), date(2024, 1, 30), "!", "!"], id="several",
        ),
        pytest.param([], ["2026-03-05", "x"], [date(2026, 3, 5), "!"], id="none"),
    ],
)  # fmt: skip
def test_dates(site: Site, formats: list[str], texts: list[str], expected: list[Any]) -> None:
    assert typed(site, "date", texts, formats=formats) == expected


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        pytest.param("YYYYMMDDHH24MISS", "20260305083001", "2026-03-05 08:30:01", id="without-signs"),
        pytest.param("YYYY年MM月DD日 HH24:MI", "2026年3月5日 8:30", "2026-03-05 08:30:00", id="chinese"),
        pytest.param("DD.MM.YYYY HH24:MI:SS.MS", "05.03.2026 08:30:01.250", "2026-03-05 08:30:01.25", id="parts"),
        pytest.param('YYYY-MM-DD"T"HH24', "2026-03-05T08", "2026-03-05 08:00:00", id="quoted"),
        pytest.param("excel_serial", "45321.354166666664", "2024-01-30 08:30:00", id="excel"),
        pytest.param("YYYYMMDDHH24MISS", "20260305243001", None, id="no-such-hour"),
    ],
)
def test_times(site: Site, format_: str, text: str, expected: str | None) -> None:
    wanted = datetime.fromisoformat(f"{expected}+08:00") if expected else "!"
    assert typed(site, "timestamp", [text], formats=[format_]) == [wanted]


@pytest.mark.parametrize(
    ("numbers", "texts", "expected"),
    [
        pytest.param(
            {"decimal": ",", "thousands": "."}, ["3142,13", "1.234.567,5", "-7", "1.5", "1,2,3", "12.34,5", ",5", ""],
            [Decimal("3142.13"), Decimal("1234567.5"), Decimal("-7"), "!", "!", "!", Decimal("0.5"), None], id="german",
        ),
        pytest.param({"thousands": ","}, ["1,234.50", "1234.5", "1,23", "1e3"], [Decimal("1234.50"), Decimal("1234.5"), "!", Decimal("1000")], id="english"),
        pytest.param({"thousands": "'"}, ["1'234"], [Decimal("1234")], id="swiss"),
        pytest.param({"decimal": ","}, ["1,5", "1.5", "NaN", "."], [Decimal("1.5"), "!", "!", "!"], id="comma-only"),
    ],
)  # fmt: skip
def test_numbers(site: Site, numbers: dict[str, str], texts: list[str], expected: list[Any]) -> None:
    assert typed(site, "numeric", texts, numbers=numbers) == expected
    assert typed(site, "numeric", texts, entity={"numbers": numbers}) == expected


def test_texts_that_stand_for_nothing(site: Site) -> None:
    nothing = {"null_values": ["NULL", "-", "N/A'"]}
    texts = ["NULL", " - ", "N/A'", "null", "", "1"]
    assert typed(site, "text", texts, entity=nothing) == [None, None, None, "null", None, "1"]
    assert typed(site, "integer", texts, entity=nothing) == [None, None, None, "!", None, 1]


def test_synonyms_and_nested_values(site: Site) -> None:
    columns = described(**{"data.id": "integer", "phone": "text"})
    columns["data.id"] |= {"name": "number"}
    columns["phone"] |= {"synonyms": ["手机号", "contact.tel"]}
    site.declare(
        "till", "file", {"line": {"path": "a.jsonl", "format": "json_lines", "key": ["data.id"], "columns": columns}}
    )
    (site.folder / "a.jsonl").write_text(
        '{"data": {"id": 1}, "手机号": "a"}\n{"data.id": 2, "contact": {"tel": "b"}}\n{"data": {"id": 3}, "phone": "", "手机号": "c"}\n',
        encoding="utf-8",
    )
    site.load("till.line")
    assert stage(site, columns="number, phone") == [(1, "a"), (2, "b"), (3, "c")]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.one_of(
            st.from_regex(r"\A[0-9.,年月日:/ -]{1,14}\Z"), st.text(max_size=8).filter(lambda text: "\0" not in text)
        ),
        max_size=20,
    )
)
def test_no_text_makes_staging_fail(site: Site, texts: list[str]) -> None:
    with site.warehouse, site.warehouse.cursor() as cursor:
        cursor.execute("drop schema if exists raw, ops cascade")
    forms = ["YYYYMMDD", "DD.MM.YYYY", "YYYY年MM月DD日", "excel_serial", "iso", "YYYY-MM-DD HH24:MI"]
    for kind in ("date", "timestamp"):
        typed(site, kind, texts, formats=forms)
    typed(site, "numeric", texts, numbers={"decimal": ",", "thousands": "."})


@pytest.mark.parametrize("pattern", ["YYYY-MM", "YYYY-MM-DD DD", "Day DD.MM.YYYY", ""])
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^\w"):
        date_pattern(pattern or "x")


@pytest.mark.parametrize(
    ("kind", "column", "complaint"),
    [
        pytest.param("date", {"formats": ["MM/YY"]}, "formats: MM/YY is no pattern of a date", id="pattern"),
        pytest.param("text", {"formats": ["YYYYMMDD"]}, "is for dates and times only", id="formats-of-a-text"),
        pytest.param("date", {"numbers": {}}, "is for numbers only", id="numbers-of-a-date"),
        pytest.param("numeric", {"numbers": {"thousands": "."}}, "the same sign cannot separate both", id="same-sign"),
    ],
)
def test_forms_that_do_not_fit(site: Site, kind: str, column: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RuleFileError, match=complaint):
        typed(site, kind, ["1"], **column)


@pytest.mark.realdata
def test_orders_of_an_sap_extract(site: Site, real_data: Path) -> None:
    """Semicolons, decimal commas, dates without signs, a byte order mark, gzip."""
    columns = described(
        SALESORDERID="text", CREATEDAT="date", GROSSAMOUNT="numeric", NETAMOUNT="numeric", TAXAMOUNT="numeric"
    )
    columns["CREATEDAT"]["formats"] = ["YYYYMMDD"]
    for name, column in columns.items():
        column["name"] = name.lower()
    order = {
        "path": str(real_data / "erp_sap_sample" / "SalesOrders.csv.gz"), "delimiter": ";", "key": ["SALESORDERID"],
        "numbers": {"decimal": ","}, "columns": columns,
    }  # fmt: skip
    site.declare("sap", "file", {"order": order})
    result = site.load("sap.order")
    # Order numbers repeat in the extract; the last row of each stands.
    assert (result.received, result.loaded, result.superseded, result.rejected) == (5166, 3699, 1467, 0)
    rows = stage(site, "order", "createdat, grossamount, netamount, taxamount, invalid_columns")
    assert [row[-1] for row in rows] == [[]] * 3699
    assert rows[0][:4] == (date(2015, 1, 1), Decimal(3591), Decimal("3142.13"), Decimal("448.88"))
    # Net and tax add up to gross but for the roundings of the system itself.
    assert all(abs(gross - net - tax) < Decimal("0.05") for _day, gross, net, tax, _invalid in rows)
    assert site.load("sap.order").received == 0


@pytest.mark.realdata
def test_purchases_in_columns_of_fixed_width(site: Site, real_data: Path) -> None:
    layout = {"columns": {
        "customer": {"start": 2, "width": 5}, "day": {"start": 8, "width": 8}, "pieces": {"start": 16, "width": 3},
        "amount": {"start": 19, "width": 8},
    }}  # fmt: skip
    columns = described(customer="text", day="date", pieces="integer", amount="numeric")
    columns["day"]["formats"] = ["YYYYMMDD"]
    columns["amount"]["required"] = True
    purchase = {
        "path": str(real_data / "clv_cdnow" / "CDNOW_master.txt.gz"), "format": "fixed_width", "header_row": 1,
        "key": "line", "layout": layout, "columns": columns,
    }  # fmt: skip
    site.declare("cdnow", "file", {"purchase": purchase})
    result = site.load("cdnow.purchase")
    assert (result.loaded, result.rejected) == (69_659, 0)
    rows = stage(site, "purchase", "customer, day, pieces, amount, invalid_columns")
    assert rows[0] == ("00001", date(1997, 1, 1), 1, Decimal("11.77"), [])
    assert not any(row[-1] for row in rows)
    assert (len({row[0] for row in rows}), sum(row[2] for row in rows)) == (23_570, 167_881)
