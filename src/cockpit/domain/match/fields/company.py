"""Names of companies, compared part by part: brand, trade, region, branch, legal form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.closeness import lengths
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import MISSING, Ints, Keys, Levels, Objects, Values, apply, as_objects
from cockpit.domain.normalise.names.company_compare import CompanyComparer
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.standard import Standard

# What the comparer finds, by level; what is not listed says that the names differ.
_LEVELS = (
    ("equal",),
    ("legal_form_implied", "legal_form_missing", "spacing", "region_placed_differently", "word_order"),
    ("region_missing", "region_wider", "former_name", "uncertain_name", "number_written_differently"),
    ("short_name", "abbreviation"),
    ("sounds_alike", "looks_alike", "one_character", "similar_trades", "legal_forms_differ"),
)
# One slip of typing, where nothing else about the names explains the difference.
_SLIP = len(_LEVELS)
_DIFFERENT = _SLIP + 1
_SHORTEST_FOR_SLIP = 4
# One script against another, or no name at all, says nothing.
_SILENT = ("scripts_differ", "unusable")
# Findings that keep two records apart whatever else agrees.
APART = ("branch_and_parent", "branches_differ", "regions_differ", "distinguishing_word", "trades_differ")


class CompanyName(Field):
    """The name of a company as its standardiser reads it."""

    levels = (
        "same name",
        "form left out",
        "region left out",
        "short name",
        "sounds or looks alike",
        "one slip",
        "different",
    )
    expected = (0.55, 0.14, 0.12, 0.08, 0.05, 0.03, 0.03)
    weak = frozenset({"brand", "near", "sound"})

    def __init__(self, rule: CompanyRule) -> None:
        self._comparer = CompanyComparer(rule)

    def read(self, column: pd.Series) -> Values:
        """Texts, or what the standardiser said of them: a mapping, or JSON of one, with `value` and its details."""
        is_said = any(isinstance(value, dict) for value in column)
        codes, texts = pd.factorize(column.map(_hashable) if is_said else column)
        standards = as_objects(self._standards(list(texts)))
        usable = np.fromiter((each.value is not None for each in standards), dtype=bool, count=len(standards))
        position = np.where(usable, np.cumsum(usable) - 1, MISSING)
        distinct = as_objects(standards[usable])
        return Values(
            np.append(position, MISSING).astype(np.int32)[codes],
            distinct,
            {
                "core": as_objects(str(each.value).replace(" ", "") for each in distinct),
                "brand": as_objects(str(each.details.get("brand") or "") for each in distinct),
                "is_han": np.fromiter(
                    (not str(each.value).isascii() for each in distinct), dtype=bool, count=len(distinct)
                ),
                # Only a name without a legal form is a short form of another.
                "is_short": np.fromiter((not each.details.get("legal_form") for each in distinct), bool, len(distinct)),
                "identity": as_objects(_identity(each) for each in distinct),
            },
        )

    def _standards(self, texts: list[Any]) -> Iterable[Standard]:
        plain = [text for text in texts if not str(text).startswith("{")]
        made = iter(self._comparer.standardiser.standardise_batch([str(text) for text in plain]))
        for text in texts:
            yield _standard(json.loads(text)) if str(text).startswith("{") else next(made)

    def identities(self, values: Values) -> Objects:
        """Region, branch and core: what the registers tell companies apart by."""
        return as_objects(values.parts["identity"])

    def registered(self, values: Values) -> npt.NDArray[np.bool_]:
        """Names that say everything."""
        # The registers take no second company of one region, brand, trade and legal form.
        return np.fromiter((_is_full(each) for each in values.distinct), dtype=bool, count=len(values.distinct))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """See `judge`, which says besides what keeps two names apart."""
        levels, _vetoes = self.judge(values, left, right)
        return levels

    def judge(self, values: Values, left: Ints, right: Ints) -> tuple[Levels, Levels]:
        """Levels, and which findings keep two names apart (0 for none, else position in APART + 1)."""
        size = len(values.distinct)
        low, high = np.minimum(left, right), np.maximum(left, right)
        code, inverse = np.unique(low * size + high, return_inverse=True)
        one, other = code // size, code % size
        levels = np.full(len(code), _DIFFERENT, dtype=np.int8)
        vetoes = np.zeros(len(code), dtype=np.int8)
        cores, brands = values.parts["core"], values.parts["brand"]
        near = cpdist(cores[one], cores[other], scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
        levels[near & (np.minimum(lengths(cores[one]), lengths(cores[other])) >= _SHORTEST_FOR_SLIP)] = _SLIP
        levels[values.parts["is_han"][one] != values.parts["is_han"][other]] = MISSING
        maybe = near | (brands[one] == brands[other])
        short = np.flatnonzero(~maybe & (values.parts["is_short"][one] | values.parts["is_short"][other]))
        maybe[short] = _holds(cores[one[short]], cores[other[short]])
        maybe = np.flatnonzero(maybe)
        compare = self._comparer.compare
        for position, a, b in zip(maybe, values.distinct[one[maybe]], values.distinct[other[maybe]], strict=True):
            finding = compare(a, b).reason
            if finding != "names_differ":
                levels[position] = _LEVEL_OF.get(finding, _DIFFERENT)
            vetoes[position] = _VETO_OF.get(finding, 0)
        return levels[inverse], vetoes[inverse]

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """The core, what it differs from by one character, its brand, and how it sounds."""
        cores = values.parts["core"]
        return {
            "exact": Keys.of(cores),
            "near": Keys.of_many(_without_one(core) for core in cores),
            "brand": Keys.of(values.parts["brand"]),
            "sound": Keys.of(_sounds(cores)),
        }


_LEVEL_OF = {finding: level for level, findings in enumerate(_LEVELS) for finding in findings}
_LEVEL_OF.update(dict.fromkeys(_SILENT, MISSING))
_VETO_OF = {finding: position + 1 for position, finding in enumerate(APART)}


def _identity(standard: Standard) -> str:
    details = standard.details
    return "|".join(str(details.get(part) or "") for part in ("region", "branch")) + f"|{standard.value}"


def _is_full(standard: Standard) -> bool:
    details = standard.details
    return bool(
        standard.outcome == "ok" and details.get("region") and details.get("legal_form") and details.get("trade")
    )


def _standard(parts: Mapping[str, Any]) -> Standard:
    details = {name: value for name, value in parts.items() if name not in ("value", "outcome", "reason")}
    return Standard(parts.get("value"), parts.get("outcome", "ok"), 1.0, parts.get("reason", ""), details)


def _hashable(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value


def _holds(one: Objects, other: Objects) -> np.ndarray:
    """Whether one core is within the other, or has all its characters: short names and abbreviations."""
    pairs = zip(one, other, strict=True)
    return np.fromiter((a in b or b in a or _abbreviates(a, b) or _abbreviates(b, a) for a, b in pairs), bool, len(one))


def _abbreviates(short: str, full: str) -> bool:
    if not 2 <= len(short) <= 4 or short[0] != full[0] or len(full) < len(short) + 2:
        return False
    rest = iter(full)
    return all(character in rest for character in short)


def _without_one(core: str) -> Iterable[str]:
    """The core, and what remains without one of its characters: cores with one difference share one of these."""
    if len(core) < 3:
        return (core,)
    return {core, *(core[:place] + core[place + 1 :] for place in range(len(core)))}


def _sounds(cores: Objects) -> Objects:
    """How cores in Han characters sound, without tones; "" for others. Each character is looked up once."""
    from pypinyin import lazy_pinyin

    characters = sorted({character for core in cores for character in core if not character.isascii()})
    table = {ord(character): f"{lazy_pinyin(character)[0]} " for character in characters}
    return apply(cores, lambda core: "" if core.isascii() else core.translate(table))
