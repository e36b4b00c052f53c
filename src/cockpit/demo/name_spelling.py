"""The ways in which people type the name of one company."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from cockpit.demo.company_facts import brand_syllables, pinyin_of_city
from cockpit.demo.company_name import HALF_WIDTH_BRACKETS, CompanyName
from cockpit.demo.profile import NamesFile, Share
from cockpit.demo.profile_people import load_people
from cockpit.rulebook.files import Rule


class NameVariants(Rule):
    """Shares of the records whose name is typed otherwise than it is, by the way in which it differs."""

    legal_form: Share
    without_legal_form: Share
    half_width: Share
    space: Share
    full_width: Share
    traditional: Share
    typo: Share
    homophone: Share
    short_name: Share
    abbreviation: Share
    without_city: Share
    moved_city: Share
    english: Share


SAME = "same"
VARIANTS = (SAME, *NameVariants.model_fields)
FORMER_NAME = "former_name"

# Those by which a name differs after normalising too.
REWORDED = ("without_legal_form", "traditional", "typo", "homophone", "short_name", "without_city", "moved_city")

_FULL_WIDTH_SPACE = "\u3000"


class NameSpeller:
    """Types names; a variant that does not fit, or that would be another company's name, leaves a name as it is.

    Args:
        names: What names are made of.
        taken: `identity` of all companies' names, which a slip must not turn a name into.
    """

    def __init__(self, names: NamesFile, taken: Collection[tuple[str, ...]] = ()) -> None:
        syllables = load_people().contacts.brand_syllables
        alphabet = names.brand_alphabet
        self._names = names
        self._taken = taken
        self._twins = {
            one: next((other for other in alphabet if other != one and syllables[other] == syllables[one]), one)
            for one in alphabet
        }
        self._neighbours = dict(zip(alphabet, [*alphabet[1:], alphabet[0]], strict=True))
        self._traditional = str.maketrans(names.traditional)
        self._by_variant: dict[str, Callable[[CompanyName], CompanyName | str]] = {
            SAME: str,
            "legal_form": lambda name: replace(
                name, legal_form=names.legal_form_variants.get(name.legal_form, name.legal_form)
            ),
            "without_legal_form": lambda name: replace(name, legal_form=""),
            "half_width": lambda name: replace(name, brackets=HALF_WIDTH_BRACKETS),
            "space": lambda name: replace(name, space_before_legal_form=" "),
            "full_width": lambda name: f"{_FULL_WIDTH_SPACE}{name}",
            "traditional": lambda name: str(name).translate(self._traditional),
            "typo": self._mistype,
            "homophone": lambda name: replace(name, brand=self._twins[name.brand[0]] + name.brand[1:]),
            "short_name": lambda name: name.short + name.branch,
            "abbreviation": lambda name: f"{name.city}{name.brand}{name.branch}",
            "without_city": lambda name: replace(name, city="", has_bracketed_city=False),
            "moved_city": self._move_city,
            "english": self._in_english,
        }

    def spell(self, name: CompanyName, variant: str) -> str:
        """The name as typed."""
        typed = self._by_variant[variant](name)
        if isinstance(typed, CompanyName) and typed.identity != name.identity and typed.identity in self._taken:
            return str(name)
        return str(typed)

    def _mistype(self, name: CompanyName) -> CompanyName:
        """One slip, which depends on the name alone: a character for another one, two exchanged, or one left out."""
        brand = name.brand
        slip = sum(map(ord, brand)) % 4
        if slip == 0:
            return replace(name, brand=brand[::-1])
        if slip == 1 and len(name.trade) > 2:
            return replace(name, trade=name.trade[:-1])
        if slip == 2:
            return replace(name, brand=self._neighbours[brand[0]] + brand[1:])
        return replace(name, brand=brand[:-1] + self._neighbours[brand[-1]])

    def _move_city(self, name: CompanyName) -> CompanyName | str:
        if name.has_bracketed_city:
            return replace(name, has_bracketed_city=False)
        opening, closing = name.brackets
        return f"{name.brand}{name.trade}{opening}{name.city}{closing}{name.legal_form}{name.branch}"

    def _in_english(self, name: CompanyName) -> str:
        words = self._names.english
        ordinal = next((word for word in words if word.startswith("第") and name.trade.startswith(word)), "")
        trade = name.trade.removeprefix(ordinal)
        brand = brand_syllables(name).capitalize()
        form = words.get(name.legal_form, "")
        parts = [pinyin_of_city(name.city), brand, words.get(ordinal, ""), words.get(trade, trade), form]
        text = " ".join(part for part in parts if part)
        suffix = self._names.branch_suffix
        if name.branch:
            place = pinyin_of_city(name.branch.removesuffix(suffix))
            return f"{text} {place} {words[suffix]}"
        return text


def identities(names: Iterable[CompanyName | None]) -> frozenset[tuple[str, ...]]:
    """What a slip must not turn another company's name into."""
    return frozenset(name.identity for name in names if name is not None)
