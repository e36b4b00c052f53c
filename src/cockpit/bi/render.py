"""Fill `${...}` in asset files with the texts of a language and the parameters of the workspace.

`${lang}`                          the language's code
`${chart.region_map}`              an entry of labels.<lang>.yml, by its path
`${parameter.pace_threshold}`      a parameter of the workspace; `${percent parameter....}` writes 0.8 as 80
`${case product_category of x}`    SQL that turns the codes in column x into the texts of `values:`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cockpit.bi.assets import LabelsFile
from cockpit.errors import RuleFileError
from cockpit.i18n import _

_PLACE = re.compile(r"\$\{([^}]*)\}")
_CASE = re.compile(r"case (\w+) of ([\w.]+)")


class Renderer:
    """Fills the places of one language; see the module for what may stand in them."""

    def __init__(self, lang: str, labels: LabelsFile, parameters: Mapping[str, float | str]) -> None:
        self.lang = lang
        self.labels = labels
        self._context = {**labels.model_dump(), "lang": lang, "parameter": dict(parameters)}

    def render(self, value: Any, where: str) -> Any:
        """Copy a value with all its texts filled in, keys of mappings included.

        Raises:
            RuleFileError: a place names nothing that exists.
        """
        if isinstance(value, str):
            alone = _PLACE.fullmatch(value)
            # A number that stands alone stays one: a colour's bound is compared as a number.
            if alone and " " not in alone[1] and isinstance(number := self._look_up(alone[1], where), int | float):
                return number
            return _PLACE.sub(lambda match: self._fill(match[1].strip(), where), value)
        if isinstance(value, Mapping):
            return {self.render(key, where): self.render(inner, where) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.render(inner, where) for inner in value]
        return value

    def _fill(self, place: str, where: str) -> str:
        if match := _CASE.fullmatch(place):
            return self._case(match[1], match[2], where)
        if place.startswith("percent "):
            return f"{100 * float(self._look_up(place.removeprefix('percent '), where)):g}"
        value = self._look_up(place, where)
        if isinstance(value, float) and value.is_integer():
            # 90 days, not 90.0.
            return str(int(value))
        # A label may itself name a parameter.
        return str(self.render(value, where))

    def _look_up(self, path: str, where: str) -> Any:
        value: Any = self._context
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise RuleFileError(
                    _("${{{path}}} is not in labels.{language}.yml", path=path, language=self.lang),
                    where=where,
                    fix=_("Add it to every labels file."),
                )
            value = value[part]
        return value

    def _case(self, list_name: str, column: str, where: str) -> str:
        texts: Mapping[str, str] = self._look_up(f"values.{list_name}", where)
        branches = " ".join(f"when {_literal(code)} then {_literal(text)}" for code, text in texts.items())
        # A code without a text is shown as it is: a new product line must not vanish from the cockpit.
        return f"case {column} {branches} else {column} end"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
