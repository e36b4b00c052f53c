"""Word lists of the types of fields, one model per file of `include/rules/matching/words`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from cockpit.domain.match.fields.measure import ProductWords


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1


class OrganisationWords(_Words):
    """Contents of `organisations.yml`.

    Attributes:
        short_forms: Long word -> how people shorten it.
        legal_forms: Words that say how an organisation is registered.
        fillers: Words without meaning.
        common: Words that many organisations have; so are those that have a short form.
        other_names: Words after which another name of the same organisation stands.
    """

    short_forms: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    legal_forms: frozenset[str] = frozenset()
    fillers: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    other_names: tuple[str, ...] = ()


class AddressWords(_Words):
    """Contents of `addresses.yml`.

    Attributes:
        short_forms: Long word -> how people shorten it.
        street_kinds: Words that say what kind of street it is.
        units: Words before the number of a flat or an office.
    """

    short_forms: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    street_kinds: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


class PersonWords(_Words):
    """Contents of `persons.yml`.

    Attributes:
        titles: Words that are no part of a name.
        generations: Words that tell a father from a son.
        nicknames: Name -> what people of this name are called.
    """

    titles: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()
    nicknames: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


class MailWords(_Words):
    """Contents of `mail.yml`.

    Attributes:
        hosts: Domains that anybody has a box at.
        functions: Parts before @ that stand for a function, not for a person.
    """

    hosts: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


class WordLists(BaseModel):
    """All lists; without them nothing is known about words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisations: OrganisationWords = OrganisationWords()
    addresses: AddressWords = AddressWords()
    persons: PersonWords = PersonWords()
    mail: MailWords = MailWords()
    products: ProductWords = ProductWords()


def long_forms(short_forms: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Short form -> long one; where two are shortened alike the first stands."""
    longs: dict[str, str] = {}
    for long, shorts in short_forms.items():
        for short in shorts:
            if short not in short_forms:
                longs.setdefault(short, long)
    return longs
