"""scores.yml and held_amounts.yml: the company's own are right, and what is wrong is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.pipelines.run_context import run_context
from cockpit.quality import held_amounts
from cockpit.quality.measures import subjects
from cockpit.rulebook.scores import load_scores
from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace

FOLDER = REPOSITORY / "include" / "rules" / "scores"


@pytest.fixture(scope="module")
def huaxing() -> Workspace:
    return load_workspace(REPOSITORY / "include" / "workspace.yml")


def changed(tmp_path: Path, file: str, before: str, after: str) -> Path:
    for name in ("scores.yml", "held_amounts.yml"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        if name == file:
            assert before in text
            text = text.replace(before, after, 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_companys_own_rules_fit_its_tables(huaxing: Workspace) -> None:
    context = run_context(huaxing)
    assert huaxing.scores is not None
    held_amounts.require_sound(context)
    measured = list(subjects(context, huaxing.scores))
    assert len(measured) == sum(len(source.entities) for source in huaxing.sources.values())
    # A rule that is about nothing would be a mistyped name.
    rules = {rule for subject in measured for rule in subject.unique_rules}
    assert set(huaxing.scores.rules.uniqueness.rules) <= rules
    assert [subject.entity for subject in measured if subject.golden] == ["account", "customer", "legacy_customer"]


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        pytest.param("scores.yml", "validity: 0.20", "validity: 0.30", "add up to 1.1, not to 1", id="weights"),
        pytest.param("scores.yml", "  validity: 0.20\n", "", "has no weight for validity", id="a weight is missing"),
        pytest.param("scores.yml", "validity: 0.20", "beauty: 0.20", "beauty", id="no such dimension"),
        pytest.param(
            "scores.yml", "crm.account, erp.customer,", "crm.acount, erp.customer,", "crm.acount", id="entity"
        ),
        pytest.param("scores.yml", "columns: [result, next_step]", "columns: [result, nxt]", "nxt", id="column"),
        pytest.param("scores.yml", "sources: [web_log, crm_use]", "sources: [weblog]", "weblog", id="source"),
        pytest.param("scores.yml", "fair: 0.90", "fair: 0.99", "is above 'good'", id="thresholds"),
        pytest.param("scores.yml", "id: contacts", "id: customers", "customers", id="an id twice"),
        pytest.param("scores.yml", "rows_per_owner: 5", "rows_per_owner: 0", "allowed", id="no rows"),
        pytest.param(
            "scores.yml", "    column: region_code\n", "", "needs 'entities' and 'column'", id="half a reference"
        ),
        pytest.param("held_amounts.yml", "by: {order_id: order_id}", "by: {order: order_id}", "order", id="join"),
        pytest.param("held_amounts.yml", "name: account,", "name: t,", "the name t is taken", id="a name twice"),
        pytest.param(
            "held_amounts.yml", "entity: erp.receipt\n", "entity: erp.reciept\n", "erp.reciept", id="held entity"
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, huaxing: Workspace, file: str, before: str, after: str, message: str
) -> None:
    with pytest.raises(RuleFileError) as refused:
        load_scores(changed(tmp_path, file, before, after), huaxing.sources)
    assert message in str(refused.value)
    assert f"{file}:" in str(refused.value)


@pytest.mark.parametrize(
    ("file", "before", "after", "found"),
    [
        pytest.param(
            "scores.yml", "known.username from", "known.user_name from", "user_name", id="column of a subquery"
        ),
        pytest.param("scores.yml", "stg_crm__app_user", "stg_crm__user", "staging.stg_crm__user", id="table"),
        pytest.param("scores.yml", "= region_code\n", "= region_kode\n", "region_kode", id="column"),
        pytest.param("scores.yml", "= region_code\n", "= region_code)\n", "not readable", id="no SQL"),
    ],
)
def test_a_reference_that_does_not_fit_is_refused_before_anything_is_measured(
    tmp_path: Path, huaxing: Workspace, file: str, before: str, after: str, found: str
) -> None:
    scores = load_scores(changed(tmp_path, file, before, after), huaxing.sources)
    context = run_context(huaxing.model_copy(update={"scores": scores}))
    with pytest.raises(RuleFileError) as refused:
        list(subjects(context, scores))
    assert found in str(refused.value)
    assert "scores.yml:" in str(refused.value)


def test_a_wrong_expression_of_money_takes_only_its_subject_away(tmp_path: Path, huaxing: Workspace) -> None:
    scores = load_scores(
        changed(tmp_path, "held_amounts.yml", "date: t.received_at", "date: t.arrived_at"), huaxing.sources
    )
    context = run_context(huaxing.model_copy(update={"scores": scores}))
    assert "'orders' as subject" in held_amounts.view(context)
    assert "'receipts' as subject" not in held_amounts.view(context)
    with pytest.raises(RuleFileError, match=r"held_amounts.yml:\d+: .*t\.arrived_at"):
        held_amounts.require_sound(context)
