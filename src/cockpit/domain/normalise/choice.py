"""Choose a code for a free text: where a lead came from, what a company does.

The codes and their words are written in include/rules/normalisation/lead_source.yml and industry.yml. A text that is
one of the words is clear. Of others, the words in them are looked for, the longest at each place; the answer is used
when nothing beside them could mean something else. Two codes, a "not" or a "perhaps" go to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _

CODE = r"^[a-z][a-z0-9_]{0,62}$"

_MARKS = " \t.,;:!·…'\"`()[]{}<>|/\\+*=~#&@^_-–—、。，；：！（）【】《》〈〉「」『』“”‘’"
_STRIPPED = _MARKS + "?？"
# Spaces say nothing beside Chinese characters; between Latin words they do.
_SPACE_BESIDE_HAN = re.compile(r"(?<=[\u2e80-\uffef]) | (?=[\u2e80-\uffef])")
_JOINED_LATIN = re.compile(r"(?<=[a-z0-9])[-_](?=[a-z0-9])")

_WORD_LISTS = ("unclear", "vague", "unspecific", "negations", "doubts", "joins", "fillers", "not_meant")
_MAY_BE_MARKS = ("no_value", "doubts", "joins")

Meaning: TypeAlias = Literal[
    "code", "unclear", "vague", "unspecific", "negation", "doubt", "join", "filler", "not_meant"
]


class Choice(BaseModel):
    """One code of the list.

    Attributes:
        en, zh: Labels; they are words of the code too, and so is the code itself.
        group: A coarser class, such as the section of a classification.
        words: Texts that mean it; also between fillers ("通过抖音来的").
        anywhere: Words that mean it whatever stands beside them ("2026上海工博会").
        endings: Ends of texts that mean it whatever stands before them ("慕尼黑电子展").
        yields_to: Codes that win when they are found too, because they say it more exactly; `all` for every other.
        decides_at_end: Its word at the end of a compound decides: 钢铁贸易 is trade, not steel. `services` leave it to
            a person after other services, where 物流贸易 may be both; `goods` do not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    group: str | None = None
    words: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    yields_to: tuple[str, ...] | Literal["all"] = ()
    decides_at_end: Literal["goods", "services"] | None = None


