"""Channels and the models that share credit among them, in `include/rules/attribution`.

SQL gets the channels as JSON and looks them up; `Channels.of_*` says the same of one value, for the examples of the
file and for whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load

Code: TypeAlias = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
# What a source writes; compared in lower case.
Word: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^A-Z\s]+$")]
Host: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
ChannelKind: TypeAlias = Literal[
    "search", "social", "advertising", "marketplace", "website", "event", "messaging", "call", "referral", "partner",
    "sales", "list", "direct", "unknown", "none",
]  # fmt: skip


class Utm(Rule):
    """Parameters of a link.

    Attributes:
        medium: Of any medium when absent; a rule with one is asked first.
    """

    source: Word
    medium: Word | None = None


class Interaction(Rule):
    """A kind of interaction that the customer began or answered.

    Attributes:
        topics: What it has to be about; anything when absent.
    """

    kind: Code
    topics: tuple[str, ...] = ()


class Channel(Rule):
    """A way to reach customers.

    Attributes:
        lead_sources: Codes of leads' sources that mean it.
        ads: Codes on the bills of advertising platforms.
        utm: Parameters of links.
        referrers: Hosts that visitors come from without parameters, subdomains too; without `www.`.
        contact_sources: Sources whose contacts came this way: the day on which one was added is a touch.
        interactions: Kinds of calls and chats with the customer that are touches.
        visits_are_touches: Whether a visit that came this way is a touch of the customer.
    """

    code: Code
    kind: ChannelKind
    name_en: str = Field(min_length=2)
    name_zh: str = Field(min_length=2)
    lead_sources: tuple[Word, ...] = ()
    ads: tuple[Word, ...] = ()
    utm: tuple[Utm, ...] = ()
    referrers: tuple[Host, ...] = ()
    contact_sources: tuple[Code, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    visits_are_touches: bool = True

    def meant_by(self) -> Iterator[tuple[str, str, str | None]]:
        """(kind of value, value, medium or topic) of all that means it."""
        yield from (("lead_source", word, None) for word in self.lead_sources)
        yield from (("ads", word, None) for word in self.ads)
        yield from (("utm", utm.source, utm.medium) for utm in self.utm)
        yield from (("referrer", host, None) for host in self.referrers)
        yield from (("contact", source, None) for source in self.contact_sources)
        for interaction in self.interactions:
            yield from (("interaction", interaction.kind, topic) for topic in interaction.topics or (None,))


class Fallbacks(Rule):
    """Channels of what no channel names: of a lead, a bill, a link's parameters, a site, a visit, a deal."""

    lead: Code
    ads: Code
    campaign: Code
    referrer: Code
    visit: Code
    no_touch: Code


class ChannelExample(Rule):
    """A value and the channel that it means; a visit has parameters, a site, or neither."""

    lead_source: str | None = None
    ads: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    referrer: str | None = None
    channel: Code


class Channels(Rule):
    """Contents of `channels.yml`."""

    version: int = 1
    channels: tuple[Channel, ...] = Field(min_length=1)
    fallbacks: Fallbacks
    examples: tuple[ChannelExample, ...] = ()

    @model_validator(mode="after")
    def _each_means_one(self) -> Self:
        codes: set[str] = set()
        means: dict[tuple[str, str, str | None], str] = {}
        for number, channel in enumerate(self.channels):
            if channel.code in codes:
                raise MisfitError(_("another channel has this code"), "channels", number, "code")
            codes.add(channel.code)
            for meant in channel.meant_by():
                if meant in means:
                    raise MisfitError(
                        _("'{value}' already means the channel {channel}", value=meant[1], channel=means[meant]),
                        "channels",
                        number,
                    )
                means[meant] = channel.code
        any_topic = {value for kind, value, topic in means if kind == "interaction" and topic is None}
        for number, channel in enumerate(self.channels):
            if any(each.topics and each.kind in any_topic for each in channel.interactions):
                message = _("another channel has interactions of this kind, whatever they are about")
                raise MisfitError(message, "channels", number, "interactions")
        for name, code in self.fallbacks:
            if code not in codes:
                raise MisfitError(_("there is no such channel"), "fallbacks", name, allowed=", ".join(sorted(codes)))
        for number, example in enumerate(self.examples):
            found = self._example(example)
            if found != example.channel:
                message = _("the rules above give {channel} for this example", channel=found)
                raise MisfitError(message, "examples", number)
        return self

    def _example(self, example: ChannelExample) -> str:
        if "lead_source" in example.model_fields_set:
            return self.of_lead(example.lead_source)
        if "ads" in example.model_fields_set:
            return self.of_ads(example.ads)
        return self.of_visit(example.utm_source, example.utm_medium, example.referrer)

    def of_lead(self, lead_source: str | None) -> str:
        """Channel of a lead by the code of its source."""
        return self._named("lead_source", lead_source) or self.fallbacks.lead

    def of_ads(self, code: str | None) -> str:
        """Channel of an advertising bill."""
        return self._named("ads", code) or self.fallbacks.ads

    def of_visit(self, utm_source: str | None, utm_medium: str | None, referrer: str | None) -> str:
        """Channel of a visit: the link's parameters before the site that it stood on."""
        if utm_source:
            medium = utm_medium.lower() if utm_medium else None
            return self._named("utm", utm_source, medium) or self._named("utm", utm_source) or self.fallbacks.campaign
        if not referrer:
            return self.fallbacks.visit
        hosts = referrer.lower().split(".")
        found = (self._named("referrer", ".".join(hosts[number:])) for number in range(len(hosts)))
        return next(filter(None, found), self.fallbacks.referrer)

    def _named(self, kind: str, value: str | None, medium: str | None = None) -> str | None:
        meant = (kind, (value or "").lower(), medium)
        return next((channel.code for channel in self.channels if meant in channel.meant_by()), None)


