"""What `CompanyComparer` finds about pairs of names, for many pairs at once.

What codes of parts decide is decided for all pairs together, in the comparer's order; what needs a look at characters
is asked of the comparer pair by pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.domain.match.fields.company_parts import CompanyParts
from cockpit.domain.match.fields.values import MISSING, Codes, Ints
from cockpit.domain.normalise.names.company_compare import CompanyComparer

Truths: TypeAlias = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", bound=np.generic)


def find_many(
    comparer: CompanyComparer, names: CompanyParts, is_han: Truths, left: Ints, right: Ints
) -> Mapping[str, Ints]:
    """Findings and the positions of the pairs that they are made about.

    Args:
        comparer: Decides what parts alone do not.
        names: Distinct names.
        is_han: Which of them are written in Han characters.
        left, right: Rows of pairs.
    """
    pairs = _Pairs(comparer, names, is_han, left, right)
    pairs.find_parts_that_differ()
    pairs.find_equal_cores()
    pairs.find_equal_brands()
    return pairs.ask_for_the_rest()


class _Pairs:
    """Pairs of which some are decided; each step decides some of those that are left."""

    def __init__(self, comparer: CompanyComparer, names: CompanyParts, is_han: Truths, left: Ints, right: Ints) -> None:
        self._comparer = comparer
        self._names = names
        self._is_han = is_han
        self._left, self._right = left, right
        self._open = np.arange(len(left))
        self._found: dict[str, list[Ints]] = {}
        self._asked: list[Ints] = []
        self._region, self._second, self._province = _places(comparer, names)

    def _decide(self, finding: str, which: Truths) -> None:
        """Of the open pairs these are decided."""
        self._found.setdefault(finding, []).append(self._open[which])
        self._open = self._open[~which]

    def _ask(self, which: Truths) -> None:
        self._asked.append(self._open[which])
        self._open = self._open[~which]

    def _both(self, codes: npt.NDArray[_Kind]) -> tuple[npt.NDArray[_Kind], npt.NDArray[_Kind]]:
        """Of the open pairs."""
        return codes[self._left[self._open]], codes[self._right[self._open]]

    def find_parts_that_differ(self) -> None:
        """Branch or region that makes two companies whatever else is equal."""
        one, other = self._both(self._names.codes["branch"])
        self._decide("branch_and_parent", (one != other) & ((one == MISSING) | (other == MISSING)))
        one, other = self._both(self._names.codes["branch"])
        self._ask(one != other)
        (a, b), (second_a, second_b) = self._both(self._region), self._both(self._second)
        seconds = (second_a != MISSING) & (second_b != MISSING) & (second_a != second_b)
        province_a, province_b = self._both(self._province)
        within = (province_a == b) | (province_b == a)
        regions = (a != MISSING) & (b != MISSING) & (a != b) & ~within & (a != second_b) & (b != second_a)
        self._decide("regions_differ", seconds | regions)

    def find_equal_cores(self) -> None:
        """Names that differ in other parts than the core."""
        one, other = self._both(self._names.codes["value"])
        rest = self._open[one != other]
        self._open = self._open[one == other]
        one, other = self._both(self._names.codes["former_name"])
        self._decide("former_name", one != other)
        one, other = self._both(self._region)
        self._decide("region_missing", (one != other) & ((one == MISSING) | (other == MISSING)))
        one, other = self._both(self._region)
        self._decide("region_wider", one != other)
        one, other = self._both(self._second)
        self._decide("region_wider", one != other)
        one, other = self._both(self._names.codes["region_at"])
        self._decide("region_placed_differently", one != other)
        self._find_forms()
        self._open = rest

    def _find_forms(self) -> None:
        names = self._names
        one, other = self._both(names.codes["form_word"])
        self._decide("legal_forms_differ", one != other)
        (a, b), (short_a, short_b) = self._both(names.codes["legal_form"]), self._both(names.form_is_short)
        (plain_a, plain_b) = self._both(names.are("legal_form", "company"))
        is_one = (a == b) | (a == MISSING) | (b == MISSING)
        is_vague_a, is_vague_b = short_a & plain_a, short_b & plain_b
        differ = ~is_one & ~is_vague_a & ~is_vague_b
        full = np.where(is_one, np.maximum(a, b), np.where(is_vague_a, b, a))
        implied = np.append(np.isin(names.words["legal_form"], list(self._comparer.implied_forms)), False)[full]
        said = names.has("branch") | (names.has("region") & names.has("trade"))
        is_equal = (a == b) & (short_a == short_b)
        is_implied = is_equal | (self._both(said)[0] & implied)
        self._decide("legal_forms_differ", differ)
        is_equal, is_implied = is_equal[~differ], is_implied[~differ]
        self._decide("legal_form_missing", ~is_implied)
        is_equal = is_equal[is_implied]
        doubtful = names.are("reason", "no_brand") | names.are("outcome", "review")
        (doubt_a, doubt_b), (also_a, also_b) = self._both(doubtful), self._both(names.codes["also"])
        uncertain = doubt_a | doubt_b | ((also_a != MISSING) & (also_b != MISSING) & (also_a != also_b))
        self._decide("uncertain_name", uncertain)
        self._decide("legal_form_implied", ~is_equal[~uncertain])
        self._decide("equal", np.ones(len(self._open), dtype=bool))

    def find_equal_brands(self) -> None:
        """Cores that differ in what they say after the brand."""
        former_a, former_b = self._both(self._names.has("former_name"))
        self._ask(former_a | former_b)
        han_a, han_b = self._both(self._is_han)
        self._decide("scripts_differ", han_a != han_b)
        self._ask(~self._both(self._is_han)[0])
        one, other = self._both(self._names.codes["brand"])
        self._ask(one != other)
        words = self._names.words["brand"]
        is_place = np.append([word in self._comparer.words.place_names for word in words], False).astype(bool)
        one, _other = self._both(self._names.codes["brand"])
        # A place is nobody's brand.
        self._decide("trades_differ", is_place[one])
        one, other = self._both(self._names.codes["trade"])
        self._decide("short_name", (one == MISSING) | (other == MISSING))
        one, other = self._both(self._names.codes["trade"])
        self._decide("similar_trades", self._are_similar(one, other))
        self._decide("trades_differ", np.ones(len(self._open), dtype=bool))

    def _are_similar(self, one: Codes, other: Codes) -> Truths:
        words = self._names.words["trade"]
        size = len(words) + 1
        place = {word: code for code, word in enumerate(words)}
        similar = [place[a] * size + place[b] for a, b in self._comparer.similar_trades if a in place and b in place]
        return np.isin(one.astype(np.int64) * size + other, similar)

    def ask_for_the_rest(self) -> Mapping[str, Ints]:
        """Ask the comparer about what is not decided."""
        asked = np.concatenate([*self._asked, self._open])
        left, right = self._left[asked], self._right[asked]
        # A few names make many pairs.
        size = len(self._names)
        place, codes = pd.factorize(np.minimum(left, right) * size + np.maximum(left, right))
        made = {row: self._names.standard(row) for row in {*(codes // size).tolist(), *(codes % size).tolist()}}
        found = [
            self._comparer.compare(made[one], made[other]).reason
            for one, other in zip((codes // size).tolist(), (codes % size).tolist(), strict=True)
        ]
        for finding in dict.fromkeys(found):
            which = np.array([each == finding for each in found])
            self._found.setdefault(finding, []).append(asked[which[place]])
        return {finding: np.concatenate(parts) for finding, parts in self._found.items()}


def _places(comparer: CompanyComparer, names: CompanyParts) -> tuple[Codes, Codes, Codes]:
    """Codes of region and second region that can be compared with each other, and the code of the region's province.

    A province that no name has, and that of a place without one, is below MISSING.
    """
    words = list(dict.fromkeys([*names.words["region"], *names.words["second_region"]]))
    place = {word: code for code, word in enumerate(words)}
    region, second = (
        np.array([*(place[word] for word in names.words[part]), MISSING], dtype=np.int32)[names.codes[part]]
        for part in ("region", "second_region")
    )
    provinces = [place.get(comparer.words.province_of.get(word, ""), MISSING - 1) for word in words]
    return region, second, np.array([*provinces, MISSING - 1], dtype=np.int32)[region]
