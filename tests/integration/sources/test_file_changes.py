"""A watched folder: files that grow, change, move, break off or are bad."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import TerminalError, TransientError
from cockpit.sources.loading.ledger import BatchResult
from tests.integration.sources.site import Site, described

HEADER = "number,text\n"
COLUMNS = described(number="bigint", text="text")


def declare(site: Site, **entity: Any) -> None:
    line = {"path": "in/*.csv", "key": "line", "encoding": "utf-8", "columns": COLUMNS}
    site.declare("till", "file", {"line": {**line, **entity}})


def put(site: Site, name: str, content: str | bytes) -> Path:
    path = site.folder / "in" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*numbers: int) -> str:
    return "".join(f"{number},x\n" for number in numbers)


def held(site: Site) -> list[str]:
    """Numbers of the rows that are not deleted, one for each row."""
    found = site.query("select payload ->> 'number' from raw.till__line where deleted_at is null")
    return sorted(number for (number,) in found)


def keys(site: Site) -> list[str]:
    return [key for (key,) in site.query("select key from raw.till__line where deleted_at is null order by key")]


def test_a_file_that_grows_goes_on_with_the_same_keys(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1, 2))
    site.load("till.line")
    before = keys(site)
    put(site, "a.csv", HEADER + lines(1, 2, 3) + "\n\n")
    result = site.load("till.line")
    assert (result.received, result.loaded, result.unchanged, result.deleted) == (1, 1, 0, 0)
    put(site, "a.csv", HEADER + lines(1, 2, 3) + "\n\n" + lines(4))
    assert site.load("till.line").received == 1
    prefix = before[0].split("|")[0]
    assert keys(site) == [*before, f"{prefix}|4", f"{prefix}|7"]
    assert held(site) == ["1", "2", "3", "4"]
    assert site.load("till.line").received == 0
    full = site.load("till.line", full=True)
    assert (full.received, full.unchanged) == (4, 4)
    site.assert_balanced()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-8", "gb18030"])
def test_growth_in_any_encoding(site: Site, encoding: str) -> None:
    declare(site, encoding="auto")
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    put(site, "a.csv", (mark + HEADER + "1,华星\n").encode(encoding))
    site.load("till.line")
    put(site, "a.csv", (mark + HEADER + "1,华星\n2,北京\n").encode(encoding))
    result = site.load("till.line")
    assert (result.received, result.loaded) == (1, 1)
    assert [payload["text"] for _key, payload in site.raw("till__line")] == ["华星", "北京"]


def test_other_content_takes_the_place_of_the_old(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1, 2, 3))
    put(site, "b.csv", HEADER + lines(9))
    site.load("till.line")
    put(site, "a.csv", HEADER + lines(1, 4))
    result = site.load("till.line")
    assert (result.received, result.loaded, result.deleted) == (2, 2, 3)
    assert held(site) == ["1", "4", "9"]
    ledger = site.query("select label, deleted from ops.import_batch where deleted > 0")
    assert ledger == [("deletes", 3)]
    site.assert_balanced()
    # The old content comes back: its rows do too.
    put(site, "a.csv", HEADER + lines(1, 2, 3))
    result = site.load("till.line")
    assert (result.received, result.loaded, result.deleted) == (3, 3, 2)
    assert held(site) == ["1", "2", "3", "9"]
    assert site.load("till.line").received == 0
    site.assert_balanced()


def test_a_last_line_without_its_end_that_goes_on_is_other_content(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1) + "2,incom")
    site.load("till.line")
    put(site, "a.csv", HEADER + lines(1) + "2,incomplete\n")
    result = site.load("till.line")
    assert (result.loaded, result.deleted) == (2, 2)
    assert held(site) == ["1", "2"]
    site.assert_balanced()


def test_a_file_that_is_cut_back_keeps_its_first_rows(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1, 2))
    site.load("till.line")
    put(site, "a.csv", HEADER + lines(1, 2, 3, 4))
    site.load("till.line")
    put(site, "a.csv", HEADER + lines(1, 2))
    result = site.load("till.line")
    assert (result.received, result.deleted) == (0, 2)
    assert held(site) == ["1", "2"]
    put(site, "a.csv", HEADER + lines(1, 2, 3, 4, 5))
    site.load("till.line")
    assert held(site) == ["1", "2", "3", "4", "5"]
    site.assert_balanced()


def test_a_log_that_is_rotated_loses_nothing(site: Site) -> None:
    declare(site, path="in/log*")
    put(site, "log", HEADER + lines(1, 2))
    site.load("till.line")
    (site.folder / "in/log").rename(site.folder / "in/log.1")
    put(site, "log.1", HEADER + lines(1, 2, 3))
    put(site, "log", HEADER + lines(4))
    result = site.load("till.line")
    assert (result.received, result.loaded, result.deleted) == (2, 2, 0)
    assert held(site) == ["1", "2", "3", "4"]
    site.assert_balanced()


def test_a_name_that_is_used_again_adds_rows_where_that_is_declared(site: Site) -> None:
    declare(site, when_changed="add")
    put(site, "a.csv", HEADER + lines(1, 2))
    site.load("till.line")
    put(site, "a.csv", HEADER + lines(3))
    result = site.load("till.line")
    assert (result.loaded, result.deleted) == (1, 0)
    assert held(site) == ["1", "2", "3"]
    put(site, "a.csv", HEADER + lines(1, 2))
    assert site.load("till.line").received == 0


def test_keyed_rows_are_merged_whatever_becomes_of_the_file(site: Site) -> None:
    declare(site, key=["number"])
    put(site, "a.csv", HEADER + "1,old\n2,old\n")
    site.load("till.line")
    put(site, "a.csv", HEADER + "1,new\n3,new\n")
    result = site.load("till.line")
    assert (result.received, result.loaded, result.deleted) == (2, 2, 0)
    put(site, "a.csv", HEADER + "1,old\n2,old\n")
    result = site.load("till.line")
    assert (result.received, result.loaded, result.unchanged) == (2, 1, 1)
    assert [(key, payload["text"]) for key, payload in site.raw("till__line")] == [
        ("1", "old"), ("2", "old"), ("3", "new")
    ]  # fmt: skip
    site.assert_balanced()


def test_a_file_that_vanishes_changes_nothing(site: Site) -> None:
    declare(site)
    path = put(site, "a.csv", HEADER + lines(1))
    put(site, "b.csv", HEADER + lines(2))
    site.load("till.line")
    path.unlink()
    result = site.load("till.line")
    assert (result.batches, result.received, result.deleted) == (1, 0, 0)
    assert held(site) == ["1", "2"]


def test_the_open_end_of_a_growing_file_waits(site: Site) -> None:
    declare(site, is_growing=True)
    path = put(site, "a.csv", HEADER + lines(1) + "2,hal")
    assert site.load("till.line").received == 1
    # Written to while it is read, which is what such a file is for.
    with path.open("a") as file:
        file.write("f\n3,")

    def append(_batch: BatchResult) -> None:
        with path.open("a") as file:
            file.write("x\n")

    assert site.load("till.line", on_batch=append).received == 1
    assert site.load("till.line").received >= 1
    rows = [(key.split("|")[1], payload) for key, payload in site.raw("till__line")]
    assert rows == [
        ("2", {"number": "1", "text": "x"}),
        ("3", {"number": "2", "text": "half"}),
        ("4", {"number": "3", "text": "x"}),
    ]
    site.assert_balanced()


def test_young_files_are_left_for_the_next_time(site: Site) -> None:
    declare(site, min_age_seconds=60)
    path = put(site, "a.csv", HEADER + lines(1))
    assert site.load("till.line").received == 0
    os.utime(path, (time.time() - 61,) * 2)
    assert site.load("till.line").received == 1


def test_folders_below_are_watched_where_the_pattern_says_so(site: Site) -> None:
    declare(site, path="in/**/*.csv")
    put(site, "a.csv", HEADER + lines(1))
    put(site, "north/a.csv", HEADER + lines(2))
    put(site, "north/2026/a.csv", HEADER + "bad\n" + lines(3))
    assert site.load("till.line").loaded == 3
    assert site.query("select file from ops.rejected_line") == [("north/2026/a.csv",)]
    assert sorted(site.query("select file from ops.watched_file")) == [
        ("a.csv",), ("north/2026/a.csv",), ("north/a.csv",)
    ]  # fmt: skip


def test_one_bad_file_does_not_stop_the_others(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1))
    put(site, "b.csv", "")
    put(site, "c.csv", HEADER + lines(3))
    with pytest.raises(TerminalError, match=r"till\.line: b\.csv: the file is empty"):
        site.load("till.line")
    assert held(site) == ["1", "3"]
    put(site, "d.csv", "other;columns\n1;2\n")
    put(site, "e.csv", HEADER + lines(5))
    with pytest.raises(
        TerminalError, match=r"2 files could not be loaded.*b\.csv.*d\.csv:1.*column number, text is miss"
    ):
        site.load("till.line")
    assert held(site) == ["1", "3", "5"]
    # What is gone is not told from what could not be read, so nothing is taken back meanwhile.
    put(site, "a.csv", HEADER + lines(7))
    with pytest.raises(TerminalError):
        site.load("till.line")
    assert held(site) == ["1", "3", "5", "7"]
    for name in ("b.csv", "d.csv"):
        (site.folder / "in" / name).unlink()
    site.load("till.line")
    assert held(site) == ["3", "5", "7"]
    site.assert_balanced()


def test_growth_after_a_load_that_broke_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.sources.files.rows.ROWS_PER_TRANSACTION", 2)
    columns = described(number="bigint", text="text")
    declare(site, batch_by="text", columns=columns)
    rows = [f"{number},day{number // 2}\n" for number in range(8)]

    def stop(_batch: BatchResult) -> None:
        raise KeyboardInterrupt

    for count in (4, 6, 8):
        put(site, "a.csv", HEADER + "".join(rows[:count]))
        with pytest.raises(KeyboardInterrupt):
            site.load("till.line", on_batch=stop)
    site.load("till.line")
    assert held(site) == [str(number) for number in range(8)]
    ((identities,),) = site.query("select count(distinct split_part(key, '|', 1)) from raw.till__line")
    assert identities == 1
    # Other content after a load that broke off.
    put(site, "b.csv", HEADER + "".join(rows[:4]).replace("day", "dag"))
    with pytest.raises(KeyboardInterrupt):
        site.load("till.line", on_batch=stop)
    put(site, "b.csv", HEADER + "99,x\n")
    site.load("till.line")
    assert held(site) == [*(str(number) for number in range(8)), "99"]
    site.assert_balanced()


def test_unchanged_files_are_not_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(site)
    for name in ("a.csv", "b.csv"):
        path = put(site, name, HEADER + name)
        os.utime(path, (time.time() - 60,) * 2)
    site.load("till.line")

    def refuse(*_arguments: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("cockpit.sources.files.content.Content.uncompressed", refuse)
    assert site.load("till.line").received == 0


def test_a_renamed_column_is_known_by_its_synonym(site: Site) -> None:
    columns = described(number="bigint", text="text")
    columns["number"] |= {"synonyms": ["编号", "No."], "required": True}
    declare(site, columns=columns, key=["number"])
    put(site, "a.csv", HEADER + lines(1))
    put(site, "b.csv", "编号,text\n2,y\n")
    put(site, "c.csv", "text,No.\nz,3\n")
    put(site, "d.csv", "number\n4\n")
    assert site.load("till.line").loaded == 4
    assert site.raw("till__line") == [
        ("1", {"number": "1", "text": "x"}),
        ("2", {"编号": "2", "text": "y"}),
        ("3", {"No.": "3", "text": "z"}),
        ("4", {"number": "4"}),
    ]
    # The optional column that is missing is the drift policy's business.
    assert site.query("select column_name, kind, action from ops.schema_change") == [("text", "missing", "warned")]
    put(site, "e.csv", "nummer,text\n5,x\n")
    with pytest.raises(TerminalError, match=r"e\.csv:1: the column number is missing"):
        site.load("till.line")


def test_a_policy_that_stops_names_the_file(site: Site) -> None:
    declare(site, drift="stop")
    put(site, "a.csv", HEADER + lines(1))
    site.load("till.line")
    put(site, "b.csv", "number,text,more\n2,x,y\n")
    put(site, "c.csv", HEADER + lines(3))
    with pytest.raises(TerminalError, match="the column more is new"):
        site.load("till.line")
    assert held(site) == ["1", "3"]


def test_a_file_that_changes_between_looking_and_reading(site: Site) -> None:
    declare(site)
    put(site, "a.csv", HEADER + lines(1))
    path = put(site, "b.csv", HEADER + lines(2))
    with pytest.raises(TransientError, match=r"b\.csv: the file changed while it was read"):
        site.load("till.line", on_batch=lambda _batch: os.utime(path, (1, 1)))
    assert held(site) == ["1"]
    site.load("till.line")
    assert held(site) == ["1", "2"]
