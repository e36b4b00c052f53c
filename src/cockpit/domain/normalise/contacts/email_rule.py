"""What can be written about e-mail addresses: the rule file, and what a contract says about a column of them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.i18n import _

_Share = Annotated[float, Field(ge=0, le=1)]
_Domain = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class EmailConfidence(BaseModel):
    """How sure, 0-1, an address is that was not simply written down.

    Attributes:
        repaired: It is clear; something beside or within it was left out or replaced.
        placeholder: It is written like an address, but nobody reads it.
        doubtful: Something speaks against it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repaired: _Share = 0.9
    placeholder: _Share = 0.5
    doubtful: _Share = 0.4


class EmailRule(NormalisationRule):
    """Contents of `email.yml`. Words are compared without case, width and script.

    Attributes:
        no_value: Texts that say that there is no address.
        labels: Words beside an address that say nothing more about it.
        doubts: Words that say that an address is wrong or old.
        at_words: What is written in place of @.
        dot_words: What is written in place of a dot, beside one of at_words.
        free_domains: Where anybody gets an address: says nothing about the company, and never blocks a match.
        known_domains: Domains that look like a slip of a free one, but exist.
        domain_typos: Misspelt domains and what was meant.
        suffix_typos: Misspelt ends and what was meant.
        further_suffixes: Ends of domains that the public list does not have, such as those of an own network.
        role_local_parts: Of a function, not of a person: info, sales.
        unread_local_parts: Of machines that nobody answers for.
        placeholder_local_parts: What people type when they have no address; only at free and placeholder domains.
        placeholder_domains: Domains of addresses that are made up.
    """

    no_value: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    at_words: tuple[str, ...] = ()
    dot_words: tuple[str, ...] = ()
    free_domains: tuple[_Domain, ...] = ()
    known_domains: tuple[_Domain, ...] = ()
    domain_typos: dict[_Domain, _Domain] = Field(default_factory=dict)
    suffix_typos: dict[str, str] = Field(default_factory=dict)
    further_suffixes: tuple[str, ...] = ()
    role_local_parts: tuple[str, ...] = ()
    unread_local_parts: tuple[str, ...] = ()
    placeholder_local_parts: tuple[str, ...] = ()
    placeholder_domains: tuple[_Domain, ...] = ()
    confidence: EmailConfidence = EmailConfidence()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        existing = {*self.free_domains, *self.known_domains}
        for typo, meant in self.domain_typos.items():
            if typo in existing:
                raise ValueError(_("domain_typos: {domain} stands under the domains that exist too", domain=typo))
            if meant not in existing:
                raise ValueError(_("domain_typos: {domain} is not in free_domains or known_domains", domain=meant))
        for suffix in self.suffix_typos:
            if suffix in self.suffix_typos.values():
                raise ValueError(_("suffix_typos: {suffix} is both a slip and what was meant", suffix=suffix))
        return self


class EmailDeclared(Declared):
    """A contract says nothing more about a column of e-mail addresses."""
