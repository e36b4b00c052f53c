"""Which pairs a person asked for, read from an address or a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias, cast
from urllib.parse import urlencode

from fastapi import Depends, Query

from cockpit.mdm.review_queue import SORTS, PairFilter, ReasonKind, Sort
from cockpit_airflow.views.desk.forms import Posted
from cockpit_airflow.views.parameters import Text

# What stands in an address beside the entity.
NAMES: Final = ("entity", "tab", "source", "why", "least", "most", "text", "sort")
VETOED: Final = "vetoed"
LEAST: Final = ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99")
_REASON_KINDS = ("agree", "differ", "veto")

Entity = Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9_]*$")]
Tab = Annotated[str, Query(pattern=f"^({VETOED})?$")]
Likeliness = Annotated[str, Query(pattern=r"^(0\.[0-9]{1,4}|[01])?$")]
Reason = Annotated[str, Query(pattern=rf"^(({'|'.join(_REASON_KINDS)}):[^\x00:]{{1,100}})?$")]
Order = Annotated[str, Query(pattern=f"^({'|'.join(SORTS)})?$")]
Offset = Annotated[str, Query(pattern=r"^[0-9]{0,7}$")]


def read_address(
    entity: Entity = "",
    tab: Tab = "",
    source: Text = "",
    why: Reason = "",
    least: Likeliness = "",
    most: Likeliness = "",
    text: Text = "",
    sort: Order = "",
) -> dict[str, str]:
    """What an address asks for, by NAMES."""
    values = (entity, tab, source, why, least, most, text, sort)
    return dict(zip(NAMES, values, strict=True))


Asked: TypeAlias = Annotated[dict[str, str], Depends(read_address)]


def read_posted(posted: Posted) -> dict[str, str]:
    """What a form asks for, by NAMES."""
    return {name: posted.one(name) for name in NAMES}


def filter_of(values: Mapping[str, str]) -> PairFilter:
    """A filter from the texts of an address or form; an empty or strange one narrows nothing."""
    kind, _colon, name = values.get("why", "").partition(":")
    return PairFilter(
        is_vetoed=values.get("tab") == VETOED,
        source=values.get("source") or None,
        reason=(cast(ReasonKind, kind), name) if kind in _REASON_KINDS and name else None,
        least_score=_likeliness(values.get("least", "")),
        most_score=_likeliness(values.get("most", "")),
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


def _likeliness(text: str) -> float | None:
    is_number = text.replace(".", "", 1).isdigit() and text.isascii() and len(text) < 10
    return float(text) if is_number else None
