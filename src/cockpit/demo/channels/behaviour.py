"""All behaviour streams of the company: their people, pages and files, and the sessions that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from cockpit.demo.channels import access_log, clicks
from cockpit.demo.channels.access_log import AccessLog, page_paths
from cockpit.demo.channels.clicks import ClickStream
from cockpit.demo.channels.log_files import LogFile, plan_files
from cockpit.demo.channels.profile import ChannelsFile, StreamName
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.visits import SessionCount, Span
from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.customers import owner_usernames
from cockpit.demo.draw import Stream, generator

FOLDER = "behaviour"

# Parts of the random numbers: a range for the files or simulated days of each behaviour stream.
_PARTS_PER_STREAM = 100_000
_ACCOUNTS_PART = 9_999_999
# Visitors come at weekends too, a rep hardly; exponents of the weights of days.
_SITE_FLATNESS, _CRM_FLATNESS = 0.4, 1.0
_FEWEST_EVENTS = 40
_EVENTS_PER_NEW_VISITOR = 4
# Regular visitors who may come again on a simulated day.
_RETURNING_VISITORS = 30


@dataclass(frozen=True)
class _Stream:
    """A stream with its people.

    Attributes:
        number: Tells the streams' random numbers apart.
        events: Lines of the whole history.
        population: Visitors of the history; the regular ones have the lowest numbers.
    """

    name: StreamName
    number: int
    events: int
    population: int
    regulars: int

    @property
    def place(self) -> tuple[str, str]:
        return access_log.PLACE if self.name == "access" else clicks.FORMATS[self.name].place

    @property
    def base(self) -> str:
        return access_log.BASE if self.name == "access" else clicks.FORMATS[self.name].base

    @property
    def suffix(self) -> str:
        return access_log.SUFFIX if self.name == "access" else clicks.SUFFIX

    def part(self, number: int) -> int:
        return self.number * _PARTS_PER_STREAM + number


def write_behaviour(folder: Path, company: Company, channels: ChannelsFile, truth: ChannelTruth) -> None:
    """Write the history of all streams below `folder`."""
    for stream in _streams(company, channels):
        target = _folder(folder, stream)
        flatness = _CRM_FLATNESS if stream.name == "crm_use" else _SITE_FLATNESS
        files = plan_files(
            stream.base, stream.suffix, company.first_month, company.clock, company.profile.company.rhythm, flatness
        )
        writer = _writer(stream, company, channels, range(stream.population), known=0)
        for file in files:
            rng = generator(company.seed, Stream.BEHAVIOUR, stream.part(file.part))
            greeted = stream.regulars if file.part == 0 else 0
            writer.write(target, file, round(stream.events * file.share), rng, truth, greeted=greeted)
        _tell(stream, writer.sessions, truth)


def append_day(
    folder: Path, company: Company, channels: ChannelsFile, day: date, clock: Clock, truth: ChannelTruth
) -> None:
    """Append a further day to the growing files: regular visitors, and new ones who have never come before.

    Args:
        day: Later than everything that is there.
        clock: Its `now` ends the day.
    """
    rules = channels.behaviour
    days_since = (day - company.clock.today).days
    history_days = int((np.datetime64(company.clock.today) - company.first_month.astype("datetime64[D]")).astype(int))
    for stream in _streams(company, channels):
        path = _folder(folder, stream) / f"{stream.base}{stream.suffix}"
        span = Span(np.array([day], dtype="datetime64[D]"), np.ones(1), clock.now, rules.simulated_from_hour)
        events = max(stream.events // max(history_days, 1), _FEWEST_EVENTS)
        fresh = 0 if stream.name == "crm_use" else max(events // _EVENTS_PER_NEW_VISITOR, 1)
        first = stream.population + days_since * fresh
        returning = stream.regulars if stream.name == "crm_use" else min(stream.regulars, _RETURNING_VISITORS)
        numbers = [*range(returning), *range(first, first + fresh)]
        writer = _writer(stream, company, channels, numbers, known=returning)
        rng = generator(company.seed, Stream.CHANNELS_DAY, stream.part(days_since))
        writer.write(path.parent, LogFile(path.name, span, 1.0, 0), events, rng, truth, after=_count_lines(path))
        _tell(stream, writer.sessions, truth)


def _streams(company: Company, channels: ChannelsFile) -> list[_Stream]:
    rules, size = channels.behaviour, channels.scales[company.scale]
    streams: list[_Stream] = []
    for number, (name, share) in enumerate(rules.streams.items()):
        events = round(size.events * share)
        if name == "crm_use":
            population = regulars = len(owner_usernames(company.profile))
        else:
            regulars = rules.regular_visitors
            population = max(round(events / rules.events_per_visitor), 2 * regulars)
        streams.append(_Stream(name, number, events, population, regulars))
    return streams


def _writer(
    stream: _Stream, company: Company, channels: ChannelsFile, numbers: Sequence[int], *, known: int
) -> AccessLog | ClickStream:
    rules = channels.behaviour
    sessions = SessionCount(len(numbers), rules.session_gap_seconds, known)
    if stream.name == "crm_use":
        weights = np.array([page.weight for page in rules.crm_pages])
        paths, names = [page.path for page in rules.crm_pages], list[str | None](owner_usernames(company.profile))
    else:
        paths, weights = page_paths(rules, company.products["product_code"].tolist())
        names = _accounts(company, rules.regular_visitors, rules.customer_share)
    if stream.name == "access":
        return AccessLog(channels, paths, weights, numbers, sessions)
    return ClickStream(clicks.FORMATS[stream.name], rules, paths, weights, numbers, names, sessions)


def _accounts(company: Company, regulars: int, share: float) -> list[str | None]:
    """Account numbers of the regular visitors who log in: `A` and seven digits of the ERP's customer."""
    rng = generator(company.seed, Stream.BEHAVIOUR, _ACCOUNTS_PART)
    ids = rng.choice(company.customers.customers["customer_id"].to_numpy(), regulars, replace=False)
    is_known = rng.random(regulars) < share
    return [f"A{number:07d}" if known else None for number, known in zip(ids.tolist(), is_known.tolist(), strict=True)]


def _folder(folder: Path, stream: _Stream) -> Path:
    target = folder / FOLDER / stream.name
    target.mkdir(parents=True, exist_ok=True)
    return target


def _count_lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _tell(stream: _Stream, sessions: SessionCount, truth: ChannelTruth) -> None:
    table = sessions.per_day()
    system, entity = stream.place
    truth.sessions.append(table.assign(system=system, entity=entity))
    truth.count(system, entity, visitors=sessions.new_visitors, sessions=int(table["sessions"].sum()))
