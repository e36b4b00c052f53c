"""Dotted paths into what an API answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Missing:
    """The type of `MISSING`."""


MISSING: Final = Missing()


def find(document: object, path: str) -> object:
    """The part at a path such as `data.items`; `MISSING` when there is none, the whole for an empty path.

    A number is a position in a list. A name that holds dots itself is found when it stands in full.
    """
    if not path:
        return document
    if isinstance(document, Mapping) and path in document:
        return document[path]
    part = document
    for name in path.split("."):
        if isinstance(part, Mapping) and name in part:
            part = part[name]
        elif isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            part = part[int(name)]
        else:
            return MISSING
    return part


def outline(document: object) -> str:
    """What an answer looks like, for messages: its outermost names, and the values of codes, never other values."""
    if not isinstance(document, Mapping):
        return "null" if document is None else type(document).__name__
    described = [
        f"{name}={value}" if name in _CODES and isinstance(value, int | bool) else str(name)
        for name, value in list(document.items())[:_NAMES]
    ]
    return ", ".join(described)[:_CHARACTERS] or "{}"


_CODES = ("code", "status", "errcode", "errno", "error_code", "ret", "success")
_NAMES = 10
_CHARACTERS = 200
