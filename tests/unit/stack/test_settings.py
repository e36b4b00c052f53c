from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.stack.settings import Settings, make_folders


def test_defaults_lie_in_the_home(tmp_path: Path) -> None:
    settings = Settings.load({"COCKPIT_HOME": str(tmp_path)})

    assert settings.environments == tmp_path / "env"
    assert settings.addresses() == {
        "postgres": "127.0.0.1:5433",
        "airflow": "http://127.0.0.1:8080",
        "superset": "http://127.0.0.1:8088",
        "intake": "http://127.0.0.1:8090",
        "demo_apis": "http://127.0.0.1:8091",
    }
    assert not settings.is_external


def test_a_variable_wins_over_the_remembered_port(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ports.json").write_text('{"postgres": 6001, "airflow": 6002, "superset": 6003}')

    settings = Settings.load({"COCKPIT_HOME": str(tmp_path), "COCKPIT_AIRFLOW_PORT": "7002"})

    # A service that came later has its default.
    remembered = settings.ports.model_dump(include={"postgres", "airflow", "superset", "intake"})
    assert remembered == {"postgres": 6001, "airflow": 7002, "superset": 6003, "intake": 8090}


@pytest.mark.parametrize(
    ("variable", "value", "where"),
    [
        ("COCKPIT_AIRFLOW_PORT", "70000", "COCKPIT_PORTS_AIRFLOW"),
        ("COCKPIT_PARALLELISM", "many", "COCKPIT_PARALLELISM"),
        ("COCKPIT_DB_URL", "mysql://root:secret-word@host/db", "COCKPIT_DB_URL"),
        ("COCKPIT_DB_URL", "not a url", "COCKPIT_DB_URL"),
    ],
)
def test_a_wrong_variable_is_named_and_its_secret_is_not(tmp_path: Path, variable: str, value: str, where: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        Settings.load({"COCKPIT_HOME": str(tmp_path), variable: value})

    assert str(caught.value).startswith(f"{where}: ")
    assert "secret-word" not in str(caught.value)


def test_broken_port_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ports.json").write_text("{half")

    with pytest.raises(RuleFileError, match=r"ports\.json: is not a valid list of ports"):
        Settings.load({"COCKPIT_HOME": str(tmp_path)})


def test_an_existing_server_is_remembered_without_the_variable(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database_url").write_text("postgresql://admin:pw@db.example:5432/postgres\n")

    settings = Settings.load({"COCKPIT_HOME": str(tmp_path)})

    assert settings.is_external
    assert settings.addresses()["postgres"] == "db.example:5432"


def test_postgres_scheme_and_connection_options_reach_every_role(settings: Settings) -> None:
    external = Settings.load(
        {"COCKPIT_HOME": str(settings.home), "COCKPIT_DB_URL": "postgres://a:b@db.example/postgres?sslmode=require"}
    )

    url = external.database_address("cockpit_etl", "cockpit")

    assert (url.drivername, url.host, url.username, url.database) == (
        "postgresql",
        "db.example",
        "cockpit_etl",
        "cockpit",
    )
    assert url.query == {"sslmode": "require"}
    assert "ssl=require" in external.environment()["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"]


def test_a_long_home_moves_the_socket_to_a_short_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run")
    near = Settings(home=Path("/srv/cockpit"), environments=tmp_path)
    far = Settings(home=Path("/srv") / ("long" * 30), environments=tmp_path)

    assert near.socket == Path("/srv/cockpit/run/supervisor.sock")
    assert far.socket.parts[1] == "run"
    assert len(str(far.socket)) < 100
    assert far.socket.stem == far.stack_id


def test_the_short_folder_must_be_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = tmp_path / ("long" * 30)
    settings = Settings(home=home, environments=tmp_path)
    settings.socket.parent.mkdir(mode=0o700)
    settings.socket.parent.chmod(0o755)

    with pytest.raises(RuleFileError, match="open to others"):
        make_folders(settings)


def test_folders_are_private_but_the_data_can_be_reached(settings: Settings) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in settings.home.iterdir()}

    assert modes == {"data": 0o711, "logs": 0o711, "run": 0o700, "secrets": 0o700}
