"""Names and numbers of private people, as web shops and messengers have them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.apis.profile import Shop
from cockpit.demo.draw import Ints, sample
from cockpit.demo.profile import Profile

UNKNOWN, MALE, FEMALE = 0, 1, 2
# Ids where there is none.
NO_CUSTOMER = NO_CONTACT = -1
_UNKNOWN_GENDER_SHARE = 0.08


def draw_names(rng: np.random.Generator, rules: Shop, count: int) -> list[str]:
    """Chinese names of two or three characters."""
    surnames = rng.integers(0, len(rules.surnames), count).tolist()
    given = rng.integers(0, len(rules.given_names), (count, 2)).tolist()
    is_short = (rng.random(count) < 0.35).tolist()
    # A table of all given names makes each name two look-ups instead of two concatenations.
    pairs = [[first + second for second in rules.given_names] for first in rules.given_names]
    return [
        rules.surnames[surname] + (rules.given_names[first] if short else pairs[first][second])
        for surname, (first, second), short in zip(surnames, given, is_short, strict=True)
    ]


def draw_genders(rng: np.random.Generator, rules: Shop, count: int) -> Ints:
    """0 unknown, 1 male, 2 female."""
    gender = np.where(rng.random(count) < rules.female_share, FEMALE, MALE)
    return np.where(rng.random(count) < _UNKNOWN_GENDER_SHARE, UNKNOWN, gender).astype(np.int64)


def draw_mobiles(rng: np.random.Generator, profile: Profile, count: int) -> list[str]:
    """Mobile numbers, some with the country's code or with dashes."""
    prefixes = profile.names.mobile_prefixes
    prefix = rng.integers(0, len(prefixes), count).tolist()
    rest = rng.integers(20_000_000, 90_000_000, count).tolist()
    style = rng.integers(0, 6, count).tolist()
    templates = ("{}{}", "{}{}", "{}{}", "{}{}", "+86{}{}", "{}-{}")
    return [
        templates[how].format(prefixes[first], second) for first, second, how in zip(prefix, rest, style, strict=True)
    ]


def at_customers(rng: np.random.Generator, contacts: pd.DataFrame, count: int) -> pd.DataFrame:
    """Up to `count` of the persons at the customers, each once.

    Args:
        rng: The table's generator.
        contacts: See `cockpit.demo.people.make_contacts`.
        count: Persons wanted.

    Returns:
        contact_id and customer_id (the true ones), name, gender (0 to 2), phone (null when unknown), owner_username,
        known_at.
    """
    rows = contacts.iloc[sample(rng, np.arange(len(contacts)), count)]
    gender = np.select([rows["gender"] == "male", rows["gender"] == "female"], [MALE, FEMALE], default=UNKNOWN)
    return pd.DataFrame(
        {
            "contact_id": rows["true_contact_id"].to_numpy(dtype=np.int64),
            "customer_id": rows["customer_id"].to_numpy(dtype=np.int64),
            "name": rows["name"].to_numpy(dtype=object),
            "gender": gender,
            "phone": rows["phone"].to_numpy(dtype=object),
            "owner_username": rows["owner_username"].to_numpy(dtype=object),
            "known_at": rows["created_at"].to_numpy(),
        }
    )


def newly_met(rng: np.random.Generator, rules: Shop, customers: pd.DataFrame, count: int) -> pd.DataFrame:
    """Persons at known customers whom nobody has met before; columns as `at_customers`.

    Args:
        rng: The day's generator.
        rules: What people are called.
        customers: customer_id, phone, owner_username; known_at is left to the caller's `since`.
        count: Persons wanted.
    """
    rows = customers.iloc[rng.integers(0, len(customers), count)]
    return pd.DataFrame(
        {
            "contact_id": np.full(count, NO_CONTACT),
            "customer_id": rows["customer_id"].to_numpy(dtype=np.int64),
            "name": pd.Series(draw_names(rng, rules, count), dtype=object),
            "gender": draw_genders(rng, rules, count),
            "phone": rows["phone"].to_numpy(dtype=object),
            "owner_username": rows["owner_username"].to_numpy(dtype=object),
            "known_at": np.full(count, np.datetime64(0, "s")),
        }
    )
