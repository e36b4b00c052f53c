"""Pairs of records with near names that are different companies: what no machine may put together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import numpy as np
import pandas as pd

from cockpit.demo.company_facts import brand_syllables
from cockpit.demo.company_name import CompanyName
from cockpit.demo.draw import Ints, column
from cockpit.demo.groups import HOMOPHONE, SAME_BRAND

OTHER_TRADE = "same_brand_other_trade"
ONE_CHARACTER = "one_character"

PAIR_COLUMNS = ("left_source", "left_key", "right_source", "right_key", "kind")


def trap_pairs(
    rng: np.random.Generator, share: float, companies: pd.DataFrame, planted: pd.DataFrame, records: pd.DataFrame
) -> pd.DataFrame:
    """The planted neighbours and as many of those that chance has made, as pairs of records.

    Args:
        rng: Chooses among the neighbours by chance.
        share: How many of these per kind, of the companies.
        companies: true_customer_id and `name` (a CompanyName).
        planted: left_customer_id, right_customer_id (true ones) and kind.
        records: Grain: one row per record: source, key, true_customer_id. Every record of one company stands in a
            pair with every record of its neighbour.

    Returns:
        Grain: one row per pair: `PAIR_COLUMNS`; a pair of records once, with the kind that was planted first.
    """
    neighbours = pd.concat([planted, _by_chance(rng, round(share * len(companies)), companies)], ignore_index=True)
    left, right = (
        records.add_prefix(f"{side}_").rename(columns={f"{side}_true_customer_id": f"{side}_customer_id"})
        for side in ("left", "right")
    )
    pairs = neighbours.merge(left, on="left_customer_id").merge(right, on="right_customer_id")
    columns = list(PAIR_COLUMNS)
    pairs = pairs[pairs["left_customer_id"] != pairs["right_customer_id"]]
    return pairs[columns].drop_duplicates(columns[:-1], ignore_index=True)


def _by_chance(rng: np.random.Generator, count: int, companies: pd.DataFrame) -> pd.DataFrame:
    names, ids = companies["name"].tolist(), column(companies, "true_customer_id")
    # A branch has its company's name already.
    whole = [place for place, name in enumerate(names) if not name.branch]
    order = rng.permutation(np.array(whole, dtype=np.int64)).tolist()
    parts = [
        _pairs(SAME_BRAND, ids, _neighbours(names, order, count, lambda name: (name.brand, name.trade), _city)),
        _pairs(OTHER_TRADE, ids, _neighbours(names, order, count, lambda name: (name.city, name.brand), _trade)),
        _one_character(names, order, count, ids),
    ]
    return pd.concat(parts, ignore_index=True)


def _one_character(names: list[CompanyName], order: list[int], count: int, ids: Ints) -> pd.DataFrame:
    """The first or the second character of the brand is another one, in the same city and trade."""
    found = [
        *_neighbours(names, order, count // 2, lambda name: (name.city, name.trade, name.brand[0], ""), _brand),
        *_neighbours(names, order, count // 2, lambda name: (name.city, name.trade, "", name.brand[1:]), _brand),
    ]
    pairs = _pairs(ONE_CHARACTER, ids, found)
    sounds_alike = [brand_syllables(names[left]) == brand_syllables(names[right]) for left, right in found]
    pairs.loc[sounds_alike, "kind"] = HOMOPHONE
    return pairs


def _neighbours(
    names: list[CompanyName],
    order: Iterable[int],
    count: int,
    same: Callable[[CompanyName], Hashable],
    other: Callable[[CompanyName], str],
) -> list[tuple[int, int]]:
    """Up to `count` pairs that are the same in one way and differ in another; each company with the one before it."""
    latest: dict[Hashable, int] = {}
    found: list[tuple[int, int]] = []
    for place in order:
        key = same(names[place])
        before = latest.get(key)
        latest[key] = place
        if before is not None and other(names[before]) != other(names[place]):
            found.append((before, place))
            if len(found) == count:
                break
    return found


def _pairs(kind: str, ids: Ints, found: list[tuple[int, int]]) -> pd.DataFrame:
    places = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pd.DataFrame(
        {
            "left_customer_id": ids[places[:, 0]],
            "right_customer_id": ids[places[:, 1]],
            "kind": pd.Series([kind] * len(found), dtype=object),
        }
    )


def _city(name: CompanyName) -> str:
    return name.city


def _trade(name: CompanyName) -> str:
    return name.trade


def _brand(name: CompanyName) -> str:
    return name.brand
