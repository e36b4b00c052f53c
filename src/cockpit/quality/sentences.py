"""What a check promises, in words of both languages: Great Expectations' own sentence where it has one."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpit.i18n import _
from cockpit.rulebook.contract import Check

# Great Expectations' sentences about the kinds of checks that contracts have; others stay English.
SENTENCES = frozenset(
    {
        "{column} values must never be null.",
        "{column} values must be unique.",
        "{column} values must be greater than or equal to {min_value}.",
        "{column} values must be less than or equal to {max_value}.",
        "{column} values must be greater than or equal to {min_value} and less than or equal to {max_value}.",
        "{column} values must belong to this set: {values}.",
        "{column} values must match this regular expression: {regex}.",
    }
)

# It numbers the values of a list.
_LISTED = re.compile(r"(?:v__|column_list_)\d+")
_LIST = re.compile(rf"\${_LISTED.pattern}(?:,? \${_LISTED.pattern})*")


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; `is_code` for names and values out of the contract."""

    text: str
    is_code: bool


def sentence(check: Check, validation: Any, lang: str) -> tuple[Part, ...]:
    """What the check promises.

    Args:
        check: Of a contract.
        validation: Its result (ExpectationValidationResult); None when it was not evaluated.
        lang: en or zh.
    """
    if check.expect == "condition":
        return (Part(str(check.condition), True),)
    if check.expect == "references":
        values = {"column": str(check.column), "values": str(check.refers_to)}
        return _filled(_("{column} is one of {values}", lang), values)
    if check.expect == "unique" and len(check.columns) > 1:
        return _filled(_("{columns} are unique together", lang), {"columns": ", ".join(check.columns)})
    if check.expect == "row_count_change" or validation is None:
        share = f"{float(check.max_ratio or 0):.0%}"
        return _filled(_("The number of rows changes by at most {share} between two checks", lang), {"share": share})
    template, values = _rendered(validation)
    return _filled(_(template, lang) if template in SENTENCES else template, values)


def _rendered(validation: Any) -> tuple[str, dict[str, str]]:
    """The sentence of Great Expectations with places in braces, and what stands in them."""
    from great_expectations.render.renderer.content_block import ValidationResultsTableContentBlockRenderer

    table: Any = ValidationResultsTableContentBlockRenderer.render([validation])
    cell: Any = table.to_json_dict()["table"][0][1]
    # A failed check has a second sentence, with counts.
    content = (cell[0] if isinstance(cell, list) else cell)["string_template"]
    values = {name: _shown(value) for name, value in content["params"].items() if value is not None}
    values["values"] = ", ".join(value for name, value in values.items() if _LISTED.fullmatch(name))
    text = content["template"].strip().replace("{", "{{").replace("}", "}}")
    return re.sub(r"\$(\w+)", r"{\1}", _LIST.sub("$values", text)), values


def _shown(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _filled(template: str, values: Mapping[str, str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for text, name, _form, _conversion in string.Formatter().parse(template):
        if text:
            parts.append(Part(text, False))
        if name is not None:
            parts.append(Part(values.get(name, name), True))
    return tuple(parts)
