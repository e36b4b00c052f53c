"""Standardise names of people: family and given name apart from titles, as far as the text says them.

Family names, titles and the words that are no names are written in include/rules/normalisation/person.yml. Nothing is
guessed: where the order of a name is not clear, the parts stay open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cockpit.domain.normalise.names.letters import HAN, HAS_HAN, alternatives, plain_letters
from cockpit.domain.normalise.names.not_a_name import NotAName
from cockpit.domain.normalise.names.person_rule import PersonDeclared, PersonRule
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified

_EDGES = " \t.,;:!·'\"`-_/\\|~、。，；：！“”‘’<>《》"
_BRACKETS = str.maketrans("【】〔〕[]{}", "()()()()")
_BRACKETED = re.compile(r"\s*\(([^()]*)\)\s*")
_DOTS = re.compile(r"\s*[·•・‧∙⋅]\s*")
_DIGITS = re.compile(r"[+(]?\d[\d\s().+-]*")
_SPACES = re.compile(r"\s+")
_HAN_RUN = re.compile(f"[{HAN}·]+")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_HAN_COMMA = re.compile(f"(?<=[{HAN}])\\s*,\\s*(?=[{HAN}])")
_QUOTED = re.compile(r"[\"“”](.*?)[\"“”]")
_WORD = re.compile(r"[^\W\d_]+(?:['’.-]+[^\W\d_]+)*[.']?")
# Lucy.Zhang; the dots of J.R. and Ph.D. stay.
_DOT_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_]{3})\.(?=[^\W\d_]{3})")
_SYLLABLES = re.compile(
    "(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ui|ao|ou|iu|ie|ue|er|an|en|in|un|ia|ua|uo|a|o|e|i|u|v)"
    "[-']?){1,3}"
)

# How sure a name is that leaves something open.
_FAMILY_ONLY, _SINGLE, _ORDER_OPEN, _DOUBTFUL, _RARE = 0.4, 0.5, 0.7, 0.5, 0.8
_LONGEST_HAN_NAME = 4


@dataclass(slots=True)
class _Name:
    """A name while it is read; `doubt` is the reason for a person to look."""

    family: str | None = None
    given: str | None = None
    titles: list[str] = field(default_factory=list)
    suffix: str | None = None
    also: str | None = None
    note: str | None = None
    doubt: str = ""


class PersonStandardiser:
    """The value is the tidied name in its own script, without titles.

    Details: `key` (simplified, lower case, words in order of the alphabet; for comparing), `family`, `given`, `title`
    (each None when the name does not say it), `script` (han, kana, hangul, latin, mixed). Where they apply also
    `suffix` (Jr), `also` (the name in another script), `note` (what stood in brackets).
    """

    def __init__(self, rule: PersonRule, declared: PersonDeclared) -> None:  # noqa: ARG002
        self._no_value = frozenset(rule.no_value)
        self._placeholders = frozenset(rule.placeholders)
        self._placeholder_names = frozenset(rule.placeholder_names)
        self._roles = frozenset(rule.roles)
        self._mask = re.compile("|".join(f"(?<![a-z]){re.escape(mask)}(?![a-z])" for mask in rule.masks) or r"(?!)")
        self._test = re.compile(f"(?:{alternatives(rule.test_words)})(?:[\\s_-]*(?:[0-9]+|[a-z]))*")
        self._not_a_name = NotAName(rule.keyboard_rows, rule.keyboard_words, rule.damage)
        self._company_end = re.compile(f"(?:{alternatives(rule.company_ends)})$")
        self._company_words = frozenset(rule.company_words)
        colon_or_space = f"(?:{alternatives(rule.labels)})(?:\\s*:\\s*|\\s+(?![a-z]*$))"
        beside = f"(?:{alternatives(label for label in rule.labels if HAS_HAN.match(label))})(?=[{HAN}])"
        self._label = re.compile(f"{colon_or_space}|{beside}", re.IGNORECASE)
        self._titles = frozenset(rule.titles)
        self._title_end = re.compile(f"(?:{alternatives(rule.titles)})$")
        self._title_front = re.compile(f"(?:{alternatives(title for title in rule.titles if len(title) > 1)})")
        self._short_titles = frozenset(rule.short_titles)
        self._ends_no_name = frozenset(rule.ends_no_name)
        self._nicknames = frozenset(rule.nicknames_in_front)
        self._front_words = frozenset(rule.titles_in_front)
        self._behind_words = frozenset(rule.titles_behind)
        self._generations = frozenset(rule.generations)
        self._particles = frozenset(rule.particles)
        self._separator = re.compile(f"[{re.escape(''.join(rule.separators))}]" if rule.separators else r"(?!)")
        self._join = re.compile(alternatives(rule.joins))
        self._join_words = frozenset(rule.joins_in_words)
        self._surnames = frozenset("".join(rule.surnames.split()))
        self._compound = frozenset(rule.compound_surnames)
        self._common = frozenset("".join(rule.common_surnames.split()))
        self._japanese = frozenset(rule.japanese_surnames)
        self._pinyin = frozenset(rule.pinyin_surnames)
        self._never_inside = frozenset(rule.never_in_a_name)
        self._without_family = re.compile(f"(?:{alternatives(rule.parts_without_family)}){{2,}}")

    def standardise(self, text: str) -> Standard:
        """One name."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        folded = fold(text)
        return self._standardise_folded(folded, to_simplified(folded))

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one; traditional characters are looked up for all names together."""
        folded = ["" if len(text) > LONGEST_TEXT else fold(text) for text in texts]
        simplified = to_simplified("\n".join(folded)).split("\n") if folded else []
        return [
            Standard.invalid("too_long") if len(text) > LONGEST_TEXT else self._standardise_folded(own, simple)
            for text, own, simple in zip(texts, folded, simplified, strict=True)
        ]

    def _standardise_folded(self, own: str, simple: str) -> Standard:
        """A folded name, in its own script and simplified; a value is its own value."""
        standard = self._read(own, simple)
        if standard.value is None or standard.value == own:
            return standard
        value = fold(str(standard.value))
        again = self._read(value, to_simplified(value))
        if again.value == standard.value:
            return standard
        return again if again.value is None else Standard.review("unlikely_name")

    def _read(self, own: str, simple: str) -> Standard:
        if not simple:
            return Standard.absent()
        # Slices of the text in its own script are only looked for where they differ.
        own = "" if own == simple else own
        if label := self._label.match(simple):
            simple = simple[label.end() :]
        key = simple.casefold().strip(_EDGES)
        if not key or key in self._no_value:
            return Standard.absent("no_value")
        if fault := self._fault(key):
            return Standard.invalid(fault)
        name = _Name()
        text = self._unwrap(simple, name)
        if name.doubt == "several":
            return Standard.review("several")
        if HAS_HAN.search(text):
            return self._read_han(text, own, name)
        return self._read_words(text, name)

    def _fault(self, key: str) -> str:
        """Why a text without edges is nobody's name; empty when it may be one."""
        if key in self._placeholders:
            return "placeholder"
        is_title = key in self._titles and not (key[0] in self._surnames and key[1:] in self._short_titles)
        if is_title or key in self._roles or key in self._front_words:
            return "role"
        if self._test.fullmatch(key):
            return "test_entry"
        if fault := self._not_a_name.fault(key):
            return fault
        if self._mask.search(key):
            return "masked"
        if self._company_end.search(key) or key.rstrip(".").rpartition(" ")[2] in self._company_words:
            return "company"
        return ""

    def _unwrap(self, text: str, name: _Name) -> str:
        """A name without brackets, nicknames in quotes and numbers."""
        text = text.translate(_BRACKETS)

        def put(found: re.Match[str]) -> str:
            content = found.group(1).strip(_EDGES)
            if content.casefold() in self._titles or content.casefold().rstrip(".") in self._front_words:
                name.titles.append(content)
            elif content and not any(one.isdigit() for one in content):
                if HAS_HAN.search(content) or not HAS_HAN.search(text):
                    name.note = content
                else:
                    name.also = content
            return " "

        before = None
        while "(" in text and text != before:
            before = text
            text = _BRACKETED.sub(put, text)
        text = text.replace("(", " ").replace(")", " ")
        if not HAS_HAN.search(text) and (quoted := _QUOTED.search(text)):
            name.also = quoted.group(1).strip() or None
            text = text[: quoted.start()] + " " + text[quoted.end() :]
        if name.note and not HAS_HAN.search(text) and self._is_whole_name(name.note):
            # Wang Wei (王伟)
            name.also, text, name.note = " ".join(text.split()) or None, name.note, None
        pieces = [piece for piece in self._separator.split(text) if any(one.isalpha() for one in piece)]
        if len(pieces) > 1 or _HAN_COMMA.search(text):
            name.doubt = "several"
        if any(one.isdigit() for one in text):
            # A number beside a name is a telephone number or a counter; neither is repeated.
            name.doubt = name.doubt or "digits_in_name"
            text = _DIGITS.sub(" ", text)
        return text

    # Chinese, Japanese, Korean

    def _read_han(self, text: str, own: str, name: _Name) -> Standard:
        text = _DOTS.sub("·", text)
        latin = " ".join(_WORD.findall(_HAN_RUN.sub(" ", text)))
        if latin:
            latin = self._take_front_words(latin, name)
        runs = [run.strip("·") for run in _HAN_RUN.findall(text) if run.strip("·")]
        runs = self._take_title_runs(runs, name)
        if self._are_several(runs):
            return Standard.review("several")
        spoken = "".join(runs)
        if "·" in spoken:
            spoken = "·".join(runs) if len(runs) > 1 and "·" not in runs[0] else spoken
        plain = self._take_titles(spoken, name)
        if not plain:
            return Standard.invalid("role")
        if self._joined(plain):
            return Standard.review("several")
        if latin and self._is_family(plain):
            # Tony 张: the given name is said in letters.
            return self._finished(f"{latin} {plain}", name, plain, latin, "mixed", own)
        if latin:
            name.also = name.also or latin
        if self._never_inside.intersection(plain):
            name.doubt = name.doubt or "unlikely_name"
        if len(runs) > 1 and len(runs[0]) > 1 and not self._is_begun(runs[0]):
            # 王伟 收: the name ends before the space.
            name.doubt = name.doubt or "text_after_name"
        return self._read_han_name(plain, runs, own, name)

    def _take_front_words(self, latin: str, name: _Name) -> str:
        words = latin.split(" ")
        kept = [word for word in words if word.casefold().rstrip(".") not in self._front_words]
        name.titles += [word.rstrip(".") for word in words if word not in kept]
        return " ".join(kept)

    def _take_title_runs(self, runs: list[str], name: _Name) -> list[str]:
        kept = [run for run in runs if run not in self._titles and run not in self._roles]
        if not kept:
            return runs
        name.titles += [run for run in runs if run not in kept]
        return kept

    def _are_several(self, runs: list[str]) -> bool:
        """Whether runs between spaces are whole names: 张伟 李娜, but not 欧阳 娜娜."""
        return (
            len(runs) > 1
            and not self._is_family(runs[0])
            and all(2 <= len(run) <= _LONGEST_HAN_NAME and self._family_of(run) for run in runs)
        )

    def _joined(self, text: str) -> bool:
        """Whether two whole names are joined: 张伟和李娜."""
        for join in self._join.finditer(text):
            left, right = text[: join.start()], text[join.end() :]
            if all(2 <= len(side) <= _LONGEST_HAN_NAME and self._family_of(side) for side in (left, right)):
                return True
        return False

    def _take_titles(self, text: str, name: _Name) -> str:
        """A name without the titles that stand beside it."""
        while (title := self._title_end.search(text)) and title.start() and not self._is_family(text):
            name.titles.append(title.group())
            text = text[: title.start()]
        front = self._title_front.match(text)
        if front and self._family_of(text[front.end() :]) and len(text) > front.end() + 1:
            name.titles.append(front.group())
            text = text[front.end() :]
        last, rest = text[-1:], text[:-1]
        if last in self._short_titles and rest:
            is_whole = last in self._ends_no_name and len(rest) <= _LONGEST_HAN_NAME and self._family_of(rest)
            if self._is_family(rest) or is_whole:
                name.titles.append(last)
                text = rest
        if len(text) == 2 and text[0] in self._nicknames and text[1] in self._common:
            name.titles.append(text[0])
            text = text[1]
        return text

    def _is_whole_name(self, text: str) -> bool:
        """Whether a text is family and given name in Chinese, and no role."""
        is_listed = text in self._titles or text in self._roles or text in self._placeholders
        return 2 <= len(text) <= _LONGEST_HAN_NAME and not is_listed and bool(self._family_of(text))

    def _is_begun(self, run: str) -> bool:
        """Whether the text before a space leaves a given name open: 欧阳 娜娜, 佐藤 花子, 扎西 顿珠."""
        return (
            self._is_family(run)
            or run in self._japanese
            or not self._family_of(run)
            or self._without_family.fullmatch(run) is not None
        )

    def _is_family(self, text: str) -> bool:
        return text in self._surnames or text in self._compound

    def _family_of(self, text: str) -> str:
        """The family name that a Chinese name begins with; empty when it is not known."""
        for length in (4, 2):
            if len(text) > length and text[:length] in self._compound:
                return text[:length]
        return text[0] if text[:1] in self._surnames else ""

    def _read_han_name(self, text: str, runs: list[str], own: str, name: _Name) -> Standard:
        if "·" in text:
            parts = [part for part in text.split("·") if part]
            if len(parts) == 2 and parts[0] in self._surnames:
                # The dot of 王·伟 stands for a space.
                return self._read_han_name("".join(parts), [], own, name)
            shown = "·".join(parts)
            if parts[0] in self._compound:
                return self._finished(shown, name, parts[0], "·".join(parts[1:]) or None, "han", own)
            return self._finished(shown, name, None, parts[0] if len(parts) > 1 else None, "han", own)
        if _KANA.search(text) or _HANGUL.search(text):
            script = "kana" if _KANA.search(text) else "hangul"
            if len(runs) == 2:
                return self._finished(" ".join(runs), name, runs[0], runs[1], script, own)
            return self._finished(text, name, None, None, script, own, "order_unclear", _ORDER_OPEN)
        if self._is_family(text):
            return self._finished(text, name, text, None, "han", own, "given_name_missing", _FAMILY_ONLY)
        if len(text) == 1:
            name.doubt = name.doubt or "too_short"
            return self._finished(text, name, None, None, "han", own)
        family = self._family_of(text)
        if (not family or len(text) >= _LONGEST_HAN_NAME) and self._without_family.fullmatch(text):
            return self._finished(text, name, None, text, "han", own)
        reason, confidence = "", 1.0
        if len(text) == _LONGEST_HAN_NAME and len(family) == 1:
            if text[:2] in self._japanese:
                family = text[:2]
            elif text[1] in self._surnames:
                family, reason, confidence = text[:2], "double_family_name", _RARE
            else:
                name.doubt = name.doubt or "unlikely_name"
        elif not family and text[:2] in self._japanese and len(text) > 2:
            family = text[:2]
        if len(text) > _LONGEST_HAN_NAME + (len(family) > 2):
            name.doubt = name.doubt or "unlikely_name"
        if not family:
            name.doubt = name.doubt or "family_name_unknown"
        given = text[len(family) :] if family else None
        return self._finished(text, name, family or None, given, "han", own, reason, confidence)

    # Other scripts

    def _read_words(self, text: str, name: _Name) -> Standard:
        before_comma, comma, after_comma = text.partition(",")
        if comma and not self._words(after_comma, _Name(), is_behind=True):
            # A comma before a title or a generation: Smith, Jr.
            text, comma = f"{before_comma} {after_comma}", ""
        if comma and "," in after_comma:
            first, _comma, rest = after_comma.partition(",")
            if self._words(rest, _Name(), is_behind=True):
                return Standard.review("several")
            after_comma = f"{first} {rest}"
        text = _DOT_BETWEEN_WORDS.sub(" ", text)
        raw = [word.casefold() for word in text.split()]
        if self._join_words.intersection(raw[1:-1]):
            return Standard.review("several")
        if comma:
            family_words = self._words(before_comma, name)
            given_words = self._words(after_comma, name, is_behind=True)
            if not family_words:
                return self._read_words(after_comma, name)
            return self._read_inverted(family_words, given_words, name)
        words = self._words(text, name)
        if not words:
            return Standard.invalid("role")
        return self._read_ordered(words, name)

    def _words(self, text: str, name: _Name, *, is_behind: bool = False) -> list[str]:
        """Words of a name without titles and generations, which are noted; `is_behind` a comma they may stand first."""
        words: list[str] = []
        found = [word for word in _WORD.findall(text) if word.strip("'.")]
        for at, word in enumerate(found):
            level = word.casefold().replace(".", "")
            if (level in self._front_words and not words) or (level in self._behind_words and (at or is_behind)):
                name.titles.append(word.rstrip("."))
            elif level in self._generations and (at or len(found) == 1):
                name.suffix = _tidy_generation(level)
            else:
                words.append(word)
        return words

    def _read_inverted(self, family_words: list[str], given_words: list[str], name: _Name) -> Standard:
        """Last, First."""
        everything = family_words + given_words
        family = self._tidy(family_words, everything)
        given = self._tidy(given_words, everything)
        is_chinese = self._is_pinyin_family(family_words) and all(_is_pinyin(word) for word in given_words)
        shown = f"{family} {given}" if is_chinese else f"{given} {family}"
        return self._finished(shown, name, family, given, "latin")

    def _read_ordered(self, words: list[str], name: _Name) -> Standard:
        shown = self._tidy(words, words)
        if len(words) == 1:
            if name.titles:
                return self._finished(shown, name, shown, None, "latin", "", "given_name_missing", _FAMILY_ONLY)
            return self._finished(shown, name, None, None, "latin", "", "single_name", _SINGLE)
        tidy = shown.split(" ")
        capitals = [at for at, word in enumerate(words) if self._is_capital_family(word)]
        if len(capitals) == 1:
            at = capitals[0]
            others = tidy[:at] + tidy[at + 1 :]
            return self._finished(shown, name, tidy[at], " ".join(others), "latin")
        first, last = plain_letters(words[0].casefold()), words[-1].casefold()
        if first in self._pinyin and all(_is_pinyin(word) for word in words[1:]):
            if last in self._pinyin:
                return self._finished(shown, name, None, None, "latin", "", "order_unclear", _ORDER_OPEN)
            return self._finished(shown, name, tidy[0], " ".join(tidy[1:]), "latin")
        if first in self._pinyin and last not in self._pinyin:
            # Lee Kuan Yew and Lee Harvey Oswald.
            return self._finished(shown, name, None, None, "latin", "", "order_unclear", _ORDER_OPEN)
        start = len(words) - 1
        while start > 1 and words[start - 1].casefold() in self._particles:
            start -= 1
        return self._finished(shown, name, " ".join(tidy[start:]), " ".join(tidy[:start]), "latin")

    def _is_capital_family(self, word: str) -> bool:
        """Whether a word is written in capitals as family names are: ZHANG Wei; initials are not."""
        return word.isupper() and "." not in word and (len(word) > 2 or word.casefold() in self._pinyin)

    def _is_pinyin_family(self, words: list[str]) -> bool:
        return len(words) == 1 and words[0].casefold() in self._pinyin

    def _tidy(self, words: list[str], everything: list[str]) -> str:
        """Words with their usual capitals; those that mix capitals and small letters stay."""
        is_shouted = all(word.isupper() for word in everything)
        tidied = []
        for at, word in enumerate(words):
            if at and word.casefold() in self._particles and len(everything) > 2:
                tidied.append(word.casefold() if word.isupper() or word.islower() else word)
            elif word.islower() and word in self._particles and len(everything) > 2:
                tidied.append(word)
            elif word.islower() or (word.isupper() and (is_shouted or self._is_capital_family(word))):
                tidied.append(_capitalised(word))
            else:
                tidied.append(word)
        return " ".join(tidied)

    def _finished(
        self,
        shown: str,
        name: _Name,
        family: str | None,
        given: str | None,
        script: str,
        own: str = "",
        reason: str = "",
        confidence: float = 1.0,
    ) -> Standard:
        value = _in_own_script(shown, own)
        details: dict[str, Json] = {
            "key": _key(shown, script),
            "family": _in_own_script(family, own) if family else None,
            "given": _in_own_script(given, own) if given else None,
            "title": " ".join(name.titles) or None,
            "script": script,
        }
        said: dict[str, Json] = {"suffix": name.suffix, "also": name.also, "note": name.note}
        details.update({part: text for part, text in said.items() if text})
        if name.suffix:
            value = f"{value} {name.suffix}"
        if shown.casefold() in self._placeholder_names:
            name.doubt = name.doubt or "placeholder_name"
        if name.doubt:
            return Standard.review(name.doubt, value, _DOUBTFUL, **details)
        return Standard(value, confidence=confidence, reason=reason, details=details)


