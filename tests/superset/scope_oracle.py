"""Which rows a person may see of a dataset, worked out from the rule files without the platform's own policies.

As cockpit_etl, to whom every row is open, each mart is narrowed by a plain condition written from people.yml, roles.yml
and subjects.yml; the dataset's query then reads these narrowed marts. A policy that lets too much or too little through
gives other rows than this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from psycopg2.extensions import connection as PgConnection

from cockpit.stack.settings import REPOSITORY

_ZONE = ZoneInfo("Asia/Shanghai")
_RULES = REPOSITORY / "include/rules/security"
_MARTS = REPOSITORY / "include/sql/marts"
NOTHING, EVERYTHING = "false", "true"


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


PEOPLE: Mapping[str, Any] = {
    username: person
    for username, person in _read(_RULES / "people.yml")["people"].items()
    if "superset_role" not in person
}
ROLES: Mapping[str, Any] = _read(_RULES / "roles.yml")["roles"]
_SUBJECTS: Mapping[str, Any] = _read(_RULES / "subjects.yml")["subjects"]
CONTRACTS: Mapping[str, Any] = {path.stem: _read(path) for path in sorted(_MARTS.glob("*.yml"))}


@dataclass(frozen=True)
class Held:
    """A role in a scope."""

    role: str
    scope: Mapping[str, Any]


def held_by(username: str) -> Iterator[Held]:
    """A person's own roles and scopes, and those of whom the person stands in for today."""
    person = PEOPLE[username]
    for principal, period in [
        (person, {}),
        *((PEOPLE[other["username"]], other) for other in person.get("deputy_for", ())),
    ]:
        for role in principal.get("roles", ()):
            for scope in principal.get("scopes", ()):
                if _is_today(scope) and _is_today(period):
                    yield Held(role, scope)


def _is_today(period: Mapping[str, Any]) -> bool:
    return period.get("from", date.min) <= datetime.now(_ZONE).date() <= period.get("until", date.max)


def reads(role: str, mart: str) -> bool:
    return any(mart in _SUBJECTS[subject]["marts"] for subject in ROLES[role]["subjects"])


def condition(username: str, mart: str, *, personal: bool = False) -> str:
    """SQL over the mart's columns that is true for the rows which the person may see, or see in the clear."""
    parts = [
        _of_scope(each.scope, CONTRACTS[mart]["row_scope"])
        for each in held_by(username)
        if reads(each.role, mart) and (ROLES[each.role].get("sees_personal") or not personal)
    ]
    return " or ".join(f"({part})" for part in parts) or NOTHING


def _of_scope(scope: Mapping[str, Any], columns: Mapping[str, Any]) -> str:
    if scope["kind"] == "all" or columns.get("everybody"):
        return EVERYTHING
    region, unit = columns.get("region"), columns.get("business_unit")
    if scope["kind"] == "rep":
        return _of_rep(f"('{scope['key']}')", columns)
    if scope["kind"] == "unit":
        return _of_unit(scope["key"], columns)
    if scope["kind"] == "business_unit":
        return f"{unit} = '{scope['key']}'" if unit else NOTHING
    if not region or (scope.get("business_unit") and not unit):
        return NOTHING
    regions = (
        f"('{scope['key']}')"
        if scope["kind"] == "region"
        else f"(select known.region_code from core.core_region as known where known.sales_region_code = '{scope['key']}')"
    )
    of_unit = f" and {unit} = '{scope['business_unit']}'" if scope.get("business_unit") else ""
    return f"{region} in {regions}{of_unit}"


def _of_rep(usernames: str, columns: Mapping[str, Any]) -> str:
    parts = [f"{columns['rep']} in {usernames}"] if "rep" in columns else []
    if "customer" in columns:
        parts.append(
            f"{columns['customer']} in (select owned.customer_key from core.core_customer_owner as owned"
            f" where owned.valid_to is null and owned.owner_username in {usernames})"
        )
    return " or ".join(parts) or NOTHING


def _of_unit(code: str, columns: Mapping[str, Any]) -> str:
    """The demo's units are called PI, PI-east, PI-CN-SH and PI-CN-SH-1."""
    unit, _dash, place = code.partition("-")
    if place.count("-") == 2:
        team = f"(select rep.username from core.core_sales_rep as rep where rep.team_code = '{code}' and rep.is_active)"
        return _of_rep(team, columns)
    if not place:
        return _of_scope({"kind": "business_unit", "key": unit}, columns)
    kind = "region" if place.startswith("CN-") else "sales_region"
    return _of_scope({"kind": kind, "key": place, "business_unit": unit}, columns)


def narrow(connection: PgConnection, username: str) -> None:
    """Make a temporary view of each mart with the rows of this person; `expected` reads them."""
    with connection.cursor() as cursor:
        for mart, contract in CONTRACTS.items():
            rows = f"from marts.{mart} where {condition(username, mart)}"
            cursor.execute(f"create or replace temporary view {mart} as select * {rows}")
            masks = {name: column["mask"] for name, column in contract["columns"].items() if "mask" in column}
            if masks:
                clear = condition(username, mart, personal=True)
                shown = ", ".join(
                    f"case when {clear} then {name} else security.mask_{masks[name]}({name}) end as {name}"
                    if name in masks
                    else name
                    for name in contract["columns"]
                )
                cursor.execute(f"create or replace temporary view {mart}_masked as select {shown} {rows}")


def expected(connection: PgConnection, sql: str, columns: list[str]) -> list[tuple[Any, ...]]:
    """The rows of a dataset over the narrowed marts, as text."""
    with connection.cursor() as cursor:
        texts = ", ".join(f"cast({name} as text)" for name in columns)
        cursor.execute(f"select {texts} from ({sql.replace('marts.mart_', 'pg_temp.mart_')}) as dataset")
        return cursor.fetchall()
