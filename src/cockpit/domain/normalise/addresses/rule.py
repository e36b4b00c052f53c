"""What include/rules/normalisation/address.yml says: the words by which an address is read, and the sales regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, model_validator

from cockpit.domain.normalise.addresses.divisions import Division, Level, PlaceIndex
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.i18n import _


class SalesRegion(BaseModel):
    """A sales region (大区).

    Attributes:
        divisions: Codes of provinces, cities or districts; the most exact one that holds an address decides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    divisions: tuple[str, ...] = Field(min_length=1)


class Country(BaseModel):
    """A country abroad: its names in any language, and cities that nobody takes for Chinese ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...] = Field(min_length=1)
    cities: tuple[str, ...] = ()


class AddressConfidence(BaseModel):
    """How sure, 0-1, by the weakest name that was needed.

    Attributes:
        full: An official name, unique or below a named whole.
        short: A name without its ending.
        inferred: A district without its city, or a place behind other words.
        changed: A name that is no longer in use.
        code: The text is a division code.
        several_districts: The whole is certain, its part is not.
        preferred: One of several places that are written alike, by `preferred_pinyin`.
        doubtful: What a person has to look at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    full: float = Field(default=1.0, ge=0, le=1)
    short: float = Field(default=0.95, ge=0, le=1)
    inferred: float = Field(default=0.85, ge=0, le=1)
    changed: float = Field(default=0.9, ge=0, le=1)
    code: float = Field(default=0.9, ge=0, le=1)
    several_districts: float = Field(default=0.7, ge=0, le=1)
    preferred: float = Field(default=0.75, ge=0, le=1)
    doubtful: float = Field(default=0.4, ge=0, le=1)


