"""The pages that the navigation offers: areas beside each other, pages within the area that a person is in."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.i18n import _


@dataclass(frozen=True)
class NavigationPage:
    """One entry.

    Attributes:
        name: What a page calls itself when it is shown.
        path: Below the application's own path.
    """

    name: str
    path: str
    title: str


@dataclass(frozen=True)
class Area:
    """Pages about one thing; the first is the area's entrance."""

    name: str
    title: str
    pages: tuple[NavigationPage, ...]


def areas() -> tuple[Area, ...]:
    """All areas, in the language of the platform."""
    return (
        Area(
            "desk",
            _("Steward desk"),
            (
                NavigationPage("queue", "/desk/", _("Queue")),
                NavigationPage("matches", "/desk/matches", _("Matches")),
                NavigationPage("reviews", "/desk/reviews", _("Reviews")),
                NavigationPage("rules", "/desk/rules", _("Rules")),
            ),
        ),
        Area(
            "quality",
            _("Quality"),
            (
                NavigationPage("overview", "/quality/", _("Scores")),
                NavigationPage("owners", "/quality/owners", _("Owners")),
                NavigationPage("samples", "/quality/samples", _("Samples")),
                NavigationPage("campaigns", "/quality/campaigns", _("Campaign")),
            ),
        ),
        Area(
            "imports",
            _("Imports"),
            (
                NavigationPage("sources", "/", _("Sources")),
                NavigationPage("batches", "/batches", _("Batches")),
                NavigationPage("changes", "/changes", _("Changed columns")),
                NavigationPage("data_docs", "/data-docs/", _("Data Docs")),
            ),
        ),
    )
