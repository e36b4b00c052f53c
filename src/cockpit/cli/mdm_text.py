"""What `cockpit mdm` prints: 80 columns for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cockpit.cli.output import folded, inert, table
from cockpit.domain.masking import mask
from cockpit.i18n import _
from cockpit.mdm import words
from cockpit.mdm.reasons import Comparison, Reasons
from cockpit.mdm.record_view import read_records

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PgConnection

    from cockpit.cli.mdm import Subject
    from cockpit.mdm.decisions import Listed
    from cockpit.mdm.explain import ComparedPair, Explanation
    from cockpit.mdm.golden_view import GoldenView
    from cockpit.mdm.review_queue import Question
    from cockpit.mdm.settle import Conflict

COLUMNS = 80
# Bits; what is less is not seen in figures with one decimal.
_ROUNDING = 0.05


@dataclass(frozen=True)
class Shown:
    """The same in two forms."""

    text: str
    content: Mapping[str, Any] | Sequence[Any]

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(self.content, ensure_ascii=False, indent=2, default=_plain)


def explanation(subject: Subject, found: Explanation) -> Shown:
    """Why two are together or apart."""
    zone = subject.workspace.zone
    left, right = found.left, found.right
    lines = [
        _("Together: both are {golden}.", golden=left.golden_id)
        if found.is_together
        else _("Apart: {left} and {right} are two.", left=left.golden_id, right=right.golden_id)
    ]
    lines += [f"  {_decision_line(listed, zone)}" for listed in found.decisions]
    if found.path:
        lines += ["", _("They were not joined directly; these lead from one to the other:")]
        for step in found.path:
            lines += ["", *_pair_lines(subject, step)]
    elif found.pair:
        lines += ["", *_pair_lines(subject, found.pair, is_kept=found.is_kept)]
        if found.pair_count > 1:
            lines.append(_("The likeliest of {count} compared pairs of their records.", count=found.pair_count))
    else:
        lines += [
            "",
            folded(
                _(
                    "Nothing has been learnt yet to compare them by: './cockpit run {name}'.",
                    name=subject.workspace.name,
                ),
                columns=COLUMNS,
            ),
        ]
    content = {
        "entity": subject.name,
        "left": {"golden_id": left.golden_id, "records": left.records},
        "right": {"golden_id": right.golden_id, "records": right.records},
        "is_together": found.is_together,
        "pair": _pair_content(subject, found.pair) if found.pair else None,
        "is_kept": found.is_kept,
        "pair_count": found.pair_count,
        "path": [_pair_content(subject, step) for step in found.path],
        "decisions": [_decision_content(listed) for listed in found.decisions],
    }
    return Shown("\n".join(lines), content)


def golden(subject: Subject, view: GoldenView, decisions: Sequence[Listed]) -> Shown:
    """A golden record."""
    zone = subject.workspace.zone
    lines = [view.golden_id]
    if view.via:
        lines.append(_("{ids} was merged into it.", ids=", ".join(view.via)))
    if view.earlier:
        lines.append(_("Ids that lead here: {ids}", ids=", ".join(view.earlier)))
    if not view.is_built:
        lines.append(_("Its values appear when core is built: './cockpit run {name}'.", name=subject.workspace.name))
    criteria = words.criteria()
    rows = []
    for value in view.values:
        hide = _mask_of(subject, subject.rule.fields[value.field].column)
        origin = value.record_id or ""
        why = criteria.get(value.reason or "", value.reason or "")
        rows.append([words.label(value.field, subject.golden), hide(_text(value.value)) or "-", origin, why])
    lines += ["", table([_("Field"), _("value"), _("from"), _("because")], rows)]
    title = subject.review.title
    members = [
        [each.record_id, _mask_of(subject, title)(_text(each.row.get(title))) or "-", _day(each.since, zone)]
        for each in view.members
    ]
    lines += ["", table([_("Record"), _("called"), _("since")], members)]
    happenings = words.events()
    events = [
        [_day(each.as_of, zone), each.golden_id, happenings[each.kind], each.other_id or ", ".join(each.record_ids)]
        for each in view.events
    ]
    lines += ["", table([_("Day"), "ID", _("what happened"), _("with")], events)]
    if decisions:
        lines += ["", _("Decisions"), *(f"  {_decision_line(listed, zone)}" for listed in decisions)]
    content = {
        "entity": subject.name,
        "golden_id": view.golden_id,
        "via": view.via,
        "earlier_ids": view.earlier,
        "is_built": view.is_built,
        "values": [
            {
                "field": each.field,
                "value": _mask_of(subject, subject.rule.fields[each.field].column)(_text(each.value)),
                "record_id": each.record_id,
                "reason": each.reason,
                "pinned_by": each.pinned[1] if each.pinned else None,
            }
            for each in view.values
        ],
        "records": [
            {
                "record_id": each.record_id,
                "since": each.since,
                "values": {
                    name: _mask_of(subject, name)(text)
                    for name, value in each.row.items()
                    if (text := _text(value)) is not None
                },
            }
            for each in view.members
        ],
        "events": [
            {
                "kind": each.kind,
                "golden_id": each.golden_id,
                "other_id": each.other_id,
                "record_ids": each.record_ids,
                "run_id": each.run_id,
                "as_of": each.as_of,
            }
            for each in view.events
        ],
        "decisions": [_decision_content(listed) for listed in decisions],
    }
    return Shown("\n".join(lines), content)


def questions(subject: Subject, connection: PgConnection, found: Sequence[Question], *, is_vetoed: bool) -> Shown:
    """Pairs that wait for a decision, or that a rule keeps apart."""
    records = [record for each in found for record in (each.left_record, each.right_record)]
    with connection.cursor() as cursor:
        rows = read_records(cursor, subject.staged, records)
    title = subject.review.title
    hide = _mask_of(subject, title)

    def called(record: str) -> str | None:
        return hide(_text(rows.get(record, {}).get(title)))

    rows_shown = []
    for each in found:
        stake = "" if each.stake is None else f"{each.stake:,.0f}"
        veto = each.reasons.veto
        second = [words.veto(veto, subject.fields)] if veto else []
        for number, record in enumerate((each.left_record, each.right_record)):
            head = ["", "", ""] if number else [str(each.place), f"{each.score:.1%}", stake]
            rows_shown.append([*head, record, " · ".join([called(record) or "-", *(second if number else [])])])
    currency = subject.workspace.settings.currency
    header = [_("No."), _("likely"), f"{_('at stake')} {currency}", _("Record"), _("called")]
    lines = [table(header, rows_shown, right=(0, 1, 2))] if found else []
    total = found[0].total if found else 0
    lines.append(
        _("Kept apart by a rule: {count}", count=total)
        if is_vetoed
        else _("Waiting for a decision: {count}", count=total)
    )
    if found:
        first = found[0]
        lines.append(_("Why: './cockpit mdm explain {left} {right}'", left=first.left_record, right=first.right_record))
    content = {
        "entity": subject.name,
        "total": total,
        "pairs": [
            {
                "place": each.place,
                "left": {
                    "record_id": each.left_record,
                    "golden_id": each.left_golden,
                    "title": called(each.left_record),
                },
                "right": {
                    "record_id": each.right_record,
                    "golden_id": each.right_golden,
                    "title": called(each.right_record),
                },
                "score": each.score,
                "stake": each.stake,
                "veto": each.reasons.veto,
                "pair_count": each.pair_count,
            }
            for each in found
        ],
    }
    return Shown("\n".join(lines), content)


def contradictions(conflicts: Iterable[Conflict], made: Iterable[Listed]) -> Shown:
    """Decisions that contradict each other."""
    listed = {each.decision.decision_id: each for each in made}
    lines, content = [], []
    for conflict in conflicts:
        about = f"{conflict.field}: {conflict.records[0]}" if conflict.field else " - ".join(conflict.records)
        lines.append(about)
        lines += [f"  {_decision_line(listed[number], None)}" for number in conflict.decision_ids]
        content.append(
            {
                "kind": conflict.kind,
                "records": conflict.records,
                "field": conflict.field,
                "decisions": [_decision_content(listed[number]) for number in conflict.decision_ids],
            }
        )
    lines.append(
        folded(_("None of these counts until one is taken back: './cockpit mdm undo DECISION --reason ...'."))
        if content
        else _("No decisions contradict each other.")
    )
    return Shown("\n".join(lines), content)


def _pair_lines(subject: Subject, pair: ComparedPair, *, is_kept: bool = True) -> list[str]:
    outcomes = {"merge": _("one"), "review": _("for a person to decide"), "no": _("two")}
    head = [
        f"{pair.left_record}  -  {pair.right_record}",
        _("The matcher says: {outcome} ({score})", outcome=outcomes[pair.outcome], score=f"{pair.score:.2%}"),
    ]
    if not is_kept:
        head.append(_("Compared just now: the newest run found nothing that speaks for them."))
    if pair.reasons.veto:
        head.append(f"{_('kept apart')}: {words.veto(pair.reasons.veto, subject.fields)}")
    rows = [
        [
            words.compared(each.name, subject.fields),
            _bits(each),
            f"{words.level(each.level)}: {_values(subject, each)}",
        ]
        for each in pair.reasons.comparisons
    ]
    if abs(pair.reasons.rest) > _ROUNDING:
        rows.append([_("all else"), f"{pair.reasons.rest:+.1f}", _("how rarely two are one, several fields at once")])
    if pair.reasons.total is not None:
        rows.append([_("all together"), f"{pair.reasons.total:+.1f}", _("bits; each one doubles the odds")])
    folded_head = [folded(text, columns=COLUMNS) for text in head]
    return [*folded_head, table([_("Field"), _("bits"), _("how they agree")], rows, right=(1,))]


def _values(subject: Subject, each: Comparison) -> str:
    hide = _mask_compared(subject, each.name)
    left, right = (inert(hide(side) or "-").replace("\n", " ") for side in (each.left, each.right))
    return left if left == right else f"{left} / {right}"


def _bits(each: Comparison) -> str:
    return "" if each.level is None else f"{each.weight:+.1f}"


def _pair_content(subject: Subject, pair: ComparedPair) -> Mapping[str, Any]:
    reasons: Reasons = pair.reasons
    return {
        "left_record": pair.left_record,
        "right_record": pair.right_record,
        "score": pair.score,
        "outcome": pair.outcome,
        "total": reasons.total,
        "veto": reasons.veto,
        "comparisons": [
            {
                "name": each.name,
                "left": _mask_compared(subject, each.name)(each.left),
                "right": _mask_compared(subject, each.name)(each.right),
                "level": each.level,
                "weight": each.weight,
            }
            for each in reasons.comparisons
        ],
    }


def _decision_line(listed: Listed, zone: Any) -> str:
    made = listed.decision
    what = words.kinds()[made.kind]
    if made.field:
        what = f"{what} ({made.field} = {made.value or '-'})"
    elif made.kind == "parent":
        what = f"{what} ({words.relation(made.value)})"
    between = " - ".join(filter(None, (made.left_id, made.right_id)))
    day = _day(made.made_at, zone)
    state = words.states()[listed.state]
    if listed.state in ("in_force", "undone") and listed.applied_at is None:
        state = f"{state}, {_('waits for a run')}"
    line = f"{made.decision_id} {what}: {between} · {made.author} {day} · {state} · “{made.reason}”"
    return "\n    ".join(folded(inert(line).replace("\n", " "), columns=COLUMNS - 4).splitlines())


def _decision_content(listed: Listed) -> Mapping[str, Any]:
    made = listed.decision
    return {
        "decision_id": made.decision_id,
        "kind": made.kind,
        "state": listed.state,
        "left_id": made.left_id,
        "right_id": made.right_id,
        "left_records": made.left_records,
        "right_records": made.right_records,
        "field": made.field,
        "value": made.value,
        "reason": made.reason,
        "author": made.author,
        "through": made.through,
        "made_at": made.made_at,
    }


def _mask_of(subject: Subject, column: str) -> Callable[[str | None], str | None]:
    return mask if not subject.sees_all and column in subject.fields.personal else _same


def _mask_compared(subject: Subject, name: str) -> Callable[[str | None], str | None]:
    return mask if not subject.sees_all and subject.fields.is_personal(name) else _same


def _same(text: str | None) -> str | None:
    return text


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else str(value)


def _day(moment: datetime, zone: Any) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value)
