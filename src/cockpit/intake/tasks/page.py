"""The pages as HTML: no script, nothing from elsewhere, made for a phone first."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cockpit.i18n import LANGUAGES, _
from cockpit.intake.tasks.desk import Closed, OpenTask
from cockpit.intake.tasks.shown import Field
from cockpit.quality.answers import LONGEST_REASON, LONGEST_VALUE
from cockpit.quality.shown import visible
from cockpit.rulebook.workspace import Workspace

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LANGUAGE_NAMES = dict(zip(LANGUAGES, ("English", "中文"), strict=True))


def form(
    workspace: Workspace,
    task: OpenTask,
    fields: Sequence[Field],
    lang: str,
    *,
    token: str,
    reason: str,
    faults: Sequence[str],
) -> str:
    """The row with its inputs.

    Args:
        fields: Those that a rule points at first.
        reason: What the person has typed.
        faults: What is wrong and belongs to no field.
    """
    source = task.source.title_zh if lang == "zh" else task.source.title
    is_personal = task.entity.key != "line" and any(
        task.entity.columns[column].sensitivity == "personal" for column in task.entity.key
    )
    key = "" if is_personal and not task.may_see_all else visible(task.row.key, lang=lang)
    return _render(
        "form.html",
        workspace,
        lang,
        token=token,
        version=task.seen.version,
        row=" · ".join(filter(None, (source, task.row.entity, key))),
        reasons=[one.text(lang) for one in task.reasons],
        marked=[field for field in fields if field.is_marked],
        others=[field for field in fields if not field.is_marked],
        may_be_confirmed=task.may_be_confirmed,
        reason=reason,
        faults=list(faults) + ([_("Please look at the marked values again.", lang)] if _has_faults(fields) else []),
        longest_value=LONGEST_VALUE,
        longest_reason=LONGEST_REASON,
    )


def thanks(workspace: Workspace, lang: str, *, needs_approval: bool) -> str:
    """The page after an answer."""
    text = (
        _("Because money is concerned, a second person looks at it before the row counts.", lang)
        if needs_approval
        else _("The row counts in reports from the next run on.", lang)
    )
    return _render("message.html", workspace, lang, heading=_("Thank you, your answer is stored", lang), message=text)


def closed(workspace: Workspace, reason: Closed, lang: str) -> str:
    """Why a link opens nothing; tells nothing about the row."""
    heading, text = _closed_texts(reason, lang)
    return _render("message.html", workspace, lang, heading=heading, message=text)


def message(workspace: Workspace, text: str, lang: str) -> str:
    """A refusal that has nothing to do with the task."""
    return _render("message.html", workspace, lang, heading=_("Not now", lang), message=text)


def _closed_texts(reason: Closed, lang: str) -> tuple[str, str]:
    newest = _("Open the newest message about it, or ask the data stewards.", lang)
    match reason:
        case "malformed" | "forged":
            return _("This link cannot be used", lang), _(
                "It is cut off, or it is not one of ours. Copy the whole address from the message.", lang
            )
        case "expired":
            return _("This link has expired", lang), newest
        case "superseded":
            return _("There is a newer link", lang), newest
        case "answered":
            return _("This has been answered already", lang), _("Thank you; nothing is left to do.", lang)
        case "released":
            return _("This is settled", lang), _("The row passes its checks by now; nothing is left to do.", lang)
        case "gone":
            return _("This is settled", lang), _("The row is no longer there; nothing is left to do.", lang)


def _has_faults(fields: Sequence[Field]) -> bool:
    return any(field.faults for field in fields)


def _render(template: str, workspace: Workspace, lang: str, **values: Any) -> str:
    company = workspace.settings.title_zh if lang == "zh" else workspace.settings.title
    return (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            company=company,
            style=_STYLE,
            languages=_LANGUAGE_NAMES,
            text=_texts(lang),
            **values,
        )
    )


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _texts(lang: str) -> Mapping[str, str]:
    return {
        "title": _("A row to correct or confirm", lang),
        "held": _("It is held back because", lang),
        "look": _("Please look at", lang),
        "others": _("The other values", lang),
        "received": _("as received", lang),
        "counts_as": _("counts as", lang),
        "not_understood": _("not understood", lang),
        "masked": _("hidden, because it is a person's own", lang),
        "fixed": _("cannot be changed here", lang),
        "choose": _("nothing", lang),
        "reason": _("Your reason", lang),
        "reason_hint": _("Needed when the row is right as it is.", lang),
        "correct": _("Correct", lang),
        "confirm": _("It is right as it is", lang),
        "private": _("This page is for you alone; do not pass its address on.", lang),
    }
