"""A source of a web API in a test, and what is read from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cockpit.rulebook.sources import RestSource, load_source
from cockpit.sources.loading.reading import Delivery, Window
from cockpit.sources.rest.pace import Timing
from cockpit.sources.rest.reader import RestApi, open_source

COLUMNS = {
    "id": {"type": "bigint", "description": "Number", "description_zh": "编号"},
    "changed": {"type": "timestamp", "description": "Time of change", "description_zh": "修改时间"},
}
ENTITY = {"path": "v1/rows", "records": "data.items", "key": ["id"], "cursor": "changed", "columns": COLUMNS}


class Patience:
    """A clock on which waiting takes no time; `waits` are the seconds that were slept."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        real = Timing()
        self.timing = Timing(
            now=lambda: real.now() + sum(self.waits),
            monotonic=lambda: real.monotonic() + sum(self.waits),
            sleep=self.waits.append,
            chance=lambda: 1.0,
        )


def declare(folder: Path, *, source: dict[str, Any] | None = None, **entity: Any) -> RestSource:
    """A source with the one entity `row`, as it is read from its file; None takes a key away."""
    declared = {name: value for name, value in (ENTITY | entity).items() if value is not None}
    content = {
        "source": "api", "title": "Api", "title_zh": "接口", "owner": "tests", "connector": "rest",
        "connection": "test_api", "retries": 2, **(source or {}), "entities": {"row": declared},
    }  # fmt: skip
    file = folder / "api.yml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    loaded = load_source(file)
    assert isinstance(loaded, RestSource)
    return loaded


@contextmanager
def opened(source: RestSource, patience: Patience | None = None) -> Iterator[RestApi]:
    with open_source(source, (patience or Patience()).timing) as api:
        yield api


def rows_of(delivery: Delivery) -> list[list[str | None]]:
    """The columns of COPY_COLUMNS of each row, unescaped as far as these tests need it."""
    text = b"".join(iter(delivery.portion.rows.read, b"")).decode()
    fields = [line.split("\t") for line in text.split("\n")[:-1]]
    return [[None if each == "\\N" else each.replace("\\\\", "\\") for each in row] for row in fields]


def read(source: RestSource, window: Window | None = None, patience: Patience | None = None) -> list[list[str | None]]:
    """All rows of the entity `row`."""
    with opened(source, patience) as api:
        return [row for each in api.reading("row").portions(window or Window()) for row in rows_of(each)]


def keys(rows: list[list[str | None]]) -> list[str | None]:
    return [row[0] for row in rows]


def payloads(rows: list[list[str | None]]) -> list[Any]:
    return [json.loads(row[1]) for row in rows if row[1] is not None]
