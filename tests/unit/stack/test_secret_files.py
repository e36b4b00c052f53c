from __future__ import annotations

from sqlalchemy.engine import make_url

from cockpit.demo.apis.server.config import CLIENT
from cockpit.stack import secret_files
from cockpit.stack.settings import CONNECTIONS, WEB_CONNECTIONS, Settings


def test_secrets_are_readable_by_their_owner_only(settings: Settings) -> None:
    modes = {path.stat().st_mode & 0o777 for path in settings.secrets.iterdir()}

    assert modes == {0o600}


def test_secrets_are_made_once_and_anew_when_deleted(settings: Settings) -> None:
    before = {path.name: path.read_text() for path in settings.secrets.iterdir()}
    (settings.secrets / "bi_reader").unlink()

    secret_files.ensure(settings)

    after = {path.name: path.read_text() for path in settings.secrets.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"bi_reader"}


def test_signing_keys_are_as_long_as_airflow_asks(settings: Settings) -> None:
    assert len(settings.secret("airflow_jwt").encode()) >= 64


def test_everyone_who_logs_in_has_a_password_of_three_groups(settings: Settings) -> None:
    password = settings.secret("user_admin")

    assert [len(group) for group in password.split("-")] == [5, 5, 5]
    assert not set(password) & set("01ilo")


def test_the_users_own_connections_stay(settings: Settings) -> None:
    path = settings.secrets / "connections.env"
    path.write_text(path.read_text() + "# the company's CRM\nAIRFLOW_CONN_OLD_CRM=mysql://u:p=w@crm/db\n")

    secret_files.ensure(settings)

    variables = secret_files.connection_variables(settings)
    assert variables["AIRFLOW_CONN_OLD_CRM"] == "mysql://u:p=w@crm/db"
    assert set(variables) == {
        "AIRFLOW_CONN_OLD_CRM",
        "AIRFLOW_CONN_CALL_CENTRE",
        *(f"AIRFLOW_CONN_{name.upper()}" for name in (*CONNECTIONS, *WEB_CONNECTIONS)),
    }
    assert "# the company's CRM" in path.read_text()


def test_web_apis_of_the_demo_have_their_secret_in_their_connection(settings: Settings) -> None:
    url = make_url(secret_files.connection_variables(settings)["AIRFLOW_CONN_SHOP"])

    assert (url.drivername, url.host, url.port, url.database) == ("http", "127.0.0.1", 8091, "shop")
    # The process that serves them compares with its own constant.
    assert (url.username, url.password) == (CLIENT, settings.secret("demo_api_shop"))
