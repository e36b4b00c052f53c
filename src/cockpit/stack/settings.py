"""Everything the platform's own services are configured by: the one model behind ./cockpit and docker-compose.yml."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cockpit.errors import RuleFileError
from cockpit.i18n import _, language

REPOSITORY = Path(__file__).resolve().parents[3]

# AF_UNIX paths end at 107 bytes, and supervisord binds a temporary name with its process id appended.
_SOCKET_PATH_LIMIT = 107 - len(".4194304")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ports(_Frozen):
    """TCP ports inside the host or container; the defaults are the preferred ones."""

    postgres: int = Field(default=5433, ge=1, le=65535)
    airflow: int = Field(default=8080, ge=1, le=65535)
    superset: int = Field(default=8088, ge=1, le=65535)
    intake: int = Field(default=8090, ge=1, le=65535)
    demo_apis: int = Field(default=8091, ge=1, le=65535)


class Database(_Frozen):
    """One database of the cluster.

    Args:
        name: Database name.
        owner: Role that owns it.
        readers: Further roles that may connect.
        is_workspace: Whether it holds a workspace's layers (raw to marts).
        has_truth: Whether the demo's truth lies in it, in a schema that pipelines cannot read.
    """

    name: str
    owner: str
    readers: tuple[str, ...] = ()
    is_workspace: bool = False
    has_truth: bool = False


class Connection(_Frozen):
    """A connection id that pipelines use, and the role it logs in as."""

    database: str
    role: str


class WebConnection(_Frozen):
    """A connection id of a web API of the demo company; its user is DEMO_CLIENT.

    Args:
        path: Root of the API.
        secret: Name of the secret that is its password.
    """

    path: str
    secret: str


DATABASES = (
    Database(name="airflow", owner="airflow"),
    Database(name="superset", owner="superset"),
    Database(
        name="cockpit",
        owner="cockpit_etl",
        readers=("bi_reader", "demo_truth", "intake", "cockpit_tasks"),
        is_workspace=True,
        has_truth=True,
    ),
    Database(name="cockpit_online_retail", owner="cockpit_etl", readers=("bi_reader",), is_workspace=True),
    Database(name="demo_erp", owner="erp_owner", readers=("erp_reader",)),
    Database(name="demo_crm", owner="crm_owner", readers=("crm_reader",)),
    Database(name="demo_apis", owner="apis_owner", readers=("apis_reader",)),
)
ROLES = (
    "airflow",
    "superset",
    "cockpit_etl",
    "bi_reader",
    "intake",
    "cockpit_tasks",
    "demo_truth",
    "erp_owner",
    "erp_reader",
    "crm_owner",
    "crm_reader",
    "apis_owner",
    "apis_reader",
)
CONNECTIONS: Mapping[str, Connection] = {
    "warehouse": Connection(database="cockpit", role="cockpit_etl"),
    "warehouse_intake": Connection(database="cockpit", role="intake"),
    "warehouse_tasks": Connection(database="cockpit", role="cockpit_tasks"),
    "online_retail_warehouse": Connection(database="cockpit_online_retail", role="cockpit_etl"),
    "erp": Connection(database="demo_erp", role="erp_reader"),
    "erp_owner": Connection(database="demo_erp", role="erp_owner"),
    "crm": Connection(database="demo_crm", role="crm_reader"),
    "crm_owner": Connection(database="demo_crm", role="crm_owner"),
    "demo_truth": Connection(database="cockpit", role="demo_truth"),
    "apis_owner": Connection(database="demo_apis", role="apis_owner"),
}
# The demo company's web APIs, all served by one process.
DEMO_CLIENT = "cockpit"
WEB_CONNECTIONS: Mapping[str, WebConnection] = {
    name: WebConnection(path=f"/{name}", secret=f"demo_api_{name}")
    for name in ("scm", "wecom", "market_feed", "service_desk", "shop", "ads")
}
SUPERUSER = "postgres"

# Measured on 2 cores with 20 M rows of facts; a managed server brings its own values. The embedded one takes more
# memory where the machine has it (cockpit.stack.postgres).
POSTGRES_PARAMETERS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "max_connections": "150",
    # Compiling costs more than it saves on queries of a second.
    "jit": "off",
    "timezone": "UTC",
    # One file a day, so that what bi_reader asked (include/sql/security/provision.sql) can be kept for a set time.
    "logging_collector": "on",
    "log_filename": "%Y-%m-%d.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    # Session and person: cockpit.stack.query_log reads them.
    "log_line_prefix": "%m [%p] %c %q%u@%d %a ",
    # A failed statement and its row may hold personal data: neither belongs into a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Settings(_Frozen):
    """Where the platform lies and how its services are reached.

    Args:
        repository: The checkout.
        home: `$COCKPIT_HOME`: environments, data, logs, secrets, run.
        environments: Folder of the Python environments; shared by homes when set apart.
        language: Language of texts that a person reads.
        time_zone: Business time zone, IANA name.
        bind: Address that services listen on.
        api_host: Name under which Airflow's processes reach the API server.
        superset_host: Name under which pipelines reach Superset; the address that people use when None.
        demo_host: Name under which pipelines reach the demo company's web APIs.
        task_url: Address under which people reach the pages of their tasks; the intake's own when None.
        ports: Ports in use.
        fixed_ports: Names of the ports that a variable sets; they are never moved.
        database_url: Administrative URL of an existing PostgreSQL; None means the embedded one.
        parallelism: Tasks that run at the same time.
        superset_workers: Worker processes of Superset.
        query_log_days: How long the database's log is kept, which says who asked what.
    """

    repository: Path = REPOSITORY
    home: Path
    environments: Path
    language: Literal["en", "zh"] = "en"
    time_zone: str = "Asia/Shanghai"
    bind: str = "127.0.0.1"
    api_host: str = "127.0.0.1"
    superset_host: str | None = None
    demo_host: str = "127.0.0.1"
    task_url: str | None = None
    ports: Ports = Ports()
    fixed_ports: tuple[str, ...] = ()
    database_url: SecretStr | None = None
    parallelism: int = Field(default=4, ge=1)
    superset_workers: int = Field(default=2, ge=1)
    query_log_days: int = Field(default=30, ge=1)

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from `COCKPIT_*` variables and from what the first start chose.

        Raises:
            RuleFileError: a variable or run/ports.json holds a value that is not allowed.
        """
        home = Path(environ.get("COCKPIT_HOME") or REPOSITORY / ".cockpit").expanduser().absolute()
        values = {
            "home": home,
            "environments": Path(environ.get("COCKPIT_ENVIRONMENTS") or home / "env").expanduser().absolute(),
            "language": language(),
            "ports": _ports(home, environ),
            "fixed_ports": tuple(_ports_by_variable(environ)),
            "database_url": _database_url(home, environ),
            "time_zone": environ.get("COCKPIT_TIME_ZONE"),
            "bind": environ.get("COCKPIT_BIND"),
            "api_host": environ.get("COCKPIT_API_HOST"),
            "superset_host": environ.get("COCKPIT_SUPERSET_HOST"),
            "demo_host": environ.get("COCKPIT_DEMO_HOST"),
            "task_url": environ.get("COCKPIT_TASK_URL"),
            "parallelism": environ.get("COCKPIT_PARALLELISM"),
            "superset_workers": environ.get("COCKPIT_SUPERSET_WORKERS"),
            "query_log_days": environ.get("COCKPIT_QUERY_LOG_DAYS"),
        }
        try:
            return cls.model_validate({key: value for key, value in values.items() if value})
        except ValidationError as error:
            fault = error.errors()[0]
            variable = "COCKPIT_" + "_".join(str(part) for part in fault["loc"]).upper()
            raise RuleFileError(fault["msg"], where=variable, found=fault.get("input")) from error

    # Places

    @property
    def data(self) -> Path:
        """Databases and stamps."""
        return self.home / "data"

    @property
    def logs(self) -> Path:
        """One log for each service."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Ports, sockets and locks of the running stack."""
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        """Generated secrets."""
        return self.home / "secrets"

    @property
    def postgres_data(self) -> Path:
        """The embedded server's data folder."""
        return self.data / "postgres"

    @property
    def demo_mark(self) -> Path:
        """Exists once the demo company has been filled: then its web APIs are served."""
        return self.data / "demo.filled"

    @property
    def demo_files(self) -> Path:
        """Files and logs of the demo company."""
        return self.data / "demo"

    @property
    def data_docs(self) -> Path:
        """Pages about the tables' checks, one folder per workspace."""
        return self.data / "data_docs"

    @property
    def people_file(self) -> Path:
        """The people who log in."""
        return self.repository / "include/rules/security/people.yml"

    @property
    def superset_config(self) -> Path:
        """Superset's configuration module."""
        return self.repository / "superset/superset_config.py"

    def program(self, environment: str, name: str) -> Path:
        """An executable of one of the Python environments."""
        return self.environments / environment / "bin" / name

    def log_of(self, service: str) -> Path:
        """The log of a service or step."""
        return self.logs / f"{service}.log"

    @property
    def query_logs(self) -> Path:
        """What the embedded server writes, one file a day; what it says before it can is in `log_of`."""
        return self.logs / "postgres"

    def newest_log_of(self, service: str) -> Path:
        """Where a service wrote last."""
        logs = [self.log_of(service)]
        if service == self.query_logs.name:
            logs += self.query_logs.glob("*.log")
        return max(logs, key=lambda log: log.stat().st_mtime_ns if log.exists() else 0)

    @property
    def socket(self) -> Path:
        """The supervisor's control socket: in run/, or under a short private folder when that is too long."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
            return path
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 (the folder is private and its owner is checked)
        return base / f"cockpit-{os.getuid()}" / f"{self.stack_id}.sock"

    # Identity

    @property
    def stack_id(self) -> str:
        """Marks every process of this home, so that leftovers are found after a crash."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    @property
    def is_external(self) -> bool:
        """Whether an existing PostgreSQL is used instead of the embedded one."""
        return self.database_url is not None

    # Addresses

    def admin_database_url(self, database: str = "postgres") -> URL:
        """The administrative login to one database; for provisioning only."""
        if self.database_url is not None:
            url = make_url(self.database_url.get_secret_value())
            return url.set(drivername="postgresql", database=database if database != "postgres" else url.database)
        return self._url(SUPERUSER, database)

    def database_address(self, role: str, database: str) -> URL:
        """The URL of one role in one database, with its password; scheme `postgresql`."""
        if self.database_url is not None:
            server = make_url(self.database_url.get_secret_value())
            return server.set(drivername="postgresql", username=role, password=self.secret(role), database=database)
        return self._url(role, database)

    def _url(self, role: str, database: str) -> URL:
        return URL.create(
            "postgresql",
            username=role,
            password=self.secret(role),
            host="127.0.0.1",
            port=self.ports.postgres,
            database=database,
        )

    def web_address(self, connection: str) -> URL:
        """The URL of one of the demo company's web APIs, with its password."""
        chosen = WEB_CONNECTIONS[connection]
        return URL.create(
            "http",
            username=DEMO_CLIENT,
            password=self.secret(chosen.secret),
            host=self.demo_host,
            port=self.ports.demo_apis,
            database=chosen.path.lstrip("/"),
        )

    def addresses(self) -> dict[str, str]:
        """Where people and clients reach the services; never with a password."""
        server = make_url(self.database_url.get_secret_value()) if self.database_url else None
        database = (server.host, server.port or 5432) if server else ("127.0.0.1", self.ports.postgres)
        # A browser reaches a service that listens on all addresses through this machine's own.
        host = "127.0.0.1" if self.bind == "0.0.0.0" else self.bind  # noqa: S104 (compared, not bound)
        return {
            "postgres": f"{database[0]}:{database[1]}",
            "airflow": f"http://{host}:{self.ports.airflow}",
            "superset": f"http://{host}:{self.ports.superset}",
            "intake": f"http://{host}:{self.ports.intake}",
            "demo_apis": f"http://{host}:{self.ports.demo_apis}",
        }

    @property
    def superset_address(self) -> str:
        """Where pipelines reach Superset."""
        if self.superset_host is None:
            return self.addresses()["superset"]
        return f"http://{self.superset_host}:{self.ports.superset}"

    # Secrets and what child processes get

    def secret(self, name: str) -> str:
        """One generated secret.

        Raises:
            RuleFileError: it is not there; the message never holds its value.
        """
        path = self.secrets / name
        try:
            return path.read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            raise RuleFileError(
                _("this secret does not exist"), where=str(path), fix=_("Run './cockpit up', which makes it.")
            ) from error

    def base_environment(self) -> dict[str, str]:
        """What every process of the platform gets."""
        return {
            "COCKPIT_HOME": str(self.home),
            "COCKPIT_ENVIRONMENTS": str(self.environments),
            "COCKPIT_LANG": self.language,
            "COCKPIT_TIME_ZONE": self.time_zone,
            "COCKPIT_STACK_ID": self.stack_id,
            # Where the source files of the demo company look for its files.
            "COCKPIT_DEMO_FILES": str(self.demo_files),
            # Where checks leave their pages and Airflow finds them.
            "COCKPIT_DATA_DOCS": str(self.data_docs),
            # Where links in messages lead.
            "COCKPIT_TASK_URL": self.task_url or self.addresses()["intake"],
            "PYTHONPATH": str(self.repository / "src"),
            # Programs that set their title must leave their environment readable: down finds them by it.
            "SPT_NOENV": "1",
            "DO_NOT_TRACK": "1",
            "SCARF_ANALYTICS": "false",
        }

    def environment(self) -> dict[str, str]:
        """The environment of pipelines and Airflow commands, with `AIRFLOW__*` and `AIRFLOW_CONN_*`."""
        from cockpit.stack.services import airflow_environment

        return airflow_environment(self)


