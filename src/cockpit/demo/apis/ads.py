"""What advertising cost, per day and channel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting
from cockpit.demo.apis.profile import Ads
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Times, categorical, seconds

SYSTEM = "ads"
_CENTS = 100
_BOUNDARY_ROWS = 3
_DAY_SECONDS = 86_400


def draw_costs(
    rng: np.random.Generator, rules: Ads, days: Times, first_id: int, clock: Clock, marks: Marks, *, is_history: bool
) -> pd.DataFrame:
    """Cost of each channel on each day.

    Args:
        rng: The table's generator.
        rules: The channels.
        days: `datetime64[D]`, ascending.
        first_id: Id of the first row.
        clock: Nothing is reported after its `as_of`; the report of a day comes in the night after it.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.

    Returns:
        Columns as the table ads_cost.
    """
    width = len(rules.channels)
    count = len(days) * width
    day = np.repeat(days, width)
    channel = np.tile(np.arange(width), len(days))
    mean = np.array([item.daily_cost for item in rules.channels])[channel]
    click_price = np.array([item.click_price for item in rules.channels])[channel]
    weekday = (day.astype(np.int64) + 3) % 7
    cost = mean * rng.lognormal(0, 0.35, count) * np.where(weekday >= 5, 0.5, 1.0)
    clicks = np.maximum(np.round(cost / click_price), 1).astype(np.int64)
    reported = day.astype("datetime64[s]") + seconds(_DAY_SECONDS + rng.integers(0, 3 * 3600, count))
    costs = pd.DataFrame(
        {
            "cost_id": first_id + np.arange(count, dtype=np.int64),
            "cost_date": day.astype("datetime64[s]"),
            "channel": _words([item.channel for item in rules.channels], channel),
            "channel_code": _words([item.code for item in rules.channels], channel),
            "impressions": clicks * rng.integers(15, 90, count),
            "clicks": clicks,
            "cost_cents": np.round(cost * _CENTS).astype(np.int64),
            "currency": _words([item.currency for item in rules.channels], channel),
            "changed_at": np.minimum(reported, clock.now),
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rows = planting.choose(kinds.MORE_CLICKS_THAN_VIEWS, rules.anomalies.more_clicks_than_views)
    costs.loc[rows, "impressions"] = costs["clicks"].iloc[rows] - 1
    rows = planting.choose(kinds.COST_NEGATIVE, rules.anomalies.cost_negative)
    costs.loc[rows, "cost_cents"] *= -1
    rows = planting.choose_boundary(kinds.CLICKS_EQUAL_VIEWS, _BOUNDARY_ROWS)
    costs.loc[rows, "impressions"] = costs["clicks"].iloc[rows]
    dates = np.char.replace(np.datetime_as_string(day, unit="D"), "-", "").tolist()
    codes = [rules.channels[index].code for index in channel.tolist()]
    keys = [f"{date}|{code}" for date, code in zip(dates, codes, strict=True)]
    planting.tell(marks, SYSTEM, "campaign_cost", keys)
    return costs


def _words(words: list[str], codes: Ints) -> pd.Categorical[str]:
    # Two channels may have the same currency.
    distinct = list(dict.fromkeys(words))
    place = np.array([distinct.index(word) for word in words])
    return categorical(place[codes], distinct)
