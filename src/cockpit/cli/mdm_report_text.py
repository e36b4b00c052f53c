"""What `cockpit mdm report` prints: the newest run of matching, in 80 columns for people, in JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cockpit.cli.mdm_text import COLUMNS, Shown
from cockpit.cli.output import folded, table
from cockpit.i18n import _
from cockpit.mdm import words

if TYPE_CHECKING:
    from cockpit.cli.mdm import Subject
    from cockpit.mdm.run_view import RunView

_BLOCKS_SHOWN = 15
_SHARED_SHOWN = 10
_REUSED_SHOWN = 5
_SIZES_SHOWN = 8


def run(subject: Subject, found: RunView) -> Shown:
    """A run; what an older one did not report yet is left out."""
    content = found.content
    matching = content.get("matching", {})
    moment = f"{found.as_of.astimezone(subject.workspace.zone):%Y-%m-%d %H:%M}"
    parts = [
        [
            folded(_("Run {run} of {moment}", run=found.run_id, moment=moment), columns=COLUMNS),
            *_kind(content.get("run", {})),
        ],
        [_figures(content, matching)],
        _happened(content),
        _blocks(matching.get("blocks", ())),
        _shared(matching.get("shared", ())),
        _empty(subject, matching),
        _groups(matching.get("groups_by_size", {}), found.largest),
    ]
    text = "\n\n".join("\n".join(lines) for lines in parts if lines)
    whole = {
        "entity": subject.name,
        "run_id": found.run_id,
        "as_of": found.as_of,
        "made_at": found.made_at,
        **content,
        "largest": [{"golden_id": golden, "records": count} for golden, count in found.largest],
    }
    return Shown(text, whole)


def _kind(run: Mapping[str, Any]) -> list[str]:
    """Whether all records were matched, and why, or what a change reached."""
    if run.get("kind") == "all":
        why = {
            "no_model": _("nothing had been learnt by these rules"),
            "first": _("no run before left what the next one needs"),
            "asked": _("it was asked for"),
            "other_model": _("another version weighs them"),
            "other_words": _("the words of the rules have changed"),
            "many_changed": _("many have changed"),
            "grown": _("there are far more of them than before"),
            "reaches_far": _("what has changed reaches far"),
        }.get(str(run.get("why")), str(run.get("why")))
        return [folded(_("All records were matched: {why}.", why=why), columns=COLUMNS)]
    if run.get("kind") == "change":
        text = _(
            "Only what a change reached was matched: {changed} changed, {matched} records in all. Blocks and fields are"
            " those of the last run of all.",
            changed=f"{run.get('changed', 0):,}",
            matched=f"{run.get('matched', 0):,}",
        )
        return [folded(text, columns=COLUMNS)]
    return []


def _figures(content: Mapping[str, Any], matching: Mapping[str, Any]) -> str:
    outcomes = matching.get("outcomes", {})
    figures = [
        (_("records"), content.get("records")),
        (_("golden records"), content.get("golden_records")),
        (_("pairs compared"), matching.get("candidates")),
        (_("pairs that are one"), outcomes.get("merge")),
        (_("pairs for review"), outcomes.get("review")),
    ]
    rows = [[title, f"{count:,}"] for title, count in figures if count is not None]
    if conflicts := content.get("conflicts"):
        rows.append([_("contradictions between decisions"), f"{len(conflicts):,}"])
    if model := matching.get("model"):
        rows.append([_("version of what was learnt"), str(model)])
    return table([_("result"), ""], rows, right=[1])


def _happened(content: Mapping[str, Any]) -> list[str]:
    """What happened to ids, and whose keys were used again."""
    named = words.events()
    rows = [[named.get(kind, kind), f"{count:,}"] for kind, count in content.get("events", {}).items() if count]
    lines = [table([_("what happened to ids"), _("events")], rows, right=[1])] if rows else [_("No id changed.")]
    reused = content.get("reused_keys", {})
    if count := reused.get("count"):
        shown = ", ".join(reused.get("records", ())[:_REUSED_SHOWN])
        if count > _REUSED_SHOWN:
            shown += " …"
        text = _(
            "Keys that a source gave to somebody else: {count} ({records}). Their ids stayed behind.",
            count=f"{count:,}",
            records=shown,
        )
        lines.append(folded(text, columns=COLUMNS))
    return lines


def _blocks(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    if not blocks:
        return []
    ordered = sorted(blocks, key=lambda block: (-block["pairs"], -block["refused_keys"], block["name"]))
    rows = [
        [
            _("comparing all") if block["name"] == "all" else block["name"],
            f"{block['pairs']:,}",
            f"{block['refused_keys']:,}" if block["refused_keys"] else "-",
            f"{block['largest_refused']:,}" if block["refused_keys"] else "-",
        ]
        for block in ordered[:_BLOCKS_SHOWN]
    ]
    header = [_("pairs found by"), _("pairs"), _("refused keys"), _("largest")]
    lines = [table(header, rows, right=[1, 2, 3])]
    if rest := ordered[_BLOCKS_SHOWN:]:
        most = f"{rest[0]['pairs']:,}"
        lines.append(_("and {count} more, each of which found at most {most} pairs", count=len(rest), most=most))
    return lines


def _shared(shared: Sequence[Mapping[str, Any]]) -> list[str]:
    """Records, not values: a telephone is somebody's."""
    if not shared:
        return []
    rows = [[each["block"], f"{each['records']:,}", each["example"]] for each in shared[:_SHARED_SHOWN]]
    title = _("Shared by too many records to find pairs by; './cockpit mdm show RECORD' shows the value:")
    lines = [folded(title, columns=COLUMNS), table([_("shared key"), _("records"), _("such as")], rows, right=[1])]
    if rest := len(shared) - _SHARED_SHOWN:
        lines += [_("and {count} more", count=rest)] if rest > 0 else []
    return lines


def _empty(subject: Subject, matching: Mapping[str, Any]) -> list[str]:
    """Fields that say nothing in some records."""
    empty = matching.get("empty")
    if empty is None:
        return []
    rows = [[words.compared(name, subject.fields), f"{count:,}"] for name, count in empty.items() if count]
    lines = [table([_("Field"), _("records without it")], rows, right=[1])] if rows else []
    if silent := matching.get("silent"):
        text = _(
            "{count} records say nothing in any field that is compared; each stays by itself.", count=f"{silent:,}"
        )
        lines.append(folded(text, columns=COLUMNS))
    return lines


def _groups(by_size: Mapping[str, int], largest: Iterable[tuple[str, int]]) -> list[str]:
    sizes = sorted((int(size), count) for size, count in by_size.items())
    shown, rest = sizes[:_SIZES_SHOWN], sizes[_SIZES_SHOWN:]
    rows = [[f"{size:,}", f"{count:,}"] for size, count in shown]
    if rest:
        rows.append([_("more"), f"{sum(count for _size, count in rest):,}"])
    lines = [table([_("records"), _("golden records")], rows, right=[0, 1])] if rows else []
    named = [[golden, f"{count:,}"] for golden, count in largest]
    if named:
        lines += ["", table([_("largest golden records"), _("records")], named, right=[1])]
    return lines
