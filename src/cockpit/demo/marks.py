"""Which rows are planted: the markers of generated tables as rows of schema truth."""

from __future__ import annotations

import pandas as pd

ANOMALY = "anomaly"
BOUNDARY_CASE = "boundary_case"


def marks_of(system: str, entity: str, frame: pd.DataFrame, key: pd.Series, mark: str) -> pd.DataFrame:
    """The rows of a table with a mark.

    Args:
        system: As in truth, such as `erp`.
        entity: The system's table.
        frame: Has a column of the mark's name; null for rows without one.
        key: Primary key of each row as text, parts joined by `|`.
        mark: ANOMALY or BOUNDARY_CASE.

    Returns:
        Columns system, kind, entity, key.
    """
    is_marked = frame[mark].notna().to_numpy()
    return pd.DataFrame(
        {
            "system": system,
            "kind": frame.loc[is_marked, mark].to_numpy(dtype=object),
            "entity": entity,
            "key": key[is_marked].astype(str).to_numpy(dtype=object),
        }
    )
