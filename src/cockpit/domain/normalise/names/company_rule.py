"""What include/rules/normalisation/company.yml holds: the words that names of companies are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.rule import NormalisationRule
from cockpit.domain.normalise.text import fold, to_simplified
from cockpit.i18n import _

Verdict: TypeAlias = Literal["same", "different", "review"]
Words: TypeAlias = tuple[str, ...]

# Findings of company_compare; the file says what each of them means.
FINDINGS = frozenset(
    {
        "equal",
        "legal_form_implied",
        "uncertain_name",
        "former_name",
        "legal_form_missing",
        "legal_forms_differ",
        "region_missing",
        "region_wider",
        "region_placed_differently",
        "short_name",
        "abbreviation",
        "spacing",
        "word_order",
        "number_written_differently",
        "sounds_alike",
        "looks_alike",
        "one_character",
        "similar_trades",
        "scripts_differ",
        "unusable",
        "branch_and_parent",
        "branches_differ",
        "regions_differ",
        "distinguishing_word",
        "trades_differ",
        "names_differ",
    }
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LegalForm(_Part):
    """How one legal form is written.

    Attributes:
        written: In Chinese, Japanese or Korean, at the end of a name or before its branch.
        written_in_front: The same in front of a name.
        short: Says the form only in part; looked for at the end of a name alone.
        words: Whole words at the end of a name in other scripts.
        in_front: Whole words in front of one.
        bracketed: In brackets anywhere.
    """

    written: Words = ()
    written_in_front: Words = ()
    short: Words = ()
    words: Words = ()
    in_front: Words = ()
    bracketed: Words = ()


class BranchWords(_Part):
    """How parts of companies are named.

    Attributes:
        marks: Ends of names of parts.
        only_after_form: Those of the marks that say nothing where no legal form stands before them.
        anchors: Ends of names of companies that are followed by their branch without a legal form.
        words: Whole English words at the end of a name, or at its start before `of`.
    """

    marks: Words = Field(min_length=1)
    only_after_form: Words = ()
    anchors: Words = ()
    words: Words = ()


class Meaning(_Part):
    """What a finding means: the verdict, and how alike the names are (0-1)."""

    verdict: Verdict
    score: float = Field(ge=0, le=1)


class CompareRule(_Part):
    """When two names mean the same company.

    Attributes:
        verdicts: For each finding.
        contrasts: Words that tell companies apart when one replaces another of its line.
        additions: Words that make another company when only one of two names has them.
        left_out_in_front: Words that are left out by who knows the company.
        sounds_alike, looks_alike: Groups of characters, with spaces between the groups.
        similar_trades: Trades that people mix up.
        brand_length_for_one_character: From this length one different character may be a slip.
        latin_length_for_one_character, latin_length_for_two_characters: The same for letters.
        longest_abbreviation: In characters.
    """

    verdicts: dict[str, Meaning]
    contrasts: tuple[Words, ...] = ()
    additions: Words = ()
    left_out_in_front: Words = ()
    sounds_alike: str = ""
    looks_alike: str = ""
    similar_trades: tuple[Words, ...] = ()
    brand_length_for_one_character: int = Field(ge=1, default=3)
    latin_length_for_one_character: int = Field(ge=1, default=5)
    latin_length_for_two_characters: int = Field(ge=1, default=12)
    longest_abbreviation: int = Field(ge=0, default=4)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := sorted(FINDINGS - self.verdicts.keys()):
            raise ValueError(_("verdicts lacks {findings}", findings=", ".join(missing)))
        if unknown := sorted(self.verdicts.keys() - FINDINGS):
            raise ValueError(
                _("verdicts knows no {findings}; it has {known}", findings=", ".join(unknown), known=_list(FINDINGS))
            )
        return self


class Pair(_Part):
    """Two names and what they are to each other; runs as a test like the examples."""

    a: str
    b: str
    verdict: Verdict
    reason: str | None = None


class CompanyRule(NormalisationRule):
    """Contents of `include/rules/normalisation/company.yml`; its comments say what each list is for.

    Attributes:
        legal_forms: Canonical code -> how it is written.
        implied_forms: Codes that may be left out where region and trade are said.
        bracket_yields_to: Codes that stay beside a bracketed form.
        told_by_word: Codes whose words tell companies apart: 华星商行 and 华星批发部.
        labels: What stands before a name with a colon.
        words_of_many: What names in every town have before their trade; without a region they tell nothing.
        regions: Province -> its cities and towns, by their short names.
        region_synonyms: Another way to write a place -> the place.
        aliases: Levelled short name -> the name that is meant, with its legal form where that is sure.
    """

    no_value: Words = ()
    placeholders: Words = ()
    masks: Words = ()
    mask_letter: str = Field(default="x", pattern="^[a-z]$")
    person_words: Words = ()
    person_titles: Words = ()
    person_titles_in_front: Words = ()
    surnames: str = ""
    labels: Words = ()
    test_words: Words = ()
    test_fillers: Words = ()
    testing_trades: Words = ()
    keyboard_rows: Words = ()
    keyboard_words: Words = ()
    damage: Words = ()
    legal_forms: dict[str, LegalForm] = Field(min_length=1)
    implied_forms: Words = ()
    bracket_yields_to: Words = ()
    told_by_word: Words = ()
    words_of_many: Words = ()
    bracketed_as_written: Words = ()
    bracketed_without_meaning: Words = ()
    bracketed_notes: Words = ()
    former_marks: Words = ()
    separators: Words = ()
    branch: BranchWords
    regions: dict[str, Words]
    places: Words = ()
    in_front_too: Words = ()
    region_kinds: Words = ()
    words_over_kinds: Words = ()
    no_town_before_kind: str = ""
    region_synonyms: dict[str, str] = Field(default_factory=dict)
    brands_with_region: Words = ()
    region_stays_before: Words = ()
    region_follows: Words = ()
    generic_words: Words = ()
    without_meaning_in_front: Words = ()
    industries: Words = Field(min_length=1)
    aliases: dict[str, str] = Field(default_factory=dict)
    compare: CompareRule
    pairs: tuple[Pair, ...] = ()

    @model_validator(mode="after")
    def _levelled(self) -> Self:
        for word in self._all_words():
            levelled = to_simplified(fold(word)).casefold()
            if word != levelled or not word:
                raise ValueError(_("{found} never occurs in a levelled name; write {text}", found=word, text=levelled))
        return self

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        for position in ("written", "short", "words", "in_front", "bracketed"):
            codes: dict[str, str] = {}
            for code, form in self.legal_forms.items():
                for word in getattr(form, position):
                    if codes.setdefault(word, code) != code:
                        raise ValueError(
                            _("{word} is written for {first} and {second}", word=word, first=codes[word], second=code)
                        )
        places = Counter([*self.regions, *(town for towns in self.regions.values() for town in set(towns))])
        if doubled := [place for place, count in places.items() if count > 1]:
            raise ValueError(_("{place} stands twice in regions; write one of them with its kind", place=doubled[0]))
        known = {*places, *self.places}
        for synonym, place in self.region_synonyms.items():
            if place not in known or synonym in known:
                raise ValueError(
                    _("region_synonyms.{word}: {place} is no place of regions or places", word=synonym, place=place)
                )
        for code in (*self.implied_forms, *self.bracket_yields_to, *self.told_by_word):
            if code not in self.legal_forms:
                raise ValueError(
                    _("{code} is no legal form; there are {known}", code=code, known=_list(self.legal_forms))
                )
        return self

    @model_validator(mode="after")
    def _aliases_end(self) -> Self:
        for alias, name in self.aliases.items():
            if name in self.aliases:
                raise ValueError(_("aliases.{word}: {name} is an alias itself", word=alias, name=name))
        return self

    def _all_words(self) -> Iterator[str]:
        for words in (
            self.no_value,
            self.placeholders,
            self.masks,
            self.person_words,
            self.person_titles,
            self.labels,
            self.words_of_many,
            self.test_words,
            self.test_fillers,
            self.testing_trades,
            self.keyboard_rows,
            self.keyboard_words,
            self.bracketed_as_written,
            self.bracketed_without_meaning,
            self.bracketed_notes,
            self.former_marks,
            self.branch.marks,
            self.branch.anchors,
            self.branch.words,
            self.regions,
            *self.regions.values(),
            self.places,
            self.region_synonyms,
            self.brands_with_region,
            self.generic_words,
            self.industries,
            self.aliases,
            *self.compare.contrasts,
            self.compare.additions,
        ):
            yield from words
        for form in self.legal_forms.values():
            for words in (form.written, form.short, form.words, form.in_front, form.bracketed):
                yield from words


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
