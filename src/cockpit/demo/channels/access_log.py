"""The web server's access log in the combined format: people, their browsers' requests for assets, and bots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cockpit.demo.channels.bulk_text import Piece, Words, as_words, clock_words, split_days
from cockpit.demo.channels.log_files import LogFile, write_log
from cockpit.demo.channels.profile import Behaviour, ChannelsFile
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.visits import SessionCount, Views, Visitors, draw_views
from cockpit.demo.draw import Floats, Ints, Times, choose, seconds

PLACE = ("web_log", "access")
BASE, SUFFIX = "access", ".log"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# First parts of addresses that Chinese providers hand out; a visitor has a /24 of its own, so that shortened addresses
# still tell visitors apart.
_PROVIDERS = (36, 39, 58, 101, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 171, 175,
              180, 182, 183, 218, 219, 220, 221, 222, 223)  # fmt: skip
_NETWORKS = len(_PROVIDERS) << 16
_SCRAMBLE = 40503  # coprime to the number of networks
_IPV6_EVERY = 50
_BOT_ADDRESSES = 40
_BOT_PAGES = (("/robots.txt", 200), ("/wp-login.php", 404), ("/.env", 404), ("/sitemap.xml", 200))
_FORM_DELAY_SECONDS = 40
_NO_REFERRER = "-"


def page_paths(rules: Behaviour, product_codes: list[str]) -> tuple[list[str], Floats]:
    """The site's pages and how often each is looked at: plain pages, product pages, documents to download."""
    plain = np.array([page.weight for page in rules.pages])
    share = 1 - rules.product_page_share - rules.download_share
    popularity = 1 / (1 + np.arange(len(product_codes)))
    popularity = popularity / popularity.sum()
    weights = np.concatenate(
        [plain / plain.sum() * share, popularity * rules.product_page_share, popularity * rules.download_share]
    )
    paths = [page.path for page in rules.pages]
    paths += [f"/products/{code}" for code in product_codes]
    paths += [f"/downloads/{code}.pdf" for code in product_codes]
    return paths, weights


def address(visitor: int) -> str:
    """The IP address of a visitor; no two share a /24, or a /48 of IPv6."""
    if visitor % _IPV6_EVERY == _IPV6_EVERY - 1:
        number = visitor // _IPV6_EVERY
        return f"2409:{0x8A00 + (number >> 16):x}:{number & 0xFFFF:x}:{visitor % 97:x}::{visitor % 251 + 1:x}"
    network = visitor * _SCRAMBLE % _NETWORKS
    return f"{_PROVIDERS[network >> 16]}.{network >> 8 & 255}.{network & 255}.{visitor * 97 % 253 + 1}"


