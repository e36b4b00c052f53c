"""What a connector gives to the loader: the columns that it saw and the rows of one entity, portion by portion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cockpit.sources.loading.loader import Portion, Provenance

# Names of batches, by how the source was read.
FULL, INCREMENTAL, BACK_FILL = "full", "incremental", "back-fill"


@dataclass(frozen=True)
class Observed:
    """The columns that a source delivers.

    Attributes:
        columns: Name -> type in the source's own words; empty where it has none (text files).
        is_complete: Whether a column that is not here does not exist. JSON leaves out what is empty.
    """

    columns: Mapping[str, str]
    is_complete: bool = True


@dataclass(frozen=True)
class Window:
    """Which rows are wanted, by the entity's cursor; texts in the cursor's own type.

    Attributes:
        start: From this value on, overlap already taken off; from the beginning when None.
        end: Before this value; without end when None.
        seen: The cursor's last value, for the ledger; None when all are read or a past interval is.
        label: Name of the batches.
        limit: At most so many rows, for a look at them; all when None.
    """

    start: str | None = None
    end: str | None = None
    seen: str | None = None
    label: str = FULL
    limit: int | None = None


@dataclass(frozen=True)
class Delivery:
    """What one transaction loads.

    Attributes:
        observed: Columns seen so far, asked for after the portion was read; for sources that do not know them before.
        before_commit: Last look; an error that it raises undoes the portion.
    """

    portion: Portion
    provenance: Provenance = field(default_factory=Provenance)
    observed: Callable[[], Observed] | None = None
    before_commit: Callable[[], None] | None = None


class OpenSource(Protocol):
    """A source that was opened for one run."""

    def reading(self, entity_name: str) -> Reading:
        """Look up an entity; raises TerminalError when the source has no such table."""


class Reading(Protocol):
    """One entity of an opened source.

    It is made even where columns of the contract are missing, so that they are noted before the load stops.
    """

    @property
    def position_type(self) -> str:
        """PostgreSQL type of the cursor; `bigint` where there is none."""

    @property
    def observed(self) -> Observed | None:
        """Columns, where the source tells them before its rows; None when only the rows tell."""

    def portions(self, window: Window) -> Iterator[Delivery]:
        """The rows of the window; each portion is read to its end before the next is asked for."""

    def keys(self) -> AbstractContextManager[Portion]:
        """Input of COPY for the column `key`: every key that the source holds now."""


@runtime_checkable
class StraightReading(Reading, Protocol):
    """A reading whose rows can go into an empty raw table as they are."""

    @property
    def has_unique_keys(self) -> bool:
        """Whether the source itself refuses a missing or repeated key."""

    def newest(self) -> str | None:
        """The greatest cursor of all rows, in the snapshot that `straight` reads."""

    def straight(self, batch_id: int) -> AbstractContextManager[Portion]:
        """All rows, with the columns key, payload, hash and batch_id."""
