"""Which marts a dataset's query reads; light enough for Superset's own environment."""

from __future__ import annotations

import re

# A mart, or the view that masks its personal columns.
_MART = re.compile(r"\bmarts\.(mart_[a-z0-9_]+?)(?:_masked)?\b")


def marts_read_by(sql: str) -> frozenset[str]:
    """Names of the marts, without those of their masked views."""
    return frozenset(_MART.findall(sql))
