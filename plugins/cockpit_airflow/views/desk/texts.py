"""The texts of the desk's pages, in the language of the platform."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.i18n import _


def desk_texts() -> Mapping[str, str]:
    """What templates show, by short names."""
    return {
        "all": _("all"),
        "source": _("Source"),
        "entity": _("Entity"),
        "rule": _("Rule"),
        "owner": _("Owner"),
        "age": _("Waiting since"),
        "sort": _("Sorted by"),
        "sort_newest": _("newest first"),
        "sort_oldest": _("oldest first"),
        "sort_owner": _("owner"),
        "sort_row": _("row"),
        "older_than_1": _("older than a day"),
        "older_than_3": _("older than 3 days"),
        "older_than_7": _("older than a week"),
        "older_than_30": _("older than 30 days"),
        "search": _("Key or owner"),
        "filters": _("Filters and order"),
        "show": _("Show"),
        "reset": _("Show all"),
        "row": _("Row"),
        "wrong": _("What is wrong"),
        "waiting_since": _("Waiting"),
        "closed_at": _("Closed at"),
        "money": _("money"),
        "money_hint": _("A confirmation needs a second person"),
        "select": _("Select"),
        "select_page": _("Select this page"),
        "selected": _("selected"),
        "take_all": _("all that fit the filter"),
        "confirm_many": _("Confirm…"),
        "assign_many": _("Reassign…"),
        "nothing_open": _("No row waits here."),
        "nothing_open_hint": _("Rows that fail a rule appear after the next run."),
        "nothing_found": _("No row fits this filter."),
        "next": _("Next"),
        "first": _("First"),
        "help_title": _("Keys"),
        "key_move": _("next row, previous row"),
        "key_open": _("open the row"),
        "key_select": _("select the row"),
        "key_confirm": _("confirm: the selected rows, or this one"),
        "key_search": _("search"),
        "key_back": _("back to the queue"),
        "key_help": _("this help"),
        "close": _("Close"),
        "task": _("Task"),
        "batch": _("Batch"),
        "why_held": _("Why it is held back"),
        "why_was_held": _("Why it was held back"),
        "why": _("Why the rule exists"),
        "columns": _("Values"),
        "other_columns": _("Other columns"),
        "column": _("Column"),
        "delivered": _("As delivered"),
        "corrected": _("Corrected to"),
        "counts": _("Counts as"),
        "new_value": _("Correct to"),
        "nothing": _("nothing"),
        "not_understood": _("not understood"),
        "masked": _("masked"),
        "is_key": _("part of the key"),
        "check": _("Check"),
        "save": _("Save correction"),
        "reason": _("Reason"),
        "reason_hint": _("Kept with your name; never changed"),
        "examined_good": _("With these values the row passes every rule."),
        "examined_bad": _("With these values the row would still be held back:"),
        "correct_hint": _("Applied at the next run and at every rebuild; the source's row stays as delivered."),
        "confirm": _("Confirm that it is right"),
        "confirm_hint": _("The rules above do not count for this version of the row."),
        "confirm_second": _("It concerns money: a second person decides before it counts."),
        "confirm_not": _("A value that cannot be read cannot be confirmed; correct it."),
        "approve_title": _("Waits for a second person"),
        "approve": _("Approve"),
        "reject": _("Reject"),
        "approve_own": _("You confirmed it yourself, so somebody else decides."),
        "assign": _("Give to somebody else"),
        "assign_hint": _("Links that were sent stop working; the new owner is told."),
        "assign_do": _("Reassign"),
        "undo": _("Take back"),
        "history": _("History"),
        "gone_row": _("The row is no longer in its source."),
        "answered_hint": _("An answer is in; the next run applies it."),
        "look_only": _("You may look, but not answer."),
        "bulk_confirm": _("Confirm that these rows are right"),
        "bulk_assign": _("Give these rows to somebody else"),
        "bulk_rules": _("Rules that will not count for them"),
        "bulk_nobody": _("None of the chosen rows can be answered any more."),
        "bulk_rows": _("Rows"),
        "bulk_more": _("and more"),
        "back": _("Back to the queue"),
        "done_title": _("Done"),
        "done_waiting": _("wait for a second person"),
        "done_confirmed": _("confirmed; they go on at the next run"),
        "done_assigned": _("reassigned"),
        "done_refused": _("left as they are"),
        "review_text": _("Text"),
        "review_rows": _("Rows"),
        "review_candidate": _("Perhaps"),
        "review_answer": _("Stands for"),
        "review_save": _("Decide"),
        "review_hint": _("Your answer counts from the next run on, for every spelling in width, script and case."),
        "review_none": _("Every text of this kind is understood or decided."),
        "review_none_at_all": _("No text waits for a decision."),
        "decisions": _("Decisions"),
        "decided_by": _("Decided"),
        "taken_back": _("taken back"),
        "tab_business": _("Rules about rows"),
        "tab_contracts": _("Checks of contracts"),
        "tab_texts": _("Rules about texts"),
        "rule_search": _("Rule or message"),
        "severity": _("Effect"),
        "of_row": _("who the row names"),
        "held": _("held back"),
        "warned": _("warned"),
        "quarantine": _("holds back"),
        "warn": _("warns"),
        "tables": _("Tables"),
        "see_rows": _("see the rows"),
        "condition": _("A row is wrong when"),
        "written_at": _("Written in"),
        "examples": _("Examples"),
        "example_given": _("Beside"),
        "example_wrong": _("wrong"),
        "example_right": _("right"),
        "dry_run": _("Try it on all rows"),
        "dry_run_hint": _("Counts what the rule as it is saved now would find; changes nothing."),
        "dry_found": _("would find"),
        "dry_rows": _("of"),
        "no_rule": _("No rule has this name or message."),
        "kind": _("Kind"),
        "version": _("Version"),
        "columns_count": _("Columns"),
        "texts_waiting": _("Texts to decide"),
        "rows_waiting": _("Rows with them"),
        "try_title": _("Try it"),
        "try_hint": _("Nothing that you type here is kept."),
        "try_do": _("Standardise"),
        "try_as": _("As column"),
        "try_any": _("without promises of a source"),
        "value": _("Value"),
        "confidence": _("Confidence"),
        "declared": _("promised by the source"),
    }


def states() -> Mapping[str, str]:
    """What has become of a task."""
    return {
        "open": _("To do"),
        "waiting": _("Second person"),
        "answered": _("Answered"),
        "released": _("Released"),
        "gone": _("Gone from source"),
    }


def outcomes() -> Mapping[str, str]:
    """What standardising said about a text."""
    return {
        "ok": _("understood"),
        "review": _("to decide"),
        "invalid": _("no such value"),
        "absent": _("nothing said"),
    }


def ways() -> Mapping[str, str]:
    """By which way somebody answered."""
    return {"desk": _("at the desk"), "link": _("by link"), "cli": _("by command")}


def done() -> Mapping[str, str]:
    """What was done, said on the page that follows."""
    return {
        "corrected": _("The correction is saved. The next run applies it."),
        "confirmed": _("The row is confirmed. It goes on at the next run."),
        "waiting": _("The confirmation is saved. A second person has to approve it."),
        "approved": _("Approved. The row goes on at the next run."),
        "rejected": _("Rejected. The task is open again."),
        "undone": _("The answer is taken back. The row is checked again at the next run."),
        "assigned": _("The task has a new owner."),
        "decided": _("Decided. The answer counts from the next run on."),
        "taken_back": _("Taken back. The rule speaks again from the next run on."),
    }


def kinds(lang: str | None = None) -> Mapping[str, str]:
    """What texts are standardised as; in the language of the platform when none is named."""
    return {
        "amount": _("Amounts", lang),
        "headcount": _("Headcounts", lang),
        "company": _("Company names", lang),
        "person": _("Names of persons", lang),
        "phone": _("Telephone numbers", lang),
        "email": _("E-mail addresses", lang),
        "website": _("Websites", lang),
        "credit-code": _("Registration numbers", lang),
        "address": _("Addresses", lang),
        "date": _("Dates", lang),
        "lead-source": _("Lead sources", lang),
        "industry": _("Industries", lang),
    }


def subjects() -> Mapping[str, str]:
    """What the files of rules are about; a further file shows its own name."""
    return {
        "activities": _("Activities"),
        "contracts": _("Contracts"),
        "customers": _("Customers"),
        "leads": _("Leads"),
        "opportunities": _("Opportunities"),
        "orders": _("Orders"),
        "receipts": _("Receipts"),
        "shipments": _("Shipments"),
        "tickets": _("Tickets"),
    }


def events() -> Mapping[str, str]:
    """What happened to a row."""
    return {
        "held": _("held back"),
        "passed": _("passes the rule"),
        "released": _("released"),
        "gone": _("left its source"),
        "correct": _("corrected"),
        "confirm": _("confirmed as right"),
        "undo": _("took an answer back"),
        "approved": _("approved"),
        "rejected": _("turned down"),
        "ended": _("correction ended: the source delivered another value"),
        "assigned": _("gave it to somebody else"),
        "told": _("was sent a link"),
    }
