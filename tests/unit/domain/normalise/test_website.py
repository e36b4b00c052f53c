"""Addresses of web sites, with the rule file as it is shipped."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.domain.normalise.contacts.domain_name import DomainName, NoDomain, read_domain
from cockpit.domain.normalise.contacts.website import WebsiteDeclared, WebsiteRule, WebsiteStandardiser
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.workspace import REPOSITORY

WRITTEN = yaml.safe_load((REPOSITORY / "include/rules/normalisation/website.yml").read_text("utf-8"))
WEBSITE = WebsiteStandardiser(WebsiteRule.model_validate(WRITTEN), WebsiteDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def told(standard: Standard) -> tuple[Any, str, str]:
    return standard.value, standard.outcome, standard.reason


@pytest.mark.parametrize(
    "text",
    [
        "huaxing.com.cn", "www.huaxing.com.cn", "http://www.huaxing.com.cn/index", "https://huaxing.com.cn", "HTTP://WWW.HUAXING.COM.CN/", "www.huaxing.com.cn/a/b?c=d#e", "http://www.huaxing.com.cn?x=a@b.com", "www.huaxing.com.cn:8080", "http://user:pw@www.huaxing.com.cn/", "ftp://huaxing.com.cn", "//huaxing.com.cn", "huaxing.com.cn.", "huaxing.com.cn，", "<http://www.huaxing.com.cn>", "shop.huaxing.com.cn", "ｗｗｗ．ｈｕａｘｉｎｇ．ｃｏｍ．ｃｎ", "https://www.huaxing.com.cn/中文/页",
        "http//www.huaxing.com.cn", "http:www.huaxing.com.cn", "http:/www.huaxing.com.cn", "htp://www.huaxing.com.cn", "http:\\\\www.huaxing.com.cn", "http://http://www.huaxing.com.cn", "http：//www.huaxing.com.cn",
        "网址：www.huaxing.com.cn", "網址：www.huaxing.com.cn", "官网www.huaxing.com.cn", "Website: huaxing.com.cn", "www.huaxing.com.cn（官网）",
    ],
)  # fmt: skip
def test_one_domain_however_written(text: str) -> None:
    assert told(WEBSITE.standardise(text)) == ("huaxing.com.cn", "ok", "")
    assert WEBSITE.standardise(text).details["is_shared"] is False


@pytest.mark.parametrize(
    ("text", "value", "outcome", "reason"),
    [
        ("www.huaxing.co.uk", "huaxing.co.uk", "ok", ""), ("www.huaxing.example", "huaxing.example", "ok", ""), ("www.华为.中国", "xn--siqq7j.xn--fiqs8s", "ok", ""), ("http://华为.公司/", "xn--siqq7j.xn--55qx5d", "ok", ""), ("www.华为tech.com", "xn--tech-uh5f12y.com", "ok", ""), ("xn--siqq7j.xn--fiqs8s", "xn--siqq7j.xn--fiqs8s", "ok", ""),
        ("www。huaxing。com", "huaxing.com", "ok", "repaired"), ("www,huaxing,com", "huaxing.com", "ok", "repaired"), ("www huaxing com", "huaxing.com", "ok", "repaired"), ("www. huaxing .com", "huaxing.com", "ok", "repaired"), ("www.huaxing，com", "huaxing.com", "ok", "repaired"),
        ("华星仪器 www.huaxing.com", "huaxing.com", "ok", "text_beside_address"), ("华星仪器www.huaxing.com", "huaxing.com", "ok", "text_beside_address"), ("华星huaxing.com", "huaxing.com", "review", "words_before"),
        ("www.a1.com / www.b1.com", "a1.com", "ok", "several"), ("www.a1.com、www.b1.com", "a1.com", "ok", "several"), ("www.a1.com或www.b1.com", "a1.com", "ok", "several"), ("www.a1.com www.a1.cn", "a1.com", "ok", "several"), ("shop123.taobao.com www.huaxing.com", "huaxing.com", "ok", "several"),
        ("www.example.com", "example.com", "ok", "placeholder"), ("www.com", "www.com", "ok", "placeholder"),
        ("www.huaxing.con", None, "review", "domain_typo"), ("huaxing.comcn", None, "review", "domain_typo"),
        ("zhang@huaxing.com", None, "invalid", "email"), ("http://192.168.1.1/", None, "invalid", "ip_address"), ("localhost", None, "invalid", "no_domain"), ("华星仪器", None, "invalid", "no_domain"), ("huaxing", None, "invalid", "no_domain"), ("a.b", None, "invalid", "unknown_suffix"), ("com.cn", None, "invalid", "only_suffix"), ("2026.03.05", None, "invalid", "domain_format"), ("3.5", None, "invalid", "domain_format"), ("-huaxing.com", None, "invalid", "domain_format"), ("021-68886666", None, "invalid", "no_domain"),
        ("", None, "absent", "empty"), ("无", None, "absent", "no_value"), ("建设中", None, "absent", "no_value"), ("建設中", None, "absent", "no_value"), ("http://", None, "absent", "no_value"), ("www.", None, "absent", "no_value"), ("网址：", None, "absent", "no_value"), ("-", None, "absent", "no_value"), ("a" * 401, None, "invalid", "too_long"),
    ],
)  # fmt: skip
def test_what_is_said_about_a_text(text: str, value: str | None, outcome: str, reason: str) -> None:
    assert told(WEBSITE.standardise(text)) == (value, outcome, reason)


@pytest.mark.parametrize("text", ["https://huaxing.1688.com", "shop123.taobao.com", "weibo.com/huaxing", "mp.weixin.qq.com/s/abc", "www.linkedin.com/company/huaxing", "huaxing.en.alibaba.com"])  # fmt: skip
def test_pages_of_many_companies_say_nothing_about_one(text: str) -> None:
    assert WEBSITE.standardise(text).details["is_shared"] is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WWW.Huaxing.COM.", DomainName("www.huaxing.com", "huaxing.com", "huaxing", "com")),
        ("a.b.co.uk", DomainName("a.b.co.uk", "b.co.uk", "b", "co.uk")),
        ("huaxing", NoDomain("no_suffix")),
        ("huaxing.con", NoDomain("unknown_suffix", "huaxing.com")),
        ("a..b", NoDomain("domain_format")),
        ("", NoDomain("domain_format")),
        (f"{'a' * 64}.com", NoDomain("domain_format")),
        ("1.2.3.4", NoDomain("ip_address")),
    ],
)
def test_domain_names(text: str, expected: DomainName | NoDomain) -> None:
    assert read_domain(text, {"con": "com"}) == expected


PARTS = ["www", "huaxing", "华星", "com", "cn", "con", ".", ".", ".", "。", "/", "http://", "https:", "@", " ", "，", ":80", "?", "网址：", "1", "-"]  # fmt: skip
LIKE_ADDRESSES = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@given(st.text(max_size=60) | LIKE_ADDRESSES)
@example("\ud800.com")
@example("." * 400)
@example("a." * 200)
@example("华." * 200)
@example("www" * 130)
@example("http:" * 80)
def test_any_text_gives_a_result_that_does_not_change_again(text: str) -> None:
    standard = WEBSITE.standardise(text)
    assert WEBSITE.standardise_batch([text, text]) == [standard, standard]
    if standard.value is not None:
        again = WEBSITE.standardise(str(standard.value))
        assert (again.value, again.outcome) == (standard.value, "ok")


@given(LIKE_ADDRESSES)
def test_width_is_no_difference(text: str) -> None:
    assert WEBSITE.standardise(text.translate(FULL_WIDTH).replace(" ", "\u3000")) == WEBSITE.standardise(text)
