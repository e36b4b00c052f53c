"""What every step of a run shares: the workspace, its models, the business clock and the run's id."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.workspace import Workspace, find_workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.runner import BuildContext


def run_context(
    workspace: Workspace | None = None, *, as_of: datetime | None = None, run_id: str | None = None
) -> BuildContext:
    """The context of a run; the only place that reads the clock (decision 9).

    Args:
        workspace: The company's own when absent.
        as_of: Business time; `COCKPIT_AS_OF` or now when absent.
        run_id: Airflow's run id; a new one when absent.
    """
    with _collector_paused():
        chosen = workspace or find_workspace()
        graph = load_models(chosen)
    return BuildContext(
        workspace=chosen,
        graph=graph,
        as_of=as_of or _clock(chosen.zone),
        run_id=run_id or f"manual__{uuid.uuid4().hex[:12]}",
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Rules and models stay as long as the process; looking for garbage among them takes as long as reading them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _clock(zone: ZoneInfo) -> datetime:
    text = os.environ.get("COCKPIT_AS_OF")
    return parse_as_of(text, zone) if text else datetime.now(zone)


def parse_as_of(text: str, zone: ZoneInfo) -> datetime:
    """Read a business time; without an offset it is in the workspace's time zone.

    Raises:
        TerminalError: not an ISO date or time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TerminalError(
            _("the business time is not readable"), found=text, allowed="2026-03-05, 2026-03-05T18:00"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
