"""`cockpit credentials`: addresses, user names and passwords of the demo's people."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.rulebook.security import Person, Role


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("print addresses, user names and passwords")
    verb = verbs.add_parser("credentials", help=text, description=text)
    verb.add_argument("user", nargs="?", metavar=_("USER"), help=_("only this one's password, for scripts"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Print them.

    Raises:
        RuleFileError: the secrets are not made yet.
        StackError: there is no such user.
    """
    from cockpit.cli.output import table
    from cockpit.errors import StackError
    from cockpit.stack.people import ADMIN, people, roles
    from cockpit.stack.settings import Settings

    settings = Settings.load()
    known = people(settings)
    usernames = sorted({ADMIN, *known}, key=lambda username: (username != ADMIN, username))
    if arguments.user:
        if arguments.user not in usernames:
            raise StackError(_("there is no such user"), found=arguments.user, allowed=", ".join(usernames))
        print(settings.secret(f"user_{arguments.user}"))
        return 0
    known_roles = roles(settings)
    addresses = settings.addresses()
    print(_("Cockpit  {address}", address=addresses["superset"]))
    print(_("Airflow  {address}", address=addresses["airflow"]) + "  " + _("(admin only)"))
    print()
    header = [_("USER"), _("PASSWORD"), _("NAME"), _("ROLE"), _("SEES")]
    rows = [
        [
            username,
            settings.secret(f"user_{username}"),
            _name(known.get(username), settings.language),
            _role(known.get(username), known_roles, settings.language),
            _scope(known.get(username)),
        ]
        for username in usernames
    ]
    print(table(header, rows))
    return 0


def _name(person: Person | None, lang: str) -> str:
    if person is None:
        return _("Administrator")
    return person.name_zh if lang == "zh" else person.name


def _role(person: Person | None, known: Mapping[str, Role], lang: str) -> str:
    if person is None or person.superset_role:
        return _("administrator")
    found = [known[role] for role in person.roles if role in known]
    return ", ".join(role.label_zh if lang == "zh" else role.label for role in found) or "-"


def _scope(person: Person | None) -> str:
    if person is None or any(scope.kind == "all" for scope in person.scopes):
        return _("everything")
    told = [f"{scope.key} / {scope.business_unit}" if scope.business_unit else scope.key for scope in person.scopes]
    told += [_("deputy of {username}", username=other.username) for other in person.deputy_for]
    return ", ".join(told) or _("nothing")
