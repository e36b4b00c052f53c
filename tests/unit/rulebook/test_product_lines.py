"""Product lines: what the company's own file says of categories, and what is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.product_lines import CategoryExample, load_product_lines
from cockpit.rulebook.workspace import REPOSITORY, load_workspace

FILE = REPOSITORY / "include" / "rules" / "product_lines.yml"
OWN = load_product_lines(FILE)


@pytest.mark.parametrize("example", OWN.examples, ids=lambda example: example.category)
def test_examples_of_the_file(example: CategoryExample) -> None:
    line = OWN.line_of(example.category)
    assert (line.id if line else None) == example.product_line
    assert (line.business_unit if line else None) == example.business_unit


def test_every_category_of_the_catalogue_has_a_line() -> None:
    categories = {"pressure", "flow", "level", "temperature", "analysis", "accessories"}
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    assert set(json.loads(str(workspace.parameters["product_lines"]))) == categories


def test_a_workspace_without_the_file_has_none() -> None:
    workspace = load_workspace(REPOSITORY / "examples" / "online_retail" / "workspace.yml")
    assert workspace.parameters["product_lines"] == "{}"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "{id: flow, name_en: F, name_zh: F, business_unit: XX, categories: [flow]}",
            ":6: product_lines.0.business_unit",
        ),
        ("{id: flow, name_en: F, name_zh: F, business_unit: PI, categories: []}", ":6: product_lines.0.categories"),
        (
            "{id: flow, name_en: F, name_zh: F, business_unit: PI, categories: [flow, flow]}",
            ":5: product_lines: names flow twice",
        ),
    ],
    ids=["unknown unit", "no category", "category twice"],
)
def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, message: str) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    file = tmp_path / "product_lines.yml"
    file.write_text(
        "version: 1\nbusiness_units:\n  - {code: PI, name_en: P, name_zh: P}\n# Lines.\nproduct_lines:\n"
        f"  - {lines}\n",
        encoding="utf-8",
    )
    with pytest.raises(RuleFileError) as error:
        load_product_lines(file)
    assert message in str(error.value)
