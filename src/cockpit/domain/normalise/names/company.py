"""Standardise names of companies: the core by which they are compared, and the parts that tell them apart.

Words, places and legal forms are written in include/rules/normalisation/company.yml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cockpit.domain.normalise.names.company_parts import Parts, PartsReader, words_of
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.names.company_words import CompanyWords
from cockpit.domain.normalise.names.letters import HAN, HAS_HAN, alternatives
from cockpit.domain.normalise.names.not_a_name import NotAName
from cockpit.domain.normalise.rule import Declared
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.i18n import _

_PLAIN_CORE = re.compile("[\u4e00-\u9fffa-z0-9 ]+")
_EDGES = " \t.,;:!·'\"`-_/\\|~、。，；：！“”‘’"
_SPACE_BESIDE_HAN = re.compile(f"(?<=[{HAN}()&]) +(?=[{HAN}()&])|(?<=[{HAN}]) +| +(?=[{HAN}])")
_SHOWN_BRACKETS = str.maketrans("()[]【】〔〕", "（）（）（）（）")
_QUOTES = frozenset("'\"`“”‘’《》「」『』")
_QUOTED_INSIDE = re.compile("['\"`“”‘’《》「」『』]")
_RUNS = re.compile(f"[{HAN}]+|[^\\W\\d_{HAN}]+")
_WORDS_AFTER_TITLE = 2
# Parts that become details where a name has them.
_SAID = ("second_region", "form_word", "former_name", "also", "note")
_ENDS_OF_ADDRESS = frozenset("号楼层室座栋幢0123456789")
_STARTS_OF_NUMBERED = frozenset("(0123456789")
# Copied from a list: 1.华为技术有限公司, (2)华为技术有限公司. 3.1设计 and 360安全科技 are names.
_NUMBERED = re.compile(f"\\(?[0-9]{{1,3}}(?:\\)\\.?|[.、]) ?(?=[{HAN}])")
# The end of an address; a restaurant may be called after its own.
_ADDRESS = re.compile(r".{2,}(?:路|街|大道|巷|弄|胡同)[0-9]+号(?:.*(?:楼|层|室|座|栋|幢|[0-9]))?")

# How sure a name is that leaves something open.
_WITHOUT_FORM, _ALIAS, _DOUBTFUL = 0.8, 0.9, 0.5


class CompanyDeclared(Declared):
    """A contract has nothing to declare about names of companies."""


class CompanyStandardiser:
    """The value is the core: levelled, without legal form, region and branch.

    Details: `name` (tidied, to be shown), `brand` (core without trades), `region` (short name of the place),
    `legal_form` (code), `branch`; each None when the name does not say it. Where they apply also `region_at` (bracket
    or end), `second_region`, `form_is_short`, `form_word` (of a form that the code does not tell), `former_name`,
    `alias` (the short name that stood for the value), `also` (the name in another language), `note`, `trade`.
    """

    def __init__(self, rule: CompanyRule, declared: CompanyDeclared) -> None:  # noqa: ARG002
        self.words = CompanyWords(rule)
        self._reader = PartsReader(self.words)
        self._no_value = frozenset(rule.no_value)
        forms = rule.legal_forms.values()
        form_words = [word for form in forms for word in (*form.written, *form.short, *form.words)]
        self._placeholders = frozenset([*rule.placeholders, *form_words])
        self._person_words = frozenset(rule.person_words)
        titles = alternatives(rule.person_titles)
        self._person = re.compile(f"[{rule.surnames or '-'}][{HAN}]{{0,2}}(?:{titles})") if titles else re.compile("$.")
        self._person_titles = frozenset(rule.person_titles_in_front)
        self._not_a_name = NotAName(rule.keyboard_rows, rule.keyboard_words, rule.damage)
        former = [mark for mark in rule.former_marks if len(mark) > 1]
        self._label = re.compile(f"(?:({alternatives(former)})|{alternatives(rule.labels)}) ?: ?(?=.)", re.IGNORECASE)
        self._label_starts = frozenset(label[0] for label in (*former, *rule.labels))
        letter = rule.mask_letter
        self._mask = re.compile(f"{alternatives(rule.masks)}|(?<![a-z]){letter}{letter}+(?=[{HAN}(])")
        self._read_test_words(rule)
        self._aliases: dict[str, Standard] = {}
        aliases = {alias: self.standardise(name) for alias, name in rule.aliases.items()}
        for alias, meant in aliases.items():
            self._aliases[alias] = meant
        for alias, meant in aliases.items():
            again = aliases.get(str(meant.value))
            if meant.outcome != "ok" or (again is not None and again.value != meant.value):
                raise ValueError(_("aliases.{word} names no company", word=alias))

    def _read_test_words(self, rule: CompanyRule) -> None:
        tests = alternatives(rule.test_words)
        either = alternatives([*rule.test_words, *rule.test_fillers])
        trades = alternatives([*rule.test_words, *rule.test_fillers, *rule.industries])
        self._test = re.compile(tests)
        self._only_test = re.compile(f"(?:{either})+")
        self._only_tests = re.compile(f"(?:{tests})+")
        self._test_and_trade = re.compile(f"(?:{trades})+")
        self._testing = re.compile(f"(?:{tests})(?:{alternatives(rule.testing_trades)})")
        self._testing_words = frozenset(rule.testing_trades)
        self._test_tokens = frozenset([*rule.test_words, *rule.test_fillers])

    def standardise(self, text: str) -> Standard:
        """One name."""
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        return self._standardise_simplified(to_simplified(fold(text)))

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one; traditional characters are looked up for all names together."""
        folded = ["" if len(text) > LONGEST_TEXT else fold(text) for text in texts]
        # Folded texts have no line breaks.
        simplified = to_simplified("\n".join(folded)).split("\n") if folded else []
        return [
            Standard.invalid("too_long") if len(text) > LONGEST_TEXT else self._standardise_simplified(each)
            for text, each in zip(texts, simplified, strict=True)
        ]

    def _standardise_simplified(self, text: str) -> Standard:
        if not text:
            return Standard.absent()
        if ":" in text and text[0].lower() in self._label_starts and (label := self._label.match(text)):
            found = self._standardise_simplified(text[label.end() :])
            return _doubted(found, "former_name") if label.group(1) else found
        if text[0] in _STARTS_OF_NUMBERED and (numbered := _NUMBERED.match(text)):
            return _doubted(self._standardise_simplified(text[numbered.end() :]), "numbered")
        return self._of_key(_lowered(text), _shown(text))

    def _of_key(self, text: str, shown: str) -> Standard:
        """A name that is folded, simplified and in lower case."""
        key = text.strip(_EDGES)
        if not key or key in self._no_value or text in self._no_value:
            return Standard.absent("no_value")
        has_test = self._test.search(key) is not None
        fault = self._fault(key, has_test)
        if not fault and key.isascii():
            # N.A. and self-employed are words too.
            words = " ".join(words_of(key))
            if words in self._no_value:
                return Standard.absent("no_value")
            fault = self._listed(words)
        if fault:
            return Standard.invalid(fault)
        parts = self._reader.read(text)
        if parts.doubt == "several":
            return Standard.review("several")
        core = parts.core
        if not core:
            return Standard.invalid("placeholder" if parts.legal_form else "no_name")
        # What the name does not hold, a piece of it does not hold either.
        is_piece = core in text
        if (has_test or not is_piece) and self._test.search(core):
            if self._is_test(core):
                return Standard.invalid("test_entry")
            if self._may_be_test(core):
                parts.doubt = "test_entry"
        if core == text:
            return self._finished(parts, shown)
        if self._reader.is_settled(core) and core not in self._no_value:
            fault = self._fault_of_piece(core) if is_piece else self._fault(core, self._test.search(core) is not None)
            if not fault:
                return self._finished(parts, shown)
        return self._settled(parts, shown)

    def _fault_of_piece(self, core: str) -> str:
        """Why a Chinese piece of a name without faults is no company: only what is said of whole texts."""
        if listed := self._listed(core):
            return listed
        if self._person.fullmatch(core):
            return "person"
        return "keyboard_pattern" if self._not_a_name.is_keyboard_pattern(core) else ""

    def _fault(self, key: str, has_test: bool) -> str:
        """Why a text without edges is no company; empty when it may be one."""
        if listed := self._listed(key):
            return listed
        if self._mask.search(key):
            return "placeholder"
        if self._person.fullmatch(key):
            return "person"
        if has_test and self._is_test(key):
            return "test_entry"
        if fault := self._not_a_name.fault(key):
            return fault
        if key.isascii():
            tokens = words_of(key)
            if tokens and tokens[0] in self._person_titles and 1 < len(tokens) <= 1 + _WORDS_AFTER_TITLE:
                return "person"
        return ""

    def _listed(self, key: str) -> str:
        """What a text is that the rule lists as no company; empty for others."""
        if key in self._placeholders:
            return "placeholder"
        return "person" if key in self._person_words else ""

    def _is_test(self, key: str) -> bool:
        """Whether a text is made of test words, fillers and digits alone."""
        has_test = False
        for run in _RUNS.findall(key):
            if run.isascii():
                if run not in self._test_tokens and not self._only_tests.fullmatch(run):
                    return False
            elif not self._only_test.fullmatch(run):
                return False
            has_test = has_test or self._test.search(run) is not None
        return has_test

    def _may_be_test(self, core: str) -> bool:
        """Whether a core has nothing but a test word, a place and trades that do not test."""
        place = self.words.place_in_front(core)
        rest = core[place.length :] if place else core
        runs = _RUNS.findall(rest)
        if self._testing.search(rest) or self._testing_words.intersection(runs):
            return False
        return all(
            self._test_and_trade.fullmatch(run) if not run.isascii() else run in self._test_tokens | self.words.trades
            for run in runs
        )

    def _settled(self, parts: Parts, shown: str) -> Standard:
        """The core read again until nothing more comes off, so that a core is its own core."""
        core = parts.core
        if not _PLAIN_CORE.fullmatch(core):
            core = _lowered(to_simplified(fold(core)))
        inner = self._of_key(core, core) if core else Standard.absent()
        if inner.value is None:
            return self._without_core(inner, core)
        found = inner.details
        if parts.legal_form is None or (parts.form_is_short and found["legal_form"] and not found.get("alias")):
            parts.form_is_short = bool(found.get("form_is_short"))
            parts.legal_form = _text(found["legal_form"])
        elif found["legal_form"] not in (None, parts.legal_form) and not found.get("alias"):
            parts.form_word = parts.form_word or _text(found["legal_form"])
        parts.form_word = parts.form_word or _text(found.get("form_word"))
        self._join_regions(parts, found)
        if parts.branch and found["branch"] not in (None, parts.branch):
            parts.branch = f"{found['branch']} {parts.branch}"
        parts.branch = parts.branch or _text(found["branch"])
        parts.core = str(inner.value)
        return self._finished(parts, shown, inner)

    def _join_regions(self, parts: Parts, found: Mapping[str, Json]) -> None:
        """A second place is not lost: 北京市朝阳区华星 is no 北京华星, though 朝阳 is also a town elsewhere."""
        region = _text(found["region"])
        if parts.region is None:
            parts.region, parts.region_at = region, str(found.get("region_at", ""))
        elif region not in (None, parts.region, self.words.province_of.get(parts.region)) and "alias" not in found:
            parts.second_region = parts.second_region or region
        parts.second_region = parts.second_region or _text(found.get("second_region"))

    def _without_core(self, inner: Standard, core: str) -> Standard:
        """What a name is whose core is none."""
        if inner.outcome == "review" or inner.reason in ("test_entry", "damaged"):
            return inner
        if inner.reason == "keyboard_pattern" and self._not_a_name.is_sure(core):
            return inner
        if inner.outcome == "absent" or inner.reason == "placeholder":
            return Standard.invalid("placeholder")
        # 张先生有限公司 and 12345有限公司 may exist.
        return Standard.review(inner.reason)

    def _finished(self, parts: Parts, shown: str, inner: Standard | None = None) -> Standard:
        core = parts.core
        alias = self._aliases.get(core) if inner is None or "alias" not in inner.details else None
        more: dict[str, Json] = {}
        if inner is not None and "alias" in inner.details:
            more["alias"] = inner.details["alias"]
        if alias is not None:
            if alias.value != core:
                more["alias"] = core
            core = str(alias.value)
            if parts.legal_form is None or (parts.form_is_short and parts.legal_form == "company"):
                parts.legal_form = _text(alias.details["legal_form"])
                parts.form_is_short = bool(alias.details.get("form_is_short"))
            parts.region = parts.region or _text(alias.details["region"])
        if inner is not None and inner.value == core:
            brand = str(inner.details["brand"])
        else:
            brand = self.words.brand_of(core) if HAS_HAN.search(core) else self._reader.brand_of_words(core)
        details: dict[str, Json] = {
            "name": shown,
            "brand": brand,
            "region": parts.region,
            "legal_form": parts.legal_form,
            "branch": parts.branch,
        }
        if parts.region is not None and parts.region_at in ("bracket", "end"):
            more["region_at"] = parts.region_at
        if parts.form_is_short:
            more["form_is_short"] = True
        if len(brand) < len(core) and core.startswith(brand):
            more["trade"] = core[len(brand) :].strip()
        details.update(more)
        for part in _SAID:
            if said := getattr(parts, part):
                details[part] = said
        return self._judged(core, parts, details, inner)

    def _judged(self, core: str, parts: Parts, details: dict[str, Json], inner: Standard | None) -> Standard:
        if inner is not None and inner.outcome == "review":
            return Standard.review(inner.reason, core, _DOUBTFUL, **details)
        if parts.note:
            return Standard.review("note_in_name", core, _DOUBTFUL, **details)
        if parts.doubt:
            return Standard.review(parts.doubt, core, _DOUBTFUL, **details)
        if (
            parts.legal_form is None
            and "alias" not in details
            and core[-1] in _ENDS_OF_ADDRESS
            and _ADDRESS.fullmatch(core)
        ):
            return Standard.review("address", core, _DOUBTFUL, **details)
        if (parts.form_is_short or parts.legal_form is None) and self.words.is_place(core):
            # 北京 and 上海分公司 do not say whose.
            return Standard.review("place_only", core, _DOUBTFUL, **details)
        if len(core) < 2:
            return Standard.review("too_short", core, _DOUBTFUL, **details)
        if "alias" in details:
            return Standard(core, confidence=_ALIAS, reason="alias", details=details)
        if parts.region is None and not self.words.has_brand(core):
            return Standard(core, confidence=_DOUBTFUL, reason="no_brand", details=details)
        if parts.legal_form is None:
            return Standard(core, confidence=_WITHOUT_FORM, reason="no_legal_form", details=details)
        return Standard(core, details=details)


def _doubted(found: Standard, reason: str) -> Standard:
    """A name with something beside it that a person should see."""
    if found.value is None or found.outcome == "review":
        return found
    return replace(found, outcome="review", confidence=_DOUBTFUL, reason=reason)


def _lowered(text: str) -> str:
    """Lower case; what becomes two letters may let an accent join the second."""
    lowered = text.casefold()
    return lowered if len(lowered) == len(text) else fold(lowered)


def _text(part: Json) -> str | None:
    return None if part is None else str(part)


def _shown(text: str) -> str:
    """A name to be shown: no needless space and marks; full-width brackets beside Chinese characters."""
    if text.isalnum():
        return text
    text = text.strip(" \t,;:、。，；：|/\\-_")
    if text[:1] in _QUOTES and text[-1:] in _QUOTES and not _QUOTED_INSIDE.search(text, 1, len(text) - 1):
        text = text.strip("".join(_QUOTES))
    if HAS_HAN.search(text):
        text = _SPACE_BESIDE_HAN.sub("", text).translate(_SHOWN_BRACKETS)
    return text
