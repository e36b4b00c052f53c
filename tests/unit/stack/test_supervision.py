from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from cockpit.errors import StackError
from cockpit.stack import secret_files
from cockpit.stack.services import services
from cockpit.stack.settings import Settings, make_folders
from cockpit.stack.supervision import render_config, tail


def read_by_supervisor(text: str, folder: Path) -> ServerOptions:
    """What supervisord itself makes of a configuration."""
    file = folder / "supervisord.conf"
    file.write_text(text)
    options = ServerOptions()
    options.realize(["-c", str(file)])
    return options


@pytest.mark.parametrize("name", ["plain", "with space", "50% off", "it's", "半"])
def test_supervisor_reads_what_we_mean(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path / name, environments=tmp_path / "env")
    make_folders(settings)

    options = read_by_supervisor(render_config(settings, services(settings)), tmp_path)

    found = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert set(found) == {service.name for service in services(settings)}
    assert options.configroot.supervisord.logfile == str(settings.log_of("supervisord"))
    for process in found.values():
        assert process.stdout_logfile == str(settings.log_of(process.name))
        assert shlex.split(process.command)[1:] == ["-m", "cockpit.stack.launch", process.name]
        assert not process.autostart


def test_configuration_holds_no_secret(settings: Settings) -> None:
    text = render_config(settings, services(settings))

    assert not [name for name in secret_files.wanted(settings) if settings.secret(name) in text]


def test_a_path_that_would_be_read_as_a_comment_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "a ;b", environments=tmp_path)

    with pytest.raises(StackError, match="cannot be used"):
        render_config(settings, services(settings))


def test_tail_gives_the_last_lines_that_say_something(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_text("first\n\nsecond\nthird\n\n")

    assert tail(log, 2) == ["second", "third"]
    assert tail(tmp_path / "missing.log", 2) == []


def test_only_root_is_named_as_root(settings: Settings) -> None:
    assert ("user=root" in render_config(settings, ())) == (os.getuid() == 0)
