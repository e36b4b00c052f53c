"""Read the collections of a web API: pages in, portions of rows for COPY out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import IO
from zoneinfo import ZoneInfo

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources.rest import ParamValue, RestEntity, RestSource
from cockpit.sources.loading.copytext import COPY_COLUMNS, CopyText, escape
from cockpit.sources.loading.drift import schema_hash
from cockpit.sources.loading.loader import Portion, Provenance
from cockpit.sources.loading.reading import BACK_FILL, Delivery, Observed, Window
from cockpit.sources.rest.pace import Timing
from cockpit.sources.rest.pages import Pages
from cockpit.sources.rest.positions import POSITION_TYPES, Position, is_before
from cockpit.sources.rest.records import Records
from cockpit.sources.rest.transport import Transport
from cockpit.warehouse.connections import connection_url

# A transaction ends with the page that reaches either: enough rows for COPY to be quick, little enough to hold.
ROWS_PER_PORTION = 20_000
CHARACTERS_PER_PORTION = 16_000_000

_NO_CURSOR_TYPE = "bigint"
_KEY_BYTES_IN_MEMORY = 8_000_000


class RestApi:
    """A web API that was opened for one run; made by `open_source`."""

    def __init__(self, source: RestSource, transport: Transport, timing: Timing) -> None:
        self.name = source.source
        self._source = source
        self._transport = transport
        self._timing = timing

    def reading(self, entity_name: str) -> RestReading:
        """One collection of it; nothing is asked for yet."""
        where = f"{self.name}.{entity_name}"
        entity = self._source.entities[entity_name]
        return RestReading(where, entity, ZoneInfo(self._source.time_zone), self._transport, self._timing)


class RestReading:
    """One collection of a web API.

    Attributes:
        position_type: PostgreSQL type of the cursor; `bigint` where there is none.
        observed: None, because only records tell the columns.
    """

    def __init__(self, where: str, entity: RestEntity, zone: ZoneInfo, transport: Transport, timing: Timing) -> None:
        self._where = where
        self._entity = entity
        self._zone = zone
        self._transport = transport
        self._timing = timing
        self._cursor = Records(entity, zone).cursor
        self.position_type = POSITION_TYPES[self._cursor.kind] if self._cursor else _NO_CURSOR_TYPE
        self.observed: Observed | None = None

    def portions(self, window: Window) -> Iterator[Delivery]:
        """The records of the window.

        They are read before their portion is given, so that no transaction waits for the network. What a sorted API
        gave before it broke off is given too, for the next run to go on behind it.

        Raises:
            TransientError, TerminalError: the API does not answer as it should; see `Pages`.
        """
        walk = _Walk(self._where, self._entity, self._zone, window, self._timing)
        pages = Pages(self._transport, self._entity, self._where, self._entity.path, self._params(window))
        failure: TransientError | None = None
        remaining = iter(pages)
        while True:
            try:
                page = next(remaining, None)
            except TransientError as error:
                if not self._entity.is_sorted:
                    raise
                failure = error
                break
            if page is None:
                break
            # Given only now, because the last portion has to be known as such.
            if walk.is_full:
                yield walk.delivery(is_last=False)
            walk.take(page, lambda: self._transport.describe(pages.call))
            if window.limit is not None and len(walk.rows) >= window.limit:
                # The whole page has told its columns; a look at a few rows shows no more than asked for.
                del walk.rows[window.limit :]
                break
        if walk.rows:
            yield walk.delivery(is_last=True)
        if failure:
            raise failure

    @contextmanager
    def keys(self) -> Iterator[Portion]:
        """Every key that the API lists now; read to its end before it is given.

        Raises:
            TransientError, TerminalError: as `portions`; half a list would look like deleted rows.
        """
        records = Records(self._entity, self._zone)
        path = self._entity.path if self._entity.keys_path is None else self._entity.keys_path
        with tempfile.SpooledTemporaryFile(max_size=_KEY_BYTES_IN_MEMORY) as spool:
            for page in Pages(self._transport, self._entity, self._where, path, self._entity.params):
                keys = filter(None, map(records.held_key, page))
                spool.write("".join(f"{escape(key)}\n" for key in keys).encode())
            spool.seek(0)
            yield Portion(_Spooled(spool), ("key",))

    def _params(self, window: Window) -> dict[str, ParamValue]:
        params = dict(self._entity.params)
        if self._cursor and self._entity.since_param and window.start is not None:
            params[self._entity.since_param] = self._cursor.start(window.start)
        if self._cursor and self._entity.until_param and window.end is not None:
            params[self._entity.until_param] = self._cursor.end(window.end)
        return params


class _Walk:
    """The rows of one reading, from portion to portion, and how far its cursor came.

    Attributes:
        rows: Of the portion that is being read.
    """

    def __init__(self, where: str, entity: RestEntity, zone: ZoneInfo, window: Window, timing: Timing) -> None:
        self.rows: list[str] = []
        self._size = 0
        self._where = where
        self._records = Records(entity, zone)
        self._is_sorted = entity.is_sorted
        self._window = window
        cursor = self._records.cursor
        self._start, self._end, self._seen = (
            cursor.parse(text) if cursor and text is not None else None
            for text in (window.start, window.end, window.seen)
        )
        self._given = self._reached = self._seen
        self._previous: Position | None = None
        # As the loader judges it: a mistyped year must not move the cursor over the days between.
        self._latest = datetime.fromtimestamp(timing.now(), UTC) + timedelta(days=1)

    @property
    def is_full(self) -> bool:
        """Whether the portion has enough."""
        return len(self.rows) >= ROWS_PER_PORTION or self._size >= CHARACTERS_PER_PORTION

    def take(self, page: list[object], describe: Callable[[], str]) -> None:
        """Add the records of a page.

        Raises:
            TerminalError: the API says that it is sorted, and is not.
        """
        for record in page:
            text, position = self._records.row(record, self._window.label)
            if position is not None and self._is_sorted:
                if self._previous is not None and is_before(position, self._previous):
                    raise TerminalError(
                        _("the cursor jumps back: a record is older than the one before"),
                        where=f"{self._where}: {describe()}",
                        fix=_("Let the API sort by the cursor with 'params', or say 'is_sorted: false'."),
                    )
                self._previous = position
            if self._window.label == BACK_FILL and not self._is_wanted(position):
                continue
            self._note(position)
            self.rows.append(text)
            self._size += len(text)

    def delivery(self, *, is_last: bool) -> Delivery:
        """The rows so far; the next ones begin a new portion."""
        observed = self._records.observed()
        provenance = Provenance(
            # The loader sees the rows of one portion only; what came before moves the cursor too.
            cursor=self._window.seen if self._given == self._seen else self._text(self._given),
            holds_cursor=(is_last or self._is_sorted) and self._window.label != BACK_FILL,
            schema_hash=schema_hash(observed),
        )
        rows = CopyText(iter(self.rows))
        self.rows, self._size, self._given = [], 0, self._reached
        return Delivery(Portion(rows, COPY_COLUMNS), provenance, observed=lambda: observed)

    def _note(self, position: Position | None) -> None:
        if position is None or (isinstance(position, date) and self._is_future(position)):
            return
        if self._reached is None or is_before(self._reached, position):
            self._reached = position

    def _is_future(self, position: date) -> bool:
        return is_before(self._latest if isinstance(position, datetime) else self._latest.date(), position)

    def _is_wanted(self, position: Position | None) -> bool:
        """Whether a record lies in the interval; APIs may take its end as part of it, or know no end at all."""
        if position is None:
            return False
        is_late_enough = self._start is None or not is_before(position, self._start)
        return is_late_enough and (self._end is None or is_before(position, self._end))

    def _text(self, position: Position | None) -> str | None:
        cursor = self._records.cursor
        return cursor.text(position) if cursor and position is not None else None


class _Spooled:
    """Bytes for COPY out of a temporary file.

    Attributes:
        failure: None, because all was read before.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.failure: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; nothing at the end."""
        return self._file.read(size)


@contextmanager
def open_source(source: RestSource, timing: Timing | None = None) -> Iterator[RestApi]:
    """Open a web API for reading; nothing is asked yet.

    Args:
        timing: The clock that requests are paced by; the real one when absent.

    Raises:
        StackError: unknown connection.
        TerminalError: not an http address, or without the credentials that `auth` needs.
    """
    timing = timing or Timing()
    with closing(Transport(source, connection_url(source.connection), timing)) as transport:
        yield RestApi(source, transport, timing)
