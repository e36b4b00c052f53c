"""Texts as people type them, many and nearly all different, from the words of the demo company."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import yaml

from cockpit.demo.credit_code import make_codes
from cockpit.stack.settings import REPOSITORY

_RULES = REPOSITORY / "include" / "rules"
_SEED = 20260305
_FULL_WIDTH = {ord(half): ord(half) + 0xFEE0 for half in "0123456789()-."}
_TRADITIONAL = str.maketrans("华联达东亿电机铁装备", "華聯達東億電機鐵裝備")
_DIGITS = "零一二三四五六七八九"


def make(kind: str, count: int) -> list[str]:
    """This many texts of a kind; always the same ones."""
    texts = _MAKERS[kind](Random(f"{_SEED} {kind}"))
    return [next(texts) for _number in range(count)]


def _words(name: str) -> Mapping[str, Any]:
    words: Mapping[str, Any] = yaml.safe_load((_RULES / "demo" / name).read_text(encoding="utf-8"))
    return words


def _cities() -> list[Mapping[str, str]]:
    return [city for region in _words("regions.yml")["regions"] for city in region["cities"]]


def _companies(draw: Random) -> Iterator[str]:
    names = _words("names.yml")
    brand = "".join(names["brand_characters"].split())
    trades = [trade["word"] for trade in names["trades"]] + ["科技", "实业", "贸易", "信息技术", "工程", "物流"]
    forms = [form["word"] for form in names["legal_forms"]]
    cities = [city["name"] for city in _cities()]
    latin = ["Apex", "Global", "Sino", "Star", "Delta", "Nova", "Orient", "United", "Pacific", "Vertex"]
    while True:
        city, trade, form = draw.choice(cities), draw.choice(trades), draw.choice(forms)
        core = "".join(draw.sample(brand, draw.choice((2, 2, 2, 3))))
        kind = draw.random()
        if kind < 0.60:
            yield f"{city}{core}{trade}{form}"
        elif kind < 0.75:
            yield f"{core}（{city}）{trade}{form}"
        elif kind < 0.80:
            yield f"{core}({city}){trade}{form}{draw.choice(cities)}分公司"
        elif kind < 0.85:
            yield f"{city}{core}{trade}{form}".translate(_TRADITIONAL)
        elif kind < 0.90:
            yield f" {city}市{core} {trade}{form} "
        elif kind < 0.95:
            yield f"{core}{trade}"
        else:
            suffix = draw.choice(("Co., Ltd.", "Inc.", "GmbH", "Limited"))
            yield f"{draw.choice(latin)} {draw.choice(latin)} {draw.randrange(1000)} {suffix}"


def _phones(draw: Random) -> Iterator[str]:
    prefixes = _words("names.yml")["mobile_prefixes"]
    cities = _cities()
    while True:
        mobile = f"{draw.choice(prefixes)}{draw.randrange(10**8):08d}"
        city = draw.choice(cities)
        digits = int(city["phone_digits"])
        line = f"{draw.randrange(2, 9)}{draw.randrange(10 ** (digits - 1)):0{digits - 1}d}"
        kind = draw.random()
        if kind < 0.70:
            yield mobile
        elif kind < 0.76:
            yield f"+86 {mobile[:3]} {mobile[3:7]} {mobile[7:]}"
        elif kind < 0.80:
            yield f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}"
        elif kind < 0.90:
            yield f"{city['area_code']}-{line}"
        elif kind < 0.93:
            yield f"({city['area_code']}){line}转{draw.randrange(100, 9999)}"
        elif kind < 0.96:
            yield f"手机：{mobile.translate(_FULL_WIDTH)}"
        elif kind < 0.98:
            yield f"{mobile}/{city['area_code']}-{line}"
        else:
            yield mobile[:-1]


def _amounts(draw: Random) -> Iterator[str]:
    while True:
        amount = draw.randrange(100, 10**9)
        kind = draw.random()
        if kind < 0.45:
            yield f"{amount / 100:.2f}"
        elif kind < 0.60:
            yield str(amount // 100)
        elif kind < 0.75:
            yield f"{amount / 100:,.2f}"
        elif kind < 0.80:
            yield f"¥{amount / 1_000_000:.2f}万"
        elif kind < 0.85:
            yield f"{amount / 1_000_000:.1f}w"
        elif kind < 0.90:
            yield f"{amount // 100:,}元"
        elif kind < 0.94:
            yield _chinese(amount % 100_000_000)
        elif kind < 0.96:
            yield f"USD {amount / 100_000:.1f}k"
        elif kind < 0.98:
            yield f"（{amount / 100:,.2f}）"
        elif kind < 0.99:
            yield str(amount // 100).translate(_FULL_WIDTH)
        else:
            yield draw.choice(("面议", "约50万", "10-20万", "待定")) + " " * draw.randrange(3)


def _chinese(number: int) -> str:
    """A number below 10**8 in Chinese, as a person writes it."""
    high, low = divmod(number, 10_000)
    text = (_thousands(high) + "万" if high else "") + ("零" if high and 0 < low < 1000 else "") + _thousands(low)
    return text or "零"


def _thousands(number: int) -> str:
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    return text


def _addresses(draw: Random) -> Iterator[str]:
    rows = list(csv.DictReader((_RULES / "normalisation" / "divisions.csv").open(encoding="utf-8")))
    by_code = {row["code"]: row for row in rows}
    districts = [row for row in rows if row["level"] == "district" and row["parent_code"] in by_code]
    roads = _words("company_facts.yml")["addresses"]["roads"]
    latin = ["Shanghai, China", "Shenzhen, Guangdong", "Beijing", "Hangzhou, Zhejiang, P.R. China", "Suzhou, Jiangsu"]
    while True:
        district = draw.choice(districts)
        city = by_code[district["parent_code"]]
        # A district of a municipality, or one that a province governs itself, has no third name.
        province = by_code[city["parent_code"]]["name"] if city["parent_code"] in by_code else ""
        rest = f"{draw.choice(roads)}{draw.randrange(1, 1999)}号{draw.randrange(1, 40)}楼{draw.randrange(100, 2999)}室"
        kind = draw.random()
        if kind < 0.45:
            yield f"{province}{city['name']}{district['name']}{rest}"
        elif kind < 0.65:
            yield f"{city['name']}{district['name']}{rest}"
        elif kind < 0.80:
            yield f"{city['short_name']}{district['name']}{rest}"
        elif kind < 0.86:
            yield f"{province} {city['name']} {rest}"
        elif kind < 0.92:
            yield f"中国{province}{city['name']}{rest}（{draw.randrange(100000, 999999)}）"
        elif kind < 0.96:
            yield rest
        else:
            yield f"Room {draw.randrange(3000)}, No. {draw.randrange(2000)} Renmin Road, {draw.choice(latin)}"


def _credit_codes(draw: Random) -> Iterator[str]:
    divisions = [city["division_code"] for city in _cities()]
    while True:
        chosen = [draw.choice(divisions) for _number in range(10_000)]
        serials = np.array([draw.randrange(10**8) for _number in chosen], dtype=np.int64)
        for code in make_codes(chosen, serials):
            kind = draw.random()
            if kind < 0.85:
                yield code
            elif kind < 0.90:
                yield code.lower()
            elif kind < 0.95:
                yield f"{code[:8]}-{code[8:]} "
            else:
                yield code[:17] + draw.choice("0123456789X")


_MAKERS: Mapping[str, Callable[[Random], Iterator[str]]] = {
    "company": _companies,
    "phone": _phones,
    "amount": _amounts,
    "address": _addresses,
    "credit-code": _credit_codes,
}
KINDS = tuple(_MAKERS)
RULES: Path = _RULES / "normalisation"
