"""Standardise telephone numbers to E.164, with extension and what else was written beside them.

Words, placeholders and service numbers are written in include/rules/normalisation/phone.yml; which numbers exist is
known to the phonenumbers library. What is typed most takes a short way that gives the same results.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cockpit.domain.normalise.contacts.phone_number import LONGEST_EXTENSION, MADE_UP_TAILS, FoundNumber, NumberReader
from cockpit.domain.normalise.contacts.phone_plan import chinese_plan
from cockpit.domain.normalise.contacts.phone_rule import PhoneDeclared, PhoneRule
from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.identifiers.identity_card import looks_like_identity_card
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.domain.normalise.words import any_word

_MOBILE: dict[str, Json] = {"type": "mobile", "country": "CN"}
_LANDLINE: dict[str, Json] = {"type": "landline", "country": "CN"}

# What writes the same thing in another way: dashes, quotes around cells of a spreadsheet, brackets, key caps, dots.
_LEVELLED = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−_", "-"),
        **dict.fromkeys("'\"`’‘“”=\u20e3", None),
        **dict.fromkeys("[{【〔〖<《「", "("),
        **dict.fromkeys("]}】〕〗>》」", ")"),
        **dict.fromkeys("·•・。", "."),
        **dict.fromkeys("|\\", "/"),
    }
)
_FOREIGN_DECIMAL = re.compile(r"(?![0-9])\d")
_RUN = re.compile(r"[+(]*[0-9](?:[0-9 ().+-]*[0-9])?")
_NO_DIGIT = re.compile(r"[^0-9]+")
_NO_CODE = re.compile(r"[^0-9a-z]+")
_LETTER = re.compile(r"[^\W\d_]")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?e\+?([0-9]{1,2})")
_DATE = re.compile(r"(?:19|20)[0-9]{2}([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])")
_EMAIL = re.compile(r"[^\s@,;/(]*@[^\s@,;/)]*")
_PAGE = re.compile(r"(?:https?:|www\.)[^\s,;()]*")
_IDENTITY_CARD = re.compile(r"(?<![0-9])[0-9]{17}[0-9x](?![0-9a-z])")
_BESIDE_EXTENSION = re.compile(r"[\s:.()/,;号-]+")
_LETTERS_AS_DIGITS = re.compile(r"[0-9oqil]{5,20}")
_LETTER_BESIDE_DIGIT = re.compile(r"[oqil][0-9]|[0-9][oqil]")
_LIKE_DIGITS = str.maketrans({"o": "0", "q": "0", "i": "1", "l": "1"})
# Between a number and the last digits of the next one: 021-68888888/89.
_BEFORE_TAIL = {"/", "、", "~"}

_PLAIN_MOBILE = re.compile(r"(?:\+?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})")
# One digit after a dash may as well be the last one of the number.
_PLAIN_LANDLINE = re.compile(r"\(?0([0-9]{2,3})\)?[ -]?([0-9]{7,8})(?:(?:-|转)([0-9]{2,6}))?")


@dataclass
class _Reading:
    """What a text was found to hold."""

    found: list[FoundNumber] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    digits: str = ""
    is_partly_read: bool = False
    is_doubtful: bool = False
    has_words: bool = False


class PhoneStandardiser:
    """Reads telephone numbers by a rule."""

    def __init__(self, rule: PhoneRule, declared: PhoneDeclared) -> None:
        self._sure = rule.confidence
        self._plan = chinese_plan()
        self._reader = NumberReader(rule, declared)
        # Where another country is declared, digits alone are not read as a Chinese number.
        self._is_chinese = declared.country == "CN"
        self._placeholders = frozenset(rule.placeholders)
        self._no_value = frozenset(map(decision_key, rule.no_value))
        self._spreadsheet_errors = frozenset(map(decision_key, rule.spreadsheet_errors))
        self._extension_words = frozenset(_BESIDE_EXTENSION.sub("", _level_word(word)) for word in rule.extension_words)
        self._labels = any_word([*rule.labels, *rule.extension_words], _level_word)
        self._fax = any_word(rule.fax_labels, _level_word)
        self._doubts = any_word(rule.doubts, _level_word)
        self._accounts = re.compile(
            rf"(?:{any_word(rule.other_accounts, _level_word).pattern})[\s:.号-]*[a-z0-9_-]{{5,}}"
        )
        self._label_before = re.compile(
            rf"(?:{any_word(rule.labels, _level_word).pattern})[:.]? ?(?=[0-9(+])", re.IGNORECASE
        )
        numeral = f"[{''.join(map(re.escape, rule.numerals))}]" if rule.numerals else r"(?!)"
        # Only where they cannot be a part of a name: enough of them, or right beside digits, or an extension.
        self._numerals = re.compile(
            rf"{numeral}(?:[ .-]?{numeral}){{6,}}|(?<=[0-9]){numeral}+(?=[0-9])|(?<=[0-9]){numeral}{{3,}}"
            rf"|{numeral}{{3,}}(?=[0-9])|(?<=[转机线]){numeral}{{2,}}"
        )
        self._digit_of = str.maketrans(rule.numerals)
        self._knows_turn = "转" in self._extension_words

    def standardise(self, text: str) -> Standard:
        """One text.

        Returns:
            `value` in E.164, of service numbers ("95588") their digits. `details`: type (mobile, landline, toll_free,
            service, international), country, extension, numbers (all, when there are several), flags (everything that
            `reason` could have said), subscriber (of a number whose area code is missing). A placeholder has outcome
            ok and reason `placeholder`: it is written like a number, but identifies nobody.
        """
        if len(text) == 11 and self._is_chinese and self._plan.mobile.fullmatch(text):
            return self._plain_mobile(text)
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        folded = fold(text)
        if not folded:
            return Standard.absent()
        if len(folded) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return (self._read_plain(folded) if self._is_chinese else None) or self._read_text(folded)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one."""
        return [self.standardise(text) for text in texts]

    def _plain_mobile(self, digits: str) -> Standard:
        if digits[3:] in MADE_UP_TAILS or digits in self._placeholders:
            details: dict[str, Json] = {**_MOBILE, "flags": ["placeholder"]}
            return Standard(f"+86{digits}", "ok", self._sure.placeholder, "placeholder", details)
        return Standard(f"+86{digits}", "ok", 1.0, "", _MOBILE)

    def _read_plain(self, text: str) -> Standard | None:
        """The short way for one number as it is mostly written; None sends the text the long way."""
        if not "0" <= text[0] <= "9" and text[0] not in "+(":
            label = self._label_before.match(text)
            if label is None:
                return None
            text = text[label.end() :]
        mobile = _PLAIN_MOBILE.fullmatch(text)
        if mobile:
            digits = "".join(mobile.groups())
            return self._plain_mobile(digits) if self._plan.mobile.fullmatch(digits) else None
        landline = _PLAIN_LANDLINE.fullmatch(text)
        if landline is None:
            return None
        area, subscriber, extension = landline.groups()
        digits = area + subscriber
        if not self._plan.is_landline(digits) or (extension and "转" in text and not self._knows_turn):
            return None
        start = len(self._plan.area_code(digits) or "")
        if digits[start:] in MADE_UP_TAILS or digits in self._placeholders or f"0{digits}" in self._placeholders:
            return None
        details = {**_LANDLINE, "extension": extension} if extension else _LANDLINE
        return Standard(f"+86{digits}", "ok", 1.0, "", details)

    def _read_text(self, text: str) -> Standard:
        text = to_simplified(text).casefold()
        if text in self._no_value:
            return Standard.absent("no_value")
        if text in self._spreadsheet_errors or set(text) == {"#"}:
            return Standard.invalid("damaged_by_spreadsheet")
        text = text.translate(_LEVELLED).strip()
        if not text.isascii():
            text = _FOREIGN_DECIMAL.sub(lambda match: str(int(match[0])), text)
            text = self._numerals.sub(lambda match: match[0].translate(self._digit_of), text)
        if not any(map(str.isalnum, text)):
            return Standard.absent("no_value")
        if _DATE.fullmatch(text):
            return Standard.invalid("date")
        text, others = self._without_others(text)
        exponent = _SCIENTIFIC.search(text)
        if exponent:
            digits = exponent[1] + (exponent[2] or "")
            # Only a mantissa with all digits has lost none.
            if len(digits) != int(exponent[3]) + 1:
                return Standard.invalid("damaged_by_spreadsheet")
            text = text.replace(exponent[0], digits)
        reading = self._read_numbers(text)
        if not reading.found:
            if not reading.digits and not others and self._says_nothing(text):
                return Standard.absent("no_value")
            return Standard.invalid([*others, *reading.failures, "no_number"][0])
        reading.is_partly_read |= bool(others or reading.failures)
        return self._decide(reading)

    def _without_others(self, text: str) -> tuple[str, list[str]]:
        """The text without addresses, accounts and identity cards, and the reasons that these give."""
        others = []
        if "@" in text:
            text = _EMAIL.sub(" ", text)
            others.append("email")
        if "www." in text or "http" in text:
            text, count = _PAGE.subn(" ", text)
            others += ["web_address"] * (count > 0)
        has_letters = _LETTER.search(text) is not None
        if has_letters:
            text, count = self._accounts.subn(" ", text)
            others += ["other_account"] * (count > 0)
        if len(text) >= 18:
            is_card = looks_like_identity_card(_NO_CODE.sub("", self._labels.sub("", text) if has_letters else text))
            without = " " if is_card else _IDENTITY_CARD.sub(_blank_identity_card, text)
            others += ["identity_card_number"] * (without != text)
            text = without
        return text, others

    def _read_numbers(self, text: str) -> _Reading:
        reading, position = _Reading(), 0
        if self._hides_mobile(text):
            reading.digits = _NO_DIGIT.sub("", text)
            self._rescue(reading, text)
            if reading.found:
                return reading
        for match in _RUN.finditer(text):
            self._add_run(reading, text[position : match.start()], match[0])
            position = match.end()
        self._understand(reading, text[position:])
        if not any(one.value for one in reading.found):
            self._rescue(reading, text)
        return reading

    def _hides_mobile(self, text: str) -> bool:
        """Whether a mobile number was typed with letters for digits, so that a part of it looks like another one."""
        if not self._is_chinese or not _LETTER_BESIDE_DIGIT.search(text):
            return False
        compact = _NO_CODE.sub("", text)
        as_digits = compact.translate(_LIKE_DIGITS)
        return _LETTERS_AS_DIGITS.fullmatch(compact) is not None and bool(self._plan.mobile.fullmatch(as_digits))

    def _add_run(self, reading: _Reading, glue: str, run: str) -> None:
        """Digits, after what stands between them and the number before."""
        digits = _NO_DIGIT.sub("", run)
        reading.digits += digits
        last = reading.found[-1] if reading.found else None
        between = glue.strip()
        if last and len(digits) <= LONGEST_EXTENSION:
            if _BESIDE_EXTENSION.sub("", glue) in self._extension_words:
                reading.found[-1] = replace(last, extension=last.extension or digits)
                return
            if last.extension and between in _BEFORE_TAIL:
                reading.is_partly_read = True
                return
        is_fax = self._understand(reading, glue)
        tail = self._reader.complete_tail(last, digits) if last and between in _BEFORE_TAIL else None
        read = [tail] if tail else self._reader.read_run(run, last.area if last else None)
        if isinstance(read, str):
            reading.failures.append(read)
        else:
            reading.found += [replace(one, is_fax=is_fax) for one in read] if is_fax else read

    def _understand(self, reading: _Reading, glue: str) -> bool:
        """Note what words say about the numbers beside them; whether they announce a fax."""
        if not _LETTER.search(glue):
            return False
        without_labels = self._labels.sub(" ", glue)
        rest = self._fax.sub(" ", without_labels)
        reading.is_doubtful |= self._doubts.search(glue) is not None
        reading.has_words |= _LETTER.search(rest) is not None
        # "Tel/Fax" is a telephone too.
        return rest != without_labels == glue

    def _rescue(self, reading: _Reading, text: str) -> None:
        """Look for a mobile number in groups that were separated as numbers are, or with letters like digits."""
        # "o" is a label too.
        written = _NO_CODE.sub("", text)
        compact = written if _LETTERS_AS_DIGITS.fullmatch(written) else _NO_CODE.sub("", self._labels.sub(" ", text))
        doubt = "" if compact == reading.digits else "letters_for_digits"
        if doubt and (not _LETTERS_AS_DIGITS.fullmatch(compact) or len(reading.digits) * 2 < len(compact)):
            return
        if not doubt and (reading.has_words or len(reading.failures) < 2):
            return
        read = self._reader.read_digits(compact.translate(_LIKE_DIGITS), False, None, ())
        if isinstance(read, str) or not read.value or (not doubt and read.type != "mobile"):
            return
        reading.found = [replace(read, doubt=doubt, reason="separators", confidence=self._sure.inferred)]
        reading.failures, reading.has_words = [], False

    def _says_nothing(self, text: str) -> bool:
        """Whether beside labels there is at most a word such as 无."""
        rest = self._fax.sub(" ", self._labels.sub(" ", text)).strip(" :-/.,;()")
        return not rest or rest in self._no_value

    def _decide(self, reading: _Reading) -> Standard:
        found = [
            replace(one, is_placeholder=True) if self._reader.is_placeholder(one) else one for one in reading.found
        ]
        usable = [one for one in found if one.value and not one.doubt]
        # One that somebody answers comes before others.
        main = min(usable, key=lambda one: (one.is_placeholder, one.is_fax)) if usable else found[0]
        if main.value is None and main.is_placeholder:
            return Standard.invalid("placeholder")
        numbers = list(dict.fromkeys(one.value for one in (usable or found) if one.value))
        losses = {
            "part_invalid": reading.is_partly_read or 0 < len(usable) < len(found),
            "text_beside_number": reading.has_words,
            "fax": main.is_fax,
        }
        flags: dict[str, object] = {
            "doubtful": reading.is_doubtful,
            main.doubt: main.doubt,
            "placeholder": main.is_placeholder,
            main.reason: main.reason and not main.doubt,
            **losses,
            "several": len(numbers) > 1,
        }
        reasons = [reason for reason, is_so in flags.items() if is_so]
        details = _details(main, numbers, reasons)
        if reading.is_doubtful or main.doubt:
            return Standard.review(reasons[0], main.value, self._sure.doubtful if main.value else 0.0, **details)
        sure = min(
            main.confidence,
            self._sure.placeholder if main.is_placeholder else 1.0,
            self._sure.repaired if any(losses.values()) else 1.0,
        )
        return Standard(main.value, "ok", sure, reasons[0] if reasons else "", details)


def _details(main: FoundNumber, numbers: list[str], reasons: list[str]) -> dict[str, Json]:
    parts: dict[str, Json] = {
        "type": main.type,
        "country": main.country,
        "area_code": f"0{main.area}" if main.type == "service" and main.area else None,
        "subscriber": None if main.value else main.subscriber,
        "extension": main.extension,
        "numbers": numbers if len(numbers) > 1 else None,
        "flags": reasons or None,
    }
    return {name: part for name, part in parts.items() if part is not None}


def _level_word(word: str) -> str:
    return decision_key(word).translate(_LEVELLED)


def _blank_identity_card(match: re.Match[str]) -> str:
    return " " if looks_like_identity_card(match[0]) else match[0]
