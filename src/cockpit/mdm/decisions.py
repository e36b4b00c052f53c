"""What stewards decide about golden records: written once, with author and reason, and obeyed by every later run.

A decision names golden ids or record ids; what is kept are the records behind them, because ids come and go. It counts
from the next build of the entity's cross reference on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.mdm.applied import applied_at
from cockpit.mdm.ids import Found, find
from cockpit.mdm.parents import RELATIONS, settle_parents
from cockpit.mdm.settle import Conflict, Decision, InForce, Kind, State, settle, settle_pins
from cockpit.rulebook.survivorship import Survivorship
from cockpit.warehouse.faults import database_errors
from cockpit.warehouse.rows import one_row

Through: TypeAlias = Literal["desk", "cli"]

# Where runs hear of new decisions, once they are committed.
CHANNEL, HEARD = "cockpit_raw", "mdm_decisions"
LONGEST_REASON = 1_000
LONGEST_VALUE = 2_000

WHERE = "mdm.decision"
_COLUMNS = (
    "decision_id, entity, kind, left_id, right_id, left_records, right_records, field, value, undoes, reason, author,"
    " made_through as through, made_at, made_with"
)


@dataclass(frozen=True)
class Author:
    """Who decides, and by which way."""

    name: str
    through: Through


@dataclass(frozen=True)
class Decided:
    """A decision that was written.

    Attributes:
        conflicts: Those that it is part of; none of the decisions named there counts until one is taken back.
    """

    decision_id: int
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A decision and whether it counts.

    Attributes:
        applied_at: When the first run that obeyed it ended, for one that was taken back the first that knew of that;
            None while it waits for a run.
        together: How many of the decisions that were made at once with it still stand; 0 for one made by itself.
    """

    decision: Decision
    state: State
    applied_at: datetime | None = None
    together: int = 0


def merge(connection: PgConnection, entity: str, left_id: str, right_id: str, author: Author, reason: str) -> Decided:
    """Say that two golden records, or two records, are one.

    Args:
        connection: To the workspace's database, not in a transaction.
        entity: Such as customer.
        left_id, right_id: Golden ids, also those that were merged away, or record ids as `source:key`.
        author: Who says so.
        reason: In their words; kept.

    Raises:
        TerminalError: an id is unknown, both are the same, or there is no reason.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        decision_id = _merge(cursor, entity, left_id, right_id, author, reason)
        return Decided(decision_id, _conflicts_of(cursor, entity, decision_id))


def merge_pairs(
    connection: PgConnection, entity: str, pairs: Sequence[tuple[str, str]], author: Author, reason: str
) -> list[int]:
    """Say of several pairs that each is one; all of them or, after an error, none.

    Returns:
        The numbers of the decisions, in the order of the pairs; `undo_together` takes all of them back.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        made: list[int] = []
        for left, right in pairs:
            made.append(_merge(cursor, entity, left, right, author, reason, made_with=made[0] if made else None))
        return made


def keep_apart(
    connection: PgConnection, entity: str, left_id: str, right_id: str, author: Author, reason: str
) -> Decided:
    """Say that no record of the one is ever the same as one of the other; arguments and errors as for `merge`."""
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        left, right = find(cursor, entity, left_id), find(cursor, entity, right_id)
        # One record against the golden record that it is in: against the others there.
        others = tuple(record for record in right.records if record not in left.records)
        rest = left.records if others else tuple(record for record in left.records if record not in right.records)
        if not rest or not (others or right.records) or left.records == right.records:
            raise TerminalError(
                _("both ids are the same golden record"),
                where=entity,
                found=f"{left_id}, {right_id}",
                fix=_("Take records out of it with 'split'."),
            )
        decision_id = _write(
            cursor, entity, "not_same", author, reason, **_sides(left_id, rest, right_id, others or right.records)
        )
        return Decided(decision_id, _conflicts_of(cursor, entity, decision_id))


