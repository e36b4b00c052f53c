"""The rules about bots fit their own examples, first of all rules, and no browser; PostgreSQL reads the patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from cockpit.rulebook.behaviour import load_behaviour
from cockpit.rulebook.workspace import REPOSITORY
from tests.conftest import Postgres

BOTS = load_behaviour(REPOSITORY / "include/rules/behaviour").bots


@pytest.fixture(scope="module")
def judge(postgres: Postgres) -> Iterator[Callable[[str], str | None]]:
    """Which rule says that a user agent is a program."""
    with closing(psycopg2.connect(postgres.dsn("postgres"))) as connection, connection.cursor() as cursor:

        def rule_of(agent: str) -> str | None:
            for rule in BOTS.agents:
                cursor.execute("select %s ~* %s", (agent, rule.pattern))
                if cursor.fetchone() == (True,):
                    return rule.id
            return None

        yield rule_of


@pytest.mark.parametrize(
    ("rule", "agent"),
    [pytest.param(rule.id, agent, id=f"{rule.id}-{agent[:40]}") for rule in BOTS.agents for agent in rule.examples],
)
def test_programs(judge: Callable[[str], str | None], rule: str, agent: str) -> None:
    assert judge(agent) == rule


@pytest.mark.parametrize("agent", BOTS.people)
def test_people(judge: Callable[[str], str | None], agent: str) -> None:
    assert judge(agent) is None
