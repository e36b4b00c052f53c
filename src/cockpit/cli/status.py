"""`cockpit status`: the services with address, health, memory, uptime and crashes."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.stack.lifecycle import ServiceStatus, StackStatus

EXIT_UNHEALTHY = 4


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("show the services: address, health, memory, uptime, crashes")
    verb = verbs.add_parser("status", help=text, description=text)
    verb.add_argument("--json", action="store_true", help=_("machine-readable"))
    return verb


def run(arguments: argparse.Namespace) -> int:
    """Print; the exit code is 0 when all is healthy, otherwise 4."""
    from cockpit.stack import lifecycle
    from cockpit.stack.settings import Settings

    status = lifecycle.status(Settings.load())
    if arguments.json:
        print(json.dumps(_as_json(status), indent=2))
    else:
        _print_table(status)
    return 0 if status.is_healthy else EXIT_UNHEALTHY


def _as_json(status: StackStatus) -> dict[str, Any]:
    return {
        "is_healthy": status.is_healthy,
        "memory_mb": round(status.memory_mb),
        "leftover_count": status.leftover_count,
        "services": [
            {
                "name": service.name,
                "address": service.address,
                "state": service.state,
                "pid": service.pid,
                "memory_mb": None if service.memory_mb is None else round(service.memory_mb),
                "uptime_seconds": None if service.uptime_seconds is None else round(service.uptime_seconds),
                "crash_count": service.crashes.count if service.crashes else 0,
                "last_crash_at": service.crashes.last_at.isoformat() if service.crashes else None,
                "last_crash_reason": service.crashes.last_reason if service.crashes else None,
            }
            for service in status.services
        ],
    }


def _print_table(status: StackStatus) -> None:
    from cockpit.cli.output import table

    header = [_("SERVICE"), _("ADDRESS"), _("HEALTH"), _("MEMORY"), _("UPTIME"), _("CRASHES")]
    print(table(header, [_row(service) for service in status.services], right=(3, 4, 5)))
    if status.leftover_count:
        print(_("The supervisor was killed; {count} processes run without it.", count=status.leftover_count))
        print(_("'./cockpit up' or './cockpit down' ends them."))
    elif not status.is_stopped:
        print(_("Memory of the whole platform: {memory} MB", memory=round(status.memory_mb)))
    for service in status.services:
        if service.crashes:
            print(
                _(
                    "{name}: last crash {time}, {reason}",
                    name=service.name,
                    time=service.crashes.last_at.strftime("%Y-%m-%d %H:%M:%S"),
                    reason=service.crashes.last_reason,
                )
            )
        if service.state == "failed":
            print(_("{name} does not run: './cockpit logs {name}' tells why", name=service.name))
    if status.is_stopped:
        print(_("The platform is stopped; './cockpit up' starts it."))


def _row(service: ServiceStatus) -> list[str]:
    from cockpit.cli.output import duration

    return [
        service.name,
        (service.address or "-").removeprefix("http://"),
        _(service.state),
        "-" if service.memory_mb is None else f"{service.memory_mb:.0f} MB",
        "-" if service.uptime_seconds is None else duration(service.uptime_seconds),
        str(service.crashes.count) if service.crashes else "0",
    ]
