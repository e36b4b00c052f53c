from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.stack import environments
from cockpit.stack.environments import EXIT_FAILURE, EXIT_TEMPORARY, is_complete, lock_hash, needed


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("up", ("superset", "airflow")),
        ("demo --scale small", ("superset", "airflow")),
        ("status --json", ("airflow",)),
        ("run huaxing", ("airflow",)),
        ("up --help", ("airflow",)),
        ("", ("airflow",)),
        ("test", ("superset", "airflow", "dev")),
        ("test all", ("superset", "airflow", "dev")),
        ("test unit -- -k ports", ("dev",)),
        ("bench load --rows 1000", ("bench", "airflow")),
        ("bench models --rounds 1", ("dbt", "airflow")),
        ("bench cockpit --rounds 1", ("superset", "airflow", "dev")),
    ],
)
def test_a_verb_gets_the_environments_it_needs(line: str, wanted: tuple[str, ...]) -> None:
    assert needed(line.split()) == wanted


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    folder = tmp_path / "airflow"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / environments.STAMP).write_text(lock_hash("airflow"))
    return folder


def test_a_finished_environment_is_used_again(finished: Path) -> None:
    assert is_complete(finished, lock_hash("airflow"))


def test_a_half_made_environment_is_not(finished: Path) -> None:
    (finished / environments.STAMP).unlink()

    assert not is_complete(finished, lock_hash("airflow"))


def test_an_environment_whose_python_is_gone_is_not(finished: Path) -> None:
    (finished / "bin" / "python").unlink()
    (finished / "bin" / "python").symlink_to("/nowhere/python")

    assert not is_complete(finished, lock_hash("airflow"))


def test_a_changed_lock_makes_the_environment_again(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "airflow.txt").write_text("sqlalchemy==9\n")
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)

    assert not is_complete(finished, lock_hash("airflow"))


@pytest.mark.parametrize(
    ("output", "code"),
    [
        pytest.param(
            "error: Failed to fetch: `https://index.example/simple/uv/`\n  Caused by: dns error: failed to lookup",
            EXIT_TEMPORARY,
            id="uv without a network",
        ),
        pytest.param(
            "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection'",
            EXIT_TEMPORARY,
            id="pip without a network",
        ),
        pytest.param(
            "error: Failed to fetch: https://index.example/\n  cause: invalid peer certificate: UnknownIssuer",
            EXIT_FAILURE,
            id="company certificate",
        ),
        pytest.param("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", EXIT_FAILURE, id="wrong hash"),
        pytest.param("OSError: [Errno 28] No space left on device", EXIT_FAILURE, id="disk full"),
    ],
)
def test_only_an_unreachable_index_is_worth_another_try(output: str, code: int) -> None:
    assert environments._failure(output, "setup.log").exit_code == code


def test_unreachable_index_leaves_nothing_that_blocks_the_next_try(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "COCKPIT_HOME": str(tmp_path / "home"),
        # A port on which nothing listens, and no other place to look.
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": os.devnull,
    }
    script = str(Path(environments.__file__))

    done = subprocess.run(
        [sys.executable, "-I", script, "setup"], env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == EXIT_TEMPORARY
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("cockpit: The package index cannot be reached; log: ")
    assert not is_complete(tmp_path / "home" / "env" / "uv", lock_hash("uv"))


def test_pips_mirror_is_told_to_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    subprocess.run([sys._base_executable, "-m", "venv", tmp_path / "uv"], check=True)  # type: ignore[attr-defined]
    python = tmp_path / "uv" / "bin" / "python"

    assert environments.mirror_of_pip(python, {}) == {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}
    assert environments.mirror_of_pip(python, {"UV_DEFAULT_INDEX": "https://own.example"}) == {}


def test_translations_are_readable_without_a_yaml_parser() -> None:
    catalogue = environments.REPOSITORY / "src/cockpit/locale/zh/environments.yml"

    assert json.loads(catalogue.read_text(encoding="utf-8"))
