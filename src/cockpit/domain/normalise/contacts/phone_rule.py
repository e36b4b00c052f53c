"""What can be written about telephone numbers: the rule file, and what a contract says about a column of them."""

from __future__ import annotations

import re
from typing import Annotated, Self

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cockpit.domain.normalise.contacts.phone_plan import chinese_plan
from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.i18n import _

_Digits = Annotated[str, Field(pattern=r"^[0-9]+$")]
_Share = Annotated[float, Field(ge=0, le=1)]


class PhoneConfidence(BaseModel):
    """How sure, 0-1, a number is that was not simply written down.

    Attributes:
        repaired: Its digits are clear; something beside them was left out.
        inferred: A part of it was added, such as the area code of the number before.
        placeholder: It could be a number, but people type it when they have none.
        doubtful: Something speaks against it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repaired: _Share = 0.9
    inferred: _Share = 0.8
    placeholder: _Share = 0.5
    doubtful: _Share = 0.4


class PhoneRule(NormalisationRule):
    """Contents of `phone.yml`. Words are compared without case, width and script.

    Attributes:
        no_value: Texts that say that there is no number.
        spreadsheet_errors: What spreadsheets write in place of a value.
        labels: Words before or after a number that say nothing more about it.
        fax_labels: Words that say that a machine answers.
        extension_words: What stands before an extension.
        doubts: Words that say that a number is wrong or old.
        other_accounts: Words before a name or number that is no telephone's.
        numerals: Characters that are read as digits, one by one.
        carrier_prefixes: Dialled before a Chinese number to choose a carrier.
        countries_without_plus: Country codes that are recognised without plus and zeros, when the number is valid.
        service_numbers: Short numbers; `x` is a digit, `*` at the end any further digits.
        further_mobile_prefixes: First digits of Chinese mobile numbers that the library does not know yet.
        further_landlines: Length of the subscribers' numbers by area code, where the library does not know it yet.
        placeholders: Numbers that people type when they have none. Repeated and counted digits are found without.
        repeated_from: So many equal digits and nothing else are no number.
        counted_from: So many digits that count up or down and nothing else are no number.
    """

    no_value: tuple[str, ...] = ()
    spreadsheet_errors: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    fax_labels: tuple[str, ...] = ()
    extension_words: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    other_accounts: tuple[str, ...] = ()
    numerals: dict[str, Annotated[str, Field(pattern=r"^[0-9]$")]] = Field(default_factory=dict)
    carrier_prefixes: tuple[_Digits, ...] = ()
    countries_without_plus: tuple[_Digits, ...] = ()
    service_numbers: tuple[Annotated[str, Field(pattern=r"^[0-9][0-9x]{1,10}\*?$")], ...] = ()
    further_mobile_prefixes: tuple[Annotated[str, Field(pattern=r"^1[3-9][0-9]{1,3}$")], ...] = ()
    further_landlines: dict[Annotated[str, Field(pattern=r"^0[1-9][0-9]{1,2}$")], Annotated[int, Field(ge=7, le=8)]] = (
        Field(default_factory=dict)
    )
    placeholders: tuple[_Digits, ...] = ()
    repeated_from: int = Field(default=3, ge=3)
    counted_from: int = Field(default=6, ge=6)
    confidence: PhoneConfidence = PhoneConfidence()

    @field_validator("numerals")
    @classmethod
    def _single_characters(cls, numerals: dict[str, str]) -> dict[str, str]:
        for character in numerals:
            if len(character) != 1 or character.isascii():
                raise ValueError(_("numerals: {text!r} is not one Chinese character", text=character))
        return numerals

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        owners: dict[str, str] = {}
        for place in ("labels", "fax_labels", "extension_words", "doubts", "other_accounts"):
            for word in getattr(self, place):
                key = decision_key(word)
                if not key:
                    raise ValueError(_("{place}: {word!r} has nothing that could be found", place=place, word=word))
                other = owners.setdefault(key, place)
                if other != place:
                    raise ValueError(
                        _(
                            "{word} stands under {place} and {other}; leave it in one",
                            word=word,
                            place=place,
                            other=other,
                        )
                    )
        return self


class PhoneDeclared(Declared):
    """What a contract says about a column of telephone numbers.

    Attributes:
        country: Of numbers without a country code, two letters.
        area_code: Of Chinese numbers without an area code, such as "021".
    """

    country: str = "CN"
    area_code: str | None = None

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if country not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(_("{country} is no country; write two capital letters such as CN", country=country))
        return country

    @model_validator(mode="after")
    def _known_area(self) -> Self:
        if self.area_code is None:
            return self
        if self.country != "CN":
            raise ValueError(_("an area code can be declared for country CN only"))
        if (
            not re.fullmatch(r"0[1-9][0-9]{1,2}", self.area_code)
            or self.area_code[1:] not in chinese_plan().area_lengths
        ):
            raise ValueError(_('{code} is no Chinese area code; write one such as "021"', code=self.area_code))
        return self
