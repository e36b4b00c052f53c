"""`cockpit standardise KIND [TEXT...]`: try a standardising rule on texts; needs no database and no platform."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from cockpit.cli.subparsers import Subparsers
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.domain.normalise.names.company_rule import CompanyRule
    from cockpit.domain.normalise.standard import Standard, Standardiser

RULES = Path(__file__).resolve().parents[3] / "include" / "rules" / "normalisation"
FROM_STDIN = "-"
SAME = "same"

# Options for what a contract may declare about a column: kind -> name of the promise -> what is written.
# A test compares them with the types of the promises.
DECLARED: Mapping[str, Mapping[str, str]] = {
    "amount": {"currency": "CODE", "decimal": "point|comma"},
    "headcount": {"decimal": "point|comma"},
    "phone": {"country": "CC", "area_code": "CODE"},
    "address": {"within": "CODE"},
    "date": {
        "order": "ymd|dmy|mdy",
        "relative_to": "TIME",
        "time_zone": "ZONE",
        "excel_serial": "true|false",
        "precision": "UNIT",
    },
}

# A text with a minus is no option, unless it goes on like one.
_NO_OPTION = re.compile(r"^-[^-A-Za-z]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLOCK = 1 << 20


def _kinds() -> dict[str, str]:
    return {
        "amount": _("amounts of money: 3亿5千万, USD 3.5k"),
        "headcount": _("numbers of employees: 五十来人, 50-100"),
        "company": _("company names; 'company same A B' compares two"),
        "person": _("names of persons"),
        "phone": _("telephone numbers, with extension"),
        "email": _("e-mail addresses"),
        "website": _("addresses of web sites, to their domain"),
        "credit-code": _("unified social credit codes and others"),
        "address": _("addresses, to division code and sales region"),
        "date": _("dates and times"),
        "lead-source": _("where a lead came from"),
        "industry": _("what a company does"),
    }


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and its kinds."""
    text = _("try a standardising rule on texts; one JSON object per text")
    parser = verbs.add_parser("standardise", help=text, description=text)
    kinds = parser.add_subparsers(dest="kind", metavar=_("KIND"), required=True, title=_("kinds"))
    for kind, meaning in _kinds().items():
        _add_kind(kinds, kind, meaning)
    return parser


def _add_kind(kinds: Subparsers, kind: str, meaning: str) -> None:
    parser = kinds.add_parser(kind, help=meaning, description=meaning)
    parser._negative_number_matcher = _NO_OPTION
    parser.add_argument(
        "texts",
        nargs="*",
        metavar=_("TEXT"),
        help=_("texts; without one, or with '-', lines of the standard input; after '--' any text"),
    )
    for name, value in DECLARED.get(kind, {}).items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", dest=f"declared_{name}", metavar=value, help=_("what the source declares")
        )
    parser.add_argument(
        "--declare",
        action="append",
        default=[],
        metavar=_("NAME=VALUE"),
        help=_("anything else that a source's file may declare about the column"),
    )
    parser.add_argument(
        "--rules",
        type=Path,
        metavar=_("FOLDER"),
        help=_("rule files to use, such as an edited copy of include/rules/normalisation"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Print one line per text; 0 whatever was found in them."""
    from cockpit.rulebook.normalisation import load_standardiser

    folder = arguments.rules or RULES
    texts: list[str] = [_SURROGATES.sub("\ufffd", text) for text in arguments.texts]
    # JSON is UTF-8 whatever the terminal's language.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    if arguments.kind == "company" and texts[:1] == [SAME]:
        _print([_compared(folder, texts[1:])])
        return 0
    standardiser = load_standardiser(folder, arguments.kind, _declared(arguments))
    batches = _lines(sys.stdin.buffer) if texts in ([], [FROM_STDIN]) else iter([texts])
    for batch in batches:
        _print(_results(standardiser, batch))
    return 0


def _declared(arguments: argparse.Namespace) -> dict[str, str]:
    """What the options say, refused as a usage error when the kind has no such promise."""
    from cockpit.errors import RuleFileError, UsageError
    from cockpit.rulebook.normalisation import read_declared

    declared = {
        name: value
        for name in DECLARED.get(arguments.kind, {})
        if (value := getattr(arguments, f"declared_{name}")) is not None
    }
    for text in arguments.declare:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(_("is not of the form NAME=VALUE"), where="--declare", found=text)
        declared[name] = value
    try:
        read_declared(arguments.kind, declared)
    except RuleFileError as error:
        raise UsageError(error.message, found=error.found, allowed=error.allowed) from error
    return declared


def _lines(stream: BinaryIO) -> Iterator[list[str]]:
    """Lines as they arrive, so that a program that writes one gets its answer before it writes the next."""
    pending = b""
    mark = _BYTE_ORDER_MARK
    read = getattr(stream, "read1", stream.read)
    while block := read(_BLOCK):
        *whole, pending = (pending + block).split(b"\n")
        if whole:
            yield [_decoded(whole[0].removeprefix(mark)), *map(_decoded, whole[1:])]
            mark = b""
    if pending:
        yield [_decoded(pending.removeprefix(mark))]


def _decoded(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", errors="replace")


def _results(standardiser: Standardiser, texts: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for text, standard in zip(texts, standardiser.standardise_batch(texts), strict=True):
        yield _as_object(text, standard)


def _as_object(text: str, standard: Standard) -> Mapping[str, Any]:
    shared: dict[str, Any] = {"input": text, "value": standard.value}
    judged = {"confidence": standard.confidence, "outcome": standard.outcome, "reason": standard.reason}
    details = {name: part for name, part in standard.details.items() if name not in shared | judged}
    return {**shared, **details, **judged}


def _compared(folder: Path, names: Sequence[str]) -> Mapping[str, Any]:
    """Whether two company names are one company's."""
    from cockpit.domain.normalise.names.company_compare import compare_companies
    from cockpit.errors import UsageError
    from cockpit.rulebook.normalisation import load_rule

    if len(names) != 2:
        raise UsageError(_("'company same' compares two names"), found=len(names))
    found = compare_companies(names[0], names[1], cast("CompanyRule", load_rule(folder, "company")))
    return {"a": names[0], "b": names[1], "verdict": found.verdict, "reason": found.reason, "score": found.score}


def _print(results: Iterable[Mapping[str, Any]]) -> None:
    from cockpit.cli.output import inert
    from cockpit.domain.normalise.standard import to_json

    for result in results:
        # Half a character cannot be written as UTF-8, some end lines for some readers, others a terminal obeys.
        print(inert(to_json(result)))
    sys.stdout.flush()
