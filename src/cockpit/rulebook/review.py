"""What people see of an entity's matching, in `include/rules/review/<entity>.yml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import Rule, load


class ValueAtStake(Rule):
    """Amounts of golden records, in the workspace's currency.

    Attributes:
        table: With its schema; where it does not exist yet, nothing is at stake.
        key: Its column with the golden id.
        amount: Its column that is summed.
    """

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    key: str = Field(pattern=IDENTIFIER)
    amount: str = Field(pattern=IDENTIFIER)


class Review(Rule):
    """Contents of `include/rules/review/<entity>.yml`.

    Attributes:
        entity: The conformed entity, as in the file's name.
        title: Column of staging.stg_<entity> that says what a record is called.
        golden_title: Column of core.core_<entity> that does for a golden record.
        value_at_stake: What the queue is ordered by; by likeliness alone when absent.
    """

    version: int = Field(ge=1)
    entity: str = Field(pattern=IDENTIFIER)
    title: str = Field(pattern=IDENTIFIER)
    golden_title: str = Field(pattern=IDENTIFIER)
    value_at_stake: ValueAtStake | None = None


def reviewed_entities(models_folder: Path) -> tuple[str, ...]:
    """Entities that have a file, sorted."""
    return tuple(sorted(path.stem for path in _folder(models_folder).glob("*.yml")))


def load_review(models_folder: Path, entity: str) -> Review:
    """Read an entity's file.

    Raises:
        RuleFileError: there is none, it is wrong, or it is about another entity.
    """
    entities = reviewed_entities(models_folder)
    path = _folder(models_folder) / f"{entity}.yml"
    if entity not in entities:
        raise RuleFileError(
            _("there is no such entity with golden records"),
            where=str(_folder(models_folder)),
            found=entity,
            allowed=", ".join(entities) or None,
        )
    rule = load(path, Review)
    if rule.entity != entity:
        raise RuleFileError(
            _("entity differs from the file's name"), where=f"{path}:1", found=rule.entity, allowed=entity
        )
    return rule


def _folder(models_folder: Path) -> Path:
    return models_folder.parent / "rules" / "review"
