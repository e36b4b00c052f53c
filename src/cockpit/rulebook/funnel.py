"""The stages of opportunities, in their order, and the two ways in which one ends."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load


class Stage(Rule):
    """A stage with its names in both languages."""

    id: str = Field(pattern=IDENTIFIER)
    name: str = Field(min_length=1)
    name_zh: str = Field(min_length=1)


class Funnel(Rule):
    """Contents of `funnel.yml`.

    Attributes:
        stages: Those of an open opportunity. One that reached a stage counts as having passed the ones before, also
            where it skipped them.
        won: The stage in which a won opportunity stands; comes after all others.
        lost: The stage in which a lost one stands; it is no step of the way.
    """

    version: int = 1
    stages: tuple[Stage, ...] = Field(min_length=1)
    won: Stage
    lost: Stage

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        counted = Counter(stage.id for stage in (*self.stages, self.won, self.lost))
        for repeated in (name for name, count in counted.items() if count > 1):
            raise MisfitError(_("the stage {name} is named twice", name=repeated), "stages")
        return self

    def parameters(self) -> dict[str, float | str]:
        """Values that SQL models use as `:name`: the stages as JSON, numbered from 1, the lost one without a number."""
        stages = [
            {"stage": stage.id, "number": number, "outcome": outcome, "name_en": stage.name, "name_zh": stage.name_zh}
            for number, stage, outcome in (
                *((number, stage, "open") for number, stage in enumerate(self.stages, start=1)),
                (len(self.stages) + 1, self.won, "won"),
                (None, self.lost, "lost"),
            )
        ]
        return {"funnel_stages": json.dumps(stages, ensure_ascii=False)}


def load_funnel(file: Path) -> Funnel:
    """Read the file.

    Raises:
        RuleFileError: it is missing or does not fit, with file and line.
    """
    return load(file, Funnel)