def split(
    connection: PgConnection, entity: str, golden_id: str, record_ids: Sequence[str], author: Author, reason: str
) -> Decided:
    """Take records out of a golden record: they stay together, apart from what is in it now besides them.

    Args:
        golden_id: Golden id, or any record of it.
        record_ids: Some of its records, not all.

    Raises:
        TerminalError: as for `merge`, or a record is not part of it.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        golden = _golden(cursor, entity, golden_id)
        leaving = tuple(dict.fromkeys(record.strip() for record in record_ids))
        strangers = sorted(set(leaving) - set(golden.records))
        staying = tuple(record for record in golden.records if record not in leaving)
        if strangers or not leaving or not staying:
            message = _("these records are not part of it") if strangers else _("some of its records leave, not all")
            raise TerminalError(
                message,
                where=golden.golden_id,
                found=", ".join(strangers or leaving) or None,
                allowed=", ".join(golden.records),
            )
        decision_id = _write(cursor, entity, "split", author, reason, **_sides(golden_id, leaving, None, staying))
        return Decided(decision_id, _conflicts_of(cursor, entity, decision_id))


def pin(
    connection: PgConnection,
    rule: Survivorship,
    golden_id: str,
    field: str,
    value: str | None,
    author: Author,
    reason: str,
) -> Decided:
    """Decide on the value of a field of a golden record, whatever its records say.

    It follows the founding record, as the golden record does in most cases.

    Args:
        rule: Of the entity: which fields there are.
        golden_id: Golden id, or any record of it.
        field: Column of the golden record.
        value: As text; None or empty means that it has none.

    Raises:
        TerminalError: as for `merge`, the field is unknown, or the value does not fit it.
    """
    if field not in rule.fields:
        raise TerminalError(
            _("the golden record has no such field"), where=rule.entity, found=field, allowed=", ".join(rule.fields)
        )
    text = (value or "").replace("\x00", "").strip() or None
    if text and len(text) > LONGEST_VALUE:
        raise TerminalError(
            _("the value is too long"), where=field, allowed=_("{count} characters", count=LONGEST_VALUE)
        )
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        golden = _golden(cursor, rule.entity, golden_id)
        _require_fit(cursor, rule, field, text)
        decision_id = _write(
            cursor,
            rule.entity,
            "pin",
            author,
            reason,
            field=field,
            value=text,
            left_id=golden_id,
            left_records=list(golden.records),
        )
        return Decided(decision_id, _conflicts_of(cursor, rule.entity, decision_id))


def set_parent(
    connection: PgConnection,
    child_id: str,
    parent_id: str,
    author: Author,
    reason: str,
    *,
    relation: str = "subsidiary",
) -> Decided:
    """Say which golden customer is above another, whatever sources and names say.

    Args:
        child_id, parent_id: Golden ids, also those that were merged away, or record ids.
        relation: What the child is, one of RELATIONS.

    Raises:
        TerminalError: as for `merge`, the relation is unknown, or the customer would be above itself.
    """
    if relation not in RELATIONS:
        raise TerminalError(
            _("there is no such relation between customers"), found=relation, allowed=", ".join(RELATIONS)
        )
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        child, parent = _golden(cursor, "customer", child_id), _golden(cursor, "customer", parent_id)
        if child.golden_id == parent.golden_id:
            raise TerminalError(
                _("a customer cannot be above itself"),
                where="customer",
                found=f"{child_id}, {parent_id}",
                allowed=_("two golden customers"),
            )
        sides = _sides(child_id, child.records, parent_id, parent.records)
        decision_id = _write(cursor, "customer", "parent", author, reason, value=relation, **sides)
        _require_no_circle(cursor, child.golden_id)
        return Decided(decision_id, _conflicts_of(cursor, "customer", decision_id))


def set_no_parent(
    connection: PgConnection, child_id: str, parent_id: str | None, author: Author, reason: str
) -> Decided:
    """Say that a golden customer is not below this other one, or, when that is None, below none at all."""
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        child = _golden(cursor, "customer", child_id)
        parent = _golden(cursor, "customer", parent_id).records if parent_id else ()
        sides = _sides(child_id, child.records, parent_id, parent)
        decision_id = _write(cursor, "customer", "no_parent", author, reason, **sides)
        return Decided(decision_id, _conflicts_of(cursor, "customer", decision_id))


def undo(connection: PgConnection, decision_id: int, author: Author, reason: str) -> int:
    """Take a decision back; what it said counts no more from the next run on.

    Returns:
        Number of the new event.

    Raises:
        TerminalError: there is no such decision, it was taken back before, or it takes back another one itself.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        cursor.execute(
            "select entity, kind, left_id, right_id from mdm.decision where decision_id = %s", (decision_id,)
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(_("there is no such decision"), where=WHERE, found=decision_id)
        entity, kind, left_id, right_id = found
        if kind == "undo":
            raise TerminalError(
                _("this event takes a decision back; that cannot be undone"),
                where=WHERE,
                found=decision_id,
                fix=_("Decide again."),
            )
        _lock(cursor)
        cursor.execute("select decision_id from mdm.decision where undoes = %s", (decision_id,))
        if cursor.fetchone() is not None:
            raise TerminalError(_("this decision has been taken back before"), where=WHERE, found=decision_id)
        return _write(cursor, entity, "undo", author, reason, undoes=decision_id, left_id=left_id, right_id=right_id)


def undo_together(connection: PgConnection, decision_id: int, author: Author, reason: str) -> list[int]:
    """Take back all decisions that were made at once with this one, those aside that were taken back before.

    Returns:
        Numbers of the new events, none when nothing was left to take back.

    Raises:
        TerminalError: there is no such decision, or no reason.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        cursor.execute(
            "select entity, coalesce(made_with, decision_id) from mdm.decision"
            " where decision_id = %s and kind <> 'undo'",
            (decision_id,),
        )
        found = cursor.fetchone()
        if found is None:
            raise TerminalError(_("there is no such decision"), where=WHERE, found=decision_id)
        entity, first = found
        _lock(cursor)
        cursor.execute(
            "select decision_id, left_id, right_id from mdm.decision as made"
            " where %s in (decision_id, made_with)"
            " and not exists (select from mdm.decision as later where later.undoes = made.decision_id)"
            " order by decision_id",
            (first,),
        )
        return [
            _write(cursor, entity, "undo", author, reason, undoes=number, left_id=left, right_id=right)
            for number, left, right in cursor.fetchall()
        ]


def in_force(connection: PgConnection, entity: str) -> InForce:
    """What counts among the records that there were at the last run."""
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        return settled_now(cursor, entity)


def conflicts(connection: PgConnection, entity: str) -> tuple[Conflict, ...]:
    """All decisions that contradict each other, so that none of them counts."""
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        return _all_conflicts(cursor, entity)


def decisions_about(
    connection: PgConnection, entity: str, about: str | None = None, *, limit: int = 200
) -> list[Listed]:
    """Decisions, the newest first.

    Args:
        about: A golden id or a record id: those that concern its records or were made under that name; all when None.
        limit: At most so many.

    Raises:
        TerminalError: the id is unknown.
    """
    with database_errors(WHERE), connection, connection.cursor() as cursor:
        condition, values = "true", dict[str, Any]()
        if about is not None:
            found = find(cursor, entity, about)
            names = [about.strip(), found.golden_id, *found.via]
            condition = (
                "(left_records && %(records)s or right_records && %(records)s"
                " or left_id = any(%(names)s) or right_id = any(%(names)s))"
            )
            values = {"records": list(found.records), "names": names}
        chosen = _read(
            cursor, entity, f"{condition} and kind <> 'undo' order by decision_id desc limit {limit:d}", values
        )
        states = _states(cursor, entity)
        runs = applied_at(cursor, entity, [decision.decision_id for decision in chosen])
        together = _standing_together(cursor, chosen)
        return [
            Listed(
                decision,
                states[decision.decision_id],
                runs.get(decision.decision_id),
                together.get(decision.made_with or decision.decision_id, 0),
            )
            for decision in chosen
        ]


def read_decisions(cursor: PgCursor, entity: str) -> list[Decision]:
    """All decisions about an entity in the order in which they were made."""
    return _read(cursor, entity, "true order by decision_id", {})


def read_reused(cursor: PgCursor, entity: str) -> dict[str, Any]:
    """When the key of a record was last found to stand for somebody else, by record id."""
    cursor.execute(
        "select record_id, max(recorded_at) from mdm.id_event where entity = %s and kind = 'reuse' group by record_id",
        (entity,),
    )
    return dict(cursor.fetchall())


def settled_now(cursor: PgCursor, entity: str, decisions: Sequence[Decision] | None = None) -> InForce:
    """What counts among the records that there were at the last run.

    Args:
        decisions: Those that there would be; those that there are when None.
    """
    if decisions is None:
        decisions = read_decisions(cursor, entity)
    named = sorted({record for each in decisions for record in (*each.left_records, *each.right_records)})
    cursor.execute("select record_id from mdm.membership where entity = %s and record_id = any(%s)", (entity, named))
    return settle(decisions, {record for (record,) in cursor.fetchall()}, read_reused(cursor, entity))


def _merge(
    cursor: PgCursor,
    entity: str,
    left_id: str,
    right_id: str,
    author: Author,
    reason: str,
    made_with: int | None = None,
) -> int:
    left, right = find(cursor, entity, left_id), find(cursor, entity, right_id)
    if left.records[0] == right.records[0]:
        raise TerminalError(
            _("both ids are the same golden record"),
            where=entity,
            found=f"{left_id}, {right_id}",
            fix=_("They are one already."),
        )
    sides = _sides(left_id, left.records, right_id, right.records)
    return _write(cursor, entity, "merge", author, reason, made_with=made_with, **sides)


def _golden(cursor: PgCursor, entity: str, named: str) -> Found:
    """The whole golden record, also where one of its records was named."""
    found = find(cursor, entity, named)
    return find(cursor, entity, found.golden_id)


def _sides(left_id: str, left: Sequence[str], right_id: str | None, right: Sequence[str]) -> dict[str, Any]:
    return {
        "left_id": left_id.strip(),
        "left_records": list(left),
        "right_id": right_id.strip() if right_id else None,
        "right_records": list(right),
    }


def _write(cursor: PgCursor, entity: str, kind: Kind, author: Author, reason: str, **more: Any) -> int:
    _lock(cursor)
    values = {
        "entity": entity,
        "kind": kind,
        "reason": _checked_reason(reason),
        "author": author.name,
        "made_through": author.through,
        **more,
    }
    places = ", ".join(f"%({name})s" for name in values)
    cursor.execute(f"insert into mdm.decision ({', '.join(values)}) values ({places}) returning decision_id", values)
    decision_id = int(one_row(cursor)[0])
    # Heard when the transaction is committed, by those who start a run.
    cursor.execute(f"notify {CHANNEL}, '{HEARD}'")
    return decision_id


def _lock(cursor: PgCursor) -> None:
    """Decisions are written one after the other: each knows those before it, and a run that has read as many has read
    the first so many.
    """
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (WHERE,))


def _checked_reason(reason: str) -> str:
    text = reason.replace("\x00", "").strip()
    if not text or len(text) > LONGEST_REASON:
        raise TerminalError(
            _("a reason is needed"), allowed=_("1 to {count} characters", count=LONGEST_REASON), where="reason"
        )
    return text


def _require_fit(cursor: PgCursor, rule: Survivorship, field: str, text: str | None) -> None:
    """Refuse a value that the column could not hold, before a build stumbles over it."""
    cursor.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass(%s) and attname = %s",
        (f"core.{rule.table}", field),
    )
    found = cursor.fetchone()
    if found is None:
        return
    cursor.execute("select pg_input_is_valid(%s, %s)", (text, found[0]))
    if text is not None and not one_row(cursor)[0]:
        raise TerminalError(_("the value does not fit the field"), where=field, found=text, allowed=found[0])


def _read(cursor: PgCursor, entity: str, condition: str, values: Mapping[str, Any]) -> list[Decision]:
    cursor.execute(
        f"select {_COLUMNS} from mdm.decision where entity = %(entity)s and {condition}", {"entity": entity, **values}
    )
    names = [column.name for column in cursor.description or ()]
    return [_decision(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _decision(row: dict[str, Any]) -> Decision:
    sides: dict[str, Any] = {name: tuple(row.pop(name)) for name in ("left_records", "right_records")}
    return Decision(**row, **sides)


def _all_conflicts(cursor: PgCursor, entity: str) -> tuple[Conflict, ...]:
    settled = settled_now(cursor, entity)
    return _conflicts_in(settled, _golden_of(cursor, entity, settled))


def _conflicts_in(settled: InForce, golden_of: Mapping[str, str]) -> tuple[Conflict, ...]:
    return (
        *settled.conflicts,
        *settle_pins(settled.pins, golden_of.get)[1],
        *settle_parents(settled.parents, golden_of.get).conflicts,
    )


def _states(cursor: PgCursor, entity: str) -> dict[int, State]:
    settled = settled_now(cursor, entity)
    states = dict(settled.states)
    golden_of = _golden_of(cursor, entity, settled)
    newest: dict[tuple[str | None, str, str], int] = {}
    for pin in sorted(settled.pins, key=lambda pin: pin.decision_id):
        place = (golden_of.get(pin.record_id), pin.field, pin.author)
        if place in newest:
            states[newest[place]] = "superseded"
        newest[place] = pin.decision_id
    states.update(dict.fromkeys(settle_parents(settled.parents, golden_of.get).superseded, "superseded"))
    for conflict in _conflicts_in(settled, golden_of):
        states.update(dict.fromkeys(conflict.decision_ids, "conflict"))
    return states


def _standing_together(cursor: PgCursor, decisions: Sequence[Decision]) -> dict[int, int]:
    """How many of the decisions made at once still stand, by the number of the first."""
    cursor.execute(
        "select coalesce(made.made_with, made.decision_id) as first,"
        " count(*) filter (where not exists (select from mdm.decision as later where later.undoes = made.decision_id))"
        " from mdm.decision as made where coalesce(made.made_with, made.decision_id) = any(%s)"
        " group by 1 having count(*) > 1",
        ([each.made_with or each.decision_id for each in decisions],),
    )
    return dict(cursor.fetchall())


def _golden_of(cursor: PgCursor, entity: str, settled: InForce) -> dict[str, str]:
    """The golden ids of the records that decisions about golden records name."""
    records = [pin.record_id for pin in settled.pins]
    records += [each for parent in settled.parents for each in (parent.child_record, parent.parent_record) if each]
    cursor.execute(
        "select record_id, golden_id from mdm.membership where entity = %s and record_id = any(%s)", (entity, records)
    )
    return dict(cursor.fetchall())


def _require_no_circle(cursor: PgCursor, child: str) -> None:
    """Refuse a decision after which stewards say that a customer is above itself."""
    settled = settled_now(cursor, "customer")
    above = settle_parents(settled.parents, _golden_of(cursor, "customer", settled).get).above
    path = [child]
    numbers: list[str] = []
    while (step := above.get(path[-1])) is not None:
        path.append(step.parent)
        numbers.append(str(step.decision_id))
        if step.parent == child:
            raise TerminalError(
                _("the customer would be above itself"),
                where="customer",
                found=" → ".join(path),
                fix=_("Take back the decision that is wrong: {numbers}.", numbers=", ".join(numbers[1:])),
            )


def _conflicts_of(cursor: PgCursor, entity: str, decision_id: int) -> tuple[Conflict, ...]:
    return tuple(each for each in _all_conflicts(cursor, entity) if decision_id in each.decision_ids)
