"""Free texts to codes, with the rule files as they are shipped."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.choice import ChoiceRule, ChoiceStandardiser
from cockpit.domain.normalise.decided import WithDecisions, decision_key
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.normalisation import load_standardiser
from cockpit.stack.settings import REPOSITORY

RULES = REPOSITORY / "include/rules/normalisation"
LEAD = load_standardiser(RULES, "lead-source")
INDUSTRY = load_standardiser(RULES, "industry")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def told(standard: Standard) -> tuple[Any, str, str]:
    return standard.value, standard.outcome, standard.reason


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("百度", "baidu"), ("百度搜索", "baidu"), ("百度推广", "baidu"), ("BAIDU", "baidu"), ("百度SEM", "baidu"), ("百度 竞价", "baidu"),
        ("【百度】", "baidu"), ("百度。", "baidu"), ("“百度”", "baidu"), ("來源：百度搜尋", "baidu"), ("百度/百度推广", "baidu"), ("www.baidu.com", "baidu"),
        ("谷歌", "google"), ("Google Ads", "google"), ("googled it", "google"), ("Found you on Google", "google"), ("谷歌搜索", "google"),
        ("必应", "bing"), ("360搜索", "search_360"), ("360", "search_360"), ("搜狗", "sogou"), ("SEO", "search"), ("Organic Search", "search"), ("Paid Search", "search"),
        ("抖音", "douyin"), ("抖 音", "douyin"), ("ｄｏｕｙｉｎ", "douyin"), ("抖音直播间", "douyin"), ("客户在抖音直播间咨询", "douyin"), ("抖音企业号私信", "douyin"), ("TikTok", "tiktok"),
        ("朋友圈广告", "tencent_ads"), ("微信朋友圈广告", "tencent_ads"), ("朋友圈廣告", "tencent_ads"), ("微信广告", "tencent_ads"), ("腾讯广告", "tencent_ads"), ("广点通", "tencent_ads"), ("公众号广告", "tencent_ads"), ("WeChat Moments Ads", "tencent_ads"),
        ("企业微信", "wecom"), ("企業微信", "wecom"), ("企微", "wecom"), ("WeCom", "wecom"), ("wechat work", "wecom"), ("企业微信群", "wecom"),
        ("公众号", "official_account"), ("微信公众号文章", "official_account"), ("微信小程序", "mini_program"), ("视频号直播", "video_channel"),
        ("小红书", "xiaohongshu"), ("B站", "bilibili"), ("b 站", "bilibili"), ("知乎", "zhihu"), ("今日头条", "toutiao"), ("快手", "kuaishou"), ("微博", "weibo"),
        ("领英", "linkedin"), ("LinkedIn", "linkedin"), ("I saw your ad on LinkedIn", "linkedin"), ("Facebook", "facebook"), ("FB广告", "facebook"), ("WhatsApp", "whatsapp"),
        ("官网", "website"), ("官網", "website"), ("公司网站", "website"), ("our website", "website"), ("Website - contact form", "website"), ("通过官网留言", "website"), ("Web", "website"),
        ("在线客服", "live_chat"), ("H5", "h5_page"), ("h5活动页", "h5_page"), ("白皮书下载", "content_download"),
        ("1688", "alibaba_1688"), ("阿里巴巴国际站", "alibaba_international"), ("Alibaba.com", "alibaba_international"), ("京东", "jd"), ("中国制造网", "made_in_china"),
        ("展会", "trade_fair"), ("展會", "trade_fair"), ("上海仪器展", "trade_fair"), ("2026工博会", "trade_fair"), ("展会上认识的", "trade_fair"), ("无锡展会", "trade_fair"), ("西安展", "trade_fair"), ("Trade Show", "trade_fair"), ("Canton Fair 2025", "trade_fair"), ("met at Hannover Messe", "trade_fair"), ("第四届进博会", "trade_fair"),
        ("线下活动", "seminar"), ("行业峰会", "seminar"), ("Webinar", "seminar"), ("上海地推", "field_promotion"),
        ("老客户介绍", "referral"), ("转介绍", "referral"), ("王总介绍", "referral"), ("老客户王总推荐", "referral"), ("朋友推荐", "referral"), ("Referral from existing customer", "referral"), ("Word of mouth", "referral"), ("口碑", "referral"),
        ("Employee Referral", "employee_referral"), ("同事介绍", "employee_referral"), ("老客户", "existing_customer"), ("复购", "existing_customer"),
        ("代理商", "partner"), ("渠道伙伴", "partner"), ("经销商推荐", "partner"), ("Partner", "partner"),
        ("电话", "telephone"), ("400电话", "telephone"), ("来电", "telephone"), ("打电话过来咨询", "telephone"), ("Phone Inquiry", "telephone"),
        ("电销", "telemarketing"), ("Cold call", "telemarketing"), ("cold-call", "telemarketing"), ("EDM", "email"), ("E-mail", "email"), ("email marketing", "email"), ("短信", "sms"),
        ("陌拜", "sales_visit"), ("自主开发", "sales_visit"), ("招投标", "tender"), ("RFP", "tender"), ("门店", "store"), ("walk-in", "store"),
        ("企查查", "company_register"), ("Purchased List", "purchased_list"), ("高德地图", "map"),
    ],
)  # fmt: skip
def test_a_clear_lead_source(text: str, code: str) -> None:
    found = LEAD.standardise(text)
    assert (found.value, found.outcome) == (code, "ok")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("微信", "unknown", id="which part of WeChat"),
        pytest.param("WeChat", "unknown", id="the same in English"),
        pytest.param("朋友圈", "unknown", id="advertised or shared"),
        pytest.param("阿里巴巴", "unknown", id="home or abroad"),
        pytest.param("广告", "unknown", id="advertising somewhere"),
        pytest.param("网上", "unknown", id="somewhere on the net"),
        pytest.param("业务拓展", "unknown", id="no trade fair"),
        pytest.param("gmail", "unknown", id="a longer word"),
        pytest.param("陈经理的表弟", "unknown", id="nothing known"),
        pytest.param("😀", "unknown", id="no word at all"),
        pytest.param("抖音/官网", "several", id="slash"),
        pytest.param("抖音、百度", "several", id="two engines"),
        pytest.param("官网+电话", "several", id="plus"),
        pytest.param("展会电话", "several", id="joined"),
        pytest.param("linkedin / google", "several", id="Latin"),
        pytest.param("先百度后电话", "several", id="one after the other"),
        pytest.param("微信+抖音", "several", id="one of them unclear"),
        pytest.param("不是抖音,是百度", "negated", id="not this but that"),
        pytest.param("百度，不是抖音", "negated", id="that but not this"),
        pytest.param("非展会", "negated", id="one character"),
        pytest.param("not from Google", "negated", id="English not"),
        pytest.param("isn't Google", "negated", id="shortened not"),
        pytest.param("可能是百度", "uncertain", id="perhaps"),
        pytest.param("抖音？", "uncertain", id="question"),
        pytest.param("应该是展会吧", "uncertain", id="should be"),
        pytest.param("maybe LinkedIn", "uncertain", id="maybe"),
        pytest.param("百度文库", "partly_understood", id="another service"),
        pytest.param("竞争对手官网", "several", id="somebody else's site"),
    ],
)  # fmt: skip
def test_an_unclear_lead_source_goes_to_a_person(text: str, reason: str) -> None:
    found = LEAD.standardise(text)
    assert (found.outcome, found.reason) == ("review", reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"), ("  \u3000", "empty"), ("\u200b", "empty"), ("无", "no_value"), ("無", "no_value"), ("-", "no_value"), ("——", "no_value"), ("？？", "no_value"), ("N/A", "no_value"),
        ("n.a.", "no_value"), ("null", "no_value"), ("未知", "no_value"), ("Unknown", "no_value"), ("其他", "unspecific"), ("其它", "unspecific"), ("其他渠道", "unspecific"), ("Other", "unspecific"), ("others.", "unspecific"), ("Misc", "unspecific"),
    ],
)  # fmt: skip
def test_a_text_that_says_nothing_is_absent(text: str, reason: str) -> None:
    assert told(LEAD.standardise(text)) == (None, "absent", reason)


def test_candidates_are_told() -> None:
    assert LEAD.standardise("不是抖音,是百度") == Standard(
        None, "review", 0.0, "negated", {"candidates": ["douyin", "baidu"]}
    )
    assert LEAD.standardise("抖音/官网") == Standard(
        None, "review", 0.0, "several", {"candidates": ["douyin", "website"]}
    )


def test_confidence_falls_with_what_stands_beside_the_word() -> None:
    texts = ["抖音", "通过抖音", "2026上海仪器展", "抖音贴吧小组"]
    assert [LEAD.standardise(text).confidence for text in texts] == [1.0, 0.9, 0.8, 0.5]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("电力", "power"), ("发电", "power"), ("电厂", "power"), ("能源电力", "power"), ("电力行业", "power"), ("power plants", "power"), ("國家電網", "power"),
        ("石油化工", "petrochemicals"), ("石化", "petrochemicals"), ("化工", "petrochemicals"), ("油气", "petrochemicals"), ("Oil & Gas", "petrochemicals"), ("Oil refinery", "petrochemicals"), ("石化行业", "petrochemicals"), ("塑料", "petrochemicals"),
        ("医药", "pharmaceuticals"), ("制药", "pharmaceuticals"), ("製藥", "pharmaceuticals"), ("生物医药", "pharmaceuticals"), ("药企", "pharmaceuticals"), ("Pharma", "pharmaceuticals"), ("Biotech & Pharma", "pharmaceuticals"),
        ("水处理", "water_treatment"), ("水务", "water_treatment"), ("环保", "water_treatment"), ("污水处理厂", "water_treatment"), ("Water treatment plant", "water_treatment"), ("环保科技", "water_treatment"),
        ("冶金", "metallurgy"), ("钢铁", "metallurgy"), ("有色金属", "metallurgy"), ("冶金/钢铁", "metallurgy"), ("大型钢铁企业", "metallurgy"), ("Steel", "metallurgy"),
        ("机械制造", "machinery"), ("机械", "machinery"), ("装备制造", "machinery"), ("机械/设备/重工", "machinery"), ("食品机械", "machinery"), ("Food machinery", "machinery"),
        ("电子半导体", "electronics"), ("半导体", "electronics"), ("电子", "electronics"), ("芯片", "electronics"), ("IC design", "electronics"), ("ＰＣＢ", "electronics"),
        ("食品饮料", "food_beverage"), ("食品", "food_beverage"), ("饮料", "food_beverage"), ("Food & Beverage", "food_beverage"), ("食品生产、销售", "food_beverage"), ("啤酒厂", "food_beverage"),
        ("汽车", "automotive"), ("汽配", "automotive"), ("汽车制造业", "automotive"), ("汽车零部件制造", "automotive"), ("新能源汽车", "automotive"), ("Automotive Industry", "automotive"),
        ("轻工", "light_industry"), ("纺织", "light_industry"), ("造纸厂", "light_industry"), ("印刷/包装/造纸", "light_industry"),
        ("科研检测", "research_testing"), ("第三方检测", "research_testing"), ("科研院所", "research_testing"), ("食品检测", "research_testing"),
        ("制造业", "manufacturing"), ("农、林、牧、渔业", "agriculture"), ("采矿业", "mining"), ("建筑业", "construction"), ("批发和零售业", "wholesale_retail"), ("批发/零售", "wholesale_retail"),
        ("钢铁贸易", "wholesale_retail"), ("Steel trading", "wholesale_retail"), ("交通运输、仓储和邮政业", "transport_logistics"), ("住宿和餐饮业", "hospitality"), ("信息传输、软件和信息技术服务业", "information_technology"),
        ("IT/互联网", "information_technology"), ("Software", "information_technology"), ("金融业", "finance"), ("Banking", "finance"), ("房地产业", "real_estate"), ("租赁和商务服务业", "business_services"), ("汽车租赁", "business_services"),
        ("科学研究和技术服务业", "research_testing"), ("水利、环境和公共设施管理业", "public_facilities"), ("居民服务、修理和其他服务业", "residential_services"), ("教育", "education"), ("教育/培训/院校", "education"),
        ("卫生和社会工作", "health_social"), ("医院", "health_social"), ("文化、体育和娱乐业", "culture_sports"), ("公共管理、社会保障和社会组织", "public_administration"), ("政府", "public_administration"), ("国际组织", "international_organisations"),
        ("仪器仪表", "instruments"), ("医疗器械", "medical_devices"), ("水泥", "building_materials"), ("锂电池", "electrical_equipment"), ("航空航天", "aerospace_transport_equipment"), ("燃气", "gas_heat"), ("电力、热力、燃气及水生产和供应业", "power"),
    ],
)  # fmt: skip
def test_a_clear_industry(text: str, code: str) -> None:
    found = INDUSTRY.standardise(text)
    assert (found.value, found.outcome) == (code, "ok")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("新能源", "unknown", id="which energy"),
        pytest.param("医药化工", "unknown", id="two at once by tradition"),
        pytest.param("科技", "unknown", id="every second company"),
        pytest.param("石油化工、医药", "several", id="two trades"),
        pytest.param("食品和机械", "several", id="joined by and"),
        pytest.param("食品/机械", "several", id="joined by a slash"),
        pytest.param("石油/化工/矿产/地质", "several", id="a list"),
        pytest.param("不是电力", "negated", id="not"),
        pytest.param("电力？", "uncertain", id="question"),
        pytest.param("汽车租车平台", "partly_understood", id="something beside"),
        pytest.param("垃圾焚烧发电", "partly_understood", id="something before"),
    ],
)
def test_an_unclear_industry_goes_to_a_person(text: str, reason: str) -> None:
    found = INDUSTRY.standardise(text)
    assert (found.outcome, found.reason) == ("review", reason)


PIECES = st.sampled_from(
    ["抖音", "百度", "官网", "微信", "不是", "可能", "/", "，", " ", "展会", "展", "介绍", "Google", "google ads", "E-mail", "360", "无", "其他", "的", "電話", "\u200f", "電力", "食品", "机械", "和", "贸易", "-", "?"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(), st.text(st.characters(categories=["Cs", "Cc", "Cf", "Lo"])), st.lists(PIECES, max_size=6).map("".join)
)


@pytest.mark.parametrize("kind", ["lead-source", "industry"])
@given(text=TEXTS)
def test_any_text_gives_a_result_that_gives_itself_again(kind: str, text: str) -> None:
    standardiser = LEAD if kind == "lead-source" else INDUSTRY
    found = standardiser.standardise(text)
    if found.outcome == "ok":
        again = standardiser.standardise(str(found.value))
        assert (again.value, again.outcome, again.confidence) == (found.value, "ok", 1.0)


@given(text=st.lists(PIECES, max_size=6).map("".join))
def test_width_and_case_and_script_say_nothing(text: str) -> None:
    for standardiser in (LEAD, INDUSTRY):
        told_plainly = told(standardiser.standardise(text))
        assert told(standardiser.standardise(text.translate(FULL_WIDTH))) == told_plainly
        assert told(standardiser.standardise(text.upper())) == told_plainly
        assert told(standardiser.standardise(text.replace("电", "電").replace("广", "廣"))) == told_plainly


@settings(max_examples=50)
@given(texts=st.lists(TEXTS, max_size=20))
def test_a_batch_is_the_same_as_one_by_one(texts: list[str]) -> None:
    for standardiser in (LEAD, INDUSTRY):
        assert standardiser.standardise_batch(texts) == [standardiser.standardise(text) for text in texts]


def test_a_very_long_text_is_not_looked_into() -> None:
    text = "抖音" * 500_000
    assert told(LEAD.standardise(text)) == (None, "invalid", "too_long")
    assert LEAD.standardise_batch([text, "抖音"])[0].reason == "too_long"


EXAMPLE = [{"in": "a", "out": "a"}]
CODES = {"a": {"en": "A1", "zh": "甲", "words": ["word"]}, "b": {"en": "B1", "zh": "乙"}}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        pytest.param({"codes": {**CODES, "B c": {"en": "x1", "zh": "丙"}}}, "codes: B c is no code", id="no code"),
        pytest.param({"codes": {**CODES, "c": {"en": "Word", "zh": "丙"}}}, "Word stands under codes.c and codes.a", id="word of two codes"),
        pytest.param({"fillers": ["WORD"]}, "WORD stands under fillers and codes.a", id="word that is a filler"),
        pytest.param({"no_value": ["甲"]}, "甲 stands under no_value and codes.a", id="label that says nothing"),
        pytest.param({"fillers": ["…"]}, "has nothing that could be found", id="mark as a word"),
        pytest.param({"unclear": {"w": ["a", "c"]}}, "w names c, which is not in codes", id="unclear, unknown code"),
        pytest.param({"codes": {**CODES, "c": {"en": "C1", "zh": "丙", "yields_to": ["d"]}}}, "codes.c.yields_to names d", id="yields to an unknown code"),
        pytest.param({"confidence": {"whole": 1.5}}, "less than or equal to 1", id="too sure"),
        pytest.param({"codes": {}}, "at least 1", id="no codes"),
        pytest.param({"synonyms": {}}, "Extra inputs", id="unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused(part: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        ChoiceRule.model_validate({"version": 1, "codes": CODES, "examples": EXAMPLE, **part})


def test_a_word_may_say_nothing_alone_and_something_within() -> None:
    rule = ChoiceRule.model_validate(
        {"version": 1, "codes": CODES, "examples": EXAMPLE, "no_value": ["没有"], "negations": ["没有"]}
    )
    standardiser = ChoiceStandardiser(rule)
    assert told(standardiser.standardise("没有")) == (None, "absent", "no_value")
    assert told(standardiser.standardise("没有 word")) == (None, "review", "negated")


def test_decisions_come_first() -> None:
    decided = WithDecisions.from_answers(LEAD, {"陈经理的表弟": "referral", "WeChat": "wecom"})

    assert told(decided.standardise("陳經理的表弟 ")) == ("referral", "ok", "decided")
    assert told(decided.standardise("ＷＥＣＨＡＴ")) == ("wecom", "ok", "decided")
    assert decided.standardise("wechat").details["label_zh"] == "企业微信"
    assert told(decided.standardise("抖音")) == ("douyin", "ok", "")
    assert [told(each)[0] for each in decided.standardise_batch(["抖音", "wechat", "", "x" * 500])] == [
        "douyin",
        "wecom",
        None,
        None,
    ]


def test_an_answer_that_is_no_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    with pytest.raises(ValueError, match="an answer is no value of this kind: unknown"):
        WithDecisions.from_answers(LEAD, {"a": "secret person"})


@given(st.text())
def test_the_key_of_a_decision_is_its_own_key(text: str) -> None:
    assert decision_key(decision_key(text)) == decision_key(text)
