"""Generate `core_<entity>`, the golden records: of each field the value that the rules of survivorship prefer.

It says in SQL what `cockpit.domain.survive` says for one golden record. Golden records with one record, which are most,
take its values as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cockpit.domain.survive import Criterion
from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.survivorship import SurvivingField, Survivorship, load_survivorship, survivorship_file
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.received_text import quoted
from cockpit.warehouse.sql_text import parse_expression

# Columns that every golden record has besides its key and its fields.
LINEAGE = "lineage"
_MADE = ("completed_columns", "created_at", "source_record_count", LINEAGE)
# Of a source that no file ranks.
_LAST_TRUST = 9


def golden_sql(workspace: Workspace, contract: Contract, staged: Mapping[str, Contract]) -> str:
    """The SQL of a table of golden records.

    Args:
        workspace: Its sources say how far they are trusted.
        contract: Of the table; its columns are the key, the fields of the rule, and what every golden record has.
        staged: The contracts of the conformed tables by table name.

    Raises:
        RuleFileError: the rule does not fit the contract or the conformed table.
    """
    entity = str(contract.survivorship)
    rule = load_survivorship(workspace.models_folder, entity)
    _require_fit(rule, contract, staged[f"stg_{entity}"], survivorship_file(workspace.models_folder, entity))
    trust = {name: source.trust for name, source in workspace.sources.items()}
    return _Golden(rule, contract, trust).sql()


def _require_fit(rule: Survivorship, contract: Contract, staged: Contract, path: Path) -> None:
    where = f"{path}:1"
    promised = set(contract.columns) - {rule.key, *_MADE}
    if promised != {*rule.fields, *rule.derived}:
        raise RuleFileError(
            _("the fields differ from the columns of {table}", table=contract.table),
            where=where,
            found=", ".join(sorted(promised ^ {*rule.fields, *rule.derived})),
            fix=_("Give each column of the golden record a field, and each field a column."),
        )
    named = {field.column for field in rule.fields.values()} | {"created_at", rule.newest_by, *rule.same_while_one_of}
    for field in rule.fields.values():
        if field.valid:
            named |= parse_expression(field.valid, where).columns
    stray = sorted(named - set(staged.columns))
    if stray:
        raise RuleFileError(
            _("names a column that {table} does not have", table=staged.table),
            where=where,
            found=stray[0],
            allowed=", ".join(sorted(staged.columns)),
        )
    for name, expression in rule.derived.items():
        unknown = sorted(parse_expression(expression, where).columns - set(rule.fields))
        if unknown:
            raise RuleFileError(
                _("derived.{name} names a column that is none of the fields", name=name),
                where=where,
                found=unknown[0],
                allowed=", ".join(sorted(rule.fields)),
            )


class _Golden:
    def __init__(self, rule: Survivorship, contract: Contract, trust: Mapping[str, int]) -> None:
        self.rule = rule
        self.contract = contract
        self.trust = trust

    def sql(self) -> str:
        rule, fields = self.rule, list(self.rule.fields)
        table, key = f"core.{rule.table}_source", rule.key
        record = (
            f"select link.{key}, record.source, record.source_key, record.completed, record.created_at,"
            f" {', '.join(f'record.{name}' for name in self._columns())},"
            f" {self._trust(self.trust)} as trust, {self._filled()} as filled"
            f" from staging.stg_{rule.entity} as record inner join {table} as link"
            " on record.source = link.source and record.source_key = link.source_key"
        )
        single = [f"cast(record.{field.column} as {self._type(name)}) as {name}" for name, field in rule.fields.items()]
        many = [f"{self._array(name, field)} as {name}_ranked" for name, field in rule.fields.items()]
        chosen = [f"cast({name}_ranked[1][1] as {self._type(name)}) as {name}" for name in fields]
        final = ", ".join(f"{self._pinned(name)} as {name}" for name in fields)
        last = f"""
select chosen.{key}, {final},
nullif(array_to_string(case when pin.pinned is null then chosen.completed else array(
    select completed.field from unnest(chosen.completed) as completed (field)
    where not jsonb_exists(pin.pinned, completed.field)
) end, ', '), '') as completed_columns, chosen.created_at, chosen.source_record_count,
case when pin.pinned is null then chosen.{LINEAGE} else coalesce(chosen.{LINEAGE}, cast('{{}}' as jsonb))
|| {self._pins()} end as {LINEAGE}
from chosen left join pin on chosen.{key} = pin.golden_id
"""
        if rule.derived:
            taken = ", ".join(f"golden.{name}" for name in (key, *fields, *_MADE))
            derived = ", ".join(f"{expression} as {name}" for name, expression in rule.derived.items())
            last = f", golden as ({last}) select {taken}, {derived} from golden"
        return f"""
