"""Rate limit, failures and places in a list, without a server."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.demo.apis.server.config import SYSTEMS, Config
from cockpit.demo.apis.server.limits import Failures, RateLimit
from cockpit.demo.apis.server.listing import Place
from cockpit.demo.apis.server.sign_on import signature
from cockpit.demo.apis.server.systems import SYSTEMS as DEFINED

ENVIRONMENT = {
    "COCKPIT_DEMO_APIS_DATABASE": "postgresql://r:p@127.0.0.1/demo_apis",
    **{f"COCKPIT_DEMO_APIS_SECRET_{system.upper()}": f"s-{system}" for system in SYSTEMS},
}


@pytest.mark.parametrize(
    ("moments", "admitted"),
    [
        pytest.param([0, 0, 0, 0], [True, True, False, False], id="burst"),
        pytest.param([0, 0, 0.5, 0.6], [True, True, True, False], id="half-a-second-gives-one"),
        pytest.param([0, 10, 10, 10], [True, True, True, False], id="waiting-saves-one-second-only"),
    ],
)
def test_rate_limit_of_two_a_second(moments: list[float], admitted: list[bool]) -> None:
    clock = iter([0.0, *moments])
    limit = RateLimit(2, clock=lambda: next(clock))
    assert [limit.admits() for _ in moments] == admitted


def test_a_slow_limit_still_admits_one() -> None:
    assert RateLimit(0.1, clock=lambda: 0.0).admits()


@given(seed=st.integers(0, 10_000), interval=st.integers(1, 50))
def test_a_failure_is_never_followed_by_another(seed: int, interval: int) -> None:
    failures = Failures(seed, interval)
    assert not any(one and other for one, other in itertools.pairwise(failures.fails_now() for _ in range(200)))


def test_failures_can_be_switched_off() -> None:
    failures = Failures(1, 0)
    assert not any(failures.fails_now() for _ in range(1000))


@given(
    moment=st.datetimes(
        datetime(1990, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
        datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
    ),
    number=st.integers(0, 2**62),
)
def test_a_place_survives_its_token(moment: datetime, number: int) -> None:
    place = Place(moment, number)
    assert Place.of_token(place.token()) == place


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=40))
def test_a_forged_token_is_a_value_error_or_a_place(token: str) -> None:
    try:
        place = Place.of_token(token)
    except ValueError:
        return
    assert place.changed_at.tzinfo is not None


def test_the_signature_is_the_documented_one() -> None:
    assert signature("secret", "1700000000", "GET", "/shop/open/orders", "page_size=1", b"") == (
        "c67becf17dd36567825d83142de99a45cfb3249b31be06de0fa56e9828c9e595"
    )


def test_settings_come_from_the_environment() -> None:
    config = Config.of({**ENVIRONMENT, "COCKPIT_DEMO_APIS_RATE": "7.5", "COCKPIT_DEMO_APIS_FAILURE_INTERVAL": "0"})
    assert (config.requests_per_second, config.failure_interval) == (7.5, 0)
    assert config.secrets["shop"] == "s-shop"


def test_a_missing_secret_is_noticed_at_the_start() -> None:
    with pytest.raises(KeyError, match="SECRET_SHOP"):
        Config.of({name: value for name, value in ENVIRONMENT.items() if not name.endswith("SHOP")})


def test_every_system_is_served() -> None:
    assert tuple(system.name for system in DEFINED) == SYSTEMS
