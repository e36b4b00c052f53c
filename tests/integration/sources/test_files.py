from __future__ import annotations

import gzip
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import TerminalError, TransientError
from cockpit.sources.loading.ledger import BatchResult
from tests.integration.sources.site import Site, described

HEADER = "number,day,amount\n"
COLUMNS = described(number="bigint", day="timestamp", amount="numeric")


def declare(site: Site, **entity: Any) -> None:
    line = {"path": "in/*.csv*", "key": "line", "batch_by": "day", "columns": COLUMNS}
    site.declare("till", "file", {"line": {**line, **entity}})


def put(site: Site, name: str, content: str | bytes) -> Path:
    path = site.folder / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_one_batch_per_day_with_its_lines(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + "1,2026-03-01 08:00:00,5\n2,2026-03-01 09:00:00,6\n3,2026-03-02T07:00:00,7\n")
    told: list[BatchResult] = []
    result = site.load("till.line", on_batch=told.append)
    assert (result.batches, result.received, result.loaded) == (2, 3, 3)
    assert [(batch.label, batch.loaded) for batch in told] == [("2026-03-01", 2), ("2026-03-02", 1)]
    assert site.query("select label, cursor_from, cursor_to from ops.import_batch order by batch_id") == [
        ("2026-03-01", "2", "3"),
        ("2026-03-02", "4", "4"),
    ]
    ((prefix,),) = site.query("select distinct left(content_hash, 16) from ops.import_batch")
    assert site.raw("till__line")[0] == (f"{prefix}|2", {"number": "1", "day": "2026-03-01 08:00:00", "amount": "5"})
    site.assert_balanced()


@pytest.mark.parametrize("name", ["b.csv", "b.csv.gz"])
def test_the_same_content_is_loaded_once_under_any_name(site: Site, name: str) -> None:
    declare(site)
    content = HEADER + "1,2026-03-01,5\n"
    put(site, "a.csv", content)
    site.load("till.line")
    (site.folder / "in" / "a.csv").unlink()
    put(site, name, gzip.compress(content.encode()) if name.endswith(".gz") else content)
    result = site.load("till.line")
    assert (result.batches, result.received, result.loaded) == (1, 0, 0)
    ledger = site.query("select label, received, content_hash is not null from ops.import_batch order by batch_id")
    assert ledger == [("2026-03-01", 1, True), (name, 0, True)]
    full = site.load("till.line", full=True)
    assert (full.received, full.loaded, full.unchanged) == (1, 0, 1)
    site.assert_balanced()


def test_a_day_that_returns_is_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.sources.files.rows.ROWS_PER_TRANSACTION", 2)
    declare(site)
    days = ["01", "01", "02", "01", "03", ""]
    put(
        site,
        "a.csv",
        HEADER + "".join(f"{n},2026-03-{day} 08:00,1\n" if day else f"{n},,1\n" for n, day in enumerate(days)),
    )
    result = site.load("till.line")
    assert (result.received, result.loaded) == (6, 6)
    assert site.query("select label, received from ops.import_batch order by batch_id") == [
        ("2026-03-01", 2), ("2026-03-02", 1), ("2026-03-01", 1), ("2026-03-03", 2)
    ]  # fmt: skip


MALFORMED = {
    "field missing": (b"7,2026-03-01", "wrong number of fields"),
    "field too many": (b"7,2026-03-01,1,2", "wrong number of fields"),
    "spaces only": (b"  ", "wrong number of fields"),
    "not utf-8": (b"7,2026-03-01,\xff\xfe", "bytes that the declared encoding does not have"),
    "gbk": ("7,2026-03-01,客户".encode("gbk"), "bytes that the declared encoding does not have"),
    "nul": (b"7,2026-03-01,\x001", "NUL character"),
    "stray quote": (b'7,"2026-03-01,1', "quote that is not closed"),
    "text after quote": (b'7,"2026-03-01"x,1', "text after a closing quote"),
    "carriage return": (b"7,2026-03-01,1\r2", "carriage return inside the line"),
    "too long": (b"7,2026-03-01," + b"1" * (1 << 20), "line is too long"),
    "shift of columns": (b'"7;2026-03-01;1"', "wrong number of fields"),
}


def test_malformed_lines_are_listed_and_the_rest_loads(site: Site) -> None:
    declare(site, encoding="utf-8")
    good = [f"{number},2026-03-01 08:00:00,{number}\n".encode() for number in range(len(MALFORMED) + 1)]
    lines = [good[0]]
    for line, (bad, _reason) in zip(good[1:], MALFORMED.values(), strict=True):
        lines += [bad + b"\n", line]
    put(site, "a.csv", HEADER.encode() + b"".join(lines))
    result = site.load("till.line")
    assert (result.received, result.loaded, result.rejected) == (2 * len(MALFORMED) + 1, len(good), len(MALFORMED))
    assert {payload["number"] for _key, payload in site.raw("till__line")} == {str(n) for n in range(len(good))}
    rejected = site.query("select file, line_number, reason, raw_text from ops.rejected_line order by line_number")
    assert [row[:3] for row in rejected] == [
        ("a.csv", 3 + 2 * number, reason) for number, (_bad, reason) in enumerate(MALFORMED.values())
    ]
    texts = {row[1]: row[3] for row in rejected}
    assert texts[3] == "7,2026-03-01"
    assert texts[9] == r"7,2026-03-01,\xff\xfe"
    assert texts[13] == r"7,2026-03-01,\x001"
    assert texts[17] == '7,"2026-03-01"x,1'
    site.assert_balanced()
    assert site.load("till.line").received == 0


