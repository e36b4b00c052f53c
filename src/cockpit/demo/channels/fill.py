"""Write everything around the ERP: files, logs and the call centre's database."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.channels.bank import BankStatement
from cockpit.demo.channels.behaviour import append_day, write_behaviour
from cockpit.demo.channels.call_centre import add_calls, write_call_centre
from cockpit.demo.channels.distributors import add_late_report, add_report, correct_report, write_distributors
from cockpit.demo.channels.legacy_crm import write_legacy_crm
from cockpit.demo.channels.profile import ChannelsFile, load_channels
from cockpit.demo.channels.trade_fair import write_trade_fair
from cockpit.demo.channels.truth import ChannelTruth, prepare_truth, write_truth
from cockpit.demo.channels.world import World
from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch, Company

logger = logging.getLogger(__name__)


@dataclass
class ChannelWriter:
    """Writes the channels of one company; the bank's statement needs the batches that the ERP gets.

    Attributes:
        folder: What lay in it is removed first.
        truth: What was planted, complete after `finish`.
    """

    folder: Path
    company: Company
    channels: ChannelsFile = field(default_factory=load_channels)
    truth: ChannelTruth = field(default_factory=ChannelTruth)

    def __post_init__(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        self._world = World(self.company, self.channels)
        self._bank = BankStatement(self._world)

    def add(self, batch: Batch) -> None:
        """Take in one batch of the ERP's history."""
        self._bank.add(batch.receipts)

    def finish(self) -> ChannelTruth:
        """Write all files."""
        write_call_centre(self.folder, self._world, self.truth)
        write_distributors(self.folder, self._world, self.truth)
        write_trade_fair(self.folder, self._world, self.truth)
        write_legacy_crm(self.folder, self._world, self.truth)
        self._bank.write(self.folder, self.truth)
        write_behaviour(self.folder, self.company, self.channels, self.truth)
        logger.info("demo channels written: %s entities", len({names[:2] for names in self.truth.figures}))
        return self.truth


def fill_channels(
    folder: Path, company: Company, truth: PgConnection | None = None, batches: Iterable[Batch] | None = None
) -> ChannelTruth:
    """Write all files of the company's channels, and what is true about them.

    Args:
        folder: Replaced as a whole.
        truth: Owner of schema truth; nothing is written there when absent.
        batches: The ERP's history; generated again when absent.
    """
    writer = ChannelWriter(folder, company)
    for batch in batches if batches is not None else company.batches():
        writer.add(batch)
    planted = writer.finish()
    if truth is not None:
        with truth, truth.cursor() as cursor:
            prepare_truth(cursor)
            write_truth(cursor, planted, company.clock.offset)
    return planted


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
            write_truth(cursor, planted, clock.offset)
    return planted
