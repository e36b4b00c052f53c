"""What each type of field finds between two texts, in literal rows, and properties that hold for any text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.domain.match.engine import field_types
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.match.fields.words import WordLists
from cockpit.rulebook.matching import load_words

RULES = Path(__file__).parents[4] / "include" / "rules"
WORDS = load_words(RULES)
TYPES = field_types(None, WORDS)


def level(field: Field, left: str, right: str) -> str | None:
    """Name of the level that two texts are compared to; None when one of them is no value."""
    values = field.read(pd.Series([left, right], dtype=object))
    one, other = values.codes.astype(np.int64)
    if MISSING in (one, other):
        return None
    if one == other:
        return field.levels[0]
    return field.levels[int(field.compare(values, np.array([one]), np.array([other]))[0])]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("Anna", "anna", "exact", id="case"),
        pytest.param("José", "Jose", "exact", id="accent"),
        pytest.param("O'Brien", "OBrien", "exact", id="apostrophe"),
        pytest.param("Dr. Anna", "Anna", "exact", id="title"),
        pytest.param("Jonson", "Johnson", "one slip", id="slip"),
        pytest.param("William", "Bill", "nickname", id="nickname"),
        pytest.param("Bob", "Rob", "one slip", id="two nicknames of one name, one slip apart"),
        pytest.param("Peggy", "Margaret", "nickname", id="nickname first"),
        pytest.param("J.", "Julia", "initial", id="initial"),
        pytest.param("Maria Anna", "Anna Maria", "exact", id="order"),
        pytest.param("Smith Jr", "Smith", "similar", id="generation"),
        pytest.param("Anna Maria", "Anna", "similar", id="second name left out"),
        pytest.param("Anna M", "Anna Maria", "similar", id="second name as an initial"),
        pytest.param("Anna", "Robert", "different", id="different"),
        pytest.param("王小明", "王小明", "exact", id="Han"),
        pytest.param("Anna", "  ", None, id="missing"),
    ],
)
def test_names_of_persons(left: str, right: str, expected: str | None) -> None:
    assert level(TYPES["person_name"], left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("Blue Ridge Engineering, L.L.C.", "BLUE RIDGE ENGR", "same words", id="form and short word"),
        pytest.param("St. Mary School", "Saint Mary Sch", "same words", id="saint"),
        pytest.param("Harbor Foods Inc", "Food Harbor", "same words", id="order and plural"),
        pytest.param("Russell & Sons Brewery", "Russell and Sons Brewery Ltd.", "same words", id="and"),
        pytest.param("Larkspur Orion Manufacturing", "Larkspur Orion Manufacturibg", "slips", id="slip"),
        pytest.param("Oakmont Heating and Cooling", "Oakmont Heating", "words left out", id="left out"),
        pytest.param("Acme Foods dba Blue Kitchen", "Blue Kitchen", "same words", id="trades as"),
        pytest.param("Zenith Quicksilver Bakery", "Orion Larkspur Plumbing", "different", id="different"),
        pytest.param("Y.M.C.A.", "YMCA", "same words", id="initials"),
        pytest.param("The Company Ltd", "company ltd", "same words", id="nothing but forms"),
        pytest.param("Acme", "...", None, id="no word"),
    ],
)
def test_organisations(left: str, right: str, expected: str | None) -> None:
    assert level(TYPES["organisation"], left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("216 Sycamore Parkway, #232", "216 SYCAMORE PKWY APT 232", "exact", id="unit written differently"),
        pytest.param("12 North Main Street", "12 N Main St", "exact", id="short words"),
        pytest.param("12 Main St Apt 3", "12 Main Street", "same number, similar street", id="unit left out"),
        pytest.param("12 Main St Apt 3", "12 Main St Apt 4", "other unit of the house", id="other unit"),
        pytest.param("6739 Jefferson Dr", "6769 Jefferson Drive", "slip in the number, similar street", id="slip"),
        pytest.param("12 Jefferson Dr", "18 Jefferson Drive", "other number, similar street", id="neighbour"),
        pytest.param("Jefferson Drive", "6769 Jefferson Drive", "number missing, similar street", id="no number"),
        pytest.param("12 Oak Lane", "980 Larkspur Blvd", "different", id="different"),
    ],
)
def test_addresses(left: str, right: str, expected: str) -> None:
    assert level(TYPES["address"], left, right) == expected


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        pytest.param("email", "A.Lee@Acme.com", "a.lee@acme.com", "exact", id="e-mail"),
        pytest.param("email", "ann.lee@acme.com", "ann.lee@acme.co", "slips", id="e-mail slip"),
        pytest.param("email", "ann.lee77@gmail.com", "ann.lee77@company.org", "same user", id="same user"),
        pytest.param("email", "info@acmetools.com", "sales@acmetools.com", "same domain", id="boxes of one firm"),
        pytest.param("email", "info@acmetools.com", "info@larkspur.org", "different", id="info everywhere"),
        pytest.param("email", "ann.lee@gmail.com", "zoe@gmail.com", "different", id="a domain of everybody"),
        pytest.param("text", "https://www.acme.com/about", "acme.com", "exact", id="web site"),
        pytest.param("phone", "(412) 242-3637", "412.242.3637", "exact", id="phone"),
        pytest.param("phone", "+1 412 242 3637", "242-3637", "without area", id="phone without area"),
        pytest.param("date", "1984-07-03", "03/07/1984", "exact", id="date"),
        pytest.param("date", "1984-07-03", "1984-03-07", "one slip", id="day and month exchanged"),
        pytest.param("identifier", "AB-12 34", "ab1234", "exact", id="identifier"),
        pytest.param("identifier", "123", "145", "different", id="short number"),
    ],
)
def test_other_fields(kind: str, left: str, right: str, expected: str) -> None:
    assert level(TYPES[kind], left, right) == expected  # type: ignore[index]


_ALPHABET = st.sampled_from("abcdeo -.,'&#@/0129ÉßŁ王公司１\x00\ud800\u200b\U0001f600\n")
TEXTS = st.lists(st.one_of(st.text(_ALPHABET, max_size=30), st.none()), min_size=2, max_size=8)


@pytest.mark.parametrize("kind", list(TYPES))
@given(texts=TEXTS)
@settings(max_examples=60)
def test_any_text(kind: str, texts: list[str | None]) -> None:
    """Comparing is symmetric and in range, and what was read is read as itself; no text fails."""
    field = TYPES[kind]  # type: ignore[index]
    values = field.read(pd.Series(texts, dtype=object))
    count = len(values.distinct)
    left, right = (each.ravel() for each in np.meshgrid(np.arange(count), np.arange(count)))
    apart = left != right
    left, right = left[apart], right[apart]
    levels = field.compare(values, left, right)
    assert ((levels >= MISSING) & (levels < len(field.levels))).all()
    assert np.array_equal(levels, field.compare(values, right, left))
    assert len(field.identities(values)) == count
    for keys in field.keys(values).values():
        assert len(keys.values) == len(keys.hashes)
    field.near(values)


@pytest.mark.parametrize("kind", ["person_name", "email", "phone", "identifier", "date", "region", "postcode"])
@given(texts=TEXTS)
@settings(max_examples=60)
def test_reading_is_idempotent(kind: str, texts: list[str | None]) -> None:
    field = TYPES[kind]  # type: ignore[index]
    once = field.read(pd.Series(texts, dtype=object)).distinct
    assert list(field.read(pd.Series(once, dtype=object)).distinct) == list(once)


@pytest.mark.parametrize("kind", list(TYPES))
@pytest.mark.parametrize(
    "column",
    [
        pytest.param([], id="no records"),
        pytest.param([None, None], id="empty column"),
        pytest.param(["abc 12", "abc 13"] + ["same value 1"] * 100_000, id="one value for 100,000 records"),
        pytest.param(["x 1" * 4_000, "y 2" * 4_000, "Anna " * 2_500], id="long values"),
        pytest.param(["a\x00b", "\ud800", "c\udfff 1"], id="NUL and surrogates"),
    ],
)
def test_bad_columns(kind: str, column: list[str | None]) -> None:
    field = TYPES[kind]  # type: ignore[index]
    values = field.read(pd.Series(column, dtype=object))
    assert len(values.codes) == len(column)
    count = len(values.distinct)
    left, right = np.triu_indices(count, 1)
    assert len(field.compare(values, left.astype(np.int64), right.astype(np.int64))) == len(left)
    field.keys(values)
    field.near(values)


def test_expected_levels_add_up() -> None:
    for field in (*TYPES.values(), *field_types(None, WordLists()).values()):
        assert len(field.expected) == len(field.levels)
        assert sum(field.expected) == pytest.approx(1)
        assert len(field.related) in (0, len(field.levels))
        assert field.aside <= set(field.levels)


def test_names_do_not_depend_on_the_other_names() -> None:
    field = TYPES["organisation"]
    names = ["Harbor Foods", "Harbor Food Services", "Larkspur Services"]
    alone = field.read(pd.Series(names, dtype=object))
    among = field.read(pd.Series([*names, *(f"Other {n} Services" for n in range(500))], dtype=object))
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    assert field.compare(alone, left, right).tolist() == field.compare(among, left, right).tolist()


@pytest.mark.parametrize(
    ("left", "right", "is_found"),
    [
        pytest.param("Anna Adler", "Adler, Anna", True, id="order"),
        pytest.param("Anna Adler", "Anna Adlr", True, id="slip"),
        pytest.param("Jürgen Groß", "Juergen Gross", True, id="umlaut"),
        pytest.param("Anna Maria Adler", "A. Adler Maria", True, id="two of three words"),
        pytest.param("王小明", "王小明", True, id="Han"),
        pytest.param("Anna Adler", "Anna Berg", False, id="one word"),
        pytest.param("Anna", "Anna", False, id="no whole name"),
    ],
)
def test_whole_names_are_found_by_two_words(left: str, right: str, is_found: bool) -> None:
    field = TYPES["person_name"]
    keys = [field.keys(field.read(pd.Series([name], dtype=object)))["whole"].hashes.tolist() for name in (left, right)]
    assert bool(set(keys[0]) & set(keys[1])) is is_found
