"""PostgreSQL's text format for COPY, made from rows while the server reads them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

# Enough to keep calls rare, little enough to keep memory constant.
_ROWS_PER_READ = 500

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def escape(text: str) -> str:
    """A value as COPY reads it."""
    return text.translate(_ESCAPES)


class CopyText:
    """A file-like view on rows that end with a line feed.

    Attributes:
        failure: The error that ended the rows early. psycopg2 replaces an error inside `read` by one of its own,
            so the loader looks here.
    """

    def __init__(self, rows: Iterator[str]) -> None:
        self._rows = rows
        self.failure: Exception | None = None

    def read(self, _size: int = -1) -> bytes:
        """Some rows, of about the size that COPY sends at once; nothing at the end."""
        try:
            return "".join(islice(self._rows, _ROWS_PER_READ)).encode()
        except Exception as error:
            self.failure = error
            raise
