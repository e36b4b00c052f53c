"""Read sizes and marks (material, finish, design) out of what an article is called: `M8*20` is `M8 x 2 cm`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _

# Kind of a number that nothing says the unit of.
BARE = ""
# Between several values of a kind.
JOINED = "x"

_NUMBER = r"(?:\d+[ -]\d+/\d+|\d+/\d+|\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:,\d{1,2}(?!\d)|\.\d+)?)"
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_HAN = "\u3400-\u9fff"
_LATIN = "a-zà-öø-ÿα-ω"
# Signs between the numbers of one size, where a number follows.
_TIMES = re.compile(r"(?<=[\w\"'°″])\s*(?:[×*✕✖⨯х]|(?<=\d)x|(?<=\s)x)\s*(?=\d)")
_WORD = re.compile(f"[{_LATIN}]+|[{_HAN}]+")
_HAS_HAN = re.compile(f"[{_HAN}]")


class ProductWords(BaseModel):
    """Contents of `include/rules/matching/words/products.yml`.

    Attributes:
        version: Raised by the author when results change on purpose.
        measures: What is measured -> unit -> how many of the unit in which it is compared make one.
        prefixes: What is measured -> signs that stand before the number.
        types: Signs before and after the letter or number of a design, `{}`: `type {}`.
        sizes: What numbers that are joined by a sign (8 x 20) measure where nothing says it: a measure and its unit.
        marks: What is told apart by words -> value -> how people write it.
        fillers: Words that say nothing.
        names: Name -> other names of the same thing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    measures: Mapping[str, Mapping[str, float]] = Field(default_factory=dict)
    prefixes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    types: tuple[str, ...] = ()
    sizes: tuple[str, str] | None = None
    marks: Mapping[str, Mapping[str, tuple[str, ...]]] = Field(default_factory=dict)
    fillers: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_sizes(self) -> Self:
        if self.sizes is not None and self.sizes[1] not in self.measures.get(self.sizes[0], {}):
            raise ValueError(_("sizes names a measure or a unit that is not among the measures"))
        return self


@dataclass(frozen=True)
class Read:
    """What a text says about an article.

    Attributes:
        sizes: What is measured or told apart -> its value, in one unit; several of a kind in order, joined by `x`.
        name: The words that remain.
    """

    sizes: Mapping[str, str]
    name: str


@dataclass(frozen=True)
class _Piece:
    """A number with its unit, or the sign before it; `kind` is BARE where there is neither."""

    kind: str
    value: float
    factor: float = 1.0
    has_sign: bool = False


