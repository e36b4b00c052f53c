"""The kinds of values that can be standardised: their rule files, what a contract may declare, who applies them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Standard, Standardiser
from cockpit.domain.normalise.text import fold


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    Its parts are named as `module:name` below this package and imported when they are asked for: all of them take a
    fifth of a second, and most processes standardise nothing.

    Attributes:
        file: Name of its rule file in include/rules/normalisation.
        tables_from: Fields of the rule that are read from a CSV file beside it, named by `<field>_from` in the YAML,
            and the function that turns the CSV's text into the field's value.
        code_version: Raised when the kind's code gives other results, so that stored ones are made again.
    """

    file: str
    rule_type: str
    declared_type: str
    standardiser: str
    tables_from: Mapping[str, str] = field(default_factory=dict)
    code_version: int = 1

    @cached_property
    def rule(self) -> type[NormalisationRule]:
        """Type of the rule file."""
        found: type[NormalisationRule] = _imported(self.rule_type)
        return found

    @cached_property
    def declared(self) -> type[Declared]:
        """What the contract of a column may say; defaults when it says nothing."""
        found: type[Declared] = _imported(self.declared_type)
        return found

    @cached_property
    def make(self) -> Callable[[Any, Any], Standardiser]:
        """Takes a rule and what is declared."""
        found: Callable[[Any, Any], Standardiser] = _imported(self.standardiser)
        return found

    @cached_property
    def tables(self) -> dict[str, Callable[[str], Any]]:
        """Field of the rule -> what reads its CSV."""
        return {name: _imported(place) for name, place in self.tables_from.items()}


def _imported(place: str) -> Any:
    module, _colon, name = place.partition(":")
    return getattr(importlib.import_module(f"cockpit.domain.normalise.{module}"), name)


def _of(file: str, module: str, name: str, rules: str = "", **more: Any) -> Kind:
    """A kind whose parts are called <name>Rule, <name>Declared and <name>Standardiser.

    Args:
        rules: Module of the first two, when it is another one.
    """
    rules = rules or module
    return Kind(file, f"{rules}:{name}Rule", f"{rules}:{name}Declared", f"{module}:{name}Standardiser", **more)


KINDS: dict[str, Kind] = {
    "amount": _of("amount.yml", "quantities.amount", "Amount", "quantities.amount_rule"),
    "headcount": _of("headcount.yml", "quantities.headcount", "Headcount"),
    "company": _of("company.yml", "names.company", "Company", code_version=2),
    "person": _of("person.yml", "names.person", "Person", "names.person_rule", code_version=2),
    "phone": _of("phone.yml", "contacts.phone", "Phone", "contacts.phone_rule", code_version=2),
    "email": _of("email.yml", "contacts.email", "Email", "contacts.email_rule"),
    "website": _of("website.yml", "contacts.website", "Website"),
    "credit-code": _of("credit_code.yml", "identifiers.credit_code", "CreditCode"),
    "address": _of(
        "address.yml",
        "addresses.address",
        "Address",
        tables_from={"divisions": "addresses.divisions:read_divisions"},
        code_version=2,
    ),
    "date": _of("date.yml", "dates.date", "Date", code_version=2),
    "lead-source": _of("lead_source.yml", "choice", "Choice"),
    "industry": _of("industry.yml", "choice", "Choice"),
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
