"""Texts of the cockpit's own pages and refusals, in the reader's language; they stand in the labels' `publishing:`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from flask_babel import get_locale

_HERE = Path(__file__).resolve().parent


def reader_language() -> str:
    """en or zh."""
    return "zh" if str(get_locale()).startswith("zh") else "en"


def say(key: str, **values: object) -> str:
    """A text of the reader's language; a missing one shows its key."""
    return _texts(reader_language()).get(key, key).format(**values)


@cache
def _texts(language: str) -> Mapping[str, str]:
    labels = yaml.safe_load((_HERE / f"labels.{language}.yml").read_text(encoding="utf-8"))
    return {str(key): str(text) for key, text in labels["publishing"].items()}
