"""The services: what each one runs, its environment, how it is stopped and how much memory it may take.

docker-compose.yml starts the same services through the same launcher (see launch.py); a test compares the two.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cockpit.stack.people import ADMIN
from cockpit.stack.postgres import server_command
from cockpit.stack.secret_files import connection_variables
from cockpit.stack.settings import DATABASES, WEB_CONNECTIONS, Settings

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """One long-running process.

    Args:
        name: Name in status, logs and docker-compose.yml.
        command: Its command line, first the program's absolute path.
        environment: What it gets beside the user's own environment; holds secrets, never logged.
        stop_signal: Signal for an orderly stop.
        stop_seconds: Seconds until it is killed.
        stop_children_too: Whether the signal goes to its children as well.
        memory_limit_mb: More than this is a fault; a container is limited to it.
        is_wanted: Whether it is started without being asked for by name.
    """

    name: str
    command: Callable[[Settings], list[str]]
    environment: Callable[[Settings], dict[str, str]]
    memory_limit_mb: int
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    stop_children_too: bool = False
    is_wanted: Callable[[Settings], bool] = lambda _settings: True


# A folder in memory, where Linux has one; gunicorn makes unnamed files in it.
_MEMORY_FOLDER = "/dev/shm"  # noqa: S108

POSTGRES = "postgres"
API_SERVER = "airflow-api"
SCHEDULER = "airflow-scheduler"
DAG_PROCESSOR = "airflow-dag-processor"
TRIGGERER = "airflow-triggerer"
SUPERSET = "superset"
DEMO_APIS = "demo-apis"
INTAKE = "intake"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Airflow's configuration, as variables, with the connections that its tasks use."""
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": settings.repository / "dags",
            "plugins_folder": settings.repository / "plugins",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": settings.parallelism,
            "dags_are_paused_at_creation": False,
            "default_timezone": settings.time_zone,
            "execution_api_server_url": f"http://{settings.api_host}:{settings.ports.airflow}/execution/",
            "fernet_key": settings.secret("airflow_fernet"),
            "simple_auth_manager_users": f"{ADMIN}:admin",
            "simple_auth_manager_passwords_file": settings.secrets / "airflow_users.json",
        },
        "database": {
            "sql_alchemy_conn": _sqlalchemy_url(settings, "airflow", "psycopg2"),
            "sql_alchemy_conn_async": _sqlalchemy_url(settings, "airflow", "asyncpg"),
        },
        "api": {
            "host": settings.bind,
            "port": settings.ports.airflow,
            "base_url": settings.addresses()["airflow"],
            "workers": 1,
            "secret_key": settings.secret("airflow_api"),
            "instance_name": "CRM Cockpit",
        },
        "api_auth": {"jwt_secret": settings.secret("airflow_jwt")},
        # The next two keep the gap between tasks below a second; the defaults make it one to five.
        "scheduler": {"scheduler_idle_sleep_time": 0.1},
        "workers": {"min_heartbeat_interval": 1},
        # A new or changed DAG file shows within seconds instead of five minutes; a changed rule or model, which
        # only parsing again can see, within two: reading them all takes seconds of a core each time.
        "dag_processor": {
            "refresh_interval": 5,
            "bundle_refresh_check_interval": 5,
            "min_file_process_interval": 120,
            "parsing_processes": 1,
        },
        "logging": {
            "base_log_folder": settings.logs / "airflow",
            "dag_processor_child_process_log_directory": settings.logs / "airflow" / "dag_processor",
            "colored_console_log": False,
            # It would write four lines at each look into the DAG folder.
            "namespace_levels": "airflow.dag_processing.manager=warning",
            # Airflow opens its log folders to the group by default.
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
        },
    }
    return {
        **settings.base_environment(),
        "AIRFLOW_HOME": str(settings.home / "airflow"),
        # The link in Airflow's navigation (plugins/cockpit_plugin.py).
        "COCKPIT_SUPERSET_URL": settings.addresses()["superset"],
        **{
            f"AIRFLOW__{section.upper()}__{key.upper()}": str(value)
            for section, pairs in options.items()
            for key, value in pairs.items()
        },
        **connection_variables(settings),
    }


def superset_environment(settings: Settings) -> dict[str, str]:
    """What superset/superset_config.py reads; no access to the warehouse as its owner."""
    return {
        **settings.base_environment(),
        "SUPERSET_HOME": str(settings.data / "superset"),
        "SUPERSET_CONFIG_PATH": str(settings.superset_config),
        "SUPERSET_SECRET_KEY": settings.secret("superset_secret_key"),
        "COCKPIT_SUPERSET_DB_URL": _sqlalchemy_url(settings, "superset", "psycopg2"),
        "COCKPIT_IDENTITY_KEY_FILE": str(settings.secrets / "identity_key"),
        "FLASK_APP": "superset.app:create_app()",
    }


def intake_environment(settings: Settings) -> dict[str, str]:
    """The owner's connection for the tables that the service prepares at its start, then two logins of its own."""
    variables = connection_variables(settings)
    wanted = ("AIRFLOW_CONN_WAREHOUSE", "AIRFLOW_CONN_WAREHOUSE_INTAKE", "AIRFLOW_CONN_WAREHOUSE_TASKS")
    return {**settings.base_environment(), **{name: variables[name] for name in wanted if name in variables}}


