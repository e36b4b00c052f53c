"""Monthly sales reports of the dealers: each sends its own kind of file, with its own names for the columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cockpit.demo.articles import DEALERS, list_rows
from cockpit.demo.channels.profile import Distributor
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.world import World, texts, typed_names, typed_phones, written_dates
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Stream, between, generator, sample, seconds

FOLDER = "distributors"
SYSTEM = "distributors"
ENTITIES = {"comma": "sell_out", "semicolon": "sell_out_decimal_comma", "tab": "sell_out_tab"}
SUFFIXES = {"comma": ".csv", "semicolon": ".csv", "tab": ".tsv"}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}

ARTICLES = "article"

LATE = "late"
TWICE = "delivered_twice"
CORRECTED = "corrected"

_DAY_SECONDS = 86_400
_MILLI = 1000
# Reports are sent some days after the month; the last one of this dealer comes a month later than the others'.
_SENT_DAY = 5
_LATE_DEALER = "D02"
_TWICE_DEALER = "D01"
_WRONG_QUANTITIES = (0, -1, -5)
_UNKNOWN_PRODUCT = "ZZ-9999"
_BROKEN = ("{first}", "{line}{delimiter}补{delimiter}录{delimiter}合计", "合计{delimiter}")


@dataclass(frozen=True)
class Report:
    """One month's report of one dealer."""

    dealer: Distributor
    month: np.datetime64

    @property
    def entity(self) -> str:
        """Entity of the source file."""
        return ENTITIES[self.dealer.kind]

    @property
    def name(self) -> str:
        """Name of the file."""
        month = str(self.month).replace("-", "")
        return f"{self.dealer.code}_{month}{SUFFIXES[self.dealer.kind]}"


