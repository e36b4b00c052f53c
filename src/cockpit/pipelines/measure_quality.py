"""Measure the quality of the data and draw what people look at: scores daily, samples weekly, campaigns quarterly."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from cockpit.pipelines import steps
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
    """Measure the business day and bring its mart up to date; draw the week's samples and begin campaigns when due.

    Raises:
        RuleFileError: the workspace's rules about scores are missing or wrong.
        TransientError: the database does not answer.
        TerminalError: a score is outside what its mart promises.
    """
    held_amounts.require_sound(context)
    prepare_once(context)
    with closing(connect(context.workspace.settings.warehouse)) as connection:
        measured = scores.measure(connection, context)
        drawn = samples.draw(connection, context)
        to_verify = campaigns.begin(connection, context)
    shown = [model for model in context.graph.layer("marts") if scores.TABLE in model.reads]
    for model in shown:
        steps.build_model(context, model.name)
    steps.raise_stops(steps.check_models(context, shown))
    return QualityRun(measured, drawn, to_verify)
