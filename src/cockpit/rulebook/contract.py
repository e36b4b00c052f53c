"""A model's contract: what its table means, promises and costs, in `<name>.yml` beside `<name>.sql`.

Staging tables have no file of their own; their contracts are derived from the source files, in the same type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, TypeAlias

from pydantic import Field, PrivateAttr, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule, load

LAYERS = ("raw", "staging", "core", "marts")

IDENTIFIER = r"^[a-z][a-z0-9_]{0,62}$"
# module:function
_FUNCTION = r"^[a-z_.]+:[a-z_]+$"

OnFail: TypeAlias = Literal["quarantine", "stop", "warn"]


class Column(Rule):
    """One column; null behaviour is part of its meaning.

    Attributes:
        privacy: Who may read it in a mart. `personal` says who a person is or how to reach them: read in the clear
            only by roles that see personal data, by everybody else as its `mask` leaves it.
        mask: What is left: first character and dots of a name, the ends of a number, the domain of an address, nothing
            of any other text.
    """

    type: str
    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=1)
    unit: str | None = None
    nullable: bool = True
    privacy: Literal["public", "internal", "personal"] = Field(default="internal", alias="class")
    mask: Literal["name", "phone", "email", "text"] | None = None

    @model_validator(mode="after")
    def _mask_fits(self) -> Self:
        if (self.mask is not None) != (self.privacy == "personal"):
            raise MisfitError(_("a personal column has a mask, and no other"), "class")
        if self.mask is not None and self.type != "text":
            raise MisfitError(_("only text can be masked"), "type", allowed="text")
        return self


class Check(Rule):
    """One promise about rows; becomes one Great Expectations expectation.

    `condition` is an SQL expression over the columns that must not be false; null counts as passed, so that a
    missing value is reported by `not_null` alone and not by every rule that touches it.

    Attributes:
        refers_to: `entity.column` of the same source whose values `column` has to be one of; null passes. In core and
            marts `table.column` of a table of core.
        owner_column: Column with the user name of the person who answers for the row; the entity's owner when absent,
            and where the column is null.
        concerns_money: A confirmation that the row is right needs a second person.
        offending: Columns that a person has to look at; `column` or `columns` when absent.
    """

    id: str | None = Field(default=None, pattern=IDENTIFIER)
    expect: Literal["not_null", "unique", "between", "in_set", "matches", "condition", "references", "row_count_change"]
    column: str | None = None
    columns: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    condition: str | None = None
    refers_to: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    max_ratio: float | None = Field(default=None, gt=0)
    on_fail: OnFail = "stop"
    why: str | None = None
    why_zh: str | None = None
    message: str | None = None
    message_zh: str | None = None
    owner_column: str | None = None
    concerns_money: bool = False
    offending: tuple[str, ...] = ()

    # Not part of the rule: a moved line is no other rule.
    _origin: str | None = PrivateAttr(default=None)

    def found_at(self, origin: str) -> Self:
        """The same check, which knows that it stands at `file:line`."""
        copy = self.model_copy()
        copy._origin = origin
        return copy

    @property
    def origin(self) -> str | None:
        """`file:line` of a check that does not stand in the contract of its table."""
        return self._origin

    @property
    def marked_columns(self) -> tuple[str, ...]:
        """What to mark on a page that shows a failing row."""
        return self.offending or self.columns or ((self.column,) if self.column else ())

    @property
    def rule_id(self) -> str:
        """A name that stays when other checks come or go; used in quarantine and results."""
        return self.id or "_".join(filter(None, (self.column or "_".join(self.columns), self.expect)))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs = {
            "not_null": self.column,
            "unique": self.column or self.columns,
            "between": self.column and (self.min is not None or self.max is not None),
            "in_set": self.column and self.values,
            "matches": self.column and self.pattern,
            "condition": self.condition and self.id,
            "references": self.column and self.refers_to,
            "row_count_change": self.max_ratio,
        }
        wanted = {
            "not_null": "column",
            "unique": "column or columns",
            "between": "column and min or max",
            "in_set": "column and values",
            "matches": "column and pattern",
            "condition": "condition and id",
            "references": "column and refers_to",
            "row_count_change": "max_ratio",
        }
        if not needs[self.expect]:
            raise MisfitError(_("{check} needs {keys}", check=self.expect, keys=wanted[self.expect]), "expect")
        if self.on_fail == "quarantine" and not (self.message and self.message_zh):
            raise MisfitError(
                _("a check that quarantines rows needs message and message_zh for the row's owner"), "on_fail"
            )
        return self


class Incremental(Rule):
    """How changed rows upstream lead to the rows of this model that have to be computed again.

    Attributes:
        key: Columns of this model that say which rows belong together; part of the grain.
        reads: For each table that drives the model, the columns there that hold the key, in the same order.
            A change in a table that is not listed leads to a full build.
        followed: Tables whose changes need no look of their own: the function that builds the model finds them out by
            itself, or what they change is named in one of `reads` too.
        through: For each table that only adds to rows, such as the customer of an event: columns of this model and the
            columns there that they are joined by. Rows that are there already and name what changed are computed
            again, so that the table has to be joined from the left and its rows must not decide which rows there are.
        via: For each table that the tables of `reads` are joined to, and that only says how their rows are counted: the
            columns of that join, named alike in all of them. The keys of their rows that name what changed are
            computed again.
    """

    key: tuple[str, ...] = Field(min_length=1)
    reads: dict[str, tuple[str, ...]] = Field(min_length=1)
    followed: tuple[str, ...] = ()
    through: dict[str, dict[str, str]] = Field(default_factory=dict)
    via: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        seen = {*self.reads, *self.followed}
        for key, tables in (("through", self.through), ("via", self.via)):
            for table, columns in tables.items():
                if table in seen or not columns:
                    raise MisfitError(_("names a table twice, or no column of it"), key, table)
                seen.add(table)
        return self

    def asks(self, table: str) -> tuple[str, ...] | None:
        """The columns of a table by which its changes lead to keys; None when they cannot."""
        if table in self.reads:
            return self.reads[table]
        if table in self.through:
            return tuple(self.through[table].values())
        return self.via.get(table)

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        for table, columns in self.reads.items():
            if len(columns) != len(self.key):
                raise MisfitError(
                    _("has {count} columns, the key has {wanted}", count=len(columns), wanted=len(self.key)),
                    "reads",
                    table,
                )
        return self


class RowScope(Rule):
    """The columns that say whose row it is, by kind of scope.

    A person sees the row when one of their scopes fits; a scope that needs a column which the mart does not have fits
    nothing. Without any column the rows are about the whole company, for people who see everything.

    Attributes:
        region: Code of the region.
        business_unit: Code of the business unit; with `region` it also serves scopes of both.
        rep: User name of the salesperson in charge.
        customer: Golden customer; salespeople see the rows of the customers they own.
        everybody: The rows are nobody's, such as names of regions: who has any scope sees all. Without other columns.
    """

    everybody: bool = False
    region: str | None = None
    business_unit: str | None = None
    rep: str | None = None
    customer: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are given."""
        return tuple(name for name in (self.region, self.business_unit, self.rep, self.customer) if name)

    @model_validator(mode="after")
    def _everybody_alone(self) -> Self:
        if self.everybody and self.columns:
            raise MisfitError(_("rows that everybody sees have no scope"), "everybody")
        return self


