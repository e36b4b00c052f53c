"""Where the customers are and how they are reached, read from include/rules/demo/company_facts.yml."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import Field

from cockpit.demo.profile import FOLDER, Share
from cockpit.rulebook.files import Rule, load


class AddressHabits(Rule):
    """Addresses of companies.

    Attributes:
        room_share: Companies in a building with rooms.
        moved_share: Companies that have moved.
        moved_away_share: Of these, to another city of the region.
    """

    roads: tuple[str, ...] = Field(min_length=1)
    highest_number: int = Field(ge=1)
    room_share: Share
    moved_share: Share
    moved_away_share: Share


class MailHabits(Rule):
    """Mailboxes of companies; who has neither a domain nor a free address has none."""

    own_domain_share: Share
    free_mail_share: Share
    mailboxes: tuple[str, ...] = Field(min_length=1)


class InCommon(Rule):
    """What branches and subsidiaries have in common with the company above them."""

    phone_share: Share
    domain_share: Share
    address_share: Share


class AgentFirms(Rule):
    """Firms of book-keeping agents that are registered at the agent's address."""

    address_share: Share


class FactsFile(Rule):
    """Contents of company_facts.yml."""

    version: int
    addresses: AddressHabits
    mail: MailHabits
    groups: InCommon
    agents: AgentFirms


@functools.cache
def load_facts(folder: Path = FOLDER) -> FactsFile:
    """Read the file.

    Raises:
        RuleFileError: it is missing or wrong, with file and line.
    """
    return load(folder / "company_facts.yml", FactsFile)
