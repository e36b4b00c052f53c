"""Chromium and Chinese fonts, which the browser tests need: find them, or install them where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cockpit.i18n import _

Need = Literal["chromium", "fonts"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLACES = (Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),)
_PACKAGES: dict[Need, str] = {"chromium": "chromium", "fonts": "fonts-noto-cjk"}


def find_chromium() -> Path | None:
    """The browser: `COCKPIT_CHROMIUM`, else the first one that is installed."""
    named = os.environ.get("COCKPIT_CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    found = (shutil.which(program) for program in _PROGRAMS)
    places = (path for path in _PLACES if os.access(path, os.X_OK))
    return next((Path(path) for path in (*found, *places) if path), None)


def has_chinese_fonts() -> bool:
    """Whether a font with Chinese characters is installed; true where fontconfig is not used (macOS)."""
    listing = shutil.which("fc-list")
    if listing is None:
        return Path("/System/Library/Fonts").exists()
    done = subprocess.run([listing, ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip())


def missing() -> list[Need]:
    """What the browser tests lack."""
    have: dict[Need, bool] = {"chromium": find_chromium() is not None, "fonts": has_chinese_fonts()}
    return [need for need, is_there in have.items() if not is_there]


def how_to_install(need: Need) -> str:
    """The command to type."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return _("Install it, on Debian or Ubuntu: {command}", command=f"{sudo}apt-get install {_PACKAGES[need]}")


def install(needs: list[Need], log: Path, progress: Callable[[str], None]) -> list[Need]:
    """Install through the system's packages, where this is root on Debian or Ubuntu.

    Returns:
        What is still missing.
    """
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0 or not needs:
        return needs
    packages = [_PACKAGES[need] for need in needs] + (["fontconfig"] if "fonts" in needs else [])
    progress(_("Installing {packages} (log: {log})", packages=", ".join(packages), log=log))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("a") as output:
        for command in ([apt, "update"], [apt, "install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    return missing()
