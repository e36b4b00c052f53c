"""What the company's people and the customers' contacts are like, read from include/rules/demo/people.yml."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import Field

from cockpit.demo.profile import FOLDER, Between, Share, Weight
from cockpit.rulebook.files import Rule, load


class Unit(Rule):
    """A named unit of the organisation."""

    code: str
    name_en: str
    name_zh: str


class BusinessUnit(Unit):
    """A business unit; `share` of a region's reps and targets."""

    share: Share


class Organisation(Rule):
    """The tree company > business unit > sales region > region > team, and who works in it.

    Attributes:
        founded_years: Age of the company when the history begins.
        joined_years: Years before the history in which today's reps joined.
        replaced_share: Reps who took over from somebody who has left.
        surnames, given_names: Character behind each syllable of a user name.
    """

    company: Unit
    business_units: tuple[BusinessUnit, ...] = Field(min_length=1)
    sales_regions: tuple[Unit, ...] = Field(min_length=1)
    founded_years: int = Field(ge=1)
    joined_years: Between
    replaced_share: Share
    email_domain: str
    surnames: dict[str, str]
    given_names: dict[str, str]


class Title(Rule):
    """A position at a customer."""

    title: str
    department: str
    share: Share


class Surname(Rule):
    """A surname; shares are relative."""

    character: str
    pinyin: str
    share: Weight


class ContactHabits(Rule):
    """The persons at the customers.

    Attributes:
        agent_title: What a book-keeping agent is entered as; one of the titles.
        switchboard_share: Contacts whose number is the company's.
    """

    first_id: int = Field(gt=0)
    count_share: tuple[Share, ...] = Field(min_length=1)
    two_character_given_share: Share
    free_mail_share: Share
    missing_email_share: Share
    missing_phone_share: Share
    switchboard_share: Share
    birthday_share: Share
    left_share: Share
    ages: Between
    free_mail_domains: tuple[str, ...] = Field(min_length=1)
    company_mail_suffixes: tuple[str, ...] = Field(min_length=1)
    titles: tuple[Title, ...] = Field(min_length=1)
    agent_title: str
    surnames: tuple[Surname, ...] = Field(min_length=1)
    given_names: dict[str, str] = Field(min_length=2)
    brand_syllables: dict[str, str]


class PeopleFile(Rule):
    """Contents of people.yml."""

    version: int
    organisation: Organisation
    contacts: ContactHabits


@functools.cache
def load_people(folder: Path = FOLDER) -> PeopleFile:
    """Read the file.

    Raises:
        RuleFileError: it is missing or wrong, with file and line.
    """
    return load(folder / "people.yml", PeopleFile)
