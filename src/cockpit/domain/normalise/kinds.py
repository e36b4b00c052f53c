"""The kinds of values that can be standardised: their rule files, what a contract may declare, who applies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cockpit.domain.normalise.addresses.address import AddressDeclared, AddressRule, AddressStandardiser
from cockpit.domain.normalise.addresses.divisions import read_divisions
from cockpit.domain.normalise.choice import ChoiceDeclared, ChoiceRule, ChoiceStandardiser
from cockpit.domain.normalise.contacts.email import EmailStandardiser
from cockpit.domain.normalise.contacts.email_rule import EmailDeclared, EmailRule
from cockpit.domain.normalise.contacts.phone import PhoneStandardiser
from cockpit.domain.normalise.contacts.phone_rule import PhoneDeclared, PhoneRule
from cockpit.domain.normalise.contacts.website import WebsiteDeclared, WebsiteRule, WebsiteStandardiser
from cockpit.domain.normalise.dates.date import DateDeclared, DateRule, DateStandardiser
from cockpit.domain.normalise.identifiers.credit_code import CreditCodeDeclared, CreditCodeRule, CreditCodeStandardiser
from cockpit.domain.normalise.names.company import CompanyDeclared, CompanyStandardiser
from cockpit.domain.normalise.names.company_rule import CompanyRule
from cockpit.domain.normalise.names.person import PersonStandardiser
from cockpit.domain.normalise.names.person_rule import PersonDeclared, PersonRule
from cockpit.domain.normalise.quantities.amount import AmountStandardiser
from cockpit.domain.normalise.quantities.amount_rule import AmountDeclared, AmountRule
from cockpit.domain.normalise.quantities.headcount import HeadcountDeclared, HeadcountRule, HeadcountStandardiser
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Standard, Standardiser
from cockpit.domain.normalise.text import fold


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    Attributes:
        rule: Type of `include/rules/normalisation/<file>.yml`.
        declared: What the contract of a column may say; defaults when it says nothing.
        make: Takes a rule and what is declared.
        tables: Fields of the rule that are read from a CSV file beside it, named by `<field>_from` in the YAML: what
            turns the CSV's text into the field's value.
        code_version: Raised when the kind's code gives other results, so that stored ones are made again.
    """

    file: str
    rule: type[NormalisationRule]
    declared: type[Declared]
    make: Callable[[Any, Any], Standardiser]
    tables: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    code_version: int = 1


KINDS: dict[str, Kind] = {
    "amount": Kind("amount.yml", AmountRule, AmountDeclared, AmountStandardiser),
    "headcount": Kind("headcount.yml", HeadcountRule, HeadcountDeclared, HeadcountStandardiser),
    "company": Kind("company.yml", CompanyRule, CompanyDeclared, CompanyStandardiser, code_version=2),
    "person": Kind("person.yml", PersonRule, PersonDeclared, PersonStandardiser, code_version=2),
    "phone": Kind("phone.yml", PhoneRule, PhoneDeclared, PhoneStandardiser, code_version=2),
    "email": Kind("email.yml", EmailRule, EmailDeclared, EmailStandardiser),
    "website": Kind("website.yml", WebsiteRule, WebsiteDeclared, WebsiteStandardiser),
    "credit-code": Kind("credit_code.yml", CreditCodeRule, CreditCodeDeclared, CreditCodeStandardiser),
    "address": Kind(
        "address.yml",
        AddressRule,
        AddressDeclared,
        AddressStandardiser,
        tables={"divisions": read_divisions},
        code_version=2,
    ),
    "date": Kind("date.yml", DateRule, DateDeclared, DateStandardiser, code_version=2),
    "lead-source": Kind("lead_source.yml", ChoiceRule, ChoiceDeclared, ChoiceStandardiser),
    "industry": Kind("industry.yml", ChoiceRule, ChoiceDeclared, ChoiceStandardiser),
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
