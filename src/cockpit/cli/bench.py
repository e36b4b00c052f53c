"""`cockpit bench load|standardise|quality|models|match|match-change|cockpit`: how fast the platform is."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cockpit.cli.subparsers import Subparsers
from cockpit.errors import TerminalError
from cockpit.i18n import _

if TYPE_CHECKING:
    from cockpit.stack.settings import Settings

MATCH_LISTS = ("febrl1", "febrl2", "febrl3", "fake_1000", "sites", "persons", "companies", "customers")
MATCH_ROWS = (10_000, 100_000, 1_000_000)
# Lists that are not ours to ship.
REAL_LISTS = ("fake_1000", "sites")
_FEWEST_CUSTOMERS = 1_000


def add_parser(verbs: Subparsers) -> argparse.ArgumentParser:
    """Register the verb and what it measures."""
    text = _("measure how fast the platform is, beside other tools")
    parser = verbs.add_parser("bench", help=text, description=text)
    subjects = parser.add_subparsers(dest="subject", metavar=_("SUBJECT"), required=True, title=_("subjects"))
    text = _("rows per second from sources to raw, and memory; about 10 minutes")
    load = subjects.add_parser("load", help=text, description=text)
    number = _("N")
    load.add_argument("--rows", type=_count, default=1_000_000, metavar=number, help=_("rows; 1,000,000 by default"))
    load.add_argument(
        "--peer-rows",
        type=_count,
        default=500_000,
        metavar=number,
        help=_("rows for pandas and SQLite, the slow ones; 500,000 by default"),
    )
    load.add_argument(
        "--memory-rows",
        type=_count_or_none,
        default=10_000_000,
        metavar=number,
        help=_("rows to measure memory with, 0 for none; 10,000,000 by default"),
    )
    load.add_argument("--rounds", type=_count, default=3, metavar=number, help=_("rounds; the median counts"))
    text = _("seconds for many texts of each kind on two cores; about 5 minutes")
    standardise = subjects.add_parser("standardise", help=text, description=text)
    standardise.add_argument(
        "--rows", type=_count, default=1_000_000, metavar=number, help=_("texts; 1,000,000 by default")
    )
    text = _("seconds for fifteen checks of a table, beside plain SQL; about a minute")
    quality = subjects.add_parser("quality", help=text, description=text)
    quality.add_argument("--rows", type=_count, default=1_000_000, metavar=number, help=_("rows; 1,000,000 by default"))
    quality.add_argument("--rounds", type=_count, default=3, metavar=number, help=_("rounds; the median counts"))
    text = _("seconds for twenty models, beside their bare SQL and dbt; fill the platform before")
    models = subjects.add_parser("models", help=text, description=text)
    models.add_argument("--rounds", type=_count, default=3, metavar=number, help=_("rounds; the median counts"))
    text = _("how well and how fast records are matched, beside Splink; about 15 minutes")
    match = subjects.add_parser("match", help=text, description=text)
    match.add_argument(
        "--rows",
        type=_counts,
        default=MATCH_ROWS,
        metavar=_("N,N"),
        help=_("records of the demo's customers, several runs; {rows} by default", rows=",".join(map(str, MATCH_ROWS))),
    )
    match.add_argument(
        "--only", choices=MATCH_LISTS, metavar=_("LIST"), help=_("one of {names}", names=", ".join(MATCH_LISTS))
    )
    text = _("seconds until a few new records are matched among many; about 10 minutes")
    change = subjects.add_parser("match-change", help=text, description=text)
    change.add_argument(
        "--rows",
        type=_customer_count,
        default=1_000_000,
        metavar=number,
        help=_("records that are there; 1,000,000 by default"),
    )
    change.add_argument(
        "--new", type=_count, default=1_000, metavar=number, help=_("records that are new; 1,000 by default")
    )
    text = _("charts, row policies, first view and several people at the running cockpit; about 5 minutes")
    cockpit = subjects.add_parser("cockpit", help=text, description=text)
    cockpit.add_argument(
        "--rows", type=_count, default=1_000_000, metavar=number, help=_("rows of the scan; 1,000,000 by default")
    )
    cockpit.add_argument("--rounds", type=_count, default=10, metavar=number, help=_("rounds of each chart; 10"))
    cockpit.add_argument(
        "--seconds", type=_count, default=60, metavar=number, help=_("for how long people ask; 60 by default")
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Measure, loading in databases of its own that are dropped at the end; exit code 1 when a bar is missed."""
    from cockpit.cli.bench_text import (
        cockpit_text,
        load_text,
        match_change_text,
        match_text,
        models_text,
        quality_text,
        standardise_text,
    )
    from cockpit.cli.output import stopwatch
    from cockpit.cli.platform import with_database
    from cockpit.stack.settings import Settings

    tell = stopwatch()
    if arguments.subject == "standardise":
        result = _measured("bench_standardise", [f"--rows={arguments.rows}"], Settings.load(), tell)
        print(standardise_text(result))
        print(_("Kept in {files}", files="benchmarks/results/standardise.json, standardise.md"))
        return 0 if result["is_met"] else 1
    if arguments.subject == "match":
        _require_real_data(arguments.only)
        words = [f"--rows={','.join(map(str, arguments.rows))}", f"--only={arguments.only or ''}"]
        result = _measured("bench_match", words, Settings.load(), tell)
        print(match_text(result))
        if not arguments.only:
            print(_("Kept in {files}", files="benchmarks/results/match.json, match.md"))
        return 0 if result["is_met"] else 1
    settings = with_database(tell)
    if arguments.subject == "cockpit":
        words = [f"--{name}={getattr(arguments, name)}" for name in ("rows", "rounds", "seconds")]
        result = _measured("bench_cockpit", words, settings, tell)
        print(cockpit_text(result))
        print(_("Kept in {files}", files="benchmarks/results/cockpit.json, cockpit.md"))
        return 0 if result["is_met"] else 1
    if arguments.subject == "match-change":
        words = [f"--rows={arguments.rows}", f"--new={arguments.new}"]
        result = _measured("bench_match_change", words, settings, tell)
        print(match_change_text(result))
        print(_("Kept in {files}", files="benchmarks/results/match_change.json, match_change.md"))
        return 0 if result["is_met"] else 1
    if arguments.subject == "quality":
        words = [f"--rows={arguments.rows}", f"--rounds={arguments.rounds}"]
        result = _measured("bench_quality", words, settings, tell)
        print(quality_text(result))
        print(_("Kept in {files}", files="benchmarks/results/quality.json, quality.md"))
        return 0 if result["is_met"] else 1
    if arguments.subject == "models":
        result = _measured("bench_models", [f"--rounds={arguments.rounds}"], settings, tell)
        print(models_text(result))
        if not result["differing"]:
            print(_("Kept in {files}", files="benchmarks/results/models.json, models.md"))
        return 0 if result["is_met"] else 1
    options = ("rows", "peer_rows", "memory_rows", "rounds")
    words = [f"--{name.replace('_', '-')}={getattr(arguments, name)}" for name in options]
    result = _measured("bench_load", words, settings, tell)
    print(load_text(result))
    print(_("Kept in {files}", files="benchmarks/results/load.json, load.md"))
    return 0 if result["is_met"] else 1


