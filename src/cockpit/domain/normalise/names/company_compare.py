"""Tell whether two names of companies mean the same one, different ones, or need a person.

Names are compared part by part; likeness of raw names never decides. What a finding means is written under
`compare` in include/rules/normalisation/company.yml.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from cockpit.domain.normalise.names.company import CompanyDeclared, CompanyStandardiser
from cockpit.domain.normalise.names.company_rule import CompanyRule, Verdict
from cockpit.domain.normalise.names.letters import HAS_HAN
from cockpit.domain.normalise.standard import Standard

_NUMBER = re.compile(r"\d+")
_HAN_DIGITS = {**{digit: value for value, digit in enumerate("零一二三四五六七八九十")}, "〇": 0, "两": 2}
_RULES_KEPT = 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two names are to each other.

    Attributes:
        verdict: Only `same` may be joined by a machine.
        reason: The finding that decided, one snake_case word.
        score: How alike the names are, 0-1; orders pairs of one verdict.
    """

    verdict: Verdict
    reason: str
    score: float


class CompanyComparer:
    """Compares names that were standardised by the same rule.

    Attributes:
        standardiser: Makes what is compared.
        words: Places and other words of the rule.
        implied_forms: Legal forms that a name may leave out.
        similar_trades: Pairs of trades that are not told apart.
    """

    def __init__(self, rule: CompanyRule) -> None:
        self.standardiser = CompanyStandardiser(rule, CompanyDeclared())
        words, compare = self.standardiser.words, rule.compare
        self.words = words
        self._rule = compare
        self._meanings = {
            finding: Comparison(meaning.verdict, finding, meaning.score)
            for finding, meaning in compare.verdicts.items()
        }
        self.implied_forms = frozenset(rule.implied_forms)
        self._contrasts = _pairs_within(compare.contrasts)
        self._additions = frozenset(compare.additions)
        self._sounds = _pairs_within(compare.sounds_alike.split())
        self._looks = _pairs_within(compare.looks_alike.split())
        self.similar_trades = _pairs_within(compare.similar_trades)

    def compare(self, a: Standard | str, b: Standard | str) -> Comparison:
        """Compare two names; texts are standardised first. Symmetric."""
        first = self.standardiser.standardise(a) if isinstance(a, str) else a
        second = self.standardiser.standardise(b) if isinstance(b, str) else b
        return self._meanings[self._find(first, second)]

    def _find(self, a: Standard, b: Standard) -> str:
        """The finding that decides."""
        if a.value is None or b.value is None:
            return "unusable"
        core_a, core_b = str(a.value), str(b.value)
        if finding := self._find_parts_that_differ(a, b):
            return finding
        if core_a == core_b:
            finding = self._find_of_equal_cores(a, b)
            if finding not in ("equal", "legal_form_implied"):
                return finding
            also_a, also_b = a.details.get("also"), b.details.get("also")
            uncertain = "no_brand" in (a.reason, b.reason) or "review" in (a.outcome, b.outcome)
            uncertain = uncertain or bool(also_a and also_b and also_a != also_b)
            return "uncertain_name" if uncertain else finding
        if self._is_former_name(a, b) or self._is_former_name(b, a):
            return "former_name"
        return self._find_of_cores(a, b, core_a, core_b)

    def _find_parts_that_differ(self, a: Standard, b: Standard) -> str:
        """Branch or region that makes two companies whatever else is equal; empty when there is none."""
        branch_a, branch_b = a.details["branch"], b.details["branch"]
        if branch_a != branch_b:
            if not branch_a or not branch_b:
                return "branch_and_parent"
            return "region_missing" if self._is_branch_with_city(str(branch_a), str(branch_b)) else "branches_differ"
        region_a, region_b = a.details["region"], b.details["region"]
        second_a, second_b = a.details.get("second_region"), b.details.get("second_region")
        if second_a and second_b and second_a != second_b:
            return "regions_differ"
        if region_a and region_b and region_a != region_b and not self._lie_in_each_other(region_a, region_b):
            # 顺德华星 may be 佛山市顺德区华星.
            return "" if region_a == second_b or region_b == second_a else "regions_differ"
        return ""

    def _is_branch_with_city(self, a: str, b: str) -> bool:
        """Whether all that one branch says more is its city: 深圳福田支行, 福田支行."""
        short, full = sorted((a, b), key=len)
        return self._place_kept_by(full, short) is not None and not self.words.is_only_mark(short)

    def _lie_in_each_other(self, a: object, b: object) -> bool:
        province_of = self.words.province_of
        return province_of.get(str(a)) == b or province_of.get(str(b)) == a

    def _find_of_equal_cores(self, a: Standard, b: Standard) -> str:
        if a.details.get("former_name") != b.details.get("former_name"):
            return "former_name"
        region_a, region_b = a.details["region"], b.details["region"]
        if region_a != region_b:
            return "region_wider" if region_a and region_b else "region_missing"
        if a.details.get("second_region") != b.details.get("second_region"):
            return "region_wider"
        if a.details.get("region_at") != b.details.get("region_at"):
            return "region_placed_differently"
        return self._find_of_forms(a, b)

    def _find_of_forms(self, a: Standard, b: Standard) -> str:
        if a.details.get("form_word") != b.details.get("form_word"):
            return "legal_forms_differ"
        form_a, form_b = a.details["legal_form"], b.details["legal_form"]
        short_a, short_b = bool(a.details.get("form_is_short")), bool(b.details.get("form_is_short"))
        if form_a == form_b and short_a == short_b:
            return "equal"
        if form_a == form_b or form_a is None or form_b is None:
            full = form_a or form_b
        elif short_a and form_a == "company":
            full = form_b
        elif short_b and form_b == "company":
            full = form_a
        else:
            return "legal_forms_differ"
        # The registers take no second company of one region, brand and trade; a branch says its place.
        says_where = a.details["branch"] or (a.details["region"] and a.details.get("trade"))
        return "legal_form_implied" if says_where and full in self.implied_forms else "legal_form_missing"

    def _is_former_name(self, old: Standard, new: Standard) -> bool:
        former = new.details.get("former_name")
        return bool(former) and self.standardiser.standardise(str(former)).value == old.value

    def _find_of_cores(self, a: Standard, b: Standard, core_a: str, core_b: str) -> str:
        has_han = HAS_HAN.search(core_a) is not None
        if has_han != (HAS_HAN.search(core_b) is not None):
            return "scripts_differ"
        if not has_han:
            return self._find_of_words(a, b, core_a, core_b)
        brand_a, brand_b = str(a.details["brand"]), str(b.details["brand"])
        trade_a, trade_b = str(a.details.get("trade", "")), str(b.details.get("trade", ""))
        if brand_a == brand_b:
            # A place is nobody's brand: 北京银行 and 北京电力.
            if brand_a in self.words.place_names:
                return "trades_differ"
            if not trade_a or not trade_b:
                return "short_name"
            return "similar_trades" if (trade_a, trade_b) in self.similar_trades else "trades_differ"
        if self._is_left_out(core_a, core_b) or self._is_left_out(core_b, core_a):
            return "short_name"
        for short, core, full in ((a, core_a, core_b), (b, core_b, core_a)):
            if place := self._place_kept_by(full, core):
                region = short.details["region"]
                is_other = region and region != place and not self._lie_in_each_other(region, place)
                return "regions_differ" if is_other else "region_missing"
        if trade_a == trade_b or not trade_a or not trade_b:
            finding = self._find_of_characters(core_a, core_b, brand_a, brand_b)
            if finding != "names_differ":
                return finding
        elif OSA.distance(core_a, core_b, score_cutoff=1) <= 1:
            return self._find_of_characters(core_a, core_b, core_a, core_b)
        elif (trade_a, trade_b) in self.similar_trades and self._alike(brand_a, brand_b, self._sounds):
            return "similar_trades"
        if self._is_abbreviation(a, core_a, core_b) or self._is_abbreviation(b, core_b, core_a):
            return "abbreviation"
        return "names_differ"

    def _find_of_characters(self, core_a: str, core_b: str, brand_a: str, brand_b: str) -> str:
        """Cores that differ by few characters."""
        start, end_a, end_b = _middle(core_a, core_b)
        left, right = core_a[start:end_a], core_b[start:end_b]
        if not left or not right:
            more = left or right
            if more in self._additions or _NUMBER.fullmatch(more) or more in self.words.place_names:
                return "distinguishing_word"
            if len(more) == 1 and min(len(brand_a), len(brand_b)) >= self._rule.brand_length_for_one_character:
                return "one_character"
            return "names_differ"
        if (number := _number(left)) is not None and (other := _number(right)) is not None:
            return "number_written_differently" if number == other else "distinguishing_word"
        if self._contrast(core_a, core_b, start, end_a, end_b):
            return "distinguishing_word"
        places = self.words.place_names
        if brand_a in places or brand_b in places:
            return "names_differ"
        if len(core_a) == len(core_b):
            if self._alike(left, right, self._sounds):
                return "sounds_alike"
            if self._alike(left, right, self._looks | self._sounds):
                return "looks_alike"
        longest = min(len(brand_a), len(brand_b))
        if len(left) == len(right) == 1 and longest >= self._rule.brand_length_for_one_character:
            return "one_character"
        return "names_differ"

    def _contrast(self, a: str, b: str, start: int, end_a: int, end_b: int) -> bool:
        """Whether words that tell companies apart stand in the place where two names differ."""
        # A contrasting word may share a character with its opposite: 东方 and 西方.
        for before, after in itertools.product((0, 1), (0, 1)):
            one = a[max(start - before, 0) : end_a + after]
            other = b[max(start - before, 0) : end_b + after]
            if (one, other) in self._contrasts or (one in self.words.place_names and other in self.words.place_names):
                return True
        return False

    def _alike(self, left: str, right: str, pairs: frozenset[tuple[str, str]]) -> bool:
        return len(left) == len(right) and all(
            one == other or (one, other) in pairs for one, other in zip(left, right, strict=True)
        )

    def _is_left_out(self, short: str, full: str) -> bool:
        """Whether 中国 and the like stand only before one name."""
        return full.endswith(short) and full[: -len(short)].strip() in self._rule.left_out_in_front

    def _place_kept_by(self, full: str, short: str) -> str | None:
        """The place that is all that one core has more than another in front."""
        return self.words.place_names.get(full[: -len(short)].strip()) if full.endswith(short) else None

    def _is_abbreviation(self, short: Standard, core: str, full: str) -> bool:
        """Whether a short name without form and trade takes characters of a full one: 中建, 中国建筑."""
        if short.details["legal_form"] or short.details.get("trade") or short.details["region"]:
            return False
        if not 2 <= len(core) <= self._rule.longest_abbreviation or core[0] != full[0] or len(full) < len(core) + 2:
            return False
        rest = iter(full)
        return all(one in rest for one in core)

    def _find_of_words(self, a: Standard, b: Standard, core_a: str, core_b: str) -> str:
        """Cores in letters."""
        joined_a, joined_b = core_a.replace(" ", ""), core_b.replace(" ", "")
        if joined_a == joined_b:
            return "spacing"
        words_a, words_b = core_a.split(" "), core_b.split(" ")
        if sorted(words_a) == sorted(words_b):
            return "word_order"
        if a.details["brand"] == b.details["brand"]:
            trade_a, trade_b = a.details.get("trade"), b.details.get("trade")
            if not trade_a or not trade_b:
                return "short_name"
            return "similar_trades" if (trade_a, trade_b) in self.similar_trades else "trades_differ"
        if self._is_left_out(core_a, core_b) or self._is_left_out(core_b, core_a):
            return "short_name"
        start, end_a, end_b = _middle(words_a, words_b)
        left, right = words_a[start:end_a], words_b[start:end_b]
        if self._words_tell_apart(left, right):
            return "distinguishing_word"
        if not left or not right:
            return "short_name" if start or end_a < len(words_a) else "names_differ"
        distance = OSA.distance(joined_a, joined_b, score_cutoff=2)
        shortest = min(len("".join(left)), len("".join(right)))
        if distance <= 1 and shortest >= self._rule.latin_length_for_one_character:
            return "one_character"
        if distance <= 2 and shortest >= self._rule.latin_length_for_two_characters:
            return "one_character"
        return "names_differ"

    def _words_tell_apart(self, left: list[str], right: list[str]) -> bool:
        if len(left) == len(right) == 1:
            one, other = left[0], right[0]
            numbers_differ = _NUMBER.findall(one) != _NUMBER.findall(other)
            return (one, other) in self._contrasts or numbers_differ
        if not left or not right:
            return all(word in self._additions or word.isdecimal() for word in left or right)
        return False


