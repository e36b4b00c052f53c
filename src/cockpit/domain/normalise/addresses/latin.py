"""Read places out of addresses in Latin letters: "Nanshan, Shenzhen, Guangdong", "Xi'an", "Shanghai, China".

Such addresses name the smaller place first, in parts between commas, and their names have no tones; a name counts only
at the edge of its part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cockpit.domain.normalise.addresses.divisions import Place, PlaceIndex, highest, narrowed
from cockpit.domain.normalise.addresses.rule import AddressRule

_PART = re.compile(r"\s*[,;/\n|()，、；]+\s*|\s+-\s+")
_JOINED = re.compile(r"['’‘`´ʼ.]")
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\d+")
_LONGEST_NAME = 5
_DEPTHS: Mapping[str, int] = {"province": 0, "city": 1, "district": 2}


def plain(text: str) -> str:
    """Lower case without accents and apostrophes, so that "Xi'an" is one word."""
    if text.isascii():
        return _JOINED.sub("", text.lower())
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return _JOINED.sub("", "".join(each for each in decomposed if not unicodedata.combining(each)))


@dataclass
class LatinFound:
    """What an address names.

    Attributes:
        places: What is meant; several while a name is shared.
        country: Code of a country abroad.
        names: How many were read.
        rest: The parts without a name, such as the street.
        is_certain: Every name had its ending or is that of a province or city.
        is_weak: A name without ending and without anything that confirms it.
        is_preferred: A shared name was decided by the rule's preference.
        is_named_after: No place is meant, but something that is called after one.
    """

    places: list[Place] = field(default_factory=list)
    contradicted_by: list[Place] = field(default_factory=list)
    country: str | None = None
    names: int = 0
    rest: str = ""
    is_certain: bool = True
    is_weak: bool = False
    is_preferred: bool = False
    is_named_after: bool = False


@dataclass(frozen=True)
class _Named:
    places: list[Place]
    has_ending: bool


class LatinReader:
    """The names of one rule file.

    Args:
        rule: Its words.
        index: The divisions by pinyin.
    """

    def __init__(self, rule: AddressRule, index: PlaceIndex) -> None:
        words = rule.latin
        self._names: dict[str, list[Place]] = {}
        for pinyin, places in index.by_pinyin.items():
            for spelling in {pinyin, pinyin.replace("lv", "lu"), pinyin.replace("lv", "lyu").replace("nv", "nyu")}:
                self._names.setdefault(spelling, []).extend(places)
        for name, code in words.names.items():
            known = self._names.setdefault(_squeezed(name), [])
            known[:] = [index.by_code[code], *(place for place in known if place is not index.by_code[code])]
        for name, code in words.misspelled.items():
            self._names.setdefault(_squeezed(name), []).append(index.by_code[code])
        self._preferred = {name: index.by_code[code] for name, code in words.preferred_pinyin.items()}
        self._ambiguous = {
            place.division.pinyin for name in rule.ambiguous_short for place, _form in index.by_name.get(name, ())
        }
        self._known_short = {
            id(place) for name in rule.known_short for place, form in index.by_name.get(name, ()) if form == "short"
        }
        # Longest first: P.R. China ends in China.
        self._country = sorted({_words(name) for name in words.country}, key=len, reverse=True)
        self._words_of_country = frozenset(word for name in self._country for word in name)
        self._endings = {_words(ending): level for ending, level in words.endings.items()}
        self._roads, self._directions = frozenset(words.roads), frozenset(words.directions)
        self._things = frozenset(words.things)
        self._abroad = {
            _words(name): code for code, country in rule.countries.items() for name in country.names if name.isascii()
        }
        self._abroad_cities = {
            _words(city): code for code, country in rule.countries.items() for city in country.cities if city.isascii()
        }

    def read(self, text: str) -> LatinFound:
        """The places that a text names."""
        written, is_china = self._without_country(
            [(part.strip(), words) for part in _PART.split(text) if (words := _words(part))]
        )
        parts = [words for _part, words in written]
        if not is_china and (country := self._country_abroad(parts)):
            return LatinFound(country=country)
        names = [self._named(words) for words in parts]
        named = [each for found in names for each in found]
        found = LatinFound(names=len(named))
        found.rest = ", ".join(
            part
            for (part, words), here in zip(written, names, strict=True)
            if not here and not all(map(_NUMBER.fullmatch, words))
        )
        if not named:
            found.country = None if is_china else self._city_abroad(parts)
            found.is_named_after = found.country is None and any(map(self._mentions_place, parts))
            return found
        for each in sorted(named, key=lambda one: min(place.depth for place in one.places)):
            self._add(found, each)
        self._decide(found, named)
        return found

    def _mentions_place(self, words: Sequence[str]) -> bool:
        """Whether a province or city is part of another name."""
        return any(
            place.depth < 2
            for at in range(len(words))
            for length in range(1, _LONGEST_NAME + 1)
            for place in self._names.get("".join(words[at : at + length]), ())
        )

    def _add(self, found: LatinFound, named: _Named) -> None:
        places = named.places
        if not found.places:
            found.places = places
            return
        both = narrowed(found.places, places)
        if both:
            found.places = both
        elif not found.contradicted_by:
            found.contradicted_by = places

    def _decide(self, found: LatinFound, named: Sequence[_Named]) -> None:
        places = found.places
        found.is_certain = all(each.has_ending or min(p.depth for p in each.places) < 2 for each in named)
        if len(named) > 1 or found.contradicted_by:
            if len(places) > 1:
                found.places = self._preferred_of(found, places)
            return
        if named[0].has_ending:
            found.places = self._preferred_of(found, places)
            return
        best = places if places[0].division.pinyin in self._ambiguous else highest(places)
        found.places = self._preferred_of(found, best)
        if found.places[0].depth == 2:
            found.is_weak = not any(id(place) in self._known_short for place in found.places)

    def _preferred_of(self, found: LatinFound, places: list[Place]) -> list[Place]:
        for place in places:
            if len(places) > 1 and self._preferred.get(place.division.pinyin) is place:
                found.is_preferred = True
                return [place]
        return places

    def _without_country(
        self, parts: Sequence[tuple[str, tuple[str, ...]]]
    ) -> tuple[list[tuple[str, tuple[str, ...]]], bool]:
        """The parts as written and their words without those for China at their ends, and whether there were any."""
        kept, is_china = [], False
        for part, words in parts:
            for country in self._country if self._words_of_country.intersection(words) else ():
                while len(words) > 1 and _NUMBER.fullmatch(words[-1]) and words[-1 - len(country) : -1] == country:
                    words = words[:-1]
                if words[-len(country) :] == country:
                    words, is_china = words[: -len(country)], True
                elif words[: len(country)] == country and len(parts) > 1:
                    words, is_china = words[len(country) :], True
            if words:
                kept.append((part, words))
        return kept, is_china

    def _country_abroad(self, parts: Sequence[tuple[str, ...]]) -> str | None:
        for part in reversed(parts):
            letters = tuple(word for word in part if not _NUMBER.search(word))
            for length in range(1, min(_LONGEST_NAME, len(letters)) + 1):
                is_longer = "".join(letters[-length - 1 :]) in self._names
                if not is_longer and (code := self._abroad.get(letters[-length:])):
                    return code
            if letters:
                return None
        return None

    def _city_abroad(self, parts: Sequence[tuple[str, ...]]) -> str | None:
        for part in parts:
            if code := self._abroad_cities.get(tuple(word for word in part if not _NUMBER.search(word))):
                return code
        return None

    def _named(self, part: Sequence[str]) -> list[_Named]:
        """The names at the edges of one part, without postcodes and numbers at its ends."""
        words = list(part)
        while words and _NUMBER.fullmatch(words[-1]) and len(words) > 1:
            words.pop()
        found: list[_Named] = []
        at, is_edge = 0, True
        while at < len(words):
            step = self._name_at(words, at)
            if step is None or not (is_edge or step[1] == len(words) or step[0].has_ending):
                at, is_edge = at + 1, False
                continue
            named, end = step
            if end < len(words) and not named.has_ending and not self._is_all_names(words, end):
                at, is_edge = at + 1, False
                continue
            found.append(named)
            at, is_edge = end, True
        return found

    def _is_all_names(self, words: Sequence[str], at: int) -> bool:
        while at < len(words):
            step = self._name_at(words, at)
            if step is None:
                return False
            at = step[1]
        return True

    def _name_at(self, words: Sequence[str], at: int) -> tuple[_Named, int] | None:
        """The longest name that begins here and is not part of another one."""
        if at and (words[at - 1] in self._things or words[at - 1] == "of"):
            return None
        for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
            places = self._names.get("".join(words[at : at + length]))
            if not places:
                continue
            end = at + length
            if self._is_other_name(words, end):
                return None
            for count in (3, 2, 1):
                ending = tuple(words[end : end + count])
                level = self._endings.get(ending)
                if level is None or len(ending) < count:
                    continue
                if level in _DEPTHS:
                    fitting = [place for place in places if place.depth == _DEPTHS[level]]
                    # 北京市 is a province and a city; "Kunshan City" is a district by its code.
                    places = fitting or ([place for place in places if level == "city" or place.depth > 1] or places)
                return _Named(places, has_ending=True), end + count
            return _Named(places, has_ending=False), end
        return None

    def _is_other_name(self, words: Sequence[str], end: int) -> bool:
        at = end
        while at < len(words) and words[at] in self._directions:
            at += 1
        if at < len(words) and words[at] in self._roads:
            return True
        return end < len(words) and words[end] in self._things


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(plain(text)))


def _squeezed(text: str) -> str:
    return "".join(_words(text))
