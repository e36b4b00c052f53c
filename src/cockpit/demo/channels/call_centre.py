"""The call centre's own database, a SQLite file: calls with minutes and satisfaction, dates as text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.world import World, typed_phones
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Stream, Times, choose, generator, sample, seconds
from cockpit.demo.rhythm import day_weights

FILE = "call_centre.sqlite"
SYSTEM, ENTITY = "call_centre", "call"
FIRST_CALL_ID = 700_001

_SCHEMA = (Path(__file__).parent / "call_centre.sql").read_text(encoding="utf-8")
_INSERT = (
    "insert into call_record (call_id, direction, phone_no, agent_no, started, minutes, satisfaction, topic, order_no, "
    "note, last_change) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PART_CALLS = 200_000
_DAY_SECONDS = 86_400
_OPENING_HOUR, _CLOSING_HOUR = 8, 20
_SCORES = (0.04, 0.06, 0.14, 0.36, 0.4)  # of 1 to 5
_WRONG_SCORES = (0, 9, 55)
_EDITED_WITHIN_SECONDS = 3 * _DAY_SECONDS
_FUTURE_DAYS = 400
_ORDER_TOPICS = ("发货进度", "开票", "售后维修")


def write_call_centre(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Make the database anew with the calls of the history."""
    company = world.company
    path = folder / FILE
    path.unlink(missing_ok=True)
    count = world.channels.scales[company.scale].calls
    days = np.arange(company.first_month.astype("datetime64[D]"), np.datetime64(company.clock.today) + 1)
    weights = day_weights(days, company.profile.company.rhythm)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        agents = world.channels.call_centre.agents
        connection.executemany(
            "insert into agent (agent_no, agent_name, team) values (?, ?, ?)",
            [
                (_agent(number), f"坐席{number:02d}", "呼入组" if number % 3 else "回访组")
                for number in range(1, agents + 1)
            ],
        )
        rng = generator(company.seed, Stream.CALL_CENTRE)
        per_day = rng.multinomial(count, weights / weights.sum())
        started = _moments(rng, np.repeat(days, per_day), company.clock)
        for part, begin in enumerate(range(0, count, _PART_CALLS)):
            rng = generator(company.seed, Stream.CALL_CENTRE, 1 + part)
            part_of = started[begin : begin + _PART_CALLS]
            _insert(connection, rng, world, part_of, FIRST_CALL_ID + begin, company.clock, truth, at_least_one=True)
    truth.count(SYSTEM, ENTITY, rows=count)
    truth.count(SYSTEM, "agent", rows=agents)


