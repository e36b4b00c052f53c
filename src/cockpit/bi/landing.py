"""Where a person arrives in Superset. Imports the standard library only: Superset runs this in its own environment."""

from __future__ import annotations

from collections.abc import Collection

# The first that the person may open.
SLUGS = (
    "executive-cockpit",
    "region",
    "team",
    "marketing",
    "customer",
    "segments",
    "analyst",
    "people",
    "data-quality",
    "import-ledger",
)


def landing_slugs(lang: str, *, phone: bool = False) -> tuple[str, ...]:
    """Slugs in the order in which they are wanted, the language first; another if this Superset has one only."""
    endings = ("-zh", "") if lang == "zh" else ("", "-zh")
    return tuple(f"{slug}{'-phone' if phone else ''}{ending}" for slug in SLUGS for ending in endings)


def landing_slug(present: Collection[str], lang: str, *, phone: bool = False) -> str | None:
    """The dashboard of those that a person may open at which they arrive; None when there is none."""
    return next((slug for slug in landing_slugs(lang, phone=phone) if slug in present), None)
