"""Names and numbers of private people, as web shops and messengers have them."""

from __future__ import annotations

import numpy as np

from cockpit.demo.apis.profile import Shop
from cockpit.demo.draw import Ints
from cockpit.demo.profile import Profile

UNKNOWN, MALE, FEMALE = 0, 1, 2
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
