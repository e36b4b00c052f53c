"""The people of the platform and their roles, as far as the stack needs them: whoever needs a password."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.rulebook.files import load
from cockpit.rulebook.security import PeopleFile, Person, Role, RolesFile
from cockpit.stack.settings import Settings

ADMIN = "admin"


def people(settings: Settings) -> Mapping[str, Person]:
    """Everyone in include/rules/security/people.yml by username; nobody when the file is not there.

    Raises:
        RuleFileError: the file is wrong.
    """
    path = settings.people_file
    return load(path, PeopleFile).people if path.exists() else {}


def roles(settings: Settings) -> Mapping[str, Role]:
    """Everything in include/rules/security/roles.yml by name; nothing when the file is not there.

    Raises:
        RuleFileError: the file is wrong.
    """
    path = settings.people_file.with_name("roles.yml")
    return load(path, RolesFile).roles if path.exists() else {}
