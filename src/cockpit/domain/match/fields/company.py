"""Names of companies, compared part by part: brand, trade, region, branch, legal form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA, LCSseq
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.closeness import lengths
from cockpit.domain.match.fields.company_findings import find_many
from cockpit.domain.match.fields.company_parts import CompanyParts, said_in
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import (
    MISSING,
    Ints,
    Keys,
    LazyKeys,
    Levels,
    Objects,
    Values,
    apply,
    as_objects,
    as_one,
    different_texts,
)
from cockpit.domain.normalise.names.company_compare import CompanyComparer
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.standard import Standard, to_json

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
        is_said = column.dtype == object and any(isinstance(value, dict) for value in column)
        codes, texts = different_texts(column.map(_hashable) if is_said else column)
        said = self._parts_of(texts)
        usable = np.flatnonzero(said.has("value"))
        # Names that say the same are one, however they are written.
        group, first = said.take(usable).grouped()
        of_text = np.full(len(texts) + 1, MISSING, dtype=np.int32)
        of_text[usable] = group
        names = said.take(usable[first])
        cores = as_objects(pc.replace_substring(pa.array(names.texts("value"), pa.string()), " ", "").to_pylist())
        return Values(
            of_text[codes],
            cores,
            {
                "names": as_one(names),
                "length": lengths(cores),
                "is_han": np.array([not word.isascii() for word in names.words["value"]], dtype=bool)[
                    names.codes["value"]
                ],
            },
        )

    def _parts_of(self, texts: list[str]) -> CompanyParts:
        try:
            return CompanyParts.of(self._said(texts, [text.startswith('{"') for text in texts]))
        except pa.ArrowInvalid:
            # A name that only looks like it.
            said = [said_in(text) for text in texts]
            level = [text if each is None else each for text, each in zip(texts, said, strict=True)]
            return CompanyParts.of(self._said(level, [each is not None for each in said]))

    def _said(self, texts: list[str], is_said: list[bool]) -> list[str]:
        """JSON of what the standardiser says about each text, unless it is that already."""
        if all(is_said):
            return texts
        plain = [text for text, said in zip(texts, is_said, strict=True) if not said]
        made = iter(self._comparer.standardiser.standardise_batch(plain))
        return [text if said else _json_of(next(made)) for text, said in zip(texts, is_said, strict=True)]

    def identities(self, values: Values) -> Objects:
        """Region, branch and core: what the registers tell companies apart by."""
        names: CompanyParts = values.parts["names"].item()
        parts = [pa.array(names.texts(part), pa.string()) for part in ("region", "branch", "value")]
        return np.asarray(pc.binary_join_element_wise(*parts, "|").to_numpy(zero_copy_only=False))

    def registered(self, values: Values) -> npt.NDArray[np.bool_]:
        """Names that say everything."""
        names: CompanyParts = values.parts["names"].item()
        # The registers take no second company of one region, brand, trade and legal form.
        is_full = names.has("region") & names.has("legal_form") & names.has("trade")
        return np.asarray(is_full & ~names.are("outcome", "review"))

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """See `judge`, which says besides what keeps two names apart."""
        levels, _vetoes = self.judge(values, left, right)
        return levels

    def judge(self, values: Values, left: Ints, right: Ints) -> tuple[Levels, Levels]:
        """Levels, and which findings keep two names apart (0 for none, else position in APART + 1)."""
        names: CompanyParts = values.parts["names"].item()
        brand, is_han, length = names.codes["brand"], values.parts["is_han"], values.parts["length"]
        near, maybe = self._alike(values, left, right, brand[left] == brand[right])
        levels = np.full(len(left), _DIFFERENT, dtype=np.int8)
        vetoes = np.zeros(len(left), dtype=np.int8)
        levels[near & (np.minimum(length[left], length[right]) >= _SHORTEST_FOR_SLIP)] = _SLIP
        levels[is_han[left] != is_han[right]] = MISSING
        pairs = np.flatnonzero(maybe)
        for finding, found in find_many(self._comparer, names, is_han, left[pairs], right[pairs]).items():
            if finding != "names_differ":
                levels[pairs[found]] = _LEVEL_OF.get(finding, _DIFFERENT)
            vetoes[pairs[found]] = _VETO_OF.get(finding, 0)
        return levels, vetoes

    def _alike(
        self, values: Values, left: Ints, right: Ints, has_brand: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which cores are at most one sign apart, and which pairs are worth a look at their parts."""
        names: CompanyParts = values.parts["names"].item()
        cores, length = values.distinct, values.parts["length"]
        near = np.zeros(len(left), dtype=bool)
        some = np.flatnonzero(np.abs(length[left] - length[right]) <= 1)
        one, other = cores[left[some]], cores[right[some]]
        near[some] = cpdist(one, other, scorer=OSA.distance, score_cutoff=1, dtype=np.int32) <= 1
        # Only a name without a legal form is a short form of another.
        is_short = ~names.has("legal_form")
        maybe = near | has_brand
        rest = np.flatnonzero(~maybe & (is_short[left] | is_short[right]))
        one, other = cores[left[rest]], cores[right[rest]]
        within = cpdist(one, other, scorer=LCSseq.similarity, dtype=np.int32) == np.minimum(
            length[left[rest]], length[right[rest]]
        )
        rest = rest[within]
        maybe[rest] = _holds(cores[left[rest]], cores[right[rest]])
        return near, maybe

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """The core, what it differs from by one character, its brand, and how it sounds."""
        cores = values.distinct
        names: CompanyParts = values.parts["names"].item()
        return LazyKeys(
            {
                "exact": lambda: Keys.of(cores),
                "near": lambda: Keys.of_many(_without_one(core) for core in cores),
                "brand": lambda: Keys.of(names.texts("brand")),
                "sound": lambda: Keys.of(_sounds(cores)),
            }
        )


_LEVEL_OF = {finding: level for level, findings in enumerate(_LEVELS) for finding in findings}
_LEVEL_OF.update(dict.fromkeys(_SILENT, MISSING))
_VETO_OF = {finding: position + 1 for position, finding in enumerate(APART)}


def _json_of(standard: Standard) -> str:
    return to_json(
        {"value": standard.value, "outcome": standard.outcome, "reason": standard.reason, **standard.details}
    )


def _hashable(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value


def _holds(one: Objects, other: Objects) -> npt.NDArray[np.bool_]:
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
