"""The words of a company rule, ready to be found in names: legal forms, places, trades, ends of branches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.names.letters import HAN, alternatives

_NUMBER = re.compile(r"第?[0-9一二三四五六七八九十百零〇]+")
_ORDINAL = re.compile(r"第[0-9一二三四五六七八九十百零〇]+")
# Where a town that is not listed ends.
_TOWN_KINDS = frozenset("市县")
_SHORTEST_JOINED_FORM = 3
# The least that tells one brand from another.
SHORTEST_BRAND = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A place at the start or end of a name: its short name, and the characters that it takes."""

    name: str
    length: int


class CompanyWords:
    """Look-ups made once per rule."""

    def __init__(self, rule: CompanyRule) -> None:
        self.rule = rule
        self._read_forms(rule)
        self._read_places(rule)
        self._read_branches(rule)
        self.trades = frozenset(rule.industries)
        self._trade_lengths = _lengths_by(self.trades, slice(-2, None))
        self._generic = frozenset(rule.generic_words)
        self._of_many = frozenset(rule.words_of_many)

    def _read_forms(self, rule: CompanyRule) -> None:
        forms = rule.legal_forms.items()
        self.written = {word: code for code, form in forms for word in form.written}
        self.short = {word: code for code, form in forms for word in form.short}
        self.form_words = {word: code for code, form in forms for word in form.words}
        self.bracketed_forms = {word: code for code, form in forms for word in form.bracketed}
        self.words_in_front = {word: code for code, form in forms for word in form.in_front}
        self.written_in_front = {word: code for code, form in forms for word in form.written_in_front}
        # English forms as they end a name whose spaces are gone; short ones may be the end of any word.
        self.joined_form_words = tuple(
            joined for word in self.form_words if len(joined := word.replace(" ", "")) >= _SHORTEST_JOINED_FORM
        )
        self.longest_form = max((word.count(" ") + 1 for word in self.form_words), default=0)
        self.written_form = re.compile(alternatives(self.written))
        self.short_form = re.compile(f"(?:{alternatives(self.short)})$")
        self.short_form_inside = re.compile(alternatives(word for word in self.short if word.endswith("公司")))
        self.form_in_front = re.compile(alternatives(self.written_in_front))
        self.form_in_front_starts = frozenset(word[0] for word in self.written_in_front)
        self._written_end = re.compile(alternatives(word[-2:] for word in self.written))
        self.any_short_end = frozenset(word[-1] for word in self.short)

    def _read_places(self, rule: CompanyRule) -> None:
        self.province_of = {town: province for province, towns in rule.regions.items() for town in towns}
        home = [*rule.regions, *self.province_of]
        self.place_names: dict[str, str] = {}
        for name in home:
            self.place_names[name] = name
            for kind in rule.region_kinds:
                self.place_names.setdefault(name + kind, name)
        self.in_front = dict(self.place_names)
        self.in_front.update({name: name for name in rule.in_front_too})
        self.place_names.update({name: name for name in rule.places})
        for synonym, name in rule.region_synonyms.items():
            self.place_names[synonym] = name
            if name in home:
                self.in_front[synonym] = name
                for kind in rule.region_kinds:
                    self.in_front.setdefault(synonym + kind, name)
        self._in_front_lengths = _lengths_by(self.in_front, slice(2))
        self._place_lengths = _lengths_by(self.place_names, slice(-2, None))
        self._over_kinds = tuple(rule.words_over_kinds)
        self.kept_brands = tuple(rule.brands_with_region)
        self._town = re.compile(
            f"([{HAN}]{{1,2}}[^{re.escape(rule.no_town_before_kind)}\\W\\d_a-z])(?:市|县)"
            if rule.no_town_before_kind
            else r"(?!)"
        )
        self.longest_place = max((name.count(" ") + 1 for name in self.place_names), default=0)

    def _read_branches(self, rule: CompanyRule) -> None:
        branch = rule.branch
        after_form = frozenset(branch.only_after_form)
        self.branch_end = re.compile(f"(?:{alternatives(branch.marks)})$")
        self.lone_branch_end = re.compile(
            f"(?:{alternatives(mark for mark in branch.marks if mark not in after_form)})$"
        )
        self.branch_ends = frozenset(mark[-1] for mark in branch.marks)
        self.anchor = re.compile(alternatives(branch.anchors))
        self.branch_words = frozenset(branch.words)
        self.ends_of_branch_words = branch.words

    def may_hold_form(self, text: str) -> bool:
        """Whether the end of a written legal form occurs; quicker than looking for all forms."""
        return self._written_end.search(text) is not None

    def place_in_front(self, name: str) -> Place | None:
        """The longest place that a name in Chinese begins with."""
        for length in self._in_front_lengths.get(name[:2], ()):
            place = self.in_front.get(name[:length])
            if place is not None and length <= len(name):
                if length > len(place) and name.startswith(self._over_kinds, length - 1):
                    continue
                return Place(place, length)
        return None

    def is_place(self, name: str) -> bool:
        """Whether a name is a place and nothing else."""
        return name in self.place_names

    def town_in_front(self, name: str) -> Place | None:
        """A town that is not listed, with its kind: 兴化市."""
        if name[2:3] not in _TOWN_KINDS and name[3:4] not in _TOWN_KINDS:
            return None
        town = self._town.match(name)
        if town is None or name.startswith(self._over_kinds, town.end() - 1):
            return None
        return Place(town.group(1), town.end())

    def place_at_end(self, name: str) -> Place | None:
        """The longest place that a name in Chinese ends with."""
        for length in self._place_lengths.get(name[-2:], ()):
            place = self.place_names.get(name[-length:])
            if place is not None and length < len(name):
                return Place(place, length)
        return None

    def brand_of(self, core: str) -> str:
        """A core without the trades at its end, at least two characters of it; the core itself when it is all trade."""
        brand = self._without_trades(core, SHORTEST_BRAND)
        return brand if brand and not self.is_generic(brand) else core

    def _without_trades(self, core: str, shortest: int) -> str:
        """A core without the trades at its end; empty when it is nothing else."""
        rest = core
        while lengths := self._trade_lengths.get(rest[-2:]):
            for length in lengths:
                left = len(rest) - length
                if left >= 0 and rest[left:] in self.trades and (left == 0 or left >= shortest):
                    rest = rest[:left]
                    break
            else:
                break
        return rest

    def has_brand(self, core: str) -> bool:
        """Whether a core is more than trades: 科技有限公司 may be anybody's."""
        if core[-1:].isascii():
            return any(word not in self.trades for word in core.split(" "))
        rest = self._without_trades(core, 1)
        # 第一人民医院 and 实验小学 are in every town.
        return rest != "" and (rest == core or not (rest in self._of_many or _ORDINAL.fullmatch(rest)))

    def ends_with_trade(self, core: str) -> bool:
        """Whether something stands before a trade at the end."""
        return any(
            length < len(core) and core[-length:] in self.trades for length in self._trade_lengths.get(core[-2:], ())
        )

    def is_generic(self, brand: str) -> bool:
        """Whether a brand tells nothing without its region: a number, 第一, 中心."""
        return brand in self._generic or _NUMBER.fullmatch(brand) is not None

    def tells_enough(self, rest: str) -> bool:
        """Whether a name is still one when its region is taken off: not 金华 from 金华信科技, which leaves 信."""
        brand = self._without_trades(rest, SHORTEST_BRAND)
        if brand == rest and self._without_trades(rest, 1) != rest:
            return False
        return len(brand) >= SHORTEST_BRAND and not self.is_generic(brand)

    def is_only_mark(self, branch: str) -> bool:
        """Whether a branch says nothing beside what it is: 分公司, 支行."""
        return self.branch_end.fullmatch(branch) is not None

    def without_kind(self, text: str) -> str:
        """A branch as it is compared: 上海市分行 and 上海分行 are one."""
        place = self.place_in_front(text)
        return place.name + text[place.length :] if place else text


def _lengths_by(words: Iterable[str], part: slice) -> dict[str, tuple[int, ...]]:
    """Lengths of the words, longest first, by the two characters that they begin or end with."""
    found: dict[str, set[int]] = {}
    for word in words:
        found.setdefault(word[part], set()).add(len(word))
    return {characters: tuple(sorted(lengths, reverse=True)) for characters, lengths in found.items()}
