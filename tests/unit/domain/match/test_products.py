"""Sizes and marks of articles as texts write them, and what is left of a name without them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.engine import MERGE, REVIEW, field_types, match
from cockpit.domain.match.fields.measure import Measures, ProductWords
from cockpit.domain.match.fields.product import Specification, judged, parsed
from cockpit.domain.match.table import Table
from cockpit.rulebook.matching import load_match_rule, load_words

RULES = Path(__file__).parents[4] / "include" / "rules"
WORDS = load_words(RULES)
TYPES = field_types(None, WORDS)
MEASURES = Measures(WORDS.products)


@pytest.mark.parametrize(
    ("text", "sizes", "name"),
    [
        pytest.param("六角螺栓 M8×20 304", {"thread": "8", "length": "20", "material": "304"}, "六角螺栓", id="bolt"),
        pytest.param("Ｍ８＊２０ mm SUS304", {"thread": "8", "length": "20", "material": "304"}, "", id="full width"),
        pytest.param("M8 x 2 cm", {"thread": "8", "length": "20"}, "", id="another unit"),
        pytest.param("8 x 2 cm", {"length": "20x80"}, "", id="one unit for both"),
        pytest.param("20×2.5 mm", {"length": "2.5x20"}, "", id="in order of size"),
        pytest.param("8*20", {"length": "8x20"}, "", id="joined numbers are lengths"),
        pytest.param("3×1.5mm²", {"": "3", "area": "1.5"}, "", id="joined to something else"),
        pytest.param("Hexagon bolt, zinc-plated", {"finish": "zinc plated"}, "bolt hexagon", id="words in order"),
        pytest.param("M8×20-304", {"thread": "8", "length": "20", "material": "304"}, "", id="a material is no range"),
        pytest.param("0-1.6MPa", {"pressure": "1.6"}, "", id="range from nothing"),
        pytest.param("4~20 mA", {"current": "0.004x0.02"}, "", id="range"),
        pytest.param("6bar", {"pressure": "0.6"}, "", id="bar"),
        pytest.param("600 kPa", {"pressure": "0.6"}, "", id="kilopascal"),
        pytest.param("铂热电阻200℃", {"temperature": "200"}, "铂热电阻", id="one sign for the unit"),
        pytest.param("DN80PN16", {"bore": "80", "pressure_class": "16"}, "", id="without a blank"),
        pytest.param("通径 25", {"bore": "25"}, "", id="Chinese sign before the number"),
        pytest.param('1 1/2"', {"length": "38.1"}, "", id="inches and a fraction"),
        pytest.param("1,500 mm", {"length": "1500"}, "", id="thousands"),
        pytest.param("2,5 mm", {"length": "2.5"}, "", id="decimal comma"),
        pytest.param("安装支架A型", {"type": "a"}, "安装支架", id="design after its letter"),
        pytest.param("Mounting bracket TYPE-A", {"type": "a"}, "bracket mounting", id="design before its letter"),
        pytest.param("A型 Type A", {"type": "a"}, "", id="design said twice"),
        pytest.param("316L", {"material": "316l"}, "", id="a material, not litres"),
        pytest.param("IP65", {"ip#": "65"}, "", id="unknown sign"),
        pytest.param("30目", {"": "30"}, "目", id="unknown unit in Chinese"),
        pytest.param("30mesh", {"#mesh": "30"}, "", id="unknown unit"),
        pytest.param("熱鍍鋅", {"finish": "hot dip galvanised"}, "", id="traditional script; the longer word first"),
        pytest.param("压力变送器 0.6 MPa Pressure transmitter 0.6 MPa", {"pressure": "0.6"}, "压力变送器", id="said twice"),
        pytest.param("HEART T-LIGHT HOLDER", {}, "heart holder light t", id="no size"),
        pytest.param("", {}, "", id="nothing"),
    ],
)  # fmt: skip
def test_what_a_text_says(text: str, sizes: dict[str, str], name: str) -> None:
    read = MEASURES.read(text)
    assert (dict(read.sizes), read.name) == (sizes, name)


def test_sizes_are_a_measure_that_is_known() -> None:
    with pytest.raises(ValueError, match="not among the measures"):
        ProductWords(measures={"length": {"mm": 1}}, sizes=("length", "cm"))


def test_without_words_nothing_is_known_about_units() -> None:
    assert dict(Measures(ProductWords()).read("Bolt M8 x 20 mm").sizes) == {"": "20", "m#": "8"}


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        pytest.param("20 mm", "2 cm", "exact", id="unit"),
        pytest.param("M8 x 20", "M8×25", "different", id="size"),
        pytest.param("M8×20 304", "M8×20 316", "different", id="material"),
        pytest.param("M8×20 304", "M8×20", "sizes left out", id="material left out"),
        pytest.param("M8×20 304", "螺栓", "sizes left out", id="all left out"),
        pytest.param("M8×20 304", "M8×20 镀锌", "each says more", id="material, finish"),
        pytest.param("DN25", "防爆型", "each says more", id="nothing in common"),
        pytest.param("螺栓", "bolt", "exact", id="neither says a size"),
        pytest.param("变送器 0.6", "变送器 0.6 MPa", "sizes left out", id="unit left out"),
        pytest.param("变送器 0.6", "变送器 1.6 MPa", "different", id="another number without unit"),
        pytest.param("变送器 5 DN25", "变送器 DN25", "sizes left out", id="a number more"),
        pytest.param("5", "6", "different", id="numbers without units"),
    ],
)
def test_levels_of_specifications(left: str, right: str, level: str) -> None:
    field = TYPES["specification"]
    values = field.read(pd.Series([left, right], dtype=object))
    one, other = values.codes.astype(np.int64)
    found = 0 if one == other else int(field.compare(values, np.array([one]), np.array([other]))[0])
    assert field.levels[found] == level


_TEXTS = st.lists(
    st.sampled_from(["M8", "×20", "25 mm", "304", "316", "镀锌", "DN25", "0.6 MPa", "5", "0.6", "A型", "螺栓"]),
    max_size=4,
).map(" ".join)


@given(_TEXTS, _TEXTS)
def test_comparing_many_is_comparing_each_and_symmetric(left: str, right: str) -> None:
    field = TYPES["specification"]
    values = field.read(pd.Series([left, right], dtype=object))
    one, other = values.codes[:1].astype(np.int64), values.codes[1:].astype(np.int64)
    if one[0] == other[0]:
        return
    expected = judged(parsed(values.distinct[one[0]]), parsed(values.distinct[other[0]]))
    assert field.compare(values, one, other).tolist() == [expected]
    assert field.compare(values, other, one).tolist() == [expected]


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    read = MEASURES.read(text)
    written = Specification(WORDS.products).read(pd.Series([text], dtype=object)).distinct
    assert [parsed(each) for each in written] == [dict(read.sizes)]


def test_a_hostile_text_costs_nothing() -> None:
    assert len(MEASURES.read("8x" * 100_000).sizes) <= 2
    assert MEASURES.read("1/0").sizes


FAMILY = [
    {"record_id": f"{system}:{name}{size}{material}", "name_zh": name, "described_as": f"{name} {written}"}
    for name, size, material in product(("六角螺栓", "内六角螺栓"), ("20", "25", "30"), ("304", "镀锌"))
    for system, written in (("a", f"M8×{size} {material}"), ("b", f"Ｍ８＊{size}mm {material}"))
]


def test_articles_of_one_name_stay_apart_by_size_and_material() -> None:
    rule = load_match_rule(RULES / "matching" / "product.yml")
    found = match(pd.DataFrame(FAMILY, dtype=object), rule, TYPES)
    groups = pd.Series(found.record_ids).groupby(found.cluster).apply(lambda ids: sorted(each[2:] for each in ids))
    assert sorted(groups) == sorted([each["record_id"][2:]] * 2 for each in FAMILY if each["record_id"][0] == "a")


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        pytest.param({"product_code": "PT-1"}, {"product_code": "PT-2"}, None, id="two numbers of the company"),
        pytest.param({"name_en": "Bolt"}, {"name_en": "bolt"}, MERGE, id="one name in another language"),
        pytest.param({"described_as": "锅 M8"}, {}, REVIEW, id="one leaves its size out"),
        pytest.param({"name_zh": "锅子"}, {}, REVIEW, id="names that are only alike"),
    ],
)
def test_what_a_machine_may_join(left: dict[str, str], right: dict[str, str], outcome: int | None) -> None:
    rule = load_match_rule(RULES / "matching" / "product.yml").model_copy(update={"review_at": -20.0})
    base = {"product_code": None, "name_zh": "锅", "name_en": None, "described_as": "锅 M8×20"}
    pair = [{"record_id": "1", **base, **left}, {"record_id": "2", **base, **right}]
    found = match(pd.DataFrame([*FAMILY, *pair], dtype=object), rule, TYPES)
    place = {record: position for position, record in enumerate(found.record_ids)}
    wanted = {place["1"], place["2"]}
    (at,) = [n for n, ends in enumerate(zip(found.left, found.right, strict=True)) if set(map(int, ends)) == wanted]
    assert (found.outcome[at] if found.veto[at] == 0 else None) == outcome


def test_a_level_that_is_no_contradiction_keeps_nothing_apart() -> None:
    rule = load_match_rule(RULES / "matching" / "product.yml")
    texts = ["锅 M8×20 304", "锅 M8×20", "锅 M8×25 304"]
    table = Table(pd.DataFrame({"record_id": list("abc"), "described_as": texts}, dtype=object), rule, TYPES)
    vetoes = table.compare(np.array([0, 0, 1]), np.array([1, 2, 2])).vetoes
    assert vetoes.tolist() == [0, -1, -1]
