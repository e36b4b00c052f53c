"""Find the administrative division and the sales region of an address.

A place is taken only where the text names it: not from roads (北京路), organisations (中山大学) or districts whose name
several cities share. The words are written in include/rules/normalisation/address.yml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from cockpit.domain.normalise.addresses.divisions import Place, highest, narrowed
from cockpit.domain.normalise.addresses.reader import (
    ABROAD,
    HAN,
    NAMED_AFTER,
    PIECES,
    SEPARATORS,
    AddressReader,
    Reading,
    is_own,
    one_of,
)
from cockpit.domain.normalise.addresses.rule import AddressDeclared, AddressRule
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _

__all__ = ["AddressDeclared", "AddressRule", "AddressStandardiser"]

_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f]{2}")
_CODE = re.compile(r"(\d{6})(?:\d{3}){0,2}")
# Between two addresses; the words among them come from the rule.
_LIST_MARK = re.compile(r"[,，、;；/|:：]")


class AddressStandardiser:
    """The addresses of one column."""

    def __init__(self, rule: AddressRule, declared: AddressDeclared | None = None) -> None:
        self.rule = rule
        self.declared = declared or AddressDeclared()
        self._index = rule.index
        self._within = self._declared_place()
        self._reader = AddressReader(rule)
        self._no_value = {fold(word).casefold() for word in rule.no_value}
        # At an end, behind its label, or before the country.
        self._postcode = re.compile(
            rf"^[(\[]?(\d{{6}})[)\]]?(?=[^\d\-]|$)|[,;\s(]?\s*(?:{one_of(rule.postcode_labels)})\s*:?\s*(\d{{6}})[)\]]?"
            r"|(?<=[\s,])(\d{6})(?=,?\s+[a-z])|(?<![\d\-])[(\[]?(\d{6})[)\]]?$",
            re.IGNORECASE,
        )
        self._countries = {
            fold(name).casefold(): code for code, country in rule.countries.items() for name in country.names
        }
        abroad = [*self._countries]
        abroad += [fold(city) for country in rule.countries.values() for city in country.cities if HAN.search(city)]
        for code, country in rule.countries.items():
            self._countries.update({fold(city).casefold(): code for city in country.cities})
        self._abroad = re.compile(f"(?:{one_of(name for name in abroad if HAN.search(name))})")
        self._parts: dict[int, dict[str, Json]] = {}

    def _declared_place(self) -> Place | None:
        code = self.declared.within
        if code is None:
            return None
        if code not in self._index.by_code:
            raise ValueError(_("within: {code} is not in the table of divisions", code=code))
        return self._index.by_code[code].now

    def standardise(self, text: str) -> Standard:
        """The division of one address."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._understand(to_simplified(fold(text)))

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """The divisions of many addresses; each different one is looked at once, all change their script together."""
        different = {text: fold(text) for text in texts if len(text) <= LONGEST_TEXT}
        simplified = to_simplified("\n".join(different.values())).split("\n")
        known = dict(zip(different, map(self._understand, simplified), strict=True)) if different else {}
        too_long = Standard.invalid("too_long")
        return [known.get(text, too_long) for text in texts]

    def _understand(self, text: str) -> Standard:
        if not text:
            return Standard.absent()
        if text.casefold() in self._no_value or not text.strip(SEPARATORS + "?？!！"):
            return Standard.absent("no_value")
        if text[0].isdigit() and (code := _CODE.fullmatch(text)):
            return self._by_code(code[1])
        text, postcode = self._without_postcode(text)
        begin = found.end() if (found := self._reader.prefix.match(text)) else 0
        text = text[begin:].rstrip(SEPARATORS)
        if not text:
            return Standard.absent("no_value") if postcode is None else Standard.review("postcode_only")
        if not HAN.search(text):
            return self._finish(text, self._reader.read_latin(text), postcode)
        if country := self._country(text):
            return country
        reading = self._reader.read(text)
        if len(reading.places) != 1 and _LATIN_WORD.search(text):
            reading = self._reader.joined_with_latin(text, reading)
        return self._finish(text, reading, postcode)

    def _without_postcode(self, text: str) -> tuple[str, str | None]:
        found = self._postcode.search(text)
        if found is None:
            return text, None
        rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
        return rest, next(filter(None, found.groups()))

    def _by_code(self, code: str) -> Standard:
        place = self._index.by_code.get(code)
        if place is None:
            return Standard.review("postcode_only")
        return self._answer(place, self.rule.confidence.code, "division_code", rest="", postcode=None)

    def _country(self, text: str) -> Standard | None:
        found = self._abroad.match(text)
        if found is None or self._reader.is_other_name(text, found.end()):
            return None
        return _abroad(self._countries[found[0].casefold()])

    def _finish(self, text: str, reading: Reading, postcode: str | None) -> Standard:
        if reading.end == ABROAD:
            return _abroad(reading.zone)
        if reading.end == NAMED_AFTER:
            return Standard.review("named_after_place")
        places = _without_parts(_today(reading.places))
        if self._within is not None and places:
            places = narrowed([self._within], places)
            if not places:
                return Standard.review("outside_declared", candidates=_codes(_today(reading.places)))
        if reading.contradicted_by:
            return Standard.review(
                "several" if self._are_several(text, reading) else "contradiction",
                candidates=_codes([*places, *_today(reading.contradicted_by)]),
            )
        if not places:
            return self._nothing_found(text)
        rest = self._rest(text, reading)
        sure = self.rule.confidence
        if len(places) > 1:
            settled = reading.settled
            if len({_code(each) for each in places}) == 1:
                # Taiwan's 新竹 is a city and a county; neither has a code of its own.
                settled = self._index.by_code[_code(places[0])]
                return self._answer(settled, sure.short, "short_name", rest, postcode)
            if settled is None or settled.now in places or not any(place.lies_in(settled) for place in places):
                return Standard.review("ambiguous", candidates=_codes(places))
            return self._answer(
                settled, sure.several_districts, "district_ambiguous", rest, postcode, candidates=_codes(places)
            )
        place = next((each for each in reading.places if each.now is places[0]), places[0])
        if reading.is_weak:
            standard = self._answer(place, sure.doubtful, "unclear", rest, postcode)
            return Standard.review("unclear", standard.value, sure.doubtful, **standard.details)
        confidence, reason = self._judge(reading, place)
        return self._answer(place, confidence, reason, rest, postcode, zone=reading.zone)

    def _judge(self, reading: Reading, place: Place) -> tuple[float, str]:
        sure = self.rule.confidence
        grounds = [(sure.full, "")]
        if "short" in reading.forms:
            grounds.append((sure.short, "short_name"))
        if reading.is_late or (reading.names == 1 and place.depth == 2 and self._within is None):
            grounds.append((sure.inferred, "inferred"))
        if reading.is_preferred:
            grounds.append((sure.preferred, "preferred"))
        if "former" in reading.forms or place.now is not place:
            grounds.append((min(sure.changed, *(ground[0] for ground in grounds)), "division_changed"))
        return min(grounds, key=lambda ground: (ground[0], ground[1] != "division_changed"))

    def _nothing_found(self, text: str) -> Standard:
        """Why there is no division: the nearest reason that can be told."""
        for start in (0, *(found.end() for found in PIECES.finditer(text))):
            for length in self._index.lengths.get(text[start : start + 2], ()):
                name, end = text[start : start + length], start + length
                if len(name) < length or name not in self._index.by_name:
                    continue
                candidates = _codes(
                    highest(
                        place.now
                        for place, _form in self._index.by_name[name]
                        if is_own(place) and place.level not in ("street", "zone")
                    )
                )
                if self._reader.road.match(text, end):
                    return Standard.review("road_name", candidates=candidates)
                if self._reader.thing.match(text, end):
                    return Standard.review("named_after_place", candidates=candidates)
        is_address = self._reader.sign.search(text) and any(map(str.isalpha, text))
        return Standard.review("place_missing") if is_address else Standard.invalid("no_place")

    def _are_several(self, text: str, reading: Reading) -> bool:
        """Whether two addresses were given, rather than one that contradicts itself."""
        between = text[reading.end : reading.contradicted_at]
        is_as_high = min(place.depth for place in reading.contradicted_by) <= reading.places[0].depth
        is_list = _LIST_MARK.search(between) is not None or any(word in between for word in self.rule.joins)
        return is_list and (is_as_high or bool(self._reader.sign.search(between)))

    def _rest(self, text: str, reading: Reading) -> str:
        """What is no name of the place: the street."""
        if reading.rest is not None:
            return reading.rest
        if not reading.begin and not reading.others:
            return _closed(text[reading.end :].strip(SEPARATORS))
        parts, at = [], 0
        for begin, end in [(reading.begin, reading.end), *reading.others, (len(text), len(text))]:
            parts.append(text[at:begin].strip(SEPARATORS))
            at = end
        return _closed(" ".join(filter(None, parts)))

    def _answer(
        self,
        place: Place,
        confidence: float,
        reason: str,
        rest: str,
        postcode: str | None,
        zone: str = "",
        candidates: Sequence[str] = (),
    ) -> Standard:
        today = place.now
        while not _has_official_code(today) and today.parent is not None and today.level in ("zone", "street"):
            today = today.parent
        details = dict(self._parts_of(today))
        details["rest"] = rest
        if zone and place.level == "zone":
            details["zone"] = zone
        if postcode is not None:
            details["postcode"] = postcode
        if place.now is not place:
            details["changed_from"] = place.name
            details["changed_in"] = place.division.changed_in
        if candidates:
            details["candidates"] = list(candidates)
        return Standard(_code(today), "ok", confidence, reason, details)

    def _parts_of(self, place: Place) -> dict[str, Json]:
        known = self._parts.get(id(place))
        if known is None:
            known = self._parts[id(place)] = self._describe(place)
        return known

    def _describe(self, place: Place) -> dict[str, Json]:
        chain = place.chain()
        names: dict[str, str] = {each.level: each.name for each in chain}
        province = chain[0]
        # A municipality is a province and a city in one.
        city = names.get("city", province.name if id(province) not in self._index.with_cities else None)
        region = self._sales_region(chain)
        return {
            "level": place.level,
            "province": province.name,
            "city": city,
            "district": names.get("district"),
            "region_code": self.rule.region_codes[province.division.code],
            "sales_region": self.rule.sales_regions[region].zh,
            "sales_region_code": region,
        }

    def _sales_region(self, chain: Sequence[Place]) -> str:
        for place in reversed(chain):
            for name, region in self.rule.sales_regions.items():
                if place.division.code in region.divisions:
                    return name
        raise AssertionError(chain[0].division.code)


def _closed(rest: str) -> str:
    """With the bracket that was cut off at the end."""
    return rest + ")" if rest.count("(") > rest.count(")") else rest


def _abroad(country: str) -> Standard:
    return Standard(None, "absent", 0.0, "abroad", {"country": country})


def _has_official_code(place: Place) -> bool:
    return "-" not in place.division.code


def _code(place: Place) -> str:
    return place.division.code.partition("-")[0]


def _today(places: Iterable[Place]) -> list[Place]:
    return list(dict.fromkeys(place.now for place in places))


def _without_parts(places: list[Place]) -> list[Place]:
    """The place that holds all the others, when there is one."""
    whole = [place for place in places if all(other is place or other.lies_in(place) for other in places)]
    return whole[:1] or places


def _codes(places: Collection[Place] | Sequence[Place]) -> list[str]:
    return list(dict.fromkeys(map(_code, places)))
