"""Which pairs a person asked for, read from an address or a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, cast
from urllib.parse import urlencode

from fastapi import Query

from cockpit.mdm.review_queue import SORTS, PairFilter, ReasonKind, Sort

# What stands in an address beside the entity.
NAMES: Final = ("entity", "tab", "source", "why", "least", "text", "sort")
VETOED: Final = "vetoed"
LEAST: Final = ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99")
_REASON_KINDS = ("agree", "differ", "veto")

Tab = Annotated[str, Query(pattern=f"^({VETOED})?$")]
Least = Annotated[str, Query(pattern=r"^(0\.[0-9]{1,4}|[01])?$")]
Reason = Annotated[str, Query(pattern=rf"^(({'|'.join(_REASON_KINDS)}):[^\x00:]{{1,100}})?$")]
Order = Annotated[str, Query(pattern=f"^({'|'.join(SORTS)})?$")]
Offset = Annotated[str, Query(pattern=r"^[0-9]{0,7}$")]


def filter_of(values: Mapping[str, str]) -> PairFilter:
    """A filter from the texts of an address or form; an empty or strange one narrows nothing."""
    kind, _colon, name = values.get("why", "").partition(":")
    least = values.get("least", "")
    is_number = least.replace(".", "", 1).isdigit() and least.isascii() and len(least) < 10
    return PairFilter(
        is_vetoed=values.get("tab") == VETOED,
        source=values.get("source") or None,
        reason=(cast(ReasonKind, kind), name) if kind in _REASON_KINDS and name else None,
        least_score=float(least) if is_number else None,
        text=values.get("text", "").strip() or None,
    )


def sort_of(values: Mapping[str, str]) -> Sort:
    """How the queue is ordered: by what is at stake unless another order was chosen."""
    sort = values.get("sort", "")
    return cast(Sort, sort) if sort in SORTS else "stake"


def query_of(values: Mapping[str, str], **more: object) -> str:
    """The part of an address that brings the same queue back, with further values."""
    kept = {name: values.get(name, "") for name in NAMES}
    return urlencode({name: value for name, value in {**kept, **more}.items() if value not in ("", None)})
