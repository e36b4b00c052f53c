"""Build `core_attribution`: what each channel and campaign is credited with, by every model and month.

A month is computed by itself, from the paths to the opportunities that were decided in it: those that were lost are
what Markov chains need beside those that were won. Parts are rounded so that they sum up exactly to what was won.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from cockpit.domain.attribute.apportion import apportion
from cockpit.domain.attribute.markov import markov
from cockpit.domain.attribute.paths import Indexes, Numbers, Paths
from cockpit.domain.attribute.shares import first_touch, last_touch, linear, position, shapley, time_decay
from cockpit.rulebook.attribution import Attribution, AttributionModel
from cockpit.warehouse.runner import BuilderInput

log = logging.getLogger(__name__)

# Parts of an opportunity are kept to the millionth, money to the cent.
_MILLIONTHS, _CENTS = 1_000_000, 100
# What stands for a touch or a deal without a campaign.
NO_CAMPAIGN = "none"

# Month, opportunity, whether it was won, its cents, channel, campaign and days before the decision.
_Touch = tuple[date, str, bool, int, str, str, float]
_Row = tuple[date, str, str, str, Decimal, Decimal]

_TOUCHES = (
    "select touch.closed_month, touch.opportunity_key, touch.outcome = 'won',"
    " case when touch.outcome = 'won' then cast(round(coalesce(touch.amount, 0) * 100) as bigint) else 0 end,"
    " touch.channel_code, coalesce(touch.campaign, %(no_campaign)s), cast(touch.days_before as double precision)"
    " from core.core_opportunity_touch as touch"
    " where cast(%(months)s as date[]) is null or touch.closed_month = any(%(months)s)"
    " order by touch.closed_month, touch.opportunity_key, touch.touch_number"
)
_WON = (
    "select opportunity.closed_month, count(*), cast(sum(round(coalesce(opportunity.amount, 0) * 100)) as bigint)"
    " from core.core_opportunity as opportunity"
    " where opportunity.outcome = 'won' and opportunity.closed_month is not null"
    " and (cast(%(months)s as date[]) is null or opportunity.closed_month = any(%(months)s))"
    " group by opportunity.closed_month order by opportunity.closed_month"
)


def records(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Share the opportunities that were won, and their amounts, among the channels.

    Yields:
        (conversion_month, model, channel_code, campaign, credited_count, credited_amount); of the affected months, or
        of all.

    Raises:
        RuleFileError: a rule file of attribution is wrong.
    """
    workspace = given.context.workspace
    rules = workspace.attribution
    if rules is None:
        raise workspace.broken_rules.get("attribution") or LookupError("load_models refuses a workspace without rules")
    months = None if given.affected is None else [month for (month,) in given.affected]
    values: dict[str, Any] = {"months": months, "no_campaign": NO_CAMPAIGN}
    with given.connection.cursor() as cursor:
        cursor.execute(_WON, values)
        won = {month: (int(count), int(cents)) for month, count, cents in cursor.fetchall()}
        cursor.execute(_TOUCHES, values)
        touches: list[_Touch] = cursor.fetchall()
    log.info("%d touches before decisions of %d months with deals", len(touches), len(won))
    given.replaced = given.affected
    by_month = {month: list(of_month) for month, of_month in groupby(touches, key=itemgetter(0))}
    for month, (count, cents) in won.items():
        yield from shared(month, by_month.get(month, []), count, cents, rules)


def shared(month: date, touches: Sequence[_Touch], won: int, cents: int, rules: Attribution) -> Iterator[_Row]:
    """The rows of one month.

    Args:
        touches: In the order of opportunities and, within one, of time.
        won, cents: All that was won in the month, with touches or without.
    """
    nobody = (rules.channels.fallbacks.no_touch, NO_CAMPAIGN)
    journeys = _Journeys.of(touches) if touches else None
    touched_won, touched_cents = (0, 0) if journeys is None else (int(journeys.won.sum()), int(journeys.cents.sum()))
    for model in rules.models.models:
        parts = {} if journeys is None else journeys.credit(model)
        rest = parts.get(nobody, (0, 0))
        parts[nobody] = (rest[0] + (won - touched_won) * _MILLIONTHS, rest[1] + cents - touched_cents)
        for (channel, campaign), (millionths, part_cents) in parts.items():
            if millionths or part_cents:
                counted, amount = Decimal(millionths) / _MILLIONTHS, Decimal(part_cents) / _CENTS
                yield month, model.id, channel, campaign, counted, amount


@dataclass(frozen=True)
class _Journeys:
    """The paths of one month with what they brought.

    Attributes:
        won, cents: Of each path.
        targets: Channel and campaign, sorted; `target` is the number of each touch's.
        channels: How many distinct ones the paths have.
    """

    paths: Paths
    won: Numbers
    cents: Numbers
    targets: Sequence[tuple[str, str]]
    target: Indexes
    channels: int

    @classmethod
    def of(cls, touches: Sequence[_Touch]) -> _Journeys:
        keys = [touch[1] for touch in touches]
        is_first = np.array([True, *(now != before for before, now in pairwise(keys))])
        targets = sorted({(touch[4], touch[5]) for touch in touches})
        number = {target: place for place, target in enumerate(targets)}
        channel = {code: place for place, code in enumerate(sorted({code for code, _campaign in targets}))}
        return cls(
            Paths(
                np.cumsum(is_first) - 1,
                np.array([channel[touch[4]] for touch in touches]),
                np.array([touch[6] for touch in touches]),
                np.ones(int(is_first.sum())),
            ),
            np.array([float(touch[2]) for touch in touches])[is_first],
            np.array([float(touch[3]) for touch in touches])[is_first],
            targets,
            np.array([number[touch[4], touch[5]] for touch in touches]),
            len(channel),
        )

    def credit(self, model: AttributionModel) -> dict[tuple[str, str], tuple[int, int]]:
        """Channel and campaign -> (millionths of opportunities, cents)."""
        counted = self._apportioned(model, self.won * _MILLIONTHS)
        amounts = self._apportioned(model, self.cents)
        return dict(zip(self.targets, zip(counted, amounts, strict=True), strict=True))

    def _apportioned(self, model: AttributionModel, values: Numbers) -> Iterable[int]:
        credit = _credit(model, self.paths, values, self.channels)
        parts = np.bincount(self.target, weights=credit, minlength=len(self.targets)).astype(float)
        return [int(part) for part in apportion(parts, int(values.sum()))]


def _credit(model: AttributionModel, paths: Paths, values: Numbers, channels: int) -> Numbers:
    """Credit of each touch."""
    brought = values[paths.path]
    match model.kind:
        case "first_touch":
            return first_touch(paths) * brought
        case "last_touch":
            return last_touch(paths) * brought
        case "linear":
            return linear(paths) * brought
        case "time_decay":
            return time_decay(paths, model.half_life_days) * brought
        case "position":
            return position(paths, model.first, model.last) * brought
        case "shapley":
            return shapley(paths) * brought
        case "markov":
            return markov(paths, values, channels)
