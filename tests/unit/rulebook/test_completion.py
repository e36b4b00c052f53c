"""Rules that complete missing values: read, and refused with file and line when they do not fit."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.completion import load_completion
from cockpit.rulebook.workspace import find_workspace

RULES = """
    version: 1
    rules:
      - id: customer_region
        entity: customer
        column: region_code
        min_confidence: 0.9
        from:
          - entity: erp.sales_order
            value: region_code
            same: {customer_key: customer_id}
            into: [erp]
            latest_by: ordered_at
          - entity: erp.customer
            value: phone
            starts_with: {"+8621": CN-SH}
        why: Orders count there
        why_zh: 订单计入该省
"""


def load(folder: Path, text: str, name: str = "customers.yml") -> list[str]:
    (folder / name).write_text(dedent(text), encoding="utf-8")
    return [placed.rule.id for placed in load_completion(folder, find_workspace().sources).rules]


def test_a_rule_knows_where_its_steps_stand(tmp_path: Path) -> None:
    assert load(tmp_path, RULES) == ["customer_region"]
    (placed,) = load_completion(tmp_path, find_workspace().sources).of("customer")
    assert placed.origin == f"{tmp_path / 'customers.yml'}:4"
    assert [placed.step_origin(number).rsplit(":", 1)[1] for number in (0, 1)] == ["9", "14"]
    assert load_completion(tmp_path, find_workspace().sources).of("lead") == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("entity: customer", "entity: costumer", 4, "no source has rows of this conformed entity"),
        ("entity: erp.sales_order", "entity: erp.sale", 9, "no source has this entity"),
        ("into: [erp]", "into: [wecom]", 9, "this source has no rows of customer"),
        ("into: [erp]\n", "\n", 11, "means something only within its source"),
        ("entity: erp.customer", "entity: crm.lead", 14, "a step without 'same' is about rows of customer"),
        ("value: phone", "value: phone\n            latest_by: created_at", 16, "finds other rows by 'same'"),
        ("value: phone", "value: phone\n            into: [erp]", 16, "finds other rows by 'same'"),
        ('"+8621": CN-SH', '"": CN-SH', 16, "empty beginning or value"),
        ('"+8621": CN-SH', '"+8621": ""', 16, "empty beginning or value"),
        ("min_confidence: 0.9", "min_confidence: 90", 7, "outside the allowed range"),
        ("min_confidence: 0.9\n", "\n", 4, "min_confidence: is missing"),
        ("why: Orders count there\n", "\n", 4, "why: is missing"),
        ("value: phone", "valeu: phone", 15, "is not a known key"),
        ("column: region_code", "column: Region", 6, "not of the right form"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert RULES.count(old) == 1
    with pytest.raises(RuleFileError, match=message) as caught:
        load(tmp_path, RULES.replace(old, new))
    assert f"customers.yml:{line}:" in str(caught.value)


def test_an_empty_list_of_steps_is_refused(tmp_path: Path) -> None:
    text = RULES[: RULES.index("from:")] + "from: []\n        why: None\n        why_zh: 没有\n"
    with pytest.raises(RuleFileError, match="has too few entries"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("column: region_code", "column: industry", "another rule has this id"),
        ("id: customer_region", "id: other", "another rule completes this column"),
    ],
    ids=["same-id", "same-column"],
)
def test_two_rules_do_not_meet(tmp_path: Path, old: str, new: str, message: str) -> None:
    load(tmp_path, RULES)
    with pytest.raises(RuleFileError, match=message) as caught:
        load(tmp_path, RULES.replace(old, new), "further.yml")
    assert "further.yml:4:" in str(caught.value)
    assert "customers.yml:4" in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="there is no such folder"):
        load_completion(tmp_path / "none", find_workspace().sources)


def test_the_shipped_rules_take_the_longest_beginning() -> None:
    (placed,) = find_workspace().completion.of("lead")
    codes = placed.rule.steps[1].starts_with

    def region(phone: str) -> str | None:
        fitting = [start for start in codes if phone.startswith(start)]
        return codes[max(fitting, key=len)] if fitting else None

    numbers = {
        "+861062345678": "CN-BJ", "+862162345678": "CN-SH", "+863112345678": "CN-HE", "+863352345678": "CN-HE",
        "+863492345678": "CN-SX", "+863512345678": "CN-SX", "+864112345678": "CN-LN", "+865712345678": "CN-ZJ",
        "+865802345678": "CN-ZJ", "+865232345678": "CN-JS", "+866312345678": "CN-SD", "+866602345678": "CN-GD",
        "+867012345678": "CN-JX", "+867232345678": "CN-HB", "+867602345678": "CN-GD", "+867712345678": "CN-GX",
        "+868172345678": "CN-SC", "+868262345678": "CN-SC", "+868512345678": "CN-GZ", "+868912345678": "CN-XZ",
        "+868982345678": "CN-HI", "+869092345678": "CN-XJ", "+869112345678": "CN-SN", "+869432345678": "CN-GS",
        "+869512345678": "CN-NX", "+869712345678": "CN-QH", "+869912345678": "CN-XJ", "+864722345678": "CN-NM",
        "+866912345678": "CN-YN", "+868832345678": "CN-YN", "+864642345678": "CN-HL", "+867552345678": "CN-GD",
    }  # fmt: skip
    assert {phone: region(phone) for phone in numbers} == numbers
    # Service numbers and mobile ones begin like no area code.
    assert {region(phone) for phone in ("+864001234567", "+868001234567", "+8613912345678", "95588")} == {None}
