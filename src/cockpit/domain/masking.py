"""Show that a value is there without showing it."""

from __future__ import annotations


def mask(value: object) -> str | None:
    """Keep a quarter of a text at each end, at least one character; nothing of one or two characters.

    Args:
        value: Any value as received; None stays None, nested values are hidden as a whole.
    """
    if value is None:
        return None
    if isinstance(value, dict | list):
        return "***"
    text = str(value)
    if len(text) < 3:
        return "*" * len(text)
    kept = max(len(text) // 4, 1)
    return f"{text[:kept]}{'*' * (len(text) - 2 * kept)}{text[-kept:]}"
