"""What the sales people bring home from trade fairs, and the price list that they hand out: Excel workbooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from cockpit.demo.channels.profile import Fair
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.workbooks import Cell, write_workbook
from cockpit.demo.channels.world import World, texts, typed_names, typed_phones
from cockpit.demo.draw import Stream, generator

FOLDER = "trade_fair"
SYSTEM, LEADS, PRICES = "trade_fair", "fair_lead", "price_list"

_HEADER = (
    "名片编号",
    "姓名",
    "单位名称",
    "职务",
    "手机号",
    "邮箱",
    "员工人数",
    "预算",
    "感兴趣的产品",
    "登记时间",
    "接待人",
    "备注",
)
_PRICE_HEADER = ("产品编码", "品名", "类别", "目录价（元，不含税）", "生效日期")
_DAYS = 3
_FIRST_DAY = 12
_OPENING_HOUR, _OPEN_SECONDS = 9, 8 * 3600
_EXCEL_EPOCH = date(1899, 12, 30).toordinal()


def write_trade_fair(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Write one workbook per fair that has taken place, and the price list."""
    for number, (fair, first_day) in enumerate(_past_fairs(world)):
        rows = list(_leads(world, fair, first_day, number, truth))
        title = f"{first_day.year}年{fair.name}　观众登记表"
        name = f"{first_day:%Y%m}_{fair.name}.xlsx"
        write_workbook(folder / FOLDER / name, "观众登记", [title, "华星仪器 市场部"], _HEADER, rows)
        truth.count(SYSTEM, LEADS, rows=len(rows), files=1)
    products = world.company.products
    prices = products["list_price_cents"].to_numpy(dtype=np.int64) / 100
    valid_from = world.company.clock.today.replace(month=1, day=1)
    write_workbook(
        folder / FOLDER / "prices" / f"价格表_{valid_from.year}.xlsx",
        "价格表",
        [f"华星仪器 {valid_from.year} 年产品目录价"],
        _PRICE_HEADER,
        (
            (code, name, category, price, valid_from.toordinal() - _EXCEL_EPOCH)
            for code, name, category, price in zip(
                products["product_code"], products["name_zh"], products["category"].astype(str), prices.tolist(),
                strict=True,
            )
        ),
    )  # fmt: skip
    truth.count(SYSTEM, PRICES, rows=len(products))


def _past_fairs(world: World) -> list[tuple[Fair, date]]:
    """Fairs within the history, by date."""
    first, last = world.company.first_month.astype("datetime64[D]").astype(object), world.company.clock.today
    fairs = [
        (fair, date(year, fair.month, _FIRST_DAY))
        for fair in world.channels.trade_fair.fairs
        for year in range(first.year, last.year + 1)
    ]
    return sorted(
        (item for item in fairs if first <= item[1] and item[1].toordinal() + _DAYS <= last.toordinal()),
        key=lambda item: item[1],
    )


def _leads(world: World, fair: Fair, first_day: date, number: int, truth: ChannelTruth) -> Iterator[tuple[Cell, ...]]:
    rules = world.channels.trade_fair
    count = world.channels.scales[world.company.scale].fair_leads
    rng = generator(world.company.seed, Stream.TRADE_FAIR, number)
    people = world.draw_people(rng, count, rules.customer_share)
    is_fake = world.fake(rng, people, rules.fake_share)
    placeholders = world.give_placeholders(rng, people, rules.placeholder_phone_share, ~is_fake)
    keys = [f"{first_day:%y%m}{fair.region_code[-2:]}-{row:04d}" for row in range(1, count + 1)]
    truth.wrong(SYSTEM, LEADS, "fake_registration", [keys[row] for row in np.flatnonzero(is_fake).tolist()])
    truth.wrong(SYSTEM, LEADS, "placeholder_phone", [keys[row] for row in placeholders.tolist()])
    truth.cluster(SYSTEM, LEADS, keys, people["customer_id"].tolist())
    truth.person(SYSTEM, LEADS, keys, people["true_contact_id"].tolist())
    names = typed_names(rng, [str(name) for name in people["company"].tolist()])
    phones = typed_phones(rng, texts(people["phone"]))
    reps = world.reps
    picks = rng.integers(0, 1 << 20, (count, 5)).tolist()
    contact_names, titles, emails = texts(people["name"]), texts(people["title"]), texts(people["email"])
    days = np.sort(rng.integers(0, _DAYS, count)).tolist()
    moments = np.sort(rng.integers(0, _OPEN_SECONDS, count)).tolist()
    for row, (headcount, budget, interest, rep, remark) in enumerate(picks):
        serial = first_day.toordinal() - _EXCEL_EPOCH + days[row]
        yield (
            keys[row],
            contact_names[row],
            names[row],
            titles[row],
            phones[row],
            emails[row],
            rules.headcounts[headcount % len(rules.headcounts)] or None,
            rules.budgets[budget % len(rules.budgets)] or None,
            rules.interests[interest % len(rules.interests)],
            # As Excel stores a time that somebody typed: a number.
            round(serial + (_OPENING_HOUR * 3600 + moments[row]) / 86_400, 5),
            reps[rep % len(reps)],
            "需要样品" if remark % 9 == 0 else None,
        )
