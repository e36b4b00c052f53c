"""The SQL files beside this module, ready for psycopg2."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_FOLDER = Path(__file__).parent
# `::` casts and array slices are no parameters.
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


@functools.cache
def statement(name: str) -> str:
    """The text of `<name>.sql` with its `:name` parameters as psycopg2 wants them."""
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").replace("%", "%%")
    return _PARAMETER.sub(r"%(\1)s", text)
