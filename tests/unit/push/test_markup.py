"""Texts of messages in each channel's way; hostile values format nothing and lead nowhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.push.markup import clean, cut, inert, one_line, to_dingtalk, to_html, to_plain

GAP = "\u200b"
HOSTILE = [
    pytest.param("[点此领奖](http://evil.example)", id="link"),
    pytest.param("![x](http://evil.example/pixel.png)", id="image"),
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param('<a href="javascript:alert(1)">x</a>', id="anchor"),
    pytest.param("<img src=x onerror=alert(1)>", id="image tag"),
    pytest.param("<http://evil.example>", id="autolink"),
    pytest.param("http://evil.example/a?b=c", id="bare address"),
    pytest.param("HTTPS://EVIL.EXAMPLE", id="upper case"),
    pytest.param("www.evil.example", id="bare domain"),
    pytest.param("evil.com", id="short domain"),
    pytest.param("evil。com", id="Chinese full stop"),
    pytest.param("-.com", id="domain of a dash"),
    pytest.param("**@all", id="call behind an open mark"),
    pytest.param("ｈｔｔｐ：／／evil．com", id="full width"),
    pytest.param("dingtalk://dingtalkclient/page/link?url=http%3A%2F%2Fevil.example", id="app address"),
    pytest.param("someone@evil.example", id="e-mail"),
    pytest.param("[a]: http://evil.example\n[a]", id="reference"),
    pytest.param("`code` **bold** *x* _y_ ~~z~~", id="formats"),
    pytest.param("\n# heading\n- list\n> quote", id="blocks"),
    pytest.param("\\[x\\](http://evil.example)", id="escaped before"),
    pytest.param("\\\\[x](http://evil.example)", id="escaped twice"),
    pytest.param("&lt;script&gt;&#91;x&#93;(http://evil.example)", id="entities"),
    pytest.param("ab\u202ecod.exe", id="right to left"),
    pytest.param("ht\u200btp://evil.example", id="gap in the scheme"),
    pytest.param("http:\x00//evil.example", id="NUL"),
    pytest.param("http\r\n://evil.example", id="line end"),
    pytest.param("\ud800[x](http://evil.example)", id="lone surrogate"),
    pytest.param("http**:**//evil**.**example", id="across marks"),
    pytest.param("http****://evil.**example**", id="across empty marks"),
    pytest.param('=HYPERLINK("http://evil.example")', id="formula"),
]

# What programs that show messages take for an address.
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|www\.[a-z]|[\w-]+[.。．｡][a-z]{2,}|\S@[^\s\u200b]", re.IGNORECASE)
MARKDOWN_LINK = re.compile(r"\]\s*\(|\]\s*\[|\]:|<\w|!\[")


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        self.text += "" if tag == "strong" or not self.text else "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(text_markdown: str) -> None:
    page = Page(to_html(text_markdown))
    assert page.tags <= {"p", "ul", "li", "blockquote", "strong", "br", "h3"}
    assert page.attributes == []
    for shown in (page.text, to_plain(text_markdown), to_dingtalk(text_markdown)):
        assert not ADDRESS.search(shown)
        shown.encode("utf-8")
        assert "\x00" not in shown
    assert not MARKDOWN_LINK.search(to_dingtalk(text_markdown))
    assert not re.search(r"[\[\]<>`_!]", re.sub(r"(?m)^> ", "", to_dingtalk(text_markdown)))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_inert(value: str) -> None:
    text = f"Customer **{inert(value)}** is not\n\n- {inert(value)}\n- {inert(value)}"
    assert_inert(text)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_is_inert_even_where_nobody_escaped_it(value: str) -> None:
    assert_inert(f"Customer {value} is not\n\n{value}\n{value}{value}")


@given(value=st.text())
def test_any_value_is_inert(value: str) -> None:
    assert_inert(f"Customer {inert(value)} is {value}")


@given(value=st.text(alphabet="[]()<>*_`!#-+>:/.@\\&;ahtpw \n\r\u200b\u202e\x00。．：／１&", max_size=60))
def test_values_of_signs_are_inert(value: str) -> None:
    assert_inert(f"{inert(value)}\n{value}")


@given(value=st.text(max_size=150))
def test_a_value_shows_as_it_is(value: str) -> None:
    wanted = " ".join(clean(value).split())
    assert to_plain(f"x{inert(value, 10_000)}").replace(GAP, "") == f"x{wanted}".replace(GAP, "").rstrip()
    assert Page(to_html(f"x{inert(value, 10_000)}")).text.replace(GAP, "") == f"x{wanted}".replace(GAP, "").rstrip()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param(0, "0", id="zero"),
        pytest.param("1,200,000.50", "1,200,000.50", id="amount"),
        pytest.param("华为技术有限公司（上海）", "华为技术有限公司（上海）", id="company"),
        pytest.param("2026-03-05 14:29:46+08:00", "2026-03-05 14:29:46+08:00", id="time"),
        pytest.param("SO2026_030", "SO2026_030", id="underscore"),
        pytest.param("- 5", "- 5", id="begins like a list"),
        pytest.param("1. first", "1. first", id="begins like a numbered list"),
        pytest.param("a\nb\tc", "a b c", id="line end"),
        pytest.param("A" * 300, "A" * 199 + "…", id="long"),
        pytest.param("👨‍👩‍👧", "👨‍👩‍👧", id="family"),
    ],
)
def test_a_harmless_value_stays(value: object, shown: str) -> None:
    assert to_plain(inert(value)) == shown
    assert Page(to_html(inert(value))).text == shown


def test_the_markup_in_each_way() -> None:
    text = "### 待确认\n\n客户 **华为** 有 2 处：\n- 金额 < 0\n- 电话\n\n> 原因\n谢谢 & 再见"
    assert to_plain(text) == "待确认\n\n客户 华为 有 2 处：\n- 金额 < 0\n- 电话\n\n> 原因\n谢谢 & 再见"
    assert to_html(text) == (
        "<h3>待确认</h3><p>客户 <strong>华为</strong> 有 2 处：</p><ul><li>金额 &lt; 0</li><li>电话</li></ul>"
        "<blockquote>原因</blockquote><p>谢谢 &amp; 再见</p>"
    )
    assert to_dingtalk(text) == (
        "### 待确认\n\n客户 **华为** 有 2 处：  \n- 金额 ＜ 0  \n- 电话\n\n> 原因  \n谢谢 ＆ 再见"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a **b** c **d**", "a <strong>b</strong> c <strong>d</strong>", id="two"),
        pytest.param("a **b", "a **b", id="not closed"),
        pytest.param("**a** **", "<strong>a</strong> **", id="one too many"),
        pytest.param(r"\*\*a\*\*", "**a**", id="escaped"),
        pytest.param("a ** b", "a ** b", id="alone"),
    ],
)
def test_bold(text: str, shown: str) -> None:
    assert to_html(text) == f"<p>{shown}</p>"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        pytest.param("Tasks\r\nBcc: all@evil.example", f"Tasks Bcc: all@{GAP}evil.{GAP}example", id="header injection"),
        pytest.param("a\u2028b\x85c\x0bd", "a b c d", id="rare line ends"),
        pytest.param("  a   b ", "a b", id="spaces"),
        pytest.param("\x00\ud800", "\ufffd", id="not text"),
        pytest.param("x" * 500, "x" * 99 + "…", id="long"),
    ],
)
def test_titles(title: str, shown: str) -> None:
    assert one_line(title, 100) == shown


@given(title=st.text())
def test_a_title_has_one_line(title: str) -> None:
    assert "\n" not in one_line(title)
    assert len(one_line(title).splitlines()) <= 1
    one_line(title).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("abc", 3, "abc", id="fits"),
        pytest.param("abcdef", 5, "ab…", id="ASCII"),
        pytest.param("客户订单", 9, "客户…", id="Chinese"),
        pytest.param("客户订单", 8, "客…", id="never half a character"),
        pytest.param("ae\u0301xx", 5, "a…", id="accent"),
        pytest.param("a👍🏽bcd", 9, "a…", id="skin"),
        pytest.param("abc", 2, "", id="nothing fits"),
        pytest.param("first line\nsecond line", 20, "first line\n…", id="whole lines"),
    ],
)
def test_cutting(text: str, limit: int, expected: str) -> None:
    assert cut(text, lambda part: len(part.encode()) <= limit) == expected


@given(text=st.text(st.characters(exclude_categories=["Cs"])), limit=st.integers(0, 60))
def test_what_was_cut_fits_and_begins_alike(text: str, limit: int) -> None:
    kept = cut(text, lambda part: len(part.encode()) <= limit)
    assert len(kept.encode()) <= limit
    assert kept == text or text.startswith(kept.removesuffix("…").removesuffix("\n"))


def test_a_megabyte_is_quick() -> None:
    for text in ("[" * 1_000_000, "**" * 500_000, "\\" * 1_000_000, "a." * 500_000, "\n" * 1_000_000):
        inert(text)
        one_line(text)
        to_html(text[:100_000])
        to_dingtalk(text[:100_000])
        to_plain(text[:100_000])
