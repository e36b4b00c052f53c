"""What groups of companies and their look-alikes are like, read from include/rules/demo/groups.yml."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import Field

from cockpit.demo.profile import FOLDER, Between, Share
from cockpit.rulebook.files import Rule, load


class Recorded(Rule):
    """How many customers it concerns, and of how many the ERP knows."""

    share: Share
    recorded_share: Share


class Traps(Rule):
    """Pairs of different companies with near names, by what differs.

    Attributes:
        by_chance_share: Near names that chance has made and that are noted, of each kind, as a share of the companies.
    """

    same_brand_share: Share
    ordinal_share: Share
    homophone_share: Share
    by_chance_share: Share


class Agents(Rule):
    """Book-keeping agents who answer for many firms.

    Attributes:
        share: Of the customers that have one.
        firms: Firms per agent.
    """

    share: Share
    firms: Between


class GroupsFile(Rule):
    """Contents of groups.yml."""

    version: int
    subsidiaries: Recorded
    former_names: Recorded
    traps: Traps
    ordinals: tuple[str, str]
    group_form: str = Field(min_length=1)
    subsidiary_form: str = Field(min_length=1)
    agents: Agents


@functools.cache
def load_groups(folder: Path = FOLDER) -> GroupsFile:
    """Read the file.

    Raises:
        RuleFileError: it is missing or wrong, with file and line.
    """
    return load(folder / "groups.yml", GroupsFile)