class Measures:
    """Reads texts by a list of words."""

    def __init__(self, words: ProductWords) -> None:
        self._words = words
        self._units = {
            _level(unit): (kind, factor) for kind, units in words.measures.items() for unit, factor in units.items()
        }
        self._prefixes = {_level(sign): kind for kind, signs in words.prefixes.items() for sign in signs}
        self._marks = {
            _level(written): (group, value)
            for group, values in words.marks.items()
            for value, spellings in values.items()
            for written in (value, *spellings)
        }
        self._names = {_level(other): _level(name) for name, others in words.names.items() for other in others}

    def read(self, text: str) -> Read:
        """Sizes and name; a text that is too long is cut."""
        level = _TIMES.sub("×", _level(text))
        found: dict[str, list[str]] = {}
        level = self._cut_types(level, found)
        level = self._cut(self._worded, level, found)
        level = self._cut_sizes(level, found)
        level = self._fillers.sub(" ", level)
        sizes = {kind: JOINED.join(values) for kind, values in found.items()}
        return Read(dict(sorted(sizes.items())), self._name(level))

    def _cut_types(self, text: str, found: dict[str, list[str]]) -> str:
        def take(match: re.Match[str]) -> str:
            _note(found, "type", next(each for each in match.groups() if each))
            return " "

        return self._types.sub(take, text) if self._words.types else text

    def _cut(self, pattern: re.Pattern[str], text: str, found: dict[str, list[str]]) -> str:
        """Marks of words only: those with a number are found with the numbers."""

        def take(match: re.Match[str]) -> str:
            _note(found, *self._marks[match[0]])
            return " "

        return pattern.sub(take, text)

    def _cut_sizes(self, text: str, found: dict[str, list[str]]) -> str:
        chain: list[_Piece] = []
        values: dict[str, list[float]] = {}
        kept: list[str] = []
        end = 0
        for match in self._numbers.finditer(text):
            kept.append(text[end : match.start()])
            is_joined = bool(chain) and match.start() == end and match["joined"] is not None
            end = match.end()
            if not is_joined:
                self._close(chain, values)
                chain = []
            written = text[match.start("run") : end].replace(" ", "")
            if written in self._marks and not is_joined:
                _note(found, *self._marks[written])
                kept.append(" ")
                continue
            chain += self._pieces(match)
            kept.append(" ")
        self._close(chain, values)
        kept.append(text[end:])
        for kind, numbers in values.items():
            found.setdefault(kind, []).extend(f"{number:.6g}" for number in sorted(numbers))
        return "".join(kept)

    def _pieces(self, match: re.Match[str]) -> Iterator[_Piece]:
        unit, before = match["unit"] or "", match["before"] or ""
        if before:
            kind, factor = self._prefixes.get(before, f"{before}#"), 1.0
        else:
            kind, factor = self._units.get(unit, (f"#{unit}" if unit else BARE, 1.0))
        for written in (match["least"], match["number"]):
            # What begins at nothing is known by its end.
            if written and (_value(written) or written == match["number"]):
                yield _Piece(kind, _value(written), factor, bool(before))

    def _close(self, chain: list[_Piece], values: dict[str, list[float]]) -> None:
        """Take in numbers that are joined: those without a unit have that of the others, unless it is another one."""
        sizes = self._words.sizes
        if len(chain) > 1 and sizes is not None:
            given = [piece for piece in chain if piece.kind != BARE and not piece.has_sign]
            # 8 x 2 cm are centimetres both; 3 x 1.5 mm2 are three wires.
            if all(piece.kind == sizes[0] for piece in given):
                factor = given[-1].factor if given else self._words.measures[sizes[0]][sizes[1]]
                chain = [_Piece(sizes[0], piece.value, factor) if piece.kind == BARE else piece for piece in chain]
        sized: dict[str, list[float]] = {}
        for piece in chain:
            sized.setdefault(piece.kind, []).append(piece.value * piece.factor)
        for kind, numbers in sized.items():
            # A name and a specification in one text say the same twice.
            if values.get(kind) != numbers:
                values.setdefault(kind, []).extend(numbers)

    def _name(self, text: str) -> str:
        words = _WORD.findall(text)
        han = [word for word in words if _HAS_HAN.match(word)]
        if han:
            # What stands beside in Latin script is a translation or a brand.
            name = "".join(han)
            for other, proper in self._names.items():
                name = name.replace(other, proper) if proper not in name else name
            return name
        return " ".join(sorted(self._names.get(word, word) for word in words))

    @cached_property
    def _numbers(self) -> re.Pattern[str]:
        units, prefixes = _either(self._units), _either(self._prefixes)
        return re.compile(
            r"(?P<joined>×)?(?P<run>"
            rf"(?:(?<![{_LATIN}])(?P<before>(?:{prefixes})(?=\s?\d)|(?<!\d)[{_LATIN}]+(?=\d))\s?)?"
            # Two numbers are a range only before a unit: in M8 x 20-304 the last one is a material.
            rf"(?:(?P<least>{_NUMBER})\s?[-~\u2013至到]\s?(?={_NUMBER}\s?(?:{units})))?(?P<number>{_NUMBER})"
            rf"(?:\s?(?P<unit>(?:{units})(?![{_LATIN}])|(?<!\s)[{_LATIN}]+(?![{_LATIN}\d])))?)"
        )

    @cached_property
    def _worded(self) -> re.Pattern[str]:
        return _words_pattern(written for written in self._marks if not any(sign.isdigit() for sign in written))

    @cached_property
    def _fillers(self) -> re.Pattern[str]:
        return _words_pattern(map(_level, self._words.fillers))

    @cached_property
    def _types(self) -> re.Pattern[str]:
        parts = []
        for pattern in self._words.types:
            before, _braces, after = (re.escape(part) for part in _level(pattern).partition("{}"))
            value = r"([a-z]{1,2}|\d{1,2}|[ivx]{1,4})"
            start = rf"(?<![{_LATIN}\d]){before}" if before else rf"(?<![{_LATIN}\d.])"
            parts.append(rf"{start}{value}{after}(?![{_LATIN}\d])" if not after else rf"{start}{value}{after}")
        return re.compile("|".join(parts))


def _note(found: dict[str, list[str]], kind: str, value: str) -> None:
    values = found.setdefault(kind, [])
    if value not in values:
        values.append(value)
        values.sort()


def _level(text: str) -> str:
    """Without differences of width, case and script."""
    return to_simplified(fold(text[:LONGEST_TEXT]).casefold())


def _value(text: str) -> float:
    """A number as written: 2.5, 2,5, 1,500, 1/2 or 1 1/2."""
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    whole, _blank, rest = text.replace("-", " ").rpartition(" ")
    one, slash, other = rest.replace(",", ".").partition("/")
    number = float(one) / float(other) if slash and float(other) else float(one)
    return number + (float(whole) if whole else 0.0)


def _either(words: Mapping[str, object]) -> str:
    """A pattern for one of the words, the longest first; one that matches nothing where there are none."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or "(?!)"


def _words_pattern(words: Iterator[str]) -> re.Pattern[str]:
    """Latin words stand by themselves, Chinese ones anywhere."""
    parts = [
        re.escape(word) if _HAS_HAN.search(word) else rf"(?<![{_LATIN}\d]){re.escape(word)}(?![{_LATIN}\d])"
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile("|".join(parts) or "(?!)")
