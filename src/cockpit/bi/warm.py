"""Ask Superset, as each person, for what they see first: it keeps the results, and their browser finds them there."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cockpit.bi.client import SupersetClient
from cockpit.bi.first_view import ask_first_view, read_dashboard
from cockpit.bi.landing import SLUGS, landing_slug
from cockpit.errors import StackError
from cockpit.rulebook.security import Person, SecurityRules

logger = logging.getLogger(__name__)


@dataclass
class Warmed:
    """What was asked.

    Attributes:
        people: Whose first view was asked for, at least in part.
        computed: Results that were not there.
        present: Results that were.
        failed: Requests, and dashboards that could not be read.
        left_out: First views for which the time did not suffice.
        refused: Usernames that Superset does not let in with the password that the platform knows.
    """

    people: int = 0
    computed: int = 0
    present: int = 0
    failed: int = 0
    left_out: int = 0
    refused: list[str] = field(default_factory=list)
    seconds: float = 0.0


def by_importance(rules: SecurityRules) -> list[str]:
    """Usernames, who leads first: by the dashboard at which they arrive, the whole company before a part of it."""

    def place(username: str) -> tuple[int, bool]:
        person = rules.people[username]
        arrivals = [
            SLUGS.index(slug)
            for role in _roles(person, rules.people)
            for slug in (name.replace("_", "-") for name in rules.roles[role].dashboards)
            if slug in SLUGS
        ]
        return min(arrivals, default=len(SLUGS)), not any(scope.kind == "all" for scope in person.scopes)

    # Administrators arrive at Superset's own page.
    return sorted((username for username, person in rules.people.items() if not person.superset_role), key=place)


def _roles(person: Person, people: Mapping[str, Person]) -> list[str]:
    lent = [role for other in person.deputy_for for role in people[other.username].roles]
    return [*person.roles, *lent]


def warm(
    base_url: str,
    usernames: Sequence[str],
    passwords: Mapping[str, str],
    languages: Sequence[str],
    *,
    at_a_time: int,
    seconds: float,
) -> Warmed:
    """Ask for the first view of each person in each language, one language after the other.

    Args:
        base_url: Superset's.
        usernames: The most important first.
        passwords: By username.
        languages: The most used first.
        at_a_time: Requests that Superset gets at once.
        seconds: After which nothing more is asked.

    Raises:
        TransientError: Superset does not answer.
    """
    started = time.monotonic()
    asking = _Asking(base_url, passwords, started + seconds)
    for lang in languages:
        with ThreadPoolExecutor(at_a_time) as pool:
            # A list, so that an error is raised.
            list(pool.map(lambda username, lang=lang: asking.first_view(username, lang), usernames))
    asking.close()
    result = asking.result
    result.people = len(asking.asked)
    result.seconds = round(time.monotonic() - started, 1)
    logger.info("first views of %s people: %s computed, %s failed", result.people, result.computed, result.failed)
    return result


class _Asking:
    """Logins and counts; each person is one thread's at a time."""

    def __init__(self, base_url: str, passwords: Mapping[str, str], deadline: float) -> None:
        self.result = Warmed()
        self.asked: set[str] = set()
        self._base_url = base_url
        self._passwords = passwords
        self._deadline = deadline
        self._clients: dict[str, SupersetClient] = {}
        self._lock = Lock()

    def first_view(self, username: str, lang: str) -> None:
        """Everything that the person's browser asks for at the dashboard where they arrive."""
        if username in self.result.refused:
            return
        if self._is_over():
            self._count("left_out")
            return
        try:
            client = self._log_in(username)
        except StackError:
            self.result.refused.append(username)
            return
        try:
            present = {str(entry["slug"]) for entry in client.list("/api/v1/dashboard/")}
            slug = landing_slug(present, lang)
            if slug is None:
                return
            path = f"/api/v1/dashboard/{slug}"
            dashboard = read_dashboard(client.get(path)["result"], client.get(f"{path}/charts")["result"])
            for body in ask_first_view(dashboard, lambda body: self._ask(client, body)):
                if self._is_over():
                    self._count("left_out")
                    return
                self._ask(client, body)
        except (StackError, LookupError, TypeError, ValueError) as error:
            # A dashboard made by hand may be of a form that is not known here.
            logger.warning("the first view of %s cannot be read: %r", username, error)
            self._count("failed")

    def _ask(self, client: SupersetClient, body: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            results = client.post("/api/v1/chart/data", body)["result"]
        except StackError as error:
            logger.warning("not computed for %s: %s", client.username, error)
            self._count("failed")
            return []
        with self._lock:
            self.asked.add(client.username)
        for result in results:
            self._count("present" if result.get("is_cached") else "computed")
        return list(results[0]["data"])

    def _log_in(self, username: str) -> SupersetClient:
        if username not in self._clients:
            self._clients[username] = SupersetClient(self._base_url, username, self._passwords[username])
        return self._clients[username]

    def _is_over(self) -> bool:
        return time.monotonic() > self._deadline

    def _count(self, what: str) -> None:
        with self._lock:
            setattr(self.result, what, getattr(self.result, what) + 1)

    def close(self) -> None:
        """End the sessions."""
        for client in self._clients.values():
            client.__exit__(None, None, None)
