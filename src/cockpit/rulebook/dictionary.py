"""The data dictionary: what a field means, in both languages, and under which names sources deliver it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.domain.normalise.standard import StandardKind
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load

# Who may see a value: everybody, the company, or only those who need a person's data.
Sensitivity: TypeAlias = Literal["public", "internal", "personal"]


class DictionaryField(Rule):
    """One field of the business, whatever a source calls it.

    Attributes:
        synonyms: Names under which sources deliver it; one more name is one more entry here.
        standard: What its texts are standardised as on the way into staging; they stay as typed when absent.
    """

    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=1)
    unit: str | None = None
    sensitivity: Sensitivity = "internal"
    synonyms: tuple[str, ...] = ()
    standard: StandardKind | None = None


class Dictionary(Rule):
    """All fields by name; a name stands for one field only."""

    version: int = 1
    fields: dict[str, DictionaryField] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        owner: dict[str, str] = {}
        for name, field in self.fields.items():
            if not re.match(IDENTIFIER, name):
                raise MisfitError(_("is not of the right form"), "fields", name, allowed=IDENTIFIER)
            for synonym in field.synonyms:
                other = owner.setdefault(synonym, name)
                if other != name:
                    message = _("{synonym} is a synonym of {other} already", synonym=synonym, other=other)
                    raise MisfitError(message, "fields", name, "synonyms")
                if synonym in self.fields and synonym != name:
                    message = _("{synonym} is a field itself", synonym=synonym)
                    raise MisfitError(message, "fields", name, "synonyms")
        return self


def load_dictionary(path: Path | None) -> Dictionary:
    """Read the dictionary; an empty one when a workspace has none.

    Raises:
        RuleFileError: not readable or not fitting, with file and line.
    """
    return load(path, Dictionary) if path else Dictionary()
