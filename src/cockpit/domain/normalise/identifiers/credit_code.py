"""Standardise numbers by which companies are registered, above all unified social credit codes (GB 32100).

Authorities, regions and words are written in include/rules/normalisation/credit_code.yml. Numbers of identity cards,
which turn up in such columns, are recognised and never given back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat

from cockpit.domain.masking import mask
from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.identifiers.identity_card import looks_like_identity_card, looks_like_old_identity_card
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.domain.normalise.words import any_word
from cockpit.i18n import _

_Share = Annotated[float, Field(ge=0, le=1)]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z, which are read as digits
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CODE_LENGTH, _ORGANISATION_LENGTH, _OLD_LENGTHS = 18, 9, (13, 15)
_OLD_NUMBER = "old_registration_or_tax_number"
_SHORTEST_MADE_UP = 6
_COUNTED = "012345678901234567890123456789 987654321098765432109876543210"

_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ORGANISATION_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]")
_TAX_NUMBER = re.compile(r"[1-8][0-9]{5}[0-9A-Z]{8}[0-9X]")
_FOREIGN_TAX_NUMBER = re.compile(r"([A-Z]{2,3})[0-9A-Z]{5,15}")
_SEPARATOR = re.compile(r"[\s\-‐‑‒–—―−_.·•・,:;/'\"`’‘“”()\[\]{}<>【】《》|=。、]+")
_DECIMAL_PLACES = re.compile(r"([0-9]{9,20})\.0{1,2}")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{1,2}")
_TOKEN = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{15,20}(?![0-9A-Z])")
_FOREIGN_DECIMAL = re.compile(r"(?![0-9])\d")
_EU = frozenset(code.upper() for code in eu_vat.MEMBER_STATES) | {"EL", "XI"}


class CreditCodeConfidence(BaseModel):
    """How sure, 0-1, a number is that was not simply written down.

    Attributes:
        repaired: It is clear; something beside it was left out.
        unusual: Its check character is right, but a part is unusual.
        doubtful: It is a candidate only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repaired: _Share = 0.95
    unusual: _Share = 0.8
    doubtful: _Share = 0.4


