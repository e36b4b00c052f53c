"""China's administrative divisions as a tree of places, with the names by which they are found.

The table is include/rules/normalisation/divisions.csv; where it comes from is written beside it in divisions.md.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from cockpit.domain.normalise.text import to_simplified
from cockpit.i18n import _

Level: TypeAlias = Literal["province", "city", "district", "zone", "street"]

# How a name was written: the official one (or its usual short ending), an earlier ending, without any ending.
Form: TypeAlias = Literal["full", "former", "short"]

COLUMNS = ("code", "name", "short_name", "pinyin", "level", "parent_code", "successor_code", "changed_in")
_CODE = re.compile(r"\d{6}(-\d+)*")
_LEVELS: Mapping[str, Level] = {level: level for level in get_args(Level)}
_DEPTH: Mapping[str, int] = {level: depth for depth, level in enumerate(get_args(Level))}


@dataclass(frozen=True, slots=True)
class Division:
    """One row of the table.

    Attributes:
        code: Six digits (GB/T 2260); `<parent's code>-<number>` for what has no code of its own, such as zones,
            former names, and what lies in Taiwan, Hong Kong and Macau.
        short_name: Without the ending; empty when nobody writes it so.
        pinyin: Of the short name, without tones and spaces; empty for what is not looked up by it.
        parent_code: Empty for provinces.
        successor_code: What it is part of now, when it was abolished, renamed or moved.
        changed_in: Year of that.
    """

    code: str
    name: str
    short_name: str
    pinyin: str
    level: Level
    parent_code: str
    successor_code: str
    changed_in: int | None


def read_divisions(text: str) -> tuple[Division, ...]:
    """The rows of `divisions.csv`.

    Raises:
        ValueError: other columns, an unknown level, a code twice, or a parent or successor that is no row.
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(_("the first line must be {columns}", columns=",".join(COLUMNS)))
    divisions: dict[str, Division] = {}
    for number, row in enumerate(rows[1:], start=2):
        division = _division(number, row)
        if division.code in divisions:
            raise ValueError(_("line {number}: {code} stands there twice", number=number, code=division.code))
        divisions[division.code] = division
    for division in divisions.values():
        for other in (division.parent_code, division.successor_code):
            if other and other not in divisions:
                raise ValueError(_("{code} names {other}, which is no row", code=division.code, other=other))
        if bool(division.parent_code) == (division.level == "province"):
            raise ValueError(_("{code}: all but provinces have a parent", code=division.code))
    return tuple(divisions.values())


def _division(number: int, row: Sequence[str]) -> Division:
    if len(row) != len(COLUMNS):
        raise ValueError(
            _("line {number} has {found} cells, not {count}", number=number, found=len(row), count=len(COLUMNS))
        )
    code, name, short_name, pinyin, written, parent, successor, year = row
    level = _LEVELS.get(written)
    if not _CODE.fullmatch(code) or not name or level is None:
        raise ValueError(
            _("line {number}: {code} {name} {level} is no division", number=number, code=code, name=name, level=written)
        )
    if year and not year.isdecimal():
        raise ValueError(_("line {number}: {year} is no year", number=number, year=year))
    return Division(code, name, short_name, pinyin, level, parent, successor, int(year) if year else None)


@dataclass(eq=False, slots=True)
class Place:
    """A division within the tree.

    Attributes:
        parent: None for provinces.
        now: What it belongs to today; itself when it was not abolished.
        above: All that it lies in, today and before its change.
    """

    division: Division
    parent: Place | None = None
    _successor: Place | None = None
    above: frozenset[int] = frozenset()

    @property
    def now(self) -> Place:
        """What it is today; itself when it was not abolished."""
        return self._successor or self

    @property
    def level(self) -> Level:
        """Of the division."""
        return self.division.level

    @property
    def name(self) -> str:
        """The official one."""
        return self.division.name

    @property
    def depth(self) -> int:
        """0 for provinces; more for what lies in others."""
        return _DEPTH[self.division.level]

    @property
    def has_code(self) -> bool:
        """Whether it has a code of its own, today or before its change."""
        return "-" not in self.division.code or self._successor is not None

    def lies_in(self, other: Place) -> bool:
        """Whether it is a part of the other one, today or before a change of either."""
        return id(other) in self.above or id(other.now) in self.above

    def chain(self) -> list[Place]:
        """The province first, itself last."""
        places: list[Place] = []
        place: Place | None = self
        while place is not None:
            places.append(place)
            place = place.parent
        return places[::-1]


