"""How good the data are: scores with their trend, samples that people look at, campaigns that verify again."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from cockpit_airflow.views.scores import campaign_page, sample_page, score_page


def add_routes(app: FastAPI) -> None:
    """Add the pages below /quality to the application, which lets only readers in."""
    app.mount("/quality/static", StaticFiles(directory=Path(__file__).parent / "static"), name="quality_static")
    app.get("/quality/")(score_page.show_company)
    app.get("/quality/sources/{source}")(score_page.show_source)
    app.get("/quality/sources/{source}/{entity}")(score_page.show_entity)
    app.get("/quality/owners")(score_page.show_owners)
    app.get("/quality/owners/{owner:path}")(score_page.show_owner)
    app.get("/quality/samples")(sample_page.show_samples)
    app.post("/quality/samples/{sample_id}")(sample_page.answer_sample)
    app.get("/quality/campaigns")(campaign_page.show_campaigns)
    app.post("/quality/campaigns/{item_id}")(campaign_page.answer_item)