class Authority(BaseModel):
    """Who registers: the first character of a code.

    Attributes:
        en, zh: Its name.
        categories: Kinds of what it registers, by the second character.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str
    categories: dict[Annotated[str, Field(pattern=r"^[0-9A-Z]$")], str] = Field(min_length=1)


class CreditCodeRule(NormalisationRule):
    """Contents of `credit_code.yml`. Words are compared without case, width and script.

    Attributes:
        no_value: Texts that say that there is no number.
        labels: Words beside a number that say nothing more about it.
        authorities: By the first character of a code.
        prefectures: Third and fourth digit of region codes by the first two, as numbers and ranges ("01-09"); the
            last two digits are not looked at, since development zones have codes of their own there.
        whole_regions: Region codes beside these.
        like_digits: Letters that no code holds, and what they were most likely typed for.
        vat_countries: Prefixes of value added tax numbers that are checked and accepted.
    """

    no_value: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    authorities: dict[Annotated[str, Field(pattern=r"^[0-9A-Z]$")], Authority] = Field(min_length=1)
    prefectures: dict[Annotated[str, Field(pattern=r"^[0-9]{2}$")], tuple[str, ...]] = Field(min_length=1)
    whole_regions: tuple[Annotated[str, Field(pattern=r"^[0-9]{6}$")], ...] = ()
    like_digits: dict[str, str] = Field(default_factory=dict)
    vat_countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")], ...] = ()
    confidence: CreditCodeConfidence = CreditCodeConfidence()

    @field_validator("prefectures")
    @classmethod
    def _ranges(cls, prefectures: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for province, ranges in prefectures.items():
            for one in ranges:
                if not re.fullmatch(r"[0-9]{2}(-[0-9]{2})?", one) or one[:2] > one[-2:]:
                    raise ValueError(
                        _('prefectures: {range} of {province} is no range; write "01-09"', range=one, province=province)
                    )
        return prefectures

    @model_validator(mode="after")
    def _letters_that_no_code_holds(self) -> Self:
        for letter, meant in self.like_digits.items():
            if len(letter) != 1 or letter in _VALUES or meant not in _VALUES:
                raise ValueError(
                    _("like_digits: {letter} is in codes, or {meant} is not; turn it round", letter=letter, meant=meant)
                )
        return self


class CreditCodeDeclared(Declared):
    """A contract says nothing more about a column of registration numbers."""


class CreditCodeStandardiser:
    """Reads registration numbers by a rule."""

    def __init__(self, rule: CreditCodeRule, _declared: CreditCodeDeclared) -> None:
        self._rule = rule
        self._sure = rule.confidence
        self._no_value = frozenset(map(decision_key, rule.no_value))
        self._labels = any_word(rule.labels)
        self._prefectures = frozenset(
            f"{province}{number:02d}"
            for province, ranges in rule.prefectures.items()
            for one in ranges
            for number in range(int(one[:2]), int(one[-2:]) + 1)
        )
        self._whole_regions = frozenset(rule.whole_regions)
        self._like_digits = str.maketrans(rule.like_digits)

    def standardise(self, text: str) -> Standard:
        """One text.

        Returns:
            `value` is the number in capital letters without separators. `details`: type (credit_code,
            organisation_code, registration_number, tax_number, vat_number), of a credit code also authority,
            category_zh, region and organisation_code; masked (of an identity card, which gives no value); suggestion (a
            valid code that may have been meant).
        """
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        if len(text) == _CODE_LENGTH and text.isascii() and _CODE.fullmatch(text):
            return self._read(text)
        folded = fold(text)
        if not folded:
            return Standard.absent()
        if len(folded) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._read_text(folded)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one."""
        return [self.standardise(text) for text in texts]

    def _read_text(self, text: str) -> Standard:
        if decision_key(text) in self._no_value or not any(map(str.isalnum, text)):
            is_damaged = "#" in text and set(text) == {"#"}
            return Standard.invalid("damaged_by_spreadsheet") if is_damaged else Standard.absent("no_value")
        text = _FOREIGN_DECIMAL.sub(lambda match: str(int(match[0])), to_simplified(text).casefold())
        text = self._labels.sub(" ", text).upper().strip(" :;,.。、'\"=")
        if not text or decision_key(text) in self._no_value:
            return Standard.absent("no_value")
        if _SCIENTIFIC.fullmatch(text):
            return Standard.invalid("damaged_by_spreadsheet")
        decimal = _DECIMAL_PLACES.fullmatch(text)
        whole = self._read(_SEPARATOR.sub("", decimal[1] if decimal else text))
        if whole.reason not in ("wrong_length", "format"):
            return whole
        return self._read_tokens(text, whole)

    def _read_tokens(self, text: str, whole: Standard) -> Standard:
        """Codes among words; `whole` when there is none."""
        read = {token: self._read(token) for token in _TOKEN.findall(text)}
        cards = [one for one in read.values() if one.reason == "identity_card_number"]
        usable = [one for one in read.values() if one.outcome == "ok"]
        if len(usable) == 1:
            reason = usable[0].reason or "text_beside_code"
            return replace(usable[0], confidence=min(usable[0].confidence, self._sure.repaired), reason=reason)
        if usable:
            return Standard.review("several", usable[0].value, self._sure.doubtful, codes=[one.value for one in usable])
        known = cards or [one for one in read.values() if one.reason != "wrong_length"]
        return known[0] if len(known) == 1 or cards else whole

    def _read(self, code: str) -> Standard:
        """A number in capital letters and digits, without separators."""
        if not code.isascii() or not code.isalnum():
            return Standard.invalid("format")
        # An old number may count up by chance.
        is_counted = code in _COUNTED and len(code) not in _OLD_LENGTHS
        if len(code) >= _SHORTEST_MADE_UP and (len(set(code)) == 1 or is_counted):
            return Standard.invalid("placeholder")
        if len(code) == _CODE_LENGTH:
            return self._read_credit_code(code)
        if looks_like_identity_card(code[:_CODE_LENGTH]) and len(code) == _CODE_LENGTH + 2:
            # Sole traders were taxed under their owner's number and two more digits.
            return Standard.invalid("identity_card_number", masked=mask(code))
        vat = self._read_vat(code)
        if vat:
            return vat
        if len(code) == _ORGANISATION_LENGTH and _ORGANISATION_CODE.fullmatch(code):
            if _is_organisation_code(code):
                return Standard.review("organisation_code", code, self._sure.doubtful, type="organisation_code")
            return Standard.invalid("check_digit", type="organisation_code")
        return self._read_old(code)

    def _read_credit_code(self, code: str) -> Standard:
        problem = self._problem(code)
        if problem and looks_like_identity_card(code):
            return Standard.invalid("identity_card_number", masked=mask(code))
        if problem and not _CODE.fullmatch(code):
            meant = code.translate(self._like_digits)
            return Standard.invalid(problem, **({} if self._problem(meant) else {"suggestion": meant}))
        if problem:
            # Spreadsheets keep 15 digits and fill up with zeros.
            is_cut = problem == "check_digit" and code.isdecimal() and code.endswith("000")
            return Standard.invalid("damaged_by_spreadsheet" if is_cut else problem)
        authority = self._rule.authorities[code[0]]
        category = authority.categories.get(code[1])
        details: dict[str, Json] = {
            "type": "credit_code",
            "authority": authority.en,
            "authority_zh": authority.zh,
            "region": code[2:8],
            "organisation_code": code[8:17],
        }
        if category is None:
            return Standard.review("category", code, self._sure.doubtful, **details)
        details["category_zh"] = category
        if code[2:6] not in self._prefectures and code[2:8] not in self._whole_regions:
            return Standard.review("region", code, self._sure.doubtful, **details)
        if len(set(code[8:16])) == 1:
            return Standard(code, "ok", self._sure.doubtful, "placeholder", details)
        if not _is_organisation_code(code[8:17]):
            return Standard(code, "ok", self._sure.unusual, "organisation_code_check", details)
        return Standard(code, "ok", 1.0, "", details)

    def _problem(self, code: str) -> str:
        """Why 18 characters are no credit code; empty when they are one."""
        if not _CODE.fullmatch(code):
            return "format"
        if code[17] != _check_character(code):
            return "check_digit"
        if code[0] not in self._rule.authorities:
            return "authority"
        is_known = code[2:4] in self._rule.prefectures or code[2:8] in self._whole_regions
        return "" if is_known else "region"

    def _read_vat(self, code: str) -> Standard | None:
        match = _FOREIGN_TAX_NUMBER.fullmatch(code)
        if match is None:
            return None
        country = next((one for one in self._rule.vat_countries if code.startswith(one)), None)
        if country is None or not _is_vat_number(country, code):
            return None
        return Standard(code, "ok", 1.0, "vat_number", {"type": "vat_number", "country": country[:2]})

    def _read_old(self, code: str) -> Standard:
        """Numbers from before 2015: 13 or 15 digits of the register, 15 characters of the tax office."""
        is_tax_number = bool(_TAX_NUMBER.fullmatch(code)) and _is_organisation_code(code[6:])
        if is_tax_number or (len(code) in _OLD_LENGTHS and code.isdecimal()):
            if not is_tax_number and looks_like_old_identity_card(code):
                return Standard.review(_OLD_NUMBER, masked=mask(code), type="maybe_identity_card")
            details: dict[str, Json] = {"type": "tax_number" if is_tax_number else "registration_number"}
            if is_tax_number:
                body = f"91{code}"
                meant = body + _check_character(body) if _CODE.fullmatch(f"{body}0") else ""
                details |= {"suggestion": meant} if meant and not self._problem(meant) else {}
            return Standard.review(_OLD_NUMBER, code, self._sure.doubtful, **details)
        return Standard.invalid("wrong_length")


def _check_character(code: str) -> str:
    """What GB 32100 wants after the first 17 characters."""
    return _ALPHABET[-sum(_VALUES[one] * weight for one, weight in zip(code, _WEIGHTS, strict=False)) % 31]


def _is_organisation_code(code: str) -> bool:
    """Whether the check character of nine is right (GB 11714)."""
    if not _ORGANISATION_CODE.fullmatch(code):
        return False
    # int(..., 36) gives letters the values that the standard gives them: A is 10.
    rest = -sum(int(one, 36) * weight for one, weight in zip(code, _ORGANISATION_WEIGHTS, strict=False)) % 11
    return code[8] == ("X" if rest == 10 else str(rest))


def _is_vat_number(country: str, code: str) -> bool:
    module: Any = eu_vat if country in _EU else get_cc_module(country[:2].lower(), "vat")
    return bool(module is not None and (module.is_valid(code) or module.is_valid(code[len(country) :])))
