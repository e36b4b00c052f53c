"""Bring Superset's roles, logins, dashboard roles and row rules in line with the rules of the repository.

Superset's row rules are the second layer: PostgreSQL decides (include/sql/security). One rule shows nothing to
everybody without a role `rows: ...`. Who has regions and nothing else gets a role of each, whose rule narrows to its
rows and shows nothing of datasets that know no regions. All other scopes depend on tables or on the day, which
Superset cannot ask; the role `rows: by the database` leaves them to PostgreSQL alone.

Viewers read the datasets of their dashboards. Whoever builds or approves also holds `data: <role>` for each of their
roles: the datasets whose marts all belong to that role's subjects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpit.bi.bundle import Bundle
from cockpit.bi.client import SupersetClient
from cockpit.bi.marts import marts_read_by
from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.rulebook.security import Person, Scope, SecurityRules

_ROWS = "rows: "
_DATA = "data: "
# Roles whose names begin like this are made and taken away here.
_MADE = (_ROWS, _DATA)
# Held by builders and approvers.
_PUBLISHES = "can_read on Publishing"
_RULE = "cockpit: "
_BY_DATABASE = f"{_ROWS}by the database"
_REGION_COLUMN = "region_code"
_ADMIN_ROLE = "Admin"


@dataclass(frozen=True)
class PublishedDashboard:
    """What Superset holds of one dashboard file.

    Attributes:
        variants: UUIDs of its copies, by language and for the phone.
        datasets: UUIDs of the datasets that its charts and filters read.
    """

    variants: tuple[str, ...]
    datasets: frozenset[str]


def sync_access(
    client: SupersetClient,
    rules: SecurityRules,
    dashboards: Mapping[str, PublishedDashboard],
    bundle: Bundle,
    passwords: Mapping[str, str],
    *,
    dry_run: bool,
) -> list[str]:
    """Change what differs and say what it was.

    Args:
        client: Logged in as administrator.
        rules: Roles and people.
        dashboards: By file name; a role may read the datasets of its dashboards and no others.
        bundle: The imported assets, for the columns of the datasets.
        passwords: By username.
        dry_run: Only say what would change.
    """
    changes = _Changes(client, dry_run)
    datasets = _numbers(client, "dataset", bundle)
    readable = {
        name: {
            datasets[uuid]
            for dashboard in role.dashboards
            if dashboard in dashboards
            for uuid in dashboards[dashboard].datasets
            if uuid in datasets
        }
        for name, role in rules.roles.items()
    }
    documented = {
        datasets[document["uuid"]]: marts_read_by(document["sql"])
        for document in bundle.values()
        if document["uuid"] in datasets
    }
    columns = {
        datasets[document["uuid"]]: frozenset(column["column_name"] for column in document["columns"])
        for document in bundle.values()
        if document["uuid"] in datasets
    }
    role_ids = _sync_roles(changes, rules, readable | _readable_to_build_on(rules, documented))
    _sync_dashboard_roles(changes, rules, dashboards, role_ids)
    _sync_row_rules(changes, rules, columns, role_ids)
    _sync_people(changes, rules, passwords, role_ids)
    _remove_unused_roles(changes, rules, role_ids)
    return changes.made


class _Changes:
    """Writes through the client, or in a dry run only notes."""

    def __init__(self, client: SupersetClient, dry_run: bool) -> None:
        self.client = client
        self.dry_run = dry_run
        self.made: list[str] = []

    def post(self, what: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.made.append(what)
        return {} if self.dry_run else self.client.post(path, body)

    def put(self, what: str, path: str, body: Mapping[str, Any]) -> None:
        self.made.append(what)
        if not self.dry_run:
            self.client.put(path, body)

    def delete(self, what: str, path: str) -> None:
        self.made.append(what)
        if not self.dry_run:
            self.client.delete(path)


def _numbers(client: SupersetClient, kind: str, bundle: Bundle) -> dict[str, int]:
    """Superset's number of each asset of the bundle, by UUID; without those that do not exist yet."""
    wanted = {document["uuid"] for document in bundle.values()}
    return {entry["uuid"]: entry["id"] for entry in client.list(f"/api/v1/{kind}/") if entry["uuid"] in wanted}


def _rows_roles(rules: SecurityRules, person: Person) -> dict[str, str | None]:
    """Roles that stand for a person's scopes, each with the region that it narrows to."""
    scopes = [*person.scopes, *(scope for other in person.deputy_for for scope in rules.people[other.username].scopes)]
    if all(_is_plain_region(scope) for scope in scopes) and not person.deputy_for:
        return {f"{_ROWS}region {scope.key}": scope.key for scope in scopes}
    return {_BY_DATABASE: None}


