"""Names of people, with the rule file as it is shipped."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.names.person import PersonStandardiser
from cockpit.domain.normalise.names.person_rule import PersonDeclared, PersonRule
from cockpit.domain.normalise.text import LONGEST_TEXT
from cockpit.rulebook.workspace import REPOSITORY

WRITTEN = yaml.safe_load((REPOSITORY / "include/rules/normalisation/person.yml").read_text("utf-8"))
RULE = PersonRule.model_validate(WRITTEN)
PERSON = PersonStandardiser(RULE, PersonDeclared())
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def parts(text: str) -> tuple[Any, Any, Any, Any]:
    """Value, family name, given name, title."""
    found = PERSON.standardise(text)
    return found.value, found.details["family"], found.details["given"], found.details["title"]


@pytest.mark.parametrize("case", RULE.examples, ids=lambda case: case.text or "empty")
def test_examples_of_the_rule(case: Any) -> None:
    found = PERSON.standardise(case.text)
    assert found.value == case.out
    assert case.outcome in (None, found.outcome)
    assert case.reason in (None, found.reason)
    assert {name: found.details.get(name) for name in case.details} == case.details


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("张伟", ("张伟", "张", "伟", None)),
        ("张 伟", ("张伟", "张", "伟", None)),
        ("王.伟", ("王伟", "王", "伟", None)),
        ("“张伟”", ("张伟", "张", "伟", None)),
        ("张伟先生", ("张伟", "张", "伟", "先生")),
        ("张伟 女士", ("张伟", "张", "伟", "女士")),
        ("总经理 王伟", ("王伟", "王", "伟", "总经理")),
        ("经理：王伟", ("王伟", "王", "伟", "经理")),
        ("客户经理王伟", ("王伟", "王", "伟", "客户经理")),
        ("联系人:王伟", ("王伟", "王", "伟", None)),
        ("收件人 王伟", ("王伟", "王", "伟", None)),
        ("王小明总", ("王小明", "王", "小明", "总")),
        ("王建工", ("王建工", "王", "建工", None)),
        ("李和平", ("李和平", "李", "和平", None)),
        ("司马相如", ("司马相如", "司马", "相如", None)),
        ("诸葛 亮", ("诸葛亮", "诸葛", "亮", None)),
        ("欧阳娜娜", ("欧阳娜娜", "欧阳", "娜娜", None)),
        ("陈李婉若", ("陈李婉若", "陈李", "婉若", None)),
        ("山田太郎", ("山田太郎", "山田", "太郎", None)),
        ("やまだ たろう", ("やまだ たろう", "やまだ", "たろう", None)),
        ("김 철수", ("김 철수", "김", "철수", None)),
        ("爱新觉罗·溥仪", ("爱新觉罗·溥仪", "爱新觉罗", "溥仪", None)),
        ("迪丽热巴・迪力木拉提", ("迪丽热巴·迪力木拉提", None, "迪丽热巴", None)),
        ("约翰•史密斯", ("约翰·史密斯", None, "约翰", None)),
        ("Tony张", ("Tony 张", "张", "Tony", None)),
        ("張偉（David）", ("張偉", "張", "偉", None)),
        ("王总", ("王", "王", None, "总")),
        ("欧阳总", ("欧阳", "欧阳", None, "总")),
        ("诸葛经理", ("诸葛", "诸葛", None, "经理")),
        ("方总监", ("方", "方", None, "总监")),
        ("高工", ("高", "高", None, "工")),
        ("王主任（设备科）", ("王", "王", None, "主任")),
        ("小李", ("李", "李", None, "小")),
        ("张先生", ("张", "张", None, "先生")),
        ("ZHANG Wei", ("Zhang Wei", "Zhang", "Wei", None)),
        ("LI Na", ("Li Na", "Li", "Na", None)),
        ("Zhang Xiaoming", ("Zhang Xiaoming", "Zhang", "Xiaoming", None)),
        ("Xiaoming Zhang", ("Xiaoming Zhang", "Zhang", "Xiaoming", None)),
        ("OUYANG, Nana", ("Ouyang Nana", "Ouyang", "Nana", None)),
        ("Kim Jong-un", ("Kim Jong-un", "Kim", "Jong-un", None)),
        ("Nguyễn Văn An", ("Nguyễn Văn An", "Nguyễn", "Văn An", None)),
        ("john smith", ("John Smith", "Smith", "John", None)),
        ("SMITH, JOHN", ("John Smith", "Smith", "John", None)),
        ("Smith, John, Jr.", ("John Smith Jr", "Smith", "John", None)),
        ("John Smith, PhD", ("John Smith", "Smith", "John", "PhD")),
        ("Jack Ma", ("Jack Ma", "Ma", "Jack", None)),
        ("O'BRIEN, PATRICK", ("Patrick O'Brien", "O'Brien", "Patrick", None)),
        ("jean-pierre dupont", ("Jean-Pierre Dupont", "Dupont", "Jean-Pierre", None)),
        ("Ludwig van Beethoven", ("Ludwig van Beethoven", "van Beethoven", "Ludwig", None)),
        ("de la Cruz, Juan", ("Juan de la Cruz", "de la Cruz", "Juan", None)),
        ("J. P. Morgan", ("J. P. Morgan", "Morgan", "J. P.", None)),
        ("JP Morgan", ("JP Morgan", "Morgan", "JP", None)),
        ('Robert "Bob" Brown', ("Robert Brown", "Brown", "Robert", None)),
        ("Mr. John Smith", ("John Smith", "Smith", "John", "Mr")),
        ("Attn: John Smith", ("John Smith", "Smith", "John", None)),
        ("Mrs Brown", ("Brown", "Brown", None, "Mrs")),
        ("Иван Петров", ("Иван Петров", "Петров", "Иван", None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_of_names(text: str, expected: tuple[str | None, ...]) -> None:
    assert parts(text) == expected
    assert PERSON.standardise(text).outcome == "ok"


@pytest.mark.parametrize(
    ("outcome", "reason", "texts"),
    [
        ("absent", "empty", ["", " ", "\u3000\u200b"]),
        ("absent", "no_value", ["无", "暂无", "N/A", "-", "未知", "NULL", "。"]),
        ("invalid", "test_entry", ["测试", "測試", "测试1", "测试人员", "test", "TEST", "test user", "test 2", "demo"]),
        ("invalid", "keyboard_pattern", ["asdf", "qwert", "哈哈", "哈哈哈", "AAA", "asd", "啊啊"]),
        ("invalid", "digits_only", ["111", "13800138000", "１２３"]),
        ("invalid", "placeholder", ["某某", "匿名", "路人甲", "联系人", "微信用户", "admin", "Name"]),
        ("invalid", "masked", ["张某某", "王某", "李**", "张×"]),
        ("invalid", "role", ["采购部", "前台", "经理", "先生", "总经理", "Sales", "Reception", "Mr."]),
        ("invalid", "company", ["上海八骏科技有限公司", "华为集团", "北京大学", "Acme Ltd", "Acme Inc."]),
        ("invalid", "e_mail", ["zhang@qq.com"]),
        ("invalid", "too_long", ["张" * (LONGEST_TEXT + 1)]),
        ("review", "several", ["张三、李四", "李娜/王芳", "李娜，王芳", "张伟 李娜", "张伟和李娜", "John and Mary Smith", "Mr. & Mrs. Smith", "John Smith; Jane Doe"]),
        ("review", "digits_in_name", ["张伟13800138000", "张伟2", "王伟 经理 13912345678", "John Smith 2"]),
        ("review", "placeholder_name", ["张三", "李四", "John Doe"]),
        ("review", "family_name_unknown", ["娜娜", "阿明", "小明", "买买提"]),
        ("review", "unlikely_name", ["王小小小小", "李老家的人"]),
        ("ok", "given_name_missing", ["王", "王总", "李经理", "老王", "Mr. Brown", "欧阳"]),
        ("ok", "order_unclear", ["zhang wei", "Wei Wang", "김철수"]),
        ("ok", "single_name", ["David", "zhangwei"]),
        ("ok", "double_family_name", ["陈李婉若"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_a_text_is(outcome: str, reason: str, texts: list[str]) -> None:
    found = {text: PERSON.standardise(text) for text in texts}
    assert {text: (each.outcome, each.reason) for text, each in found.items()} == dict.fromkeys(
        texts, (outcome, reason)
    )


def test_a_missing_part_lowers_the_confidence() -> None:
    sure = [PERSON.standardise(text).confidence for text in ("张伟", "陈李婉若", "zhang wei", "David", "王总")]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == 1 > sure[-1] > 0


def test_a_telephone_number_beside_a_name_is_not_repeated() -> None:
    assert "138" not in str(PERSON.standardise("张伟13800138000")) + str(PERSON.standardise("张伟（13800138000）"))


@pytest.mark.parametrize(
    "texts",
    [("陳偉", "陈伟", "陈 伟", "陈伟先生"), ("ZHANG Xiaoming", "Xiaoming ZHANG", "zhang, xiaoming"), ("Müller, José", "Jose Muller")],
    ids=["han", "pinyin", "accents"],
)  # fmt: skip
def test_keys_of_one_person(texts: tuple[str, ...]) -> None:
    assert len({PERSON.standardise(text).details["key"] for text in texts}) == 1


WORDS = [
    *RULE.titles[:40], *RULE.titles_in_front, *RULE.particles, *RULE.pinyin_surnames[:40], *"张王李欧阳司马测試陳偉乾伟娜小老和总工", "Tony", "O'Brien",
    "MCDONALD", "Jr", "PhD", "(", ")", " ", ",", "·", ".", '"', "-", "、", "1", "and",
]  # fmt: skip
TEXTS = (
    st.text()
    | st.text(st.characters(codec=None))
    | st.lists(st.sampled_from(WORDS), max_size=6).map("".join)
    | st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
)


@given(TEXTS)
@example("先生先生")
@example("\ud800\x00\u202e张伟")
@settings(deadline=None)
def test_a_value_is_its_own_value(text: str) -> None:
    found = PERSON.standardise(text)
    assert 0 <= found.confidence <= 1
    if found.value is not None:
        assert PERSON.standardise(str(found.value)).value == found.value
        assert found.details.keys() >= {"key", "family", "given", "title", "script"}


@given(st.lists(TEXTS, max_size=6))
@settings(deadline=None)
def test_a_batch_is_its_names_one_by_one(texts: list[str]) -> None:
    assert PERSON.standardise_batch(texts) == [PERSON.standardise(text) for text in texts]


@given(st.text(st.sampled_from("ABCxyz .,&()'-"), max_size=20))
@settings(deadline=None)
def test_width_says_nothing(text: str) -> None:
    assert PERSON.standardise(text.translate(FULL_WIDTH)) == PERSON.standardise(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surnames": "陳"}, "陳 never occurs in a levelled name; write 陈"),
        ({"surnames": "A"}, "A never occurs"),
        ({"compound_surnames": ["张"]}, "张 has one character"),
        ({"common_surnames": "啊"}, "啊 is not in surnames"),
        ({"particles": ["Van"]}, "Van never occurs in a levelled name; write van"),
        ({"unknown_key": 1}, "Extra inputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rules_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PersonRule.model_validate({**WRITTEN, **change})
