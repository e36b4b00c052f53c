"""Texts that are read together give what each gives by itself."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.domain.match.fields import contact
from cockpit.domain.match.fields.address import Address
from cockpit.domain.match.fields.at_once import PLAIN, read_many
from cockpit.domain.match.fields.contact import Email, Phone
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.text import Identifier, signs_of, words_of, words_of_many
from cockpit.domain.match.fields.values import MISSING
from cockpit.rulebook.matching import load_words
from cockpit.stack.settings import REPOSITORY

RULES = REPOSITORY / "include" / "rules"
# Beyond Han: full width, accents, other digits, ligatures, invisible signs.
SIGNS = "ab Z09-_.@#/'室号路ａ１（é²٣ﬁ\u200b\u3000\t\n"
texts = st.lists(st.text(alphabet=SIGNS, max_size=12) | st.text(max_size=12), min_size=1, max_size=8)


@given(texts)
def test_words(given_texts: list[str]) -> None:
    assert words_of_many(given_texts).tolist() == [words_of(text) for text in given_texts]


READERS = [
    pytest.param(Address(load_words(RULES).addresses), "_read", id="address"),
    pytest.param(Phone(), contact._digits, id="phone"),
    pytest.param(Email(), contact._address, id="email"),
    pytest.param(Identifier(), signs_of, id="identifier"),
]


@given(many=texts)
@pytest.mark.parametrize(("field", "one"), READERS)
def test_a_column_is_read_as_its_texts_are(field: Field, one: str | Callable[[str], str], many: list[str]) -> None:
    read = getattr(field, one) if isinstance(one, str) else one
    values = field.read(pd.Series(many, dtype=object))
    found = ["" if code == MISSING else values.distinct[code] for code in values.codes.tolist()]
    assert found == [read(text) for text in many]


def test_too_long_and_surrogates() -> None:
    many = ["a" * 500, "\ud800x", "中 文"]
    assert words_of_many(many).tolist() == [words_of(text) for text in many]
    assert read_many(["中", "b"], PLAIN, lambda plain: plain, str.upper).tolist() == ["中", "b"]
