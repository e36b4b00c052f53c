"""Read telephone numbers from digits: which number they are, several of them, or the reason why they are none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import phonenumbers

from cockpit.domain.normalise.contacts.phone_plan import chinese_plan
from cockpit.domain.normalise.contacts.phone_rule import PhoneDeclared, PhoneRule

# Shorter ones after a number are extensions.
LONGEST_EXTENSION = 6

_GROUP = re.compile(r"\+?[0-9]+")
_NO_DIGIT = re.compile(r"[^0-9]+")
_DECIMAL_PLACES = re.compile(r"(\+?[0-9]{5,})\.0{1,2}")
# Lengths of groups as numbers are written in North America, where the same digits would be another number.
_AMERICAN = ((3, 3, 4), (1, 3, 3, 4))
# More groups are not tried as several numbers; their combinations would grow without end.
_MOST_GROUPS = 16
_TYPES = {
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE: "landline",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: "landline",
    phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free",
    phonenumbers.PhoneNumberType.SHARED_COST: "toll_free",
}
_COUNTED_UP = "012345678901234567890123456789"
_COUNTED_DOWN = _COUNTED_UP[::-1]
_REPEATED = frozenset(digit * length for digit in "0123456789" for length in (7, 8))
_COUNTED = frozenset(
    line[at : at + length] for line in (_COUNTED_UP, _COUNTED_DOWN) for at in range(10) for length in (7, 8)
)
# Ends of mobile numbers, eight digits, that people type when they have none.
MADE_UP_TAILS = _REPEATED | _COUNTED


@dataclass(frozen=True)
class FoundNumber:
    """A number in a text.

    Attributes:
        value: E.164, or the digits of a service number; None when the area code is missing.
        subscriber: What is looked at for repeated and counted digits.
        reason: What was done to get it; goes with `confidence`.
        doubt: Why a person has to decide.
    """

    value: str | None
    type: str
    country: str | None = "CN"
    subscriber: str = ""
    area: str | None = None
    reason: str = ""
    confidence: float = 1.0
    doubt: str = ""
    extension: str | None = None
    is_fax: bool = False
    is_placeholder: bool = False


class NumberReader:
    """Knows which numbers exist, by a rule and what is declared."""

    def __init__(self, rule: PhoneRule, declared: PhoneDeclared) -> None:
        self._rule = rule
        self._sure = rule.confidence
        self._plan = chinese_plan()
        self._country = declared.country
        self._area = declared.area_code[1:] if declared.area_code else None
        further = "|".join(sorted(rule.further_mobile_prefixes))
        self._further_mobile = re.compile(rf"(?:{further})[0-9]*" if further else r"(?!)")
        self._further_landlines = {code[1:]: length for code, length in rule.further_landlines.items()}
        self._service = re.compile("|".join(map(_service_pattern, rule.service_numbers)) or r"(?!)")
        self._placeholders = frozenset(rule.placeholders)

    def read_run(self, run: str, area: str | None) -> list[FoundNumber] | str:
        """Digits with spaces, dashes, dots, brackets and plus between them: one number or several; else a reason."""
        decimal = _DECIMAL_PLACES.fullmatch(run)
        if decimal:
            run = decimal[1]
        groups = _GROUP.findall(run)
        digits = _NO_DIGIT.sub("", run)
        has_plus = groups[0][0] == "+"
        lengths = tuple(len(group.lstrip("+")) for group in groups)
        whole = self.read_digits(digits, has_plus, area, lengths)
        if isinstance(whole, FoundNumber) and whole.value:
            return [whole]
        if len(groups) > 1:
            split = self._with_extension(run, groups, has_plus, area) or self._several(groups, area)
            if split:
                return split
        elif len(digits) == 22 and self._is_mobile(digits[:11]) and self._is_mobile(digits[11:]):
            return [replace(self._mobile(one), doubt="run_together") for one in (digits[:11], digits[11:])]
        return [whole] if isinstance(whole, FoundNumber) else whole

    def complete_tail(self, last: FoundNumber, digits: str) -> FoundNumber | None:
        """The number whose last digits only were written: 89 after 021-68888888."""
        if last.type != "landline" or not last.value or len(digits) > 4:
            return None
        read = self.read_digits(f"0{last.value[3 : -len(digits)]}{digits}", False, None, ())
        if isinstance(read, str):
            return None
        return replace(read, reason="tail_completed", confidence=self._sure.inferred)

    def _with_extension(self, run: str, groups: list[str], has_plus: bool, area: str | None) -> list[FoundNumber]:
        extension = groups[-1]
        if len(extension) > LONGEST_EXTENSION or extension[0] == "+":
            return []
        lengths = tuple(len(group.lstrip("+")) for group in groups[:-1])
        head = self.read_digits("".join(groups[:-1]).replace("+", ""), has_plus, area, lengths)
        if not isinstance(head, FoundNumber) or (head.value is None and len(groups) > 2):
            return []
        separator = run[: -len(extension)].rstrip(" ")[-1:]
        # A dash or a bracket announces an extension; after a space it may be anything.
        doubt = head.doubt if separator in "-(" else "extension_doubtful"
        return [replace(head, extension=extension, doubt=doubt)]

    def _several(self, groups: list[str], area: str | None) -> list[FoundNumber]:
        """Numbers with spaces or dashes between them; all groups have to belong to a valid one."""
        if len(groups) > _MOST_GROUPS:
            return []
        # By how many groups were used: the numbers that they make.
        reached: dict[int, list[FoundNumber]] = {0: []}
        for start in range(len(groups)):
            if start not in reached:
                continue
            before = reached[start]
            near = before[-1].area if before else area
            for end in range(start + 1, min(start + 6, len(groups)) + 1):
                part = "".join(groups[start:end])
                has_plus = part[0] == "+"
                part = part[has_plus:]
                if "+" in part or len(part) > 15:
                    break
                read = self.read_digits(part, has_plus, near, ())
                if isinstance(read, FoundNumber) and read.value and not read.doubt and read.type != "service":
                    reached.setdefault(end, [*before, read])
        return reached.get(len(groups), [])

    def read_digits(self, digits: str, has_plus: bool, area: str | None, lengths: tuple[int, ...]) -> FoundNumber | str:
        """One number, or the reason why there is none.

        Args:
            digits: Without anything between them.
            has_plus: Whether the country code comes first.
            area: Area code, without its 0, of a number beside this one.
            lengths: Of the groups as written.
        """
        read = self._read_chinese(digits, has_plus, area, lengths) if self._country == "CN" else None
        if read is None:
            read = self._read_elsewhere(digits, has_plus)
        if isinstance(read, str) and self._is_made_up(digits):
            return "placeholder"
        return read

    def _read_chinese(
        self, digits: str, has_plus: bool, area: str | None, lengths: tuple[int, ...]
    ) -> FoundNumber | str:
        abroad = digits if has_plus else digits[2:] if digits.startswith("00") else ""
        if abroad.startswith("86"):
            read = self._read_national(abroad[2:], None, (), True)
            if isinstance(read, str) and abroad.startswith("8686"):
                read = self._read_national(abroad[4:], None, (), True)
            return read
        if abroad:
            foreign = self._read_foreign(abroad)
            if isinstance(foreign, str) and has_plus and self._is_mobile(digits):
                return replace(self._mobile(digits), doubt="country_doubtful")
            return foreign
        national = self._read_national(digits, area, lengths, False)
        if isinstance(national, FoundNumber):
            return national
        for prefix in ("86", "086", *self._rule.carrier_prefixes):
            if digits.startswith(prefix) and len(digits) - len(prefix) >= 9:
                read = self._read_national(digits[len(prefix) :], None, (), prefix.endswith("86"))
                if isinstance(read, FoundNumber) and read.value:
                    return read
        for code in self._rule.countries_without_plus:
            if digits.startswith(code):
                read = self._read_foreign(digits)
                if isinstance(read, FoundNumber):
                    return replace(read, reason="plus_missing", confidence=self._sure.inferred)
        return national

    def _read_national(
        self, digits: str, area: str | None, lengths: tuple[int, ...], after_country: bool
    ) -> FoundNumber | str:
        if self._is_mobile(digits):
            found = self._mobile(digits)
            return replace(found, doubt="country_doubtful") if lengths == _AMERICAN[1] else found
        if digits.startswith("0"):
            rest = digits[1:]
            if self._is_mobile(rest):
                return self._mobile(rest)
            found_line = self._landline(rest) or self._service_in_area(rest)
            if found_line:
                return found_line
            return "wrong_length" if self._plan.area_code(rest) or rest[:1] == "1" else "unknown_area_code"
        if self._plan.toll_free.fullmatch(digits):
            return FoundNumber(f"+86{digits}", "toll_free", subscriber=digits[3:])
        if self._service.fullmatch(digits):
            return FoundNumber(digits, "service", subscriber=digits)
        line = self._landline(digits) or (self._service_in_area(digits) if after_country else None)
        if line:
            if after_country:
                return line
            # Spreadsheets drop the first 0 of what they take for a number.
            doubt = "country_doubtful" if lengths == _AMERICAN[0] else ""
            return replace(line, reason="leading_zero_missing", confidence=self._sure.inferred, doubt=doubt)
        if len(digits) in (7, 8) and digits[0] in "2345678" and not after_country:
            return self._local(digits, area)
        if len(digits) == 11 and digits[0] == "1":
            return "unassigned_prefix"
        return "wrong_length"

    def _local(self, digits: str, area: str | None) -> FoundNumber:
        for code, reason in ((area, "area_code_of_other"), (self._area, "area_code_declared")):
            line = self._landline(f"{code}{digits}") if code else None
            if line:
                return replace(line, reason=reason, confidence=self._sure.inferred)
        return FoundNumber(None, "landline", subscriber=digits, doubt="area_code_missing")

    def _landline(self, digits: str) -> FoundNumber | None:
        area = self._plan.area_code(digits)
        if self._plan.is_landline(digits):
            return FoundNumber(f"+86{digits}", "landline", subscriber=digits[len(area or "") :], area=area)
        for code, length in self._further_landlines.items():
            if digits.startswith(code) and len(digits) == len(code) + length and digits[len(code)] in "2345678":
                return FoundNumber(f"+86{digits}", "landline", subscriber=digits[len(code) :], area=code)
        subscriber = digits[len(area or "") :]
        if area and len(subscriber) in self._plan.area_lengths[area] and subscriber[0] in "2345678":
            # Nobody has heard of the range; that it was given out since is likelier than a slip.
            line = FoundNumber(f"+86{digits}", "landline", subscriber=subscriber, area=area)
            return replace(line, doubt="unassigned_number")
        return None

    def _service_in_area(self, digits: str) -> FoundNumber | None:
        area = self._plan.area_code(digits)
        short = digits[len(area or "") :]
        if area is None or not self._service.fullmatch(short):
            return None
        return FoundNumber(short, "service", subscriber=short, area=area)

    def _read_foreign(self, digits: str) -> FoundNumber | str:
        return self._read_by_library(f"+{digits}", None)

    def _read_elsewhere(self, digits: str, has_plus: bool) -> FoundNumber | str:
        """A number of a column whose declared country is not China."""
        read = self._read_by_library(f"+{digits}" if has_plus else digits, self._country)
        if isinstance(read, str) and self._is_mobile(digits):
            return replace(self._mobile(digits), type="international", doubt="country_doubtful")
        return read

    def _read_by_library(self, text: str, country: str | None) -> FoundNumber | str:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException as error:
            is_country = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
            return "unknown_country" if is_country else "wrong_length"
        if not phonenumbers.is_valid_number(number):
            return "unassigned_number" if phonenumbers.is_possible_number(number) else "wrong_length"
        region = phonenumbers.region_code_for_number(number)
        kind = _TYPES.get(phonenumbers.number_type(number), "service") if region == self._country else "international"
        value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        # Networks without a country, such as satellites.
        known_region = region if region and region != "001" else None
        return FoundNumber(value, kind, country=known_region, subscriber=str(number.national_number))

    def _is_mobile(self, digits: str) -> bool:
        return len(digits) == 11 and bool(self._plan.mobile.fullmatch(digits) or self._further_mobile.fullmatch(digits))

    def _mobile(self, digits: str) -> FoundNumber:
        return FoundNumber(f"+86{digits}", "mobile", subscriber=digits[3:])

    def is_placeholder(self, found: FoundNumber) -> bool:
        """Whether a number is one that people type when they have none: listed, one digit repeated, or counted."""
        value = found.value or found.subscriber
        if value in self._placeholders or value.removeprefix("+86") in self._placeholders:
            return True
        if found.type == "service" or (found.value and not found.value.startswith("+86")):
            return False
        if found.type != "toll_free" and found.subscriber in _REPEATED:
            return True
        return found.subscriber in _COUNTED

    def _is_made_up(self, digits: str) -> bool:
        """Whether digits that are no number are one digit repeated, count up or down, or are listed."""
        if digits in self._placeholders:
            return True
        if len(set(digits)) == 1:
            return len(digits) >= self._rule.repeated_from
        return len(digits) >= self._rule.counted_from and (digits in _COUNTED_UP or digits in _COUNTED_DOWN)


def _service_pattern(written: str) -> str:
    return written.replace("x", "[0-9]").replace("*", "[0-9]{0,17}")
