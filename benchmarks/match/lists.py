"""Two made lists with known truth, persons and US-style companies, that no rule file was tuned on.

Both hold what makes such lists hard: households and group companies that share phone and address without being the
same, namesakes, and duplicates that differ in name, place or both. `python -m benchmarks.match.lists FOLDER` writes
them as CSV; the column `cluster` is the truth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import yaml

Record = dict[str, str | None]

_SEED = 20261122
_WORDS: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "list_words.yml").read_text(encoding="utf-8"))
_NEAR_KEYS: Mapping[str, str] = {
    "a": "sqz",
    "b": "vgn",
    "c": "xvk",
    "d": "sfe",
    "e": "wri",
    "f": "dgv",
    "g": "fhj",
    "h": "gjn",
    "i": "uoy",
    "k": "jlc",
    "l": "kop",
    "m": "nk",
    "n": "bmh",
    "o": "ipu",
    "p": "ol",
    "r": "etf",
    "s": "adz",
    "t": "ryd",
    "u": "yio",
    "v": "cbw",
    "w": "eqv",
    "y": "tui",
    "z": "xas",
}
_SOUNDS = (("ph", "f"), ("ck", "k"), ("ee", "ea"), ("ie", "ei"), ("ll", "l"), ("nn", "n"), ("tt", "t"), ("c", "k"))


def persons(count: int, seed: int = _SEED) -> pd.DataFrame:
    """This many records of persons from several lists, in random order."""
    draw = Random(f"{seed} persons")
    people = _people(draw)
    return _listed(draw, count, people, lambda person: _person_record(draw, person))


def companies(count: int, seed: int = _SEED) -> pd.DataFrame:
    """This many records of companies from several lists, in random order."""
    draw = Random(f"{seed} companies")
    firms = _firms(draw)
    return _listed(draw, count, firms, lambda firm: _firm_record(draw, firm))


def _listed(draw: Random, count: int, entities: Iterable[Any], write: Callable[[Any], Record]) -> pd.DataFrame:
    """One to six records of each entity; half of the entities stand in one list only."""
    rows: list[Record] = []
    for cluster, entity in enumerate(entities):
        copies = draw.choices((1, 2, 3, 4, 5, 6), weights=(50, 24, 13, 7, 4, 2))[0]
        rows.extend({**write(entity), "cluster": str(cluster)} for _copy in range(copies))
        if len(rows) >= count:
            break
    rows = rows[:count]
    draw.shuffle(rows)
    return pd.DataFrame([{"record_id": str(number), **row} for number, row in enumerate(rows)])


@dataclass(frozen=True)
class _Place:
    number: str
    street: str
    kind: str
    unit: str
    city: str
    state: str
    postcode: str
    area_code: str


def _place(draw: Random, city: Sequence[str] | None = None) -> _Place:
    name, state, zone, area_code = city or draw.choice(_WORDS["cities"])
    return _Place(
        number=str(draw.randrange(1, 9900)),
        street=draw.choice(_WORDS["streets"].split()).replace("-", " "),
        kind=draw.choice(list(_WORDS["street_kinds"])),
        unit=f"{draw.choice(('Apt', 'Unit', 'Ste'))} {draw.randrange(1, 400)}" if draw.random() < 0.25 else "",
        city=name,
        state=state,
        postcode=f"{zone}{draw.randrange(1, 60):02d}",
        area_code=area_code,
    )


def _phone(draw: Random, area_code: str) -> str:
    return f"{area_code}{draw.randrange(2, 10)}{draw.randrange(10**6):06d}"


@dataclass(frozen=True)
class _Person:
    first_name: str
    middle_name: str
    surname: str
    suffix: str
    gender: str
    birth_date: date
    place: _Place
    phone: str
    email: str
    # What they were or became: lists of different years differ in these.
    other_surname: str
    other_place: _Place
    other_phone: str


def _people(draw: Random) -> Iterable[_Person]:
    """Alone, or in households whose members share a surname, the address and often the phone."""
    surnames = _WORDS["surnames"].split()
    weights = [1 / (place + 6) for place in range(len(surnames))]
    while True:
        surname = draw.choices(surnames, weights=weights)[0]
        first = _person(draw, surname)
        yield first
        kind = draw.random()
        if kind < 0.18:
            # A couple.
            yield _relative(draw, first, "m" if first.gender == "f" else "f", draw.randrange(-2500, 2500))
        elif kind < 0.22:
            # Twins: same birth date and surname, names of their own.
            yield _relative(draw, first, draw.choice("fm"), 0)
        elif kind < 0.26 and first.gender == "m":
            # Father and son of one name.
            son = _relative(draw, first, "m", draw.randrange(8000, 12000))
            yield replace(son, first_name=first.first_name, suffix="Jr", email=_email(draw, first))


def _person(draw: Random, surname: str) -> _Person:
    gender = draw.choice("fm")
    place = _place(draw)
    moved = _place(draw, None if draw.random() < 0.4 else _city_of(place))
    given = list(_WORDS["first_names"][gender])
    person = _Person(
        first_name=draw.choice(given),
        middle_name=draw.choice(given) if draw.random() < 0.7 else "",
        surname=surname.replace("-", " ") if draw.random() < 0.5 else surname,
        suffix="",
        gender=gender,
        birth_date=date(1935, 1, 1) + timedelta(days=draw.randrange(70 * 365)),
        place=place,
        phone=_phone(draw, place.area_code),
        email="",
        other_surname=draw.choice(_WORDS["surnames"].split()) if gender == "f" and draw.random() < 0.3 else "",
        other_place=moved,
        other_phone=_phone(draw, moved.area_code),
    )
    return replace(person, email=_email(draw, person))


def _city_of(place: _Place) -> list[str]:
    return [place.city, place.state, place.postcode[:3], place.area_code]


def _relative(draw: Random, person: _Person, gender: str, days_later: int) -> _Person:
    other = replace(
        person,
        first_name=draw.choice([name for name in _WORDS["first_names"][gender] if name != person.first_name]),
        middle_name=draw.choice(list(_WORDS["first_names"][gender])) if draw.random() < 0.7 else "",
        gender=gender,
        birth_date=person.birth_date + timedelta(days=days_later),
        phone=person.phone if draw.random() < 0.6 else _phone(draw, person.place.area_code),
        other_surname="",
    )
    return replace(other, email=person.email if draw.random() < 0.1 else _email(draw, other))


def _email(draw: Random, person: _Person) -> str:
    first, last = person.first_name.lower(), person.surname.lower().replace("'", "").replace(" ", "").replace("-", "")
    local = draw.choice((f"{first}.{last}", f"{first[0]}{last}", f"{first}{last[0]}", f"{last}{first[0]}"))
    number = draw.choice(("", str(person.birth_date.year % 100), str(draw.randrange(1000))))
    return f"{local}{number}@{draw.choice(_WORDS['mailboxes'])}"


def _person_record(draw: Random, person: _Person) -> Record:
    """One list's view of a person: an older or newer state, in the list's form, with errors."""
    has_moved = draw.random() < 0.22
    place = person.other_place if has_moved else person.place
    phone = person.other_phone if has_moved and draw.random() < 0.7 else person.phone
    surname = person.other_surname if person.other_surname and draw.random() < 0.4 else person.surname
    first = person.first_name
    called = _WORDS["first_names"][person.gender][first]
    kind = draw.random()
    if called and kind < 0.22:
        first = draw.choice(called)
    elif kind < 0.28:
        first = first[0] + draw.choice(("", "."))
    middle = person.middle_name if draw.random() < 0.5 else person.middle_name[:1]
    if person.suffix and draw.random() < 0.6:
        surname = f"{surname} {person.suffix}"
    first, surname = _mistyped(draw, first, 0.10), _mistyped(draw, surname, 0.10)
    if draw.random() < 0.02:
        first, surname = surname, first
    record: Record = {
        "first_name": first,
        "middle_name": middle,
        "last_name": surname,
        "birth_date": _birth_date(draw, person.birth_date),
        "address": _street(draw, place),
        "city": _mistyped(draw, place.city, 0.04),
        "state": place.state,
        "postcode": _misdialled(draw, place.postcode, 0.04),
        "phone": _written_phone(draw, _misdialled(draw, phone, 0.05)),
        "email": _mistyped(draw, person.email, 0.06).lower() if draw.random() < 0.85 else _email(draw, person),
    }
    if draw.random() < 0.2:
        record |= {name: value.upper() for name, value in record.items() if value and name != "email"}
    return _thinned(
        draw,
        record,
        {"middle_name": 0.5, "birth_date": 0.15, "phone": 0.25, "email": 0.35, "address": 0.1, "city": 0.05},
    )


def _birth_date(draw: Random, day: date) -> str:
    kind = draw.random()
    if kind < 0.03 and day.day <= 12:
        return f"{day.year:04d}-{day.day:02d}-{day.month:02d}"
    if kind < 0.06:
        return f"{day.year:04d}-01-01"
    return _misdialled(draw, day.isoformat(), 0.05)


@dataclass(frozen=True)
class _Firm:
    brand: str
    trade: str
    form: str
    place: _Place
    phone: str
    domain: str
    doing_business_as: str
    other_place: _Place
    surnames: tuple[str, ...] = field(default=())


def _firms(draw: Random) -> Iterable[_Firm]:
    """Alone, in groups that share address and phone, and namesakes of other towns."""
    while True:
        firm = _firm(draw)
        yield firm
        kind = draw.random()
        if kind < 0.12:
            # A group: the brand, place and phone of the first, another trade and form.
            for trade in draw.sample(list(_WORDS["trades"]), draw.choice((1, 1, 2, 3))):
                if trade != firm.trade:
                    yield replace(
                        firm, trade=trade, form=draw.choice(list(_WORDS["legal_forms"])), doing_business_as=""
                    )
        elif kind < 0.26:
            # A namesake elsewhere that has nothing to do with the first.
            other = _firm(draw)
            yield replace(other, brand=firm.brand, trade=firm.trade, domain=_domain(draw, firm.brand, other.place.city))
        elif kind < 0.30:
            # A neighbour in the same building, with the phone of the office service.
            other = _firm(draw)
            yield replace(other, place=replace(firm.place, unit=f"Ste {draw.randrange(100, 900)}"), phone=firm.phone)


def _firm(draw: Random) -> _Firm:
    place = _place(draw)
    surnames = _WORDS["surnames"].split()
    kind = draw.random()
    if kind < 0.30:
        owners = tuple(draw.sample(surnames, draw.choice((1, 1, 2, 2, 3))))
        brand = {1: draw.choice((f"{owners[0]}", f"{owners[0]} Brothers", f"{owners[0]} & Sons"))}.get(
            len(owners), ""
        ) or (", ".join(owners[:-1]) + f" & {owners[-1]}")
    elif kind < 0.40:
        brand = f"{place.city} {draw.choice(_WORDS['brands'].split())}".replace("-", " ")
    else:
        brand = " ".join(draw.sample(_WORDS["brands"].split(), draw.choice((1, 1, 1, 2)))).replace("-", " ")
    return _Firm(
        brand=brand,
        trade=draw.choice(list(_WORDS["trades"])),
        form=draw.choice(list(_WORDS["legal_forms"])),
        place=place,
        phone=_phone(draw, place.area_code),
        domain=_domain(draw, brand, ""),
        doing_business_as=_trade_name(draw) if draw.random() < 0.10 else "",
        other_place=_place(draw, _city_of(place) if draw.random() < 0.7 else None),
    )


def _trade_name(draw: Random) -> str:
    return f"{draw.choice(_WORDS['brands'].split())} {draw.choice(list(_WORDS['trades']))}".replace("-", " ")


def _domain(draw: Random, brand: str, city: str) -> str:
    letters = "".join(each for each in (brand + city).lower() if each.isalpha())
    ending = draw.choice(("", "", "inc", "co", "usa", "group"))
    return f"{letters}{ending}.{draw.choice(('com', 'com', 'com', 'net', 'us'))}"


def _firm_record(draw: Random, firm: _Firm) -> Record:
    place = firm.other_place if draw.random() < 0.12 else firm.place
    name = _firm_name(draw, firm)
    alias = None
    if firm.doing_business_as:
        kind = draw.random()
        if kind < 0.30:
            name = f"{name} {draw.choice(('dba', 'DBA', 'd/b/a', 'D.B.A.'))} {firm.doing_business_as}"
        elif kind < 0.50:
            name = firm.doing_business_as
        elif kind < 0.75:
            alias = firm.doing_business_as
    record: Record = {
        "name": name,
        "dba": alias,
        "address": _street(draw, place),
        "city": _mistyped(draw, place.city, 0.04),
        "state": place.state,
        "postcode": _misdialled(draw, place.postcode, 0.04)
        + (f"-{draw.randrange(1000, 9999)}" if draw.random() < 0.15 else ""),
        "phone": _written_phone(draw, _misdialled(draw, firm.phone, 0.05)),
        "website": draw.choice(("", "www.", "http://www.", "https://")) + firm.domain,
        "email": f"{draw.choice(('info', 'office', 'sales', 'contact'))}@{firm.domain}",
    }
    if draw.random() < 0.2:
        record |= {each: value.upper() for each, value in record.items() if value and each not in ("website", "email")}
    return _thinned(draw, record, {"phone": 0.25, "website": 0.5, "email": 0.6, "address": 0.12, "postcode": 0.1})


def _firm_name(draw: Random, firm: _Firm) -> str:
    """The registered name as a list writes it."""
    brand, trade = firm.brand, firm.trade
    shorter = _WORDS["trades"][trade]
    kind = draw.random()
    if shorter and kind < 0.25:
        trade = draw.choice(shorter)
    elif kind < 0.30:
        trade = ""
    if draw.random() < 0.3:
        brand = brand.replace("Brothers", "Bros").replace(" & ", draw.choice((" and ", " & ", "&", " + ")))
    if draw.random() < 0.05:
        brand = f"The {brand}"
    words = f"{brand} {trade}".strip()
    words = _mistyped(draw, words, 0.10)
    if draw.random() < 0.35:
        return words
    form = draw.choice(_WORDS["legal_forms"][firm.form]) if draw.random() < 0.95 else draw.choice(("LLC", "Inc"))
    return f"{words}{draw.choice((' ', ' ', ', '))}{form}".strip()


def _street(draw: Random, place: _Place) -> str:
    kind = place.kind if draw.random() < 0.5 else _WORDS["street_kinds"][place.kind] + draw.choice(("", "."))
    unit = place.unit if draw.random() < 0.7 else place.unit.replace("Ste ", "#").replace("Apt ", "#")
    unit = unit if draw.random() < 0.8 else ""
    street = _mistyped(draw, place.street, 0.06)
    return f"{_misdialled(draw, place.number, 0.03)} {street} {kind}{draw.choice((' ', ', '))}{unit}".strip(" ,")


def _written_phone(draw: Random, digits: str) -> str:
    kind = draw.random()
    if kind < 0.4:
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    if kind < 0.7:
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    if kind < 0.8:
        return f"+1 {digits[:3]} {digits[3:6]} {digits[6:]}"
    return digits


def _thinned(draw: Random, record: Record, ratios: Mapping[str, float]) -> Record:
    """Values that a list does not have are None."""
    return {name: None if not value or draw.random() < ratios.get(name, 0) else value for name, value in record.items()}


def _misdialled(draw: Random, text: str, ratio: float) -> str:
    """One digit wrong, or two exchanged."""
    if draw.random() >= ratio:
        return text
    places = [place for place, sign in enumerate(text) if sign.isdigit()]
    place = draw.choice(places)
    following = place + 1
    if following < len(text) and text[following].isdigit() and draw.random() < 0.5:
        return text[:place] + text[following] + text[place] + text[following + 1 :]
    return text[:place] + draw.choice("0123456789") + text[place + 1 :]


def _mistyped(draw: Random, text: str, ratio: float) -> str:
    """One slip of the finger or of the ear; now and then two."""
    if len(text) < 3 or draw.random() >= ratio:
        return text
    for _slip in range(1 if draw.random() < 0.8 else 2):
        text = _slip_of(draw, text)
    return text


def _slip_of(draw: Random, text: str) -> str:
    place = draw.randrange(1, len(text))
    kind = draw.random()
    if kind < 0.25:
        return text[:place] + text[place + 1 :]
    if kind < 0.40:
        return text[:place] + text[place] + text[place:]
    if kind < 0.60 and place + 1 < len(text):
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if kind < 0.75:
        for sound, other in draw.sample(_SOUNDS, len(_SOUNDS)):
            if sound in text:
                return text.replace(sound, other, 1)
    return text[:place] + draw.choice(_NEAR_KEYS.get(text[place].lower(), "aeiou")) + text[place + 1 :]


def main(folder: Path) -> None:
    """Write both lists, 5,000 records each."""
    persons(5_000).to_csv(folder / "extra_persons.csv", index=False)
    companies(5_000).to_csv(folder / "extra_companies.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
