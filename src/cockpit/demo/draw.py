"""Random numbers that depend on the seed and a purpose only, and small draws that several tables need."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.demo.profile import Between

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
Objects = npt.NDArray[np.object_]
Durations = npt.NDArray[np.timedelta64]


class Stream(IntEnum):
    """Independent random streams: a change in one part of the company leaves the others as they were."""

    CUSTOMERS = 1
    PRODUCTS = 2
    CALENDAR = 3
    TRANSACTIONS = 4
    TARGETS = 5
    SIMULATED_DAY = 6
    GROUPS = 10
    STAFF = 11
    CONTACTS = 12
    FINANCE = 13
    COSTS = 14
    STAFF_TARGETS = 15
    CRM_ACCOUNTS = 16
    CRM_LEADS = 17
    CRM_DEALS = 18
    CRM_ACTIVITIES = 19
    CRM_DAY = 20
    API_SHIPMENTS = 21
    API_STOCK = 22
    API_WECOM = 23
    API_MARKET_FEED = 24
    API_TICKETS = 25
    API_SHOP = 26
    API_ADS = 27
    API_DAY = 28
    CALL_CENTRE = 31
    BEHAVIOUR = 32
    DISTRIBUTORS = 33
    TRADE_FAIR = 34
    LEGACY_CRM = 35
    BANK = 36
    MANUAL = 37
    FORMS = 38
    CHANNELS_DAY = 39
    COMPANY_FACTS = 40
    TRAPS = 41
    ARTICLES = 42


def generator(seed: int, stream: Stream, part: int = 0) -> np.random.Generator:
    """The generator of one stream; `part` tells chunks or days apart."""
    return np.random.default_rng([seed, stream, part])


def between(rng: np.random.Generator, limits: Between, count: int) -> Ints:
    """Uniform whole numbers, both limits included."""
    return rng.integers(limits.min, limits.max, count, endpoint=True, dtype=np.int64)


def choose(rng: np.random.Generator, shares: Sequence[float], count: int) -> Ints:
    """Indexes drawn by relative shares."""
    weights = np.asarray(shares, dtype=np.float64)
    bounds = np.cumsum(weights / weights.sum())
    # The last bound may lie a rounding error below 1.
    return np.minimum(np.searchsorted(bounds, rng.random(count), side="right"), len(bounds) - 1).astype(np.int64)


def sample(rng: np.random.Generator, candidates: Ints, count: int) -> Ints:
    """Up to `count` different candidates, in random order."""
    return rng.choice(candidates, size=min(count, len(candidates)), replace=False)


def unmarked(count: int) -> Objects:
    """A column of markers without any."""
    return np.full(count, None, dtype=object)


def categorical(codes: Ints, words: Sequence[str]) -> pd.Categorical[str]:
    """A column that holds each of a few words once."""
    dtype: pd.CategoricalDtype[str] = pd.CategoricalDtype(list(words))
    return pd.Categorical.from_codes(codes, dtype=dtype)


def seconds(count: npt.ArrayLike) -> Durations:
    """Numbers as a duration for `datetime64[s]` arithmetic; fractions are cut off."""
    return np.asarray(count).astype(np.int64).astype("timedelta64[s]")


def column(frame: pd.DataFrame, name: str) -> Ints:
    """A column of whole numbers as an array."""
    return frame[name].to_numpy(dtype=np.int64)


def times(frame: pd.DataFrame, name: str) -> Times:
    """A column of local times as an array."""
    values: Times = frame[name].to_numpy().astype("datetime64[s]")
    return values