with size as (
    select link.{key}, count(*) as source_record_count from {table} as link group by link.{key}
),
record as ({record}),
single as (
    select record.{key}, {", ".join(single)}, {self._completed_single()} as completed, record.created_at,
    cast(1 as bigint) as source_record_count, cast(null as jsonb) as {LINEAGE}
    from record inner join size on record.{key} = size.{key} where size.source_record_count = 1
),
ranked as (
    select record.{key}, {", ".join(many)}, {self._completed_many()} as completed,
    min(record.created_at) as created_at, count(*) as source_record_count
    from record inner join size on record.{key} = size.{key} where size.source_record_count > 1
    group by record.{key}
),
chosen as (
    select * from single
    union all
    select {key}, {", ".join(chosen)}, completed, created_at, source_record_count, {self._lineage()}
    from ranked
),
pin as (
    select golden_id, jsonb_object_agg(field, value) as pinned from mdm.golden_pin
    where entity = {quoted(rule.entity)} group by golden_id
)
{last}"""

    def _type(self, name: str) -> str:
        return self.contract.columns[name].type

    def _columns(self) -> list[str]:
        """Columns of the conformed table that the choice looks at."""
        names = [field.column for field in self.rule.fields.values()]
        for field in self.rule.fields.values():
            if field.valid:
                names += sorted(parse_expression(field.valid, self.rule.entity).columns)
        known = {"source", "source_key", "completed", "created_at"}
        return [name for name in dict.fromkeys([*names, self.rule.newest_by]) if name not in known]

    def _array(self, name: str, field: SurvivingField) -> str:
        """All that records say about a field, the preferred first: value, source, key, then the criteria as texts."""
        ranks = {criterion: self._rank(criterion, field) for criterion in self._criteria(name)}
        parts = [f"cast(record.{field.column} as text)", "record.source", "record.source_key"]
        parts += [f"cast({rank} as text)" for rank, _order in ranks.values()]
        order = [f"{rank} {direction}" for rank, direction in ranks.values()]
        order += ['record.source collate "C"', 'record.source_key collate "C"']
        return (
            f"array_agg(array[{', '.join(parts)}] order by {', '.join(order)})"
            f" filter (where record.{field.column} is not null)"
        )

    def _rank(self, criterion: Criterion, field: SurvivingField) -> tuple[str, str]:
        if criterion == "given":
            return f"(record.completed -> {quoted(field.column)} is null)", "desc"
        if criterion == "valid":
            return f"coalesce(({field.valid}), false)", "desc"
        if criterion == "trust":
            return self._trust({**self.trust, **field.trust}) if field.trust else "record.trust", "asc"
        return (
            (f"record.{self.rule.newest_by}", "desc nulls last")
            if criterion == "recency"
            else ("record.filled", "desc")
        )

    def _criteria(self, name: str) -> list[Criterion]:
        """Those by which records can differ in this field."""
        field = self.rule.fields[name]
        return [criterion for criterion in self.rule.preferred(name) if criterion != "valid" or field.valid]

    def _trust(self, ranks: Mapping[str, int]) -> str:
        cases = " ".join(f"when {quoted(source)} then {rank}" for source, rank in sorted(ranks.items()))
        return f"case record.source {cases} else {_LAST_TRUST} end" if cases else str(_LAST_TRUST)

    def _filled(self) -> str:
        columns = dict.fromkeys(f"record.{field.column}" for field in self.rule.fields.values())
        return f"num_nonnulls({', '.join(columns)})"

    def _lineage(self) -> str:
        """Of each field that has a value, the record that it comes from and why: [source, key, reason]."""
        parts = []
        for name in self.rule.fields:
            ranked = f"{name}_ranked"
            cases = [f"when {ranked}[2][1] is null then 'only'"]
            for place, criterion in enumerate(self._criteria(name), start=4):
                cases.append(
                    f"when {ranked}[1][{place}] is distinct from {ranked}[2][{place}] then {quoted(criterion)}"
                )
            reason = f"case {' '.join(cases)} else 'order' end"
            parts.append(
                f"{quoted(name)}, case when {ranked} is not null"
                f" then jsonb_build_array({ranked}[1][2], {ranked}[1][3], {reason}) end"
            )
        return f"jsonb_strip_nulls(jsonb_build_object({', '.join(parts)}))"

    def _pinned(self, name: str) -> str:
        value = f"cast(pin.pinned ->> {quoted(name)} as {self._type(name)})"
        return f"case when jsonb_exists(pin.pinned, {quoted(name)}) then {value} else chosen.{name} end"

    def _pins(self) -> str:
        parts = (
            f"case when jsonb_exists(pin.pinned, {quoted(name)})"
            f" then jsonb_build_object({quoted(name)}, jsonb_build_array(null, null, 'pin'))"
            " else cast('{}' as jsonb) end"
            for name in self.rule.fields
        )
        return " || ".join(parts)

    def _completed_single(self) -> str:
        named = (
            f"case when record.completed -> {quoted(field.column)} is not null then {quoted(name)} end"
            for name, field in self.rule.fields.items()
        )
        return f"case when record.completed is not null then array_remove(array[{', '.join(named)}], null) end"

    def _completed_many(self) -> str:
        """Fields whose value no record was given."""
        named = (
            f"case when bool_and(record.completed -> {quoted(field.column)} is not null)"
            f" filter (where record.{field.column} is not null) then {quoted(name)} end"
            for name, field in self.rule.fields.items()
        )
        return f"array_remove(array[{', '.join(named)}], null)"
