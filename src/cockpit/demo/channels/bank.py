"""Statements of the company's bank account: lines of fixed width in GBK bytes, money that is still to be claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.demo.channels.truth import ChannelTruth
from cockpit.demo.channels.world import World
from cockpit.demo.draw import Bools, Ints, Stream, Times, column, generator, sample, times
from cockpit.demo.finance import BANK

FOLDER = "bank"
SYSTEM, ENTITY = "bank", "statement_line"

# Widths in bytes, in order; numbers stand right, texts left.
DATE, TIME, SERIAL, SIDE, AMOUNT, NAME, ACCOUNT, BANK_NAME, REMARK = 8, 6, 14, 1, 16, 60, 20, 40, 40
LINE_BYTES = DATE + TIME + SERIAL + SIDE + AMOUNT + NAME + ACCOUNT + BANK_NAME + REMARK

_ENCODING = "gbk"
_CREDIT, _DEBIT = "C", "D"
_FEES = ("账户管理费", "转账手续费", "结息")
_OWN_BANK = "中国工商银行"
_ACCOUNT_DIGITS = 17

Words = npt.NDArray[np.object_]


@dataclass
class BankStatement:
    """Collects the receipts of the last months batch by batch, then writes one file per month.

    Memory grows with the receipts of these months only.
    """

    world: World
    _receipts: list[pd.DataFrame] = field(default_factory=list)

    @property
    def first_month(self) -> np.datetime64:
        """First month with a statement, `datetime64[M]`."""
        return self.world.company.clock.month - self.world.channels.bank.months + 1

    def add(self, receipts: pd.DataFrame) -> None:
        """Take in a batch's receipts as the ERP has them, with `kind` and `payer_name`.

        Wrong entries of the ERP's clerks and other ways to pay are not in the bank.
        """
        is_here = receipts["anomaly"].isna().to_numpy() & (
            times(receipts, "received_at") >= self.first_month.astype("datetime64[s]")
        )
        is_here &= (receipts["kind"] == BANK).to_numpy()
        wanted = ["receipt_id", "customer_id", "order_id", "received_at", "amount_cents", "payer_name"]
        self._receipts.append(receipts.loc[is_here, wanted])

    def write(self, folder: Path, truth: ChannelTruth) -> None:
        """Write the files of what was collected."""
        target = folder / FOLDER
        target.mkdir(parents=True, exist_ok=True)
        receipts = pd.concat(self._receipts, ignore_index=True).sort_values("received_at", kind="stable")
        months = times(receipts, "received_at").astype("datetime64[M]")
        for part, month in enumerate(np.unique(months)):
            rows = receipts[months == month].reset_index(drop=True)
            rng = generator(self.world.company.seed, Stream.BANK, part)
            name = f"ICBC_{self.world.channels.bank.own_account}_{str(month).replace('-', '')}.txt"
            self._write_month(target / name, rows, rng, truth)

    def _write_month(self, path: Path, rows: pd.DataFrame, rng: np.random.Generator, truth: ChannelTruth) -> None:
        rules = self.world.channels.bank
        count = len(rows)
        serials = [f"{path.stem[-6:]}{number:08d}" for number in range(1, count + 1)]
        payers, is_other = self._payers(rows)
        truth.claims.append(
            pd.DataFrame(
                {
                    "serial": serials,
                    "receipt_number": [f"RC{number:09d}" for number in rows["receipt_id"].tolist()],
                    "customer_id": rows["customer_id"],
                    "is_third_party": is_other.astype(np.int64),
                }
            )
        )
        has_remark = rng.random(count) < rules.remark_share
        orders = column(rows, "order_id")
        remarks = [
            f"货款 SO{order:09d}" if given and order > 0 else ""
            for order, given in zip(orders.tolist(), has_remark.tolist(), strict=True)
        ]
        at = times(rows, "received_at")
        lines = _lines(at, serials, _CREDIT, column(rows, "amount_cents"), self._payer_fields(payers), remarks)
        fees = max(round(count * rules.fee_share), 1)
        fee_at = at[np.sort(rng.integers(0, count, fees))]
        fee_lines = _lines(
            fee_at,
            [f"{path.stem[-6:]}9{number:07d}" for number in range(1, fees + 1)],
            _DEBIT,
            rng.integers(500, 20_000, fees),
            self._payer_fields(np.array([_OWN_BANK] * fees, dtype=object)),
            [_FEES[number % len(_FEES)] for number in range(fees)],
        )
        order = np.argsort(np.concatenate([at, fee_at]), kind="stable")
        everything = np.array([*lines, *fee_lines], dtype=object)[order].tolist()
        broken = np.sort(sample(rng, np.arange(1, count), rules.malformed_lines)).tolist()
        for inserted, position in enumerate(broken):
            place = position + inserted
            text = everything[place][: LINE_BYTES // 3] if inserted % 2 else "本页小计".encode(_ENCODING)
            everything.insert(place, text)
            truth.broken(SYSTEM, ENTITY, path.name, [place + 1], "wrong_width")
        path.write_bytes(b"\r\n".join(everything) + b"\r\n")
        truth.count(SYSTEM, ENTITY, rows=count + fees, receipts=count, broken_lines=len(broken), files=1)
        truth.count(SYSTEM, ENTITY, credit_cents=int(rows["amount_cents"].sum()))

    def _payers(self, rows: pd.DataFrame) -> tuple[Words, Bools]:
        """Names, and which are not the customer's own."""
        customers = self.world.company.customers.customers
        first_id = int(customers["customer_id"].iloc[0])
        position = column(rows, "customer_id") - first_id
        names = customers["name"].to_numpy(dtype=object)
        own = names[position]
        payer = rows["payer_name"].to_numpy(dtype=object)
        payer = np.where(pd.isna(payer), own, payer)
        return payer, np.asarray(payer != own, dtype=bool)

    def _payer_fields(self, payers: Words) -> list[bytes]:
        """Name, account and bank of each payer; the same payer has the same account."""
        codes, unique = pd.factorize(payers)
        banks = self.world.channels.bank.banks
        numbers = (pd.util.hash_array(unique) % np.uint64(10**_ACCOUNT_DIGITS)).tolist()
        fields = np.array(
            [
                _padded(str(name), NAME)
                + f"62{number:0{_ACCOUNT_DIGITS}d}".ljust(ACCOUNT).encode()
                + _padded(banks[number % len(banks)], BANK_NAME)
                for name, number in zip(unique.tolist(), numbers, strict=True)
            ],
            dtype=object,
        )
        chosen: list[bytes] = fields[codes].tolist()
        return chosen


def _lines(
    at: Times, serials: Sequence[str], side: str, cents: Ints, payers: Sequence[bytes], remarks: Sequence[str]
) -> list[bytes]:
    stamps = [
        text.replace("-", "").replace("T", "").replace(":", "") for text in np.datetime_as_string(at, unit="s").tolist()
    ]
    return [
        f"{stamp}{serial}{side}{amount / 100:{AMOUNT}.2f}".encode() + payer + _padded(remark, REMARK)
        for stamp, serial, amount, payer, remark in zip(stamps, serials, cents.tolist(), payers, remarks, strict=True)
    ]


def _padded(text: str, width: int) -> bytes:
    """Text of a fixed number of bytes; a character that does not fit any more is left out as a whole."""
    encoded = text.encode(_ENCODING, errors="replace")
    while len(encoded) > width:
        text = text[:-1]
        encoded = text.encode(_ENCODING, errors="replace")
    return encoded.ljust(width)
