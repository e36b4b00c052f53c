"""Who may see what: roles, subjects and people of `include/rules/security`.

A role says what a person may do in the cockpit and which subjects it reads; a scope says whose rows. A person reads a
row of a mart when one of their roles reads the mart and one of their scopes holds the row. Both are needed: a role
without a scope sees an empty cockpit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule, load

ScopeKind: TypeAlias = Literal["all", "unit", "sales_region", "region", "business_unit", "rep"]

# The secret file of a person is called after the username, so no path separators; `|` would end the username
# inside a signed identity.
USERNAME = r"^[a-z][a-z0-9._-]{0,62}$"
# Holders of Superset's own role Admin can change any connection; hiding rows from them would only look safe.
ADMINISTRATOR = "administrator"
_ALWAYS, _NEVER_ENDS = "-infinity", "infinity"


class Period(Rule):
    """Days on which something holds, both included; a missing end is open."""

    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.first and self.last and self.last < self.first:
            raise MisfitError(_("ends before it begins"), "until", allowed=f">= {self.first}")
        return self


class Scope(Period):
    """A set of rows, on some days.

    Attributes:
        kind: `all`; `unit`, a unit of the organisation with all below it; `sales_region`, all its regions; `region`
            (ISO 3166-2 code such as CN-SH); `business_unit`; `rep`, what one salesperson is in charge of.
        key: Its code, or the user name; empty for `all`.
        business_unit: Narrows a region or sales region to one business unit, as a matrix organisation does.
    """

    kind: ScopeKind
    key: str = Field(default="", pattern=r"^[^|]*$")
    business_unit: str = Field(default="", pattern=r"^[^|]*$")

    @model_validator(mode="after")
    def _key_fits_kind(self) -> Scope:
        if (self.kind == "all") != (self.key == ""):
            raise MisfitError(_("kind: all takes no key, every other kind needs one"), "kind")
        if self.business_unit and self.kind not in ("region", "sales_region"):
            raise MisfitError(_("narrows regions only"), "business_unit", allowed="kind: region, sales_region")
        return self


class Deputy(Period):
    """Somebody whose roles and scopes a person holds as well, usually during an absence."""

    username: str


class Role(Rule):
    """What holders of a role may do in Superset and read in the marts.

    Attributes:
        permissions: Pairs "permission on view", as Superset's list of roles shows them. Nothing else is
            allowed: Superset's own Gamma and Alpha roles may create charts and read database metadata.
        dashboards: Dashboards that the role opens, by their id in `superset/dashboards`.
        subjects: Subjects of `subjects.yml` whose marts the role reads; PostgreSQL refuses all others.
        sees_personal: Whether columns of class `personal` show what they hold; everybody else reads them masked.
    """

    label: str
    label_zh: str
    permissions: tuple[str, ...] = Field(min_length=1)
    dashboards: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    sees_personal: bool = False

    @field_validator("permissions")
    @classmethod
    def _pairs(cls, permissions: tuple[str, ...]) -> tuple[str, ...]:
        for permission in permissions:
            if len(permission.split(" on ")) != 2:
                raise ValueError(_("{text} is not of the form 'can_read on Dashboard'", text=permission))
        return permissions


class Person(Rule):
    """A login; `superset_role` is for people who administer Superset itself and need no role of ours."""

    name: str
    name_zh: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    roles: tuple[str, ...] = ()
    superset_role: Literal["Admin"] | None = None
    scopes: tuple[Scope, ...] = ()
    deputy_for: tuple[Deputy, ...] = ()


class Subject(Rule):
    """Marts that belong together; a mart is in exactly one subject."""

    label: str
    label_zh: str
    marts: tuple[str, ...] = Field(min_length=1)


class RolesFile(Rule):
    """Contents of `roles.yml`."""

    roles: dict[str, Role] = Field(min_length=1)

    @field_validator("roles")
    @classmethod
    def _not_reserved(cls, roles: dict[str, Role]) -> dict[str, Role]:
        if ADMINISTRATOR in roles:
            raise MisfitError(_("is the name of Superset's own administrators"), ADMINISTRATOR)
        return roles


class SubjectsFile(Rule):
    """Contents of `subjects.yml`."""

    subjects: dict[str, Subject] = Field(min_length=1)

    @field_validator("subjects")
    @classmethod
    def _once(cls, subjects: dict[str, Subject]) -> dict[str, Subject]:
        home: dict[str, str] = {}
        for name, subject in subjects.items():
            for mart in subject.marts:
                if mart in home:
                    message = _("{mart} is in {subject} already", mart=mart, subject=home[mart])
                    raise MisfitError(message, name, "marts")
                home[mart] = name
        return subjects


class PeopleFile(Rule):
    """Contents of `people.yml`, by username."""

    people: dict[str, Person]

    @field_validator("people")
    @classmethod
    def _usernames(cls, people: dict[str, Person]) -> dict[str, Person]:
        for username, person in people.items():
            if not re.match(USERNAME, username):
                message = _("is no username; allowed are lower-case letters, digits, '.', '_', '-'")
                raise MisfitError(message, username)
            for number, deputy in enumerate(person.deputy_for):
                if deputy.username not in people or deputy.username == username:
                    message = _("{username} is nobody whose deputy one can be", username=deputy.username)
                    others = ", ".join(sorted(set(people) - {username}))
                    raise MisfitError(message, username, "deputy_for", number, "username", allowed=others)
        return people


class Grant(NamedTuple):
    """One row of `security.user_grant`: a role in a scope, from the first instant until before the last.

    Attributes:
        starts: ISO timestamp with offset, or -infinity.
        ends: ISO timestamp with offset, or infinity.
    """

    username: str
    role: str
    scope_kind: ScopeKind
    scope_key: str
    business_unit: str
    starts: str
    ends: str


class RoleMart(NamedTuple):
    """One row of `security.role_mart`: a role reads a mart."""

    role: str
    mart: str
    sees_personal: bool


class SecurityRules(Rule):
    """The three files, checked against each other."""

    roles: dict[str, Role]
    people: dict[str, Person]
    subjects: dict[str, Subject]

    def grants(self, time_zone: ZoneInfo) -> set[Grant]:
        """The content of `security.user_grant`; days begin at midnight of that time zone.

        A deputy holds each of the other's roles in the other's scopes and never in scopes of their own: somebody who
        stands in for a team lead does not see the whole company as a team lead would.
        """
        return {
            Grant(username, role, scope.kind, scope.key, scope.business_unit, *_instants(periods, time_zone))
            for username, person in self.people.items()
            for role, scope, periods in self._held(person)
            if _overlap(periods)
        }

    def _held(self, person: Person) -> Iterator[tuple[str, Scope, tuple[Period, ...]]]:
        for scope in person.scopes:
            for role in _roles(person):
                yield role, scope, (scope,)
        for deputy in person.deputy_for:
            other = self.people[deputy.username]
            for scope in other.scopes:
                for role in other.roles:
                    yield role, scope, (scope, deputy)

    def readable(self) -> set[RoleMart]:
        """The content of `security.role_mart`."""
        ours = {
            RoleMart(name, mart, role.sees_personal)
            for name, role in self.roles.items()
            for subject in role.subjects
            for mart in self.subjects[subject].marts
        }
        return ours | {
            RoleMart(ADMINISTRATOR, mart, sees_personal=True)
            for subject in self.subjects.values()
            for mart in subject.marts
        }


def _roles(person: Person) -> tuple[str, ...]:
    return person.roles if person.superset_role is None else (*person.roles, ADMINISTRATOR)


def _bounds(periods: tuple[Period, ...]) -> tuple[date | None, date | None]:
    firsts = [period.first for period in periods if period.first]
    lasts = [period.last for period in periods if period.last]
    return max(firsts, default=None), min(lasts, default=None)


def _overlap(periods: tuple[Period, ...]) -> bool:
    first, last = _bounds(periods)
    return first is None or last is None or first <= last


def _instants(periods: tuple[Period, ...], time_zone: ZoneInfo) -> tuple[str, str]:
    first, last = _bounds(periods)
    starts = datetime.combine(first, time.min, time_zone).isoformat() if first else _ALWAYS
    ends = datetime.combine(last + timedelta(days=1), time.min, time_zone).isoformat() if last else _NEVER_ENDS
    return starts, ends


def load_security(folder: Path) -> SecurityRules:
    """Read roles.yml, subjects.yml and people.yml of a folder.

    Raises:
        RuleFileError: a file is wrong, or one names a role or subject that does not exist.
    """
    subjects = load(folder / "subjects.yml", SubjectsFile).subjects
    roles = load(folder / "roles.yml", RolesFile).roles
    people = load(folder / "people.yml", PeopleFile).people
    for name, role in roles.items():
        message = _("role {role} has an unknown subject", role=name)
        _require_known(role.subjects, subjects, message, folder / "roles.yml")
    for username, person in people.items():
        message = _("{username} has an unknown role", username=username)
        _require_known(person.roles, roles, message, folder / "people.yml")
    return SecurityRules(roles=roles, people=people, subjects=subjects)


def _require_known(
    names: tuple[str, ...], known: dict[str, Role] | dict[str, Subject], message: str, file: Path
) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise RuleFileError(message, where=str(file), found=", ".join(unknown), allowed=", ".join(sorted(known)))
