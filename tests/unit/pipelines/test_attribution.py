"""One month's deals shared among channels: the reference table, and that nothing is lost to rounding."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.pipelines.attribution import shared
from cockpit.rulebook.attribution import load_attribution
from cockpit.rulebook.workspace import REPOSITORY

RULES = load_attribution(REPOSITORY / "include" / "rules" / "attribution")
MONTH = date(2026, 3, 1)
JOURNEYS = [
    (("douyin", "website", "trade_fair"), 30, True),
    (("douyin",), 10, True),
    (("website", "trade_fair"), 20, True),
    (("douyin", "website"), 60, False),
    (("trade_fair",), 40, False),
    (("telephone", "website", "telephone"), 5, True),
    (("telephone",), 25, False),
]
EXPECTED = {
    "first_touch": (40, 20, 0, 5),
    "last_touch": (10, 0, 50, 5),
    "linear": (20, 21.667, 20, 3.333),
    "position": (22, 17, 22, 4),
    "markov": (17.9997, 15.8104, 27.7452, 3.4447),
    "shapley": (20, 22.5, 20, 2.5),
}


def test_reference_table() -> None:
    """Every deal is 1,000: what is credited in money is a thousand times what is credited in deals."""
    touches = [
        (MONTH, f"{number}-{copy}", won, 100_000 if won else 0, channel, "none", 0.0)
        for number, (path, count, won) in enumerate(JOURNEYS)
        for copy in range(count)
        for channel in path
    ]
    counted: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for _month, model, channel, _campaign, count, amount in shared(MONTH, touches, 65, 6_500_000, RULES):
        counted[model][channel] = count
        assert float(amount) == pytest.approx(float(count) * 1000, abs=0.02)
    for model, expected in EXPECTED.items():
        found = [float(counted[model].get(name, 0)) for name in ("douyin", "website", "trade_fair", "telephone")]
        assert found == pytest.approx(expected, abs=0.0005), model


touches_of_one = st.lists(
    st.tuples(st.sampled_from(["baidu", "douyin", "website"]), st.sampled_from(["a", "none"]), st.floats(0, 90)),
    min_size=1,
    max_size=5,
)
decided = st.lists(st.tuples(touches_of_one, st.booleans(), st.integers(0, 10**9)), max_size=8)


@given(decided, st.integers(0, 5), st.integers(0, 10**7))
def test_every_model_sums_to_what_was_won(
    drawn: list[tuple[list[tuple[str, str, float]], bool, int]], without_touch: int, their_cents: int
) -> None:
    touches = [
        (MONTH, str(number), won, cents if won else 0, channel, campaign, days)
        for number, (path, won, cents) in enumerate(drawn)
        for channel, campaign, days in sorted(path, key=lambda touch: -touch[2])
    ]
    won = sum(is_won for _path, is_won, _cents in drawn) + without_touch
    cents = sum(cents for _path, is_won, cents in drawn if is_won) + their_cents * bool(without_touch)
    sums: dict[str, list[Decimal]] = {model.id: [Decimal(0), Decimal(0)] for model in RULES.models.models}
    for _month, model, _channel, _campaign, count, amount in shared(MONTH, touches, won, cents, RULES):
        sums[model][0] += count
        sums[model][1] += amount
        assert count >= 0
        assert amount >= 0
    for model, (count, amount) in sums.items():
        assert (count, amount * 100) == (won, cents), model
