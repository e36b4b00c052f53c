"""Give some of the drawn companies relations: groups with subsidiaries, former names, and near names that are traps.

Companies are changed in place of being added, so that a scale keeps its number of customers. Only companies that were
recorded once take part: what is true about repeated records stays as it was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cockpit.demo.company_name import CompanyName
from cockpit.demo.draw import Ints
from cockpit.demo.profile_groups import GroupsFile

SUBSIDIARY = "subsidiary"
SAME_BRAND = "same_brand_other_region"
SHARED_AGENT = "shared_agent"
GROUP = "group_and_subsidiary"
ORDINAL = "ordinal"
HOMOPHONE = "homophone"


@dataclass
class Relations:
    """The companies with their relations, by index of the company.

    Attributes:
        names, cities, industries: As drawn, with the changes.
        look_alikes: Kind of trap of the companies whose name is near another one's.
        parents: Company that a subsidiary belongs to.
        former_names: How a company was called before.
        agents: Number of the book-keeping agent who answers for a company.
        neighbours: Two companies that are easily taken for one, and why (a kind of trap).
    """

    names: list[CompanyName]
    cities: Ints
    industries: list[str]
    look_alikes: dict[int, str] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    former_names: dict[int, CompanyName] = field(default_factory=dict)
    agents: dict[int, int] = field(default_factory=dict)
    neighbours: list[tuple[int, int, str]] = field(default_factory=list)


def relate(
    rng: np.random.Generator,
    rules: GroupsFile,
    drawn: Relations,
    free: Ints,
    homophones: Callable[[str], Sequence[str]],
) -> Relations:
    """Draw the relations.

    Args:
        rng: Of the stream for groups.
        rules: How many of each.
        drawn: Companies as drawn; its lists are changed.
        free: Companies that may change their name: recorded once and in no relation yet.
        homophones: Other brand characters that sound like one.

    Returns:
        `drawn`.
    """
    return _Relater(rng, rules, drawn, homophones).relate(free)


@dataclass
class _Relater:
    rng: np.random.Generator
    rules: GroupsFile
    companies: Relations
    homophones: Callable[[str], Sequence[str]]
    _used: set[tuple[str, str, str, str]] = field(default_factory=set)

    def relate(self, free: Ints) -> Relations:
        count = len(self.companies.names)
        self._used = {name.identity for name in self.companies.names}
        form = self.rules.group_form
        heads = [
            index for index, name in enumerate(self.companies.names) if name.legal_form == form and not name.branch
        ]
        places = iter(self.rng.permutation(np.setdiff1d(free, heads)).tolist())
        traps = self.rules.traps
        self._add_subsidiaries(places, heads or [0], round(self.rules.subsidiaries.share * count))
        self._add_same_brands(places, round(traps.same_brand_share * count))
        self._add_pairs(places, ORDINAL, round(traps.ordinal_share * count), self._ordinals)
        self._add_pairs(places, HOMOPHONE, round(traps.homophone_share * count), self._homophones)
        self._rename(places, round(self.rules.former_names.share * count))
        self._share_agents(places, round(self.rules.agents.share * count))
        return self.companies

    def _add_subsidiaries(self, places: Iterator[int], heads: Sequence[int], count: int) -> None:
        names = self.companies.names
        latest: dict[int, int] = {}
        for index, head in zip(_take(places, count), self.rng.choice(heads, count).tolist(), strict=False):
            if self._name(index, replace(names[index], brand=names[head].brand, legal_form=self.rules.subsidiary_form)):
                sibling = latest.get(head)
                if sibling is not None:
                    self.companies.neighbours.append((sibling, index, GROUP))
                latest[head] = index
                self.companies.parents[index] = head
                self.companies.neighbours.append((head, index, GROUP))

    def _add_same_brands(self, places: Iterator[int], count: int) -> None:
        names = self.companies.names
        others = self.rng.integers(0, len(names), count).tolist()
        for index, other in zip(_take(places, count), others, strict=False):
            if names[other].branch or other in self.companies.look_alikes:
                continue
            if self._name(index, replace(names[other], city=names[index].city)):
                self.companies.industries[index] = self.companies.industries[other]
                self.companies.look_alikes[index] = SAME_BRAND
                self.companies.neighbours.append((other, index, SAME_BRAND))

    def _add_pairs(
        self,
        places: Iterator[int],
        kind: str,
        count: int,
        spell: Callable[[CompanyName], tuple[CompanyName, CompanyName] | None],
    ) -> None:
        """Turn two companies into neighbours in one city whose names differ as `spell` says."""
        for first, second in zip(_take(places, count), _take(places, count), strict=False):
            pair = spell(self.companies.names[first])
            if pair and self._name(first, pair[0]) and self._name(second, pair[1]):
                self.companies.cities[second] = self.companies.cities[first]
                self.companies.industries[second] = self.companies.industries[first]
                self.companies.look_alikes[second] = kind
                self.companies.neighbours.append((first, second, kind))

    def _ordinals(self, name: CompanyName) -> tuple[CompanyName, CompanyName]:
        first, second = self.rules.ordinals
        return replace(name, trade=first + name.trade), replace(name, trade=second + name.trade)

    def _homophones(self, name: CompanyName) -> tuple[CompanyName, CompanyName] | None:
        for place, character in enumerate(name.brand):
            others = [other for other in self.homophones(character) if other not in name.brand]
            if others:
                brand = name.brand[:place] + others[0] + name.brand[place + 1 :]
                return name, replace(name, brand=brand)
        return None

    def _rename(self, places: Iterator[int], count: int) -> None:
        names = self.companies.names
        brands = self.rng.integers(0, len(names), count).tolist()
        for index, other in zip(_take(places, count), brands, strict=False):
            former = replace(names[index], brand=names[other].brand)
            if former.identity not in self._used:
                self._used.add(former.identity)
                self.companies.former_names[index] = former

    def _share_agents(self, places: Iterator[int], count: int) -> None:
        firms = _take(places, count)
        limits = self.rules.agents.firms
        agent = 0
        while firms:
            size = int(self.rng.integers(limits.min, limits.max, endpoint=True))
            self.companies.agents.update(dict.fromkeys(firms[:size], agent))
            self.companies.neighbours += [
                (firms[place], firms[place + 1], SHARED_AGENT) for place in range(min(size, len(firms)) - 1)
            ]
            firms, agent = firms[size:], agent + 1

    def _name(self, index: int, name: CompanyName) -> bool:
        """Give a company a name unless another one has it or had it."""
        if name == self.companies.names[index]:
            return True
        if name.identity in self._used:
            return False
        self._used.add(name.identity)
        self.companies.names[index] = name
        return True


def _take(places: Iterator[int], count: int) -> list[int]:
    """The next places; fewer when there are no more."""
    return [place for _number, place in zip(range(count), places, strict=False)]
