"""Measure the quality of the data and draw what people look at: scores daily, samples weekly, campaigns quarterly."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from cockpit.pipelines.workspace import prepare_once
from cockpit.quality import campaigns, held_amounts, samples, scores
from cockpit.quality.scores import Measured
from cockpit.warehouse.connections import connect
from cockpit.warehouse.runner import BuildContext


@dataclass(frozen=True)
class QualityRun:
    """What a run did.

    Attributes:
        drawn: Rows that were added to the week's samples; 0 when they had been drawn.
        to_verify: Rows that were added to the quarter's campaigns.
    """

    measured: Measured
    drawn: int
    to_verify: int


def measure_quality(context: BuildContext) -> QualityRun:
    """Measure the business day, and draw the week's samples and the quarter's campaigns unless that was done.

    Raises:
        RuleFileError: the workspace's rules about scores are missing or wrong.
        TransientError: the database does not answer.
    """
    held_amounts.require_sound(context)
    prepare_once(context)
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        measured = scores.measure(connection, context)
        drawn = samples.draw(connection, context)
        to_verify = campaigns.begin(connection, context)
    return QualityRun(measured, drawn, to_verify)
