"""Who asked what: the statements of bi_reader in the database's log, and how long that log is kept.

All people of Superset share one login; the person is the session's application name, which superset_config.py sets. A
person who can type SQL can change it later: what counts is the name that the session began with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from cockpit.stack.settings import Settings

READER = "bi_reader"

# log_line_prefix of cockpit.stack.settings. What a person can choose, name and statement, comes last.
_LINE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)\.\d+ \S+ \[\d+\] (?P<session>[0-9a-f]+\.[0-9a-f]+) "
    rf"{READER}@(?P<database>\S+) (?P<rest>.*)",
    re.DOTALL,
)
_STATEMENT = re.compile(r" LOG:  (?:statement|execute [^:]*): ")

# What Superset's database driver sends with each connection, word for word; and how its cache learns of a build.
_DRIVER = frozenset(
    {
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "select pg_catalog.version()",
        "select current_schema()",
        "show transaction isolation level",
        "show standard_conforming_strings",
        'set search_path = "marts"',
        "SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore';",
    }
)
_CACHE = re.compile(r"select marts\.data_version\('\{[\w,]*\}'\)")


@dataclass(frozen=True)
class Asked:
    """One statement.

    Args:
        day: In the time zone of the log.
        time: Such as `10:31:02`.
        person: Username in Superset; `(nobody)` for work without a person, such as testing the connection. A very long
            name is shown in part.
        statement: As it was sent. Where the session had taken another name, that name and all that follows it.
        has_other_name: Whether it had.
    """

    day: date
    time: str
    person: str
    database: str
    statement: str
    has_other_name: bool = False

    @property
    def is_of_the_driver(self) -> bool:
        """Whether no person has written the statement, in a chart neither."""
        return not self.has_other_name and (self.text in _DRIVER or _CACHE.fullmatch(self.text) is not None)

    @property
    def text(self) -> str:
        """The statement in one line."""
        return " ".join(self.statement.split())


def statements(lines: Iterable[str]) -> Iterator[Asked]:
    """The statements of bi_reader, in the order of the log.

    Args:
        lines: Of the log, split at line feeds alone, from a point before the sessions of interest began.
    """
    names: dict[str, str] = {}
    for entry in _entries(lines):
        line = _LINE.fullmatch(entry)
        if line is None:
            continue
        rest = line["rest"]
        own = names.setdefault(line["session"], rest.split(" ", 1)[0])
        found = _STATEMENT.search(rest)
        if found is None:
            continue
        is_own = rest.startswith(f"{own} LOG:  ")
        yield Asked(
            day=date.fromisoformat(line["day"]),
            time=line["time"],
            person=unquote(own),
            database=line["database"],
            # Another name may look like anything: nothing is taken from the line that could be a part of it.
            statement=rest[found.end() :] if is_own else rest,
            has_other_name=not is_own,
        )


def _entries(lines: Iterable[str]) -> Iterator[str]:
    """Whole entries: PostgreSQL puts a tab before each further line of one, whatever a statement holds."""
    entry: list[str] = []
    for line in lines:
        text = line.removesuffix("\n")
        if text.startswith("\t"):
            entry.append(text[1:])
            continue
        if entry:
            yield "\n".join(entry)
        entry = [text]
    if entry:
        yield "\n".join(entry)


def of_day(settings: Settings, day: date) -> Iterator[Asked]:
    """What was asked on a day, out of the embedded server's log; nothing when there is none."""

    def lines() -> Iterator[str]:
        # A session that began before midnight has its name there.
        for each in (day - timedelta(days=1), day):
            path = settings.query_logs / f"{each.isoformat()}.log"
            if path.exists():
                with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                    yield from file

    return (asked for asked in statements(lines()) if asked.day == day)


def remove_old(settings: Settings) -> int:
    """Remove the embedded server's logs of days that are past their time; returns how many."""
    oldest = datetime.now(ZoneInfo(settings.time_zone)).date() - timedelta(days=settings.query_log_days)
    removed = 0
    for path in settings.query_logs.glob("*.log"):
        try:
            day = date.fromisoformat(path.stem)
        except ValueError:
            # Not a file of the server's.
            continue
        if day < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
