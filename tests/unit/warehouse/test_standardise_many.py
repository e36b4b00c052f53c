"""Large batches are shared out among processes and give what one process gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cockpit.rulebook.normalisation import load_standardiser
from cockpit.stack.settings import REPOSITORY
from cockpit.warehouse import standardise_many as module
from cockpit.warehouse.standardise_many import ManyStandardiser, standardise_many

RULES = REPOSITORY / "include/rules/normalisation"
TEXTS = ["抖音", "抖音/官网", "", "x" * 500, "\ud800", "2026上海仪器展", "来自百度的客户"] * 40


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST_TEXTS", 100)
    monkeypatch.setattr(module, "_CHUNK", 33)


@pytest.mark.usefixtures("small_chunks")
def test_many_texts_give_what_one_process_gives() -> None:
    expected = load_standardiser(RULES, "lead-source").standardise_batch(TEXTS)
    with ManyStandardiser(RULES, "lead-source", workers=2) as standardiser:
        assert standardiser.standardise_batch(TEXTS) == expected
        # The processes stay for the next batch.
        assert standardiser.standardise_batch(TEXTS[::-1]) == expected[::-1]
        assert standardiser.standardise("抖音") == expected[0]


@pytest.mark.parametrize(("texts", "workers"), [([], 2), (TEXTS[:7], 2), (TEXTS, 1)], ids=["none", "few", "one worker"])
def test_few_texts_start_no_process(texts: list[str], workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ProcessPoolExecutor", None)
    assert len(standardise_many(RULES, "lead-source", {}, texts, workers)) == len(texts)


def _die(*_: object) -> None:
    os._exit(1)


@pytest.mark.usefixtures("small_chunks")
def test_a_killed_process_loses_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "_standardise_chunk", _die)
    expected = load_standardiser(RULES, "lead-source").standardise_batch(TEXTS)
    assert standardise_many(RULES, "lead-source", {}, TEXTS, 2) == expected
    assert "280 texts are standardised in one process: BrokenProcessPool" in caplog.text


@pytest.mark.usefixtures("small_chunks")
def test_the_folder_of_rules_is_the_one_that_is_named(tmp_path: Path) -> None:
    rule = "version: 1\ncodes: {z: {en: Zed, zh: 抖音}}\nexamples: [{in: 抖音, out: z}]\n"
    (tmp_path / "lead_source.yml").write_text(rule, encoding="utf-8")
    assert standardise_many(tmp_path, "lead-source", {}, ["抖音"] * 150, 2)[149].value == "z"
