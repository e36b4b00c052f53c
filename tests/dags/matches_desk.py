"""A real API server of Airflow over a warehouse with matched customers, and people who work with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from tests import golden_records
from tests.conftest import Postgres
from tests.dags.airflow_api import airflow_api, make_metadata
from tests.dags.test_desk import PEOPLE, Person
from tests.integration.mdm.conftest import AS_OF, MasterData
from tests.sql.database import context_of, drop_database, make_template, use_as_warehouse


@dataclass(frozen=True)
class MatchesDesk:
    """The pages and what is behind them."""

    address: str
    master: MasterData

    def person(self, name: str) -> Person:
        """ann and ben decide, eve only looks."""
        return Person(self.address, name)


@contextmanager
def matches_desk(postgres: Postgres, database: str, folder: Path, lang: str = "en") -> Iterator[MatchesDesk]:
    """Pages over a database of that name with the customers of golden_records; both are gone afterwards."""
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    made = make_template(postgres, database, workspace)
    with pytest.MonkeyPatch.context() as patch, closing(made.connect()) as connection:
        use_as_warehouse(made, patch)
        master = MasterData(connection, context_of(workspace, AS_OF))
        golden_records.fill(master, patch)
        passwords = folder / "passwords.json"
        passwords.write_text(json.dumps({name: name for name in PEOPLE}))
        environment = {
            **make_metadata(postgres.settings, folder),
            "AIRFLOW_CONN_WAREHOUSE": made.dsn("cockpit_etl"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in PEOPLE.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "COCKPIT_AS_OF": "2026-03-05T10:00+08:00",
        }
        with airflow_api(postgres.settings, environment, folder / "api.log", COCKPIT_LANG=lang) as api:
            yield MatchesDesk(api.address, master)
    drop_database(postgres, database)
