"""English and Chinese for every text that a user reads.

The English text is the key, written where it is used: `_("{count} rows loaded", count=5)`. Chinese lies in
`locale/zh/<package>.yml`, one mapping from English to Chinese; a test finds texts without a translation.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import yaml

LANGUAGES = ("en", "zh")
_CATALOGUES = Path(__file__).parent / "locale"


def language() -> str:
    """The language of the person at the terminal: `COCKPIT_LANG`, English unless it says zh."""
    return "zh" if os.environ.get("COCKPIT_LANG", "en").lower().startswith("zh") else "en"


@functools.cache
def catalogue(lang: str) -> dict[str, str]:
    """All translations of one language, merged from its files; empty for English."""
    merged: dict[str, str] = {}
    for path in sorted((_CATALOGUES / lang).glob("*.yml")):
        merged.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return merged


def _(text: str, /, lang: str | None = None, **values: object) -> str:
    """Translate a text and fill its `{named}` places; falls back to the English text."""
    template = catalogue(lang or language()).get(text, text)
    return template.format(**values) if values else template