def add_calls(folder: Path, world: World, day: np.datetime64, clock: Clock, truth: ChannelTruth) -> int:
    """Add a day's calls, enter a note into some earlier ones; returns the new calls."""
    company = world.company
    rng = generator(company.seed, Stream.CHANNELS_DAY, int(day.astype("datetime64[D]").astype(np.int64)))
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        ((last,),) = connection.execute("select max(call_id) from call_record")
        history_days = (company.clock.month - company.first_month).astype(int) * 30
        count = max(world.channels.scales[company.scale].calls // int(history_days), 3)
        started = _moments(rng, np.repeat(day, count), clock)
        _insert(connection, rng, world, started, last + 1, clock, truth, at_least_one=False)
        connection.execute(
            "update call_record set note = '已回访', last_change = ? where call_id > ? and call_id <= ?",
            (_text(np.array([clock.now]))[0], last - 5, last),
        )
    truth.count(SYSTEM, ENTITY, rows=count)
    return count


def _insert(
    connection: sqlite3.Connection,
    rng: np.random.Generator,
    world: World,
    started: Times,
    first_id: int,
    clock: Clock,
    truth: ChannelTruth,
    *,
    at_least_one: bool,
) -> None:
    rules = world.channels.call_centre
    count = len(started)
    people = world.draw_people(rng, count, 1 - rules.unknown_caller_share)
    direction = choose(rng, list(rules.direction_share.values()), count)
    is_missed = rng.random(count) < rules.missed_share
    minutes = np.round(rng.lognormal(np.log(rules.minutes_median), rules.minutes_sigma, count), 1)
    minutes[is_missed] = 0.0
    is_rated = ~is_missed & (rng.random(count) < rules.rated_share)
    satisfaction = choose(rng, _SCORES, count) + 1
    topic = rng.integers(0, len(rules.topics), count)
    order = rng.integers(1, world.company.profile.company.scales[world.company.scale].orders + 1, count)
    asks_order = np.isin(topic, [rules.topics.index(name) for name in _ORDER_TOPICS if name in rules.topics])
    changed = np.minimum(started + seconds(rng.random(count) * _EDITED_WITHIN_SECONDS), clock.now)
    is_unchanged = rng.random(count) < rules.null_update_share
    ids = first_id + np.arange(count, dtype=np.int64)

    free = np.ones(count, dtype=bool)

    def plant(kind: str, rate: float, candidates: Ints) -> Ints:
        wanted = max(round(rate * count), int(at_least_one and rate > 0))
        rows = sample(rng, candidates[free[candidates]], wanted)
        free[rows] = False
        truth.wrong(SYSTEM, ENTITY, kind, [str(call_id) for call_id in ids[rows].tolist()])
        return rows

    rows = plant("satisfaction_out_of_range", rules.anomalies.satisfaction_out_of_range, np.flatnonzero(is_rated))
    satisfaction[rows] = np.array(_WRONG_SCORES)[rng.integers(0, len(_WRONG_SCORES), len(rows))]
    rows = plant("negative_minutes", rules.anomalies.negative_minutes, np.flatnonzero(minutes > 0))
    minutes[rows] *= -1
    rows = plant("dated_in_future", rules.anomalies.dated_in_future, np.arange(count))
    started = started.copy()
    started[rows] = clock.now + seconds(rng.integers(_FUTURE_DAYS // 2, _FUTURE_DAYS, len(rows)) * _DAY_SECONDS)
    if at_least_one:
        # A call that nobody answered has no minutes and is right.
        answered_none = np.flatnonzero(is_missed & free)[:1]
        truth.boundary(SYSTEM, ENTITY, "missed_call", [str(call_id) for call_id in ids[answered_none].tolist()])

    words = list(rules.direction_share)
    connection.executemany(
        _INSERT,
        zip(
            ids.tolist(),
            [words[index] for index in direction.tolist()],
            typed_phones(rng, [phone if isinstance(phone, str) else None for phone in people["phone"].tolist()]),
            [_agent(number) for number in rng.integers(1, rules.agents + 1, count).tolist()],
            _text(started),
            minutes.tolist(),
            [score if rated else None for score, rated in zip(satisfaction.tolist(), is_rated.tolist(), strict=True)],
            [rules.topics[index] for index in topic.tolist()],
            [
                f"SO{number:09d}" if asks else None
                for number, asks in zip(order.tolist(), asks_order.tolist(), strict=True)
            ],
            [None] * count,
            [None if same else text for text, same in zip(_text(changed), is_unchanged.tolist(), strict=True)],
            strict=True,
        ),
    )


def _moments(rng: np.random.Generator, days: Times, clock: Clock) -> Times:
    """Moments within opening hours, ascending, none after the clock's now."""
    opening = days.astype("datetime64[s]") + seconds(_OPENING_HOUR * 3600)
    closing_time = np.maximum(np.minimum(opening + seconds((_CLOSING_HOUR - _OPENING_HOUR) * 3600), clock.now), opening)
    open_seconds = (closing_time - opening).astype(np.int64)
    return np.minimum(np.sort(opening + seconds(rng.random(len(days)) * open_seconds)), clock.now)


def _text(moments: Times) -> list[str]:
    """`2026-11-18 15:30:00`, local: the database has no type for time."""
    return [text.replace("T", " ") for text in np.datetime_as_string(moments, unit="s").tolist()]


def _agent(number: int) -> str:
    return f"C{number:03d}"