def test_values_come_through_unharmed(site: Site) -> None:
    declare(site, batch_by=None)
    nasty = ["tab\there", "back\\slash", "\\N", "100%", "“引号”", "emoji 🙂", "\x01", "null", "", " padded "]
    put(
        site,
        "a.csv",
        HEADER + "".join(f"{n},{value},1\n" for n, value in enumerate(nasty)) + '99,"two\nlines, ""x""",1\n',
    )
    site.load("till.line")
    values = {payload["number"]: payload["day"] for _key, payload in site.raw("till__line")}
    assert values == {str(n): value for n, value in enumerate(nasty)} | {"99": 'two\nlines, "x"'}


def test_gbk_semicolons_byte_order_mark_and_further_columns(site: Site) -> None:
    declare(site, encoding="gbk", delimiter=";", path="in/a.csv")
    put(site, "a.csv", "number;day;amount;客户;\n1;2026-03-01;5;华星;x\n".encode("gbk"))
    site.load("till.line")
    assert site.raw("till__line")[0][1]["客户"] == "华星"
    assert site.raw("till__line")[0][1]["column_5"] == "x"
    declare(site, path="in/b.csv")
    put(site, "b.csv", b"\xef\xbb\xbf" + (HEADER + "1,2026-03-01,5\n").encode())
    assert site.load("till.line").loaded == 1


def test_a_key_of_columns_finds_changes_between_files(site: Site) -> None:
    declare(site, key=["number", "day"], batch_by=None)
    put(site, "a.csv", HEADER + "1,d,5\n2,d,6\n2,d,7\n,d,8\n")
    result = site.load("till.line")
    assert (result.received, result.loaded, result.superseded, result.rejected) == (4, 2, 1, 1)
    put(site, "b.csv", HEADER + "1,d,5\n2,d,9\n3,d,1\n")
    result = site.load("till.line")
    assert (result.batches, result.received, result.loaded, result.unchanged) == (1, 3, 2, 1)
    assert [(key, payload["amount"]) for key, payload in site.raw("till__line")] == [
        ("1|d", "5"), ("2|d", "9"), ("3|d", "1")
    ]  # fmt: skip
    assert site.query("select row_count from ops.batch_replacement") == [(1,)]
    assert site.query("select line_number, reason, raw_text from ops.rejected_line") == [(5, "key is empty", ",d,8")]
    site.assert_balanced()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"number,amount\n1,2\n", "the column day is missing", id="column-missing"),
        pytest.param(b"number,day,amount,day\n", "names a column twice", id="column-twice"),
        pytest.param(b'number,"day,amount\n', "header cannot be read", id="header-malformed"),
        pytest.param(b"number;day;amount\n1;2;3\n", "missing", id="other-delimiter"),
        pytest.param(gzip.compress(HEADER.encode() * 999)[:-9], "cannot be read", id="damaged-gzip"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_before_anything_is_written(
    site: Site, content: bytes, complaint: str
) -> None:
    declare(site)
    put(site, "a.csv", content)
    with pytest.raises(TerminalError, match=complaint) as caught:
        site.load("till.line")
    assert "till.line: a.csv" in str(caught.value)
    assert site.query("select count(*) from ops.import_batch") == [(0,)]


def test_a_header_alone_is_noted(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER)
    for _time in range(2):
        assert site.load("till.line").batches == 1
    assert site.query("select label, received from ops.import_batch") == [("a.csv", 0), ("a.csv", 0)]


def test_no_file_yet_is_no_error_but_a_missing_one_is(site: Site) -> None:
    declare(site)
    with pytest.raises(TerminalError, match="no such file or folder"):
        site.load("till.line")
    (site.folder / "in").mkdir()
    assert site.load("till.line").received == 0
    declare(site, path="in/a.csv")
    with pytest.raises(TerminalError, match="no such file or folder"):
        site.load("till.line")
    declare(site, path="${COCKPIT_TEST_NOWHERE}/a.csv")
    with pytest.raises(TerminalError, match="COCKPIT_TEST_NOWHERE is not set"):
        site.load("till.line")
    declare(site, path="in/*", encoding="klingon")
    put(site, "a.csv", HEADER)
    with pytest.raises(TerminalError, match="unknown encoding"):
        site.load("till.line")


def test_a_file_that_changes_while_it_is_read_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.sources.files.rows.ROWS_PER_TRANSACTION", 1)
    declare(site)
    path = put(site, "a.csv", HEADER + "1,2026-03-01,5\n2,2026-03-02,5\n")
    with pytest.raises(TransientError, match="changed while it was read"):
        site.load("till.line", on_batch=lambda _batch: os.utime(path, (1, 1)))
    assert site.query("select label from ops.import_batch") == [("2026-03-01",)]
    assert site.load("till.line").received == 1
    site.assert_balanced()


def test_an_interrupted_file_is_taken_up_after_its_last_batch(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.sources.files.rows.ROWS_PER_TRANSACTION", 3)
    declare(site)
    first = date(2026, 3, 1)
    lines = [f'{n},{first + timedelta(days=n // 4)},"{n}\nmore"\n' for n in range(40)]
    lines.insert(14, "bad\n")
    put(site, "a.csv", HEADER + "".join(lines))

    def stop_after_batch(_batch: BatchResult) -> None:
        raise KeyboardInterrupt

    for _day in range(10):
        with pytest.raises(KeyboardInterrupt):
            site.load("till.line", on_batch=stop_after_batch)
    assert site.load("till.line").received == 0
    labels = site.query("select label, received from ops.import_batch where received > 0 order by batch_id")
    assert labels == [(str(first + timedelta(days=n)), 5 if n == 3 else 4) for n in range(10)]
    assert site.query("select sum(received), sum(loaded), sum(rejected) from ops.import_batch") == [(41, 40, 1)]
    assert sorted(int(payload["number"]) for _key, payload in site.raw("till__line")) == list(range(40))
    site.assert_balanced()
