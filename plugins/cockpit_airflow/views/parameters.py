"""What a person types or a link carries in an address; an empty field of a form narrows nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

LONGEST_TEXT = 250

Text = Annotated[str, Query(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")]
Number = Annotated[str, Query(pattern=r"^[0-9]{0,18}$")]
