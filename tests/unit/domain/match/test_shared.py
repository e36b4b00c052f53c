"""Values that too many records share are named, not only counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.domain.match.blocking import BlockReport, blocks_of, pairs_of
from cockpit.domain.match.engine import field_types
from cockpit.domain.match.fields.values import Hashes
from cockpit.domain.match.rule import MatchRule
from cockpit.domain.match.shared import SharedKey, shared_keys
from cockpit.domain.match.table import Table

NONE: Hashes = np.empty(0, dtype=np.uint64)
RULE = MatchRule.model_validate(
    {
        "fields": {"name": {"type": "text"}, "phone": {"type": "phone", "columns": ["tel"]}, "code": {"type": "identifier"}},
        "largest_block": 3,
    }
)  # fmt: skip
TYPES = field_types(None)


def reports(frame: pd.DataFrame) -> list[BlockReport]:
    table = Table(frame, RULE, TYPES)
    return [pairs_of(block, RULE.largest_block, NONE)[2] for block in blocks_of(table, RULE.blocks)]


def frame_of(*rows: tuple[str | None, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["name", "tel", "code"], dtype=object)
    frame.insert(0, "record_id", [f"r{number}" for number in range(len(frame))])
    return frame.where(frame.notna(), None)


def test_a_value_that_is_written_in_several_ways_is_one() -> None:
    frame = frame_of(
        ("A", "021-5555 1234", "X1"),
        ("B", "02155551234", "X2"),
        ("C", "02155551234", "X3"),
        ("D", "55551234", "X4"),
        ("E", "02155559999", "X4"),
        ("F", None, None),
    )
    # The record is one that has it in the most frequent way: three give the area.
    assert shared_keys(frame, RULE, TYPES, reports(frame)) == [SharedKey("phone.local", "phone", 0, 4)]


def test_the_most_frequent_comes_first() -> None:
    frame = frame_of(*[("A", "02155551234", f"K{n % 2}") for n in range(10)])
    assert [(each.block, each.count) for each in shared_keys(frame, RULE, TYPES, reports(frame))] == [
        ("phone.local", 10),
        ("code.exact", 5),
        ("code.exact", 5),
    ]


def test_nothing_is_said_where_nothing_was_refused() -> None:
    frame = frame_of(("A", "02155551234", "X1"), ("B", "02155551234", "X1"))
    assert shared_keys(frame, RULE, TYPES, reports(frame)) == []


def test_combinations_and_fields_that_are_not_there_are_left_out() -> None:
    frame = frame_of(("A", "02155551234", "X1"))
    refused = np.array([7], dtype=np.uint64)
    blocks = [
        BlockReport(name, 0, refused, 9) for name in ("name.exact + phone.local", "email.exact", "code.alike", "all")
    ]
    assert shared_keys(frame, RULE, TYPES, blocks) == []
