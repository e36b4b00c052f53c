"""Refuse a scale that this machine cannot hold, before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from cockpit.demo.profile import Profile, Scale
from cockpit.errors import StackError
from cockpit.i18n import _

_GIB = 1024**3


def required_bytes(profile: Profile, scale: Scale) -> tuple[int, int]:
    """Memory of the generator and disk of the whole platform that a scale needs."""
    need, size = profile.company.capacity, profile.company.scales[scale]
    memory = (
        size.customers * need.memory_bytes_per_customer
        + min(size.orders, need.chunk_orders) * need.memory_bytes_per_chunk_order
    )
    disk = size.orders * need.disk_bytes_per_order * (1 + need.disk_pipeline_factor)
    return memory, round(disk)


def patience_seconds(profile: Profile, scale: Scale) -> float:
    """How long Airflow may take for each part of the way to the marts: as long as it works, nobody is to give up."""
    return profile.company.scales[scale].hours * 3600


def require_capacity(profile: Profile, scale: Scale, data_folder: Path | None) -> None:
    """Check memory, and disk where the database's files are on this machine.

    Args:
        profile: Has the measured needs.
        scale: What is wanted.
        data_folder: A folder on the database's disk; None when the server is elsewhere.

    Raises:
        StackError: with what is there and what is needed.
    """
    memory, disk = required_bytes(profile, scale)
    available = psutil.virtual_memory().available
    if available < memory:
        raise _too_small(_("too little free memory for --scale {scale}", scale=scale.value), available, memory)
    if data_folder is not None:
        free = shutil.disk_usage(data_folder).free
        if free < disk:
            raise _too_small(
                _("too little free disk for --scale {scale}", scale=scale.value), free, disk, str(data_folder)
            )


def _too_small(message: str, found: int, needed: int, where: str | None = None) -> StackError:
    return StackError(
        message,
        where=where,
        found=f"{found / _GIB:.1f} GiB",
        allowed=_("at least {size} GiB", size=f"{needed / _GIB:.1f}"),
        fix=_("Free some, or take a smaller --scale."),
    )
