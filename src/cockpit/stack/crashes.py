"""What the supervisor's log tells about crashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_LINE = re.compile(r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \w+ (?P<text>.*)$")
_EXITED = re.compile(r"^exited: (?P<name>\S+) \((?P<reason>.+?); (?:not )?expected\)$")
_GAVE_UP = re.compile(r"^gave up: (?P<name>\S+) entered FATAL state")
_STARTED = "supervisord started with pid"


@dataclass(frozen=True)
class Crashes:
    """Unwanted ends of one service since the stack was started.

    Args:
        count: How often it ended by itself; each is followed by a restart unless `gave_up`.
        last_at: When it last did, with the machine's time zone.
        last_reason: `terminated by SIGKILL` or `exit status 1`.
        gave_up: Whether the supervisor stopped trying.
    """

    count: int
    last_at: datetime
    last_reason: str
    gave_up: bool = False


def parse(log: str) -> dict[str, Crashes]:
    """Crashes by service since the last start of the supervisor; orderly stops do not count."""
    found: dict[str, Crashes] = {}
    for raw in log.splitlines():
        line = _LINE.match(raw)
        if line is None:
            continue
        text = line["text"]
        if text.startswith(_STARTED):
            found.clear()
        elif exited := _EXITED.match(text):
            before = found.get(exited["name"])
            found[exited["name"]] = Crashes(
                count=before.count + 1 if before else 1,
                # The supervisor writes local time without a zone.
                last_at=datetime.fromisoformat(line["at"]).astimezone(),
                last_reason=exited["reason"],
            )
        elif (gave_up := _GAVE_UP.match(text)) and (before := found.get(gave_up["name"])):
            found[gave_up["name"]] = Crashes(before.count, before.last_at, before.last_reason, gave_up=True)
    return found
