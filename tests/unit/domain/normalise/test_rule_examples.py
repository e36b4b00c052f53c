"""Every rule file gives what its own examples say, and shows enough of them."""

from __future__ import annotations

from typing import get_args

import pytest

from cockpit.domain.normalise.kinds import KINDS
from cockpit.domain.normalise.rule import Example
from cockpit.domain.normalise.standard import StandardKind
from cockpit.rulebook.normalisation import difference, load_rule, load_standardiser, rule_version
from cockpit.stack.settings import REPOSITORY

RULES = REPOSITORY / "include/rules/normalisation"
EXAMPLES = [
    pytest.param(kind, example, id=f"{kind}-{number}-{example.text[:20]}")
    for kind in KINDS
    for number, example in enumerate(load_rule(RULES, kind).examples)
]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_an_example_gives_what_it_says(kind: str, example: Example) -> None:
    given, expected = difference(example, load_standardiser(RULES, kind, example.declared).standardise(example.text))
    assert given == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_shows_what_is_used_and_what_is_not(kind: str) -> None:
    examples = load_rule(RULES, kind).examples
    outcomes = {load_standardiser(RULES, kind, each.declared).standardise(each.text).outcome for each in examples}
    assert "ok" in outcomes
    assert len(outcomes) > 1
    assert len(examples) >= 10


@pytest.mark.parametrize("kind", KINDS)
def test_examples_are_the_same_in_a_batch(kind: str) -> None:
    for example in load_rule(RULES, kind).examples:
        standardiser = load_standardiser(RULES, kind, example.declared)
        assert standardiser.standardise_batch([example.text, ""])[0] == standardiser.standardise(example.text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ud800", "\u202e\u200f", "x" * 1_000_000, "<script>alert(1)</script>", "'; drop table core; --", "=cmd|' /C calc'!A0"],
    ids=["empty", "NUL", "half a character", "direction marks", "1 MB", "HTML", "SQL", "formula"],
)  # fmt: skip
def test_a_hostile_text_is_never_used(kind: str, text: str) -> None:
    standardiser = load_standardiser(RULES, kind)
    found = standardiser.standardise(text)
    assert found.outcome != "ok" or kind in ("company", "person")
    assert standardiser.standardise_batch([text, text]) == [found, found]


def test_every_kind_that_a_source_may_name_is_there() -> None:
    assert set(KINDS) == set(get_args(StandardKind))


def test_no_rule_file_is_left_over() -> None:
    assert {path.name for path in RULES.glob("*.yml")} == {kind.file for kind in KINDS.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_version_is_the_authors_and_a_hash(kind: str) -> None:
    version, _dash, digest = rule_version(RULES, kind).partition("-")
    assert version == str(load_rule(RULES, kind).version)
    assert len(digest) == 8
    int(digest, 16)
