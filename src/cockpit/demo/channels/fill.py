"""Write everything around the ERP: files, logs and the call centre's database."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.channels.bank import BankStatement
from cockpit.demo.channels.behaviour import append_day, write_behaviour
from cockpit.demo.channels.call_centre import add_calls, write_call_centre
from cockpit.demo.channels.distributors import (
    add_late_report,
    add_report,
    correct_report,
    write_article_lists,
    write_distributors,
)
from cockpit.demo.channels.legacy_crm import write_legacy_crm
from cockpit.demo.channels.manual import TemplateWriter, write_manual
from cockpit.demo.channels.profile import load_channels
from cockpit.demo.channels.trade_fair import write_trade_fair
from cockpit.demo.channels.truth import ChannelTruth, forget_truth, prepare_truth, write_truth
from cockpit.demo.channels.world import World
from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.draw import Stream, generator
from cockpit.demo.finance import Payers, draw_finance
from cockpit.demo.profile_finance import load_finance

logger = logging.getLogger(__name__)

# Written last; says of which company the files are.
_COMPLETE = ".complete"


def fill_channels(
    folder: Path,
    company: Company,
    truth: PgConnection | None = None,
    *,
    receipts: Iterable[pd.DataFrame] | None = None,
    write_template: TemplateWriter | None = None,
) -> ChannelTruth | None:
    """Write all files of the company's channels, and what is true about them, unless the same are there already.

    A fill that was killed is done again: the mark of a complete one is written last.

    Args:
        folder: Replaced as a whole.
        truth: Owner of schema truth, after the fill of the ERP; nothing is written there when absent.
        receipts: The ERP's receipts batch by batch, as `Finance` has them; drawn again when absent.
        write_template: Makes the empty Excel templates that people fill in; plain sheets are written when absent.

    Returns:
        What was planted; None when the files were there.
    """
    started = time.perf_counter()
    mark = json.dumps([company.seed, company.scale.value, company.clock.as_of.isoformat()])
    complete = folder / _COMPLETE
    if complete.exists() and complete.read_text(encoding="utf-8") == mark:
        return None
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    channels = load_channels()
    world, planted = World(company, channels), ChannelTruth()
    statement = BankStatement(world)
    for batch in receipts if receipts is not None else _receipts(company):
        statement.add(batch)
    statement.write(folder, planted)
    write_call_centre(folder, world, planted)
    write_distributors(folder, world, planted)
    write_article_lists(folder, world, planted)
    write_trade_fair(folder, world, planted)
    write_legacy_crm(folder, world, planted)
    write_manual(folder, world, planted, write_template)
    write_behaviour(folder, company, channels, planted)
    if truth is not None:
        with truth, truth.cursor() as cursor:
            forget_truth(cursor)
            write_truth(cursor, planted, company.clock.offset)
    complete.write_text(mark, encoding="utf-8")
    logger.info("demo channels written in %.1f s", time.perf_counter() - started)
    return planted


def _receipts(company: Company) -> Iterator[pd.DataFrame]:
    """The ERP's receipts as its fill draws them."""
    rules = load_finance()
    payers = Payers.of(company.customers.customers, company.profile.dirt.unknown_customer_offset)
    for part, batch in enumerate(company.batches()):
        rng = generator(company.seed, Stream.FINANCE, part)
        yield draw_finance(rng, rules, payers, batch, company.clock).receipts


def simulate_channels_day(
    folder: Path, company: Company, day: date, clock: Clock, truth: PgConnection | None = None
) -> ChannelTruth:
    """Add a business day: logs grow, calls come in, a late report arrives, another one and a corrected one too.

    Args:
        folder: As filled.
        company: As filled, with the clock of the fill.
        day: Later than every day that is there.
        clock: The day's end.
        truth: Owner of schema truth.
    """
    world = World(company, load_channels())
    planted = ChannelTruth()
    append_day(folder, company, world.channels, day, clock, planted)
    add_calls(folder, world, np.datetime64(day), clock, planted)
    add_late_report(folder, world, clock, planted)
    add_report(folder, world, clock, planted)
    correct_report(folder, world, clock, planted)
    if truth is not None:
        with truth, truth.cursor() as cursor:
            prepare_truth(cursor)
            write_truth(cursor, planted, clock.offset)
    return planted
