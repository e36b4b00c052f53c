"""The kinds of values that can be standardised: their rule files, what a contract may declare, who applies them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Standard, Standardiser
from cockpit.domain.normalise.text import fold


class Parts(NamedTuple):
    """What a kind consists of.

    Attributes:
        rule: Type of the rule file.
        declared: What the contract of a column may say; defaults when it says nothing.
        make: Takes a rule and what is declared.
        tables: Fields of the rule that are read from a CSV file beside it, named by `<field>_from` in the YAML: what
            turns the CSV's text into the field's value.
    """

    rule: type[NormalisationRule]
    declared: type[Declared]
    make: Callable[[Any, Any], Standardiser]
    tables: Mapping[str, Callable[[str], Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    Attributes:
        file: Name of its rule file in include/rules/normalisation.
        load: Gives its parts. Loading those of all kinds takes a fifth of a second, and most processes standardise
            nothing.
        code_version: Raised when the kind's code gives other results, so that stored ones are made again.
    """

    file: str
    load: Callable[[], Parts]
    code_version: int = 1

    @cached_property
    def parts(self) -> Parts:
        """Loaded once."""
        return self.load()


def _from(module: str, name: str, rules: str = "", **tables: str) -> Callable[[], Parts]:
    """Loads <name>Rule, <name>Declared and <name>Standardiser.

    Args:
        module: Below this package.
        name: What the three begin with.
        rules: Module of the first two, when it is another one.
        tables: Field of the rule -> `module:function` that reads its CSV.
    """

    def load() -> Parts:
        at = rules or module
        return Parts(
            _imported(f"{at}:{name}Rule"),
            _imported(f"{at}:{name}Declared"),
            _imported(f"{module}:{name}Standardiser"),
            {field: _imported(place) for field, place in tables.items()},
        )

    return load


def _imported(place: str) -> Any:
    module, _colon, name = place.partition(":")
    return getattr(importlib.import_module(f"cockpit.domain.normalise.{module}"), name)


KINDS: dict[str, Kind] = {
    "amount": Kind("amount.yml", _from("quantities.amount", "Amount", "quantities.amount_rule")),
    "headcount": Kind("headcount.yml", _from("quantities.headcount", "Headcount")),
    "company": Kind("company.yml", _from("names.company", "Company"), code_version=2),
    "person": Kind("person.yml", _from("names.person", "Person", "names.person_rule"), code_version=2),
    "phone": Kind("phone.yml", _from("contacts.phone", "Phone", "contacts.phone_rule"), code_version=3),
    "email": Kind("email.yml", _from("contacts.email", "Email", "contacts.email_rule")),
    "website": Kind("website.yml", _from("contacts.website", "Website")),
    "credit-code": Kind("credit_code.yml", _from("identifiers.credit_code", "CreditCode")),
    "address": Kind(
        "address.yml",
        _from("addresses.address", "Address", divisions="addresses.divisions:read_divisions"),
        code_version=2,
    ),
    "date": Kind("date.yml", _from("dates.date", "Date"), code_version=2),
    "lead-source": Kind("lead_source.yml", _from("choice", "Choice")),
    "industry": Kind("industry.yml", _from("choice", "Choice")),
}


def stored_text(kind: str, standard: Standard, text: str) -> str | None:
    """What a column of this kind holds in staging, as text.

    Names and addresses are kept readable whatever was found; of everything else only a value that can be used.
    """
    match kind:
        case "company":
            return str(standard.details.get("name") or fold(text)) or None
        case "person" if standard.outcome != "ok":
            return fold(text) or None
        case "address":
            return fold(text) or None
    if standard.outcome != "ok":
        return None
    value = standard.details.get("class") if kind == "headcount" else standard.value
    return None if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)