def write_distributors(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Write the reports of the last months; the late dealer's last one is not there yet."""
    for report in _reports(world):
        if _is_late(report, world):
            continue
        path = _path(folder, report)
        content = _content(world, report, truth)
        _write(path, content, world.company.clock, report)
        if report.dealer.code == _TWICE_DEALER and report.month == world.company.clock.month - 2:
            again = path.with_name(f"{path.stem}（重发）{path.suffix}")
            _write(again, content, world.company.clock, report)
            truth.special(SYSTEM, report.entity, again.name, TWICE)


def write_article_lists(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Write the lists of articles that some dealers have sent, in their own numbers, words and encodings."""
    target = folder / FOLDER / "articles"
    target.mkdir(parents=True, exist_ok=True)
    for dealer in world.channels.distributors.files:
        if dealer.code not in DEALERS:
            continue
        rows = list_rows(world.company, dealer.code)
        is_foreign = dealer.kind == "semicolon"
        header = ("Article no.", "Description", "Unit") if is_foreign else ("货号", "品名规格", "单位")
        between_words = ", " if is_foreign else ""
        lines = [
            ",".join((key, f'"{name}{between_words}{size}"', unit))
            for key, name, size, unit in zip(*(rows[each] for each in ("key", "name", "size", "unit")), strict=True)
        ]
        content = "\n".join([",".join(header), *lines]) + "\n"
        # What people type in full width is in no Western code page.
        encoding = "utf-8" if is_foreign else dealer.encoding
        (target / f"{dealer.code}_articles.csv").write_bytes(content.encode(encoding))
        truth.count(SYSTEM, ARTICLES, rows=len(rows), files=1)


def add_late_report(folder: Path, world: World, clock: Clock, truth: ChannelTruth) -> Path | None:
    """The report that was missing arrives; None when it is there already."""
    for report in _reports(world):
        path = _path(folder, report)
        if _is_late(report, world) and not path.exists():
            _write(path, _content(world, report, truth), clock, report)
            truth.special(SYSTEM, report.entity, path.name, LATE)
            return path
    return None


def add_report(folder: Path, world: World, clock: Clock, truth: ChannelTruth) -> Path | None:
    """Another dealer sends the current month ahead of time; None when all have."""
    for dealer in world.channels.distributors.files:
        report = Report(dealer, world.company.clock.month)
        path = _path(folder, report)
        if not path.exists():
            _write(path, _content(world, report, truth), clock, report)
            return path
    return None


def correct_report(folder: Path, world: World, clock: Clock, truth: ChannelTruth) -> Path:
    """A dealer corrects a quantity of an earlier report and sends the file again under the same name."""
    dealer = next(each for each in world.channels.distributors.files if each.kind == "tab" and not each.has_malformed)
    report = Report(dealer, world.company.clock.month - 1)
    path = _path(folder, report)
    lines = path.read_bytes().decode(dealer.encoding).split("\n")
    position = list(dealer.header).index("remark")
    # Every day corrects another line, in a way that a second correction can be told from the first.
    row = 1 + clock.today.toordinal() % max(len(lines) - 2, 1)
    fields = lines[row].split(_DELIMITERS[dealer.kind])
    fields[position] = f"更正{clock.today:%m%d}"
    lines[row] = _DELIMITERS[dealer.kind].join(fields)
    path.write_bytes("\n".join(lines).encode(dealer.encoding))
    truth.special(SYSTEM, report.entity, path.name, CORRECTED)
    return path


def _reports(world: World) -> list[Report]:
    last = world.company.clock.month - 1
    count = world.channels.scales[world.company.scale].reports_per_distributor
    return [
        Report(dealer, month)
        for dealer in world.channels.distributors.files
        for month in np.arange(last - count + 1, last + 1)
    ]


def _is_late(report: Report, world: World) -> bool:
    return report.dealer.code == _LATE_DEALER and report.month == world.company.clock.month - 1


def _path(folder: Path, report: Report) -> Path:
    target = folder / FOLDER / report.dealer.kind
    target.mkdir(parents=True, exist_ok=True)
    return target / report.name


def _write(path: Path, content: bytes, clock: Clock, report: Report) -> None:
    path.write_bytes(content)
    sent = (report.month + 1).astype("datetime64[D]").astype(object)
    moment = datetime.combine(sent.replace(day=_SENT_DAY), time(9), tzinfo=clock.as_of.tzinfo)
    stamp = min(moment, clock.as_of).timestamp()
    os.utime(path, (stamp, stamp))


def _content(world: World, report: Report, truth: ChannelTruth) -> bytes:
    """The file, and in truth what is wrong with it."""
    dealer, rules = report.dealer, world.channels.distributors
    dealer_number = int(dealer.code[1:])
    part = dealer_number * 10_000 + int(report.month.astype(np.int64))
    rng = generator(world.company.seed, Stream.DISTRIBUTORS, part)
    count = world.channels.scales[world.company.scale].report_rows
    columns = _columns(world, report, rng, count, truth)
    names = list(dealer.header)
    delimiter = _DELIMITERS[dealer.kind]
    rows = [delimiter.join(row) for row in zip(*(columns[name] for name in names), strict=True)]
    header = delimiter.join(dealer.header.values())
    broken = rules.malformed_lines if dealer.has_malformed else 0
    positions = np.sort(sample(rng, np.arange(1, count), broken)).tolist()
    lines = [header]
    for number, row in enumerate(rows):
        if number in positions:
            template = _BROKEN[len(lines) % len(_BROKEN)]
            lines.append(template.format(first=row.split(delimiter)[0], line=row, delimiter=delimiter))
            truth.broken(SYSTEM, report.entity, report.name, [len(lines)], "wrong_field_count")
        lines.append(row)
    truth.count(SYSTEM, report.entity, rows=count, broken_lines=len(positions), files=1)
    return ("\n".join(lines) + "\n").encode(dealer.encoding)


def _columns(
    world: World, report: Report, rng: np.random.Generator, count: int, truth: ChannelTruth
) -> dict[str, Sequence[str]]:
    dealer, rules = report.dealer, world.channels.distributors
    products = world.company.products
    buyers = world.draw_contacts(rng, count)
    product = rng.integers(0, len(products), count)
    quantity = rng.geometric(0.3, count)
    price_cents = (
        products["list_price_cents"].to_numpy(dtype=np.int64)[product] * between(rng, rules.margin, count) // 100
    )
    begin, end = (np.datetime64(str(month), "D") for month in (report.month, report.month + 1))
    days = min(int((end - begin).astype(np.int64)), world.company.clock.today.day)
    if report.month < world.company.clock.month:
        days = int((end - begin).astype(np.int64))
    sold_on = begin.astype("datetime64[s]") + seconds(np.sort(rng.integers(0, days, count)) * _DAY_SECONDS)
    codes: npt.NDArray[np.object_] = products["product_code"].to_numpy(dtype=object)[product]
    customers = typed_names(rng, [str(name) for name in buyers["company"].tolist()])
    if dealer.kind == "semicolon":
        customers = [rules.foreign_customers[index % len(rules.foreign_customers)] for index in range(count)]
    phones = [phone or "" for phone in typed_phones(rng, texts(buyers["phone"]))]
    if dealer.encoding in ("cp1252",):
        phones = [phone if phone.isascii() else "" for phone in phones]
    for row in np.flatnonzero(rng.random(count) < rules.without_phone_share).tolist():
        phones[row] = ""
    for row in np.flatnonzero(rng.random(count) < rules.placeholder_phone_share).tolist():
        phones[row] = world.channels.placeholder_phones[row % len(world.channels.placeholder_phones)]

    ids = [f"{dealer.code}-{str(report.month).replace('-', '')}-{number:05d}" for number in range(1, count + 1)]
    free = np.ones(count, dtype=bool)

    def plant(kind: str, rate: float) -> Ints:
        rows = sample(rng, np.flatnonzero(free), int(rng.binomial(count, rate)))
        free[rows] = False
        truth.wrong(SYSTEM, report.entity, kind, [ids[row] for row in rows.tolist()])
        return rows

    for row in plant("missing_customer", rules.anomalies.missing_customer).tolist():
        customers[row] = ""
    rows = plant("quantity_not_positive", rules.anomalies.quantity_not_positive)
    quantity[rows] = np.array(_WRONG_QUANTITIES)[rng.integers(0, len(_WRONG_QUANTITIES), len(rows))]
    codes[plant("unknown_product", rules.anomalies.unknown_product)] = _UNKNOWN_PRODUCT
    truth.count(
        SYSTEM, report.entity, clean_rows=int(free.sum()), clean_cents=int((price_cents * quantity)[free].sum())
    )
    return {
        "report_line": ids,
        "sold_on": written_dates(sold_on, dealer.date_format),
        "customer_name": [f'"{name}"' if "," in name else name for name in customers],
        "phone": phones,
        "product_code": codes.tolist(),
        "quantity": [str(number) for number in quantity.tolist()],
        "unit_price": _money(price_cents, dealer),
        "amount": _money(price_cents * quantity, dealer),
        "remark": ["急" if number % 37 == 0 else "" for number in range(count)]
        if dealer.encoding != "cp1252"
        else ["eilig" if number % 37 == 0 else "" for number in range(count)],
    }


def _money(amounts: Ints, dealer: Distributor) -> list[str]:
    if dealer.kind == "semicolon":
        return [f"{value / 100:,.2f}".translate(_GERMAN) for value in amounts.tolist()]
    return [f"{value / 100:.2f}" for value in amounts.tolist()]


_GERMAN = str.maketrans({",": ".", ".": ","})
