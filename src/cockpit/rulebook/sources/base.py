"""What all sources have in common: who owns them, what their entities hold, what their columns mean to us."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.domain.normalise.standard import StandardKind
from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER, Check
from cockpit.rulebook.dictionary import Dictionary, Sensitivity
from cockpit.rulebook.files import MisfitError, Rule
from cockpit.rulebook.sources.text_formats import NumberFormat, require_date_formats

FieldType: TypeAlias = Literal["text", "bigint", "integer", "numeric", "date", "timestamp", "boolean"]

# What happens when a source delivers other columns than its contract says.
DriftPolicy: TypeAlias = Literal["evolve", "warn", "stop"]

# Article 13 of the Personal Information Protection Law, and article 6 of the GDPR, in words that fit both.
LegalBasis: TypeAlias = Literal["consent", "contract", "legal_obligation", "legitimate_interest", "public_information"]


# Columns that are no text hold the value itself.
_TYPES_OF_STANDARD = {"amount": ("numeric",), "date": ("date", "timestamp")}


class SourceColumn(Rule):
    """One column as the source delivers it.

    Attributes:
        type: What staging casts the received text to; a value that does not fit becomes null, and the check
            `values_fit_types` quarantines its row.
        field: Field of the data dictionary; gives descriptions, unit, synonyms and sensitivity where the column
            does not say them itself.
        name: Our name for it, when the source's own name is not a good one.
        synonyms: Other names under which the source may deliver it; staging takes the first that a row has.
        required: Null or empty quarantines the row.
        values: What may be entered by hand; becomes the drop-down of the Excel template.
        formats: How its dates are written, the first that fits: `YYYYMMDD`, `DD.MM.YYYY`, `YYYY年MM月DD日`,
            `excel_serial`, `iso`. Only what PostgreSQL reads by itself when absent.
        numbers: How its numbers are written; the entity's `numbers` when absent.
        standard: What its texts are standardised as; the field's when absent, `none` for never.
        declared: What the source promises about these texts, such as `currency: USD`; see the kind's rule file.
    """

    type: FieldType
    field: str | None = Field(default=None, pattern=IDENTIFIER)
    name: str | None = Field(default=None, pattern=IDENTIFIER)
    synonyms: tuple[str, ...] = ()
    required: bool = False
    values: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    numbers: NumberFormat | None = None
    standard: StandardKind | Literal["none"] | None = None
    declared: dict[str, Any] = Field(default_factory=dict)
    description: str = ""
    description_zh: str = ""
    unit: str | None = None
    sensitivity: Sensitivity = "internal"

    @model_validator(mode="after")
    def _described(self) -> Self:
        if self.field is None and (len(self.description) < 3 or not self.description_zh):
            raise MisfitError(_("needs 'field' of the data dictionary, or description and description_zh"))
        return self

    @model_validator(mode="after")
    def _formats_of_its_type(self) -> Self:
        if self.formats and self.type not in ("date", "timestamp"):
            raise MisfitError(_("is for dates and times only"), "formats")
        if self.numbers and self.type not in ("bigint", "integer", "numeric"):
            raise MisfitError(_("is for numbers only"), "numbers")
        require_date_formats(self.formats, "formats")
        return self

    @model_validator(mode="after")
    def _standard_of_its_type(self) -> Self:
        wanted = _TYPES_OF_STANDARD.get(self.standard or "none", ("text",))
        if self.standard not in (None, "none") and self.type not in wanted:
            raise MisfitError(
                _("{type} does not hold a standardised {kind}", type=self.type, kind=self.standard),
                "standard",
                allowed=" | ".join(wanted),
            )
        if self.declared and self.standard == "none":
            raise MisfitError(_("says something about texts that are not standardised"), "declared")
        return self

    def completed(self, dictionary: Dictionary) -> SourceColumn:
        """With what the dictionary says about its field; what the column says itself comes first."""
        if self.field is None:
            return self
        field = dictionary.fields[self.field]
        return self.model_copy(
            update={
                "description": self.description or field.description,
                "description_zh": self.description_zh or field.description_zh,
                "unit": self.unit or field.unit,
                "synonyms": tuple(dict.fromkeys((*self.synonyms, *field.synonyms))),
                "standard": self.standard or (field.standard if self.type == "text" else None),
                "sensitivity": field.sensitivity if "sensitivity" not in self.model_fields_set else self.sensitivity,
            }
        )


class Conform(Rule):
    """How an entity's rows become rows of a conformed entity `stg_<name>`, which core reads.

    Attributes:
        key: Our names of the columns that identify the conformed row within this source. When they are not
            the entity's own key (a flat export that repeats the customer on each line), the row with the
            greatest `latest_by` stands for the rest.
        columns: Conformed column -> SQL expression over our names.
        where: Rows that take part; all when absent.
    """

    key: tuple[str, ...] = Field(min_length=1)
    latest_by: str | None = None
    columns: dict[str, str] = Field(min_length=1)
    where: str | None = None


class Attachment(Rule):
    """The entity lists attachments: rows of their own that stay tied to the record they belong to.

    Attributes:
        entity: Entity of the same source that the attachments belong to, when it is always the same.
        key: Our names of the columns that hold that record's key.
        entity_column: Our name of the column that says which entity, when it varies.
    """

    entity: str | None = Field(default=None, pattern=IDENTIFIER)
    entity_column: str | None = Field(default=None, pattern=IDENTIFIER)
    key: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.entity is None) == (self.entity_column is None):
            raise MisfitError(_("needs either 'entity' or 'entity_column'"))
        return self


class Deletes(Rule):
    """How rows that are gone from the source are found: by comparing the keys that it holds with those of raw.

    Attributes:
        max_share: Largest share of raw's rows, 0-1, that one load may mark as deleted; above it the load stops,
            because an emptied or half-read source looks the same.
        tolerated_rows: So many rows may always go, whatever their share of a small table.
    """

    max_share: float = Field(default=0.2, gt=0, le=1)
    tolerated_rows: int = Field(default=10, ge=0)


class Entity(Rule):
    """One table, one kind of file, one collection of a web API or one form of a source.

    Attributes:
        key: Columns that identify a row, as the source names them.
        drift: The source's policy when absent.
        owner: Who answers for its rows; the source's owner when absent.
        null_values: Texts that stand for nothing, beside the empty one.
        numbers: How numbers are written in texts; as PostgreSQL writes them when absent.
    """

    key: tuple[str, ...] | Literal["line"]
    columns: dict[str, SourceColumn] = Field(min_length=1)
    checks: tuple[Check, ...] = ()
    conforms_to: dict[str, Conform] = Field(default_factory=dict)
    attachment_of: Attachment | None = None
    drift: DriftPolicy | None = None
    owner: str | None = None
    null_values: tuple[str, ...] = ()
    numbers: NumberFormat | None = None

    def our_name(self, column: str) -> str:
        """The name that a source's column has from staging on."""
        return self.columns[column].name or column

    @model_validator(mode="after")
    def _known_key(self) -> Self:
        if self.key != "line":
            unknown = sorted(set(self.key) - set(self.columns))
            if unknown:
                raise MisfitError(
                    _("names {unknown}, which is not in columns", unknown=", ".join(unknown)),
                    "key",
                    allowed=", ".join(self.columns),
                )
        names = [self.our_name(column) for column in self.columns]
        for column, name in zip(self.columns, names, strict=True):
            if not re.match(IDENTIFIER, name):
                raise MisfitError(_("needs a 'name' of our own: lower case, digits, '_'"), "columns", column)
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise MisfitError(_("two columns have the name {name}", name=twice), "columns")
        return self

    @model_validator(mode="after")
    def _known_attachment(self) -> Self:
        if self.attachment_of:
            names = {self.our_name(column) for column in self.columns}
            asked = {*self.attachment_of.key, *filter(None, (self.attachment_of.entity_column,))}
            unknown = sorted(asked - names)
            if unknown:
                raise MisfitError(
                    _("names {unknown}, which is not in columns", unknown=", ".join(unknown)),
                    "attachment_of",
                    allowed=", ".join(sorted(names)),
                )
        return self

    @model_validator(mode="after")
    def _known_conformed_keys(self) -> Self:
        names = {"source_key", *(self.our_name(column) for column in self.columns)}
        for entity, conform in self.conforms_to.items():
            unknown = sorted(set(conform.key) - names)
            if unknown:
                raise MisfitError(
                    _("names {unknown}, which is not in columns", unknown=", ".join(unknown)),
                    "conforms_to",
                    entity,
                    "key",
                    allowed=", ".join(sorted(names)),
                )
        return self