class LatinWords(BaseModel):
    """Words of addresses in Latin letters, lower case, without apostrophes, hyphens and accents.

    Attributes:
        country: What China is called.
        endings: Words behind a name that say its level; the level is province, city or district, or empty for any.
        roads: Words behind a name that make it a road; `directions` may stand between.
        things: Words behind a name, or before it, that make it part of another name.
        names: English names of places, by name the code.
        misspelled: What people write for a place although it is the name of another.
        preferred_pinyin: Where two places are written alike, the one that is meant when nothing else is said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: tuple[str, ...] = Field(min_length=1)
    endings: dict[str, str]
    roads: tuple[str, ...]
    directions: tuple[str, ...]
    things: tuple[str, ...]
    names: dict[str, str]
    misspelled: dict[str, str]
    preferred_pinyin: dict[str, str]


class AddressRule(NormalisationRule):
    """Contents of `address.yml`.

    Attributes:
        divisions: The table of divisions; the file says `divisions_from`, a table beside it.
        region_codes: ISO 3166-2 code of each province, by its division code.
        sales_regions: By code.
        aliases: Further names of places, by name the division code.
        loose_endings: Ends of official names that people shorten.
        former_endings: Ends that a name may have had before its place was promoted, by level.
        known_short: Names of districts that are understood without their ending and without their city.
        known_alone: The same, but only alone or where the text shows that it is an address.
        ambiguous_short: Names without ending that mean a city as often as a district elsewhere.
        weak_short: Names without ending that are also ordinary words; they need something behind them that is
            surely part of an address.
        ordinary_districts: Names that many cities give to parts that are no divisions; they contradict nothing.
        country: What China is called; stripped where it begins an address.
        labels: Words before an address that are no part of it.
        postcode_labels: Words before a postcode.
        fillers: Words between two names that are no part of either.
        no_value: Texts that say nothing.
        road_modifiers, road_endings: Behind a name without ending they make it a road: 南京|东|路.
        things: Behind a name without ending they make it part of another name: 中山|大学.
        features: As `things`, where the word ends there: 玄武|湖, but 杭州湖墅南路.
        town_endings: Behind any name they make it the name of a town: 唐县|镇.
        organisations: At the end of a text without a house number they make it the name of an organisation.
        address_signs: One of them, or a digit, shows that a text is an address.
        town_signs: Ends of names of towns; they show that the name before them is a place.
        joins: Between two addresses.
        countries: Countries abroad, by ISO 3166 code.
        latin: Words in Latin letters.
    """

    divisions: SkipValidation[tuple[Division, ...]] = Field(repr=False)
    region_codes: dict[str, str]
    sales_regions: dict[str, SalesRegion]
    aliases: dict[str, str]
    loose_endings: dict[str, tuple[str, ...]]
    former_endings: dict[Level, dict[str, tuple[str, ...]]]
    known_short: tuple[str, ...]
    known_alone: tuple[str, ...] = ()
    ambiguous_short: tuple[str, ...]
    weak_short: tuple[str, ...]
    ordinary_districts: tuple[str, ...]
    country: tuple[str, ...] = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    postcode_labels: tuple[str, ...] = Field(min_length=1)
    fillers: tuple[str, ...] = Field(min_length=1)
    no_value: tuple[str, ...]
    road_modifiers: tuple[str, ...] = Field(min_length=1)
    road_endings: tuple[str, ...] = Field(min_length=1)
    things: tuple[str, ...] = Field(min_length=1)
    features: tuple[str, ...] = Field(min_length=1)
    town_endings: tuple[str, ...] = Field(min_length=1)
    organisations: tuple[str, ...] = Field(min_length=1)
    address_signs: tuple[str, ...] = Field(min_length=1)
    town_signs: tuple[str, ...] = Field(min_length=1)
    joins: tuple[str, ...] = Field(min_length=1)
    countries: dict[str, Country]
    latin: LatinWords
    confidence: AddressConfidence = AddressConfidence()

    @cached_property
    def index(self) -> PlaceIndex:
        """The divisions by name; made once for all columns."""
        return PlaceIndex(self.divisions, self.aliases, self.loose_endings, self.former_endings)

    @model_validator(mode="after")
    def _known_codes(self) -> Self:
        known = {division.code: division for division in self.divisions}
        for place, codes in self._places_with_codes():
            for code in codes:
                if code not in known:
                    raise ValueError(
                        _("{place} names {code}, which is not in the table of divisions", place=place, code=code)
                    )
        provinces = {division.code for division in self.divisions if division.level == "province"}
        if missing := sorted(provinces - set(self.region_codes)):
            raise ValueError(_("region_codes: {codes} are missing", codes=", ".join(missing)))
        owners: dict[str, str] = {}
        for name, region in self.sales_regions.items():
            for code in region.divisions:
                if owners.setdefault(code, name) != name:
                    raise ValueError(
                        _("sales_regions: {code} is in {one} and {other}", code=code, one=owners[code], other=name)
                    )
        if missing := sorted(provinces - set(owners)):
            raise ValueError(_("sales_regions: {codes} are in none", codes=", ".join(missing)))
        names = set(self.aliases) | {
            name for division in self.divisions for name in (division.name, division.short_name)
        }
        for place in ("known_short", "known_alone", "ambiguous_short", "weak_short", "ordinary_districts"):
            for name in getattr(self, place):
                if name not in names:
                    raise ValueError(_("{place}: {name} is the name of no division", place=place, name=name))
        return self

    def _places_with_codes(self) -> Iterator[tuple[str, Iterable[str]]]:
        yield "region_codes", self.region_codes
        for name, region in self.sales_regions.items():
            yield f"sales_regions.{name}", region.divisions
        yield "aliases", self.aliases.values()
        yield "latin.names", self.latin.names.values()
        yield "latin.misspelled", self.latin.misspelled.values()
        yield "latin.preferred_pinyin", self.latin.preferred_pinyin.values()


class AddressDeclared(Declared):
    """What a contract may say.

    Attributes:
        within: Division code in which all addresses of the column lie, such as "110000"; it decides between places
            of one name, and an address elsewhere goes to a person.
    """

    within: str | None = Field(default=None, pattern=r"^\d{6}$")
