from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from cockpit.errors import StackError
from cockpit.stack import ports
from cockpit.stack.settings import Ports, Settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this very process listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_next_free_port_is_chosen() -> None:
    assert ports.choose(8080, {8081}, lambda port: port != 8080) == 8082


def test_no_free_port_is_an_error() -> None:
    with pytest.raises(StackError, match="no free port from 8080 upwards"):
        ports.choose(8080, set(), lambda _port: False)


def test_the_holder_of_a_port_is_named(taken: int) -> None:
    assert not ports.is_free("127.0.0.1", taken)
    assert f"(process {os.getpid()})" in ports.holder(taken)


def test_first_start_moves_on_and_remembers(settings: Settings, taken: int) -> None:
    wish = settings.model_copy(update={"ports": Ports(airflow=taken)})

    settled = ports.settle(wish, ["airflow"])

    assert settled.ports.airflow != taken
    assert Ports.model_validate_json((settings.run / "ports.json").read_text()) == settled.ports


def test_a_remembered_port_that_is_taken_is_an_error_with_a_way_out(settings: Settings, taken: int) -> None:
    (settings.run / "ports.json").write_text(Ports(airflow=taken).model_dump_json())
    remembered = settings.model_copy(update={"ports": Ports(airflow=taken)})

    with pytest.raises(StackError) as caught:
        ports.settle(remembered, ["airflow"])

    assert f"port {taken} is taken by" in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)
    assert "COCKPIT_AIRFLOW_PORT=" in str(caught.value)


def test_a_remembered_port_matters_only_when_its_service_starts(settings: Settings, taken: int) -> None:
    (settings.run / "ports.json").write_text(Ports(airflow=taken).model_dump_json())
    remembered = settings.model_copy(update={"ports": Ports(airflow=taken)})

    assert ports.settle(remembered, []).ports.airflow == taken


def test_a_port_set_by_a_variable_is_not_moved(settings: Settings, taken: int) -> None:
    asked = settings.model_copy(update={"ports": Ports(airflow=taken), "fixed_ports": ("airflow",)})

    with pytest.raises(StackError, match=f"port {taken} is taken"):
        ports.settle(asked, ["airflow"])
