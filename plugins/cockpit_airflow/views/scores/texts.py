"""The texts of the pages about quality, in the language of the platform."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.i18n import _


def quality_texts() -> Mapping[str, str]:
    """What templates show, by short names."""
    return {
        "overall": _("Overall score"),
        "measured_on": _("measured on"),
        "week_change": _("points against a week ago"),
        "no_change": _("as a week ago"),
        "no_earlier": _("no score of a week ago"),
        "trend": _("Trend"),
        "source": _("Source"),
        "table": _("Table"),
        "column": _("Column"),
        "owner": _("Owner"),
        "owners": _("Owners"),
        "sources": _("Sources"),
        "tables": _("Tables"),
        "columns": _("Its columns"),
        "score": _("Score"),
        "lowest_owners": _("Owners with the lowest scores"),
        "all_owners": _("All {count} owners"),
        "held": _("Held back and in no total"),
        "rows": _("{count} rows"),
        "nothing": _("Nothing has been measured yet. The DAG measure_quality does so every morning."),
        "not_measured": _("not measured"),
        "of": _("{good} of {total}"),
        "search": _("Search"),
        "company": _("Company"),
        "nobody": _("No owner fits."),
        "how": _("What cannot be measured is left out, and its weight goes to the others."),
        "week": _("Week of"),
        "sample_intro": _("A few rows drawn at random each week. Compare them with what you know; guess nothing."),
        "measured": _("Accuracy as people found it"),
        "interval": _("With 95 % confidence between {low} and {high}"),
        "automatic": _("Rules say {share}"),
        "last_weeks": _("last {count} weeks"),
        "no_answers": _("No answers yet"),
        "answers": _("{right} right, {wrong} wrong, {unknown} unknown, {drawn} drawn"),
        "right": _("Right"),
        "wrong": _("Wrong"),
        "unknown": _("Cannot say"),
        "unreachable": _("Not reachable"),
        "reopened": _("Open again"),
        "which_column": _("Which field is wrong"),
        "something": _("something else"),
        "note": _("Note"),
        "empty": _("empty"),
        "gone": _("The row has left its source."),
        "all_done": _("Everything of this week is answered. Thank you."),
        "no_sample": _("Nothing has been drawn this week yet."),
        "show": _("Show"),
        "may_not": _("You may look, but not answer."),
        "campaign_intro": _("Every quarter owners say again that customers and contacts are right."),
        "done": _("Done"),
        "open": _("Open"),
        "share": _("Share"),
        "progress": _("{done} of {total} done"),
        "no_campaign": _("No campaign has begun this quarter yet."),
        "next": _("Next"),
        "nothing_open": _("Nothing is open here."),
        "nothing_done": _("Nothing is done yet."),
        "people": _("People"),
    }


def dimensions() -> Mapping[str, str]:
    """What is measured."""
    return {
        "completeness": _("Completeness"),
        "accuracy": _("Accuracy"),
        "timeliness": _("Timeliness"),
        "uniqueness": _("Uniqueness"),
        "validity": _("Validity"),
    }
