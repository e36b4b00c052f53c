"""roles.yml and people.yml: what is wrong is said with file, place and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.security import load_security

RULES = Path(__file__).resolve().parents[3] / "include/rules/security"
# Each would let a viewer change content, read metadata or send SQL.
FORBIDDEN = r"SQL|Database|Dataset|can_explore|can_write on (Chart|Dashboard)$|all_|guest"


def test_the_demos_people():
    rules = load_security(RULES)
    assert rules.scopes() == {
        ("admin", "all", ""),
        ("chen.jing", "all", ""),
        ("zhao.min", "region", "CN-SH"),
        ("sun.hao", "region", "CN-GD"),
        ("qian.li", "region", "CN-BJ"),
        ("li.na", "all", ""),
    }
    assert rules.people["wu.bin"].roles == ("region_manager",)


def test_viewers_may_only_view():
    for role in load_security(RULES).roles.values():
        assert [p for p in role.permissions if re.search(FORBIDDEN, p)] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("people.yml", "{kind: region, key: CN-SH}", "{kind: region}", "needs one"),
        ("people.yml", "{kind: region, key: CN-SH}", "{kind: team, key: x}", "'all' or 'region'"),
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
