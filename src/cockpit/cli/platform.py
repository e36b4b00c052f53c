"""What verbs need of the platform before they can work: the database alone, or all of it."""

from __future__ import annotations

import os
from collections.abc import Callable

from cockpit.stack.settings import Settings


def with_database(tell: Callable[[str], None]) -> Settings:
    """Start PostgreSQL where it is not running and put the connections into this process's environment."""
    from cockpit.stack import lifecycle

    settings = lifecycle.up(Settings.load(), services=["postgres"], progress=tell)
    os.environ.update(settings.environment())
    return settings
