"""Click streams as JSON lines: the web site's product selector, the mini-program, and the reps' use of the CRM."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cockpit.demo.channels.access_log import address
from cockpit.demo.channels.bulk_text import Piece, Words, as_words, clock_words, split_days
from cockpit.demo.channels.log_files import LogFile, write_log
from cockpit.demo.channels.profile import Behaviour, StreamName
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.visits import SessionCount, Views, Visitors, draw_views
from cockpit.demo.draw import Floats, Ints, between, seconds

SUFFIX = ".jsonl"

# A click on something within a page, beside the views of pages.
_CLICK_SHARE = 0.12
_STAY_LIMIT = 3_600


@dataclass(frozen=True)
class ClickFormat:
    """How a stream writes its lines.

    Attributes:
        place: System and entity.
        base: Name of its files.
        time, url, visitor, username, address, agent, stay: Its names of the fields; None where it has none.
        stay_factor: Units of `stay` in a second.
        event: Its words for a viewed page and a click.
        site: Scheme and host before the path, empty for apps.
    """

    place: tuple[str, str]
    base: str
    time: str
    url: str
    visitor: str | None
    username: str | None
    address: str | None
    agent: str | None
    stay: str | None
    stay_factor: int
    event: tuple[str, str]
    site: str
    has_campaigns: bool


FORMATS: dict[StreamName, ClickFormat] = {
    "site_click": ClickFormat(
        place=("web_log", "site_click"), base="site", time="visited_at", url="url", visitor="visitor",
        username="username", address="ip", agent="user_agent", stay=None, stay_factor=1, event=("page_view", "click"),
        site="https://select.huaxing.example", has_campaigns=True,
    ),
    "mini_program_click": ClickFormat(
        place=("web_log", "mini_program_click"), base="mini-program", time="ts", url="page", visitor="openid",
        username=None, address=None, agent="client", stay="stay_ms", stay_factor=1000, event=("view", "tap"),
        site="", has_campaigns=False,
    ),
    "crm_use": ClickFormat(
        place=("crm_use", "crm_view"), base="crm-use", time="time", url="page", visitor=None, username="user",
        address="ip", agent=None, stay="seconds", stay_factor=1, event=("view", "click"),
        site="", has_campaigns=False,
    ),
}  # fmt: skip


@dataclass
class ClickStream:
    """Writes one stream, file by file in order of time.

    Attributes:
        paths, weights: Its pages.
        numbers: People who can come; their numbers decide their ids.
        usernames: Of the first of them, where the stream knows who they are.
    """

    format: ClickFormat
    rules: Behaviour
    paths: Sequence[str]
    weights: Floats
    numbers: Sequence[int]
    usernames: Sequence[str | None]
    sessions: SessionCount

    def __post_init__(self) -> None:
        fmt, rules = self.format, self.rules
        self._clock = clock_words(after='+08:00"')
        self._events = as_words(f',"event":"{word}"' for word in fmt.event)
        self._pages = as_words(f',"{fmt.url}":{json.dumps(fmt.site + path)}' for path in self.paths)
        self._who = self._visitor_words()
        campaigns = [
            "".join(f',"utm_{key}":{json.dumps(text, ensure_ascii=False)}' for key, text in (
                ("source", c.source), ("medium", c.medium), ("campaign", c.campaign)))
            for c in rules.campaigns
        ]  # fmt: skip
        referrers = [f',"referrer":{json.dumps(text, ensure_ascii=False)}' for text in rules.referrers]
        self._origins = as_words(["", *campaigns, *referrers])
        stays = [f',"{fmt.stay}":{number * fmt.stay_factor}' if fmt.stay else "" for number in range(_STAY_LIMIT + 1)]
        self._ends = as_words(["", *stays], after="}")

    def write(self, folder: Path, file: LogFile, events: int, rng: np.random.Generator, truth: ChannelTruth, *,
              greeted: int = 0, after: int = 0) -> None:  # fmt: skip
        """Write one file with about `events` lines; arguments as for `write_log` and `draw_views`."""
        rules = self.rules
        views = draw_views(
            rng,
            rules,
            file.span,
            round(events * (1 - _CLICK_SHARE)),
            Visitors(len(self.numbers), greeted),
            self.weights,
        )
        self.sessions.add(views.at, views.visitor)
        truth.count(*self.format.place, page_views=len(views))
        clicked = rng.integers(0, max(len(views), 1), round(events * _CLICK_SHARE) if len(views) else 0)
        row = np.concatenate([np.arange(len(views)), clicked])
        is_click = np.arange(len(row)) >= len(views)
        latest = file.span.end - np.timedelta64(1, "s")
        at = np.minimum(views.at[row] + seconds(np.where(is_click, rng.integers(1, 9, len(row)), 0)), latest)
        # What a phone without network sends later stands later in the file.
        sent_at = at + seconds(between(rng, rules.late_seconds, len(row)) * (rng.random(len(row)) < rules.late_share))
        order = np.argsort(sent_at, kind="stable")
        row, is_click, at = row[order], is_click[order], at[order]
        days, day, second = split_days(at)
        stay = np.minimum(views.stay[row], _STAY_LIMIT)
        pieces = [
            Piece(as_words(days, f'{{"{self.format.time}":"', "T"), day),
            Piece(self._clock, second),
            Piece(self._events, is_click.astype(np.int64)),
            Piece(self._who, views.visitor[row]),
            Piece(self._pages, views.page[row]),
            Piece(self._origins, self._origin(rng, views)[row] * ~is_click),
            Piece(self._ends, np.where(is_click | (stay == 0), 0, stay + 1)),
        ]
        write_log(
            folder / file.name,
            pieces,
            len(row),
            rng=rng,
            rules=rules,
            place=self.format.place,
            truth=truth,
            after=after,
        )

    def _origin(self, rng: np.random.Generator, views: Views) -> Ints:
        """Campaign or referrer of the entries, 0 for none."""
        rules, count = self.rules, len(views)
        if not self.format.has_campaigns:
            return np.zeros(count, dtype=np.int64)
        chance = rng.random(count)
        campaign = rng.integers(1, len(rules.campaigns) + 1, count)
        referrer = len(rules.campaigns) + rng.integers(1, len(rules.referrers) + 1, count)
        is_search = chance < rules.campaign_share + rules.search_share
        origin = np.where(chance < rules.campaign_share, campaign, np.where(is_search, referrer, 0))
        return np.where(views.is_entry, origin, 0)

    def _visitor_words(self) -> Words:
        fmt, agents = self.format, self.rules.human_agents
        parts: list[Callable[[int], str]] = []
        if fmt.visitor:
            prefix = "o" if fmt.visitor == "openid" else "v"
            parts.append(lambda number: f',"{fmt.visitor}":"{prefix}{number * 2654435761 % (1 << 32):08x}{number:07d}"')
        if fmt.username:
            names = self.usernames
            parts.append(
                lambda number: f',"{fmt.username}":"{names[number]}"' if number < len(names) and names[number] else ""
            )
        if fmt.address:
            parts.append(lambda number: f',"{fmt.address}":"{address(number)}"')
        if fmt.agent:
            quoted = [json.dumps(agent) for agent in agents]
            parts.append(lambda number: f',"{fmt.agent}":{quoted[number % len(quoted)]}')
        return as_words("".join(part(number) for part in parts) for number in self.numbers)
