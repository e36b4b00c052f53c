"""The group around a golden record as its page shows it, and who may be put above it."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import connection as PgConnection

from cockpit.mdm import words
from cockpit.mdm.golden_view import search
from cockpit.mdm.group_view import Related, has_groups, look_around
from cockpit.quality.shown import visible
from cockpit_airflow.views.matching.subject import Subject

# Deeper steps are not moved further to the right.
_DEEPEST_SHOWN = 6


def read_group(connection: PgConnection, subject: Subject, golden_id: str, searched: str) -> dict[str, Any] | None:
    """What the page shows of the group.

    Args:
        connection: To the workspace's database; the caller ends the transaction.
        golden_id: A living id.
        searched: Part of a name, or an id, of a customer that may be put above this one; empty for none.

    Returns:
        None where golden records of the entity have no groups.
    """
    if not has_groups(connection, subject.name):
        return None
    view = look_around(connection, subject.rule, subject.review, golden_id)
    above = len(view.above)
    # A step up says what the lower one is: each line of the tree takes that of the step above it.
    ups = [_line(subject, each, above - each.depth) for each in view.above]
    tops = [{**each, "why": ups[place + 1] if place + 1 < above else None} for place, each in enumerate(ups)]
    return {
        # The top first.
        "above": tops[::-1],
        "depth": min(above, _DEEPEST_SHOWN),
        "parent": ups[0] if ups else None,
        "below": [_line(subject, each, above + each.depth) for each in view.below],
        "more_below": view.below_count - len(view.below),
        "size": view.size,
        "found": [_line(subject, each, 0) for each in view.found],
        "relations": words.relations(),
        "searched": searched.strip(),
        "candidates": _candidates(connection, subject, golden_id, searched.strip()),
    }


def _line(subject: Subject, each: Related, depth: int) -> dict[str, Any]:
    return {
        "id": each.golden_id,
        "title": _title(subject, each.title),
        "depth": min(depth, _DEEPEST_SHOWN),
        "relation": words.relation(each.relation),
        "found_by": words.found_by(each.found_by),
        "record": visible(each.record_id, 60) if each.record_id else None,
        "source": subject.source_title(each.record_id) if each.record_id else None,
        "decision": each.decision_id,
        "author": each.author,
        "reason": visible(each.reason, 300) if each.reason else None,
    }


def _candidates(connection: PgConnection, subject: Subject, golden_id: str, searched: str) -> list[dict[str, Any]]:
    if not searched:
        return []
    found = search(connection, subject.rule, subject.review, searched)
    return [
        {"id": each.golden_id, "title": _title(subject, each.title), "records": each.records}
        for each in found
        if each.golden_id != golden_id
    ]


def _title(subject: Subject, title: str | None) -> str:
    return subject.shown(subject.rule.fields[subject.review.golden_title].column, title, 120) or "–"
