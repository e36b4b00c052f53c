"""Read the names of places that stand in an address, in their order and with what follows them.

A name without its ending counts only where nothing behind it makes it a road, an organisation or a town.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cockpit.domain.normalise.addresses.divisions import Form, Place, highest, narrowed
from cockpit.domain.normalise.addresses.latin import LatinReader
from cockpit.domain.normalise.addresses.rule import AddressRule

HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
SEPARATORS = " \t\n,，、;；:：.。·/\\|>→()[]{}<>《》【】「」'\"“”‘’_-–—~*#+=&"
# Behind these another address may begin; a point or a hyphen belongs to a house number as often.
PIECES = re.compile(r"[\s,，、;；/|()\[\]【】:：。]+")
# Values of `Reading.end` when no place was meant.
ABROAD, NAMED_AFTER = -1, -2

_SKIPPED = re.compile("[" + re.escape(SEPARATORS) + "]+")
_TOWN_DISTANCE = 6


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@dataclass
class Reading:
    """What was read so far.

    Attributes:
        places: What is meant; several while a name is shared.
        settled: The last place that was certain.
        forms: How the names were written.
        begin, end: Where the names stand.
        others: Where further names stand that belong to the same place.
        contradicted_by, contradicted_at: Places named that do not fit, and where.
    """

    places: list[Place] = field(default_factory=list)
    settled: Place | None = None
    forms: set[Form] = field(default_factory=set)
    names: int = 0
    begin: int = 0
    end: int = 0
    others: list[tuple[int, int]] = field(default_factory=list)
    is_weak: bool = False
    is_late: bool = False
    is_preferred: bool = False
    zone: str = ""
    rest: str | None = None
    contradicted_by: list[Place] = field(default_factory=list)
    contradicted_at: int = 0

    def take(self, places: list[Place], form: Form, end: int) -> None:
        """One more name, that ends there."""
        self.places = places
        self.forms.add(form)
        self.names += 1
        self.end = end
        # Two names that fit each other are no accident.
        self.is_weak = self.is_weak and self.names < 2
        if len({id(place.now) for place in places}) == 1:
            self.settled = places[0]


class AddressReader:
    """The words of a rule, ready to read simplified texts."""

    def __init__(self, rule: AddressRule) -> None:
        self.rule = rule
        self._index = rule.index
        self._latin = LatinReader(rule, rule.index)
        self._known_short = frozenset(rule.known_short)
        self._known_alone = frozenset(rule.known_alone)
        self._ambiguous_short = frozenset(rule.ambiguous_short)
        self._weak_short = frozenset(rule.weak_short)
        self.prefix = re.compile(
            rf"(?:\s|[{re.escape(SEPARATORS)}]|(?:{one_of(rule.labels)})(?:\s*[:：]|\s+|(?=[^\x00-\x7f]))"
            rf"|(?:{one_of(rule.country)}))+",
            re.IGNORECASE,
        )
        self._filler = re.compile(f"(?:{one_of(rule.fillers)})")
        self.road = re.compile(f"(?:{one_of(rule.road_modifiers)}){{0,3}}(?:{one_of(rule.road_endings)})")
        behind_feature = rf"$|[{re.escape(SEPARATORS)}]|{one_of(rule.road_endings)}|{one_of(rule.things)}"
        self.thing = re.compile(f"{one_of(rule.things)}|(?:{one_of(rule.features)})(?:{behind_feature})")
        self._town_begin = re.compile(one_of(rule.town_endings))
        self._town_ending = re.compile(rf"(?:{one_of(rule.town_endings)})(?=$|\d|[{re.escape(SEPARATORS)}])")
        self._organisation = re.compile(f"(?:{one_of(rule.organisations)})$")
        self.sign = re.compile(rf"\d|{one_of(rule.address_signs)}")
        self._town = re.compile(rf"[^\s,，、;；]{{0,{_TOWN_DISTANCE}}}?(?:{one_of(rule.town_signs)})")
        self._joined = re.compile(rf"(?:{one_of(rule.joins)})|[{re.escape(SEPARATORS)}]")
        # The last characters of official names; 内蒙 and 昆山 have none of them.
        self._endings = frozenset(
            division.name[-1] for division in rule.divisions if len(division.name) > len(division.short_name) > 0
        )

    def read(self, text: str) -> Reading:
        """The places that a text names, from its begin; behind other words only what is surely a place."""
        reading = self._read_piece(text, 0)
        starts = [found.end() for found in PIECES.finditer(text)]
        if not reading.places:
            for start in starts:
                reading = self._read_piece(text, start)
                if reading.places:
                    reading.is_late = True
                    break
            else:
                reading = self._read_inside(text)
        self._read_later_pieces(text, reading, [start for start in starts if start > reading.end - 1])
        return reading

    def _read_later_pieces(self, text: str, reading: Reading, starts: Sequence[int]) -> None:
        """Names behind the first ones decide between places of one name, or show that there are two addresses."""
        if not reading.places or reading.contradicted_by:
            return
        for start in starts:
            if start < reading.end or start >= len(text):
                continue
            begin = found.end() if (found := self.prefix.match(text, start)) else start
            other = self._read_piece(text, begin)
            if not other.places or other.places[0].level == "zone":
                continue
            both = narrowed(reading.places, other.places) or narrowed(other.places, reading.places)
            if not both:
                is_long = "full" in other.forms and other.end - begin > 2
                is_whole = self._ends_here(text, other.end) and not _is_in_brackets(text, start)
                is_sure = not other.is_weak and (other.names > 1 or is_long or is_whole)
                if is_sure and not (len(other.places) > 1 and len(reading.places) == 1):
                    reading.contradicted_by, reading.contradicted_at = other.places, begin
                    return
            elif len(reading.places) > 1 or any(place.lies_in(reading.places[0]) for place in both):
                reading.places = both
                reading.forms |= other.forms
                reading.is_late = True
                reading.others.append((other.begin, other.end))
            elif self._ends_here(text, other.end) and other.names == 1:
                # The whole named behind its part: 海淀区,北京市.
                reading.names += 1
                reading.others.append((other.begin, other.end))

    def _read_inside(self, text: str) -> Reading:
        """The first official name of a province or city anywhere, and what follows it."""
        for start in range(1, len(text) - 1):
            for length in self._index.lengths.get(text[start : start + 2], ()):
                name = text[start : start + length]
                if any(form == "full" and place.depth < 2 for place, form in self._index.by_name.get(name, ())):
                    reading = self._read_piece(text, start)
                    if reading.places and not reading.is_weak:
                        reading.is_late = True
                        return reading
        return Reading()

    def _read_piece(self, text: str, begin: int) -> Reading:
        """The names that follow each other from a place in the text on."""
        reading = Reading(begin=begin, end=begin)
        at = begin
        while at < len(text):
            start = self._behind_fillers(text, at, is_first=not reading.names)
            step = self._step(text, start, reading, is_apart=start > at)
            if step is None:
                break
            at = step
        return reading

    def _behind_fillers(self, text: str, at: int, *, is_first: bool) -> int:
        while at < len(text):
            if (found := _SKIPPED.match(text, at)) or (not is_first and (found := self._filler.match(text, at))):
                at = found.end()
            else:
                break
        return at

    def _step(self, text: str, at: int, reading: Reading, *, is_apart: bool) -> int | None:
        """Read the name that begins here, the longest that fits; None when there is none."""
        for length in self._index.lengths.get(text[at : at + 2], ()):
            name = text[at : at + length]
            entries = self._index.by_name.get(name)
            if entries is None or len(name) < length:
                continue
            end = at + length
            found = self._fitting(text, end, name, entries, reading, is_apart=is_apart)
            if found is None:
                continue
            if not found:
                return None
            places, form = found
            # 济南|市中区: the ending belongs to the next name.
            overlapping = self._overlapping(text, end, places) if form == "full" and name[-1] == "市" else None
            if name[-1] == "市" and text[end : end + 1] == "区" and self._ends_here(text, end + 1):
                end += 1
            reading.take(places, form, end)
            if overlapping is not None:
                reading.take(overlapping[0], "full", overlapping[1])
                end = overlapping[1]
            if places[0].level == "zone":
                reading.zone = name
            return end
        return None

    def _overlapping(self, text: str, end: int, places: Sequence[Place]) -> tuple[list[Place], int] | None:
        if text[end : end + 1] not in ("中", "南", "北") or text[end + 1 : end + 2] != "区":
            return None
        entries = self._index.by_name.get(text[end - 1 : end + 2], ())
        parts = [place for place, form in entries if form == "full" and any(place.lies_in(known) for known in places)]
        return (parts, end + 2) if parts else None

    def _fitting(
        self,
        text: str,
        end: int,
        name: str,
        entries: Sequence[tuple[Place, Form]],
        reading: Reading,
        *,
        is_apart: bool,
    ) -> tuple[list[Place], Form] | tuple[()] | None:
        """The places that a name means here; None when it means none, () when no shorter name may be meant."""
        is_bare = name[-1] not in self._endings or all(form == "short" for _place, form in entries)
        if is_bare:
            is_other = self.is_other_name(text, end) or self._town_begin.match(text, end) is not None
        else:
            is_other = not reading.places and self._town_ending.match(text, end) is not None
        if is_other and not self._has_part_at(text, end, entries):
            return ()
        if not reading.places:
            return self._first(text, end, name, entries, reading)
        fitting = [(place, form) for place, form in entries if self._may_follow(text, end, name, place, form, reading)]
        places = narrowed(reading.places, [place for place, _form in fitting])
        if is_bare:
            places = _current(places)
        official = [place for place, form in fitting if form == "full" and place in places]
        places = official or places
        if places:
            is_repeated = all(place in reading.places for place in places)
            if is_repeated and is_apart and places[0].depth > 1:
                # A whole named behind its part may begin a second address.
                return ()
            if is_repeated and is_bare and not self._ends_here(text, end) and len(places) == len(reading.places):
                return None
            form = next((form for place, form in fitting if place in places), fitting[0][1])
            return places, form
        reading.contradicted_by = self._conflicting(text, end, name, entries, reading)
        reading.contradicted_at = end - len(name)
        return () if reading.contradicted_by else None

    def _first(
        self, text: str, end: int, name: str, entries: Sequence[tuple[Place, Form]], reading: Reading
    ) -> tuple[list[Place], Form] | None:
        """What a name means when nothing was said before it."""
        official = [place for place, form in entries if form == "full" and place.level != "street" and is_own(place)]
        if official:
            return official, "full"
        former = [place for place, form in entries if form == "former"]
        if former:
            is_known = name[:-1] in self._known_short | self._known_alone or former[0].level == "city"
            reading.is_weak = not is_known or len(former) > 1
            return former, "former"
        short = [place for place, form in entries if form == "short" and place.level != "street" and is_own(place)]
        short = _current(short)
        if not short:
            return None
        if name in self._ambiguous_short:
            return short, "short"
        # 海南共和县 lies in a prefecture of that name, not in the province.
        followed = [place for place in short if self._has_part_at(text, end, [(place, "short")])] if short[1:] else []
        best = highest(followed or short)
        ends = self._ends_here(text, end)
        if best[0].level in ("district", "zone"):
            if name in self._known_alone and (ends or self._is_address(text, end, name)):
                return best, "short"
            if name not in self._known_short:
                if not ends:
                    return None
                reading.is_weak = True
            return best, "short"
        if not ends and not self._is_address(text, end, name):
            reading.is_weak = True
        if name in self._weak_short and not self._is_followed_by_place(text, end, best):
            reading.is_weak = True
        return best, "short"

    def _may_follow(self, text: str, end: int, name: str, place: Place, form: Form, reading: Reading) -> bool:
        """Whether a name may mean a place, given what was read before it."""
        if place.level == "street":
            return True
        if form != "short" or place.depth < 2:
            return True
        if self._ends_here(text, end) or name in self._known_short or self._town.match(text, end):
            return True
        if name in self._weak_short:
            return False
        # Below a province a name without ending could be anything; below a city its districts are known to all.
        return any(known.level == "city" or id(known) not in self._index.with_cities for known in reading.places)

    def _conflicting(
        self, text: str, end: int, name: str, entries: Sequence[tuple[Place, Form]], reading: Reading
    ) -> list[Place]:
        if name in self.rule.ordinary_districts or reading.settled is None or reading.settled.depth > 1:
            return []
        official = [place for place, form in entries if form == "full" and place.depth < 3 and is_own(place)]
        if official and not self.is_other_name(text, end):
            return official
        if not self._ends_here(text, end):
            return []
        return [place for place, form in entries if form == "short" and place.depth < 2 and is_own(place)]

    def is_other_name(self, text: str, end: int) -> bool:
        """Whether what follows a name makes it a road, an organisation or something else named after the place."""
        return bool(self.road.match(text, end) or self.thing.match(text, end))

    def _has_part_at(self, text: str, at: int, entries: Sequence[tuple[Place, Form]]) -> bool:
        """Whether a part of one of the places is named here: 武汉|江岸区."""
        return any(
            part.level != "street" and part.lies_in(place)
            for length in self._index.lengths.get(text[at : at + 2], ())
            for part, _form in self._index.by_name.get(text[at : at + length], ())
            for place, _own_form in entries
        )

    def _ends_here(self, text: str, end: int) -> bool:
        return end >= len(text) or self._joined.match(text, end) is not None

    def _is_address(self, text: str, end: int, name: str) -> bool:
        rest = text[end:]
        if self.sign.search(rest):
            return not (self._organisation.search(rest) and not re.search(r"\d", rest))
        return self._is_followed_by_place(text, end, [place for place, _form in self._index.by_name[name]])

    def _is_followed_by_place(self, text: str, end: int, places: Sequence[Place]) -> bool:
        """Whether a part of one of the places, or a town, is named next."""
        at = self._behind_fillers(text, end, is_first=False)
        return self._has_part_at(text, at, [(place, "short") for place in places]) or bool(self._town.match(text, end))

    def read_latin(self, text: str) -> Reading:
        """The places that a text in Latin letters names."""
        found = self._latin.read(text)
        reading = Reading(places=found.places, contradicted_by=found.contradicted_by, is_preferred=found.is_preferred)
        if found.is_named_after:
            reading.end = NAMED_AFTER
        elif found.country is not None:
            reading.zone = found.country
            reading.end = ABROAD
        elif found.places:
            reading.names = found.names
            reading.rest = found.rest
            reading.forms.add("full" if found.is_certain else "short")
            reading.is_weak = found.is_weak
            reading.end = len(text)
        return reading

    def joined_with_latin(self, text: str, reading: Reading) -> Reading:
        """What remains unclear, decided by the Latin words of the text: 朝阳区 Beijing."""
        other = self.read_latin(HAN.sub(" ", text))
        if not other.places or other.end < 0:
            return reading
        if not reading.places:
            other.end, other.rest = 0, None
            return other
        if both := narrowed(reading.places, other.places):
            reading.places = both
        return reading


def _is_in_brackets(text: str, at: int) -> bool:
    return text.count("(", 0, at) > text.count(")", 0, at)


def is_own(place: Place) -> bool:
    """Whether a name may mean the place where nothing was said before: not districts without a code of their own."""
    return place.has_code or place.level in ("zone", "city")


def _current(places: list[Place]) -> list[Place]:
    """Without those that exist no longer, when others remain: nobody shortens a name that is not used."""
    return [place for place in places if place.now is place] or places
