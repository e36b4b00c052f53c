"""Generate the typed staging models from the sources' mappings.

`stg_<source>__<entity>` types what raw holds as received; a text that does not fit its type becomes null and its
column is listed in `invalid_columns`. What core reads of it is made by conformed.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import RuleFileError
from cockpit.rulebook.contract import Check, Column, Contract, Incremental
from cockpit.rulebook.normalisation import rule_version
from cockpit.rulebook.sources import Conform, Entity, SourceColumn
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse import standardised
from cockpit.warehouse.received_text import castable_text, fits_type, quoted, received_text
from cockpit.warehouse.sql_text import parse_expression
from cockpit.warehouse.standardised import RECEIVED, StandardisedColumn, declared_text

# How the bookkeeping of builds names the corrections of an entity's rows; source and entity follow.
OVERLAY = "quality.overlay_"

# PostgreSQL's index refuses longer ones, and with one of them the whole table.
LONGEST_KEY_BYTES = 2_000

# In place of the version of a rule file that cannot be read; nothing is computed by it.
_UNREADABLE = "unreadable"

POSTGRES_TYPES = {
    "text": "text",
    "bigint": "bigint",
    "integer": "integer",
    "numeric": "numeric",
    "date": "date",
    "timestamp": "timestamptz",
    "boolean": "boolean",
}

# Columns that every stg_<source>__<entity> has beside the source's own.
_TECHNICAL = {
    "source_key": Column(
        type="text", nullable=False, description="Key of the row in the source", description_zh="来源系统中的主键"
    ),
    "batch_id": Column(
        type="bigint", nullable=False, description="Import batch that brought this version", description_zh="导入批次"
    ),
    "standardised_by": Column(
        type="text",
        nullable=False,
        description="Kinds and versions of the rules by which the row was standardised",
        description_zh="标准化所用规则及版本",
    ),
    "invalid_columns": Column(
        type="text[]",
        nullable=False,
        description="Columns whose received text does not fit their type; they are null here",
        description_zh="内容与类型不符的字段",
    ),
}

TYPE_CHECK = Check(
    id="values_fit_types",
    expect="condition",
    condition="cardinality(invalid_columns) = 0",
    on_fail="quarantine",
    message="A value does not fit the type of its column",
    message_zh="字段内容与类型不符",
)


@dataclass(frozen=True)
class SourceEntity:
    """An entity together with the names it is known by.

    Attributes:
        rules: The checks that the workspace's quality rules make for it.
        keys_are_texts: Whether raw knows its keys as somebody wrote them, so that 7 and 007 are two rows there.
    """

    source: str
    name: str
    owner: str
    entity: Entity
    rules: tuple[Check, ...] = ()
    keys_are_texts: bool = False

    @property
    def raw_table(self) -> str:
        """Table in schema raw."""
        return f"{self.source}__{self.name}"

    @property
    def overlay(self) -> str:
        """Name under which the bookkeeping of builds knows the corrections of its rows."""
        return overlay_of(self.staging_table)

    @property
    def staging_table(self) -> str:
        """Table in schema staging."""
        return f"stg_{self.source}__{self.name}"


def overlay_of(typed_table: str) -> str:
    """Name under which the bookkeeping of builds knows the corrections of a typed table's rows."""
    return OVERLAY + typed_table.removeprefix("stg_")


def source_entities(workspace: Workspace, *, conforming_to: str | None = None) -> Iterator[SourceEntity]:
    """Every entity of every source of a workspace, or those that conform to a conformed entity."""
    for source in workspace.sources.values():
        for name, entity in source.entities.items():
            if conforming_to is not None and conforming_to not in entity.conforms_to:
                continue
            rules = workspace.quality.checks(
                source.source, name, entity, is_standardised=workspace.normalisation_folder is not None
            )
            yield SourceEntity(
                source.source,
                name,
                entity.owner or source.owner,
                entity,
                tuple(rules),
                keys_are_texts=source.connector != "sql",
            )


def raw_tables(workspace: Workspace) -> list[str]:
    """Names of the tables in schema raw."""
    return [entity.raw_table for entity in source_entities(workspace)]


@dataclass(frozen=True)
class TypedModel:
    """How `stg_<source>__<entity>` is computed.

    Attributes:
        received: SQL for the texts that raw holds, corrections of stewards laid over them; null when nothing has to
            be standardised, so that one statement does all.
        standardised: Columns that it standardises.
        fault: Why it cannot be computed: the file of a kind cannot be read.
        sql: The rows; from the temporary table of `received` where there is one.
    """

    contract: Contract
    sql: str
    received: str | None
    standardised: tuple[StandardisedColumn, ...]
    fault: RuleFileError | None = None


