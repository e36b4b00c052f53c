"""Where companies really are and how they are reached; each system knows some of it and types it in its own way."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.company_name import CompanyName
from cockpit.demo.draw import Ints
from cockpit.demo.profile import City, Profile
from cockpit.demo.profile_facts import AddressHabits, FactsFile
from cockpit.demo.profile_people import load_people
from cockpit.domain.normalise.addresses.divisions import Division, read_divisions
from cockpit.rulebook.workspace import REPOSITORY

ADDRESS_STYLES = 6

_DIVISIONS = REPOSITORY / "include" / "rules" / "normalisation" / "divisions.csv"
# Beijing, Tianjin, Shanghai and Chongqing: their districts lie below the province.
_MUNICIPALITIES = ("11", "12", "31", "50")


@dataclass(frozen=True)
class Place:
    """An address in its parts, with their official names; empty where there is none."""

    province: str
    city: str
    district: str
    street: str
    room: str


@dataclass(frozen=True)
class _Town:
    """What the addresses of a city begin with."""

    province: str
    city: str
    districts: tuple[str, ...]


@dataclass(frozen=True)
class Related:
    """Companies that share facts, by position.

    Attributes:
        parents: Company -> the one that it is a branch or subsidiary of.
        agents: Company -> number of its book-keeping agent.
    """

    parents: Mapping[int, int]
    agents: Mapping[int, int]


def make_facts(
    rng: np.random.Generator,
    rules: FactsFile,
    profile: Profile,
    names: Sequence[CompanyName],
    ids: Ints,
    city: Ints,
    related: Related,
) -> pd.DataFrame:
    """Draw the facts.

    Args:
        rng: Of these companies.
        rules: How many share or lack what.
        profile: Regions and their cities.
        names: Of the companies.
        ids: Their true ids, which keep their domains apart.
        city: Position of each one's city over all regions.
        related: Who shares facts with whom.

    Returns:
        Grain: one row per company: host (its domain), mailbox (null without one), place, former_place (a Place; null
        when it never moved).
    """
    host = _hosts(rng, names, ids)
    places = _places(rng, rules.addresses, profile, city)
    for child, parent in _some(rng, rules.groups.domain_share, related.parents):
        host[child] = host[parent]
    for child, parent in _some(rng, rules.groups.address_share, related.parents):
        places[child] = places[parent]
    first_of = _first_firms(related.agents)
    for firm, agent in _some(rng, rules.agents.address_share, related.agents):
        places[firm] = places[first_of[agent]]
    former = _former_places(rng, rules.addresses, profile, city)
    return pd.DataFrame(
        {
            "host": pd.Series(host, dtype=object),
            "mailbox": pd.Series(_mailboxes(rng, rules, host, related.agents), dtype=object),
            "place": pd.Series(places, dtype=object),
            "former_place": pd.Series(former, dtype=object),
        }
    )


def typed_address(place: Place, style: int) -> str:
    """An address as users type it; style 0 to `ADDRESS_STYLES` - 1, from everything to the street alone."""
    street = place.street
    match style:
        case 1:
            return f"{place.province}{place.city}{place.district}{street}{place.room}"
        case 2:
            return f"{place.city}{place.district}{street}"
        case 3:
            return f"{place.province} {place.city} {place.district} {street}{place.room}".strip().replace("  ", " ")
        case 4:
            return f"{place.city}{street}{place.room}"
        case 5:
            return f"{place.district}{street}"
        case _other:
            return f"{place.province}{place.city}{place.district}{street}"


def brand_syllables(name: CompanyName) -> str:
    """The brand in pinyin without tones."""
    syllables = load_people().contacts.brand_syllables
    return "".join(syllables[character] for character in name.brand)


@functools.cache
def pinyin_of_city(name: str) -> str:
    """A city's short name in pinyin, `Shanghai`; the name itself when it is no city."""
    for division in _divisions().values():
        if division.level in ("province", "city") and division.short_name == name and division.pinyin:
            return division.pinyin.capitalize()
    return name


def _hosts(rng: np.random.Generator, names: Sequence[CompanyName], ids: Ints) -> list[str]:
    """The companies' domains, `huaxin21.com`: no two companies are given the same one."""
    suffixes = load_people().contacts.company_mail_suffixes
    picks = rng.integers(0, len(suffixes), len(names)).tolist()
    # Brands repeat; the number keeps different companies apart.
    return [
        f"{brand_syllables(name)}{number % 1_000_000}{suffixes[pick]}"
        for name, number, pick in zip(names, ids.tolist(), picks, strict=True)
    ]