def _is_pinyin(word: str) -> bool:
    return _SYLLABLES.fullmatch(plain_letters(word.casefold())) is not None


def _capitalised(word: str) -> str:
    """McDonald, O'Brien, Jean-Pierre."""
    parts = [part[:1].upper() + part[1:].lower() for part in re.split(r"(['’.-])", word)]
    text = "".join(parts)
    if text.startswith("Mc") and len(text) > 4:
        text = "Mc" + text[2].upper() + text[3:]
    return text


def _tidy_generation(level: str) -> str:
    return level.upper() if set(level) <= set("iv") else level.capitalize()


def _key(shown: str, script: str) -> str:
    """By what names are compared: without accents, case and marks, words in order of the alphabet."""
    if script in ("han", "kana", "hangul"):
        return _SPACES.sub("", shown.replace("·", "")).casefold()
    return " ".join(sorted(plain_letters(shown).casefold().replace(".", "").split()))


def _in_own_script(simple: str, own: str) -> str:
    """The same part of a name as it was written, traditional or simplified."""
    if not own or not HAS_HAN.search(simple):
        return simple
    written = [one for one in _DOTS.sub("·", own) if not one.isspace()]
    read = [one for one in to_simplified(_DOTS.sub("·", own)) if not one.isspace()]
    wanted = simple.replace(" ", "")
    at = "".join(read).find(wanted)
    if at < 0 or len(read) != len(written):
        return simple
    found = iter(written[at : at + len(wanted)])
    return "".join(one if one == " " else next(found) for one in simple)
