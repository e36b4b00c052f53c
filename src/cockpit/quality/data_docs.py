"""Keep Data Docs: what every table promises and what its last checks found, as a folder of pages.

The folder is `$COCKPIT_DATA_DOCS/<workspace>`, which the platform sets for its own processes; without the variable no
pages are written. A check writes the pages of its own model and the index, nothing else. Layout::

    static/data_docs.css
    <en|zh>/index.html
    <en|zh>/<model>/index.html      the newest result
    <en|zh>/<model>/<stamp>.html    each of the last results
    state/<model>.json              what the index and the history show
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cockpit.i18n import LANGUAGES, _
from cockpit.quality import doc_pages
from cockpit.quality.doc_folder import folder_of, locked, write
from cockpit.quality.doc_pages import Run, Subject
from cockpit.quality.suite import Evaluation
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext

log = logging.getLogger(__name__)


def publish(
    model: Model, context: BuildContext, evaluation: Evaluation, *, checked_at: datetime, held_back: int
) -> None:
    """Write the pages of a model that was checked, and the index.

    Readers see each page before or after, never between, and no link without its page. What goes wrong is logged:
    a page that cannot be written must not keep rows from being used.

    Args:
        model: Whose contract was evaluated.
        context: Workspace, run id and the models that there are; pages of others are removed.
        evaluation: What was found.
        checked_at: Aware; unique per model.
        held_back: Rows of the model in quarantine now.
    """
    folder = folder_of(context.workspace.name)
    if folder is None:
        return
    try:
        with locked(folder):
            _publish(folder, model, context, evaluation, checked_at, held_back)
    except OSError as error:
        log.warning("%s: Data Docs were not written: %s", model.name, error.strerror)


def _publish(
    folder: Path, model: Model, context: BuildContext, evaluation: Evaluation, checked_at: datetime, held_back: int
) -> None:
    run = _run(context, evaluation, checked_at)
    before = _read(folder, model.name)
    older = [each for each in (before.runs if before else ()) if each.stamp != run.stamp]
    kept = (run, *older)[: context.workspace.settings.data_docs_results]
    subject = replace(_subject(model, context), held_back=held_back, runs=kept)
    write(folder / "static" / "data_docs.css", doc_pages.STYLE.read_text(encoding="utf-8"))
    for lang in LANGUAGES:
        pages = folder / lang / model.name
        write(pages / f"{run.stamp}.html", doc_pages.run_page(subject, evaluation, lang))
        write(pages / "index.html", doc_pages.model_page(subject, evaluation, lang))
    write(folder / "state" / f"{model.name}.json", json.dumps(asdict(subject), ensure_ascii=False))
    gone = _forget_others(folder, set(context.graph.models))
    subjects = _read_all(folder)
    for lang in LANGUAGES:
        write(folder / lang / "index.html", doc_pages.index_page(subjects, lang))
    # Last, when no page leads there any more.
    _remove_old(folder, model.name, {each.stamp for each in kept})
    for name in gone:
        for lang in LANGUAGES:
            shutil.rmtree(folder / lang / name, ignore_errors=True)


def _run(context: BuildContext, evaluation: Evaluation, checked_at: datetime) -> Run:
    failed: dict[str, int] = {}
    for outcome in evaluation.outcomes:
        if not outcome.passed:
            verdict = doc_pages.verdict_of(outcome)
            failed[verdict] = failed.get(verdict, 0) + 1
    return Run(
        stamp=f"{checked_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}",
        checked_at=f"{checked_at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M:%S}",
        run_id=context.run_id,
        rows=max((outcome.row_count for outcome in evaluation.outcomes), default=0),
        checks=len(evaluation.outcomes),
        failed=failed,
    )


def _subject(model: Model, context: BuildContext) -> Subject:
    """The model without its results."""
    layers = {
        "staging": {lang: _("Staging", lang) for lang in LANGUAGES},
        "core": {lang: _("Core", lang) for lang in LANGUAGES},
        "marts": {lang: _("Marts", lang) for lang in LANGUAGES},
    }
    names = list(context.workspace.sources)
    source = model.name.removeprefix("stg_").partition("__")[0] if model.layer == "staging" else ""
    definition = context.workspace.sources.get(source)
    group = layers[model.layer]
    if definition:
        group = {"en": definition.title, "zh": definition.title_zh}
    # What people look at comes first.
    place = {"marts": 0, "core": 1}.get(model.layer, 2 + (names.index(source) if definition else len(names)))
    return Subject(
        model=model.name,
        layer=model.layer,
        order=(place, list(context.graph.models).index(model.name)),
        group=group,
        description={"en": model.contract.description, "zh": model.contract.description_zh},
        grain=model.contract.grain,
        owner=model.contract.owner,
        held_back=0,
        runs=(),
    )


def _read(folder: Path, name: str) -> Subject | None:
    """A model as its last check left it; None before the first."""
    try:
        text = (folder / "state" / f"{name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        values: dict[str, Any] = json.loads(text)
        runs = tuple(Run(**run) for run in values.pop("runs"))
        return Subject(**{**values, "order": tuple(values["order"]), "grain": tuple(values["grain"]), "runs": runs})
    except (ValueError, TypeError, KeyError):
        # Of another version of the platform: the next check of the model writes it anew.
        return None


def _read_all(folder: Path) -> list[Subject]:
    found = (_read(folder, path.stem) for path in (folder / "state").glob("*.json"))
    return [subject for subject in found if subject is not None and subject.runs]


def _forget_others(folder: Path, known: set[str]) -> list[str]:
    """Take models that no longer exist out of the index; returns their names."""
    gone = sorted(path.stem for path in (folder / "state").glob("*.json") if path.stem not in known)
    for name in gone:
        (folder / "state" / f"{name}.json").unlink()
    return gone


def _remove_old(folder: Path, name: str, stamps: Iterable[str]) -> None:
    wanted = {"index", *stamps}
    for lang in LANGUAGES:
        for path in (folder / lang / name).iterdir():
            # Besides old results, what a writer left that was killed.
            if path.stem not in wanted or path.suffix != ".html":
                path.unlink()
