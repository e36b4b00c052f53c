"""The texts of the pages, in the language of the platform."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.i18n import _


def page_texts() -> Mapping[str, str]:
    """What templates show, by short names."""
    return {
        "batches": _("Batches"),
        "source": _("Source"),
        "entity": _("Entity"),
        "batch": _("Batch"),
        "label": _("What was read"),
        "run": _("Run"),
        "ended": _("Ended"),
        "began": _("Began"),
        "last_load": _("Last load"),
        "schedule": _("Schedule"),
        "period": _("Period"),
        "recent": _("24 hours"),
        "ever": _("ever"),
        "balance": _("Ledger"),
        "balanced": _("balances"),
        "unbalanced": _("does not balance"),
        "no_batch": _("no batch"),
        "all": _("all"),
        "only_unbalanced": _("out of balance"),
        "only_rejected": _("with rejected lines"),
        "show": _("Show"),
        "older": _("Older"),
        "newest": _("Newest"),
        "next": _("Next"),
        "first": _("First"),
        "nothing": _("Nothing to show."),
        "size": _("Received bytes"),
        "seconds": _("Seconds"),
        "cursor_from": _("Cursor before"),
        "cursor_to": _("Cursor reached"),
        "content_hash": _("Hash of the file"),
        "schema_hash": _("Hash of the columns"),
        "at_load": _("At load"),
        "now": _("Now"),
        "rejected_lines": _("Rejected lines"),
        "file": _("File"),
        "line": _("Line"),
        "reason": _("Reason"),
        "text": _("Text, masked"),
        "column": _("Column"),
        "change": _("Change"),
        "type": _("Type"),
        "policy": _("Policy"),
        "done": _("What was done"),
        "suggestion": _("Perhaps renamed to"),
        "found": _("Found"),
        "sign_in": _("Sign in"),
        "equation_loaded": _("received = loaded + unchanged + superseded + rejected"),
        "equation_now": _("loaded = staged + quarantined + replaced + removed"),
    }


def count_names() -> Mapping[str, str]:
    """The ledger's counts, in the order of the equations."""
    return {
        "received": _("received"),
        "loaded": _("loaded"),
        "unchanged": _("unchanged"),
        "superseded": _("superseded"),
        "rejected": _("rejected"),
        "deleted": _("deleted"),
        "staged": _("staged"),
        "quarantined": _("quarantined"),
        "replaced": _("replaced"),
        "removed": _("removed"),
    }


def verdicts() -> Mapping[str, str]:
    """Whether a source was loaded in time."""
    return {
        "never": _("never loaded"),
        "unscheduled": _("no schedule"),
        "on_time": _("on time"),
        "late": _("late"),
        "overdue": _("overdue"),
    }


def labels() -> Mapping[str, str]:
    """How a batch was read; a label that is not here is a day or the name of a file."""
    return {
        "full": _("all rows"),
        "incremental": _("what is new"),
        "back-fill": _("past interval"),
        "deletes": _("deleted rows"),
    }


def kinds_of_change() -> Mapping[str, str]:
    """What happened to a column."""
    return {
        "new": _("new"),
        "missing": _("missing"),
        "retyped": _("other type"),
        "returned": _("back again"),
    }


def actions() -> Mapping[str, str]:
    """What the loader did about it."""
    return {
        "accepted": _("accepted"),
        "warned": _("went on with a warning"),
        "stopped": _("stopped before anything was written"),
    }
