"""The export of the CRM that was switched off years ago: JSON lines in its own formats, with changes and files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cockpit.demo.channels.profile import LegacyCrm
from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.world import World, texts, typed_names, typed_phones, written_dates
from cockpit.demo.company_facts import ADDRESS_STYLES, typed_address
from cockpit.demo.company_name import CompanyName
from cockpit.demo.draw import Ints, Stream, Times, choose, column, generator, seconds, times
from cockpit.demo.name_spelling import REWORDED, NameSpeller, identities

FOLDER = "legacy_crm"
SYSTEM = "legacy_crm"
CUSTOMERS, CHANGES, ATTACHMENTS = "legacy_customer", "legacy_change", "legacy_attachment"
# True ids of firms that only the old CRM knows, beyond all others.
STRANGERS_FROM = 90_000_000

_DAY_SECONDS = 86_400
_CHANGED_FIELDS = ("负责人", "电话", "地址", "等级", "行业")
_GRADES = ("A", "B", "C", "VIP", "")
_FILES = (
    ("名片.jpg", "image/jpeg", "business_card"),
    ("拜访记录.doc", "application/msword", "call_note"),
    ("技术协议.pdf", "application/pdf", "agreement"),
    ("现场照片.jpg", "image/jpeg", "photo"),
    ("电话录音.amr", "audio/amr", "call_recording"),
)
_BROKEN = ('{"客户编号": "L0', "[1, 2, 3]", "\ufeff--- 续 ---")


@dataclass(frozen=True)
class LegacyCustomers:
    """The old CRM's customers.

    Attributes:
        records: Grain: one row per record, in the order of the file: key, true_customer_id, name, contact_name, phone,
            email, title, address (as typed; null), created_at (local), date_form (position among the forms of dates).
        picks: Random numbers behind the further fields, four per record.
    """

    records: pd.DataFrame
    picks: Ints


def draw_legacy_customers(rng: np.random.Generator, world: World, count: int) -> LegacyCustomers:
    """Draw the records of firms that are customers today, and of others.

    Args:
        rng: Of the old CRM.
        world: Whose customers they were.
        count: Records.
    """
    rules = world.channels.legacy_crm
    people = world.draw_people(rng, count, rules.customer_share)
    first, last = _period(rules)
    created_at = np.sort(first + seconds(rng.random(count) * (last - first).astype(np.int64)))
    date_form = choose(rng, [1.0] * len(rules.date_formats), count)
    true_ids = _true_ids(column(people, "customer_id"), [str(name) for name in people["company"].tolist()])
    names = _names(rng, world, people, true_ids)
    records = pd.DataFrame(
        {
            "key": [f"L{number:06d}" for number in range(1, count + 1)],
            "true_customer_id": true_ids,
            "name": typed_names(rng, names),
            "phone": pd.Series(typed_phones(rng, texts(people["phone"])), dtype=object),
            "contact_name": pd.Series(texts(people["name"]), dtype=object),
            "email": pd.Series(texts(people["email"]), dtype=object),
            "title": pd.Series(texts(people["title"]), dtype=object),
            "address": pd.Series(_addresses(rng, world, true_ids), dtype=object),
            "created_at": created_at,
            "date_form": date_form,
        }
    )
    return LegacyCustomers(records=records, picks=rng.integers(0, 1 << 20, (count, 4)))


def _names(rng: np.random.Generator, world: World, people: pd.DataFrame, true_ids: Ints) -> list[str]:
    """Names as they were at that time, some typed otherwise; strangers' names as they are."""
    rules, count = world.channels.legacy_crm, len(people)
    companies = world.company.customers.companies
    proper, former = companies["name"].tolist(), companies["former_name"].tolist()
    speller = NameSpeller(world.company.profile.names, identities([*proper, *companies["former_name"].dropna()]))
    position = _positions(companies, true_ids)
    is_reworded, variant = rng.random(count) < rules.reworded_share, rng.integers(0, len(REWORDED), count).tolist()
    was_former = (rng.random(count) < rules.former_name_share).tolist()
    typed: list[str] = []
    for text, at, reworded, which, old in zip(
        people["company"].tolist(), position.tolist(), is_reworded.tolist(), variant, was_former, strict=True
    ):
        if at < 0:
            typed.append(str(text))
            continue
        name = former[at] if old and isinstance(former[at], CompanyName) else proper[at]
        typed.append(speller.spell(name, REWORDED[which]) if reworded else str(name))
    return typed


def _addresses(rng: np.random.Generator, world: World, true_ids: Ints) -> list[str | None]:
    """Where the customers were at that time; the old CRM knows nothing of the strangers' addresses."""
    companies, count = world.company.customers.companies, len(true_ids)
    places, former = companies["place"].tolist(), companies["former_place"].tolist()
    has, style = rng.random(count) < world.channels.legacy_crm.address_share, rng.integers(0, ADDRESS_STYLES, count)
    return [
        typed_address(places[at] if former[at] is None else former[at], form) if given and at >= 0 else None
        for at, given, form in zip(_positions(companies, true_ids).tolist(), has.tolist(), style.tolist(), strict=True)
    ]


def _positions(companies: pd.DataFrame, true_ids: Ints) -> Ints:
    """Row of each customer among the companies, whose ids ascend; -1 for strangers."""
    position = np.searchsorted(column(companies, "true_customer_id"), true_ids)
    return np.where(true_ids < STRANGERS_FROM, position, -1).astype(np.int64)


def _true_ids(customer_ids: Ints, names: list[str]) -> Ints:
    """The customers' ids; a firm that is none today has one of its own, the same for each record of its name."""
    strangers = np.flatnonzero(customer_ids < 0)
    numbers: dict[str, int] = {}
    ids = customer_ids.copy()
    for place in strangers.tolist():
        ids[place] = STRANGERS_FROM + numbers.setdefault(names[place], len(numbers))
    return ids


