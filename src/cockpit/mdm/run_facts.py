"""What a run of matching saw in its records: fields that say nothing, values that too many records share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cockpit.domain.match.blocking import BlockReport
from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.rule import FieldType, MatchRule
from cockpit.domain.match.shared import shared_keys

# Shared keys that the report names; its blocks count all.
_LISTED = 20


def facts(
    frame: pd.DataFrame, rule: MatchRule, types: Mapping[FieldType, Field], blocks: Iterable[BlockReport]
) -> dict[str, Any]:
    """What the report of a run says about its records; can be written as JSON.

    Values are not in it, because some are personal: who wants to see one looks at the record that is named.

    Args:
        frame: `record_id` and the columns that were compared; None for nothing.
        rule, types: By which they were.
        blocks: What `match` reports.
    """
    columns = rule.columns_in(frame.columns)
    is_given = frame[list(columns.values())].notna()
    record_ids = frame["record_id"].to_numpy(dtype=object)
    found = shared_keys(frame, rule, types, blocks)
    return {
        "empty": {name: int((~is_given[column]).sum()) for name, column in columns.items()},
        "silent": int((~is_given.any(axis=1)).sum()),
        "shared": [
            {"block": each.block, "records": each.count, "example": str(record_ids[each.record])}
            for each in found[:_LISTED]
        ],
    }
