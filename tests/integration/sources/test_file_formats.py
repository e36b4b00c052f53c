"""Each format from the file to raw, and templates that come back filled."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from cockpit.errors import RuleFileError, TerminalError
from cockpit.rulebook.sources import FileSource
from cockpit.sources.files.load_files import load_files
from cockpit.sources.files.template import write_template
from cockpit.sources.loading import ledger
from cockpit.sources.loading.drift import EntityDrift
from cockpit.sources.loading.loader import open_loader
from cockpit.sources.loading.reasons import NOT_A_LOG_LINE
from tests.integration.sources.site import Site, described

COLUMNS = described(number="bigint", text="text")


def declare(site: Site, **entity: Any) -> None:
    line = {"path": "in/*", "key": "line", "columns": COLUMNS}
    site.declare("till", "file", {"line": {**line, **entity}})


def put(site: Site, name: str, content: bytes) -> Path:
    path = site.folder / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def payloads(site: Site) -> list[Any]:
    return [payload for _key, payload in site.raw("till__line")]


def rejected(site: Site) -> list[tuple[Any, ...]]:
    return site.query("select line_number, reason, raw_text from ops.rejected_line order by line_number")


def test_json_lines_with_nested_values_and_a_nested_key(site: Site) -> None:
    columns = described(**{"data.id": "bigint", "amount": "numeric"})
    columns["data.id"]["name"] = "number"
    declare(site, format="json_lines", key=["data.id"], columns=columns)
    lines = [
        '{"data": {"id": 1, "tags": ["a", {"b": null}]}, "amount": 1.10}',
        '{"data": {"id": 12345678901234567890}, "amount": 0.1000000000000000055511151231257827}',
        '{"data": {"id": null}, "amount": 3}',
        "[1]",
        '{"data": ',
        "",
        '{"data": {"id": 2}, "text": "华\\t星\\\\"}',
    ]
    put(site, "a.jsonl", "\n".join(lines).encode())
    result = site.load("till.line")
    assert (result.received, result.loaded, result.rejected) == (6, 3, 3)
    texts = site.query("select payload ->> 'amount' from raw.till__line order by key")
    assert texts == [("1.10",), ("0.1000000000000000055511151231257827",), (None,)]
    assert payloads(site)[0]["data"] == {"id": 1, "tags": ["a", {"b": None}]}
    assert payloads(site)[2]["text"] == "华\t星\\"
    assert [row[:2] for row in rejected(site)] == [(3, "key is empty"), (4, "not a JSON object"), (5, "not JSON")]
    assert site.query("select column_name, type from ops.observed_column order by 1") == [
        ("amount", "number"), ("data", "object"), ("data.id", "number"), ("text", "string")
    ]  # fmt: skip
    site.assert_balanced()


def test_a_bank_file_counts_bytes(site: Site) -> None:
    layout = {
        "unit": "bytes",
        "columns": {
            "number": {"start": 1, "width": 4}, "payer": {"start": 5, "width": 8}, "text": {"start": 13, "width": 6}
        },
    }  # fmt: skip
    columns = described(payer="text", text="text")
    columns["payer"]["required"] = True
    declare(site, format="fixed_width", layout=layout, encoding="gbk", columns=columns)
    put(site, "a.txt", "0001华星仪器rent  \r\n0002北京    fee\r\nEOF\r\n0003上海华a星x\r\n".encode("gbk"))
    put(site, "b.txt", "0004华星".encode("gbk"))
    result = site.load("till.line")
    assert (result.loaded, result.rejected) == (3, 2)
    assert sorted(payloads(site), key=lambda payload: payload["number"]) == [
        {"number": "0001", "payer": "华星仪器", "text": "rent"},
        {"number": "0002", "payer": "北京", "text": "fee"},
        {"number": "0004", "payer": "华星", "text": ""},
    ]
    assert rejected(site) == [
        (3, "wrong width of the line", "EOF\r"),
        (4, "bytes that the declared encoding does not have", "0003上海华a星x\r"),
    ]


def test_tabs_and_titles_above_the_header(site: Site) -> None:
    declare(site, delimiter="\\t", header_row=3)
    put(site, "a.tsv", "Report\n\nnumber\ttext\n1\ta,b\n".encode("utf-16"))
    site.load("till.line")
    assert payloads(site) == [{"number": "1", "text": "a,b"}]


def test_a_table_without_a_header(site: Site) -> None:
    declare(site, header_row=0)
    put(site, "a.csv", b"1,a\n2,b\n3\n")
    assert site.load("till.line").rejected == 1
    assert payloads(site) == [{"number": "1", "text": "a"}, {"number": "2", "text": "b"}]


def test_a_workbook_that_is_saved_again_takes_the_place_of_the_old(site: Site) -> None:
    declare(site, format="excel", path="in/*.xlsx")
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (
        ["number", "text"],
        [1, "a"],
        [2, datetime.fromisoformat("2026-03-05T08:00")],
        [45321, date(2026, 3, 5)],
    ):
        sheet.append(row)
    sheet["B5"].value, sheet["B5"].data_type = "#REF!", "e"
    buffer = io.BytesIO()
    workbook.save(buffer)
    put(site, "cards.xlsx", buffer.getvalue())
    result = site.load("till.line")
    assert (result.received, result.loaded, result.rejected) == (4, 3, 1)
    assert payloads(site) == [
        {"number": "1", "text": "a"},
        {"number": "2", "text": "2026-03-05 08:00:00"},
        {"number": "45321", "text": "2026-03-05"},
    ]
    assert rejected(site) == [(5, "cell with an error value", "\t#REF!")]
    sheet.delete_rows(3)
    sheet["B4"] = "fixed"
    workbook.save(buffer := io.BytesIO())
    put(site, "cards.xlsx", buffer.getvalue())
    result = site.load("till.line")
    assert (result.loaded, result.deleted, result.rejected) == (3, 3, 0)
    site.assert_balanced()


class Parser:
    """Lines such as `day name`; the name is not to be kept of a line that is rejected."""

    def __call__(self, line: str) -> dict[str, object] | str:
        number, _space, text = line.partition(" ")
        return {"number": int(number), "text": text or None} if number.isdigit() else NOT_A_LOG_LINE

    def conceal(self, line: str) -> str:
        return line.replace("secret", "*")


def test_lines_that_a_parser_understands(site: Site) -> None:
    declare(site, encoding="utf-8")
    put(site, "a.log", b"1 a\n\nx secret\n2 b\0 secret\n3 c\n4\n")
    source = site.workspace.sources["till"]
    assert isinstance(source, FileSource)
    entity = source.entities["line"]
    drift = EntityDrift("till", "line", "run", entity, "warn")
    ledger.prepare(site.warehouse)
    with open_loader(site.warehouse, "till", "line", "run") as loader:
        batches = load_files(
            loader, site.folder, entity, drift, full=False, tell=lambda told: told, line_parser=Parser()
        )
    assert [(batch.received, batch.loaded, batch.rejected) for batch in batches] == [(5, 3, 2)]
    assert payloads(site) == [{"number": 1, "text": "a"}, {"number": 3, "text": "c"}, {"number": 4, "text": None}]
    assert rejected(site) == [(3, NOT_A_LOG_LINE, "x *"), (4, "NUL character", r"2 b\x00 *")]


TEMPLATE = {
    "card": {
        "path": "in/*.xlsx",
        "format": "excel",
        "sheet": 1,
        "key": ["phone"],
        "columns": {
            "phone": {"type": "text", "synonyms": ["手机号", "mobile"], "description": "Phone", "description_zh": "电话"},
            "stage": {"type": "text", "synonyms": ["阶段"], "values": ["new", "won, paid"], "description": "Stage", "description_zh": "阶段"},
            "met_on": {"type": "date", "synonyms": ["日期"], "description": "Day of the meeting", "description_zh": "见面日期"},
            "amount": {"type": "numeric", "unit": "CNY", "required": True, "description": "Amount", "description_zh": "金额"},
            "is_agent": {"type": "boolean", "synonyms": ["代理"], "description": "Agent", "description_zh": "是否代理"},
        },
    }
}  # fmt: skip


@pytest.mark.parametrize("header_row", [1, 4])
@pytest.mark.parametrize("sheet", [1, 3, "名片"])
@pytest.mark.parametrize(
    ("language", "header"),
    [("zh", ["手机号", "阶段", "日期", "amount", "代理"]), ("en", ["phone", "stage", "met_on", "amount", "is_agent"])],
)
def test_a_filled_template_is_read_back(
    site: Site, language: str, header: list[str], sheet: int | str, header_row: int
) -> None:
    site.declare("crm", "file", {"card": {**TEMPLATE["card"], "sheet": sheet, "header_row": header_row}})
    source = site.workspace.sources["crm"]
    assert isinstance(source, FileSource)
    path = put(site, "cards.xlsx", b"")
    write_template("card", source, path, language)
    workbook = load_workbook(path)
    assert workbook.active is not None
    table = workbook.active
    assert [cell.value for cell in table[header_row]] == header
    assert table.freeze_panes == f"A{header_row + 1}"
    kinds = {str(each.sqref).split(":")[0]: each.type for each in table.data_validations.dataValidation}
    first = header_row + 1
    assert kinds == {f"B{first}": "list", f"C{first}": "date", f"D{first}": "decimal", f"E{first}": "list"}
    explained = workbook[{"zh": "说明", "en": "explanation"}[language]]
    assert [cell.value for cell in explained["A"]][1:] == header
    assert explained["F3"].value == "new, won, paid"

    table.append(["013800138000", "won, paid", date(2026, 3, 5), 1234.5, True])
    table.append(["02161234567", "new", datetime.fromisoformat("2026-03-06T09:30"), 2, None])
    workbook.save(path)
    result = site.load("crm.card")
    assert (result.loaded, result.rejected) == (2, 0)
    values = [
        ["013800138000", "won, paid", "2026-03-05", "1234.5", "true"],
        ["02161234567", "new", "2026-03-06 09:30:00", "2", ""],
    ]
    assert site.raw("crm__card") == [(row[0], dict(zip(header, row, strict=True))) for row in values]


def test_an_empty_template_is_no_error(site: Site) -> None:
    site.declare("crm", "file", TEMPLATE)
    source = site.workspace.sources["crm"]
    assert isinstance(source, FileSource)
    write_template("card", source, put(site, "cards.xlsx", b""), "zh")
    assert site.load("crm.card").received == 0


def test_a_template_needs_a_workbook(site: Site) -> None:
    declare(site)
    source = site.workspace.sources["till"]
    assert isinstance(source, FileSource)
    with pytest.raises(TerminalError, match=r"till\.line: a template needs an entity that reads workbooks"):
        write_template("line", source, site.folder / "x.xlsx", "en")
    site.declare("crm", "file", TEMPLATE)
    crm = site.workspace.sources["crm"]
    assert isinstance(crm, FileSource)
    with pytest.raises(TerminalError, match="the file cannot be written"):
        write_template("card", crm, site.folder / "nowhere" / "x.xlsx", "en")


@pytest.mark.parametrize(
    ("entity", "complaint"),
    [
        pytest.param({"encoding": "klingon"}, r"encoding: unknown encoding \(allowed: auto, utf-8", id="encoding"),
        pytest.param({"format": "word"}, "has a value that is not known", id="format"),
        pytest.param({"format": "excel", "delimiter": ";"}, "does not belong to the format excel", id="stray-key"),
        pytest.param({"sheet": 2}, r"does not belong to the format delimited \(allowed: excel\)", id="stray-sheet"),
        pytest.param({"format": "excel", "is_growing": True}, "a workbook cannot grow by lines", id="growing-workbook"),
        pytest.param({"format": "fixed_width"}, "needs 'layout'", id="no-layout"),
        pytest.param(
            {"format": "fixed_width", "layout": {"columns": {"number": {"start": 1, "width": 2}}}},
            r"layout.columns: the column text has no place", id="place-missing",
        ),
        pytest.param({"delimiter": '"'}, "is not of the right form", id="quote-as-delimiter"),
        pytest.param({"batch_by": "day"}, "names day, which is not in columns", id="unknown-day"),
    ],
)  # fmt: skip
def test_declarations_that_do_not_fit(site: Site, entity: dict[str, Any], complaint: str) -> None:
    declare(site, **entity)
    with pytest.raises(RuleFileError, match=complaint) as caught:
        _ = site.workspace.source("till")
    assert "till.yml:" in str(caught.value)


good = st.tuples(
    st.integers(0, 10**6), st.text(st.characters(codec="utf-8", exclude_characters='\0\n\r",'), max_size=6)
)
junk = st.binary(min_size=1, max_size=12).map(lambda line: line.replace(b"\n", b" ").replace(b'"', b"'"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.one_of(good, junk), max_size=12), form=st.sampled_from(["json_lines", "delimited", "fixed_width"])
)
def test_no_good_line_is_lost_and_each_bad_one_is_listed(site: Site, rows: list[Any], form: str) -> None:
    layout = {"columns": {"number": {"start": 1, "width": 7}, "text": {"start": 8, "width": 6}}}
    keys = {"fixed_width": {"layout": layout}, "delimited": {"header_row": 0}}.get(form, {})
    columns = described(number="bigint", text="text")
    columns["number"]["required"] = True
    declare(site, format=form, encoding="utf-8", columns=columns, **keys)
    for path in (site.folder / "in").glob("*"):
        path.unlink()
    with site.warehouse, site.warehouse.cursor() as cursor:
        cursor.execute("drop schema if exists raw, ops cascade")
    written = {
        "json_lines": lambda row: json.dumps({"number": row[0], "text": row[1]}).encode(),
        "delimited": lambda row: f"{row[0]},{row[1]}".encode(),
        "fixed_width": lambda row: f"{row[0]:07d}{row[1]}".encode(),
    }[form]
    # What begins like compressed content is damaged content.
    rows = [(0, "first"), *rows]
    lines = [row if isinstance(row, bytes) else written(row) for row in rows]
    put(site, "any", b"\n".join(lines))
    result = site.load("till.line")
    blank = sum(not line.decode(errors="replace").strip() for line in lines)
    assert len(lines) - blank <= result.received <= len(lines)
    assert result.received == result.loaded + result.rejected
    found = [(str(payload.get("number")).lstrip("0"), payload.get("text")) for payload in payloads(site)]
    for row in rows:
        if not isinstance(row, bytes):
            assert (str(row[0]).lstrip("0"), row[1].strip() if form == "fixed_width" else row[1]) in found
    site.assert_balanced()