def _is_plain_region(scope: Scope) -> bool:
    return scope.kind == "region" and not (scope.business_unit or scope.first or scope.last)


def _wanted_rows_roles(rules: SecurityRules) -> dict[str, str | None]:
    return {
        name: region
        for person in rules.people.values()
        if person.superset_role is None
        for name, region in _rows_roles(rules, person).items()
    }


def _data_roles(rules: SecurityRules, person: Person) -> set[str]:
    """Roles for the datasets that a person may compose charts of, or judge them by."""
    held = {*person.roles, *(name for other in person.deputy_for for name in rules.people[other.username].roles)}
    if not any(_PUBLISHES in rules.roles[name].permissions for name in held):
        return set()
    return {f"{_DATA}{name}" for name in held if rules.roles[name].subjects}


def _readable_to_build_on(rules: SecurityRules, documented: Mapping[int, frozenset[str]]) -> dict[str, set[int]]:
    """Datasets by role `data: ...`; one that reads no mart is in none."""
    wanted = {name for person in rules.people.values() for name in _data_roles(rules, person)}
    readable = rules.readable()
    found = {}
    for name in wanted:
        marts = {entry.mart for entry in readable if entry.role == name.removeprefix(_DATA)}
        found[name] = {number for number, needed in documented.items() if needed and needed <= marts}
    return found


def _sync_roles(changes: _Changes, rules: SecurityRules, readable: Mapping[str, set[int]]) -> dict[str, int]:
    client = changes.client
    role_ids = {entry["name"]: entry["id"] for entry in client.list("/api/v1/security/roles/")}
    permissions: dict[str, int] = {}
    for entry in client.list("/api/v1/security/permissions-resources/"):
        permissions[f"{entry['permission']['name']} on {entry['view_menu']['name']}"] = entry["id"]
    wanted: dict[str, set[int]] = {name: set() for name in _wanted_rows_roles(rules)}
    for name, numbers in readable.items():
        wanted[name] = {
            number
            for permission, number in permissions.items()
            if permission.startswith("datasource_access on ")
            and any(permission.endswith(f"(id:{dataset_id})") for dataset_id in numbers)
        }
    for name, role in rules.roles.items():
        unknown = sorted(set(role.permissions) - set(permissions))
        if unknown:
            raise StackError(
                _("Superset does not know a permission of role {role}", role=name),
                where="include/rules/security/roles.yml",
                found=", ".join(unknown),
                fix=_("Correct its spelling; Superset lists all under Security."),
            )
        wanted[name] |= {permissions[permission] for permission in role.permissions}
    for name, permission_ids in wanted.items():
        if name not in role_ids:
            created = changes.post(_("create role {name}", name=name), "/api/v1/security/roles/", {"name": name})
            if changes.dry_run:
                continue
            role_ids[name] = created["id"]
            present: set[int] = set()
        else:
            answer = client.get(f"/api/v1/security/roles/{role_ids[name]}/permissions/")
            present = {entry["id"] for entry in answer["result"]}
        if present != permission_ids:
            changes.post(
                _("set permissions of role {name}", name=name),
                f"/api/v1/security/roles/{role_ids[name]}/permissions",
                {"permission_view_menu_ids": sorted(permission_ids)},
            )
    return role_ids


def _sync_dashboard_roles(
    changes: _Changes, rules: SecurityRules, dashboards: Mapping[str, PublishedDashboard], role_ids: Mapping[str, int]
) -> None:
    numbers = {entry["uuid"]: entry for entry in changes.client.list("/api/v1/dashboard/")}
    for name, dashboard in dashboards.items():
        wanted = {
            role_ids[role_name]
            for role_name, role in rules.roles.items()
            if name in role.dashboards and role_name in role_ids
        }
        for uuid in dashboard.variants:
            if uuid not in numbers:
                continue
            number = numbers[uuid]["id"]
            present = changes.client.get(f"/api/v1/dashboard/{number}")["result"]
            if {role["id"] for role in present["roles"]} != wanted:
                changes.put(
                    _("set roles of dashboard {title}", title=present["dashboard_title"]),
                    f"/api/v1/dashboard/{number}",
                    {"roles": sorted(wanted)},
                )


