"""`sync` makes Superset equal to the repository, notices any drift, and leaves the rest alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from cockpit.bi.bundle import asset_uuid
from cockpit.bi.sync import SupersetTarget, sync
from cockpit.errors import StackError, TransientError
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse.metrics import metric_book

REPOSITORY = Path(__file__).resolve().parents[2]
PARAMETERS = {"pace_threshold": 0.8, "overdue_after_days": 90, "repurchase_months": 12}
LANGUAGES = ("en", "zh")
BOOK = metric_book(find_workspace("huaxing"))


@pytest.fixture(scope="module")
def rules():
    return load_security(REPOSITORY / "include/rules/security")


@pytest.fixture(scope="module")
def target(stack, rules):
    place = parse_dsn(stack.bi_dsn)
    return SupersetTarget(
        base_url=stack.superset_url,
        admin_password=stack.admin_password,
        database_uri="postgresql+psycopg2://{user}@{host}:{port}/{dbname}".format(**place),
        database_password=place["password"],
        user_passwords={username: stack.password(username) for username in rules.people},
    )


@pytest.fixture(scope="module")
def run_sync(target, rules):
    """Sync the repository; at the end once more, whatever the tests did."""

    def run(**more):
        given = {"languages": LANGUAGES, "parameters": PARAMETERS, "metrics": BOOK, **more}
        return sync(target, rules, REPOSITORY / "superset", **given).changes

    run()
    yield run
    run()


def test_a_second_run_changes_nothing(run_sync):
    assert run_sync() == ()


def test_a_mart_has_its_metrics_in_superset(run_sync, administrator):
    run_sync()
    numbers = {dataset["uuid"]: dataset["id"] for dataset in administrator.list("/api/v1/dataset/")}
    number = numbers[asset_uuid("dataset", "opportunity", "zh")]
    metrics = administrator.get(f"/api/v1/dataset/{number}")["result"]["metrics"]
    (found,) = [metric for metric in metrics if metric["metric_name"] == "win_rate"]
    assert (found["verbose_name"], found["d3format"]) == ("赢单率", ".1%")
    assert found["description"] == "赢单数 ÷（赢单数＋输单数），进行中的不计"
    assert found["expression"] == BOOK["win_rate"].expression


def test_a_dry_run_only_tells(run_sync, administrator):
    chart = next(c for c in administrator.list("/api/v1/chart/") if c["slice_name"] == "Regions that need action")
    administrator.put(f"/api/v1/chart/{chart['id']}", {"slice_name": "Changed by hand"})
    assert run_sync(dry_run=True) == ("update charts/regions_to_act.en",)
    assert run_sync() == ("update charts/regions_to_act.en",)
    assert run_sync() == ()


def test_rights_given_by_hand_are_taken_back(run_sync, administrator):
    roles = {role["name"]: role["id"] for role in administrator.list("/api/v1/security/roles/")}
    path = f"/api/v1/security/roles/{roles['region_manager']}/permissions"
    present = [entry["id"] for entry in administrator.get(f"{path}/")["result"]]
    every = [entry["id"] for entry in administrator.list("/api/v1/security/permissions-resources/")]
    foreign = next(number for number in every if number not in present)
    administrator.post(path, {"permission_view_menu_ids": [*present, foreign]})
    assert run_sync() == ("set permissions of role region_manager",)


def test_a_person_who_left_is_locked_out(run_sync, administrator, stack):
    roles = {role["name"]: role["id"] for role in administrator.list("/api/v1/security/roles/")}
    users = {user["username"]: user for user in administrator.list("/api/v1/security/users/")}
    if "gone.person" in users:
        administrator.put(f"/api/v1/security/users/{users['gone.person']['id']}", {"active": True})
    else:
        administrator.post(
            "/api/v1/security/users/",
            {
                "username": "gone.person",
                "first_name": "Gone",
                "last_name": "Person",
                "email": "gone.person@huaxing.example",
                "active": True,
                "password": "only-for-this-test",
                "roles": [roles["region_manager"]],
            },
        )
    assert run_sync() == ("deactivate user gone.person",)


def test_charts_of_an_earlier_version_go_and_those_made_by_hand_stay(run_sync, administrator):
    dataset = next(iter(administrator.list("/api/v1/dataset/")))["id"]
    made = [
        administrator.post(
            "/api/v1/chart/",
            {
                "slice_name": name,
                "viz_type": "table",
                "datasource_id": dataset,
                "datasource_type": "table",
                "params": "{}",
                "is_managed_externally": managed,
            },
        )["id"]
        for name, managed in (("Left over", True), ("Made by hand", False))
    ]
    assert run_sync() == ("delete chart Left over",)
    administrator.delete(f"/api/v1/chart/{made[1]}")


def test_superset_that_does_not_answer_is_a_transient_fault(target, rules):
    unreachable = SupersetTarget(
        base_url="http://127.0.0.1:9",
        admin_password="secret-of-admin",
        database_uri=target.database_uri,
        database_password="secret-of-reader",
        user_passwords={},
    )
    with pytest.raises(TransientError) as caught:
        sync(unreachable, rules, REPOSITORY / "superset", languages=LANGUAGES, parameters=PARAMETERS, metrics=BOOK)
    assert "secret" not in str(caught.value) + repr(unreachable)


def test_a_wrong_password_is_said_plainly(target, rules):
    wrong = SupersetTarget(
        base_url=target.base_url,
        admin_password="wrong-password",
        database_uri=target.database_uri,
        database_password="x",
        user_passwords={},
    )
    with pytest.raises(StackError, match="refuses the login of admin"):
        sync(wrong, rules, REPOSITORY / "superset", languages=LANGUAGES, parameters=PARAMETERS, metrics=BOOK)
