"""Become one service: `python -m cockpit.stack.launch SERVICE`.

The supervisor and docker-compose.yml both start services this way, so that neither holds secrets and both run
the same command with the same environment. After a crash the settings and secrets are read anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cockpit.errors import CockpitError
from cockpit.stack import postgres
from cockpit.stack.services import POSTGRES, service
from cockpit.stack.settings import Settings

# The administrator's database password is for provisioning; no service needs it.
_WITHHELD = ("COCKPIT_DB_URL", "PYTHONDONTWRITEBYTECODE")


def main(arguments: Sequence[str]) -> int:
    """Replace this process by the service; returns only on failure."""
    settings = Settings.load()
    try:
        chosen = service(settings, arguments[0])
        if chosen.name == POSTGRES:
            postgres.remove_stale_lock(settings)
        command = chosen.command(settings)
        environment = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
        os.execve(command[0], command, environment | chosen.environment(settings))  # noqa: S606 (no shell is wanted)
    except CockpitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
