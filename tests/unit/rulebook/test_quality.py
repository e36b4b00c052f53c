"""Quality rules: what becomes of a rule, and which rules are refused with their line before any data are touched."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from cockpit.rulebook.contract import Check
from cockpit.rulebook.sources import Entity
from cockpit.rulebook.workspace import Workspace, find_workspace, load_workspace
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.models import ModelGraph

WORKSPACE = """
    workspace: two
    title: Two
    title_zh: 两个来源
    warehouse: warehouse
    sources: sources
    models: models
    quality: quality
    currency: CNY
    time_zone: Asia/Shanghai
"""

CRM = """
    source: crm
    title: CRM
    title_zh: CRM
    owner: sales
    connector: sql
    connection: crm
    entities:
      contract:
        table: contract
        key: [contract_id]
        columns:
          contract_id: {type: bigint, required: true, description: Number, description_zh: 编号}
          signed_on: {type: date, description: Day, description_zh: 日期}
          amount: {type: numeric, description: Amount, description_zh: 金额}
          owner: {type: text, description: Owner, description_zh: 负责人}
      note:
        table: note
        key: [note_id]
        columns:
          note_id: {type: bigint, required: true, description: Number, description_zh: 编号}
          amount: {type: numeric, description: Amount, description_zh: 金额}
"""

ERP = """
    source: erp
    title: ERP
    title_zh: ERP
    owner: finance
    connector: sql
    connection: erp
    entities:
      receipt:
        table: receipt
        key: [receipt_id]
        columns:
          receipt_id: {type: bigint, required: true, description: Number, description_zh: 编号}
          contract_id: {type: bigint, description: Contract, description_zh: 合同}
          paid: {type: numeric, description: Amount, description_zh: 金额}
"""

RULE = """
    rules:
      - id: amount_zero
        entity: crm.contract
        wrong_when: amount <= 0
        severity: quarantine
        owner_column: owner
        concerns_money: true
        offending: [amount]
        message: The amount is not above zero
        message_zh: 金额不大于零
