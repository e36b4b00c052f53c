"""Data Docs of the small shop: what they say, what they never hold, and how they behave while they are written."""

from __future__ import annotations

import html
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import TerminalError
from cockpit.pipelines.refresh import refresh
from cockpit.quality import data_docs, gate, sentences
from cockpit.quality.suite import Evaluation
from cockpit.rulebook.contract import Check
from cockpit.warehouse.runner import BuildContext
from tests.integration.quality.test_gate import Shop, database, shop

__all__ = ["database", "shop"]

AS_OF = datetime(2026, 3, 5, tzinfo=UTC)
PERSON = "张三丰 13800138000"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shop's pages are kept."""
    monkeypatch.setenv("COCKPIT_DATA_DOCS", str(tmp_path / "docs"))
    return tmp_path / "docs" / "shop"


def text_of(page: Path) -> str:
    """The page as a reader sees it, white space levelled."""
    content = re.sub(r"</?code>", "", page.read_text(encoding="utf-8"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", content)).split())


def links_of(page: Path) -> list[Path]:
    return [(page.parent / target).resolve() for target in re.findall(r'href="([^"]+)"', page.read_text())]


def runs_of(folder: Path, model: str, lang: str = "en") -> list[Path]:
    return sorted(path for path in (folder / lang / model).glob("*.html") if path.name != "index.html")


def test_each_check_is_shown_with_what_it_found(shop: Shop, folder: Path) -> None:
    shop.sell(1, 10, note=None)
    shop.sell(2, -5)
    shop.refresh()
    english = text_of(folder / "en" / "stg_till__sale" / "index.html")
    assert "stg_till__sale rows held back" in english
    assert "Rows 2 Held back 1" in english
    assert (
        "rows held back amount > 0 The amount is not above zero amount_positive 1 50.0 % the row is held back"
        in english
    )
    assert "passed sale_id values must never be null. Sale is missing sale_id_not_null 0" in english
    chinese = text_of(folder / "zh" / "stg_till__sale" / "index.html")
    assert "被隔离行 amount > 0 金额不大于零 amount_positive 1 50.0 % 隔离该行" in chinese
    assert "通过 sale_id 的值不得为空。" in chinese


def test_a_warning_is_on_the_page_of_its_table_and_in_the_index(shop: Shop, folder: Path) -> None:
    shop.sell(1, 10, note=None)
    shop.refresh()
    page = text_of(folder / "en" / "core_sale" / "index.html")
    assert "core_sale warning Sales" in page
    assert "warning note values must never be null. note_not_null 1 100.0 % it is noted" in page
    assert "passed amount values must be less than or equal to 1000. No till takes more than 1000" in page
    assert "core_sale Sales warning 2 1 0 " in text_of(folder / "en" / "index.html")
    assert "core_sale 销售 警告 2 1 0 " in text_of(folder / "zh" / "index.html")


def test_what_was_stopped_is_shown_although_the_run_fails(shop: Shop, folder: Path) -> None:
    shop.sell(1, 5000)
    with pytest.raises(TerminalError, match="amount_between"):
        shop.refresh()
    page = text_of(folder / "en" / "core_sale" / "index.html")
    assert "blocked amount values must be less than or equal to 1000." in page
    assert "1 100.0 % tables downstream are not built" in page
    assert "core_sale Sales blocked" in text_of(folder / "en" / "index.html")


def test_nothing_of_a_row_is_kept(shop: Shop, folder: Path) -> None:
    shop.sell(918273645, -5, note=PERSON)
    shop.sell(918273646, 77_665_544, note=PERSON)
    with pytest.raises(TerminalError, match="amount_between"):
        shop.refresh()
    kept = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    for secret in ("张三丰", "13800138000", "918273645", "918273646", "77665544", "77,665,544"):
        assert secret not in kept


def test_pages_load_nothing_and_run_nothing(shop: Shop, folder: Path) -> None:
    shop.sell(1, -1)
    shop.refresh()
    pages = list(folder.rglob("*.html"))
    assert len(pages) == 10
    for page in pages:
        content = page.read_text(encoding="utf-8")
        assert not re.search(r"https?:|//[a-z]|<script|<img|<iframe|javascript:|\son\w+=|style=", content), page
    assert not re.search(r"url\(|@import", (folder / "static" / "data_docs.css").read_text())


def test_every_link_leads_to_a_page(shop: Shop, folder: Path) -> None:
    for sale in range(3):
        shop.sell(sale, sale)
        shop.refresh()
    for page in folder.rglob("*.html"):
        assert [link for link in links_of(page) if not link.is_file()] == []


def test_hostile_names_are_shown_as_text(shop: Shop, folder: Path) -> None:
    shop.sell(1, 10)
    refresh(replace(shop.context(AS_OF), run_id="manual__<script>alert(1)</script>&\u202e"), lambda _text: None)
    page = folder / "en" / "core_sale" / "index.html"
    assert "<script" not in page.read_text(encoding="utf-8")
    assert "manual__<script>alert(1)</script>&\u202e" in html.unescape(page.read_text(encoding="utf-8"))


def test_the_last_results_are_kept_and_older_ones_go(shop: Shop, folder: Path) -> None:
    file = shop.folder / "workspace.yml"
    file.write_text(file.read_text(encoding="utf-8") + "data_docs_results: 3\n", encoding="utf-8")
    for sale in range(5):
        shop.sell(sale, 10 if sale else -1)
        shop.refresh()
    for lang in ("en", "zh"):
        assert len(runs_of(folder, "stg_till__sale", lang)) == 3
    history = text_of(folder / "en" / "stg_till__sale" / "index.html").partition("Earlier results")[2]
    assert len(re.findall(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d rows held back · 1", history)) == 2
    earlier = runs_of(folder, "stg_till__sale")[0]
    assert "This is an earlier result." in text_of(earlier)


def test_an_unchanged_table_keeps_its_result(shop: Shop, folder: Path) -> None:
    shop.sell(1, 10)
    shop.refresh()
    before = {path: path.read_bytes() for path in folder.rglob("*.html")}
    shop.refresh()
    assert {path: path.read_bytes() for path in folder.rglob("*.html")} == before


def test_without_the_variable_nothing_is_written(shop: Shop, tmp_path: Path) -> None:
    shop.sell(1, 10)
    shop.refresh()
    assert not (tmp_path / "docs").exists()


def test_a_folder_that_cannot_be_written_stops_nobody(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "docs").write_text("a file")
    monkeypatch.setenv("COCKPIT_DATA_DOCS", str(tmp_path / "docs"))
    shop.sell(1, 10)
    shop.refresh()
    assert shop.sales() == {"till:1": 10}
    assert "core_sale: Data Docs were not written: Not a directory" in caplog.messages


@pytest.fixture
def checked(shop: Shop, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[BuildContext, dict[str, Evaluation]]:
    """What Great Expectations found for both tables of the shop, to be published again."""
    found: dict[str, Evaluation] = {}
    publish = data_docs.publish

    def keep(model: Any, context: BuildContext, evaluation: Evaluation, **values: Any) -> None:
        found[model.name] = evaluation
        publish(model, context, evaluation, **values)

    monkeypatch.setattr(gate.data_docs, "publish", keep)
    shop.sell(1, -1)
    shop.sell(2, 1)
    shop.refresh()
    monkeypatch.setattr(gate.data_docs, "publish", publish)
    return shop.context(AS_OF), found


def test_readers_find_whole_pages_while_two_checks_write(
    checked: tuple[BuildContext, dict[str, Evaluation]], folder: Path
) -> None:
    context, found = checked
    faults: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for index in (folder / "en" / "index.html", folder / "zh" / "index.html"):
                if not index.read_text(encoding="utf-8").endswith("</html>"):
                    faults.append(str(index))
                faults.extend(str(link) for link in links_of(index) if not link.is_file())

    def write(name: str) -> None:
        for second in range(1, 41):
            data_docs.publish(
                context.graph[name], context, found[name], checked_at=AS_OF + timedelta(seconds=second), held_back=1
            )

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [*found, *found]))
    done.set()
    reader.join()
    assert faults == []
    assert {path.name for path in folder.iterdir()} == {"static", "en", "zh", "state", ".lock"}
    assert list(folder.rglob("*.new")) == []
    assert len(runs_of(folder, "core_sale")) == 20
    for page in folder.rglob("*.html"):
        assert [link for link in links_of(page) if not link.is_file()] == []


def test_a_table_that_is_gone_loses_its_pages(
    checked: tuple[BuildContext, dict[str, Evaluation]], folder: Path
) -> None:
    context, found = checked
    left = replace(context.graph, models={"core_sale": context.graph["core_sale"]})
    data_docs.publish(
        context.graph["core_sale"], replace(context, graph=left), found["core_sale"], checked_at=AS_OF, held_back=0
    )
    assert not (folder / "en" / "stg_till__sale").exists()
    assert "stg_till__sale" not in text_of(folder / "zh" / "index.html")


def test_what_a_killed_writer_left_is_cleared(
    checked: tuple[BuildContext, dict[str, Evaluation]], folder: Path
) -> None:
    context, found = checked
    (folder / "en" / "core_sale" / ".half.new").write_text("<html>")
    (folder / "state" / "stg_till__sale.json").write_text("{")
    data_docs.publish(context.graph["core_sale"], context, found["core_sale"], checked_at=AS_OF, held_back=0)
    assert not (folder / "en" / "core_sale" / ".half.new").exists()
    # The page stays; the index lists the table again at its next check.
    assert (folder / "en" / "stg_till__sale" / "index.html").exists()
    assert "stg_till__sale" not in text_of(folder / "en" / "index.html")


@pytest.mark.parametrize(
    ("check", "english", "chinese"),
    [
        (
            Check(expect="unique", columns=("a", "b")),
            "a, b are unique together",
            "a, b 的组合不得重复",
        ),
        (Check(expect="unique", column="a"), "a values must be unique.", "a 的值不得重复。"),
        (
            Check(expect="between", column="a", min=0, max=1.5),
            "a values must be greater than or equal to 0 and less than or equal to 1.5.",
            "a 的值须在 0 与 1.5 之间（含两端）。",
        ),
        (
            Check(expect="between", column="a", min=-1),
            "a values must be greater than or equal to -1.",
            "a 的值须大于或等于 -1。",
        ),
        (
            Check(expect="in_set", column="a", values=("x{0}", "$c", "<b>")),
            "a values must belong to this set: x{0}, $c, <b>.",
            "a 的值须为下列之一：x{0}, $c, <b>。",
        ),
        (
            Check(expect="matches", column="a", pattern=r"^\d{2,3}$"),
            r"a values must match this regular expression: ^\d{2,3}$.",
            r"a 的值须符合正则表达式：^\d{2,3}$。",
        ),
        (
            Check(expect="references", column="a", refers_to="core_order.order_key"),
            "a is one of core_order.order_key",
            "a 须存在于 core_order.order_key",
        ),
        (
            Check(expect="row_count_change", max_ratio=0.3),
            "The number of rows changes by at most 30% between two checks",
            "两次检查之间行数变化不超过 30%",
        ),
    ],
    ids=lambda value: value.rule_id if isinstance(value, Check) else "",
)
def test_every_kind_of_check_has_a_sentence_in_both_languages(check: Check, english: str, chinese: str) -> None:
    from great_expectations.core import ExpectationValidationResult

    from cockpit.quality.suite import _expectation

    expectation = _expectation(check, None)
    result = {"element_count": 3, "unexpected_count": 1, "unexpected_percent": 33.3}
    validation = expectation and ExpectationValidationResult(
        success=False, expectation_config=expectation.configuration, result=result
    )
    for lang, wanted in (("en", english), ("zh", chinese)):
        assert "".join(part.text for part in sentences.sentence(check, validation, lang)) == wanted