@dataclass
class AccessLog:
    """Writes the access log, file by file in order of time.

    Attributes:
        paths, weights: The site's pages.
        numbers: People who can come; their numbers decide their addresses.
        sessions: What the session rule makes of the page views.
    """

    channels: ChannelsFile
    paths: list[str]
    weights: Floats
    numbers: Sequence[int]
    sessions: SessionCount

    def __post_init__(self) -> None:
        rules = self.channels.behaviour
        bots = [f"66.249.{index}.{index * 5 % 250 + 1}" for index in range(_BOT_ADDRESSES)]
        self._hosts = as_words([*map(address, self.numbers), *bots], after=" - - [")
        self._clock = clock_words(after=' +0800] "')
        gets = [*self.paths, *rules.assets, *(path for path, _status in _BOT_PAGES)]
        self._requests = np.append(as_words(gets, "GET "), as_words(["/contact"], "POST "))
        states = [200] * (len(self.paths) + len(rules.assets)) + [status for _path, status in _BOT_PAGES]
        sizes = [2000 + len(path) * 977 % 60_000 for path in gets]
        results = [f' HTTP/1.1" {state} {size} "' for state, size in zip(states, sizes, strict=True)]
        self._results = as_words([*results, ' HTTP/1.1" 302 0 "'])
        self._queries = _query_words(self.channels)
        self._referrers = as_words([_NO_REFERRER, *rules.referrers], after='" "')
        self._agents = as_words([*rules.human_agents, *rules.bot_agents], after='"')

    def write(self, folder: Path, file: LogFile, events: int, rng: np.random.Generator, truth: ChannelTruth, *,
              greeted: int = 0, after: int = 0) -> None:  # fmt: skip
        """Write one file with about `events` lines; arguments as for `write_log` and `draw_views`."""
        rules = self.channels.behaviour
        people = events * (1 - rules.bot_share - rules.asset_share)
        views = draw_views(rng, rules, file.span, round(people), Visitors(len(self.numbers), greeted), self.weights)
        self.sessions.add(views.at, views.visitor)
        table = self._requests_of(rng, views, file, events)
        truth.count(*PLACE, page_views=len(views))
        days, day, second = split_days(table["at"].astype("datetime64[s]"))
        pieces = [
            Piece(self._hosts, table["host"]),
            Piece(as_words([_log_day(text) for text in days], after=":"), day),
            Piece(self._clock, second),
            Piece(self._requests, table["request"]),
            Piece(self._queries, table["query"]),
            Piece(self._results, table["request"]),
            Piece(self._referrers, table["referrer"]),
            Piece(self._agents, table["agent"]),
        ]
        write_log(folder / file.name, pieces, len(day), rng=rng, rules=rules, place=PLACE, truth=truth, after=after)

    def _requests_of(self, rng: np.random.Generator, views: Views, file: LogFile, events: int) -> dict[str, Ints]:
        """All requests of the span, ascending by time: columns of codes, and `at` as seconds."""
        rules = self.channels.behaviour
        first_asset = len(self.paths)
        first_bot_page = first_asset + len(rules.assets)
        post = first_bot_page + len(_BOT_PAGES)
        campaign = _draw_queries(rng, rules, views, len(self._queries))
        comes_from_search = views.is_entry & (campaign == 0) & (rng.random(len(views)) < rules.search_share)
        referrer = np.where(comes_from_search, rng.integers(1, len(rules.referrers) + 1, len(views)), 0)

        asset_of = rng.integers(0, max(len(views), 1), round(events * rules.asset_share) if len(views) else 0)
        sent = np.flatnonzero(views.is_last & (rng.random(len(views)) < rules.form_post_share))
        bots = round(events * rules.bot_share)
        bot = rng.integers(0, _BOT_ADDRESSES, bots)
        day = choose(rng, file.span.weights.tolist(), bots)
        bot_at = file.span.days[day].astype("datetime64[s]") + seconds(rng.integers(0, 86_400, bots))
        latest = file.span.end - np.timedelta64(1, "s")
        bot_page = np.where(
            rng.random(bots) < 0.2,
            rng.integers(first_bot_page, post, bots),
            choose(rng, self.weights.tolist(), bots),
        )
        parts: list[tuple[Times, Ints, Ints, Ints, Ints, Ints]] = [
            (views.at, views.visitor, views.page, campaign, referrer, views.visitor % len(rules.human_agents)),
            (
                np.minimum(views.at[asset_of] + seconds(rng.integers(0, 3, len(asset_of))), latest),
                views.visitor[asset_of],
                rng.integers(first_asset, first_bot_page, len(asset_of)),
                np.zeros_like(asset_of),
                np.zeros_like(asset_of),
                views.visitor[asset_of] % len(rules.human_agents),
            ),
            (
                np.minimum(views.at[sent] + seconds(_FORM_DELAY_SECONDS), latest),
                views.visitor[sent],
                np.full(len(sent), post),
                np.zeros_like(sent),
                np.zeros_like(sent),
                views.visitor[sent] % len(rules.human_agents),
            ),
            (
                np.minimum(bot_at, latest),
                len(self.numbers) + bot,
                bot_page,
                np.zeros_like(bot),
                np.zeros_like(bot),
                len(rules.human_agents) + bot % len(rules.bot_agents),
            ),
        ]
        names = ("at", "host", "request", "query", "referrer", "agent")
        columns = {
            name: np.concatenate([part[index].astype(np.int64) for part in parts]) for index, name in enumerate(names)
        }
        order = np.argsort(columns["at"], kind="stable")
        return {name: values[order] for name, values in columns.items()}


def _query_words(channels: ChannelsFile) -> Words:
    """No query, the campaigns' parameters, and queries that should never have held what they hold."""
    rules = channels.behaviour
    utm = [f"?utm_source={c.source}&utm_medium={c.medium}&utm_campaign={_quoted(c.campaign)}" for c in rules.campaigns]
    personal = [f"?phone={phone}" for phone in channels.placeholder_phones] + ["?email=li.lei%40example.com&step=2"]
    return as_words(["", *utm, *personal])


def _draw_queries(rng: np.random.Generator, rules: Behaviour, views: Views, words: int) -> Ints:
    is_campaign = views.is_entry & (rng.random(len(views)) < rules.campaign_share)
    is_personal = ~views.is_entry & (rng.random(len(views)) < rules.personal_query_share)
    campaigns = len(rules.campaigns)
    query = np.where(is_campaign, rng.integers(1, campaigns + 1, len(views)), 0)
    return np.where(is_personal, rng.integers(campaigns + 1, words, len(views)), query)


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in text.encode())


def _log_day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}/{_MONTHS[int(month) - 1]}/{year}"