def highest(places: Iterable[Place]) -> list[Place]:
    """Those of the highest level among them."""
    found = list(places)
    depth = min((place.depth for place in found), default=0)
    return [place for place in found if place.depth == depth]


def narrowed(known: Sequence[Place], named: Iterable[Place]) -> list[Place]:
    """What remains of the places that are meant when another name is read; empty when the two contradict.

    A named part of a known place is meant then; a named whole chooses among the known places.
    """
    others = list(named)
    parts = [other for other in others if any(other.lies_in(place) for place in known)]
    if parts:
        return list(dict.fromkeys(parts))
    return [
        place
        for place in known
        if any(other is place or other.now is place.now or place.lies_in(other) for other in others)
    ]


@dataclass(slots=True)
class PlaceIndex:
    """The places of a table by name.

    Args:
        divisions: The table.
        aliases: Further names, by name the code.
        loose_endings: Ends of official names that people shorten: 自治州 -> 州.
        former_endings: Ends that a name may have had before its place was promoted, by level: 区 -> 县, 市.
    """

    divisions: Sequence[Division]
    aliases: Mapping[str, str] = field(default_factory=dict)
    loose_endings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    former_endings: Mapping[Level, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    by_code: dict[str, Place] = field(init=False, default_factory=dict)
    by_name: dict[str, list[tuple[Place, Form]]] = field(init=False, default_factory=dict)
    by_pinyin: dict[str, list[Place]] = field(init=False, default_factory=dict)
    # Provinces that are divided into cities, which municipalities are not.
    with_cities: frozenset[int] = field(init=False, default=frozenset())
    # Lengths of the names that begin with two characters, longest first: most places in a text need one look-up.
    lengths: dict[str, tuple[int, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_code = {division.code: Place(division) for division in self.divisions}
        for place in self.by_code.values():
            place.parent = self.by_code.get(place.division.parent_code)
            place._successor = self.by_code.get(place.division.successor_code)
        for place in self.by_code.values():
            own, today = place.chain()[:-1], place.now.chain()
            place.above = frozenset(map(id, [*own, *(part for part in today if part is not place)]))
        cities = (place for place in self.by_code.values() if place.level == "city")
        self.with_cities = frozenset(id(city.parent) for city in cities)
        self._collect_names()

    def _collect_names(self) -> None:
        names: list[tuple[str, Place, Form]] = []
        for place in self.by_code.values():
            division = place.division
            names.append((division.name, place, "full"))
            names += [(name, place, "full") for name in self._loose_names(division)]
            if division.short_name:
                names.append((division.short_name, place, "short"))
            if division.pinyin:
                self.by_pinyin.setdefault(division.pinyin, []).append(place)
        names += [(name, self.by_code[code], "short") for name, code in self.aliases.items()]
        official = {(name, place.parent) for name, place, _form in names}
        for place in self.by_code.values():
            if place.has_code and place.now is place:
                names += [
                    (name, place, "former")
                    for name in self._former_names(place.division)
                    if (name, place.parent) not in official
                ]
        # Names are found in simplified texts; a converter may change a character that is rightly in a name.
        converted = to_simplified("\n".join(name for name, _place, _form in names)).split("\n")
        for (name, place, form), other in zip(names, converted, strict=True):
            for spelling in {name, other}:
                entries = self.by_name.setdefault(spelling, [])
                if all(place is not known for known, _form in entries):
                    entries.append((place, form))
        lengths: dict[str, set[int]] = {}
        for name in self.by_name:
            lengths.setdefault(name[:2], set()).add(len(name))
        self.lengths = {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}

    def _loose_names(self, division: Division) -> list[str]:
        stem = division.short_name
        return [
            stem + loose
            for ending, loose_ones in self.loose_endings.items()
            if stem and division.name.endswith(ending)
            for loose in loose_ones
        ]

    def _former_names(self, division: Division) -> list[str]:
        stem = division.short_name
        return [
            stem + former
            for ending, former_ones in self.former_endings.get(division.level, {}).items()
            if stem and division.name == stem + ending
            for former in former_ones
        ]