def _period(rules: LegacyCrm) -> tuple[np.datetime64, np.datetime64]:
    """First and last moment of the old CRM."""
    return np.datetime64(f"{rules.first_year}-01-01", "s"), np.datetime64(f"{rules.last_year}-12-31", "s")


def write_legacy_crm(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Write customers, their change history and the list of their files."""
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    rules = world.channels.legacy_crm
    count = world.channels.scales[world.company.scale].legacy_customers
    rng = generator(world.company.seed, Stream.LEGACY_CRM)
    drawn = draw_legacy_customers(rng, world, count)
    records, picks = drawn.records, drawn.picks.tolist()
    keys = records["key"].tolist()
    truth.cluster(SYSTEM, CUSTOMERS, keys, records["true_customer_id"].tolist())
    created, last = times(records, "created_at"), _period(rules)[1]
    form = records["date_form"].tolist()
    dates = [written_dates(created, each) for each in rules.date_formats]
    names, phones, addresses = records["name"].tolist(), texts(records["phone"]), texts(records["address"])
    contact_names, emails, titles = texts(records["contact_name"]), texts(records["email"]), texts(records["title"])
    owners = world.reps

    def customers() -> Iterable[str]:
        for row, (headcount, industry, grade, owner) in enumerate(picks):
            record = {
                "客户编号": keys[row],
                "客户名称": names[row],
                "人数规模": rules.headcounts[headcount % len(rules.headcounts)],
                "行业": rules.industries[industry % len(rules.industries)],
                "等级": _GRADES[grade % len(_GRADES)],
                "建档日期": dates[form[row]][row],
                "负责人": owners[owner % len(owners)],
                "地址": addresses[row],
                "联系人": {"姓名": contact_names[row], "电话": phones[row], "职务": titles[row], "邮箱": emails[row]},
            }
            yield json.dumps(record, ensure_ascii=False)

    broken = np.sort(rng.choice(np.arange(1, count), rules.malformed_lines, replace=False)).tolist()
    _write(target / "customers.jsonl", customers(), broken, truth, CUSTOMERS)
    truth.count(SYSTEM, CUSTOMERS, rows=count, broken_lines=len(broken))
    _write_changes(target, world, rng, keys, created, last, truth)
    _write_attachments(target, world, rng, keys, created, truth)


def _write_changes(
    target: Path, world: World, rng: np.random.Generator, keys: list[str], created: Times, last: np.datetime64,
    truth: ChannelTruth,
) -> None:  # fmt: skip
    count = round(len(keys) * world.channels.legacy_crm.changes_per_customer)
    row = np.sort(rng.integers(0, len(keys), count))
    changed = created[row] + seconds(rng.random(count) * (last - created[row]).astype(np.int64))
    times = written_dates(changed, "dash")
    picks = rng.integers(0, 1 << 20, (count, 3)).tolist()
    reps = world.reps
    lines = (
        json.dumps(
            {
                "变更编号": number,
                "客户编号": keys[row[number - 1]],
                "字段": _CHANGED_FIELDS[field % len(_CHANGED_FIELDS)],
                "原值": _GRADES[old % len(_GRADES)] if field % len(_CHANGED_FIELDS) == 3 else f"旧值{old % 1000}",
                "新值": _GRADES[(old + 1) % len(_GRADES)] if field % len(_CHANGED_FIELDS) == 3 else f"新值{old % 997}",
                "修改时间": times[number - 1],
                "修改人": reps[who % len(reps)],
            },
            ensure_ascii=False,
        )
        for number, (field, old, who) in enumerate(picks, start=1)
    )
    _write(target / "change_history.jsonl", lines, [], truth, CHANGES)
    truth.count(SYSTEM, CHANGES, rows=count)


def _write_attachments(
    target: Path, world: World, rng: np.random.Generator, keys: list[str], created: Times, truth: ChannelTruth
) -> None:
    count = round(len(keys) * world.channels.legacy_crm.attachment_share)
    row = np.sort(rng.integers(0, len(keys), count))
    times = written_dates(created[row] + seconds(rng.integers(0, 400, count) * _DAY_SECONDS), "slash")
    picks = rng.integers(0, 1 << 24, (count, 2)).tolist()
    lines = (
        json.dumps(
            {
                "附件编号": f"F{number:07d}",
                "客户编号": keys[row[number - 1]],
                "文件名": _FILES[kind % len(_FILES)][0],
                "类型": _FILES[kind % len(_FILES)][1],
                "用途": _FILES[kind % len(_FILES)][2],
                "大小": 2_000 + size % 4_000_000,
                "链接": f"https://files.huaxing.example/legacy/{keys[row[number - 1]]}/F{number:07d}",
                "上传时间": times[number - 1],
            },
            ensure_ascii=False,
        )
        for number, (kind, size) in enumerate(picks, start=1)
    )
    _write(target / "attachments.jsonl", lines, [], truth, ATTACHMENTS)
    truth.count(SYSTEM, ATTACHMENTS, rows=count)


def _write(path: Path, lines: Iterable[str], broken: list[int], truth: ChannelTruth, entity: str) -> None:
    """Write the lines with a broken one before each of some rows (from 0)."""
    at = set(broken)
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for row, line in enumerate(lines):
            if row in at:
                written += 1
                file.write(_BROKEN[written % len(_BROKEN)] + "\n")
                truth.broken(SYSTEM, entity, path.name, [written], "not_a_json_object")
            written += 1
            file.write(line + "\n")