class CursorEntity(Entity):
    """An entity that can be read from a certain change on.

    Attributes:
        key: Its columns; such a source has no line numbers.
        cursor: Column that grows with each change; only rows at or after the last seen value, less
            `overlap`, are read. Null rows are always read.
        overlap: How late a transaction may become visible in the source.
        deletes: Compare keys at each load; without it rows stay although the source has removed them.
    """

    key: tuple[str, ...] = Field(min_length=1)
    cursor: str | None = None
    overlap: timedelta = timedelta(0)
    deletes: Deletes | None = None


class PersonalData(Rule):
    """Why the source's personal data may be processed."""

    basis: LegalBasis
    purpose: str = Field(min_length=3)
    purpose_zh: str = Field(min_length=2)


class SourceBase(Rule):
    """Keys that every source file has.

    Attributes:
        trust: Rank in survivorship and in arguments: 1 is believed first, 9 last.
        drift: What happens when columns differ from the contract.
        personal_data: Needed as soon as one column is personal.
        schedule: Cron expression in business time; never by itself when absent.
    """

    source: str = Field(pattern=IDENTIFIER)
    title: str
    title_zh: str
    owner: str
    schedule: str | None = None
    trust: int = Field(default=5, ge=1, le=9)
    drift: DriftPolicy = "warn"
    personal_data: PersonalData | None = None


def has_time_cursor(entity: CursorEntity) -> bool:
    """Whether the entity can be asked for what changed between two times."""
    column = entity.columns.get(entity.cursor) if entity.cursor else None
    return column is not None and column.type in ("date", "timestamp")


def personal_columns(entity: Entity) -> list[str]:
    """Columns of an entity that say something about a person, as the source names them."""
    return [name for name, column in entity.columns.items() if column.sensitivity == "personal"]
