"""What `cockpit match` says about bad input: shared values, records that say nothing, texts that are cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cockpit.cli.output import folded, inert, table
from cockpit.domain.normalise.text import LONGEST_TEXT
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.pipelines.lists.match import ListsMatched
    from cockpit.pipelines.lists.notes import Notes, SharedValue

# Values that are listed, and characters of each.
_SHARED_SHOWN = 10
_LONGEST_SHOWN = 60


def print_notes(found: ListsMatched) -> None:
    """Print them; nothing where there is nothing to say."""
    lines = [folded(inert(line)) for line in _lines(found)]
    shared = found.notes.shared
    if shared:
        most = f"{found.lists.rule.largest_block:,}"
        lines.append(
            folded(_("Shared by more than {count} records, so that no pairs are found by it alone:", count=most))
        )
        rows = [[each.key, f"{each.count:,}", _short(each)] for each in shared[:_SHARED_SHOWN]]
        lines.append(table([_("shared key"), _("records"), _("such as")], rows, right=[1]))
        if rest := shared[_SHARED_SHOWN:]:
            lines.append(_("and {count} more, in at most {most} records", count=len(rest), most=f"{rest[0].count:,}"))
    if lines:
        print()
        print("\n".join(lines))


def _short(each: SharedValue) -> str:
    return each.text if len(each.text) <= _LONGEST_SHOWN else f"{each.text[:_LONGEST_SHOWN]}…"


def _lines(found: ListsMatched) -> Iterator[str]:
    notes: Notes = found.notes
    if notes.empty:
        yield _("Empty throughout and not compared: {names}", names=", ".join(notes.empty))
    if notes.unread:
        yield _("Without a letter or digit, which counts as nothing: {counts}", counts=_counts(notes.unread))
    if notes.cut:
        yield _(
            "Too long, so that only the first {most} characters are compared: {counts}",
            most=LONGEST_TEXT,
            counts=_counts(notes.cut),
        )
    if notes.silent_count:
        yield _(
            "{count} records say nothing in any field that is compared; each stays by itself.",
            count=f"{notes.silent_count:,}",
        )
    if notes.repeated_count:
        yield _("{count} records repeat another one in every field.", count=f"{notes.repeated_count:,}")
    if notes.repeated_apart_count:
        yield _(
            "{count} of them are not joined with it: what they say is too frequent, or too little.",
            count=f"{notes.repeated_apart_count:,}",
        )
    if notes.largest:
        record, size = notes.largest
        yield _(
            "The largest group has {count} records, such as {record}: look at it before you use it.",
            count=f"{size:,}",
            record=found.lists.record_id[record],
        )


def _counts(texts: Mapping[str, int]) -> str:
    """Of texts per field."""
    return ", ".join(f"{field} ({count:,})" for field, count in texts.items())