class Contract(Rule):
    """What a table is. See `docs/reference/contract.md` for each field."""

    table: str = Field(pattern=IDENTIFIER)
    description: str = Field(min_length=3)
    description_zh: str = Field(min_length=1)
    grain: tuple[str, ...] = Field(min_length=1)
    owner: str = Field(min_length=2)
    materialised: Literal["table", "incremental", "view"] = "table"
    incremental: Incremental | None = None
    built_by: str | None = Field(default=None, pattern=_FUNCTION)
    reads: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    survivorship: str | None = Field(default=None, pattern=IDENTIFIER)
    from_metrics: bool = False
    after: str | None = Field(default=None, pattern=_FUNCTION)
    row_scope: RowScope | None = None
    columns: dict[str, Column] = Field(min_length=1)
    checks: tuple[Check, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def personal(self) -> Mapping[str, Column]:
        """Columns that are masked."""
        return {name: column for name, column in self.columns.items() if column.mask}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = list(self.columns)
        for name in known:
            if not re.match(IDENTIFIER, name):
                raise MisfitError(_("is not of the right form"), "columns", name, allowed=IDENTIFIER)
        for place, names in {
            "grain": self.grain,
            "incremental.key": self.incremental.key if self.incremental else (),
            "row_scope": self.row_scope.columns if self.row_scope else (),
            "indexes": tuple(column for index in self.indexes for column in index),
            "checks": tuple(
                column
                for check in self.checks
                for column in (*check.columns, *((check.column,) if check.column else ()))
            ),
        }.items():
            unknown = sorted(set(names) - set(known))
            if unknown:
                message = _("names {unknown}, which is not in columns", unknown=", ".join(unknown))
                raise MisfitError(message, *place.split("."), allowed=", ".join(known))
        if (self.materialised == "incremental") != (self.incremental is not None):
            place = "incremental" if self.incremental else "materialised"
            raise MisfitError(_("'materialised: incremental' and the key 'incremental' go together"), place)
        if self.built_by and not self.reads:
            raise MisfitError(_("needs 'reads': the tables that the function reads"), "built_by")
        if self.reads and not self.built_by:
            raise MisfitError(_("is for built_by; the tables of an SQL model are found in its SQL"), "reads")
        if self.rules and not self.built_by:
            raise MisfitError(_("is for built_by; an SQL model has its rules in its SQL"), "rules")
        if self.parameters and not self.built_by:
            raise MisfitError(_("is for built_by; the parameters of an SQL model are found in its SQL"), "parameters")
        if self.from_metrics and (self.built_by or self.survivorship):
            raise MisfitError(_("is for a model whose SQL follows from the metrics alone"), "from_metrics")
        if self.survivorship and self.built_by:
            raise MisfitError(_("is for a model without built_by: its SQL follows from the rules"), "survivorship")
        return self


def load_contract(path: Path) -> Contract:
    """Read one contract; the file's name must be the table's name, so that it can be found."""
    contract = load(path, Contract)
    if contract.table != path.stem:
        raise RuleFileError(
            _("table differs from the file's name"), where=f"{path}:1", found=contract.table, allowed=path.stem
        )
    return contract
