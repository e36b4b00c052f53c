"""What include/rules/normalisation/person.yml holds: the words that names of people are made of."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from cockpit.domain.normalise.names.letters import HAS_HAN
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.text import fold, to_simplified
from cockpit.i18n import _


class PersonRule(NormalisationRule):
    """Contents of `include/rules/normalisation/person.yml`; its comments say what each list is for.

    Attributes:
        never_in_a_name: Characters that no name has.
        parts_without_family: What names of peoples without family names are made of, two or more together.
        surnames, common_surnames: Characters, with or without space between them.
        pinyin_surnames: Chinese family names in letters, lower case.
    """

    no_value: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    placeholder_names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    test_words: tuple[str, ...] = ()
    keyboard_rows: tuple[str, ...] = ()
    keyboard_words: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    company_ends: tuple[str, ...] = ()
    company_words: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    short_titles: tuple[str, ...] = ()
    ends_no_name: tuple[str, ...] = ()
    nicknames_in_front: tuple[str, ...] = ()
    titles_in_front: tuple[str, ...] = ()
    titles_behind: tuple[str, ...] = ()
    generations: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    separators: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    joins_in_words: tuple[str, ...] = ()
    never_in_a_name: str = ""
    parts_without_family: tuple[str, ...] = ()
    surnames: str = Field(min_length=1)
    compound_surnames: tuple[str, ...] = ()
    common_surnames: str = ""
    japanese_surnames: tuple[str, ...] = ()
    pinyin_surnames: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for surname in (*self.surnames.split(), *self.common_surnames.split(), *self.compound_surnames):
            levelled = to_simplified(fold(surname))
            if surname != levelled or not all(HAS_HAN.match(one) for one in surname):
                raise ValueError(
                    _("{found} never occurs in a levelled name; write {text}", found=surname, text=levelled)
                )
        for surname in self.compound_surnames:
            if len(surname) < 2:
                raise ValueError(_("{found} has one character; it belongs to surnames", found=surname))
        if unknown := set("".join(self.common_surnames.split())) - set("".join(self.surnames.split())):
            raise ValueError(_("common_surnames: {found} is not in surnames", found=", ".join(sorted(unknown))))
        for word in (*self.titles_in_front, *self.titles_behind, *self.generations, *self.particles):
            if not word or word != word.lower():
                raise ValueError(
                    _("{found} never occurs in a levelled name; write {text}", found=word, text=word.lower())
                )
        return self


class PersonDeclared(Declared):
    """A contract has nothing to declare about names of people."""
