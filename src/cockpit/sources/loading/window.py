"""Choose which rows of an entity a run reads: what is new, everything, or an interval of the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import CursorEntity
from cockpit.sources.loading import ledger
from cockpit.sources.loading.loader import EntityLoader
from cockpit.sources.loading.reading import BACK_FILL, INCREMENTAL, Window


@dataclass(frozen=True)
class Interval:
    """An interval of an entity's cursor, as typed.

    Attributes:
        since: From this value on; from the beginning when None.
        until: Before this value; without end when None.
    """

    since: str | None = None
    until: str | None = None


def choose_window(
    loader: EntityLoader, entity: CursorEntity, *, full: bool, interval: Interval | None, zone: ZoneInfo
) -> Window:
    """What to read.

    Args:
        loader: Of the entity, outside a transaction; knows the cursor's type.
        full: Everything, although earlier loads have seen it.
        interval: Only these rows; the cursor stays where it is.
        zone: Of times that are typed without an offset.

    Raises:
        TerminalError: an interval of an entity without cursor, or a limit that the cursor's type does not read.
    """
    with loader.connection, loader.connection.cursor() as cursor:
        if interval:
            if entity.cursor is None:
                raise TerminalError(
                    _("the entity has no cursor, so no interval of it can be loaded"),
                    where=loader.where,
                    fix=_("Load it again with --full."),
                )
            start, end = (_typed(cursor, text, loader, zone) for text in (interval.since, interval.until))
            return Window(start=start, end=end, label=BACK_FILL)
        seen = None if full else ledger.last_cursor(cursor, loader.source, loader.entity)
        if seen is None:
            return Window()
        return Window(start=_earlier(cursor, seen, loader, entity.overlap), seen=seen, label=INCREMENTAL)


def _typed(cursor: PgCursor, text: str | None, loader: EntityLoader, zone: ZoneInfo) -> str | None:
    """The limit as the cursor's type writes it."""
    if text is None:
        return None
    wanted = text
    if loader.position_type == "timestamp with time zone":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise _unreadable(text, loader) from error
        wanted = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()
    try:
        cursor.execute(sql.SQL("select cast(cast(%s as {}) as text)").format(sql.SQL(loader.position_type)), (wanted,))
    except psycopg2.DataError as error:
        raise _unreadable(text, loader) from error
    row = cursor.fetchone()
    return str(row[0]) if row else None


def _unreadable(text: str, loader: EntityLoader) -> TerminalError:
    return TerminalError(
        _("the limit of the interval is not readable"),
        where=loader.where,
        found=text,
        allowed="2026-03-05, 2026-03-05T18:00" if "time" in loader.position_type else loader.position_type,
    )


def _earlier(cursor: PgCursor, seen: str, loader: EntityLoader, overlap: timedelta) -> str:
    """The last value less the overlap, which only times have."""
    if not overlap:
        return seen
    kind = sql.SQL(loader.position_type)
    cursor.execute(
        sql.SQL("select cast(cast(cast(%s as {kind}) - %s as {kind}) as text)").format(kind=kind), (seen, overlap)
    )
    row = cursor.fetchone()
    return str(row[0]) if row else seen