def _require_real_data(only: str | None) -> None:
    if only in REAL_LISTS and not os.environ.get("COCKPIT_REAL_DATA"):
        raise TerminalError(
            _("the list {name} is read from the folder COCKPIT_REAL_DATA, which is not set", name=only),
            fix=_("set it to the folder of the public data sets"),
        )


def _measured(module: str, words: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> dict[str, Any]:
    """The result of a benchmark, whose steps are shown while it runs."""
    from cockpit.cli.bench_text import title

    result: dict[str, Any] | None = None
    last = ""
    for event in _events([sys.executable, "-m", f"benchmarks.{module}", *words], str(settings.repository)):
        if "result" in event:
            result = event["result"]
        elif event["step"] != last:
            last = event["step"]
            tell(title(last))
    if result is None:
        raise TerminalError(_("the benchmark broke off; what it said stands above"))
    return result


def _events(command: list[str], folder: str) -> Iterator[dict[str, Any]]:
    """What the benchmark says line by line; it runs apart, so that this process's own work costs it nothing."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield json.loads(line)


def _count(text: str) -> int:
    value = _count_or_none(text)
    if value < 1:
        raise argparse.ArgumentTypeError(_("must be at least {least}", least=1))
    return value


def _customer_count(text: str) -> int:
    (count,) = _counts(text.replace(",", ""))
    return count


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(_count(each) for each in text.split(","))
    if min(counts) < _FEWEST_CUSTOMERS:
        raise argparse.ArgumentTypeError(_("must be at least {least}", least=_FEWEST_CUSTOMERS))
    return counts


def _count_or_none(text: str) -> int:
    try:
        value = int(text.replace(",", "").replace("_", ""))
    except ValueError as error:
        raise argparse.ArgumentTypeError(_("is no whole number: {text}", text=text)) from error
    if value < 0:
        raise argparse.ArgumentTypeError(_("must be at least {least}", least=0))
    return value
