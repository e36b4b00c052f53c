"""What the cockpit adds to Superset's application while it is being made."""

from __future__ import annotations

from flask import Flask
from landing import install_landing
from language_pack import install_language_pack


def complete_application(app: Flask) -> None:
    """Install all of it; Superset calls this before it registers its own pages."""
    # Superset's modules, which these need, can be imported only once the application exists.
    from asked_once import install_asked_once
    from drafts import install_draft_filter
    from publishing_page import install_publishing_page
    from sandbox import install_sandbox

    # First: what the login page sends must be answered before anybody asks who is there (landing.py).
    install_landing(app)
    install_language_pack(app)
    install_asked_once()
    install_draft_filter()
    install_sandbox(app)
    install_publishing_page()
