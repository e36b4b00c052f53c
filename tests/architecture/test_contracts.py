"""Every column says what it means in both languages, and no mart shows persons or foreign rows."""

from __future__ import annotations

import re

import pytest

from cockpit.rulebook.contract import Contract
from cockpit.rulebook.workspace import find_workspace, workspace_files
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import Model

MODELS = [
    pytest.param(model, id=f"{workspace}-{model.name}")
    for workspace in workspace_files()
    for model in load_models(find_workspace(workspace)).models.values()
]
MARTS = [parameter for parameter in MODELS if parameter.values[0].layer == "marts"]  # type: ignore[union-attr]

HAN = re.compile(r"[\u4e00-\u9fff]")
# Columns of the layers before that tell who a person is or how to reach one. Customers are companies, and the user
# names of the company's own reps are shown to those who lead them.
# A golden contact's key names nobody by itself.
PERSONAL = {"name", "contact_name", "phone", "email", "address", "birth_date"}


def texts(contract: Contract) -> dict[str, tuple[str, str]]:
    """Place -> (English, Chinese)."""
    return {
        contract.table: (contract.description, contract.description_zh),
        **{name: (column.description, column.description_zh) for name, column in contract.columns.items()},
        **{
            check.rule_id: (check.message, check.message_zh)
            for check in contract.checks
            if check.message and check.message_zh
        },
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_text_is_in_both_languages(model: Model) -> None:
    for place, (english, chinese) in texts(model.contract).items():
        assert not HAN.search(english), f"{place}: {english}"
        assert HAN.search(chinese), f"{place}: {chinese}"


@pytest.mark.parametrize("model", MODELS)
def test_the_grain_is_never_null(model: Model) -> None:
    assert not [name for name in model.contract.grain if model.contract.columns[name].nullable]


@pytest.mark.parametrize("model", MODELS)
def test_amounts_and_ratios_have_a_unit(model: Model) -> None:
    measured = re.compile(r"(^|_)(amount|price|ratio|quantity|count|seconds|days)$")
    without = [name for name, column in model.contract.columns.items() if measured.search(name) and not column.unit]
    assert without == []


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_says_whose_rows_it_holds(mart: Model) -> None:
    scope = mart.contract.row_scope
    assert scope is not None
    # A row that belongs to nobody would be seen by nobody.
    assert scope.region is None or not mart.contract.columns[scope.region].nullable
    assert mart.contract.materialised != "view"


@pytest.mark.parametrize("mart", MARTS)
def test_what_names_a_person_is_masked(mart: Model) -> None:
    assert PERSONAL & set(mart.contract.columns) <= set(mart.contract.personal)


@pytest.mark.parametrize("model", MODELS)
def test_every_check_says_what_to_do(model: Model) -> None:
    rules = [check.rule_id for check in model.contract.checks]
    assert len(rules) == len(set(rules))
    silent = [check.rule_id for check in model.contract.checks if check.on_fail == "warn" and not check.why]
    assert silent == []
