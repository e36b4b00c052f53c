"""Names of companies taken apart, with the rule file as it is shipped."""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.names.company import CompanyDeclared, CompanyStandardiser
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.standard import Standard
from cockpit.domain.normalise.text import LONGEST_TEXT
from cockpit.rulebook.workspace import REPOSITORY

WRITTEN = yaml.safe_load((REPOSITORY / "include/rules/normalisation/company.yml").read_text("utf-8"))
RULE = CompanyRule.model_validate(WRITTEN)
COMPANY = CompanyStandardiser(RULE, CompanyDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def parts(text: str) -> tuple[Any, Any, Any, Any]:
    """Core, region, legal form, branch."""
    found = COMPANY.standardise(text)
    return found.value, found.details["region"], found.details["legal_form"], found.details["branch"]


def told(text: str) -> tuple[Any, str, str]:
    found = COMPANY.standardise(text)
    return found.value, found.outcome, found.reason


@pytest.mark.parametrize("case", RULE.examples, ids=lambda case: case.text or "empty")
def test_examples_of_the_rule(case: Any) -> None:
    found = COMPANY.standardise(case.text)
    assert found.value == case.out
    assert case.outcome in (None, found.outcome)
    assert case.reason in (None, found.reason)
    assert {name: found.details.get(name) for name in case.details} == case.details


@pytest.mark.parametrize(
    "text",
    [
        "上海八骏科技有限公司", " 上海八骏科技有限公司 ", "上海八骏科技有限责任公司", "上海市八骏科技有限公司", "上海八駿科技有限公司", "上海　八骏科技　有限公司", "上海八骏 科技有限公司", "“上海八骏科技有限公司”", "「上海八骏科技有限公司」",
        "上海八骏科技有限公司。", "上海八骏科技有限公司,", "上海八骏科技有限公司(盖章)", "上海八骏科技有限公司（总部）", "上海·八骏科技有限公司", "上海八骏科技(有限责任公司)", "上海八骏科技有限公司\u200b", "\ufeff上海八骏科技有限公司", "上海八骏科技有限公司（中外合资）",
        "上海八骏科技有限公司 Bajun Technology Co., Ltd.",
    ],
)  # fmt: skip
def test_one_company_however_written(text: str) -> None:
    found = COMPANY.standardise(text)
    assert (found.value, found.outcome, found.confidence) == ("八骏科技", "ok", 1.0)
    assert (found.details["brand"], found.details["region"], found.details["legal_form"]) == ("八骏", "上海", "limited")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("华为技术有限公司", ("华为技术", None, "limited", None)),
        ("华为技术有限公司上海分公司", ("华为技术", None, "limited", "上海分公司")),
        ("华为技术有限公司（上海分公司）", ("华为技术", None, "limited", "上海分公司")),
        ("华为上海办事处", ("华为", None, None, "上海办事处")),
        ("中国工商银行股份有限公司上海市分行徐汇支行", ("中国工商银行", None, "joint_stock", "上海分行徐汇支行")),
        ("招商银行徐家汇支行", ("招商银行", None, None, "徐家汇支行")),
        ("八骏科技徐家汇分公司", ("八骏科技", None, None, "徐家汇分公司")),
        ("国家电网公司上海分公司", ("国家电网", None, "limited", "上海分公司")),
        ("海通证券股份有限公司杭州环城西路证券营业部", ("海通证券", None, "joint_stock", "杭州环城西路证券营业部")),
        ("星巴克（人民广场店）", ("星巴克", None, None, "人民广场店")),
        ("新华书店", ("新华书店", None, None, None)),
        ("腾讯科技（深圳）有限公司", ("腾讯科技", "深圳", "limited", None)),
        ("腾讯科技深圳有限公司", ("腾讯科技", "深圳", "limited", None)),
        ("腾讯（深圳）", ("腾讯", "深圳", None, None)),
        ("深圳市腾讯计算机系统有限公司", ("腾讯计算机系统", "深圳", "limited", None)),
        ("江苏省苏州市华星电子有限公司", ("华星电子", "苏州", "limited", None)),
        ("广西壮族自治区百色市华信有限公司", ("华信", "百色", "limited", None)),
        ("昆山华星电子有限公司", ("华星电子", "昆山", "limited", None)),
        ("兴化市华星科技有限公司", ("华星科技", "兴化", "limited", None)),
        ("佛山市顺德区美的电器有限公司", ("美的电器", "佛山", "limited", None)),
        ("大润发超市连锁有限公司", ("大润发超市连锁", None, "limited", None)),
        ("上海市场营销策划有限公司", ("市场营销策划", "上海", "limited", None)),
        ("北京市政路桥有限公司", ("北京市政路桥", None, "limited", None)),
        ("内蒙伊利实业集团股份有限公司", ("伊利实业", "内蒙古", "group_joint_stock", None)),
        ("青岛啤酒股份有限公司", ("青岛啤酒", None, "joint_stock", None)),
        ("阿里巴巴集团控股有限公司", ("阿里巴巴集团控股", None, "limited", None)),
        ("北京银行", ("北京银行", None, None, None)),
        ("中国银行股份有限公司", ("中国银行", None, "joint_stock", None)),
        ("上海电气集团股份有限公司", ("上海电气", None, "group_joint_stock", None)),
        ("上海电气（集团）总公司", ("上海电气", None, "group", None)),
        ("重庆长安汽车股份有限公司", ("长安汽车", "重庆", "joint_stock", None)),
        ("安康达医疗有限公司", ("安康达医疗", None, "limited", None)),
        ("金华信科技有限公司", ("金华信科技", None, "limited", None)),
        ("三明治食品有限公司", ("三明治食品", None, "limited", None)),
        ("宁德时代新能源科技股份有限公司", ("宁德时代新能源科技", None, "joint_stock", None)),
        ("北京大学第三医院", ("北京大学第三医院", None, None, None)),
        ("上海第一机床厂", ("上海第一机床", None, "factory", None)),
        ("浙江大学", ("浙江大学", None, None, None)),
        ("中伦律师事务所", ("中伦律师", None, "firm", None)),
        ("义乌市小小百货商行", ("小小百货", "义乌", "individual", None)),
        ("张记小吃（个体工商户）", ("张记小吃", None, "individual", None)),
        ("华信农民专业合作社", ("华信", None, "cooperative", None)),
        ("H&M服饰（上海）有限公司", ("h&m服饰", "上海", "limited", None)),
        ("TCL集团", ("tcl", None, "group", None)),
        ("3M中国有限公司", ("3m", "中国", "limited", None)),
        ("上海ABC Co., Ltd.", ("abc", "上海", "limited", None)),
        ("㈱日立製作所", ("日立制作所", None, "kabushiki", None)),
        ("株式会社日立製作所", ("日立制作所", None, "kabushiki", None)),
        ("삼성전자 주식회사", ("삼성전자", None, "kabushiki", None)),
        ("香港上海汇丰银行有限公司", ("汇丰银行", "香港", "limited", None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_chinese_names(text: str, expected: tuple[str | None, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Apple Inc.", ("apple", None, "inc", None)),
        ("APPLE INCORPORATED", ("apple", None, "inc", None)),
        ("The Coca-Cola Company", ("coca cola", None, "company", None)),
        ("JPMorgan Chase & Co.", ("jpmorgan chase", None, "company", None)),
        ("Goldman Sachs & Co. L.L.C.", ("goldman sachs", None, "llc", None)),
        ("AT&T Inc.", ("at and t", None, "inc", None)),
        ("S.C. Johnson & Son, Inc.", ("sc johnson and son", None, "inc", None)),
        ("Société Générale S.A.", ("societe generale", None, "sa", None)),
        ("Bosch G.m.b.H.", ("bosch", None, "gmbh", None)),
        ("Volkswagen Gesellschaft mit beschränkter Haftung", ("volkswagen", None, "gmbh", None)),
        ("Acme Sp. z o.o.", ("acme", None, "sp_zoo", None)),
        ("Foo S.à r.l.", ("foo", None, "sarl", None)),
        ("ООО «Ромашка»", ("ромашка", None, "llc", None)),
        ("OAO Gazprom", ("gazprom", None, "joint_stock", None)),
        ("PT Astra International", ("astra international", None, "pt", None)),
        ("Acme Pte. Ltd.", ("acme", None, "pte_ltd", None)),
        ("A.P. Moller - Maersk A/S", ("ap moller maersk", None, "as", None)),
        ("Acme (Shanghai) Co.,Ltd", ("acme", "上海", "limited", None)),
        ("Shanghai Acme Co., Ltd.", ("acme", "上海", "limited", None)),
        ("Nike China Ltd", ("nike", "中国", "limited", None)),
        ("Deutsche Bank (Schweiz) AG", ("deutsche bank", "瑞士", "ag", None)),
        ("Bank of Beijing Co., Ltd.", ("bank of beijing", None, "limited", None)),
        ("Shanghai Electric Group", ("shanghai electric group", None, None, None)),
        ("Acme Ltd Shanghai Branch", ("acme", None, "limited", "shanghai branch")),
        ("Shanghai Branch of Acme Ltd", ("acme", None, "limited", "shanghai branch")),
        ("7-Eleven Inc", ("7 eleven", None, "inc", None)),
        ("Test Equipment Ltd", ("test equipment", None, "limited", None)),
        ("Contest GmbH", ("contest", None, "gmbh", None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_names_in_letters(text: str, expected: tuple[str | None, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "part", "value"),
    [
        ("八骏科技有限公司（原八骏软件有限公司）", "former_name", "八骏软件有限公司"),
        ("八骏科技有限公司（曾用名：八骏软件有限公司）", "former_name", "八骏软件有限公司"),
        ("八骏科技有限公司曾用名：八骏软件有限公司", "former_name", "八骏软件有限公司"),
        ("Acme Ltd (formerly Foo Inc)", "former_name", "foo inc"),
        ("Acme Ltd f/k/a Foo Inc", "former_name", "foo inc"),
        ("阿里巴巴（Alibaba）", "also", "alibaba"),
        ("Google LLC (Alphabet Inc.)", "also", "alphabet inc"),
        ("中石化", "alias", "中石化"),
        ("工行上海分行", "alias", "工行"),
        ("华润集团", "form_is_short", True),
        ("腾讯（深圳）有限公司", "region_at", "bracket"),
        ("华信能源有限公司", "trade", "能源"),
        ("騰訊（深圳）有限公司", "name", "腾讯（深圳）有限公司"),
        ("ABC  Co., Ltd.", "name", "ABC Co., Ltd."),
    ],
)  # fmt: skip
def test_further_parts(text: str, part: str, value: Any) -> None:
    assert COMPANY.standardise(text).details[part] == value


@pytest.mark.parametrize(
    ("outcome", "reason", "texts"),
    [
        ("absent", "empty", ["", " ", "\u3000", "\u200b\n\t"]),
        ("absent", "no_value", ["无", "暂无", "N/A", "n/a", "-", "--", "/", "。", "null", "NONE", "未知", "待定", "ｎ／ａ", "无公司", "未提供", "#N/A", "！！！"]),
        ("invalid", "person", ["个人", "自然人", "個人", "张先生", "張先生", "王女士", "李小姐", "王总", "李经理", "王小明先生", "Mr. Smith", "Ms Jane Doe", "self-employed", "Individual", "学生", "自由职业"]),
        ("invalid", "test_entry", ["测试", "测试公司", "測試公司", "测试123", "测试客户001", "测试有限公司", "test", "TEST", "Test Company", "test co", "Test Ltd", "testtest", "ＴＥＳＴ", "测试test", "test-1", "demo", "演示数据", "测试勿删"]),
        ("invalid", "keyboard_pattern", ["asdf", "ASDF", "qwerty", "asdfgh有限公司", "asd", "aaa", "aaaaaa", "哈哈", "哈哈哈哈", "啊啊啊", "qwer1234", "asdfasdf", "zxcvbn", "啊啊啊啊有限公司"]),
        ("invalid", "digits_only", ["123", "13800001111", "021-68888888", "１２３", "0", "3.14", "(010) 1234"]),
        ("invalid", "placeholder", ["公司", "有限公司", "有限责任公司", "Ltd", "Co., Ltd.", "Limited Company", "某公司", "某某有限公司", "某科技公司", "XX公司", "xxx科技有限公司", "***有限公司", "X" * 3, "我司", "公司名称", "散客", "无有限公司"]),
        ("invalid", "damaged", ["???公司", "\ufffd\ufffd有限公司", "锟斤拷有限公司"]),
        ("invalid", "e_mail", ["zhang@qq.com", "ＺＨＡＮＧ＠qq.com"]),
        ("invalid", "web_address", ["www.baidu.com", "https://acme.example/x"]),
        ("invalid", "code", ["91310000600037341N"]),
        ("invalid", "too_long", ["上" * (LONGEST_TEXT + 1), "a" * 1_000_000]),
        ("review", "several", ["海尔集团公司、美的集团公司", "海尔/美的", "A有限公司B有限公司", "甲方科技有限公司；乙方科技有限公司", "Foo Ltd; Bar Ltd", "Foo / Bar"]),
        ("review", "text_after_name", ["八骏科技有限公司 张三", "八骏科技有限公司13800001111", "八骏科技有限公司（张三）"]),
        ("review", "note_in_name", ["八骏科技有限公司（已注销）", "八骏科技（停用）", "八骏科技有限公司(2)", "Acme Ltd (closed)"]),
        ("review", "test_entry", ["测试科技有限公司", "上海测试有限公司"]),
        ("review", "too_short", ["王", "A", "A有限公司"]),
        ("review", "digits_only", ["12345有限公司", "360有限公司"]),
        ("review", "keyboard_pattern", ["ASD Ltd", "AAA有限公司"]),
        ("review", "person", ["李先生股份有限公司"]),
        ("ok", "", ["检测技术有限公司", "测试仪器有限公司", "华测测试技术有限公司", "深圳测试技术服务有限公司", "康师傅控股有限公司", "娃哈哈集团有限公司", "Testing Laboratories Ltd", "Dr Pepper Inc", "AAB Ltd"]),
        ("ok", "no_legal_form", ["八骏科技", "Acme", "蛋糕先生", "Testo"]),
        ("ok", "no_brand", ["科技有限公司", "贸易公司"]),
        ("ok", "alias", ["中石化", "工行", "ICBC", "中国平安"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_a_text_is(outcome: str, reason: str, texts: list[str]) -> None:
    # Names of trades that test are real; the rest of the reason is asked of the others.
    found = {text: told(text)[1:] for text in texts}
    wrong = {
        text: got
        for text, got in found.items()
        if got != (outcome, reason) and not (outcome == "ok" and reason == "" and got == ("ok", "no_brand"))
    }
    assert wrong == {}


def test_several_and_faults_have_no_value() -> None:
    assert {told(text)[0] for text in ("海尔、美的", "测试", "张先生", "12345有限公司")} == {None}


WORDS = sorted(
    {
        *(word for form in RULE.legal_forms.values() for word in (*form.written, *form.short, *form.words, *form.in_front)),
        *RULE.industries[:200], *RULE.branch.marks, *RULE.branch.words, *RULE.aliases, *RULE.region_synonyms,
        *["上海", "北京市", "吉林", "吉林市", "兴化市", "(", ")", "（", "）", "&", ".", ",", "、", "/", "原", "formerly", "测试", "test", "abc", "A.B", "华", "为", "騰", "乾", "é", "ß", "ſ", "和", "第", "一", "1", "12", "王", "先生", "the", "and", "的", "x́"], " ",
    }
)  # fmt: skip
TEXTS = (
    st.text()
    | st.text(st.characters(codec=None))
    | st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
    | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
)


@given(TEXTS)
@example("上海北京青岛啤酒")
@example("ß\u0301㉮")
@example("\ud800\x00\u202e有限公司")
@example("((((集团))))有限公司)")
@settings(deadline=None)
def test_a_core_is_its_own_core(text: str) -> None:
    found = COMPANY.standardise(text)
    assert 0 <= found.confidence <= 1
    assert (found.value is None) == (found.outcome in ("absent", "invalid") or found.value is None)
    if found.value is not None:
        assert COMPANY.standardise(str(found.value)).value == found.value
        assert found.details.keys() >= {"name", "brand", "region", "legal_form", "branch"}


@given(st.lists(TEXTS, max_size=6))
@settings(deadline=None)
def test_a_batch_is_its_names_one_by_one(texts: list[str]) -> None:
    assert COMPANY.standardise_batch(texts) == [COMPANY.standardise(text) for text in texts]


@given(st.text(st.sampled_from("ABCxyz019 .,&()/-"), max_size=20))
@settings(deadline=None)
def test_width_says_nothing(text: str) -> None:
    assert COMPANY.standardise(text.translate(FULL_WIDTH)) == COMPANY.standardise(text)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("騰訊科技（深圳）有限公司", "腾讯科技（深圳）有限公司"),
        ("廣東華為技術有限公司", "广东华为技术有限公司"),
        ("臺灣積體電路製造股份有限公司", "台湾积体电路制造股份有限公司"),
        ("中國銀行股份有限公司北京分行", "中国银行股份有限公司北京分行"),
    ],
)
def test_script_says_nothing(traditional: str, simplified: str) -> None:
    assert COMPANY.standardise(traditional) == COMPANY.standardise(simplified)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"industries": ["（科技）"]}, "never occurs in a levelled name"),
        ({"legal_forms": {"a": {"written": ["有限公司"]}, "b": {"written": ["有限公司"]}}}, "有限公司 is written for a and b"),
        ({"implied_forms": ["nonsense"]}, "nonsense is no legal form"),
        ({"regions": {"吉林": ["吉林"]}}, "吉林 stands twice in regions"),
        ({"region_synonyms": {"atlantis": "亚特兰蒂斯"}}, "亚特兰蒂斯 is no place"),
        ({"aliases": {"甲": "乙", "乙": "丙有限公司"}}, "乙 is an alias itself"),
        ({"compare": {**WRITTEN["compare"], "verdicts": {}}}, "verdicts lacks abbreviation"),
        ({"compare": {**WRITTEN["compare"], "verdicts": {**WRITTEN["compare"]["verdicts"], "hunch": {"verdict": "same", "score": 1}}}}, "verdicts knows no hunch"),
        ({"unknown_key": 1}, "Extra inputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_rules_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CompanyRule.model_validate({**WRITTEN, **change})


def test_an_alias_has_to_name_a_company() -> None:
    rule = CompanyRule.model_validate({**WRITTEN, "aliases": {"甲乙": "测试公司"}})
    with pytest.raises(ValueError, match="甲乙 names no company"):
        CompanyStandardiser(rule, CompanyDeclared())


@pytest.mark.realdata
def test_real_short_names_come_out_of_full_ones(real_data: Path) -> None:
    with gzip.open(real_data / "cn_company_short_names/short_names.txt.gz", "rt", encoding="utf-8-sig") as file:
        names = [name for line in list(file)[3:] if re.fullmatch("[\u4e00-\u9fff]{2,6}", name := line.strip())]
    sample = random.Random(7).sample(names, 5000)
    found = COMPANY.standardise_batch([f"上海{name}科技有限公司" for name in sample])
    right = sum(
        (each.value, each.details.get("region"), each.details.get("legal_form")) == (f"{name}科技", "上海", "limited")
        for name, each in zip(sample, found, strict=True)
    )
    assert right >= 0.99 * len(sample)
    assert_own_values(found)


def assert_own_values(found: list[Standard]) -> None:
    values = [str(each.value) for each in found if each.value is not None]
    assert [each.value for each in COMPANY.standardise_batch(values)] == values
