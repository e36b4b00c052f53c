"""`cockpit match FILE... --rules RULES --out clusters.csv`: find the records of any lists that are one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.domain.match.accuracy import Accuracy
    from cockpit.domain.match.block_recall import BlockRecall
    from cockpit.domain.match.blocking import BlockReport
    from cockpit.domain.match.rule import MatchRule
    from cockpit.pipelines.lists.match import Lists, ListsMatched

RULES = Path(__file__).resolve().parents[3] / "include" / "rules"
# Names of columns that are listed, at most.
_SHOWN = 12
_BLOCKS_SHOWN = 15


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb."""
    text = _("find the records of any list that are one; no running platform is needed")
    parser = verbs.add_parser("match", help=text, description=text)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar=_("FILE"), help=_("CSV, Excel or Parquet; the first line names columns")
    )
    parser.add_argument(
        "--rules",
        required=True,
        metavar=_("RULES"),
        help=_("persons, organisations, companies, or a file with rules of your own"),
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar=_("FILE"),
        help=_("gets source, source_id and cluster_id of each record, as CSV"),
    )
    parser.add_argument(
        "--pairs", type=Path, metavar=_("FILE"), help=_("gets the pairs that agree, with weight and reasons, as CSV")
    )
    parser.add_argument(
        "--truth",
        type=Path,
        metavar=_("FILE"),
        help=_("which records truly are one (source_id, cluster; or pairs): prints how well they were found"),
    )
    parser.add_argument(
        "--map",
        action="append",
        metavar=_("FIELD=COLUMN"),
        help=_("the column of a field, where its name does not say it; 'FIELD=' leaves the field out"),
    )
    parser.add_argument(
        "--id", metavar=_("COLUMN"), help=_("column with the id of a record; 'line' for its line number")
    )
    parser.add_argument("--encoding", metavar=_("ENCODING"), help=_("encoding of the files, where it is not found out"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Match, write, print what was done."""
    from cockpit.cli import match_notes
    from cockpit.cli.output import stopwatch
    from cockpit.errors import UsageError
    from cockpit.pipelines.lists.columns import check_output
    from cockpit.pipelines.lists.match import match_lists, read_lists, write_clusters, write_pairs
    from cockpit.pipelines.lists.truth import read_truth
    from cockpit.rulebook.matching import load_file_columns

    tell = stopwatch()
    read = [*arguments.files, *filter(None, [arguments.truth])]
    for out in filter(None, [arguments.out, arguments.pairs]):
        check_output(out, read)
    if arguments.pairs and arguments.pairs.absolute() == arguments.out.absolute():
        raise UsageError(_("--out and --pairs name one file"), found=str(arguments.out))
    rule = _rule(arguments.rules)
    usual = load_file_columns(RULES)
    lists = read_lists(
        arguments.files,
        rule,
        usual,
        mapped=_mapped(arguments.map or ()),
        id_column=arguments.id,
        encoding=arguments.encoding,
        tell=tell,
    )
    truth = read_truth(arguments.truth, lists, usual, arguments.encoding) if arguments.truth else None
    tell(_("matching {count} records", count=f"{len(lists.record_id):,}"))
    found = match_lists(lists, RULES)
    write_clusters(arguments.out, found)
    pair_count = write_pairs(arguments.pairs, found) if arguments.pairs else None
    tell(_("done"))
    _warn(lists)
    _print(lists, found, truth.block_recall(found) if truth is not None else None)
    match_notes.print_notes(found)
    print(_("Written: {file}", file=arguments.out))
    if pair_count is not None:
        print(_("Written: {file} ({count} pairs)", file=arguments.pairs, count=f"{pair_count:,}"))
    if truth is not None:
        print()
        _print_accuracy(truth.measure(found.matched.cluster), truth.unknown_count)
    return 0


def _rule(given: str) -> MatchRule:
    from cockpit.errors import UsageError
    from cockpit.rulebook.matching import load_match_rule, ready_lists

    ready = ready_lists(RULES)
    path = ready.get(given, Path(given))
    if not path.is_file():
        raise UsageError(
            _("no such rules"),
            where="--rules",
            found=given,
            allowed=_("{names}, or a file", names=", ".join(ready)),
        )
    return load_match_rule(path)


def _mapped(given: Sequence[str]) -> dict[str, str]:
    from cockpit.errors import UsageError

    mapped: dict[str, str] = {}
    for text in given:
        field, equals, column = text.partition("=")
        if not equals or not field.strip():
            raise UsageError(_("is not of the form FIELD=COLUMN"), where="--map", found=text)
        mapped[field.strip()] = column.strip()
    return mapped


def _warn(lists: Lists) -> None:
    """Say on the error output what is not in the result."""
    from cockpit.cli.output import inert

    for file in lists.files:
        if file.rejected:
            line, reason = file.rejected[0]
            print(
                inert(
                    _(
                        "{file}: {count} lines are no records and were left out; the first is line {line}: {reason}",
                        file=file.path,
                        count=f"{len(file.rejected):,}",
                        line=line,
                        reason=_(reason),
                    )
                ),
                file=sys.stderr,
            )


def _print(lists: Lists, found: ListsMatched, recall: BlockRecall | None) -> None:
    from cockpit.cli.output import folded, inert, table

    print(table([_("file"), _("records"), _("id"), _("read as")], _file_rows(lists), right=[1]))
    print()
    print(table([_("field"), _("type"), _("column"), _("share filled")], _field_rows(lists), right=[3]))
    for title, names in (
        (_("No column for: {names}"), [name for name in lists.rule.fields if name not in lists.texts]),
        (_("Not compared: {names}"), list(dict.fromkeys(name for each in lists.columns for name in each.unused))),
    ):
        if names:
            shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
            print(inert(folded(title.format(names=shown))))
    print()
    blocks = sorted(found.matched.blocks, key=lambda block: (-block.pairs, -len(block.refused)))
    header = [_("pairs found by"), _("pairs"), _("refused keys"), _("largest")]
    if recall:
        header.append(_("of true pairs"))
    print(table(header, _block_rows(blocks[:_BLOCKS_SHOWN], recall), right=[1, 2, 3, 4]))
    if rest := blocks[_BLOCKS_SHOWN:]:
        most = f"{rest[0].pairs:,}"
        print(_("and {count} more, each of which found at most {most} pairs", count=len(rest), most=most))
    if recall:
        print(_("All together bring {share} of the true pairs.", share=f"{recall.together:.1%}"))
    print()
    sizes = found.sizes
    summary = [
        (_("records"), len(lists.record_id)),
        (_("pairs compared"), len(found.matched.left)),
        (_("groups of two or more"), len(sizes)),
        (_("records in them"), int(sizes.sum())),
        (_("records after matching"), len(lists.record_id) - int(sizes.sum()) + len(sizes)),
        (_("pairs for review"), found.review_count),
    ]
    rows = [[title, f"{count:,}"] for title, count in summary]
    print(table([_("result"), ""], [*rows, [_("seconds"), f"{found.seconds:.1f}"]], right=[1]))


def _file_rows(lists: Lists) -> list[list[str]]:
    rows = []
    for name, file, columns in zip(lists.names, lists.files, lists.columns, strict=True):
        read_as = [file.encoding or "", {"\t": _("tab")}.get(file.delimiter or "", file.delimiter or "")]
        rows.append(
            [name, f"{file.table.num_rows:,}", columns.id or _("line number"), " ".join(filter(None, read_as)) or "-"]
        )
    return rows


def _field_rows(lists: Lists) -> list[list[str]]:
    """The fields that are compared, where they stand and how many of the records have them."""
    rows = []
    for name, texts in lists.texts.items():
        field = lists.rule.fields[name]
        columns = [
            # Put together of its parts where a file has no column for it.
            each.fields.get(name) or " + ".join(each.fields[part] for part in field.parts if part in each.fields)
            for each in lists.columns
        ]
        share = sum(text is not None for text in texts) / len(texts)
        rows.append([name, field.type, ", ".join(dict.fromkeys(filter(None, columns))), f"{share:.0%}"])
    return rows


def _block_rows(blocks: Sequence[BlockReport], recall: BlockRecall | None) -> list[list[str]]:
    """What each kind of key found, and how much of the truth; keys that too many records share are refused."""
    rows = []
    for block in blocks:
        row = [
            _("comparing all") if block.name == "all" else block.name,
            f"{block.pairs:,}",
            f"{len(block.refused):,}" if len(block.refused) else "-",
            f"{block.largest_refused:,}" if len(block.refused) else "-",
        ]
        if recall:
            share = recall.by_block.get(block.name)
            row.append("-" if share is None else f"{share:.1%}")
        rows.append(row)
    return rows


def _print_accuracy(accuracy: Accuracy, unknown_count: int) -> None:
    from cockpit.cli.output import table

    rows = [
        [_("precision"), f"{accuracy.precision:.4f}"],
        [_("recall"), f"{accuracy.recall:.4f}"],
        ["F1", f"{accuracy.f1:.4f}"],
        ["B-cubed", f"{accuracy.b_cubed:.4f}"],
        [_("true pairs"), f"{accuracy.true_pair_count:,}"],
        [_("pairs in groups"), f"{accuracy.found_pair_count:,}"],
        [_("right ones"), f"{accuracy.right_pair_count:,}"],
        [_("records with truth"), f"{accuracy.record_count:,}"],
    ]
    if unknown_count:
        rows.append([_("lines about other records"), f"{unknown_count:,}"])
    print(table([_("against the truth"), ""], rows, right=[1]))