_comparers: dict[int, tuple[CompanyRule, CompanyComparer]] = {}


def compare_companies(a: Standard | str, b: Standard | str, rule: CompanyRule) -> Comparison:
    """Compare two names by a rule; its look-ups are made once. For many names keep a `CompanyComparer`."""
    kept = _comparers.get(id(rule))
    if kept is None or kept[0] is not rule:
        if len(_comparers) >= _RULES_KEPT:
            _comparers.clear()
        kept = _comparers[id(rule)] = (rule, CompanyComparer(rule))
    return kept[1].compare(a, b)


def _pairs_within(groups: Iterable[Sequence[str]]) -> frozenset[tuple[str, str]]:
    """All ordered pairs of different members of each group."""
    return frozenset((one, other) for group in groups for one, other in itertools.permutations(group, 2))


def _middle(a: Sequence[str], b: Sequence[str]) -> tuple[int, int, int]:
    """Where two sequences begin to differ, and where the differing part of each ends."""
    start, least = 0, min(len(a), len(b))
    while start < least and a[start] == b[start]:
        start += 1
    end = 0
    while end < least - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return start, len(a) - end, len(b) - end


def _number(text: str) -> int | None:
    """The number that a text is, in digits or as one Chinese numeral; None when it is none."""
    text = text.removeprefix("第")
    if text.isdecimal() and text.isascii():
        return int(text)
    return _HAN_DIGITS.get(text)
