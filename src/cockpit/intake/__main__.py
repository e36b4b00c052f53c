"""`python -m cockpit.intake`: prepare the tables as the workspace's owner, then take forms with a login of its own."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import uvicorn

from cockpit.errors import CockpitError, TransientError
from cockpit.intake.app import create_app
from cockpit.intake.credentials import ensure_secrets, form_sources
from cockpit.rulebook.workspace import Workspace, find_workspace, load_workspace
from cockpit.sources.forms import prepare_tables
from cockpit.sources.loading import ledger
from cockpit.warehouse.connections import PREFIX, connect

logger = logging.getLogger(__name__)

# Requests that are served at the same time; more are answered 503 at once.
_CONCURRENT = 1_000
_STOP_SECONDS = 15


def prepare(workspace: Workspace, secrets: Path) -> None:
    """Make what the service needs: tables, rights and secrets; waits while the database starts."""
    ensure_secrets(workspace, secrets)
    while True:
        try:
            with closing(connect(workspace.settings.warehouse)) as connection:
                ledger.prepare(connection)
                for source in form_sources(workspace):
                    prepare_tables(connection, source)
        except TransientError as error:
            logger.warning("%s", error)
            time.sleep(1)
        else:
            return


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m cockpit.intake")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workspace", type=Path, help="its file; the company's own when absent")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.umask(0o077)
    try:
        workspace = load_workspace(asked.workspace) if asked.workspace else find_workspace()
        prepare(workspace, Path(os.environ["COCKPIT_HOME"]) / "secrets")
        # From here on nothing needs the owner's login.
        os.environ.pop(f"{PREFIX}{workspace.settings.warehouse.upper()}", None)
        app = create_app(workspace)
    except CockpitError as error:
        logger.error("%s", error)
        return error.exit_code
    uvicorn.run(
        app,
        host=asked.host,
        port=asked.port,
        # An access log would hold network addresses, which are personal data.
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=_CONCURRENT,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_STOP_SECONDS,
        # A reverse proxy on this machine tells who posts.
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
