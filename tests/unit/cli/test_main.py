from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.cli import main as command
from cockpit.cli.main import VERBS, main
from cockpit.cli.output import width


@pytest.mark.parametrize("verb", ["", *VERBS])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_fits_80_columns(
    verb: str, lang: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    monkeypatch.setenv("COLUMNS", "80")

    with pytest.raises(SystemExit) as stopped:
        main([*([verb] if verb else []), "--help"])

    assert stopped.value.code == 0
    # Chinese has no spaces at which argparse could wrap, and its characters are two columns wide.
    limit = 80 if lang == "en" else 160
    assert [line for line in capsys.readouterr().out.splitlines() if width(line) > limit] == []


def test_a_wrong_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fly"])

    assert stopped.value.code == 2


def test_an_expected_error_is_one_line_with_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_HOME", str(tmp_path))
    monkeypatch.delenv("COCKPIT_DB_URL", raising=False)
    monkeypatch.setenv("COCKPIT_PARALLELISM", "many")

    assert main(["status"]) == 3

    assert capsys.readouterr().err.splitlines()[0].startswith("cockpit: COCKPIT_PARALLELISM: ")


def test_an_unexpected_error_leaves_its_traceback_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_HOME", str(tmp_path))
    # A file where a folder has to be: not foreseen by `logs`.
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ports.json").mkdir()

    assert main(["status"]) == command.EXIT_FAILURE

    assert "IsADirectoryError" in (tmp_path / "logs" / "cli.log").read_text()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_help_does_not_load_what_verbs_need() -> None:
    heavy = ("sqlalchemy", "psycopg2", "pandas", "pydantic", "requests")
    code = f"import sys; from cockpit.cli.main import parser; parser(); print([n for n in {heavy} if n in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
