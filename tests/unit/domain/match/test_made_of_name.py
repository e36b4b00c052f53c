"""E-mail addresses that are made of names, and what they say about two persons of one name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.engine import field_types
from cockpit.domain.match.fields.made_of_name import made_of
from cockpit.domain.match.fields.values import MISSING
from cockpit.domain.match.rule import FieldRule, MatchRule
from cockpit.domain.match.table import Compared, Table

RULE = MatchRule(
    fields={
        "given": FieldRule(type="person_name"),
        "family": FieldRule(type="person_name"),
        "email": FieldRule(type="email"),
    },
    made_of={"email": ("given", "family")},
)


@pytest.mark.parametrize(
    ("address", "words", "expected"),
    [
        pytest.param("anna.adler@gmail.com", ["anna", "adler"], ("words a a@gmail.com", ""), id="both"),
        pytest.param("adler.anna@gmail.com", ["anna", "adler"], ("words a a@gmail.com", ""), id="other order"),
        pytest.param("aadler77@gmx.de", ["anna", "adler"], ("initial first a77@gmx.de", "77"), id="initial and digits"),
        pytest.param("adler.a@gmx.de", ["anna", "adler"], ("initial last a a@gmx.de", ""), id="initial behind"),
        pytest.param("anna@gmx.de", ["anna", "adler"], ("word a@gmx.de", ""), id="one word"),
        pytest.param("sunny77@gmx.de", ["anna", "adler"], ("", ""), id="nothing of the name"),
        pytest.param("annaadlers@gmx.de", ["anna", "adler"], ("", ""), id="more than the name"),
        pytest.param("anna.adler", ["anna", "adler"], ("", ""), id="no domain"),
        pytest.param("77@gmx.de", [], ("", ""), id="no name"),
    ],
)
def test_made_of(address: str, words: list[str], expected: tuple[str, str]) -> None:
    assert made_of(address, words) == expected


def compared(*rows: tuple[str | None, str | None, str | None]) -> Compared:
    frame = pd.DataFrame(rows, columns=["given", "family", "email"], dtype=object)
    return Table(frame, RULE, field_types(None)).compare(np.array([0]), np.array([1]))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        pytest.param(("Anna", "Adler", "anna.adler@gmail.com"), ("Anna", "Adler", "anna.adler@gmx.de"), None, id="domain"),
        pytest.param(("Anna", "Adler", "anna.adler1@gmx.de"), ("Anna", "Adler", "anna.adler2@gmx.de"), None, id="digits"),
        pytest.param(("Ana", "Adler", "anna.adler@gmx.de"), ("Anna", "Adler", "anna.adler@qq.com"), None, id="slip in a name"),
        pytest.param(("伟", "王", "wang.wei@qq.com"), ("伟", "王", "wang.wei@163.com"), None, id="Han"),
        pytest.param(("Anna", "Adler", "anna.adler77@gmail.com"), ("Anna", "Adler", "anna.adler77@gmx.de"), "same user", id="same digits"),
        pytest.param(("Anna", "Adler", "sunny@gmail.com"), ("Anna", "Adler", "sunny@gmx.de"), "same user", id="not of the name"),
        pytest.param(("Anna", "Adler", "anna.adler@gmail.com"), ("Anna", "Adler", "aadler@gmx.de"), "different", id="made otherwise"),
        pytest.param(("Anna", "Adler", "anna.adler@gmx.de"), ("Anna", "Adler", "anna.adler@gmx.de"), "exact", id="equal"),
        pytest.param(("Anna", None, "anna.adler@gmail.com"), (None, "Ott", "anna.adler@gmx.de"), "same user", id="other names"),
    ],
)  # fmt: skip
def test_addresses_of_namesakes(
    one: tuple[str | None, str | None, str | None], other: tuple[str | None, str | None, str | None], level: str | None
) -> None:
    found = int(compared(one, other).levels[0, 2])
    assert (None if found == MISSING else field_types(None)["email"].levels[found]) == level


def test_equal_addresses_of_names_are_as_frequent_as_others_that_are_made_so() -> None:
    anna = ("Anna", "Adler", "anna.adler@gmail.com")
    bernd = ("Bernd", "Braun", "bernd.braun@gmail.com")
    year = ("Bernd", "Braun", "bernd.braun1977@gmail.com")
    sunny = ("Anna", "Adler", "sunny@gmail.com")
    made = [int(compared(each, each).agreed[2][0]) for each in (anna, bernd, year, sunny)]
    assert made[0] == made[1]
    assert len(set(made)) == 3