class ChoiceConfidence(BaseModel):
    """How sure, 0-1, by how the text was understood.

    Attributes:
        whole: The text is one of the words.
        among_fillers: Beside the word are only fillers, digits and punctuation.
        anywhere: The word may stand anywhere, or decides at the end.
        partly: Something beside the word was not understood.
        review_below: Less sure answers go to a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    whole: float = Field(default=1.0, ge=0, le=1)
    among_fillers: float = Field(default=0.9, ge=0, le=1)
    anywhere: float = Field(default=0.8, ge=0, le=1)
    partly: float = Field(default=0.5, ge=0, le=1)
    review_below: float = Field(default=0.7, ge=0, le=1)


class ChoiceRule(NormalisationRule):
    """Contents of `lead_source.yml` and `industry.yml`.

    Case, width, script and spaces beside Chinese characters are the same in all words.

    Attributes:
        codes: The codes by name.
        no_value: Texts that say nothing.
        unspecific: Texts that say "another one"; by themselves they are no value either.
        unclear: Words that may mean several codes, with those that they may mean, likeliest first.
        vague: Words that say it roughly, with the codes that they may mean; beside a code they are fillers.
        negations: Words that turn a text round; a person reads it.
        doubts: Words of somebody who is not sure.
        joins: Words between two things of equal weight.
        fillers: Words that change nothing.
        not_meant: Words that hold one of the others without meaning it: 无锡 is no negation, 拓展 no trade fair.
        confidence: How sure each way of understanding is.
    """

    codes: dict[str, Choice] = Field(min_length=1)
    no_value: tuple[str, ...] = ()
    unspecific: tuple[str, ...] = ()
    unclear: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    vague: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    negations: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    not_meant: tuple[str, ...] = ()
    confidence: ChoiceConfidence = ChoiceConfidence()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for code, choice in self.codes.items():
            if not re.match(CODE, code):
                raise ValueError(_("codes: {code} is no code; write lower-case letters, digits and _", code=code))
            yields_to = () if choice.yields_to == "all" else choice.yields_to
            self._require_codes(f"codes.{code}.yields_to", yields_to)
        for word, candidates in (*self.unclear.items(), *self.vague.items()):
            self._require_codes(word, candidates)
        self._require_one_meaning()
        return self

    def _require_one_meaning(self) -> None:
        owners: dict[str, str] = {}
        for place, word in self._placed_words():
            key = _squeezed(level(word))
            if not key and place not in _MAY_BE_MARKS:
                raise ValueError(_("{place}: {word!r} has nothing that could be found", place=place, word=word))
            # A text that says nothing by itself may say something within another one.
            other = owners.setdefault(key, place) if key else place
            if other != place and not (place == "no_value" and not other.startswith("codes.")):
                raise ValueError(
                    _("{word} stands under {place} and {other}; leave it in one", word=word, place=place, other=other)
                )

    def _require_codes(self, place: str, codes: Iterable[str]) -> None:
        for code in codes:
            if code not in self.codes:
                raise ValueError(_("{place} names {code}, which is not in codes", place=place, code=code))

    def _placed_words(self) -> Iterator[tuple[str, str]]:
        """Each word with the place where it stands."""
        for code, choice in self.codes.items():
            for word in (code, choice.en, choice.zh, *choice.words, *choice.anywhere):
                yield f"codes.{code}", word
        for place in (*_WORD_LISTS, "no_value"):
            for word in getattr(self, place):
                yield place, word


class ChoiceDeclared(Declared):
    """A contract declares nothing beside the kind."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word to look for: what it means, and for a code whether anything may stand beside it."""

    meaning: Meaning
    code: str = ""
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A word in a text, from `begin` up to `end`."""

    begin: int
    end: int
    word: _Word


def level(text: str) -> str:
    """A text without differences that say nothing: width, script, case, spaces beside Chinese characters."""
    return _without_case(to_simplified(fold(text)))


def _without_case(text: str) -> str:
    # Folding again: case folding may leave characters that have a plainer form.
    text = _JOINED_LATIN.sub(" ", fold(text.casefold()))
    return _SPACE_BESIDE_HAN.sub("", text)


def _squeezed(levelled: str) -> str:
    """For comparing whole texts: no spaces, no marks at the ends."""
    return levelled.strip(_STRIPPED).replace(" ", "")


class ChoiceStandardiser:
    """The codes of one rule file."""

    def __init__(self, rule: ChoiceRule, declared: ChoiceDeclared | None = None) -> None:
        self.rule = rule
        self.declared = declared or ChoiceDeclared()
        self._whole: dict[str, _Word] = {}
        self._by_first: dict[str, list[tuple[str, _Word]]] = {}
        self._endings: list[tuple[str, str]] = []
        self._no_value = {_squeezed(level(word)) for word in rule.no_value} | {""}
        self._doubt_marks = tuple(mark for word in rule.doubts if not _squeezed(mark := level(word)))
        self._collect()

    def _collect(self) -> None:
        rule = self.rule
        for code, choice in rule.codes.items():
            for word in choice.anywhere:
                self._add(word, _Word("code", code, anywhere=True))
            for word in (code, choice.en, choice.zh, *choice.words):
                self._add(word, _Word("code", code))
            self._endings += [(level(ending), code) for ending in choice.endings]
        for word in rule.unclear:
            self._add(word, _Word("unclear", word))
        for word in rule.vague:
            self._add(word, _Word("vague", word))
        meanings: tuple[tuple[tuple[str, ...], Meaning], ...] = (
            (rule.unspecific, "unspecific"),
            (rule.negations, "negation"),
            (rule.doubts, "doubt"),
            (rule.joins, "join"),
            (rule.fillers, "filler"),
            (rule.not_meant, "not_meant"),
        )
        for words, meaning in meanings:
            for word in words:
                self._add(word, _Word(meaning))
        for candidates in self._by_first.values():
            # The sort keeps equals in their order: a label that may stand anywhere comes before the label.
            candidates.sort(key=lambda each: -len(each[0]))
        self._endings.sort(key=lambda each: -len(each[0]))

    def _add(self, text: str, word: _Word) -> None:
        levelled = level(text)
        if levelled:
            self._by_first.setdefault(levelled[0], []).append((levelled, word))
        if squeezed := _squeezed(levelled):
            self._whole[squeezed] = word

    def standardise(self, text: str) -> Standard:
        """The code of one text."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._understand(level(text))

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """The codes of many texts; each different one is looked at once, and all change their script together."""
        different = {text: fold(text) for text in texts if len(text) <= LONGEST_TEXT}
        simplified = to_simplified("\n".join(different.values())).split("\n")
        known = (
            {text: self._understand(_without_case(line)) for text, line in zip(different, simplified, strict=True)}
            if different
            else {}
        )
        too_long = Standard.invalid("too_long")
        return [known.get(text, too_long) for text in texts]

    def _understand(self, text: str) -> Standard:
        if not text:
            return Standard.absent()
        whole = _squeezed(text)
        if whole in self._no_value:
            return Standard.absent("no_value")
        has_doubt = any(mark in text for mark in self._doubt_marks)
        word = self._whole.get(whole)
        if word and word.meaning == "code" and not has_doubt:
            return self._answer(word.code, self.rule.confidence.whole)
        if word and word.meaning == "unspecific":
            return Standard.absent("unspecific")
        return self._weigh(text, self._find(text), has_doubt)

    def _find(self, text: str) -> list[_Found]:
        """The words of a text from left to right, the longest at each place."""
        found: list[_Found] = []
        at = 0
        while at < len(text):
            for word, meaning in self._by_first.get(text[at], ()):
                if text.startswith(word, at) and _stands_alone(text, at, at + len(word)):
                    found.append(_Found(at, at + len(word), meaning))
                    at += len(word)
                    break
            else:
                at += 1
        return self._with_ending(text, found)

    def _with_ending(self, text: str, found: list[_Found]) -> list[_Found]:
        """The ending of a text counts, fillers behind it aside, unless it is part of a word that was found."""
        end, kept = len(text.rstrip(_STRIPPED)), len(found)
        while kept and found[kept - 1].end == end and found[kept - 1].word.meaning == "filler":
            kept -= 1
            end = len(text[: found[kept].begin].rstrip(_STRIPPED))
        for ending, code in self._endings:
            begin = end - len(ending)
            is_free = not kept or found[kept - 1].end <= begin
            if is_free and text.endswith(ending, 0, end) and _stands_alone(text, begin, end):
                return [*found[:kept], _Found(begin, end, _Word("code", code, anywhere=True)), *found[kept:]]
        return found

    def _weigh(self, text: str, found: Sequence[_Found], has_doubt: bool) -> Standard:
        meanings = {each.word.meaning for each in found}
        codes = self._strongest(dict.fromkeys(each.word.code for each in found if each.word.meaning == "code"))
        unclear = self._candidates(found, "unclear")
        meant = list(dict.fromkeys((*codes, *unclear))) or self._candidates(found, "vague")
        rest = self._has_rest(text, found)
        if not meant:
            return Standard.absent("unspecific") if self._is_unspecific(meanings, rest) else Standard.review("unknown")
        if "negation" in meanings:
            return self._review("negated", meant)
        if not codes:
            return self._review("unknown", meant)
        is_doubted = has_doubt or "doubt" in meanings
        sure = self.rule.confidence
        if len(codes) > 1 or unclear:
            code = None if unclear or is_doubted else self._decided_at_end(text, found)
            return self._answer(code, sure.anywhere, "last_word") if code else self._review("several", meant)
        if is_doubted:
            return self._review("uncertain", meant, sure.partly)
        if not rest:
            return self._answer(codes[0], sure.among_fillers, "among_fillers")
        if any(each.word.anywhere for each in found if each.word.code == codes[0]):
            return self._answer(codes[0], sure.anywhere, "word_within")
        return self._answer(codes[0], sure.partly, "partly_understood")

    def _candidates(self, found: Sequence[_Found], meaning: Meaning) -> list[str]:
        """What the words of a meaning may stand for, likeliest first."""
        listed = self.rule.unclear if meaning == "unclear" else self.rule.vague
        words = [each.word.code for each in found if each.word.meaning == meaning]
        return list(dict.fromkeys(code for word in words for code in listed[word]))

    def _is_unspecific(self, meanings: set[Meaning], rest: bool) -> bool:
        return "unspecific" in meanings and not rest and not meanings & {"negation", "doubt", "not_meant"}

    def _strongest(self, found: Mapping[str, None]) -> list[str]:
        """Without codes that another one says more exactly."""

        def yields(code: str) -> bool:
            to = self.rule.codes[code].yields_to
            return any(other != code and (to == "all" or other in to) for other in found)

        # When all would yield to each other, none does.
        return [code for code in found if not yields(code)] or list(found)

    def _decided_at_end(self, text: str, found: Sequence[_Found]) -> str | None:
        """The code of the last word of one compound, when it is of those that decide there."""
        codes = [each for each in found if each.word.meaning == "code"]
        last = codes[-1]
        kinds = {self.rule.codes[each.word.code].decides_at_end for each in codes if each.word.code != last.word.code}
        kind = self.rule.codes[last.word.code].decides_at_end
        if kind is None or (kind == "services" and "services" in kinds):
            return None
        between = text[codes[0].begin : last.end]
        is_joined = any(each.word.meaning == "join" for each in found) or any(mark in between for mark in _MARKS[1:])
        after = [each for each in found if each.begin >= last.end and each.word.meaning != "filler"]
        is_last = not after and not self._has_rest(text[last.end :], self._find(text[last.end :]))
        return last.word.code if is_last and not is_joined else None

    def _has_rest(self, text: str, found: Sequence[_Found]) -> bool:
        """Whether letters are left that no word explains; digits explain themselves."""
        at = 0
        for each in found:
            if _says_something(text[at : each.begin]) or each.word.meaning == "not_meant":
                return True
            at = each.end
        return _says_something(text[at:])

    def _answer(self, code: str, confidence: float, reason: str = "") -> Standard:
        choice = self.rule.codes[code]
        details: dict[str, Json] = {"label_en": choice.en, "label_zh": choice.zh}
        if choice.group is not None:
            details["group"] = choice.group
        if confidence < self.rule.confidence.review_below:
            return Standard(code, "review", confidence, reason, details)
        return Standard(code, "ok", confidence, reason, details)

    def _review(self, reason: str, candidates: Sequence[str], confidence: float = 0.0) -> Standard:
        only = candidates[0] if len(candidates) == 1 and confidence else None
        return Standard(only, "review", confidence, reason, {"candidates": list(candidates)})


def _stands_alone(text: str, begin: int, end: int) -> bool:
    """Whether a word that begins or ends with a Latin letter or a digit is not part of a longer one."""
    return not (
        (begin > 0 and _belong_together(text[begin - 1], text[begin]))
        or (end < len(text) and _belong_together(text[end - 1], text[end]))
    )


def _belong_together(left: str, right: str) -> bool:
    return (_is_latin(left) and _is_latin(right)) or (left.isdigit() and right.isdigit())


def _is_latin(character: str) -> bool:
    return character.isalpha() and character < "\u2e80"


def _says_something(text: str) -> bool:
    return any(character.isalpha() for character in text)
