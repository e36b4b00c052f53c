from __future__ import annotations

from pydantic import SecretStr

from cockpit.demo.apis.server.config import SYSTEMS
from cockpit.stack.services import DEMO_APIS, SUPERSET, fingerprint, service, services
from cockpit.stack.settings import WEB_CONNECTIONS, Settings


def test_superset_gets_no_way_into_the_warehouse_as_its_owner(settings: Settings) -> None:
    environment = service(settings, SUPERSET).environment(settings)

    assert not [name for name in environment if name.startswith("AIRFLOW_CONN_")]
    assert settings.secret("cockpit_etl") not in "".join(environment.values())


def test_no_service_gets_the_administrators_password(settings: Settings) -> None:
    password = settings.secret("postgres")

    assert not [each.name for each in services(settings) if password in "".join(each.environment(settings).values())]


def test_pipelines_get_every_connection(settings: Settings) -> None:
    environment = settings.environment()

    assert environment["AIRFLOW_CONN_WAREHOUSE"].startswith("postgresql://cockpit_etl:")
    assert environment["AIRFLOW_CONN_ERP"].endswith("@127.0.0.1:5433/demo_erp")


def test_everything_listens_on_loopback(settings: Settings) -> None:
    assert settings.environment()["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert "127.0.0.1:8088" in service(settings, SUPERSET).command(settings)


def test_an_existing_server_is_not_a_service_of_ours(settings: Settings) -> None:
    external = Settings.load(
        {"COCKPIT_HOME": str(settings.home), "COCKPIT_DB_URL": "postgresql://a:b@db.example/postgres"}
    )

    assert "postgres" not in {each.name for each in services(external)}


def test_fingerprint_follows_settings_and_secrets(settings: Settings) -> None:
    # With an existing server, so that no database binaries are looked for.
    before = settings.model_copy(update={"database_url": SecretStr("postgresql://a:b@db.example/postgres")})
    fingerprints = [
        fingerprint(before),
        fingerprint(before),
        fingerprint(before.model_copy(update={"language": "zh"})),
    ]
    (settings.secrets / "airflow_jwt").write_text("another")
    fingerprints.append(fingerprint(before))

    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3


def test_the_demos_web_apis_are_served_once_it_is_filled(settings: Settings) -> None:
    demo_apis = service(settings, DEMO_APIS)

    assert not demo_apis.is_wanted(settings)
    settings.demo_mark.touch()
    assert demo_apis.is_wanted(settings)


def test_the_demos_web_apis_may_only_read_their_own_database(settings: Settings) -> None:
    environment = service(settings, DEMO_APIS).environment(settings)

    assert not [name for name in environment if name.startswith("AIRFLOW_CONN_")]
    assert "//apis_reader:" in environment["COCKPIT_DEMO_APIS_DATABASE"]
    assert set(SYSTEMS) == set(WEB_CONNECTIONS)
    assert settings.secret("apis_owner") not in "".join(environment.values())