"""


class Folder:
    """A workspace with two sources and rules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {"workspace.yml": WORKSPACE, "sources/crm.yml": CRM, "sources/erp.yml": ERP}.items():
            self.write(name, text)
        (folder / "models").mkdir()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def workspace(self, rules: str, name: str = "contracts") -> Workspace:
        self.write(f"quality/{name}.yml", rules)
        load_workspace.cache_clear()
        return load_workspace(self.folder / "workspace.yml")

    def graph(self, rules: str) -> ModelGraph:
        return load_models(self.workspace(rules))

    def refusal(self, rules: str) -> str:
        workspace = self.workspace(rules)
        (error, *_others) = [*workspace.faults, *load_models(workspace).faults]
        assert error.exit_code == 3
        return str(error).replace(f"{self.folder}/", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    return Folder(tmp_path)


def check(graph: ModelGraph, rule_id: str, table: str = "stg_crm__contract") -> Check:
    return next(check for check in graph[table].contract.checks if check.rule_id == rule_id)


def rule(**changes: Any) -> str:
    """RULE with other values; None takes a key away."""
    lines = []
    for line in RULE.strip("\n").split("\n"):
        key = line.strip().removeprefix("- ").partition(":")[0]
        if key not in changes:
            lines.append(line)
        elif changes[key] is not None:
            lines.append(f"{line.partition(key)[0]}{key}: {changes[key]}")
    return (
        "\n".join(lines + [f"        {key}: {value}" for key, value in changes.items() if f"{key}:" not in RULE]) + "\n"
    )


def test_a_rule_is_a_check_of_its_table(folder: Folder) -> None:
    graph = folder.graph(RULE)
    found = check(graph, "amount_zero")
    assert (found.expect, found.condition, found.on_fail) == ("condition", "not (amount <= 0)", "quarantine")
    assert (found.owner_column, found.concerns_money, found.marked_columns) == ("owner", True, ("amount",))
    assert found.message_zh == "金额不大于零"
    assert str(found.origin).endswith("quality/contracts.yml:4")
    assert graph["stg_crm__contract"].is_gated
    assert "amount_zero" not in [each.rule_id for each in graph["stg_crm__note"].contract.checks]


def test_where_a_rule_stands_is_no_part_of_it(folder: Folder) -> None:
    before = check(folder.graph(RULE), "amount_zero")
    after = check(folder.graph("# A comment\n" + dedent(RULE)), "amount_zero")
    assert before.origin != after.origin
    assert before.model_dump_json() == after.model_dump_json()


def test_a_rule_about_several_entities_has_an_owner_where_they_have(folder: Folder) -> None:
    graph = folder.graph(rule(entity=None, entities="[crm.contract, crm.note]"))
    assert check(graph, "amount_zero").owner_column == "owner"
    assert check(graph, "amount_zero", "stg_crm__note").owner_column is None


def test_tables_that_a_rule_asks_are_known(folder: Folder) -> None:
    asking = (
        "contract_id in (select receipt.contract_id from staging.stg_erp__receipt as receipt where receipt.paid > 0)"
    )
    graph = folder.graph(rule(wrong_when=asking))
    assert graph["stg_crm__contract"].looked_at == {"staging.stg_erp__receipt"}
    assert [model.name for model in graph.asking(graph.typed("erp"))] == ["stg_crm__contract"]
    assert graph.asking(graph.typed("crm")) == []


REFUSED = {
    "unknown entity": (rule(entity="crm.deal"), "contracts.yml:2: no source has this entity (found 'crm.deal'; allowed:"),
    "unknown key": (rule(severty="warn"), "severty: is not a known key"),
    "unknown severity": (rule(severity="stop"), "contracts.yml:5: rules.0.severity: has a value that is not known (found"),
    "no subject": (rule(entity=None), "needs one of 'entity', 'entities' and 'columns'"),
    "warning without a reason": (rule(severity="warn"), "contracts.yml:5: rules.0.severity: a rule that only warns says why"),
    "not SQL": (rule(wrong_when="amount <="), "contracts.yml:4: SQL condition is not readable"),
    "unknown column": (
        rule(wrong_when="amout <= 0"),
        "contracts.yml:4: the condition of amount_zero names an unknown column (found 'amout'; allowed: amount,",
    ),
    "unknown column to mark": (
        rule(offending="[amuont]"),
        "contracts.yml:4: the check amount_zero names an unknown column (found 'amuont'",
    ),
    "unknown owner": (rule(owner_column="ownr"), "the check amount_zero names an unknown column (found 'ownr'"),
    "unknown parameter": (
        rule(wrong_when="signed_on > :today"),
        "contracts.yml:4: the condition of amount_zero uses an unknown parameter (found 'today'; allowed: as_of,",
    ),
    "unknown table": (
        rule(wrong_when="contract_id in (select r.contract_id from staging.stg_erp__recipt as r)"),
        "contracts.yml:4: the condition of amount_zero asks an unknown table (found 'staging.stg_erp__recipt'",
    ),
    "another layer": (
        rule(wrong_when="contract_id in (select r.contract_id from core.core_receipt as r)"),
        "asks an unknown table (found 'core.core_receipt'; allowed: staging.stg_crm__contract,",
    ),
    "unknown column of another table": (
        rule(wrong_when="contract_id in (select r.contract from staging.stg_erp__receipt as r)"),
        "names an unknown column within a subquery (found 'contract'; allowed: batch_id, contract_id,",
    ),
    "the row's column within a subquery": (
        rule(wrong_when="exists (select 1 from staging.stg_erp__receipt as r where r.paid > amount)"),
        "names an unknown column within a subquery (found 'amount'",
    ),
    "the row's table within a subquery": (
        rule(wrong_when="exists (select 1 from staging.stg_erp__receipt as r where r.contract_id = t.contract_id)"),
        "names a table within a subquery that is not in it (found 't'; allowed: r). A subquery stands alone",
    ),
    "a column's place in a rule about rows": (rule(wrong_when='"{column} is null"'), "'{column}' is for a rule with 'columns'"),
    "examples of one side": (
        rule(examples="[{row: {amount: 0}, wrong: true}]"),
        "contracts.yml:11: rules.0.examples: needs an example that is wrong and one that is not",
    ),
    "twice": (RULE + RULE.partition("rules:\n")[2], "contracts.yml:11: another rule has this id (found 'amount_zero')"),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "message"), [pytest.param(*case, id=name) for name, case in REFUSED.items()])
