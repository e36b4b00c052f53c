"""The pages of Data Docs: an index, a page per model with its newest result, and one per earlier result.

Plain HTML with one style sheet: no script, nothing from elsewhere. Every page exists in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cockpit.i18n import LANGUAGES, _
from cockpit.quality.sentences import sentence
from cockpit.quality.suite import Evaluation, Outcome
from cockpit.rulebook.contract import Check

_TEMPLATES = Path(__file__).parent / "pages"
STYLE = _TEMPLATES / "data_docs.css"

# Passed; rows held back; went on with a warning; stopped what lies downstream.
Verdict: TypeAlias = Literal["passed", "held", "warned", "stopped"]
_VERDICTS: Mapping[str, Verdict] = {"quarantine": "held", "warn": "warned", "stop": "stopped"}


@dataclass(frozen=True)
class Run:
    """One evaluation of a model's checks, as the history of its page lists it.

    Attributes:
        stamp: Name of its page, UTC.
        checked_at: In business time, for people.
        failed: Number of failed checks by verdict.
    """

    stamp: str
    checked_at: str
    run_id: str
    rows: int
    checks: int
    failed: dict[str, int]

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks."""
        for verdict in ("stopped", "held", "warned"):
            if self.failed.get(verdict):
                return verdict
        return "passed"


@dataclass(frozen=True)
class Subject:
    """A model as Data Docs show it; texts by language.

    Attributes:
        order: Place of its group and of itself in the index.
        group: Source or layer.
        held_back: Rows in quarantine now.
    """

    model: str
    layer: str
    order: tuple[int, int]
    group: dict[str, str]
    description: dict[str, str]
    grain: tuple[str, ...]
    owner: str
    held_back: int
    runs: tuple[Run, ...]

    @property
    def newest(self) -> Run:
        """The newest result."""
        return self.runs[0]


def verdict_of(outcome: Outcome) -> Verdict:
    """What the outcome of a check led to."""
    return "passed" if outcome.passed else _VERDICTS[outcome.check.on_fail]


def model_page(subject: Subject, evaluation: Evaluation, lang: str) -> str:
    """The newest result and the list of those before."""
    return _render("model.html", lang, subject=subject, run=subject.newest, is_newest=True, **_checks(evaluation, lang))


def run_page(subject: Subject, evaluation: Evaluation, lang: str) -> str:
    """The newest result by itself, to stay when newer ones come."""
    return _render(
        "model.html", lang, subject=subject, run=subject.newest, is_newest=False, **_checks(evaluation, lang)
    )


def index_page(subjects: Sequence[Subject], lang: str) -> str:
    """Every model with its newest result."""
    ordered = sorted(subjects, key=lambda subject: (subject.order, subject.model))
    groups: dict[str, list[Subject]] = {}
    for subject in ordered:
        groups.setdefault(subject.group[lang], []).append(subject)
    totals = {
        "models": len(ordered),
        "checks": sum(subject.newest.checks for subject in ordered),
        "held_back": sum(subject.held_back for subject in ordered),
        **{
            verdict: sum(subject.newest.failed.get(verdict, 0) for subject in ordered)
            for verdict in ("warned", "stopped")
        },
    }
    return _render("index.html", lang, groups=groups, totals=totals)


def _checks(evaluation: Evaluation, lang: str) -> dict[str, Any]:
    """The outcomes, those that failed first."""
    validations = {item.expectation_config.meta["rule_id"]: item for item in evaluation.validation.results}
    severity = ("stopped", "held", "warned", "passed")
    lines = [
        {
            "rule": outcome.check.rule_id,
            "verdict": verdict_of(outcome),
            "on_fail": outcome.check.on_fail,
            "promise": sentence(outcome.check, validations.get(outcome.check.rule_id), lang),
            "message": outcome.check.message_zh if lang == "zh" else outcome.check.message,
            "why": _why(outcome.check, lang),
            "failed": outcome.failed_count,
            "share": _share(outcome),
            "is_about_rows": outcome.check.expect != "row_count_change",
            "was_evaluated": outcome.check.rule_id in validations,
        }
        for outcome in evaluation.outcomes
    ]
    return {"checks": sorted(lines, key=lambda line: severity.index(str(line["verdict"])))}


def _why(check: Check, lang: str) -> str | None:
    """The reason in the page's language; an untranslated one only where nothing else says what is wrong."""
    if lang == "zh":
        return check.why_zh or (None if check.message_zh else check.why)
    return check.why


def _share(outcome: Outcome) -> str:
    """Failed rows as a share of all; never 0 % while there are some."""
    if not outcome.failed_count or not outcome.row_count:
        return ""
    percent = 100 * outcome.failed_count / outcome.row_count
    return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def _render(template: str, lang: str, **values: Any) -> str:
    return (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            html_lang={"en": "en", "zh": "zh-CN"}[lang],
            other=next(other for other in LANGUAGES if other != lang),
            text=_texts(lang),
            verdicts=_verdict_names(lang),
            consequences=_consequences(lang),
            **values,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment


@cache
def _texts(lang: str) -> Mapping[str, str]:
    return {
        "title": _("Data Docs", lang),
        "about": _("What every table promises, and whether its rows keep it.", lang),
        "models": _("tables checked", lang),
        "checks": _("checks", lang),
        "held_rows": _("rows held back", lang),
        "warnings": _("warnings", lang),
        "stops": _("blocked", lang),
        "model": _("Table", lang),
        "result": _("Result", lang),
        "rows": _("Rows", lang),
        "held_back": _("Held back", lang),
        "checked_at": _("Checked", lang),
        "owner": _("Owner", lang),
        "grain": _("One row per", lang),
        "run": _("Run", lang),
        "check": _("Check", lang),
        "promise": _("Promise", lang),
        "failed_rows": _("Rows that break it", lang),
        "on_fail": _("When broken", lang),
        "history": _("Earlier results", lang),
        "newest": _("To the newest result", lang),
        "an_earlier_one": _("This is an earlier result.", lang),
        "broken": _("broken", lang),
        "first_time": _("compared from the second check on", lang),
        "back": _("All tables", lang),
        "other_language": {"en": "中文", "zh": "English"}[lang],
        "made_by": _("Evaluated by Great Expectations. No values of rows are kept here.", lang),
    }


@cache
def _verdict_names(lang: str) -> Mapping[str, str]:
    return {
        "passed": _("passed", lang),
        "held": _("rows held back", lang),
        "warned": _("warning", lang),
        "stopped": _("blocked", lang),
    }


@cache
def _consequences(lang: str) -> Mapping[str, str]:
    return {
        "quarantine": _("the row is held back", lang),
        "warn": _("it is noted", lang),
        "stop": _("tables downstream are not built", lang),
    }