def _mailboxes(
    rng: np.random.Generator, rules: FactsFile, host: Sequence[str], agents: Mapping[int, int]
) -> list[str | None]:
    """One address per company; an agent has one for all its firms."""
    count, mail = len(host), rules.mail
    free = load_people().contacts.free_mail_domains
    kind, word = rng.random(count).tolist(), rng.integers(0, len(mail.mailboxes), count).tolist()
    number = rng.integers(100_000, 2_000_000_000, count).tolist()
    first_of = _first_firms(agents)
    boxes: list[str | None] = []
    for place, (k, w, n) in enumerate(zip(kind, word, number, strict=True)):
        if place in agents:
            boxes.append(f"{number[first_of[agents[place]]]}@{free[0]}")
        elif k < mail.own_domain_share:
            boxes.append(f"{mail.mailboxes[w]}@{host[place]}")
        elif k < mail.own_domain_share + mail.free_mail_share:
            boxes.append(f"{n}@{free[n % len(free)]}")
        else:
            boxes.append(None)
    return boxes


def _places(rng: np.random.Generator, rules: AddressHabits, profile: Profile, city: Ints) -> list[Place]:
    towns = _towns(profile)
    count = len(city)
    district, road = rng.integers(0, 1 << 16, count).tolist(), rng.integers(0, len(rules.roads), count).tolist()
    number = rng.integers(1, rules.highest_number, count, endpoint=True).tolist()
    has_room = (rng.random(count) < rules.room_share).tolist()
    building, room = rng.integers(1, 20, count).tolist(), rng.integers(101, 3000, count).tolist()
    places: list[Place] = []
    for at, d, r, n, inside, b, o in zip(city.tolist(), district, road, number, has_room, building, room, strict=True):
        town = towns[at]
        places.append(
            Place(
                province=town.province,
                city=town.city,
                district=town.districts[d % len(town.districts)] if town.districts else "",
                street=f"{rules.roads[r]}{n}号",
                room=f"{b}栋{o}室" if inside else "",
            )
        )
    return places


def _former_places(rng: np.random.Generator, rules: AddressHabits, profile: Profile, city: Ints) -> list[Place | None]:
    """Where the companies were that have moved: in the same city, now and then in another one of the region."""
    count = len(city)
    has_moved = rng.random(count) < rules.moved_share
    neighbours = np.concatenate(
        [np.roll(np.arange(len(region.cities)), 1) - np.arange(len(region.cities)) for region in profile.regions]
    )
    came_from = np.where(rng.random(count) < rules.moved_away_share, city + neighbours[city], city)
    moved = np.flatnonzero(has_moved)
    former: list[Place | None] = [None] * count
    for at, place in zip(moved.tolist(), _places(rng, rules, profile, came_from[moved]), strict=True):
        former[at] = place
    return former


def _some(rng: np.random.Generator, share: float, pairs: Mapping[int, int]) -> list[tuple[int, int]]:
    """A random part of the pairs, in their order."""
    chosen = rng.random(len(pairs)) < share
    return [pair for pair, is_chosen in zip(pairs.items(), chosen.tolist(), strict=True) if is_chosen]


def _first_firms(agents: Mapping[int, int]) -> dict[int, int]:
    """Agent -> the first of its firms, at which it has its own office."""
    first: dict[int, int] = {}
    for firm, agent in agents.items():
        first.setdefault(agent, firm)
    return first


def _towns(profile: Profile) -> list[_Town]:
    """What addresses begin with, for each city over all regions."""
    return [_town(city) for region in profile.regions for city in region.cities]


@functools.cache
def _town(city: City) -> _Town:
    code = city.division_code
    divisions = _divisions()
    province = divisions[f"{code[:2]}0000"].name
    if code[:2] in _MUNICIPALITIES:
        return _Town("", province, _districts(code[:2]))
    return _Town(province, divisions[f"{code[:4]}00"].name, _districts(code[:4]))


def _districts(prefix: str) -> tuple[str, ...]:
    """Names of the districts whose code begins so."""
    return tuple(
        division.name
        for code, division in _divisions().items()
        if code.startswith(prefix) and division.level == "district" and len(code) == 6 and not division.successor_code
    )


@functools.cache
def _divisions() -> dict[str, Division]:
    return {division.code: division for division in read_divisions(_DIVISIONS.read_text(encoding="utf-8"))}
