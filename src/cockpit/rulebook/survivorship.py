"""Rules by which golden records get their values and ids, in `include/rules/survivorship/<entity>.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from cockpit.domain.survive import Criterion
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load


class SurvivingField(Rule):
    """One column of the golden record.

    Attributes:
        column: Column of the conformed table, `from` in the file.
        valid: SQL condition over the conformed table's columns; a value that fulfils it is preferred by `valid`.
        prefer: Criteria of this field, the first decides first; those of the file when absent.
        trust: Source -> rank, where another than that of the source's file counts for this field.
    """

    column: str = Field(alias="from", pattern=IDENTIFIER)
    valid: str | None = Field(default=None, min_length=3)
    prefer: tuple[Criterion, ...] = ()
    trust: dict[str, int] = Field(default_factory=dict)


class Survivorship(Rule):
    """Contents of `include/rules/survivorship/<entity>.yml`.

    Attributes:
        entity: The conformed entity: its records lie in staging.stg_<entity>, its golden records in core.core_<entity>.
        id_letter: What its golden ids begin with.
        prefer: Criteria of fields that have none of their own.
        newest_by: Column of the conformed table that says how new a record is.
        same_while_one_of: Columns of the conformed table; a record whose values differ in all of them that both
            versions have, two at least, stands for somebody else. Absent: keys are never used again.
        same_name: Which of these is a name: it differs only where hardly anything of it is left.
        other_name_below: Share of a name (0 to 1) that has to be left for it to be the same.
        fields: Column of the golden record -> where its value comes from.
        derived: Column of the golden record -> SQL over the values that were chosen and `:parameters`, for what follows
            from them by company rules; it has no lineage and no history of its own.
    """

    version: int = Field(ge=1)
    entity: str = Field(pattern=IDENTIFIER)
    id_letter: str = Field(pattern=r"^[A-Z]$")
    prefer: tuple[Criterion, ...] = Field(min_length=1)
    newest_by: str = Field(pattern=IDENTIFIER)
    same_while_one_of: tuple[str, ...] = ()
    same_name: str | None = None
    other_name_below: float = Field(default=0.6, gt=0, le=1)
    fields: dict[str, SurvivingField] = Field(min_length=1)
    derived: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.same_while_one_of) == 1:
            raise MisfitError(_("one column is too little to tell one customer from another"), "same_while_one_of")
        if self.same_name and self.same_name not in self.same_while_one_of:
            raise MisfitError(
                _("is none of the compared columns"), "same_name", allowed=", ".join(self.same_while_one_of)
            )
        for name, field in self.fields.items():
            chosen = field.prefer or self.prefer
            if len(set(chosen)) < len(chosen):
                raise MisfitError(_("names a criterion twice"), "fields", name)
            if field.valid is not None and "valid" not in chosen:
                raise MisfitError(_("has a condition that nothing asks for; add valid to prefer"), "fields", name)
        for name in sorted({*self.derived} & {*self.fields}):
            raise MisfitError(_("is a field already; a column is chosen or derived"), "derived", name)
        return self

    @property
    def table(self) -> str:
        """Table of the golden records, without its schema."""
        return f"core_{self.entity}"

    @property
    def key(self) -> str:
        """Column with the golden id."""
        return f"{self.entity}_key"

    def preferred(self, field: str) -> tuple[Criterion, ...]:
        """The criteria of a field, the first decides first."""
        return self.fields[field].prefer or self.prefer


def survivorship_file(models_folder: Path, entity: str) -> Path:
    """The file with an entity's rules, beside the models."""
    return models_folder.parent / "rules" / "survivorship" / f"{entity}.yml"


def load_survivorship(models_folder: Path, entity: str) -> Survivorship:
    """Read an entity's rules.

    Raises:
        RuleFileError: the file is wrong, or about another entity.
    """
    path = survivorship_file(models_folder, entity)
    rule = load(path, Survivorship)
    if rule.entity != entity:
        raise RuleFileError(
            _("entity differs from the file's name"), where=f"{path}:1", found=rule.entity, allowed=entity
        )
    return rule
