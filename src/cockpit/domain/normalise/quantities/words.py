"""The words around numbers, as the rule files list them, and texts cut into such words.

What they do to a number is in quantity.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.quantities.numerals import CHARACTERS, DIGIT_GROUPS, ENGLISH_WORDS
from cockpit.domain.normalise.text import fold, to_simplified
from cockpit.i18n import _

Bound: TypeAlias = Literal["about", "nearly", "more", "over", "at_least", "under", "at_most", "order"]

# Digits that may stand side by side to mean a range: 七八.
SINGLE_DIGITS = "一二两三四五六七八九"

_NUMBER = (
    rf"(?:{DIGIT_GROUPS}|[{CHARACTERS}]|好?几|数(?=[十百千万亿])"
    rf"|(?<=[0-9{CHARACTERS}])[多余来把](?!于)|(?<=[0-9{CHARACTERS}几多余来])个(?=[多余来]?[百千万亿]))+"
)
_RUN = rf"(?:[^0-9{CHARACTERS}几()\s]|(?<=[a-z.,&]) (?=[a-z]))+"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|(?P<bracket>[()])|(?P<run>{_RUN})|\S")
_UNIT_APART = re.compile(rf"(?<=[0-9{CHARACTERS}]) (?=[百千万亿兆])")
_PAUSE = re.compile(f"(?<=[{SINGLE_DIGITS}])、(?=[{SINGLE_DIGITS}])")
_LATIN = re.compile("[a-z]+")
# twenty-five
_ENGLISH_HYPHEN = re.compile(r"(?<=ty)-(?=(?:one|two|three|four|five|six|seven|eight|nine)\b)")
_MOST_RUNS = 20_000


def level(text: str) -> str:
    """A text as the words of the rule files are compared: folded, simplified, lower case."""
    return to_simplified(fold(text)).lower()


class Shares(BaseModel):
    """How far words that are not exact reach.

    Attributes:
        about: 约200 means 200 give or take this share; so do 左右, 来, 把.
        nearly: 近千 is less than 1000 by at most this share.
        several: Least and greatest digit that 几 and 数 stand for: with 2, 几百 begins at 200.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: Decimal = Field(default=Decimal("0.1"), gt=0, lt=1)
    nearly: Decimal = Field(default=Decimal("0.1"), gt=0, lt=1)
    several: int = Field(default=2, ge=1, le=9)


class QuantityWords(BaseModel):
    """Words around a number that say how exact it is.

    Attributes:
        before: By meaning, words before the number: over (超过), at_least (至少), under (不到), at_most (不超过),
            about (约), nearly (近), order (上千: of this order).
        after: Words after it: at_least (以上), at_most (以内), about (左右), more (出头: a little more).
        to: Between the ends of a range.
        between: Before a range; `ends` after it.
        join: Between the ends after a word of `between`.
        scales: Words that multiply the number before them: k, million.
        many: Words that stand for several of a unit: hundreds.
        few: Words that stand for 几.
        fillers: Words and marks that say nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: dict[Bound, tuple[str, ...]]
    after: dict[Bound, tuple[str, ...]]
    to: tuple[str, ...]
    between: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    scales: dict[str, Decimal] = Field(default_factory=dict)
    many: dict[str, int] = Field(default_factory=dict)
    few: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()

    def tokens(self) -> Iterable[Token]:
        """The words as the vocabulary wants them.

        Raises:
            ValueError: a scale of zero or less.
        """
        bounds: dict[str, dict[str, Bound]] = {}
        for place, words in (("before", self.before), ("after", self.after)):
            for bound, texts in words.items():
                for text in texts:
                    bounds.setdefault(level(text), {})[place] = bound
        for text, meaning in bounds.items():
            yield Token("b", text, meaning)
        lists = {"t": self.to, "d": self.between, "&": self.join, "L": self.fillers, "f": self.few}
        for kind, texts in lists.items():
            yield from (Token(kind, level(text)) for text in texts)
        for text, factor in self.scales.items():
            if factor <= 0:
                raise ValueError(_("{word} multiplies by {factor}; write a number above 0", word=text, factor=factor))
            yield Token("s", level(text), factor)
        for text, unit in self.many.items():
            yield Token("v", level(text), unit)


class Shape(BaseModel):
    """Texts that hold digits and are no value of the kind, or are one that a person has to look at.

    Attributes:
        pattern: Regular expression, looked for in the folded, simplified, lower-case text; for `digits`, of the
            whole text, which is digits only.
        fits: Texts that it fits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    outcome: Literal["review", "invalid"]
    pattern: str = Field(min_length=1)
    fits: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            compiled = re.compile(self.pattern)
        except re.error as error:
            raise ValueError(_("is no regular expression: {reason}", reason=str(error))) from error
        if compiled.search(""):
            raise ValueError(_("fits every text"))
        for text in self.fits:
            if not compiled.search(level(text)):
                raise ValueError(_("the pattern of '{reason}' does not fit '{text}'", reason=self.reason, text=text))
        return self


