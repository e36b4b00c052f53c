"""The people of the platform, as far as the stack needs them: whoever needs a password."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.rulebook.files import load
from cockpit.rulebook.security import PeopleFile, Person
from cockpit.stack.settings import Settings

ADMIN = "admin"


def people(settings: Settings) -> Mapping[str, Person]:
    """Everyone in include/rules/security/people.yml by username; nobody when the file is not there.

    Raises:
        RuleFileError: the file is wrong.
    """
    path = settings.people_file
    return load(path, PeopleFile).people if path.exists() else {}
