"""What is learnt from made records whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.engine import field_types, match
from cockpit.domain.match.learn import expected_of_rare
from cockpit.domain.match.maximise import _falling
from cockpit.domain.match.rule import FieldRule, MatchRule

_SYLLABLES = ("ka", "lo", "mi", "ru", "te", "sa", "no", "vi", "du", "pe")


def _word(number: int) -> str:
    return "".join(_SYLLABLES[int(digit)] for digit in f"{number:04d}")


def _frame(rows: list[tuple[int, str, str, str, str, str]]) -> tuple[pd.DataFrame, np.ndarray]:
    truth = np.array([row[0] for row in rows])
    frame = pd.DataFrame(rows, columns=["thing", "name", "phone", "address", "city", "state"]).drop(columns="thing")
    frame.insert(0, "record_id", [f"{place:05d}" for place in range(len(rows))])
    return frame, truth


def _rule(*related: tuple[str, ...]) -> MatchRule:
    types = {"name": "person_name", "phone": "phone", "address": "address", "city": "region", "state": "region"}
    return MatchRule(fields={name: FieldRule(type=kind) for name, kind in types.items()}, related=related)  # type: ignore[arg-type]


def _place(random: np.random.Generator) -> tuple[str, str, str]:
    city = int(random.integers(40))
    return f"{random.integers(1, 900)} {_word(int(random.integers(9000)))} Street", _word(9000 + city), f"S{city % 8}"


def _phone(random: np.random.Generator) -> str:
    return str(random.integers(2_000_000_000, 9_999_999_999))


def test_households_are_told_from_one_person() -> None:
    """Two persons of one household share telephone and address; they are not joined when the rule says so."""
    random = np.random.default_rng(3)
    rows = []
    for home in range(300):
        phone, place = _phone(random), _place(random)
        for person in range(2):
            rows += [(2 * home + person, _word(int(random.integers(9000))), phone, *place)] * 1
            rows.append((2 * home + person, rows[-1][1], phone, *place))
    frame, truth = _frame(rows)
    types = field_types(None)
    found = match(frame, _rule(("name",)), types)
    together = found.cluster[:, None] == found.cluster[None, :]
    same = truth[:, None] == truth[None, :]
    assert (together & ~same).sum() == 0
    assert (together & same).sum() / same.sum() > 0.98
    assert found.model.related[0].share * len(frame) * (len(frame) - 1) / 2 == pytest.approx(300 * 4, rel=0.2)


def test_a_move_counts_once() -> None:
    """Who moved differs in address, city and state; that says less than three differences that have nothing in common."""
    random = np.random.default_rng(5)
    rows = []
    for person in range(400):
        name, phone, place = _word(person * 7), _phone(random), _place(random)
        rows.append((person, name, phone, *place))
        rows.append((person, name, phone, *(_place(random) if person % 4 == 0 else place)))
    frame, _truth = _frame(rows)
    found = match(frame, _rule(), field_types(None))
    places = found.model.places
    moved = found.levels[(found.left % 8 == 0) & (found.right == found.left + 1)]
    stayed = found.levels[(found.left % 8 == 2) & (found.right == found.left + 1)]
    assert len(moved) == 100
    strangers, one = places.gain(moved)[:2]
    assert np.median(one - strangers) > 1.0
    assert found.model.share * len(frame) * (len(frame) - 1) / 2 == pytest.approx(400, rel=0.05)
    # Who stayed agrees in all of them, which says less than three agreements would, too.
    strangers, one = places.gain(stayed)[:2]
    assert np.median(one) > 0


@pytest.mark.parametrize("count", [20, 60])
def test_a_short_list_does_not_take_repeats_for_frequent_values(count: int) -> None:
    """Four records of each thing: a name of four in eighty is no common one, and its agreement proves much."""
    random = np.random.default_rng(4)
    rows = []
    for person in range(count // 4):
        name, phone, place = _word(int(random.integers(9000))), _phone(random), _place(random)
        rows += [(person, name, phone, *place)] * 2
        rows += [(person, name, _phone(random), *place), (person, name[:-1] + "x", phone, *_place(random))]
    frame, truth = _frame(rows)
    found = match(frame, _rule(), field_types(None))
    together = found.cluster[:, None] == found.cluster[None, :]
    assert (together == (truth[:, None] == truth[None, :])).all()
    names = found.model.comparisons[0].frequencies
    assert names is not None
    assert names.total <= count // 2
    assert names.counts.max(initial=0) <= 3


def test_repeats_are_no_strangers() -> None:
    """Half of all pairs of a tiny list are one thing; what they agree on is still not found between strangers."""
    random = np.random.default_rng(6)
    things = [(person, _word(4321 * person), _phone(random), *_place(random)) for person in range(2)]
    frame, _truth = _frame([thing for thing in things for _copy in range(6)])
    found = match(frame, _rule(), field_types(None))
    assert found.cluster.tolist() == [0] * 6 + [6] * 6
    phone = found.model.comparisons[1]
    assert phone.different[0] < 0.01


def test_where_related_records_took_all_pairs_the_first_guess_stands() -> None:
    random = np.random.default_rng(8)
    rows = []
    for home in range(200):
        phone, place = _phone(random), _place(random)
        rows += [(2 * home + person, _word(int(random.integers(9000))), phone, *place) for person in range(2)]
    frame, _truth = _frame(rows)
    found = match(frame, _rule(("name",)), field_types(None))
    # Some of the names happen to be alike.
    assert len(set(found.cluster)) >= 0.99 * len(frame)
    assert found.model.share * len(frame) * (len(frame) - 1) / 2 == pytest.approx(0.2 * len(frame))
    # Two that agree on the name as well are one.
    twice = pd.concat([frame, frame.head(1).assign(record_id="again")], ignore_index=True)
    assert match(twice, _rule(("name",)), field_types(None), found.model).cluster[-1] == 0


def test_too_few_related_pairs_are_none() -> None:
    random = np.random.default_rng(9)
    rows = []
    for person in range(200):
        row = (person, _word(person * 11), _phone(random), *_place(random))
        rows += [row, row]
    rows.append((0, "zzyzx", *rows[0][2:]))
    frame, _truth = _frame(rows)
    found = match(frame, _rule(("name",)), field_types(None))
    assert found.model.related[0].share * len(frame) * (len(frame) - 1) / 2 < 0.1
    assert found.cluster[-1] == found.cluster[0]


@pytest.mark.parametrize(
    ("same", "graded", "expected"),
    [
        pytest.param([0.7, 0.2, 0.1], [0, 1, 2], [0.7, 0.2, 0.1], id="falls already"),
        pytest.param([0.1, 0.7, 0.2], [0, 2], [0.1, 0.7, 0.2], id="a level aside may rise"),
    ],
)
def test_levels_fall(same: list[float], graded: list[int], expected: list[float]) -> None:
    different = np.array([0.01, 0.01, 0.98])
    found = _falling(np.array(same), different, np.array(graded))
    assert found == pytest.approx(np.array(expected))


def test_levels_that_rise_count_the_same() -> None:
    found = _falling(np.array([0.1, 0.6, 0.3]), np.array([0.01, 0.01, 0.98]), np.array([0, 1, 2]))
    weights = np.log(found / np.array([0.01, 0.01, 0.98]))
    assert weights[0] == pytest.approx(weights[1])
    assert weights[1] > weights[2]
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([1] * 100, 0.02, id="none repeats"),
        pytest.param([1] * 10 + [2] * 2, 0.4, id="some repeat"),
        pytest.param([1, 2, 2, 2], 1.0, id="most repeat"),
        pytest.param([3, 4], 1.0, id="none is single"),
    ],
)
def test_expected_of_rare(counts: list[int], expected: float) -> None:
    assert expected_of_rare(np.array(counts)) == pytest.approx(expected)
