"""From draft to published: which step may follow, who takes it, and to whom a dashboard can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.bi.compositions import NotAllowedError
from cockpit.bi.publication import Action, check_step, is_locked, roles_that_read, version_of
from cockpit.rulebook.security import load_security

RULES = load_security(Path(__file__).resolve().parents[3] / "include/rules/security")
OWNER, OTHER = "tang.ning", "cao.yi"


@pytest.mark.parametrize(
    ("step", "last", "username", "reason", "refused"),
    [
        (Action.ASKED, None, OWNER, "why", None),
        (Action.ASKED, None, OTHER, "why", "refused_foreign"),
        (Action.ASKED, None, OWNER, " ", "refused_without_reason"),
        (Action.ASKED, Action.ASKED, OWNER, "why", "refused_step"),
        (Action.ASKED, Action.APPROVED, OWNER, "why", "refused_step"),
        (Action.ASKED, Action.REFUSED, OWNER, "why", None),
        (Action.TAKEN_BACK, Action.ASKED, OWNER, "", None),
        (Action.TAKEN_BACK, Action.APPROVED, OWNER, "", "refused_step"),
        (Action.APPROVED, Action.ASKED, OTHER, "", None),
        (Action.APPROVED, Action.ASKED, OWNER, "", "refused_own"),
        (Action.APPROVED, None, OTHER, "", "refused_step"),
        (Action.APPROVED, Action.TAKEN_BACK, OTHER, "", "refused_step"),
        (Action.REFUSED, Action.ASKED, OTHER, "", "refused_without_reason"),
        (Action.REFUSED, Action.ASKED, OTHER, "too early", None),
        (Action.REFUSED, Action.APPROVED, OTHER, "too late", "refused_step"),
        (Action.RETURNED, Action.APPROVED, OWNER, "", None),
        (Action.RETURNED, Action.ASKED, OWNER, "", "refused_step"),
    ],
)
def test_steps(step, last, username, reason, refused):
    if refused is None:
        check_step(step, last, username, [OWNER], reason)
        return
    with pytest.raises(NotAllowedError) as caught:
        check_step(step, last, username, [OWNER], reason)
    assert caught.value.reason == refused


def test_what_somebody_looks_at_is_locked():
    assert is_locked(Action.ASKED, is_published=False)
    assert is_locked(None, is_published=True)
    assert not is_locked(Action.RETURNED, is_published=False)
    assert not is_locked(None, is_published=False)


def test_roles_read_every_mart_or_are_not_offered():
    sales, people = "select 1 from marts.mart_funnel", "select 1 from marts.mart_team_month as t"
    assert "hr" in roles_that_read(RULES, [people])
    assert "hr" not in roles_that_read(RULES, [people, sales])
    assert {"executive", "analyst"} <= set(roles_that_read(RULES, [people, sales]))
    # A masked view is its mart.
    contacts = "select 1 from marts.mart_customer_contact_masked"
    assert set(roles_that_read(RULES, [contacts])) == {
        name for name, role in RULES.roles.items() if "contacts" in role.subjects
    }
    # Of what reads no mart nobody can say who may see it.
    assert roles_that_read(RULES, [people, "select 1"]) == ()
    assert roles_that_read(RULES, []) == ()


def test_a_version_says_whether_the_content_is_the_same():
    charts = [("1", "a"), ("2", None)]
    assert version_of(("t", None), charts) == version_of(("t", None), reversed(charts))
    assert version_of(("t", None), charts) != version_of(("t", None), [("1", "b"), ("2", None)])
    assert version_of(("t", None), charts) != version_of(("u", None), charts)