def _ports(home: Path, environ: Mapping[str, str]) -> dict[str, object]:
    """Ports of the first start; a `COCKPIT_*_PORT` variable wins."""
    file = home / "run" / "ports.json"
    remembered: dict[str, object] = {}
    if file.exists():
        try:
            remembered = dict(json.loads(file.read_text()))
            Ports.model_validate(remembered)
        except ValueError as error:
            raise RuleFileError(
                _("is not a valid list of ports"), where=str(file), fix=_("Delete it; the next start chooses again.")
            ) from error
    return remembered | _ports_by_variable(environ)


def _ports_by_variable(environ: Mapping[str, str]) -> dict[str, str]:
    asked = {name: environ.get(f"COCKPIT_{name.upper()}_PORT") for name in Ports.model_fields}
    return {name: port for name, port in asked.items() if port}


def _database_url(home: Path, environ: Mapping[str, str]) -> str | None:
    """The existing server: from the variable, else remembered, so that later commands need no variable."""
    file = home / "secrets" / "database_url"
    text = environ.get("COCKPIT_DB_URL") or (file.read_text().strip() if file.exists() else None)
    if not text:
        return None
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.host or not url.username:
        # The value holds a password: it is not repeated.
        raise RuleFileError(
            _("is not the URL of a PostgreSQL server"),
            where="COCKPIT_DB_URL",
            allowed="postgresql://user:password@host:port/postgres",
        )
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def make_folders(settings: Settings) -> None:
    """Make the home's folders; private, but the database server's user can pass through to its data and its log.

    Raises:
        RuleFileError: the folder for the control socket belongs to somebody else.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    # Files in them are closed by themselves.
    modes = {settings.data: 0o711, settings.logs: 0o711, settings.run: 0o700, settings.secrets: 0o700}
    for folder, mode in modes.items():
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    folder = settings.socket.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RuleFileError(
            _("belongs to another user or is open to others"),
            where=str(folder),
            fix=_("Remove it, or set XDG_RUNTIME_DIR to a folder of yours."),
        )


def interpreter() -> str:
    """The Python that runs the platform's own helpers."""
    return sys.executable
