"""`cockpit mdm learn|models|use`: what matching learns from records and decisions, version by version."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PgConnection

    from cockpit.cli.mdm import Subject
    from cockpit.mdm.learning import Lesson
    from cockpit.mdm.model_versions import Version

ACTIONS = ("learn", "models", "use")


def add_actions(actions: Subparsers) -> None:
    """Register the actions."""
    text = _("learn anew from all records and from what people decided, and show what would change")
    learn = actions.add_parser("learn", help=text, description=text)
    learn.add_argument(
        "--precision",
        type=_share,
        metavar=_("SHARE"),
        help=_("join so many pairs that this share of them is right, such as 0.995; as the rule says by default"),
    )
    learn.add_argument("--yes", action="store_true", help=_("put the new version in force"))
    text = _("list the versions of what was learnt")
    models = actions.add_parser("models", help=text, description=text)
    text = _("put a version in force; the next run weighs with it")
    use = actions.add_parser("use", help=text, description=text)
    for each in (learn, models):
        each.add_argument("about", nargs="?", metavar=_("ENTITY"), help=_("that of --entity when left out"))
        each.add_argument("--json", action="store_true", help=_("machine-readable"))
    use.add_argument("about", metavar=_("ENTITY"), help=_("such as customer"))
    use.add_argument("version", metavar=_("VERSION"), help=_("as 'models' lists it"))
    for each in (learn, use):
        each.add_argument("--by", metavar=_("NAME"), help=_("who decides; the user of this computer by default"))


def run(connection: PgConnection, subject: Subject, arguments: argparse.Namespace) -> int:
    """Do the action."""
    match arguments.action:
        case "learn":
            return _learn(connection, subject, arguments)
        case "models":
            return _list(connection, subject, arguments)
        case _:
            _use(connection, subject, arguments.version, arguments.by)
            return 0


def _learn(connection: PgConnection, subject: Subject, arguments: argparse.Namespace) -> int:
    from cockpit.cli.mdm import author_of
    from cockpit.cli.output import inert
    from cockpit.mdm import model_versions
    from cockpit.mdm.learning import learn

    lesson = learn(connection, subject.rules, subject.rule, subject.staged, precision=arguments.precision)
    version = lesson.model.version
    if arguments.json:
        if arguments.yes:
            model_versions.use(connection, subject.name, subject.rules.fingerprint, version, author_of(arguments.by))
        print(json.dumps({**_content(lesson), "is_in_force": arguments.yes or version == lesson.current}, indent=2))
        return 0
    print(inert(_told(subject, lesson)))
    if version == lesson.current:
        print(_("Nothing new was learnt: version {version} stays in force.", version=version))
    elif arguments.yes:
        _use(connection, subject, version, arguments.by)
    else:
        print(
            _(
                "It is kept as version {version}; './cockpit mdm use {entity} {version}' puts it in force.",
                version=version,
                entity=subject.name,
            )
        )
    return 0


def _use(connection: PgConnection, subject: Subject, version: str, by: str | None) -> None:
    from cockpit.cli.mdm import author_of
    from cockpit.mdm import model_versions

    if not model_versions.use(connection, subject.name, subject.rules.fingerprint, version, author_of(by)):
        print(_("Version {version} is in force already.", version=version))
        return
    print(
        _(
            "Version {version} is in force from the next run on: './cockpit run {workspace}'.",
            version=version,
            workspace=subject.workspace.name,
        )
    )


def _list(connection: PgConnection, subject: Subject, arguments: argparse.Namespace) -> int:
    from cockpit.cli.output import inert, table
    from cockpit.mdm import model_versions

    found = model_versions.versions(connection, subject.name, subject.rules.fingerprint)
    if arguments.json:
        content = [
            {
                "version": each.version,
                "made_at": each.made_at.isoformat(),
                "is_current": each.is_current,
                "fits": each.fits,
                "records": each.record_count,
                "decisions": each.decision_count,
                "used_by": each.used_by,
                "used_at": each.used_at.isoformat() if each.used_at else None,
            }
            for each in found
        ]
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return 0
    if not found:
        print(_("Nothing has been learnt yet; the next run learns."))
        return 0
    zone = subject.workspace.zone
    rows = [
        [
            each.version,
            f"{each.made_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "-" if each.record_count is None else f"{each.record_count:,}",
            "-" if each.decision_count is None else f"{each.decision_count:,}",
            _state(each),
            f"{each.used_by} {each.used_at.astimezone(zone):%m-%d}" if each.used_at else "",
        ]
        for each in found
    ]
    header = [_("Version"), _("learnt"), _("records"), _("decisions"), _("state"), _("put in force by")]
    print(inert(table(header, rows, right=(2, 3))))
    return 0


def _state(version: Version) -> str:
    if not version.fits:
        return _("of other rules")
    return _("in force") if version.is_current else _("kept")


def _told(subject: Subject, lesson: Lesson) -> str:
    from cockpit.cli.output import folded, table
    from cockpit.mdm import words

    found = lesson.supervised
    lines = [
        folded(
            _(
                "Learnt from {records} records. Decisions about pairs: {decisions} in force, {used} of them about pairs"
                " that are joined or left to a person (the same: {same}, not the same: {different}).",
                records=f"{lesson.record_count:,}",
                decisions=f"{lesson.decision_count:,}",
                used=f"{lesson.used_count:,}",
                same=f"{found.same_count:,.0f}",
                different=f"{found.different_count:,.0f}",
            )
        )
    ]
    if found.before is None or found.after is None:
        lines.append(folded(_("These are too few to learn from; the records alone say what fields count.")))
    else:
        rows = [
            [_("log loss"), f"{found.before.log_loss:.3f}", f"{found.after.log_loss:.3f}"],
            [_("calibration error"), f"{found.before.calibration_error:.3f}", f"{found.after.calibration_error:.3f}"],
        ]
        lines += ["", table([_("on decisions held out"), _("without them"), _("with them")], rows, right=(1, 2)), ""]
        if found.is_kept:
            lines.append(_("The decisions are used. What each field counts now:"))
            counted = [
                [words.compared(each.name, subject.fields), f"x {factor:.2f}"]
                for each, factor in zip(lesson.model.comparisons, lesson.model.factors, strict=True)
            ]
            rows = [*counted, [_("all pairs"), f"{lesson.model.offset:+.2f}"]]
            lines.append(table([_("Field"), _("bits")], rows, right=(1,)))
        else:
            lines.append(folded(_("They are not used: the model is not better with them.")))
    lines += _threshold_lines(lesson)
    lines += ["", *_changes(lesson)]
    return "\n".join(lines)


def _threshold_lines(lesson: Lesson) -> list[str]:
    from cockpit.cli.output import folded

    found = lesson.threshold
    if found is None:
        return []
    if not found.pair_count:
        return ["", folded(_("No weight reaches the stated precision; only people would join records."))]
    by = (
        _("at least, as the decisions prove")
        if found.found_by == "answers"
        else _("by the model's own probabilities, as there are too few decisions to prove it")
    )
    text = _(
        "Joined from {bits} bits on: precision {precision} ({by}).",
        bits=f"{found.weight:+.1f}",
        precision=f"{found.precision:.2%}",
        by=by,
    )
    return ["", folded(text)]


def _changes(lesson: Lesson) -> list[str]:
    from cockpit.cli.output import table

    before, after = lesson.before, lesson.after
    names = (_("golden records"), _("pairs joined"), _("pairs for a person"))
    old, new = (
        [f"{count:,}" for count in (each.golden_records, each.joined, each.review)] if each else ["-"] * 3
        for each in (before, after)
    )
    rows = [list(row) for row in zip(names, old, new, strict=True)]
    lines = [table(["", _("in force"), _("new version")], rows, right=(1, 2))]
    outcomes = {"merge": _("joined"), "review": _("for a person"), "no": _("apart")}
    if lesson.moved:
        moved = [
            [outcomes[each.before], outcomes[each.after], f"{each.count:,}", f"{left} - {right}"]
            for each in lesson.moved
            for left, right in each.examples[:1]
        ]
        lines += ["", table([_("Pairs were"), _("become"), _("pairs"), _("such as")], moved, right=(2,))]
    elif before:
        lines.append(_("No pair would have another outcome."))
    return lines


def _content(lesson: Lesson) -> dict[str, Any]:
    found = lesson.supervised
    return {
        "version": lesson.model.version,
        "version_in_force_before": lesson.current,
        "records": lesson.record_count,
        "decisions": lesson.decision_count,
        "decisions_used": lesson.used_count,
        "is_corrected": found.is_kept,
        "factors": dict(zip(lesson.model.names, lesson.model.factors, strict=False)),
        "offset": lesson.model.offset,
        "held_out": {
            name: fit and {"log_loss": fit.log_loss, "calibration_error": fit.calibration_error}
            for name, fit in (("before", found.before), ("after", found.after))
        },
        "threshold": lesson.threshold
        and {
            "weight": lesson.threshold.weight,
            "precision": lesson.threshold.precision,
            "pairs": lesson.threshold.pair_count,
            "found_by": lesson.threshold.found_by,
        },
        "before": lesson.before and vars(lesson.before),
        "after": vars(lesson.after),
        "moved": [
            {"before": each.before, "after": each.after, "count": each.count, "examples": each.examples}
            for each in lesson.moved
        ],
    }


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.5 < share < 1:
        raise argparse.ArgumentTypeError(_("{text} is no share between 0.5 and 1, such as 0.995", text=text))
    return share
