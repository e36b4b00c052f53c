"""Make the Python environments from their hashed locks, then run the command line in one of them.

`./cockpit` runs this file with the system's Python before anything is installed, so it uses the standard
library only and imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

REPOSITORY = Path(__file__).resolve().parents[3]
REQUIREMENTS = REPOSITORY / "requirements"

# Each environment and the locks that are installed into it, together.
LOCKS: Mapping[str, tuple[str, ...]] = {
    "airflow": ("airflow.txt",),
    "superset": ("superset.txt",),
    "dev": ("airflow.txt", "dev.txt"),
    "bench": ("bench.txt", "febrl.txt"),
    "dbt": ("dbt.txt",),
}
SERVING = ("airflow", "superset")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "setup": SERVING,
    "up": SERVING,
    "demo": SERVING,
    "superset": SERVING,
    "test": (*SERVING, "dev"),
    "bench": ("bench", "airflow"),
}
STAMP = ".cockpit-stamp"
# For an image, whose environments are made before the code is copied: no command line to run yet.
MAKE_ONLY = "--make-only"

EXIT_FAILURE = 1
EXIT_UNUSABLE = 4
EXIT_TEMPORARY = 75

# What pip and uv say when the package index cannot be reached; everything else will not pass by waiting.
UNREACHABLE = (
    "connection error",
    "connection refused",
    "connection reset",
    "could not connect",
    "dns error",
    "error sending request",
    "failed to establish a new connection",
    "name or service not known",
    "network is unreachable",
    "newconnectionerror",
    "proxyerror",
    "readtimeout",
    "request failed after",
    "temporary failure in name resolution",
    "timed out",
)


class SetupError(Exception):
    """An environment could not be made.

    Args:
        message: What went wrong and what to do, one line, translated.
        exit_code: 75 when another try may help, otherwise 1 or 4.
    """

    def __init__(self, message: str, exit_code: int = EXIT_FAILURE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _(text: str, **values: object) -> str:
    """As cockpit.i18n, which needs PyYAML: this file's translations are written as JSON, which is YAML too."""
    if os.environ.get("COCKPIT_LANG", "en").lower().startswith("zh"):
        catalogue = REPOSITORY / "src/cockpit/locale/zh/environments.yml"
        text = json.loads(catalogue.read_text(encoding="utf-8")).get(text, text)
    return text.format(**values) if values else text


@dataclass(frozen=True)
class Places:
    """Where environments, their installer and its log lie; all absolute."""

    environments: Path
    log: Path

    @property
    def installer(self) -> Path:
        """The environment of uv."""
        return self.environments / "uv"

    def python(self, name: str) -> Path:
        """The interpreter of an environment."""
        return self.environments / name / "bin" / "python"


def needed(arguments: Sequence[str]) -> tuple[str, ...]:
    """The environments that a command line needs; the last one runs it."""
    verb = next((argument for argument in arguments if not argument.startswith("-")), "")
    if {"-h", "--help"} & set(arguments):
        return ("airflow",)
    if verb == "test" and "unit" in arguments:
        return ("dev",)
    if verb == "bench" and "models" in arguments:
        return ("dbt", "airflow")
    if verb == "bench" and "cockpit" in arguments:
        # The browser's library is among the tests'.
        return ("superset", "airflow", "dev")
    # Superset's environment serves Superset alone, that of benchmarks the tools that are measured beside ours; the
    # command line runs in Airflow's or in the tests'.
    return tuple(sorted(NEEDED.get(verb, ("airflow",)), key=("superset", "bench", "airflow", "dev").index))


def lock_hash(name: str) -> str:
    """What an environment is made from: its locks and the version of Python."""
    digest = hashlib.sha256(f"python {sys.version_info.major}.{sys.version_info.minor}\n".encode())
    for lock in LOCKS.get(name, (f"{name}.txt",)):
        digest.update((REQUIREMENTS / lock).read_bytes())
    return digest.hexdigest()


