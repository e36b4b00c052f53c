"""E-mail addresses, with the rule file as it is shipped."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from email_validator import validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.contacts.email import EmailStandardiser
from cockpit.domain.normalise.contacts.email_rule import EmailDeclared, EmailRule
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.workspace import REPOSITORY

WRITTEN = yaml.safe_load((REPOSITORY / "include/rules/normalisation/email.yml").read_text("utf-8"))
EMAIL = EmailStandardiser(EmailRule.model_validate(WRITTEN), EmailDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def told(standard: Standard) -> tuple[Any, str, str]:
    return standard.value, standard.outcome, standard.reason


@pytest.mark.parametrize(
    "text",
    [
        "zhang.san@huaxing.com.cn", "Zhang.San@HuaXing.COM.CN", " zhang.san@huaxing.com.cn ", "zhang.san＠huaxing.com.cn", "ｚｈａｎｇ．ｓａｎ＠ｈｕａｘｉｎｇ．ｃｏｍ．ｃｎ", "zhang.san﹫huaxing.com.cn", "zhang.san @huaxing.com.cn", "zhang.san@ huaxing.com.cn", "zhang.san@huaxing.com.cn.", "zhang.san@huaxing.com.cn;", "zhang.san@huaxing.com.cn，", "zhang.san@huaxing.com.cn。", "zhang.san@huaxing.com.cn\u200b", "\ufeffzhang.san@huaxing.com.cn",
        "mailto:zhang.san@huaxing.com.cn", "MAILTO:zhang.san@huaxing.com.cn?subject=Hello", "<zhang.san@huaxing.com.cn>", "(zhang.san@huaxing.com.cn)", "'zhang.san@huaxing.com.cn'", "【zhang.san@huaxing.com.cn】", "张三 <zhang.san@huaxing.com.cn>", '"Zhang, San" <zhang.san@huaxing.com.cn>', "Zhang San<zhang.san@huaxing.com.cn>",
        "邮箱：zhang.san@huaxing.com.cn", "郵箱：zhang.san@huaxing.com.cn", "电子邮箱zhang.san@huaxing.com.cn", "E-mail: zhang.san@huaxing.com.cn", "Email zhang.san@huaxing.com.cn", "zhang.san@huaxing.com.cn, ZHANG.SAN@huaxing.com.cn",
    ],
)  # fmt: skip
def test_one_address_however_written(text: str) -> None:
    standard = EMAIL.standardise(text)
    assert told(standard) == ("zhang.san@huaxing.com.cn", "ok", "")
    assert standard.details == {"domain": "huaxing.com.cn", "is_free": False, "is_role": False}
    assert standard.confidence == 1.0


@pytest.mark.parametrize(
    "text",
    ["zhang@qq。com", "zhang@qq｡com", "zhang@qq，com", "zhang@qq,com", "zhang@qq com", "zhang@qq .com", "zhang@qq. com", "zhang（at）qq.com", "zhang(at)qq.com", "zhang [at] qq.com", "zhang at qq.com", "zhang AT qq DOT com", "zhang(at)qq(dot)com", "zhang艾特qq点com", "zhang【at】qq.com", "zhang@qq·com"],
)  # fmt: skip
def test_what_is_repaired_is_said(text: str) -> None:
    standard = EMAIL.standardise(text)
    assert told(standard) == ("zhang@qq.com", "ok", "repaired")
    assert standard.confidence == 0.9


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("zhang@qq.con", "qq.com"), ("zhang@qq.cm", "qq.com"), ("zhang@qq.co", "qq.com"), ("zhang@qq.comm", "qq.com"), ("zhang@qq.vom", "qq.com"), ("zhang@qq.cmo", "qq.com"), ("zhang@qq.cn", "qq.com"), ("zhang@qqq.com", "qq.com"), ("zhang@qq", "qq.com"), ("zhang@QQ.CON", "qq.com"), ("ｚｈａｎｇ＠ｑｑ．ｃｏｎ", "qq.com"), ("邮箱：zhang@qq.con", "qq.com"),
        ("zhang@163.con", "163.com"), ("zhang@163.cm", "163.com"), ("zhang@162.com", "163.com"), ("zhang@163.cn", "163.com"), ("zhang@126.con", "126.com"), ("zhang@126.co", "126.com"),
        ("zhang@gmial.com", "gmail.com"), ("zhang@gmai.com", "gmail.com"), ("zhang@gamil.com", "gmail.com"), ("zhang@gmail.con", "gmail.com"), ("zhang@gnail.com", "gmail.com"), ("zhang@gmaill.com", "gmail.com"), ("zhang@gmail", "gmail.com"), ("zhang@hotmial.com", "hotmail.com"), ("zhang@hotmai.com", "hotmail.com"), ("zhang@outlok.com", "outlook.com"), ("zhang@outlook.con", "outlook.com"), ("zhang@yahooo.com", "yahoo.com"), ("zhang@yaho.com", "yahoo.com"), ("zhang@foxmai.com", "foxmail.com"), ("zhang@icloud.co", "icloud.com"), ("zhang@aliyun.con", "aliyun.com"), ("zhang@sina.con", "sina.com"),
        ("zhang@huaxing.con", "huaxing.com"), ("zhang@huaxing.comcn", "huaxing.com.cn"), ("zhang@www.huaxing.com", "huaxing.com"),
    ],
)  # fmt: skip
def test_slips_are_not_corrected_but_suggested(text: str, suggestion: str) -> None:
    standard = EMAIL.standardise(text)
    assert told(standard) == (None, "review", "domain_typo")
    assert standard.details == {"suggestion": suggestion}


@pytest.mark.parametrize("domain", ["email.com", "mail.com", "gmx.com", "ymail.com", "me.com", "263.net", "qq123.com.cn", "huaxing.example", "hauwei.com", "outlier.com", "hotmall.cn", "tencent.com", "cloud.com", "huaxing.co", "huaxing.cm"])  # fmt: skip
def test_neighbours_of_slips(domain: str) -> None:
    assert told(EMAIL.standardise(f"zhang@{domain}")) == (f"zhang@{domain}", "ok", "")


@pytest.mark.parametrize(
    ("text", "domain", "is_free", "is_role"),
    [
        ("88123456@qq.com", "qq.com", True, False), ("zhang@vip.qq.com", "qq.com", True, False), ("13912345670@163.com", "163.com", True, False), ("sales@163.com", "163.com", True, True), ("zhang@gmail.com", "gmail.com", True, False), ("zhang+crm@gmail.com", "gmail.com", True, False), ("zhang@yahoo.com.cn", "yahoo.com.cn", True, False), ("zhang@sina.cn", "sina.cn", True, False),
        ("info@huaxing.com", "huaxing.com", False, True), ("HR@huaxing.com", "huaxing.com", False, True), ("kefu@huaxing.com.cn", "huaxing.com.cn", False, True), ("zhang@mail.huaxing.com.cn", "huaxing.com.cn", False, False), ("zhang@mails.tsinghua.edu.cn", "tsinghua.edu.cn", False, False), ("zhang@shanghai.gov.cn", "shanghai.gov.cn", False, False), ("huaxing@huaxing.com", "huaxing.com", False, False), ("o'brien@huaxing.ie", "huaxing.ie", False, False), ("zhang_san-li.wu@hua-xing.com", "hua-xing.com", False, False), ("zhang@华为.中国", "xn--siqq7j.xn--fiqs8s", False, False),
    ],
)  # fmt: skip
def test_whose_domain_it_is(text: str, domain: str, is_free: bool, is_role: bool) -> None:
    standard = EMAIL.standardise(text)
    assert (standard.outcome, standard.reason) == ("ok", "")
    assert standard.details == {"domain": domain, "is_free": is_free, "is_role": is_role}


@pytest.mark.parametrize(
    "text",
    ["zhang@qq.com;li@163.com", "zhang@qq.com, li@163.com", "zhang@qq.com、li@163.com", "zhang@qq.com/li@163.com", "zhang@qq.com li@163.com", "zhang@qq.com\nli@163.com", "zhang@qq.com；LI@163.COM", "张三<zhang@qq.com>；李四<li@163.com>", "zhang@qq.com或li@163.com", "邮箱1：zhang@qq.com 邮箱2：li@163.com"],
)  # fmt: skip
def test_several_addresses(text: str) -> None:
    standard = EMAIL.standardise(text)
    assert told(standard) == ("zhang@qq.com", "ok", "several")
    assert standard.details["addresses"] == ["zhang@qq.com", "li@163.com"]


@pytest.mark.parametrize(
    ("text", "value", "outcome", "reason"),
    [
        ("张三 zhang@qq.com", "zhang@qq.com", "ok", "text_beside_address"), ("张三zhang@qq.com", "zhang@qq.com", "ok", "text_beside_address"), ("zhang@qq.com（工作用）", "zhang@qq.com", "ok", "text_beside_address"), ("Email: zhang@qq.com 电话13912345670", "zhang@qq.com", "ok", "text_beside_address"), ("zhang@qq.con li@163.com", "li@163.com", "ok", "part_invalid"),
        ("test@test.com", "test@test.com", "ok", "placeholder"), ("a@a.com", "a@a.com", "ok", "placeholder"), ("123@qq.com", "123@qq.com", "ok", "placeholder"), ("test@163.com", "test@163.com", "ok", "placeholder"), ("zhang@example.com", "zhang@example.com", "ok", "placeholder"), ("xxx@xxx.com", "xxx@xxx.com", "ok", "placeholder"), ("noreply@huaxing.com", "noreply@huaxing.com", "ok", "unread"), ("no-reply@qq.com", "no-reply@qq.com", "ok", "unread"),
        ("zhang san@qq.com", "san@qq.com", "review", "words_before"), ("zhang&san@qq.com", "san@qq.com", "review", "words_before"), ("contact me at zhang@qq.com", "zhang@qq.com", "review", "words_before"), ("zhang@qq.com（已离职）", "zhang@qq.com", "review", "doubtful"), ("old: zhang@qq.com", "zhang@qq.com", "review", "doubtful"), ("www.zhang@qq.com", "zhang@qq.com", "review", "www_before"), ("zhang@@qq.com", "zhang@qq.com", "review", "repaired"), ("zhang@qq..com", "zhang@qq.com", "review", "repaired"), ("zhang#qq.com", "zhang@qq.com", "review", "at_sign_missing"), ("88123456qq.com", "88123456@qq.com", "review", "at_sign_missing"), ("张三@qq.com", "张三@qq.com", "review", "local_part_not_ascii"),
        ("zhang", None, "invalid", "no_at_sign"), ("张三", None, "invalid", "no_at_sign"), ("qq.com", None, "invalid", "no_at_sign"), ("@qq.com", None, "invalid", "no_local_part"), ("zhang@", None, "invalid", "no_domain"), ("zhang@huaxing", None, "invalid", "no_suffix"), ("zhang@huaxing.local", None, "invalid", "unknown_suffix"), ("zhang@192.168.1.1", None, "invalid", "ip_address"), ("zhang@-huaxing.com", None, "invalid", "domain_format"), ("zhang@hua_xing.com", None, "invalid", "domain_format"), ("zhang@com.cn", None, "invalid", "only_suffix"), (".zhang@qq.com", None, "invalid", "local_part_format"), ("zhang.@qq.com", None, "invalid", "local_part_format"), ("a@b@qq.com", None, "invalid", "several_at_signs"), (f"{'a' * 65}@qq.com", None, "invalid", "wrong_length"), ("13912345670", None, "invalid", "phone_number"), ("+86 139-1234-5670", None, "invalid", "phone_number"), ("http://www.huaxing.com", None, "invalid", "web_address"), ("www.huaxing.com", None, "invalid", "web_address"),
        ("", None, "absent", "empty"), ("  \u3000", None, "absent", "empty"), ("无", None, "absent", "no_value"), ("無", None, "absent", "no_value"), ("N/A", None, "absent", "no_value"), ("-", None, "absent", "no_value"), ("邮箱：", None, "absent", "no_value"), ("邮箱：无", None, "absent", "no_value"), ("暂无", None, "absent", "no_value"), ("@", None, "absent", "no_value"),
        ("a" * 401, None, "invalid", "too_long"), ("@" * 1_000_000, None, "invalid", "too_long"),
    ],
)  # fmt: skip
def test_what_is_said_about_a_text(text: str, value: str | None, outcome: str, reason: str) -> None:
    assert told(EMAIL.standardise(text)) == (value, outcome, reason)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domain_typos": {"qq.com": "163.com"}}, "qq.com stands under the domains that exist too"),
        ({"domain_typos": {"qq.cn": "nowhere.com"}}, "nowhere.com is not in free_domains"),
        ({"suffix_typos": {"com": "cn", "con": "com"}}, "com is both a slip"),
        ({"free_domains": ["QQ.com"]}, "free_domains"),
        ({"confidence": {"repaired": 9}}, "repaired"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refused_rules(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EmailRule.model_validate({**WRITTEN, **change})


PARTS = ["zhang", "san", "李", "qq", "163", "gmail", "huaxing", "com", "cn", "con", "@", "@", "@", ".", ".", " ", "(at)", "。", ",", "<", ">", "-", "'", "邮箱：", "1", "www"]  # fmt: skip
LIKE_ADDRESSES = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


@given(st.text(max_size=60) | st.emails() | LIKE_ADDRESSES)
@example("\ud800@\udfff.com")
@example("@" * 400)
@example("a@" * 200)
@example("a." * 200)
@example(" at " * 100)
@example("a@xn--.com")
@example("ß@ß.de")
def test_any_text_gives_a_result_that_does_not_change_again(text: str) -> None:
    standard = EMAIL.standardise(text)
    assert EMAIL.standardise_batch([text, text]) == [standard, standard]
    if standard.value is not None:
        again = EMAIL.standardise(str(standard.value))
        assert again.value == standard.value
        if standard.outcome == "ok":
            assert again.outcome == "ok"
            validate_email(str(standard.value), check_deliverability=False)


@given(LIKE_ADDRESSES)
def test_width_is_no_difference(text: str) -> None:
    assert EMAIL.standardise(text.translate(FULL_WIDTH).replace(" ", "\u3000")) == EMAIL.standardise(text)
