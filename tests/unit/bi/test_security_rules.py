"""roles.yml and people.yml: what is wrong is said with file, place and what would be right."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cockpit.bi.assets import load_assets
from cockpit.bi.check_access import check_access
from cockpit.errors import RuleFileError
from cockpit.rulebook.security import (
    ADMINISTRATOR,
    Deputy,
    Grant,
    Person,
    Role,
    Scope,
    SecurityRules,
    load_security,
)

REPOSITORY = Path(__file__).resolve().parents[3]
RULES = REPOSITORY / "include/rules/security"
# Each would let a viewer change content, read metadata or send SQL.
FORBIDDEN = r"SQL|Database|Dataset|can_explore|can_write on (Chart|Dashboard)$|all_|guest"


ZONE = ZoneInfo("Asia/Shanghai")


def test_the_demos_people():
    rules = load_security(RULES)
    grants = {(grant.username, grant.role, grant.scope_kind, grant.scope_key) for grant in rules.grants(ZONE)}
    assert grants >= {
        ("admin", ADMINISTRATOR, "all", ""),
        ("chen.jing", "executive", "all", ""),
        ("zhao.min", "region_manager", "region", "CN-SH"),
        ("li.na", "platform", "all", ""),
        ("yang.hui", "team_lead", "unit", "PI-CN-SH-1"),
        # Stands in for zhao.min.
        ("lin.tao", "region_manager", "region", "CN-SH"),
    }
    assert rules.people["wu.bin"].roles == ("region_manager",)
    assert "wu.bin" not in {grant.username for grant in rules.grants(ZONE)}
    assert {role for person in rules.people.values() for role in person.roles} == set(rules.roles)


def test_whoever_opens_a_dashboard_can_read_all_of_it():
    assert check_access(load_assets(REPOSITORY / "superset"), load_security(RULES)) == []


def test_a_dashboard_of_a_foreign_subject_is_found():
    rules = load_security(RULES)
    hr = rules.roles["hr"].model_copy(update={"dashboards": ("customer", "nothing")})
    faults = check_access(
        load_assets(REPOSITORY / "superset"), rules.model_copy(update={"roles": {**rules.roles, "hr": hr}})
    )
    assert "roles.yml: hr: customer reads mart_customer; add subject customers" in faults[0]
    # Read through the view that masks it.
    assert any("mart_customer_contact; add subject contacts" in fault for fault in faults)
    assert "roles.yml: hr: there is no dashboard nothing; superset/dashboards has analyst," in faults[-1]


def test_days_begin_and_end_where_the_company_is():
    deputy = Deputy.model_validate({"username": "a", "from": "2026-03-01", "until": "2026-03-31"})
    scope = Scope.model_validate({"kind": "all", "until": "2026-03-09"})
    person = Person(name="A", name_zh="甲", email="a@x.example", roles=("r",), scopes=(scope,))
    role = Role(label="R", label_zh="读", permissions=("can_read on Chart",))
    other = person.model_copy(update={"roles": (), "scopes": (), "deputy_for": (deputy,)})
    rules = SecurityRules(roles={"r": role}, people={"a": person, "b": other}, subjects={})
    assert rules.grants(ZONE) == {
        Grant("a", "r", "all", "", "", "-infinity", "2026-03-10T00:00:00+08:00"),
        Grant("b", "r", "all", "", "", "2026-03-01T00:00:00+08:00", "2026-03-10T00:00:00+08:00"),
    }


def test_viewers_may_only_view():
    for name, role in load_security(RULES).roles.items():
        assert name == "builder" or [p for p in role.permissions if re.search(FORBIDDEN, p)] == []


def test_builders_write_charts_and_dashboards_and_nothing_else():
    rules = load_security(RULES)
    allowed = r"can_(explore on Superset|write on (Chart|Dashboard))$"
    further = [p for p in rules.roles["builder"].permissions if re.search(FORBIDDEN, p) and not re.search(allowed, p)]
    assert further == []
    # Neither gives anybody rows: both are held beside a role that does.
    for name in ("builder", "approver"):
        assert rules.roles[name].subjects == ()
        assert all(len(person.roles) > 1 for person in rules.people.values() if name in person.roles)


def test_somebody_who_holds_a_role_without_subjects_reads_what_it_opens_by_another():
    rules = load_security(RULES)
    peng = rules.people["deng.ping"].model_copy(update={"roles": ("hr", "builder")})
    faults = check_access(
        load_assets(REPOSITORY / "superset"),
        rules.model_copy(update={"people": {**rules.people, "deng.ping": peng}}),
    )
    assert faults
    assert all("roles.yml: builder: templates reads" in fault for fault in faults)
    assert any(
        "templates reads mart_funnel; deng.ping holds it without a role of subject sales" in fault for fault in faults
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("people.yml", "{kind: region, key: CN-SH}", "{kind: region}", "needs one"),
        ("people.yml", "{kind: region, key: CN-SH}", "{kind: team, key: x}", "'all', 'unit', 'sales_region', 'region'"),
        (
            "people.yml",
            "{kind: unit, key: PI-south}",
            "{kind: unit, key: x, business_unit: PI}",
            "narrows regions only",
        ),
        ("people.yml", "{kind: unit, key: PI-south}", "{kind: unit, key: 'a|b'}", "pattern"),
        (
            "people.yml",
            "from: 2026-01-01",
            "from: 2026-01-02, until: 2026-01-01",
            "ends before it begins.*>= 2026-01-02",
        ),
        ("people.yml", "{username: zhao.min,", "{username: nobody,", "is nobody whose deputy one can be"),
        ("people.yml", "{username: zhao.min,", "{username: lin.tao,", "is nobody whose deputy one can be"),
        ("roles.yml", "subjects: [reference, team]", "subjects: [tea]", "role hr has an unknown subject.*'tea'"),
        ("roles.yml", "  hr:", "  administrator:", "is the name of Superset's own administrators"),
        ("subjects.yml", "marts: [mart_metric]", "marts: [mart_lead]", "mart_lead is in marketing already"),
        ("people.yml", "roles: [executive]", "roles: [chairman]", "chen.jing has an unknown role.*chairman"),
        ("people.yml", "  zhao.min:", "  Zhao|Min:", "is no username"),
        ("roles.yml", "can_read on Chart", "can_read Chart", "is not of the form"),
        ("roles.yml", "label_zh: 高管", "name_zh: 高管", "label_zh"),
    ],
)
def test_a_wrong_file_is_refused(file, old, new, message, tmp_path):
    for path in RULES.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace(old, new) if path.name == file else text, encoding="utf-8")
    with pytest.raises(RuleFileError, match=message) as caught:
        load_security(tmp_path)
    assert file in str(caught.value)
