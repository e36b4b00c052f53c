"""What is written about the market: social posts and research notes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting, pick
from cockpit.demo.apis.people import draw_names
from cockpit.demo.apis.profile import ApisFile
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Times, seconds

SYSTEM = "market_feed"
_DAY_SECONDS = 86_400


def _moments(rng: np.random.Generator, count: int, since: np.datetime64, clock: Clock) -> Times:
    span = float((clock.now - since).astype(np.int64))
    moments: Times = np.sort(since + seconds(rng.random(count) * span))
    return moments


def draw_posts(
    rng: np.random.Generator,
    apis: ApisFile,
    companies: list[str],
    count: int,
    since: np.datetime64,
    clock: Clock,
    marks: Marks,
    first_id: int = 1,
    *,
    is_history: bool = True,
) -> pd.DataFrame:
    """Posts from `since` on that mention a company; columns as the table feed_post."""
    rules = apis.market_feed
    published_at = _moments(rng, count, since, clock)
    company = rng.integers(0, len(companies), count).tolist()
    topic = rng.integers(0, len(rules.topics), count).tolist()
    opinion = rng.integers(0, len(rules.opinions), count).tolist()
    is_edited = rng.random(count) < rules.edited_share
    until_now = (clock.now - published_at).astype(np.int64)
    posts = pd.DataFrame(
        {
            "post_id": first_id + np.arange(count, dtype=np.int64),
            "platform": pick(rng, rules.platforms, count),
            "author": pd.Series(draw_names(rng, apis.shop, count), dtype=object),
            "body": pd.Series(
                [
                    f"{companies[who]}的{rules.topics[what]}项目用了华星的仪表，{rules.opinions[how]}。"
                    for who, what, how in zip(company, topic, opinion, strict=True)
                ],
                dtype=object,
            ),
            "like_count": np.round(np.exp(rng.normal(4, 2, count))).astype(np.int64),
            "published_at": published_at,
            "changed_at": published_at + seconds(rng.random(count) * until_now * is_edited),
        }
    )
    planting = Planting(rng, count, at_least_one=is_history)
    rows = planting.choose(kinds.TEXT_MISSING, rules.anomalies.text_missing)
    posts.loc[rows, "body"] = ""
    rows = planting.choose(kinds.DATED_IN_FUTURE, rules.anomalies.dated_in_future)
    posts.loc[rows, "published_at"] = clock.now + seconds(rng.integers(60, 400, len(rows)) * _DAY_SECONDS)
    planting.tell(marks, SYSTEM, "social_post", [f"p{number:08d}" for number in posts["post_id"].tolist()])
    return posts


def draw_notes(
    rng: np.random.Generator,
    apis: ApisFile,
    industries: list[str],
    count: int,
    since: np.datetime64,
    clock: Clock,
    first_id: int = 1,
) -> pd.DataFrame:
    """Research notes from `since` on; columns as the table feed_note."""
    rules = apis.market_feed
    moments = _moments(rng, count, since, clock)
    industry = [industries[index] for index in rng.integers(0, len(industries), count).tolist()]
    topic = rng.integers(0, len(rules.topics), count).tolist()
    return pd.DataFrame(
        {
            "note_id": first_id + np.arange(count, dtype=np.int64),
            "publisher": pick(rng, rules.publishers, count),
            "title": [f"{name}行业：{rules.topics[what]}" for name, what in zip(industry, topic, strict=True)],
            "industry": industry,
            "published_on": moments.astype("datetime64[D]").astype("datetime64[s]"),
            "changed_at": moments,
        }
    )
