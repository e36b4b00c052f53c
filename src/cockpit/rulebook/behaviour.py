"""How behaviour is read: who is a bot, which request is a page view, what of an address bar is personal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, field_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load

# SQL gets lists as one text.
Listed: TypeAlias = Annotated[str, Field(pattern=r"^[^,]+$")]


class Pattern(Rule):
    """A named regular expression with texts that it fits.

    Attributes:
        pattern: Upper and lower case are the same. Only what Python and PostgreSQL read alike: no `\\b`.
    """

    id: str = Field(pattern=IDENTIFIER)
    pattern: str = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise MisfitError(_("is no regular expression: {reason}", reason=str(error))) from error
        if compiled.search(""):
            raise MisfitError(_("fits every text"))
        return pattern


class Bots(Rule):
    """Contents of `bots.yml`: which visitors are programs.

    Attributes:
        agents: Patterns of user agents; the first that fits names the rule. A user agent that the browser left
            empty reads `-`; where a log has no user agents, none of the patterns is asked.
        paths: Paths that only programs ask for: who did is a bot throughout.
        people: User agents that no pattern may fit.
    """

    version: int = 1
    agents: tuple[Pattern, ...]
    paths: tuple[Listed, ...] = ()
    people: tuple[str, ...] = ()


class PageViews(Rule):
    """Contents of `page_views.yml`: which requests and events are page views.

    A log that does not tell the event, the method or the status passes that rule.

    Attributes:
        events: Kinds of events in click streams.
        methods: HTTP methods.
        statuses: HTTP status codes.
        asset_extensions: Endings of paths that are parts of pages, lower case, without the dot.
        ignored_paths: Beginnings of paths that are no pages, such as health checks.
        material_paths: Beginnings of paths that tell what a visitor is interested in: products, documents.
        longest_dwell_seconds: A page that measured a longer time was left open; its measure does not count.
    """

    version: int = 1
    events: tuple[Listed, ...]
    methods: tuple[Listed, ...]
    statuses: tuple[int, ...]
    asset_extensions: tuple[Listed, ...] = ()
    ignored_paths: tuple[Listed, ...] = ()
    material_paths: tuple[Listed, ...] = ()
    longest_dwell_seconds: float = Field(gt=0)


class Privacy(Rule):
    """Contents of `privacy.yml`: what is taken out of addresses of pages before they are stored.

    Attributes:
        parameters: Names of query parameters whose value is removed, lower case.
        looks: Patterns of values that are removed wherever they stand.
        harmless: Texts that no pattern may fit.
    """

    version: int = 1
    parameters: tuple[str, ...]
    looks: tuple[Pattern, ...]
    harmless: tuple[str, ...] = ()


class Behaviour(Rule):
    """The three files of a workspace's folder of behaviour rules."""

    bots: Bots
    page_views: PageViews
    privacy: Privacy

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`: lists separated by commas, paths for `like`, patterns as JSON."""
        agents = [{"id": rule.id, "pattern": rule.pattern} for rule in self.bots.agents]
        return {
            "bot_agents": json.dumps(agents, ensure_ascii=False),
            "bot_paths": ",".join(self.bots.paths),
            "page_view_events": ",".join(self.page_views.events),
            "page_view_methods": ",".join(self.page_views.methods),
            "page_view_statuses": ",".join(map(str, self.page_views.statuses)),
            "asset_extensions": ",".join(self.page_views.asset_extensions),
            "ignored_paths": ",".join(_beginning(path) for path in self.page_views.ignored_paths),
            "material_paths": ",".join(_beginning(path) for path in self.page_views.material_paths),
            "longest_dwell_seconds": self.page_views.longest_dwell_seconds,
        }


def _beginning(path: str) -> str:
    """What SQL's `like` asks of texts that begin so."""
    return re.sub(r"([\\%_])", r"\\\1", path) + "%"


def load_behaviour(folder: Path) -> Behaviour:
    """Read the three files.

    Raises:
        RuleFileError: one is missing or does not fit, with file and line.
    """
    return Behaviour(
        bots=load(folder / "bots.yml", Bots),
        page_views=load(folder / "page_views.yml", PageViews),
        privacy=load(folder / "privacy.yml", Privacy),
    )
