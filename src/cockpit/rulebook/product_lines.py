"""Product lines of the company and the business units that answer for them: `include/rules/product_lines.yml`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError, Rule, load


class BusinessUnit(Rule):
    """A business unit, by the code that the organisation uses for it."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]*$")
    name_en: str
    name_zh: str


class ProductLine(Rule):
    """A product line.

    Attributes:
        business_unit: Code of the unit that answers for it.
        categories: Product categories as the sources call them; each belongs to one line.
    """

    id: str = Field(pattern=IDENTIFIER)
    name_en: str
    name_zh: str
    business_unit: str
    categories: tuple[str, ...] = Field(min_length=1)


class CategoryExample(Rule):
    """What the rules say of a category; null when they do not know it."""

    category: str
    product_line: str | None
    business_unit: str | None


class ProductLines(Rule):
    """Contents of `product_lines.yml`.

    Attributes:
        business_units: Units that lines may name.
        product_lines: In the order in which reports list them.
        examples: Categories with what the rules say of them.
    """

    version: int = Field(default=1, ge=1)
    business_units: tuple[BusinessUnit, ...] = ()
    product_lines: tuple[ProductLine, ...] = ()
    examples: tuple[CategoryExample, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        units = {unit.code for unit in self.business_units}
        for place, line in enumerate(self.product_lines):
            if line.business_unit not in units:
                raise MisfitError(
                    _("there is no such business unit"),
                    "product_lines",
                    place,
                    "business_unit",
                    allowed=", ".join(sorted(units)),
                )
        _refuse_repeated("business_units", (unit.code for unit in self.business_units))
        _refuse_repeated("product_lines", (line.id for line in self.product_lines))
        _refuse_repeated("product_lines", (name for line in self.product_lines for name in line.categories))
        return self

    def line_of(self, category: str) -> ProductLine | None:
        """The line that a category belongs to; None when no line names it."""
        return next((line for line in self.product_lines if category in line.categories), None)

    def parameters(self) -> dict[str, str]:
        """`:product_lines` for SQL: JSON object, product category -> its line, business unit and their names."""
        units = {unit.code: unit for unit in self.business_units}
        lines = {
            category: {
                "product_line": line.id,
                "line_number": number,
                "name_en": line.name_en,
                "name_zh": line.name_zh,
                "business_unit_code": line.business_unit,
                "business_unit_name_en": units[line.business_unit].name_en,
                "business_unit_name_zh": units[line.business_unit].name_zh,
            }
            for number, line in enumerate(self.product_lines, start=1)
            for category in line.categories
        }
        return {"product_lines": json.dumps(lines, ensure_ascii=False)}


def _refuse_repeated(key: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise MisfitError(_("names {name} twice", name=name), key)


def load_product_lines(path: Path) -> ProductLines:
    """Read the file.

    Raises:
        RuleFileError: it is missing or does not fit, with file and line.
    """
    return load(path, ProductLines)
