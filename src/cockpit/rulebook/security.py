"""Who may see what: roles and people of `include/rules/security`.

Roles say what a person may do in the cockpit; scopes say whose rows the person sees. Both are needed: a role
without a scope sees an empty cockpit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from cockpit.errors import RuleFileError
from cockpit.i18n import _
from cockpit.rulebook.files import MisfitError, Rule, load

ScopeKind: TypeAlias = Literal["all", "region"]

# The secret file of a person is called after the username, so no path separators; `|` would end the username
# inside a signed identity.
USERNAME = r"^[a-z][a-z0-9._-]{0,62}$"


class Scope(Rule):
    """A set of rows: everything, or those of one region (ISO 3166-2 code such as CN-SH)."""

    kind: ScopeKind
    key: str = ""

    @model_validator(mode="after")
    def _key_fits_kind(self) -> Scope:
        if (self.kind == "all") != (self.key == ""):
            raise MisfitError(_("kind: all takes no key, every other kind needs one"), "kind")
        return self


class Role(Rule):
    """What holders of a role may do in Superset.

    Attributes:
        permissions: Pairs "permission on view", as Superset's list of roles shows them. Nothing else is
            allowed: Superset's own Gamma and Alpha roles may create charts and read database metadata.
        dashboards: Dashboards that the role opens, by their id in `superset/dashboards`.
    """

    label: str
    label_zh: str
    permissions: tuple[str, ...] = Field(min_length=1)
    dashboards: tuple[str, ...] = ()

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


class RolesFile(Rule):
    """Contents of `roles.yml`."""

    roles: dict[str, Role] = Field(min_length=1)


class PeopleFile(Rule):
    """Contents of `people.yml`, by username."""

    people: dict[str, Person]

    @field_validator("people")
    @classmethod
    def _usernames(cls, people: dict[str, Person]) -> dict[str, Person]:
        for username in people:
            if not re.match(USERNAME, username):
                message = _("is no username; allowed are lower-case letters, digits, '.', '_', '-'")
                raise MisfitError(message, username)
        return people


class SecurityRules(Rule):
    """Both files, checked against each other."""

    roles: dict[str, Role]
    people: dict[str, Person]

    def scopes(self) -> set[tuple[str, ScopeKind, str]]:
        """All (username, kind, key): the content of `security.user_scope`."""
        return {
            (username, scope.kind, scope.key) for username, person in self.people.items() for scope in person.scopes
        }


def load_security(folder: Path) -> SecurityRules:
    """Read roles.yml and people.yml of a folder.

    Raises:
        RuleFileError: a file is wrong, or a person has a role that does not exist.
    """
    roles = load(folder / "roles.yml", RolesFile).roles
    people = load(folder / "people.yml", PeopleFile).people
    for username, person in people.items():
        unknown = sorted(set(person.roles) - set(roles))
        if unknown:
            raise RuleFileError(
                _("{username} has an unknown role", username=username),
                where=str(folder / "people.yml"),
                found=", ".join(unknown),
                allowed=", ".join(sorted(roles)),
            )
    return SecurityRules(roles=roles, people=people)
