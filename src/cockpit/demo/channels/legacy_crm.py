"""The export of the CRM that was switched off years ago: JSON lines in its own formats, with changes and files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.world import World, texts, typed_names, typed_phones, written_dates
from cockpit.demo.draw import Stream, Times, choose, generator, seconds

FOLDER = "legacy_crm"
SYSTEM = "legacy_crm"
CUSTOMERS, CHANGES, ATTACHMENTS = "legacy_customer", "legacy_change", "legacy_attachment"

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


def write_legacy_crm(folder: Path, world: World, truth: ChannelTruth) -> None:
    """Write customers, their change history and the list of their files."""
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    rules = world.channels.legacy_crm
    count = world.channels.scales[world.company.scale].legacy_customers
    rng = generator(world.company.seed, Stream.LEGACY_CRM)
    keys = [f"L{number:06d}" for number in range(1, count + 1)]
    people = world.draw_people(rng, count, rules.customer_share)
    truth.cluster(SYSTEM, CUSTOMERS, keys, people["customer_id"].tolist())
    first = np.datetime64(f"{rules.first_year}-01-01", "s")
    last = np.datetime64(f"{rules.last_year}-12-31", "s")
    created = np.sort(first + seconds(rng.random(count) * (last - first).astype(np.int64)))
    form = choose(rng, [1.0] * len(rules.date_formats), count).tolist()
    dates = [written_dates(created, each) for each in rules.date_formats]
    names = typed_names(rng, [str(name) for name in people["company"].tolist()])
    phones = typed_phones(rng, texts(people["phone"]))
    picks = rng.integers(0, 1 << 20, (count, 4)).tolist()
    contact_names, emails, titles = texts(people["name"]), texts(people["email"]), texts(people["title"])
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
