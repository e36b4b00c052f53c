"""Filled copies of the Excel templates: cards, registrations, targets and exchange rates that no system has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

from openpyxl import load_workbook

from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.workbooks import Cell, without_times, write_workbook
from cockpit.demo.channels.world import World, texts, typed_names, typed_phones
from cockpit.demo.draw import Stream, generator

FOLDER = "manual"
SYSTEM = "manual"
CARDS, REGISTRATIONS, TARGETS = "business_card", "offline_registration", "sales_target"
RATES = "exchange_rate"

# Writes the empty template of an entity of the source `manual` to a path.
TemplateWriter: TypeAlias = Callable[[str, Path], None]

# In the order of the source file, which is that of the templates' columns.
_COLUMNS: dict[str, tuple[str, ...]] = {
    CARDS: (
        "card_number", "contact_name", "company", "job_title", "phone", "email", "address", "met_on", "owner_username",
    ),
    REGISTRATIONS: (
        "registration_number", "contact_name", "company", "phone", "event", "region_code", "registered_on", "consent",
    ),
    TARGETS: ("username", "month", "kind", "amount"),
    RATES: ("currency", "valid_from", "rate"),
}  # fmt: skip
_EVENTS = ("技术研讨会", "工厂开放日", "客户培训", "路演")
_KINDS = ("signed", "invoiced", "received")
_NO_CONSENT_EVERY = 20
_UNREACHABLE_EVERY = 25
_DAYS_BACK = 300
_TARGET_STEP = 1_000
# Yuan for one unit, about which the rates of months move.
_MEAN_RATES = {"USD": 7.15, "EUR": 7.85, "GBP": 9.2, "HKD": 0.917, "JPY": 0.0475}
_RATE_MONTHS = 36
_RATE_SPREAD = 0.02
_RATE_DECIMALS = 5


def write_manual(folder: Path, world: World, truth: ChannelTruth, write_template: TemplateWriter | None) -> None:
    """Write one workbook per entity.

    Args:
        write_template: Makes the empty template that is filled; a plain sheet is written when absent.
    """
    rows = {
        CARDS: _cards(world, truth),
        REGISTRATIONS: _registrations(world, truth),
        TARGETS: _targets(world, truth),
        RATES: _rates(world),
    }
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    year = world.company.clock.today.year
    for entity, content in rows.items():
        path = target / f"{entity}_{year}.xlsx"
        filled = list(content)
        if write_template is None:
            write_workbook(path, entity, [], _COLUMNS[entity], filled)
        else:
            write_template(entity, path)
            _fill_template(path, filled)
        truth.count(SYSTEM, entity, rows=len(filled))


def _fill_template(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Type the rows below the header of the first sheet, as a person would."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            sheet.cell(row=number, column=place, value=value)
    book.save(path)
    path.write_bytes(without_times(path.read_bytes()))


def _cards(world: World, truth: ChannelTruth) -> Iterator[tuple[Cell, ...]]:
    rng = generator(world.company.seed, Stream.MANUAL, 0)
    count = world.channels.scales[world.company.scale].manual_rows
    people = world.draw_people(rng, count, world.channels.manual.customer_share)
    # The same person handed out the card twice.
    for row in range(1, round(count * world.channels.manual.duplicate_share) + 1):
        people.iloc[-row] = people.iloc[row]
    keys = [f"BC-{number:05d}" for number in range(1, count + 1)]
    truth.cluster(SYSTEM, CARDS, keys, people["customer_id"].tolist())
    truth.person(SYSTEM, CARDS, keys, people["true_contact_id"].tolist())
    unreachable = range(_UNREACHABLE_EVERY - 1, count, _UNREACHABLE_EVERY)
    phones = typed_phones(rng, texts(people["phone"]))
    emails = texts(people["email"])
    truth.wrong(SYSTEM, CARDS, "not_reachable", [keys[row] for row in range(count) if row in unreachable])
    names, titles = texts(people["name"]), texts(people["title"])
    companies = typed_names(rng, [str(name) for name in people["company"].tolist()])
    reps = world.reps
    picks = rng.integers(0, 1 << 20, (count, 2)).tolist()
    for row, (back, rep) in enumerate(picks):
        met_on = world.company.clock.today - timedelta(days=back % _DAYS_BACK)
        # Most have an address for letters when they have no other one.
        email = emails[row] or (f"card{row}@mail.example.cn" if phones[row] is None else None)
        yield (
            keys[row],
            names[row],
            companies[row],
            titles[row],
            None if row in unreachable else phones[row],
            None if row in unreachable else email,
            "见名片背面" if row % 7 == 0 else None,
            met_on,
            reps[rep % len(reps)],
        )


def _registrations(world: World, truth: ChannelTruth) -> Iterator[tuple[Cell, ...]]:
    rng = generator(world.company.seed, Stream.MANUAL, 1)
    count = world.channels.scales[world.company.scale].manual_rows
    people = world.draw_strangers(rng, count)
    keys = [f"OR-{number:05d}" for number in range(1, count + 1)]
    refusing = range(_NO_CONSENT_EVERY - 1, count, _NO_CONSENT_EVERY)
    truth.wrong(SYSTEM, REGISTRATIONS, "no_consent", [keys[row] for row in refusing])
    phones = typed_phones(rng, texts(people["phone"]))
    names, companies, regions = texts(people["name"]), texts(people["company"]), texts(people["region_code"])
    days = rng.integers(1, _DAYS_BACK, count).tolist()
    for row, back in enumerate(days):
        yield (
            keys[row],
            names[row],
            companies[row],
            phones[row],
            _EVENTS[row % len(_EVENTS)],
            regions[row],
            world.company.clock.today - timedelta(days=back),
            "否" if row in refusing else "是",
        )


def _targets(world: World, truth: ChannelTruth) -> Iterator[tuple[Cell, ...]]:
    rng = generator(world.company.seed, Stream.MANUAL, 2)
    reps = world.reps
    count = world.channels.scales[world.company.scale].manual_rows
    year = world.company.clock.today.year
    for number in range(count):
        # One row per rep, month and kind, the first reps first.
        rep, rest = divmod(number, 12 * len(_KINDS))
        month, kind = divmod(rest, len(_KINDS))
        amount = int(rng.integers(20, 400)) * _TARGET_STEP
        is_wrong = number == count // 2
        username = reps[rep % len(reps)]
        day = date(year, month + 1, 1)
        if is_wrong:
            truth.wrong(SYSTEM, TARGETS, "negative_target", [f"{username}|{day}|{_KINDS[kind]}"])
        yield (username, day, _KINDS[kind], -amount if is_wrong else amount)


def _rates(world: World) -> Iterator[tuple[Cell, ...]]:
    """One rate per currency and month, from before the history of orders begins."""
    rng = generator(world.company.seed, Stream.MANUAL, 3)
    today = world.company.clock.today
    newest = today.year * 12 + today.month - 1
    for back in range(_RATE_MONTHS, -1, -1):
        year, month = divmod(newest - back, 12)
        for currency, mean in _MEAN_RATES.items():
            rate = mean * (1 + _RATE_SPREAD * float(rng.uniform(-1, 1)))
            yield (currency, date(year, month + 1, 1), round(rate, _RATE_DECIMALS))
