"""The steward's desk: rows that are held back, texts that wait for a decision, and the rules behind both."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from cockpit_airflow.views.desk import bulk_page, queue_page, reviews_page, row_page, rules_page


def add_routes(app: FastAPI) -> None:
    """Add the pages below /desk to the application, which lets only readers in."""
    app.mount("/desk/static", StaticFiles(directory=Path(__file__).parent / "static"), name="desk_static")
    app.get("/desk/")(queue_page.show_queue)
    app.post("/desk/choice")(bulk_page.show_choice)
    app.post("/desk/decision")(bulk_page.decide)
    app.get("/desk/tasks/{task_id}")(row_page.show_row)
    app.post("/desk/tasks/{task_id}")(row_page.answer_row)
    app.get("/desk/reviews")(reviews_page.show_reviews)
    app.post("/desk/reviews")(reviews_page.answer_review)
    app.get("/desk/rules")(rules_page.show_rules)
    app.get("/desk/rules/{rule_id}")(rules_page.show_rule)
    app.get("/desk/kinds/{kind}")(rules_page.show_kind)
    app.post("/desk/kinds/{kind}")(rules_page.try_kind)
