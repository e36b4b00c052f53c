"""The whole way from records to groups."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.engine import ALL, MERGE, NO, REVIEW, Matched, field_types, match
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.model import MatchModel
from cockpit.domain.match.rule import FieldRule, FieldType, MatchRule
from tests.unit.domain.match.people import RULE, people


@pytest.fixture(scope="module")
def types() -> dict[FieldType, Field]:
    return field_types(None)


@pytest.fixture(scope="module")
def listed() -> tuple[pd.DataFrame, list[str]]:
    return people(250, 60)


@pytest.fixture(scope="module")
def matched(listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]) -> Matched:
    return match(listed[0], RULE, types)


def groups(found: Matched) -> set[frozenset[str]]:
    frame = pd.DataFrame({"id": found.record_ids, "group": found.cluster})
    return {frozenset(each) for _group, each in frame.groupby("group")["id"]}


def together(found: Matched) -> set[tuple[str, ...]]:
    return {pair for each in groups(found) for pair in itertools.combinations(sorted(each), 2)}


def test_repeats_are_found_and_others_are_not(matched: Matched, listed: tuple[pd.DataFrame, list[str]]) -> None:
    frame, truth = listed
    true = {
        tuple(sorted((one, other)))
        for (one, person), (other, also) in itertools.combinations(zip(frame["record_id"], truth, strict=True), 2)
        if person == also
    }
    found = together(matched)
    assert len(found & true) >= 0.97 * len(found)
    assert len(found & true) >= 0.97 * len(true)


def test_a_group_is_called_by_its_least_record(matched: Matched) -> None:
    for position, least in enumerate(matched.cluster):
        assert matched.record_ids[least] <= matched.record_ids[position]
        assert matched.cluster[least] == least


def test_the_order_of_the_input_says_nothing(
    matched: Matched, listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]
) -> None:
    shuffled = listed[0].sample(frac=1, random_state=5)
    assert groups(match(shuffled, RULE, types)) == groups(matched)


def test_a_frozen_model_gives_the_same_and_survives_as_text(
    matched: Matched, listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]
) -> None:
    read = MatchModel.from_json(matched.model.to_json())
    assert read.version == matched.model.version
    again = match(listed[0], RULE, types, read)
    assert groups(again) == groups(matched)
    assert np.array_equal(again.weight, matched.weight)
    assert again.model.version == matched.model.version


def test_a_frozen_model_compares_what_it_was_learnt_from(
    matched: Matched, listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]
) -> None:
    nobody_has_an_address = listed[0].head(20).assign(email=None)
    again = match(nobody_has_an_address, RULE, types, matched.model)
    assert again.levels.shape[1] == len(matched.model.comparisons)


def test_people_are_stronger_than_the_machine(
    matched: Matched, listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]
) -> None:
    joined = sorted(together(matched))[0]
    strangers = ("list:0300", "list:0305")
    assert strangers not in together(matched)
    decided = match(listed[0], RULE, types, matched.model, merged=[strangers], apart=[joined, ("gone:1", "list:0001")])
    assert strangers in together(decided)
    assert joined not in together(decided)
    # Nothing else changes.
    assert together(decided) ^ together(matched) == {strangers, joined}


def test_outcomes(matched: Matched) -> None:
    same = matched.cluster[matched.left] == matched.cluster[matched.right]
    assert np.array_equal(matched.outcome == MERGE, same)
    assert (matched.weight[matched.outcome == NO] < RULE.review_at).all()
    assert (matched.weight[matched.outcome == REVIEW] >= RULE.review_at).all()
    assert [block.name for block in matched.blocks] == [ALL]


def test_blocks_find_nearly_what_all_pairs_find(
    matched: Matched, listed: tuple[pd.DataFrame, list[str]], types: dict[FieldType, Field]
) -> None:
    blocked = match(listed[0], RULE.model_copy(update={"exhaustive_pairs": 0}), types)
    assert len(blocked.left) < len(matched.left) / 5
    assert len(together(blocked) & together(matched)) >= 0.95 * len(together(matched))


def frame_of(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame([{"record_id": f"r{place:06}", **row} for place, row in enumerate(rows)], dtype=object)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no records"),
        pytest.param([{"given": "Anna"}], id="one record"),
        pytest.param([{"given": None, "family": None}] * 5, id="nothing given"),
        pytest.param([{"given": "Anna", "family": "Adler", "email": "a@b.de"}] * 40, id="identical"),
        pytest.param([{"given": "A" * 10_000, "family": f"B{n}" * 3_000} for n in range(30)], id="10 kB"),
        pytest.param(
            [{"given": "\x00\ud800", "family": "\u202eevil"}, {"given": "=1+1", "family": "<b>"}], id="hostile"
        ),
    ],
)
def test_bad_input_is_no_fault(rows: list[dict[str, object]], types: dict[FieldType, Field]) -> None:
    frame = frame_of(rows) if rows else pd.DataFrame({"record_id": pd.Series(dtype=object)})
    found = match(frame, RULE, types)
    assert len(found.cluster) == len(frame)


def test_one_value_that_everybody_has_is_refused_and_reported(types: dict[FieldType, Field]) -> None:
    frame, _truth = people(2_500, 0)
    frame["email"] = "info@example.org"
    rule = RULE.model_copy(update={"exhaustive_pairs": 0, "largest_block": 100})
    found = match(frame, rule, types)
    report = {block.name: block for block in found.blocks}["email.exact"]
    assert report.pairs == 0
    assert report.largest_refused == 2_500
    assert len(found.left) < 200_000


def test_fields_that_the_data_do_not_have_are_left_out(types: dict[FieldType, Field]) -> None:
    frame, _truth = people(60, 20)
    found = match(frame.drop(columns=["email", "city"]), RULE, types)
    assert found.model.names == ("given", "family", "born", "given / family")
    assert len(together(found)) >= 15


def test_a_rule_whose_values_keep_apart(types: dict[FieldType, Field]) -> None:
    frame, _truth = people(60, 20)
    frame["code"] = [str(place) for place in range(len(frame))]
    fields = {**RULE.model_dump()["fields"], "code": {"type": "identifier", "is_apart": True}}
    found = match(frame, MatchRule.model_validate({**RULE.model_dump(), "fields": fields}), types)
    assert together(found) == set()


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        pytest.param(["Acme Ltd", "华星科技", None], "company_name", id="half Chinese"),
        pytest.param([*["Acme Ltd"] * 19, "华星科技"], "organisation", id="hardly any Chinese"),
        pytest.param([None, None], "company_name", id="nothing said"),
    ],
)
def test_a_list_gets_the_type_that_its_names_ask_for(names: list[str | None], kind: str) -> None:
    rule = MatchRule(
        fields={
            "name": FieldRule(type="company_name", in_letters="organisation"),
            "other": FieldRule(type="company_name", in_letters="organisation"),
            "city": FieldRule(type="region"),
        }
    )
    suited = rule.suited_to(pd.DataFrame({"name": names, "city": names}, dtype=object))
    assert [field.type for field in suited.fields.values()] == [kind, "company_name", "region"]
