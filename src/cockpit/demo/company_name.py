"""A company's name as parts, so that it can be written in the ways in which people write it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cockpit.demo.profile import NamesFile

FULL_WIDTH_BRACKETS = ("（", "）")
HALF_WIDTH_BRACKETS = ("(", ")")


@dataclass(frozen=True)
class CompanyName:
    """The parts of a company's name and how they are written."""

    city: str
    brand: str
    trade: str
    legal_form: str
    has_bracketed_city: bool = False
    brackets: tuple[str, str] = FULL_WIDTH_BRACKETS
    space_before_legal_form: str = ""
    branch: str = ""

    def __str__(self) -> str:
        opening, closing = self.brackets
        head = f"{self.brand}{opening}{self.city}{closing}" if self.has_bracketed_city else f"{self.city}{self.brand}"
        return f"{head}{self.trade}{self.space_before_legal_form}{self.legal_form}{self.branch}"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two names different companies, however they are written."""
        return self.city, self.brand, self.trade, self.branch

    @property
    def short(self) -> str:
        """Brand and trade, as colleagues say it."""
        return f"{self.brand}{self.trade}"


def respell(name: CompanyName, names: NamesFile, habit: int, space: str) -> str:
    """The same name as another user would type it: brackets, legal form, spaces.

    Args:
        name: The name as first recorded.
        names: Gives the legal forms that mean the same.
        habit: Picks the changes; a name that they do not fit gets a space.
        space: An ASCII or ideographic space.

    Returns:
        A text that differs from `str(name)` and is equal to it after NFKC, removal of spaces and of the
        difference between equal legal forms.
    """
    typed = name
    if habit % 2 == 0 and name.has_bracketed_city:
        typed = replace(typed, brackets=HALF_WIDTH_BRACKETS)
    if habit % 3 == 0:
        typed = replace(typed, legal_form=names.legal_form_variants.get(name.legal_form, name.legal_form))
    if habit % 4 == 1 or typed == name:
        typed = replace(typed, space_before_legal_form=space)
    return str(typed)
