"""docker-compose.yml and ./cockpit start the same services in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cockpit.stack import services
from cockpit.stack.settings import POSTGRES_PARAMETERS, REPOSITORY, Settings


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    return content


@pytest.fixture(scope="module")
def inside(compose: dict[str, Any]) -> Settings:
    """The settings as a container of the file would load them."""
    environment = {name: str(value) for name, value in compose["services"]["superset"]["environment"].items()}
    return Settings.load(environment | {"COCKPIT_DB_URL": "postgresql://postgres:pw@postgres:5432/postgres"})


def test_same_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {service.name for service in services.ALL} | {"prepare", "remove-old-logs"}


def test_same_commands(compose: dict[str, Any], inside: Settings) -> None:
    for service in services.services(inside):
        assert compose["services"][service.name]["command"] == ["-m", "cockpit.stack.launch", service.name]


def test_same_database_parameters(compose: dict[str, Any]) -> None:
    words = compose["services"]["postgres"]["command"]

    assert words[0] == "postgres"
    assert set(words[1::2]) == {"-c"}
    found = dict(word.split("=", 1) for word in words[2::2])
    assert found.pop("log_timezone") == compose["services"]["superset"]["environment"]["COCKPIT_TIME_ZONE"]
    folder = found.pop("log_directory")
    assert found == POSTGRES_PARAMETERS
    for name in ("postgres", "remove-old-logs"):
        assert f"postgres-log:{folder}" in compose["services"][name]["volumes"]


def test_same_memory_limits(compose: dict[str, Any]) -> None:
    limits = {
        name: service.get("mem_limit")
        for name, service in compose["services"].items()
        if name not in ("prepare", "remove-old-logs")
    }

    assert limits == {service.name: f"{service.memory_limit_mb}m" for service in services.ALL}


def test_published_ports_are_the_ones_that_services_listen_on(compose: dict[str, Any], inside: Settings) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert published == {
        services.API_SERVER: [f"127.0.0.1:8080:{inside.ports.airflow}"],
        services.SUPERSET: [f"127.0.0.1:8088:{inside.ports.superset}"],
        services.INTAKE: [f"127.0.0.1:8090:{inside.ports.intake}"],
    }


def test_only_known_variables_are_set(compose: dict[str, Any], inside: Settings) -> None:
    known = {f"COCKPIT_{name.upper()}" for name in Settings.model_fields}
    known |= {f"COCKPIT_{name.upper()}_PORT" for name in type(inside.ports).model_fields}
    # Names that differ from the field they set.
    known |= {"COCKPIT_LANG", "COCKPIT_DB_URL"}

    for name in services.services(inside):
        assert set(compose["services"][name.name]["environment"]) <= known


def test_services_of_the_file_reach_each_other_by_name(inside: Settings, settings: Settings) -> None:
    there = inside.model_copy(update={"home": settings.home})

    environment = services.airflow_environment(there)

    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://airflow-api:8080/execution/"
    assert "@postgres:5432/airflow" in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert environment["AIRFLOW__API__HOST"] == "0.0.0.0"


def test_image_makes_the_environments_where_the_settings_look(compose: dict[str, Any]) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    environment = compose["services"]["superset"]["environment"]

    assert f"COCKPIT_ENVIRONMENTS={environment['COCKPIT_ENVIRONMENTS']}" in dockerfile
    assert f"COCKPIT_HOME={environment['COCKPIT_HOME']}" in dockerfile
    assert Path(environment["COCKPIT_ENVIRONMENTS"]) / "airflow/bin/python" == Path(
        "/opt/cockpit/env/airflow/bin/python"
    )
    assert 'ENTRYPOINT ["/opt/cockpit/env/airflow/bin/python"]' in dockerfile