def demo_apis_environment(settings: Settings) -> dict[str, str]:
    """What cockpit.demo.apis.server reads: a login that may only read, and what each API signs on with."""
    prefix = "COCKPIT_DEMO_APIS_"
    database = settings.database_address("apis_reader", "demo_apis")
    return {
        **settings.base_environment(),
        f"{prefix}DATABASE": database.render_as_string(hide_password=False),
        **{f"{prefix}SECRET_{name.upper()}": settings.secret(each.secret) for name, each in WEB_CONNECTIONS.items()},
    }


def postgres_environment(settings: Settings) -> dict[str, str]:
    """The server's locale decides the language of its messages: English, so that they can be recognised."""
    return {"COCKPIT_STACK_ID": settings.stack_id, "LC_ALL": "C.UTF-8", "LC_MESSAGES": "C"}


def _sqlalchemy_url(settings: Settings, role: str, driver: str) -> str:
    """A role's URL in the database that it owns."""
    database = next(database.name for database in DATABASES if database.owner == role)
    url = settings.database_address(role, database).set(drivername=f"postgresql+{driver}")
    if driver == "asyncpg" and "sslmode" in url.query:
        # asyncpg's name for libpq's sslmode.
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": str(url.query["sslmode"])})
    return url.render_as_string(hide_password=False)


def _airflow(*arguments: str) -> Callable[[Settings], list[str]]:
    return lambda settings: [str(settings.program("airflow", "airflow")), *arguments]


def _superset(settings: Settings) -> list[str]:
    return [
        str(settings.program("superset", "gunicorn")),
        *("--config", str(settings.superset_config.with_name("gunicorn.conf.py"))),
        *("--bind", f"{settings.bind}:{settings.ports.superset}"),
        *("--workers", str(settings.superset_workers)),
        *("--worker-class", "gthread", "--threads", "8"),
        *("--timeout", "120", "--limit-request-line", "0"),
        # Workers beat in a file: in memory where there is such a place, because a slow disk would kill them.
        *(("--worker-tmp-dir", _MEMORY_FOLDER) if _has_memory_folder() else ()),
        "--no-control-socket",
        "superset.app:create_app()",
    ]


def _intake(settings: Settings) -> list[str]:
    return [
        str(settings.program("airflow", "python")),
        *("-m", "cockpit.intake", "--host", settings.bind, "--port", str(settings.ports.intake)),
    ]


def _demo_apis(settings: Settings) -> list[str]:
    return [
        str(settings.program("airflow", "python")),
        *("-m", "uvicorn", "--factory", "cockpit.demo.apis.server.app:create_app"),
        *("--host", settings.bind, "--port", str(settings.ports.demo_apis)),
        # Its lines would hold query parameters, and one of the APIs takes its key there.
        *("--no-access-log", "--log-level", "warning"),
    ]


def _has_memory_folder() -> bool:
    return os.access(_MEMORY_FOLDER, os.W_OK)


ALL = (
    Service(
        name=POSTGRES,
        command=server_command,
        environment=postgres_environment,
        # Fast shutdown: open transactions are rolled back instead of waited for.
        stop_signal="INT",
        stop_seconds=60,
        memory_limit_mb=2048,
    ),
    Service(
        name=API_SERVER,
        command=_airflow("api-server"),
        environment=airflow_environment,
        memory_limit_mb=768,
    ),
    Service(
        name=SCHEDULER,
        # Logs are read from the shared folder; the log servers would listen on all addresses.
        command=_airflow("scheduler", "--skip-serve-logs"),
        environment=airflow_environment,
        memory_limit_mb=4096,
    ),
    Service(
        name=DAG_PROCESSOR,
        command=_airflow("dag-processor"),
        environment=airflow_environment,
        memory_limit_mb=1024,
    ),
    Service(
        name=TRIGGERER,
        command=_airflow("triggerer", "--skip-serve-logs"),
        environment=airflow_environment,
        memory_limit_mb=768,
        # Told alone, it waits ten seconds for its child before it insists.
        stop_children_too=True,
    ),
    Service(
        name=SUPERSET,
        command=_superset,
        environment=superset_environment,
        memory_limit_mb=1536,
    ),
    Service(
        name=DEMO_APIS,
        command=_demo_apis,
        environment=demo_apis_environment,
        memory_limit_mb=128,
        is_wanted=lambda settings: settings.demo_mark.exists(),
    ),
    Service(
        name=INTAKE,
        command=_intake,
        environment=intake_environment,
        memory_limit_mb=256,
    ),
)


def services(settings: Settings) -> tuple[Service, ...]:
    """The services of this home, in starting order; an external database server is not one of them."""
    return tuple(service for service in ALL if not (settings.is_external and service.name == POSTGRES))


def service(settings: Settings, name: str) -> Service:
    """One service by name; KeyError when there is no such service."""
    return {each.name: each for each in services(settings)}[name]


def fingerprint(settings: Settings) -> str:
    """Changes whenever running services would have to be started anew; tells nothing about their secrets."""
    parts = {each.name: [each.command(settings), each.environment(settings)] for each in services(settings)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