def is_complete(folder: Path, wanted: str) -> bool:
    """Whether an environment was finished from these very locks (the stamp is written last)."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == wanted and os.access(folder / "bin" / "python", os.X_OK)


def mirror_of_pip(python: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The package mirror that the user configured for pip, in uv's words.

    uv does not read pip's configuration, which is where a company or a country's mirror usually stands.
    """
    if {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environ.keys():
        return {}
    answer = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    found = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    for key in (":env:.index-url", "install.index-url", "global.index-url"):
        if key in found:
            return {"UV_DEFAULT_INDEX": found[key].strip("'\"")}
    return {}


def ensure(names: Sequence[str], places: Places) -> None:
    """Make or repair environments; returns at once when all are complete.

    Raises:
        SetupError: with the log's path and the way out.
    """
    missing = [name for name in names if not is_complete(places.environments / name, lock_hash(name))]
    if not missing:
        return
    # The database server runs as another user and must be able to read its binaries.
    os.umask(0o022)
    places.environments.mkdir(parents=True, exist_ok=True)
    places.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with places.log.open("a") as log, _exclusive(places.environments / ".lock"):
        _make("uv", places, log)
        for name in missing:
            _make(name, places, log)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Two commands at once must not write into one environment: the second waits."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(_("Waiting for another setup to finish"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(name: str, places: Places, log: IO[str]) -> None:
    folder, wanted = places.environments / name, lock_hash(name)
    if is_complete(folder, wanted):
        return
    started = time.monotonic()
    _say(_("Setting up {name} (log: {log})", name=name, log=places.log))
    (folder / STAMP).unlink(missing_ok=True)
    if name == "uv":
        _make_installer(folder, log)
    else:
        _make_from_locks(name, places, log)
    (folder / STAMP).write_text(wanted)
    _say(_("{name} is ready after {seconds} s", name=name, seconds=round(time.monotonic() - started)))


def _make_installer(folder: Path, log: IO[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _run([sys.executable, "-m", "venv", str(folder)], log)
    except SetupError as error:
        raise SetupError(
            _(
                "{python} cannot make a virtual environment; log: {log}. Install its venv module "
                "(for example: apt-get install python3-venv)",
                python=sys.executable,
                log=log.name,
            ),
            error.exit_code if error.exit_code == EXIT_TEMPORARY else EXIT_UNUSABLE,
        ) from error
    options = ["--require-hashes", "--no-input", "--disable-pip-version-check", "--retries", "2", "--timeout", "20"]
    _run([str(folder / "bin/python"), "-m", "pip", "install", *options, "-r", str(REQUIREMENTS / "uv.txt")], log)


def _make_from_locks(name: str, places: Places, log: IO[str]) -> None:
    uv = str(places.installer / "bin" / "uv")
    folder = places.environments / name
    environ = {
        **os.environ,
        **mirror_of_pip(places.installer / "bin" / "python", os.environ),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }
    # Beside the environments, so that files are linked instead of copied and all lies in one folder.
    environ.setdefault("UV_CACHE_DIR", str(places.environments / "cache"))
    if ssl.create_default_context().get_ca_certs():
        # The system's certificates, as pip uses them: a company's own authority is among them, not in uv's list.
        environ.setdefault("UV_SYSTEM_CERTS", "1")
    environ.pop("VIRTUAL_ENV", None)
    _run([uv, "venv", "--clear", "--python", sys.executable, str(folder)], log, environ)
    locks = [str(REQUIREMENTS / lock) for lock in LOCKS[name]]
    # Without bytecode every service takes twice as long to start.
    options = ["--require-hashes", "--compile-bytecode", "--python", str(folder / "bin/python")]
    _run([uv, "pip", "sync", *options, *locks], log, environ)


def _run(command: list[str], log: IO[str], environ: Mapping[str, str] | None = None) -> None:
    """Run one step, output into the log, a sign of life every 15 seconds.

    Raises:
        SetupError: exit code 75 when the package index was not reachable.
    """
    log.write(f"\n$ {' '.join(command)}\n")
    log.flush()
    begin = log.tell()
    started = time.monotonic()
    with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ) as process:
        while True:
            try:
                process.wait(timeout=15)
                break
            except subprocess.TimeoutExpired:
                _say(_("  still working ({seconds} s)", seconds=round(time.monotonic() - started)))
    if process.returncode == 0:
        return
    with Path(log.name).open() as written:
        written.seek(begin)
        output = written.read()
    raise _failure(output, log.name)


def _failure(output: str, log: str) -> SetupError:
    """The kind of failure that a step's output tells."""
    lowered = output.lower()
    if "no space left on device" in lowered:
        return SetupError(_("The disk is full; log: {log}. Free 5 GB, then run the same command again", log=log))
    if "invalid peer certificate" in lowered or "certificate_verify_failed" in lowered:
        return SetupError(
            _(
                "The certificate of the package index is not trusted; log: {log}. Name your company's certificates "
                "in SSL_CERT_FILE, then run the same command again",
                log=log,
            )
        )
    if any(sign in lowered for sign in UNREACHABLE):
        return SetupError(
            _(
                "The package index cannot be reached; log: {log}. Check the network or name a mirror "
                "(UV_DEFAULT_INDEX and PIP_INDEX_URL), then run the same command again",
                log=log,
            ),
            EXIT_TEMPORARY,
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return SetupError(
        _("A package could not be installed: {reason}; log: {log}", reason=lines[-1] if lines else "?", log=log)
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Make what the verb needs, then become the command line; returns only on failure."""
    home = Path(os.environ.get("COCKPIT_HOME") or REPOSITORY / ".cockpit").expanduser().absolute()
    environments = Path(os.environ.get("COCKPIT_ENVIRONMENTS") or home / "env").expanduser().absolute()
    places = Places(environments=environments, log=home / "logs" / "setup.log")
    os.environ["COCKPIT_HOME"] = str(home)
    os.environ["COCKPIT_ENVIRONMENTS"] = str(environments)
    os.environ["PYTHONPATH"] = str(REPOSITORY / "src")
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME"):
        os.environ.pop(variable, None)
    only_make = list(arguments[:1]) == [MAKE_ONLY]
    names = tuple(arguments[1:]) if only_make else needed(arguments)
    try:
        ensure(names, places)
        if only_make:
            return 0
        python = places.python(names[-1])
        os.execv(python, [str(python), "-m", "cockpit.cli", *arguments])  # noqa: S606 (no shell is wanted)
    except SetupError as error:
        _say(f"cockpit: {error}.")
        return error.exit_code
    except OSError as error:
        where = error.filename or home
        _say(f"cockpit: {_('{path} cannot be used: {reason}', path=where, reason=error.strerror)}.")
        return EXIT_FAILURE


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