class Token(NamedTuple):
    """A part of a text.

    Attributes:
        kind: One letter, so that a text's tokens can be looked at as one word: n number, e English number word,
            s scale, b bound, t to, d between, & join, v and f several, L filler, ( and ) brackets, - dash, x unknown,
            c comma; kinds of values add their own.
    """

    kind: str
    text: str
    payload: Any = None


_MARKS = {mark: Token("-", mark) for mark in ("-", "−", "–", "‐")}
_COMMA = Token("c", ",")


class Vocabulary:
    """Cuts texts into tokens; the longest word at each place is taken.

    Args:
        words: All words, levelled.

    Raises:
        ValueError: a word has two meanings.
    """

    def __init__(self, words: Iterable[Token]) -> None:
        self._words: dict[str, Token] = {**_MARKS, ",": _COMMA, ";": _COMMA}
        for token in words:
            known = self._words.get(token.text)
            if not token.text or (known is not None and known != token and token.kind != "-"):
                raise ValueError(_("the word '{word}' is listed with two meanings", word=token.text))
            self._words[token.text] = token
        for word in ENGLISH_WORDS:
            self._words.setdefault(word, Token("e", word))
        self._longest = max(map(len, self._words))
        # Between numbers the same few words stand again and again.
        self._runs: dict[str, tuple[Token, ...]] = {}

    def __getitem__(self, word: str) -> Token:
        return self._words[word]

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a levelled text."""
        if " " in text:
            text = _UNIT_APART.sub("", text)
        if "ty-" in text:
            text = _ENGLISH_HYPHEN.sub(" ", text)
        if "、" in text:
            text = _PAUSE.sub("", text)
        found: list[Token] = []
        for match in _TOKEN.finditer(text):
            part = match[0]
            kind = match.lastgroup
            if kind == "number":
                found.append(Token("n", part))
            elif kind == "run":
                runs = self._runs.get(part)
                if runs is None:
                    runs = self._split(part)
                    if len(self._runs) < _MOST_RUNS:
                        self._runs[part] = runs
                found.extend(runs)
            else:
                found.append(Token(part if kind == "bracket" else "x", part))
        return found

    def _split(self, run: str) -> tuple[Token, ...]:
        whole = self._words.get(run)
        if whole is not None:
            return (whole,)
        found: list[Token] = []
        index = 0
        while index < len(run):
            if run[index] == " ":
                index += 1
                continue
            token = self._longest_at(run, index)
            if token is None:
                latin = _LATIN.match(run, index)
                token = self._glued(latin[0]) if latin else Token("x", run[index])
                if token.kind == "s":
                    # kusd: the rest is found in the next round.
                    found.append(token)
                    index += len(token.text)
                    rest = self._longest_at(run, index, is_start=True)
                    if rest is None:
                        found[-1] = Token("x", latin[0] if latin else run)
                        index += len(found[-1].text) - len(token.text)
                    else:
                        found.append(rest)
                        index += len(rest.text)
                    continue
            found.append(token)
            index += len(token.text)
        return tuple(found)

    def _longest_at(self, run: str, index: int, *, is_start: bool = False) -> Token | None:
        for end in range(min(len(run), index + self._longest), index, -1):
            token = self._words.get(run[index:end])
            if token is None:
                continue
            # A Latin word is found only as a whole.
            ends = end == len(run) or not (run[end - 1].isascii() and run[end - 1].isalpha() and _LATIN.match(run, end))
            begins = is_start or index == 0 or not (_LATIN.match(run, index) and _LATIN.match(run, index - 1))
            if ends and begins:
                return token
        return None

    def _glued(self, word: str) -> Token:
        """The scale that a Latin word begins with; unknown when it does with none."""
        for length in (2, 1):
            token = self._words.get(word[:length])
            if token is not None and token.kind == "s" and len(word) > length:
                return token
        return Token("x", word)


def check_confidence(confidence: Mapping[str, float], manners: Iterable[str]) -> None:
    """That each manner has a confidence of 0-1.

    Raises:
        ValueError: one is missing or outside.
    """
    for manner in manners:
        if not 0 <= confidence.get(manner, -1) <= 1:
            raise ValueError(_("confidence of '{manner}' is missing or outside 0-1", manner=manner))
