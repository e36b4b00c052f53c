"""Why these two: what each field says adds up to the weight of the pair."""

from __future__ import annotations

import numpy as np
import pytest

from cockpit.domain.match.engine import field_types, match
from cockpit.domain.match.explain import explain
from tests.unit.domain.match.people import RULE, people


def test_the_parts_of_an_explanation_add_up_to_the_weight() -> None:
    frame, _truth = people(150, 40)
    types = field_types(None)
    found = match(frame, RULE, types)
    best = np.argsort(-found.weight)[:20]
    pairs = [
        (str(found.record_ids[a]), str(found.record_ids[b]))
        for a, b in zip(found.left[best], found.right[best], strict=True)
    ]
    few = frame[frame["record_id"].isin({record for pair in pairs for record in pair})].reset_index(drop=True)
    for explanation, weight in zip(explain(few, RULE, types, found.model, pairs), found.weight[best], strict=True):
        assert explanation.total == pytest.approx(weight, abs=1e-6)
        said = sum(reason.weight for reason in explanation.fields)
        assert explanation.prior + said + explanation.other == pytest.approx(weight, abs=1e-6)
        assert explanation.apart is None


def test_a_field_shows_both_values_and_what_was_found() -> None:
    frame, _truth = people(150, 40)
    frame.loc[0, ["given", "family", "born", "city", "email"]] = ["Rosa", "Ostermann", "1970-01-02", "Bonn", None]
    frame.loc[1, ["given", "family", "born", "city", "email"]] = ["Rosa", "Osterman", "1970-01-02", "Celle", "r@x.de"]
    types = field_types(None)
    model = match(frame, RULE, types).model
    (explanation,) = explain(frame, RULE, types, model, [("list:0000", "list:0001")])
    shown = {reason.name: (reason.left, reason.right, reason.level) for reason in explanation.fields}
    assert shown["given"] == ("Rosa", "Rosa", "exact")
    assert shown["family"][:2] == ("Ostermann", "Osterman")
    assert shown["family"][2] not in ("exact", "different", None)
    assert shown["city"] == ("Bonn", "Celle", "different")
    assert shown["email"] == (None, "r@x.de", None)
    weights = {reason.name: reason.weight for reason in explanation.fields}
    assert weights["given"] > 0 > weights["city"]
    assert weights["email"] == 0
