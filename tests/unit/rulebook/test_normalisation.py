"""Standardising rules are tried before they are used, read again when they change, and refused by file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cockpit.domain.normalise.kinds import KINDS, Kind, Parts
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Standard
from cockpit.errors import RuleFileError, TerminalError
from cockpit.rulebook.normalisation import load_rule, load_standardiser, rule_version
from cockpit.stack.settings import REPOSITORY

RULE = """\
version: 3
codes:
  douyin: {en: Douyin, zh: 抖音}
  baidu: {en: Baidu, zh: 百度}
examples:
  - {in: 抖音, out: douyin, outcome: ok, details: {label_en: Douyin}}
  - {in: 抖音/百度, out: null, outcome: review, reason: several, details: {candidates: [douyin, baidu]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    (tmp_path / "lead_source.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def refusal(folder: Path, kind: str = "lead-source") -> str:
    with pytest.raises(RuleFileError) as error:
        load_standardiser(folder, kind)
    return str(error.value).replace(f"{folder}/", "")


def test_a_right_rule_is_applied(folder: Path) -> None:
    assert load_rule(folder, "lead-source").version == 3
    assert load_standardiser(folder, "lead-source").standardise("抖音").value == "douyin"


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        pytest.param("out: douyin, outcome: ok", "out: baidu", '6: examples: "抖音" gives value "douyin", the file says value "baidu". Correct the rule, or the example if its result changes on purpose.', id="another value"),
        pytest.param("out: douyin, outcome: ok", "out: 12", '6: examples: "抖音" gives value "douyin", the file says value 12. Correct the rule, or the example if its result changes on purpose.', id="another type"),
        pytest.param("outcome: ok", "outcome: review", '6: examples: "抖音" gives outcome "ok", the file says outcome "review". Correct the rule, or the example if its result changes on purpose.', id="another outcome"),
        pytest.param("reason: several", "reason: negated", '7: examples: "抖音/百度" gives reason "several", the file says reason "negated". Correct the rule, or the example if its result changes on purpose.', id="another reason"),
        pytest.param("[douyin, baidu]", "[baidu]", '7: examples: "抖音/百度" gives candidates ["douyin", "baidu"], the file says candidates ["baidu"]. Correct the rule, or the example if its result changes on purpose.', id="another detail"),
        pytest.param("label_en: Douyin", "label: Douyin", '6: examples: "抖音" gives label null, the file says label "Douyin". Correct the rule, or the example if its result changes on purpose.', id="a detail that is not given"),
        pytest.param("outcome: ok,", "declared: {currency: USD},", "6: declared: currency: is not a known key (found 'USD')", id="declared what the kind does not know"),
        pytest.param("codes:", "kodes:", "2: kodes: is not a known key (found {'douyin': {'en': 'Douyin', 'zh': '抖音'}, 'baidu': {'en': 'Baidu', 'zh': '百度'}}; allowed: codes, confidence, doubts, examples, fillers, joins, negations, no_value, not_meant, unclear, unspecific, vague, version)", id="mistyped key"),
        pytest.param("version: 3", "version: 0", "1: version: is outside the allowed range (found 0; allowed: >= 1)", id="version 0"),
        pytest.param("version: 3\n", "", "1: version: is missing. Add 'version: ...'.", id="no version"),
        pytest.param(RULE[RULE.index("examples:"):], "examples: []\n", "5: examples: has too few entries (found [])", id="no examples"),
        pytest.param("zh: 百度}", "zh: 抖音}", "1: lead_source: 抖音 stands under codes.baidu and codes.douyin; leave it in one", id="a word of two codes"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_by_its_line(folder: Path, found: str, put: str, message: str) -> None:
    assert found in RULE
    (folder / "lead_source.yml").write_text(RULE.replace(found, put, 1), encoding="utf-8")
    assert refusal(folder) == f"lead_source.yml:{message}"


def test_a_rule_that_is_not_there(folder: Path) -> None:
    where = "industry.yml:1: cannot be read: No such file or directory."
    assert refusal(folder, "industry").startswith(where)


def test_a_broken_rule_stops_only_its_own_kind(folder: Path) -> None:
    (folder / "industry.yml").write_text("codes: [", encoding="utf-8")
    assert refusal(folder, "industry").startswith("industry.yml:1: is not valid YAML")
    assert load_standardiser(folder, "lead-source").standardise("百度").value == "baidu"


def test_an_unknown_kind(folder: Path) -> None:
    with pytest.raises(TerminalError, match=r"colour: is not standardised \(allowed: .*lead-source.*\)"):
        load_rule(folder, "colour")


def test_a_changed_file_is_read_again(folder: Path) -> None:
    before = rule_version(folder, "lead-source")
    assert load_standardiser(folder, "lead-source").standardise("头条").outcome == "review"
    assert load_standardiser(folder, "lead-source") is load_standardiser(folder, "lead-source", {})

    (folder / "lead_source.yml").write_text(RULE.replace("zh: 抖音", "zh: 抖音, words: [头条]"), encoding="utf-8")

    assert rule_version(folder, "lead-source") != before
    assert load_standardiser(folder, "lead-source").standardise("头条").value == "douyin"


def test_the_version_does_not_depend_on_the_place(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("copy")
    shutil.copy(folder / "lead_source.yml", copy)
    assert rule_version(copy, "lead-source") == rule_version(folder, "lead-source")
    assert rule_version(folder, "lead-source").startswith("3-")


class WordsRule(NormalisationRule):
    """A rule with a table."""

    words: tuple[str, ...]


class Words:
    def __init__(self, rule: WordsRule, _declared: Declared) -> None:
        self._words = rule.words

    def standardise(self, text: str) -> Standard:
        return Standard(text) if text in self._words else Standard.review("unknown")

    def standardise_batch(self, texts: list[str]) -> list[Standard]:
        return [self.standardise(text) for text in texts]


def read_words(text: str) -> tuple[str, ...]:
    if not text.startswith("word\n"):
        raise ValueError("the first line must be 'word'")
    return tuple(text.split()[1:])


TABLE_RULE = "version: 1\nexamples:\n  - {in: a, out: a}\nwords_from: words.csv\n"


@pytest.fixture
def with_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    kind = Kind("words.yml", lambda: Parts(WordsRule, Declared, Words, {"words": read_words}))
    monkeypatch.setitem(KINDS, "words", kind)
    (folder / "words.yml").write_text(TABLE_RULE, encoding="utf-8")
    (folder / "words.csv").write_text("word\na\nb\n", encoding="utf-8")
    return folder


def test_a_table_beside_the_rule_is_part_of_it(with_table: Path) -> None:
    assert load_standardiser(with_table, "words").standardise("b").value == "b"
    before = rule_version(with_table, "words")

    (with_table / "words.csv").write_text("word\na\n", encoding="utf-8")

    assert load_standardiser(with_table, "words").standardise("b").value is None
    assert rule_version(with_table, "words") != before


def test_a_wrong_table_is_named(with_table: Path) -> None:
    (with_table / "words.csv").write_text("a\n", encoding="utf-8")
    assert refusal(with_table, "words") == "words.csv: the first line must be 'word'"

    (with_table / "words.csv").unlink()
    assert refusal(with_table, "words") == (
        "words.yml:4: words.csv cannot be read: No such file or directory. Put the file beside the rule's."
    )

    (with_table / "words.yml").write_text(f"{TABLE_RULE}words: [a]\n", encoding="utf-8")
    assert refusal(with_table, "words") == "words.yml:4: words stands in the file too; leave one of them out"


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_rules_load(kind: str) -> None:
    load_standardiser(REPOSITORY / "include/rules/normalisation", kind)