def test_a_wrong_rule_is_refused_with_its_line(folder: Folder, rules: str, message: str) -> None:
    assert message in folder.refusal(rules)


def test_an_id_is_unique_over_all_files(folder: Folder) -> None:
    folder.write("quality/more.yml", RULE)
    refused = folder.refusal(RULE)
    assert refused.startswith("quality/more.yml:2: another rule has this id (found 'amount_zero'). See ")
    assert refused.endswith("contracts.yml:4.")


def test_an_id_differs_from_those_of_the_sources_checks(folder: Folder) -> None:
    refused = folder.refusal(rule(id="values_fit_types"))
    assert refused.startswith("quality/contracts.yml:4: two checks of stg_crm__contract have the same id")


# Rules about columns, on the company's own sources.

OWN = find_workspace("huaxing")


def checks_of(rule_id: str, entity: str) -> list[Check]:
    source, name = entity.split(".")
    made: Entity = OWN.sources[source].entities[name]
    checks = OWN.quality.checks(source, name, made, is_standardised=True)
    return [each for each in checks if each.rule_id.startswith(rule_id)]


def test_a_rule_about_columns_is_one_check_for_each() -> None:
    (found,) = checks_of("lead_phone_impossible", "crm.lead")
    assert found.rule_id == "lead_phone_impossible__phone"
    assert found.condition == "not (phone_outcome = 'invalid' and phone_reason is distinct from 'placeholder')"
    assert (found.marked_columns, found.owner_column) == (("phone",), "owner_username")
    assert (found.message, found.message_zh) == (
        "Telephone number as typed: no such number can exist",
        "录入的电话号码：不可能存在的号码",
    )
    assert OWN.quality.of_id(found.rule_id).rule.id == "lead_phone_impossible"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rule_id", "entity", "count"),
    [
        ("lead_phone_impossible", "web_forms.campaign_page", 1),
        ("lead_phone_impossible", "crm.account", 0),
        ("other_phone_impossible", "crm.lead", 0),
        ("other_phone_impossible", "scm.shipment", 1),
        ("other_phone_impossible", "erp.sales_order", 0),
        ("phone_impossible", "crm.account", 1),
    ],
)  # fmt: skip
def test_which_columns_a_rule_is_about(rule_id: str, entity: str, count: int) -> None:
    assert len(checks_of(rule_id, entity)) == count


def test_texts_that_are_not_standardised_have_no_such_rules() -> None:
    entity = OWN.sources["crm"].entities["lead"]
    checks = OWN.quality.checks("crm", "lead", entity, is_standardised=False)
    assert not [each for each in checks if "__" in each.rule_id]


def test_the_company_has_the_rules_that_a_crm_needs() -> None:
    ids = {placed.rule.id for placed in OWN.quality.rules}
    assert len(ids) >= 90
    assert {
        "opportunity_negative_cycle", "contract_signed_amount_zero", "contract_receipts_above_amount",
        "contract_receipt_before_signing", "stage_backwards", "order_number_repeated", "shipment_before_order",
        "line_amount_disagrees", "order_dated_in_future", "lead_phone_impossible", "lead_phone_placeholder",
        "credit_code_wrong", "invented_company", "invented_person", "visit_without_result", "contract_number_repeated",
        "currency_unknown", "opportunity_amount_outlier", "invoices_above_order", "email_domain_typo",
        "call_longer_than_a_day", "birth_date_impossible", "contact_unreachable", "opportunity_won_without_contract",
        "contract_without_opportunity", "receipt_currency_differs", "target_missing", "owner_unknown",
        "opportunity_of_former_user",
    } <= ids  # fmt: skip
    warnings = {placed.rule.id for placed in OWN.quality.rules if placed.rule.severity == "warn"}
    assert {"contract_receipt_before_signing", "stage_backwards", "shipment_before_order"} <= warnings
