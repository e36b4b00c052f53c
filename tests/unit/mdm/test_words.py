"""What matching finds has words for people, in both languages."""

from __future__ import annotations

import pytest

from cockpit.domain.match.fields.company import APART
from cockpit.mdm import words
from cockpit.rulebook.matching import load_field_types, load_match_rule, ready_lists
from cockpit.rulebook.workspace import REPOSITORY, find_workspace
from cockpit.warehouse.model_files import load_models

RULES = REPOSITORY / "include" / "rules"


def test_every_level_of_every_type_has_words(monkeypatch: pytest.MonkeyPatch) -> None:
    types = load_field_types(RULES, load_match_rule(ready_lists(RULES)["companies"]))
    levels = {level for each in types.values() for level in each.levels}
    monkeypatch.setenv("COCKPIT_LANG", "zh")
    # Without words a level would be shown by its name.
    assert sorted(level for level in levels if words.level(level).isascii()) == []


def test_every_finding_that_keeps_names_apart_has_words(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = load_models(find_workspace("huaxing"))["core_customer"].contract
    monkeypatch.setenv("COCKPIT_LANG", "zh")
    assert [finding for finding in APART if words.veto(finding, contract).isascii()] == []
