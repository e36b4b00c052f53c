from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from cockpit.stack import account

# An ordinary user in no group of ours.
STRANGER = pwd.struct_passwd(("stranger", "x", 54321, 54321, "", "/", "/bin/false"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder below two others, all open to everyone."""
    folder = tmp_path / "above" / "home"
    folder.mkdir(parents=True)
    for each in (tmp_path, tmp_path / "above", folder):
        each.chmod(0o755)
    return folder


def closed_below(top: Path, found: Path | None) -> Path | None:
    """Only what lies in the test's own folder: what is above belongs to the machine."""
    return found if found is not None and found.is_relative_to(top) else None


def test_open_folders_can_be_passed(home: Path, tmp_path: Path) -> None:
    assert closed_below(tmp_path, account.closed_folder(home / "data", STRANGER)) is None


def test_the_topmost_closed_folder_is_found(home: Path, tmp_path: Path) -> None:
    (tmp_path / "above").chmod(0o700)
    machine = account.closed_folder(tmp_path, STRANGER)

    found = account.closed_folder(home / "data", STRANGER)

    assert found == (machine or tmp_path / "above")


def test_folders_that_do_not_exist_yet_are_made_open(home: Path, tmp_path: Path) -> None:
    assert closed_below(tmp_path, account.closed_folder(home / "new" / "deeper" / "data", STRANGER)) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root changes its user")
def test_an_ordinary_user_runs_the_server_itself(home: Path) -> None:
    assert account.prefix(home) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
def test_root_hands_the_server_to_an_unprivileged_user(home: Path) -> None:
    words = account.prefix(home / "data")

    assert Path(words[0]).name == "setpriv"
    assert "--clear-groups" in words
    assert "--reuid=0" not in words
