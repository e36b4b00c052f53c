"""Read one page of an API's rows from PostgreSQL, in the order of their last change."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

# Bookmarks of offsets that are kept; one per page that somebody reads at the moment.
_BOOKMARKS = 1024
_SEPARATOR = "|"


@dataclass(frozen=True)
class Place:
    """A row's place in the order; what follows it is the next page."""

    changed_at: datetime
    id: int

    def token(self) -> str:
        """The place as an opaque text for an address."""
        text = f"{self.changed_at.isoformat()}{_SEPARATOR}{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> Place:
        """The place that a token stands for.

        Raises:
            ValueError: it is no token of ours.
        """
        try:
            padded = token + "=" * (-len(token) % 4)
            moment, _sign, number = base64.urlsafe_b64decode(padded).decode().partition(_SEPARATOR)
        except binascii.Error as error:
            raise ValueError("not a token") from error
        return cls(aware(datetime.fromisoformat(moment)), int(number))


def aware(moment: datetime) -> datetime:
    """The moment itself when it has an offset.

    Raises:
        ValueError: it has none.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    return moment


@dataclass(frozen=True)
class Wanted:
    """Which rows a request asks for.

    Attributes:
        since, until: Interval of the last change, its end excluded; open when None.
        limit: Rows of the page.
        after: The page begins after this place; from the first row when None.
        offset: Rows to skip instead of `after`.
    """

    since: datetime | None
    until: datetime | None
    limit: int
    after: Place | None = None
    offset: int = 0


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        records: JSON texts.
        last: Place of its last row; None when it is empty.
        has_more: Whether rows follow.
    """

    records: list[str]
    last: Place | None
    has_more: bool


@dataclass
class Listing:
    """The rows of one view.

    Readers of offsets go from page to page: where a page ended is remembered, so that the next one begins there
    instead of counting from the first row. A deep offset costs as little as the first, and rows that change meanwhile
    push nothing off a page.
    """

    view: str
    _bookmarks: OrderedDict[tuple[datetime | None, datetime | None, int], Place] = field(default_factory=OrderedDict)

    async def read(self, pool: asyncpg.Pool, wanted: Wanted) -> Page:
        """Read a page; one row more is looked at to know whether another follows."""
        after = wanted.after
        if wanted.offset:
            after = self._bookmarks.get((wanted.since, wanted.until, wanted.offset)) or await self._skip(pool, wanted)
            if after is None:
                return Page([], None, has_more=False)
        where, values = _conditions(wanted, after)
        rows = await pool.fetch(
            f"select changed_at, id, cast(record as text) from {self.view} {where} "
            f"order by changed_at, id limit ${len(values) + 1}",
            *values,
            wanted.limit + 1,
        )
        has_more = len(rows) > wanted.limit
        rows = rows[: wanted.limit]
        last = Place(rows[-1][0], rows[-1][1]) if rows else None
        if last is not None and has_more and wanted.after is None:
            self._remember((wanted.since, wanted.until, wanted.offset + len(rows)), last)
        return Page([row[2] for row in rows], last, has_more)

    async def _skip(self, pool: asyncpg.Pool, wanted: Wanted) -> Place | None:
        """The last row that an offset skips, found in the index alone; None when there are not so many rows."""
        where, values = _conditions(wanted, None)
        row = await pool.fetchrow(
            f"select changed_at, id from {self.view} {where} order by changed_at, id offset ${len(values) + 1} limit 1",
            *values,
            wanted.offset - 1,
        )
        return Place(row[0], row[1]) if row else None

    def _remember(self, bookmark: tuple[datetime | None, datetime | None, int], place: Place) -> None:
        self._bookmarks[bookmark] = place
        self._bookmarks.move_to_end(bookmark)
        if len(self._bookmarks) > _BOOKMARKS:
            self._bookmarks.popitem(last=False)


def _conditions(wanted: Wanted, after: Place | None) -> tuple[str, list[object]]:
    """The `where` clause and the values of its parameters."""
    conditions: list[str] = []
    values: list[object] = []
    if wanted.since is not None:
        values.append(wanted.since)
        conditions.append(f"changed_at >= ${len(values)}")
    if wanted.until is not None:
        values.append(wanted.until)
        conditions.append(f"changed_at < ${len(values)}")
    if after is not None:
        values += [after.changed_at, after.id]
        conditions.append(f"(changed_at, id) > (${len(values) - 1}, ${len(values)})")
    return (f"where {' and '.join(conditions)}" if conditions else ""), values
