"""Which names of companies mean one company, with the rule file as it is shipped."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.domain.normalise.names.company_compare import CompanyComparer, Comparison, compare_companies
from cockpit.domain.normalise.names.company_rule import FINDINGS, CompanyRule, Pair
from cockpit.rulebook.workspace import REPOSITORY

RULE = CompanyRule.model_validate(
    yaml.safe_load((REPOSITORY / "include/rules/normalisation/company.yml").read_text("utf-8"))
)
COMPARER = CompanyComparer(RULE)


def compare(a: str, b: str) -> Comparison:
    """Both ways round, which has to be the same."""
    comparison = COMPARER.compare(a, b)
    assert COMPARER.compare(b, a) == comparison
    return comparison


@pytest.mark.parametrize("pair", RULE.pairs, ids=lambda pair: f"{pair.a} - {pair.b}")
def test_pairs_of_the_rule(pair: Pair) -> None:
    found = compare(pair.a, pair.b)
    assert found.verdict == pair.verdict
    assert pair.reason in (None, found.reason)


# fmt: off
SAME = [
    ("腾讯（深圳）有限公司", "腾讯(深圳)有限责任公司"),
    ("騰訊科技（深圳）有限公司", "腾讯科技(深圳)有限公司"),
    ("中国银行股份有限公司北京分行", "中国银行北京市分行"),
    ("招商银行股份有限公司深圳分行", "招商银行深圳市分行"),
    ("建设银行深圳分行", "中国建设银行股份有限公司深圳市分行"),
    ("工行上海分行", "中国工商银行股份有限公司上海市分行"),
    ("Microsoft Corp.", "Microsoft Corporation"),
    ("Siemens Aktiengesellschaft", "Siemens AG"),
    ("Procter & Gamble Co.", "Procter and Gamble Company"),
    ("华东（集团）有限公司", "华东集团有限责任公司"),
    ("Société Générale S.A.", "SOCIETE GENERALE SA"),
    ("上海市华星电子有限公司", "上海华星电子有限公司"),
    ("ＡＢＣ　有限公司", "abc有限公司"),
    ("I.B.M. Corp", "IBM Corporation"),
    ("Vodafone Limited", "Vodafone Ltd"),
    ("臺灣積體電路製造股份有限公司", "台积电"),
    ("广东省电力有限公司", "广东电力有限公司"),
    ("苏州市华星科技有限公司", "苏州华星科技有限公司"),
    ("中国农业银行股份有限公司杭州市分行", "农业银行杭州分行"),
    ("平安银行股份有限公司广州分行", "平安银行广州市分行"),
    ("阿里巴巴（中国）有限公司", "阿里巴巴(中国)有限公司"),
    ("華為技術有限公司", "华为技术有限公司"),
    ("Volkswagen Aktiengesellschaft", "VOLKSWAGEN AG"),
    ("XYZ Company Limited", "X.Y.Z. Co., Ltd."),
    ("Tesla, Inc.", "Tesla Incorporated"),
    ("Acme GmbH", "ACME Gesellschaft mit beschränkter Haftung"),
    ("General Motors Company", "General Motors Co."),
    ("Johnson & Johnson", "Johnson and Johnson"),
    ("深圳市腾讯计算机系统有限公司", "深圳腾讯计算机系统有限公司"),
    ("上海华星集团有限公司", "上海华星（集团）有限公司"),
    ("北京百度网讯科技有限公司", "北京百度网讯科技有限责任公司"),
    ("株式会社日立製作所", "日立製作所株式会社"),
    ("平安保险", "中国平安保险（集团）股份有限公司"),
    ("上海八骏科技", "上海八骏科技有限公司"),
    ("中石化", "中国石油化工股份有限公司"),
]
DIFFERENT = [
    ("小米科技有限责任公司", "小米科技有限责任公司北京分公司"),
    ("百度（中国）有限公司", "百度（香港）有限公司"),
    ("深圳华强电子", "杭州华强电子"),
    ("绿源环保", "绿源水环保"),
    ("天成电子有限公司", "天成微电子有限公司"),
    ("第一建筑工程公司", "第三建筑工程公司"),
    ("南方电器", "北方电器"),
    ("东风汽车", "西风汽车"),
    ("华东医药", "华北医药"),
    ("北京银行", "南京银行"),
    ("苏州银行", "杭州银行"),
    ("湖南电力", "湖北电力"),
    ("甲骨文软件", "乙骨文软件"),
    ("中国人寿保险股份有限公司北京分公司", "中国人寿保险股份有限公司上海分公司"),
    ("中国工商银行股份有限公司上海市分行", "中国工商银行股份有限公司上海市徐汇支行"),
    ("华信科技有限公司", "华诚科技有限公司"),
    ("腾讯", "阿里巴巴"),
    ("Apple Inc.", "Microsoft Corp"),
    ("North Star Trading Ltd", "South Star Trading Ltd"),
    ("Fund III L.P.", "Fund IV L.P."),
    ("Acme Ltd", "Acme Ltd Shanghai Branch"),
    ("Acme (Shanghai) Ltd", "Acme (Beijing) Ltd"),
    ("新华信科技", "华信科技"),
    ("大众汽车", "小众汽车"),
    ("一汽大众", "二汽大众"),
    ("101中学", "102中学"),
    ("华信一号投资合伙企业", "华信二号投资合伙企业"),
    ("吉林省华信电力有限公司", "长春华信新能源有限公司"),
    ("华为技术有限公司", "华为终端有限公司"),
    ("中国移动", "中国联通"),
    ("中国电信", "中国移动"),
    ("Bank of China (Hong Kong) Limited", "Bank of China (Singapore) Limited"),
    ("BAE Systems, Inc.", "BAE Industries, Inc."),
    ("上海八骏科技有限公司", "北京八骏科技有限公司"),
    ("上海新能源科技", "北京新能源科技"),
    ("美的集团股份有限公司", "美的集团股份有限公司广东分公司"),
    ("京东（上海）", "京东（广州）"),
    ("上海大众汽车", "北京大众汽车"),
    ("宏远化工", "宏远精细化工"),
    ("第三机床厂", "第四机床厂"),
    ("南方证券", "北方证券"),
    ("东海贸易", "南海贸易"),
    ("上海汽车", "上海电气"),
    ("中国平安人寿保险股份有限公司", "中国平安财产保险股份有限公司"),
    ("甲信科技", "乙信科技"),
    ("恒大地产", "恒小地产"),
    ("华东电力设计院", "西北电力设计院"),
    ("广东移动", "广西移动"),
    ("山东能源", "山西能源"),
    ("河南华信", "河北华信"),
    ("北京一建建筑", "北京二建建筑"),
    ("金龙客车", "银龙客车"),
    ("红星家具", "蓝星家具"),
    ("华为软件技术有限公司", "华为技术有限公司"),
    ("苏宁易购", "国美电器"),
    ("ABC Ltd", "ABD Ltd"),
    ("Alpha 1 Ltd", "Alpha 2 Ltd"),
    ("Siemens Energy AG", "Siemens Healthineers AG"),
    ("HSBC Shanghai Branch", "HSBC Beijing Branch"),
    ("新希望", "老希望"),
    ("大华技术", "小华技术"),
    ("华能国际", "华电国际"),
    ("招商银行北京分行", "招商银行上海分行"),
    ("中国建设银行股份有限公司", "中国工商银行股份有限公司"),
    ("万科企业", "万达企业"),
    ("西安华信", "西宁华信"),
    ("三一重工", "三二重工"),
    ("一号店", "二号店"),
    ("华信科技", "华信能源"),
    ("绿地控股", "绿城控股"),
    ("上海华东医院", "上海华山医院"),
    ("广东移动有限公司", "浙江移动有限公司"),
    ("中国移动通信集团广东有限公司", "中国移动通信集团山东有限公司"),
    ("上海大众", "北京大众"),
    ("上海新能源科技有限公司", "北京新能源科技有限公司"),
]
REVIEW = [
    ("中国石油集团有限公司", "中国石油股份有限公司"),
    ("宝武钢铁集团有限公司", "宝武钢铁股份有限公司"),
    ("小米科技有限责任公司", "小米"),
    ("字节跳动", "北京字节跳动科技有限公司"),
    ("深圳市腾讯计算机系统有限公司", "腾讯"),
    ("明骏科技", "明俊科技"),
    ("鑫源贸易", "新源贸易"),
    ("宏达电子", "宏大电子"),
    ("恒信科技", "衡信科技"),
    ("八骏科技有限公司", "上海八骏科技有限公司"),
    ("八骏科技有限公司（原八骏软件有限公司）", "八骏软件有限公司"),
    ("八骏科技有限公司（原八骏软件有限公司）", "八骏科技有限公司"),
    ("上海华信能源有限公司", "华信（上海）能源有限公司"),
    ("江苏华星科技有限公司", "苏州华星科技有限公司"),
    ("上海八骏科技有限公司", "上海八骏科技股份有限公司"),
    ("东方贸易", "东方商贸"),
    ("Apple Inc.", "Apple"),
    ("Apple Inc.", "Apple Corp."),
    ("Good Will Company", "Goodwill Company"),
    ("Microsoft Corporation", "Microsofts Corporation"),
    ("CRISTALORD LIMITED", "CRYSTALORD LTD"),
    ("字节跳动", "字节跳功"),
    ("华润集团", "华润（集团）有限公司"),
    ("Huawei", "华为技术有限公司"),
    ("Apple Inc.", "苹果公司"),
    ("中石化", "中国石油化工集团有限公司"),
    ("第1建筑公司", "第一建筑公司"),
    ("中国移动通信集团有限公司", "中国移动通信股份有限公司"),
    ("美的集团有限公司", "美的集团股份有限公司"),
    ("联想", "联想集团有限公司"),
    ("海尔智家股份有限公司", "海尔"),
    ("京东", "北京京东世纪贸易有限公司"),
    ("字节跳动科技", "字节跳动"),
    ("天成机械", "天城机械"),
    ("瑞丰化工", "锐丰化工"),
    ("泰和食品", "泰合食品"),
    ("佳美服饰", "嘉美服饰"),
    ("宏图电子", "鸿图电子"),
    ("未来科技", "末来科技"),
    ("华晨汽车", "华辰汽车"),
    ("亿达软件", "易达软件"),
    ("杭州海康威视数字技术股份有限公司", "海康威视"),
    ("Siemens AG", "Siemens"),
    ("Samsung Electronics Co., Ltd.", "Samsung"),
    ("Acme Inc.", "Acme LLC"),
    ("上海八骏科技有限公司", "八骏科技"),
    ("比亚迪股份有限公司", "比亚迪"),
    ("金蝶软件（中国）有限公司", "金蝶软件"),
    ("苏州华星科技有限公司", "华星科技有限公司"),
    ("Volkswagen AG", "Volkswagon AG"),
    ("上海华信科技有限公司", "上海华鑫科技有限公司"),
    ("徐工集团", "徐工机械股份有限公司"),
    ("小米集团", "小米科技有限责任公司"),
]
# fmt: on


@pytest.mark.parametrize(("a", "b"), SAME)
def test_names_of_one_company(a: str, b: str) -> None:
    assert compare(a, b).verdict == "same"


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_names_of_two_companies(a: str, b: str) -> None:
    assert compare(a, b).verdict == "different"


@pytest.mark.parametrize(("a", "b"), REVIEW)
def test_names_that_a_person_decides_about(a: str, b: str) -> None:
    assert compare(a, b).verdict == "review"


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("上海华信科技有限公司", "上海华信科技有限责任公司", "equal"),
        ("上海华信科技", "上海华信科技有限公司", "legal_form_implied"),
        ("工商银行上海市分行", "工商银行股份有限公司上海分行", "equal"),
        ("华信科技", "华信科技有限公司", "legal_form_missing"),
        ("上海华信科技集团有限公司", "上海华信科技有限公司", "legal_forms_differ"),
        ("华信科技有限公司", "上海华信科技有限公司", "region_missing"),
        ("江苏华信科技有限公司", "南京华信科技有限公司", "region_wider"),
        ("上海华信能源有限公司", "华信能源（上海）有限公司", "region_placed_differently"),
        ("华信", "华信科技有限公司", "short_name"),
        ("人寿保险", "中国人寿保险", "short_name"),
        ("中航材", "中国航空器材", "abbreviation"),
        ("Good Will Ltd", "Goodwill Ltd", "spacing"),
        ("Smith Brown Ltd", "Brown Smith Ltd", "word_order"),
        ("第1建筑公司", "第一建筑公司", "number_written_differently"),
        ("恒信科技", "衡鑫科技", "sounds_alike"),
        ("未来科技", "末来科技", "looks_alike"),
        ("字节跳动", "字节跃动", "one_character"),
        ("Microsft Corp", "Microsoft Corp", "one_character"),
        ("Appel Inc", "Apple Inc", "one_character"),
        ("华信科技", "华信技术", "similar_trades"),
        ("Acme Ltd", "顶点科技有限公司", "scripts_differ"),
        ("测试", "华信科技", "unusable"),
        ("科技有限公司", "科技有限公司", "uncertain_name"),
        ("华信科技有限公司（已注销）", "华信科技有限公司", "uncertain_name"),
        ("华信科技（原华诚科技）", "华诚科技", "former_name"),
        ("华信科技有限公司", "华信科技有限公司工会", "branch_and_parent"),
        ("华信科技上海分公司", "华信科技北京分公司", "branches_differ"),
        ("上海华信", "北京华信", "regions_differ"),
        ("一号店", "二号店", "distinguishing_word"),
        ("华信科技2号基金", "华信科技3号基金", "distinguishing_word"),
        ("华信电子", "华信电力", "trades_differ"),
        ("腾讯", "百度", "names_differ"),
    ],
)
def test_reasons(a: str, b: str, reason: str) -> None:
    assert compare(a, b).reason == reason


def test_every_finding_has_a_meaning_and_no_other_is_the_same() -> None:
    assert set(RULE.compare.verdicts) == FINDINGS
    same = {finding for finding, meaning in RULE.compare.verdicts.items() if meaning.verdict == "same"}
    assert same == {"equal", "legal_form_implied"}


def test_prepared_names_compare_like_texts() -> None:
    a, b = COMPARER.standardiser.standardise("八骏科技"), COMPARER.standardiser.standardise("八峻科技")
    assert (
        compare_companies(a, b, RULE)
        == compare_companies("八骏科技", "八峻科技", RULE)
        == compare("八骏科技", "八峻科技")
    )


NAMES = st.lists(
    st.sampled_from(
        [
            "上海",
            "北京市",
            "华",
            "信",
            "骏",
            "峻",
            "科技",
            "能源",
            "新",
            "第一",
            "有限公司",
            "股份",
            "集团",
            "（上海）",
            "(原华信)",
            "分公司",
            "支行",
            "Acme",
            "Ltd",
            "Inc",
            "the",
            "1",
            "2",
            "、",
            "测试",
        ]
    ),
    max_size=6,
).map("".join)


@given(NAMES, NAMES)
@settings(deadline=None)
def test_the_order_of_two_names_does_not_matter(a: str, b: str) -> None:
    compare(a, b)


@given(NAMES | st.text())
@settings(deadline=None)
def test_no_name_differs_from_itself(name: str) -> None:
    assert compare(name, name).verdict != "different"


@given(NAMES, NAMES)
@settings(deadline=None)
def test_the_same_company_has_the_same_parts(a: str, b: str) -> None:
    if compare(a, b).verdict == "same":
        one, other = COMPARER.standardiser.standardise(a), COMPARER.standardiser.standardise(b)
        assert one.value == other.value
        assert [one.details[part] for part in ("region", "branch")] == [
            other.details[part] for part in ("region", "branch")
        ]


@pytest.mark.realdata
def test_hard_pairs_of_others(real_data: Path) -> None:
    with gzip.open(real_data / "er_name_bench_opensanctions/cases.csv.gz", "rt", encoding="utf-8") as file:
        pairs = [row for row in csv.DictReader(file) if row["schema"] in ("Company", "Organization", "LegalEntity")]
    found = Counter((row["is_match"], compare(row["name1"], row["name2"]).verdict) for row in pairs)
    # No machine joins what people hold apart; of what they hold together most is joined or shown to a person.
    assert found["false", "same"] == 0
    assert found["false", "review"] <= 20
    assert found["true", "same"] >= 60
    assert found["true", "different"] <= 45