class _Model(Rule):
    """What all models have.

    Attributes:
        id: Stays in tables; unique.
    """

    id: Code
    name_en: str = Field(min_length=2)
    name_zh: str = Field(min_length=2)


class PlainModel(_Model):
    """A model without a setting."""

    kind: Literal["first_touch", "last_touch", "linear", "markov", "shapley"]


class TimeDecay(_Model):
    """Newer touches count more.

    Attributes:
        half_life_days: A touch that is older by so many days counts half.
    """

    kind: Literal["time_decay"]
    half_life_days: float = Field(default=7, gt=0, le=3650)


class Position(_Model):
    """Fixed shares for the first and the last touch.

    Attributes:
        first, last: 0-1, together at most 1; those between share the rest.
    """

    kind: Literal["position"]
    first: float = Field(default=0.4, ge=0, le=1)
    last: float = Field(default=0.4, ge=0, le=1)

    @model_validator(mode="after")
    def _leave_no_debt(self) -> Self:
        if self.first + self.last > 1:
            raise MisfitError(_("the shares of the first and the last touch are above 1"), "first", allowed="<= 1")
        return self


AttributionModel: TypeAlias = Annotated[PlainModel | TimeDecay | Position, Field(discriminator="kind")]


class AttributionModels(Rule):
    """Contents of `models.yml`.

    Attributes:
        window_days: Touches of so many days before a decision count.
        default: Id of the model that figures per channel and campaign show.
    """

    version: int = 1
    window_days: int = Field(ge=1, le=3650)
    default: Code
    models: tuple[AttributionModel, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [model.id for model in self.models]
        for number, name in enumerate(ids):
            if name in ids[:number]:
                raise MisfitError(_("another model has this id"), "models", number, "id")
        if self.default not in ids:
            raise MisfitError(_("there is no such model"), "default", allowed=", ".join(ids))
        return self


class Attribution(Rule):
    """The files of a workspace's folder of attribution rules."""

    channels: Channels
    models: AttributionModels

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`; the channels and what means them are JSON."""
        channels = [
            channel.model_dump(include={"code", "kind", "name_en", "name_zh", "visits_are_touches"})
            for channel in self.channels.channels
        ]
        meanings = [
            {"kind": kind, "value": value, "medium": medium, "channel_code": channel.code}
            for channel in self.channels.channels
            for kind, value, medium in channel.meant_by()
        ]
        fallbacks = {f"{name}_channel": str(code) for name, code in self.channels.fallbacks}
        return {
            "channels": json.dumps(channels, ensure_ascii=False),
            "channel_meanings": json.dumps(meanings, ensure_ascii=False),
            "attribution_models": json.dumps(
                [model.model_dump(include={"id", "name_en", "name_zh"}) for model in self.models.models],
                ensure_ascii=False,
            ),
            "attribution_window_days": self.models.window_days,
            "attribution_model": self.models.default,
            **fallbacks,
        }


def load_models_of_attribution(folder: Path) -> AttributionModels:
    """Read the models.

    Raises:
        RuleFileError: the file is missing or does not fit, with file and line.
    """
    return load(folder / "models.yml", AttributionModels)


def load_attribution(folder: Path) -> Attribution:
    """Read the two files.

    Raises:
        RuleFileError: one is missing or does not fit, with file and line.
    """
    return Attribution(channels=load(folder / "channels.yml", Channels), models=load_models_of_attribution(folder))
