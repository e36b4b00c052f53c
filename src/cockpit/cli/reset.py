"""`cockpit reset`: stop, then remove data, logs, secrets and ports."""

from __future__ import annotations

import argparse
import sys

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

EXIT_FAILURE = 1


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("stop the platform and remove its data, logs and secrets")
    verb = verbs.add_parser("reset", help=text, description=text)
    verb.add_argument("--yes", action="store_true", help=_("do not ask"))
    verb.add_argument("--all", action="store_true", help=_("remove the environments too"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Remove after a question; without a terminal only with --yes."""
    from cockpit.stack import lifecycle
    from cockpit.stack.settings import Settings

    settings = Settings.load()
    if not arguments.yes and not _agreed(str(settings.home)):
        print(_("Nothing was removed."))
        return EXIT_FAILURE
    lifecycle.down(settings, progress=lambda text: print(text, file=sys.stderr))
    lifecycle.remove(settings, with_environments=arguments.all)
    print(_("Removed. './cockpit demo' or './cockpit up' begins anew."))
    if settings.is_external:
        print(_("The databases on {address} were left as they are.", address=settings.addresses()["postgres"]))
    return 0


def _agreed(home: str) -> bool:
    if not sys.stdin.isatty():
        print(_("Not a terminal: add --yes to remove all data of {home}.", home=home), file=sys.stderr)
        return False
    answer = input(_("Remove all data, logs and secrets of {home}? Type yes: ", home=home))
    return answer.strip().lower() in ("yes", "是")
