"""The customers of all systems as one list with known truth, for measuring how well records are matched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from cockpit.demo.channels.legacy_crm import draw_legacy_customers
from cockpit.demo.channels.profile import load_channels
from cockpit.demo.channels.world import World, texts
from cockpit.demo.company import Company, describe
from cockpit.demo.crm.accounts import make_accounts
from cockpit.demo.crm.profile import load_crm
from cockpit.demo.draw import Stream, generator
from cockpit.demo.profile import Scale, load_profile
from cockpit.demo.profile_groups import load_groups
from cockpit.demo.traps import trap_pairs

ERP, CRM, LEGACY = "erp", "crm", "legacy_crm"

# The sample does not depend on when it is drawn.
_AS_OF = datetime(2026, 9, 15, 6, tzinfo=UTC)
# ERP customers of 1,000 records: the CRM then has about 1,290 per 1,000 customers and the old CRM the rest.
_ERP_SHARE = 0.386

_TEXTS = (
    "name",
    "former_name",
    "credit_code",
    "phone",
    "email",
    "website",
    "address",
    "region_code",
    "contact_name",
)


@dataclass(frozen=True)
class MatchingSample:
    """Customer records and which of them are one company.

    Attributes:
        records: Grain: one row per record: record_id (`source:key`), source, name, former_name, credit_code, phone,
            email, website, address, region_code, contact_name (texts as the source has them; null), created_at (local).
        truth: Grain: one row per record, in the same order: record_id, true_customer_id.
        traps: Grain: one row per pair of records with near names that are different companies: left, right, kind.
    """

    records: pd.DataFrame
    truth: pd.DataFrame
    traps: pd.DataFrame


def customer_records(count: int, seed: int) -> MatchingSample:
    """The customer records of ERP, CRM and old CRM of a company that has this many.

    Args:
        count: Records of all systems together, at least 1,000.
        seed: Not negative; equal counts and seeds give equal samples.

    Raises:
        ValueError: fewer records.
    """
    if count < 1000:
        raise ValueError(f"{count} records are too few to hold every kind of dirt; at least 1000")
    company = describe(load_profile(), Scale.SMALL, round(_ERP_SHARE * count), _AS_OF, seed)
    accounts = make_accounts(company, load_crm())
    parts = [_erp(company), _crm(accounts.accounts, accounts.clusters)]
    legacy_count = count - sum(len(part) for part in parts)
    drawn = draw_legacy_customers(
        generator(seed, Stream.LEGACY_CRM), World(company, load_channels()), legacy_count
    ).records
    parts.append(_records(LEGACY, drawn["key"], drawn["true_customer_id"].to_numpy(), drawn))
    everything = pd.concat(parts, ignore_index=True)
    truth = everything[["record_id", "true_customer_id"]].copy()
    traps = trap_pairs(
        generator(seed, Stream.TRAPS),
        load_groups().traps.by_chance_share,
        accounts.companies,
        company.customers.neighbours,
        everything[["source", "record_id", "true_customer_id"]].rename(columns={"record_id": "key"}),
    )
    return MatchingSample(
        records=everything.drop(columns="true_customer_id"),
        truth=truth,
        traps=traps[["left_key", "right_key", "kind"]].rename(columns={"left_key": "left", "right_key": "right"}),
    )


def _erp(company: Company) -> pd.DataFrame:
    customers, clusters = company.customers.customers, company.customers.clusters
    return _records(ERP, customers["customer_id"], clusters["true_customer_id"].to_numpy(), customers)


def _crm(accounts: pd.DataFrame, clusters: pd.DataFrame) -> pd.DataFrame:
    return _records(CRM, accounts["account_id"], clusters["true_customer_id"].to_numpy(), accounts)


def _records(source: str, keys: pd.Series, true_ids: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """Records of one source; a field that it does not have is null."""
    count = len(rows)
    return pd.DataFrame(
        {
            "record_id": source + ":" + keys.astype(str).to_numpy(dtype=object),
            "source": np.full(count, source, dtype=object),
            **{name: _texts(rows, name, count) for name in _TEXTS},
            "created_at": rows["created_at"].to_numpy(),
            "true_customer_id": true_ids,
        }
    )


def _texts(rows: pd.DataFrame, name: str, count: int) -> pd.Series:
    if name not in rows:
        return pd.Series([None] * count, dtype=object)
    # Without a type of its own a column of texts would hold NaN for null.
    return pd.Series(texts(rows[name]), dtype=object)