def source_model(source: SourceEntity, rules: Path | None = None, indexed: Collection[str] = ()) -> TypedModel:
    """Contract and SQL of `stg_<source>__<entity>`.

    Args:
        source: The entity.
        rules: Folder of the standardising rules; texts stay as typed without it.
        indexed: Columns of conformed entities and of core that are keys or codes.
    """
    columns = source.entity.columns
    versions, fault = _versions(source, rules)
    codes = _codes(source, indexed)
    standards = {column.name: column for column in _standardised(source, versions)}
    texts: list[str] = []
    judgements: list[str] = []
    typed: list[str] = []
    misfits: list[str] = []
    joins: list[str] = []
    documented: dict[str, Column] = {}
    for field, column in columns.items():
        name = source.entity.our_name(field)
        documented[name] = _documented(column)
        text = received_text(source.entity, field)
        if name in standards:
            texts.append(f"{text} as {name}")
            alias = f"standard_{len(joins) + 1}"
            joins.append(standardised.join(standards[name], alias))
            kind = POSTGRES_TYPES[column.type]
            typed.append(f"cast({alias}.stored as {kind}) as {name}")
            beside = standardised.parts(standards[name], column, alias)
            typed += [f"{expression} as {part}" for part, (expression, _documentation) in beside.items()]
            documented |= {part: documentation for part, (_expression, documentation) in beside.items()}
            if column.type != "text":
                # What a person has to decide on is no misfit: only a required value holds its row back.
                misfits.append(f"case when {beside[f'{name}_outcome'][0]} = 'invalid' then {quoted(name)} end")
            continue
        texts.append(f"{text if column.type == 'text' else castable_text(text, column, source.entity)} as {name}")
        if column.type == "text" and name not in codes:
            typed.append(f"received.{name}")
            continue
        kind = POSTGRES_TYPES[column.type]
        fits = (
            f"octet_length(texts.{name}) <= {LONGEST_KEY_BYTES}"
            if column.type == "text"
            else fits_type(f"texts.{name}", kind)
        )
        # No column of a source has a blank in its name.
        judgement = f'"fits {len(judgements) + 1}"'
        judgements.append(f"{fits} as {judgement}")
        typed.append(f"case when received.{judgement} then cast(received.{name} as {kind}) end as {name}")
        misfits.append(f"case when not received.{judgement} then {quoted(name)} end")
    if standards:
        applied = ", ".join(f"{kind} {version}" for kind, version in sorted(versions.items()))
        typed.append(f"{quoted(applied)} as standardised_by")
        documented["standardised_by"] = _TECHNICAL["standardised_by"]
    invalid = f"array_remove(cast(array[{', '.join(misfits)}] as text[]), null)" if misfits else "cast('{}' as text[])"
    names = [f"texts.{name}" for name in ("source_key", "batch_id", *map(source.entity.our_name, columns))]
    received = f"select {', '.join(['source_key', 'batch_id', *texts])} from {_corrected(source)}"
    # `offset 0` keeps PostgreSQL from putting an expression in the place of its name, where it is computed at each use.
    received_rows = f"pg_temp.{RECEIVED}" if standards else f"({received} offset 0)"
    judged = f"(select {', '.join([*names, *judgements])} from {received_rows} as texts offset 0) as received"
    rows = "\n    ".join([f"from {judged}", *joins])
    inner = ["received.source_key", "received.batch_id", *typed, f"{invalid} as invalid_columns"]
    # The outer level exists so that the keys of regrouped entities are written in our names.
    outer = [
        "source_key",
        "batch_id",
        *documented,
        *(f"{_key_text(conform)} as {key_column(name)}" for name, conform in regrouping(source).items()),
        "invalid_columns",
    ]
    sql = f"select\n    {_list(outer)}\nfrom (\n    select\n    {_list(inner)}\n    {rows}\n) as typed"
    contract = Contract(
        table=source.staging_table,
        description=f"{source.name} of {source.source}, typed and standardised",
        description_zh=f"来源 {source.source} 的 {source.name}，已转换类型并标准化",
        grain=("source_key",),
        owner=source.owner,
        materialised="incremental",
        incremental=Incremental(
            key=("source_key",), reads={f"raw.{source.raw_table}": ("key",), source.overlay: ("key",)}
        ),
        columns={
            "source_key": _TECHNICAL["source_key"],
            "batch_id": _TECHNICAL["batch_id"],
            **documented,
            **{
                key_column(name): Column(
                    type="text", description=f"Key of the conformed {name}", description_zh=f"归一实体 {name} 的主键"
                )
                for name in regrouping(source)
            },
            "invalid_columns": _TECHNICAL["invalid_columns"],
        },
        checks=(
            TYPE_CHECK,
            *_required_checks(source.entity, set(standards)),
            *_key_check(source),
            *source.entity.checks,
            *source.rules,
        ),
        indexes=(("batch_id",), *((key_column(name),) for name in regrouping(source))),
    )
    return TypedModel(
        contract,
        sql,
        received if standards else None,
        tuple(standards.values()),
        fault,
    )


