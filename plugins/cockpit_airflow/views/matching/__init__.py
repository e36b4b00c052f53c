"""Matches on the steward's desk: which golden records are one, what a golden record says, and decisions about both."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from cockpit_airflow.views.matching import bulk_page, decisions_page, golden_page, matches_page, pair_page


def add_routes(app: FastAPI) -> None:
    """Add the pages below /desk to the application, which lets only readers in."""
    app.mount("/desk/matching", StaticFiles(directory=Path(__file__).parent / "static"), name="matching_static")
    app.get("/desk/matches")(matches_page.show_matches)
    app.get("/desk/matches/pair")(pair_page.show_pair)
    app.post("/desk/matches/pair")(pair_page.decide_pair)
    app.post("/desk/matches/choice")(bulk_page.show_choice)
    app.post("/desk/matches/decision")(bulk_page.accept)
    app.get("/desk/matches/conflicts")(decisions_page.show_conflicts)
    app.get("/desk/matches/decisions")(decisions_page.show_decisions)
    app.post("/desk/matches/undo")(decisions_page.undo_decision)
    app.get("/desk/golden")(golden_page.show_golden)
    app.post("/desk/golden")(golden_page.decide_golden)
