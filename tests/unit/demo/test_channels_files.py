"""The channels' files as bytes: equal for equal companies, and as dirty as truth says."""

from __future__ import annotations

import gzip
import hashlib
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from openpyxl import load_workbook

from cockpit.demo.channels import ChannelTruth, fill_channels
from cockpit.demo.channels.access_log import address
from cockpit.demo.channels.bank import LINE_BYTES
from cockpit.demo.channels.forms import make_submissions
from cockpit.demo.channels.profile import load_channels
from cockpit.demo.company import Company
from cockpit.rulebook.dictionary import load_dictionary
from cockpit.rulebook.sources import SqlSource, load_source
from cockpit.rulebook.workspace import REPOSITORY

COMBINED = re.compile(r'^[0-9a-f.:]+ - - \[[^\]]+ \+0800\] "(GET|POST) \S+ HTTP/1\.1" \d{3} \d+ "[^"]*" "[^"]+"$')


@pytest.fixture(scope="module")
def filled(company: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ChannelTruth]:
    folder = tmp_path_factory.mktemp("channels") / "demo"
    truth = fill_channels(folder, company)
    assert truth is not None
    return folder, truth


def hashes(folder: Path) -> dict[str, str]:
    """Content of each file; that of the database row by row."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as connection:
                content = "\n".join(connection.iterdump()).encode()
        elif path.is_file():
            content = path.read_bytes()
        else:
            continue
        found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def test_equal_companies_have_equal_files(filled: tuple[Path, ChannelTruth], company: Company, tmp_path: Path) -> None:
    again = fill_channels(tmp_path / "demo", company)
    assert hashes(tmp_path / "demo") == hashes(filled[0])
    assert again is not None
    assert again.figures == filled[1].figures


def test_a_complete_fill_is_kept(filled: tuple[Path, ChannelTruth], company: Company) -> None:
    before = hashes(filled[0])
    assert fill_channels(filled[0], company) is None
    (filled[0] / ".complete").write_text("of another company", encoding="utf-8")
    assert fill_channels(filled[0], company) is not None
    assert hashes(filled[0]) == before


def test_broken_access_lines_are_where_truth_says(filled: tuple[Path, ChannelTruth]) -> None:
    folder, truth = filled
    known = {(file, number) for system, entity, file, number, _kind in truth.broken_lines if entity == "access"}
    found = set()
    for path in (folder / "behaviour" / "access").iterdir():
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for number, line in enumerate(content.decode().splitlines(), start=1):
            if not COMBINED.match(line):
                found.add((path.name, number))
    assert found == known
    assert len(known) > 20


def test_visitors_have_networks_of_their_own() -> None:
    networks = Counter(
        ":".join(ip.split(":")[:3]) if ":" in ip else ip.rpartition(".")[0] for ip in map(address, range(200_000))
    )
    assert max(networks.values()) == 1


def test_statements_have_lines_of_one_width(filled: tuple[Path, ChannelTruth]) -> None:
    folder, truth = filled
    broken = {(file, number) for system, _entity, file, number, _kind in truth.broken_lines if system == "bank"}
    for path in (folder / "bank").iterdir():
        lines = path.read_bytes().split(b"\r\n")
        assert lines.pop() == b""
        wrong = {(path.name, number) for number, line in enumerate(lines, start=1) if len(line) != LINE_BYTES}
        assert wrong == {place for place in broken if place[0] == path.name}


def test_reports_come_in_the_encodings_of_their_dealers(filled: tuple[Path, ChannelTruth]) -> None:
    folder = filled[0] / "distributors"
    assert (folder / "tab" / "D07_202609.tsv").read_bytes()[:2] == b"\xff\xfe"
    assert (folder / "comma" / "D03_202609.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert "客户名称" in (folder / "comma" / "D01_202609.csv").read_text(encoding="gb18030")
    with pytest.raises(UnicodeDecodeError):
        (folder / "comma" / "D01_202609.csv").read_text(encoding="utf-8")
    german = (folder / "semicolon" / "D05_202609.csv").read_text(encoding="cp1252")
    assert re.search(r";\d{1,3}(\.\d{3})*,\d\d;", german)


def test_the_late_report_is_missing_and_one_came_twice(filled: tuple[Path, ChannelTruth]) -> None:
    folder, truth = filled
    assert not (folder / "distributors" / "comma" / "D02_202610.csv").exists()
    ((_system, _entity, name, kind),) = truth.special_files
    assert kind == "delivered_twice"
    twice = folder / "distributors" / "comma" / name
    assert twice.read_bytes() == (twice.parent / "D01_202609.csv").read_bytes()


def test_workbooks_have_titles_above_their_header(filled: tuple[Path, ChannelTruth]) -> None:
    path = next((filled[0] / "trade_fair").glob("*.xlsx"))
    sheet = load_workbook(path).active
    assert sheet is not None
    assert len(sheet.merged_cells.ranges) == 2
    assert sheet.cell(3, 1).value == "名片编号"
    assert isinstance(sheet.cell(4, 10).value, float)


def test_calls_without_a_time_of_change(filled: tuple[Path, ChannelTruth]) -> None:
    with closing(sqlite3.connect(filled[0] / "call_centre.sqlite")) as connection:
        ((calls, unchanged),) = connection.execute(
            "select count(*), count(*) filter (where last_change is null) from call_record"
        )
        wrong = connection.execute(
            """
            select call_id from call_record
            where minutes < 0 or satisfaction not between 1 and 5 or started > '2026-11-18 15:30:00'
            """
        ).fetchall()
    assert calls == 6000
    assert 0.25 < unchanged / calls < 0.35
    assert {str(call_id) for (call_id,) in wrong} == {
        key for system, _kind, _entity, key in filled[1].anomalies if system == "call_centre"
    }


def test_submissions_repeat_their_own_keys_only(company: Company) -> None:
    submissions = make_submissions(company)
    assert len(submissions) == len(make_submissions(company))
    new = {each.key: each for each in submissions if not each.is_repeated}
    repeated = [each for each in submissions if each.is_repeated]
    assert repeated
    assert all(new[each.key].fields == each.fields and not new[each.key].is_invalid for each in repeated)
    placeholders = set(load_channels().placeholder_phones)
    assert all(each.fields["phone"] in placeholders for each in new.values() if each.mark)


@pytest.mark.parametrize("product", ["kingdee", "yonyou"])
def test_templates_of_accounting_systems_load(product: str) -> None:
    rules = REPOSITORY / "include" / "rules"
    source = load_source(rules / "templates" / f"{product}.yml", load_dictionary(rules / "dictionary.yml"))
    assert isinstance(source, SqlSource)
    assert {"customer", "product", "sales_order", "sales_order_line", "receipt"} <= set(source.entities)