def _versions(source: SourceEntity, rules: Path | None) -> tuple[dict[str, str], RuleFileError | None]:
    """Version of the rule of each kind that the entity is standardised by, and the first fault of a file."""
    versions: dict[str, str] = {}
    fault: RuleFileError | None = None
    if rules is None:
        return versions, fault
    for column in source.entity.columns.values():
        if column.standard and column.standard != "none" and column.standard not in versions:
            try:
                versions[column.standard] = rule_version(rules, column.standard)
            except RuleFileError as error:
                versions[column.standard] = _UNREADABLE
                fault = fault or error
    return versions, fault


def _standardised(source: SourceEntity, versions: Mapping[str, str]) -> Iterator[StandardisedColumn]:
    for received, column in source.entity.columns.items():
        if column.standard and column.standard in versions:
            yield StandardisedColumn(
                source.entity.our_name(received), column.standard, declared_text(column), versions[column.standard]
            )


def _corrected(source: SourceEntity) -> str:
    """The rows of raw with the corrections of stewards laid over them, as a subquery."""
    return (
        "(select raw.key as source_key, raw.batch_id,"
        " case when overlay.patch is null then raw.payload else raw.payload || overlay.patch end as payload"
        f" from raw.{source.raw_table} as raw left join quality.overlay as overlay"
        f" on overlay.source = {quoted(source.source)} and overlay.entity = {quoted(source.name)}"
        " and overlay.key = raw.key where raw.deleted_at is null) as corrected"
    )


def regrouping(source: SourceEntity) -> dict[str, Conform]:
    """Conformed entities whose rows are not the entity's own rows: a flat export repeats them."""
    own = (
        ("source_key",)
        if source.entity.key == "line"
        else tuple(source.entity.our_name(column) for column in source.entity.key)
    )
    return {
        name: conform
        for name, conform in source.entity.conforms_to.items()
        if conform.key not in (own, ("source_key",))
    }


def key_column(entity: str) -> str:
    """Column of a typed table with the key of a conformed entity by whose rows it is regrouped."""
    return f"{entity}_group_key"


def _codes(source: SourceEntity, indexed: Collection[str]) -> set[str]:
    """Our names of the columns whose texts become keys and codes, which an index must be able to hold."""
    names: set[str] = set()
    for conform in source.entity.conforms_to.values():
        names.update(conform.key)
        for column, expression in conform.columns.items():
            if column in indexed:
                names |= _columns(expression)
    return names


def _columns(expression: str) -> frozenset[str]:
    try:
        return parse_expression(expression, "").columns
    except RuleFileError:
        # The table that it is for says so, with its place.
        return frozenset()


def _key_text(conform: Conform) -> str:
    """The key's values joined by '|', null when one of them is missing."""
    return " || '|' || ".join(f"cast({column} as text)" for column in conform.key)


def _required_checks(entity: Entity, standardised_names: Collection[str]) -> Iterator[Check]:
    for received, column in entity.columns.items():
        if column.required:
            name = entity.our_name(received)
            # A text that could not be read is not missing; a number or date that could not be read is.
            name = f"{name}_received" if name in standardised_names and column.type == "text" else name
            yield Check(
                expect="not_null",
                column=name,
                on_fail="quarantine",
                message=f"{column.description} is missing",
                message_zh=f"缺少{column.description_zh}",
            )


def _key_check(source: SourceEntity) -> Iterator[Check]:
    """Two rows of raw whose keys are one once they are typed: nobody can tell which of them counts."""
    entity = source.entity
    if (
        source.keys_are_texts
        and entity.key != "line"
        and any(entity.columns[name].type != "text" for name in entity.key)
    ):
        yield Check(
            id="key_written_differently",
            expect="unique",
            columns=tuple(entity.our_name(name) for name in entity.key),
            on_fail="quarantine",
            message="Another row has the same key in another way of writing",
            message_zh="另一行以不同写法使用了同一主键",
        )


def _documented(column: SourceColumn) -> Column:
    return Column(
        type=POSTGRES_TYPES[column.type],
        description=column.description,
        description_zh=column.description_zh,
        unit=column.unit,
    )


def _list(expressions: list[str]) -> str:
    return ",\n    ".join(expressions)