def _sync_row_rules(
    changes: _Changes, rules: SecurityRules, columns: Mapping[int, frozenset[str]], role_ids: Mapping[str, int]
) -> None:
    rows_roles = {name: region for name, region in _wanted_rows_roles(rules).items() if name in role_ids}
    wanted: dict[str, dict[str, Any]] = {
        f"{_RULE}no rows without a scope": {
            "filter_type": "Base",
            "clause": "1 = 0",
            "group_key": "",
            "tables": sorted(columns),
            # A base rule applies to everybody but these.
            "roles": sorted({role_ids[_ADMIN_ROLE], *(role_ids[name] for name in rows_roles)}),
        }
    }
    scoped = sorted(number for number, names in columns.items() if _REGION_COLUMN in names)
    for name, region in rows_roles.items():
        if region is None:
            continue
        key = region.replace("'", "''")
        for ending, clause, tables in (
            ("", f"{_REGION_COLUMN} = '{key}'", scoped),
            # About the whole company.
            (" elsewhere", "1 = 0", sorted(set(columns) - set(scoped))),
        ):
            if tables:
                wanted[f"{_RULE}{name.removeprefix(_ROWS)}{ending}"] = {
                    "filter_type": "Regular",
                    "clause": clause,
                    # Rules of one group are alternatives: a person with two regions sees both.
                    "group_key": "cockpit",
                    "tables": tables,
                    "roles": [role_ids[name]],
                }
    client = changes.client
    present = {
        entry["name"]: entry["id"]
        for entry in client.list("/api/v1/rowlevelsecurity/")
        if entry["name"].startswith(_RULE)
    }
    for name, rule in wanted.items():
        body = {"name": name, "description": "", **rule}
        if name not in present:
            changes.post(_("create row rule {name}", name=name), "/api/v1/rowlevelsecurity/", body)
            continue
        existing = client.get(f"/api/v1/rowlevelsecurity/{present[name]}")["result"]
        same = (
            all((existing[key] or "") == body[key] for key in ("filter_type", "clause", "group_key"))
            and {role["id"] for role in existing["roles"]} == set(body["roles"])
            and {table["id"] for table in existing["tables"]} == set(rule["tables"])
        )
        if not same:
            changes.put(_("update row rule {name}", name=name), f"/api/v1/rowlevelsecurity/{present[name]}", body)
    for name in sorted(set(present) - set(wanted)):
        changes.delete(_("delete row rule {name}", name=name), f"/api/v1/rowlevelsecurity/{present[name]}")


def _sync_people(
    changes: _Changes, rules: SecurityRules, passwords: Mapping[str, str], role_ids: Mapping[str, int]
) -> None:
    present = {entry["username"]: entry for entry in changes.client.list("/api/v1/security/users/")}
    ours = {number for name, number in role_ids.items() if name in rules.roles or name.startswith(_MADE)}
    for username, person in rules.people.items():
        if person.superset_role is not None:
            continue
        if username not in passwords:
            raise StackError(
                _("no password for {username}", username=username), fix=_("Run './cockpit up', which makes it.")
            )
        # Whether a deputy's days have come is PostgreSQL's to say.
        lent = [role for other in person.deputy_for for role in rules.people[other.username].roles]
        held = [*person.roles, *lent, *_rows_roles(rules, person), *_data_roles(rules, person)]
        roles = {role_ids[name] for name in held if name in role_ids}
        first_name, _space, last_name = person.name.partition(" ")
        body = {
            "first_name": first_name,
            "last_name": last_name or first_name,
            "email": person.email,
            "active": True,
            "roles": sorted(roles),
        }
        existing = present.get(username)
        if existing is None:
            changes.post(
                _("create user {username}", username=username),
                "/api/v1/security/users/",
                {**body, "username": username, "password": passwords[username]},
            )
            continue
        same = all(existing[key] == body[key] for key in ("first_name", "last_name", "email", "active"))
        if not same or {role["id"] for role in existing["roles"]} != roles:
            changes.put(
                _("update user {username}", username=username), f"/api/v1/security/users/{existing['id']}", body
            )
        if not _password_works(changes.client.base_url, username, passwords[username]):
            changes.put(
                _("set password of user {username}", username=username),
                f"/api/v1/security/users/{existing['id']}",
                {"password": passwords[username]},
            )
    for username, existing in present.items():
        held_ids = {role["id"] for role in existing["roles"]}
        if username not in rules.people and held_ids & ours and existing["active"]:
            # Not deleted: charts and logs refer to the login.
            changes.put(
                _("deactivate user {username}", username=username),
                f"/api/v1/security/users/{existing['id']}",
                {"active": False},
            )


def _password_works(base_url: str, username: str, password: str) -> bool:
    try:
        with SupersetClient(base_url, username, password):
            return True
    except StackError:
        return False


def _remove_unused_roles(changes: _Changes, rules: SecurityRules, role_ids: Mapping[str, int]) -> None:
    wanted = {
        *_wanted_rows_roles(rules),
        *(name for each in rules.people.values() for name in _data_roles(rules, each)),
    }
    for name, number in role_ids.items():
        if name.startswith(_MADE) and name not in wanted:
            changes.delete(_("delete role {name}", name=name), f"/api/v1/security/roles/{number}")
