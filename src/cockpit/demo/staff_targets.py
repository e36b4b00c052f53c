"""Monthly targets of the organisation's units by kind: signed, invoiced, received."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.draw import Stream, generator
from cockpit.demo.people import COMPANY, TEAM
from cockpit.demo.profile_finance import FinanceFile

KINDS = ("signed", "invoiced", "received")

_CENTS = 100


def make_staff_targets(
    rules: FinanceFile, org_units: pd.DataFrame, region_targets: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Split the regions' targets over their teams and add them up again to the top.

    Args:
        rules: How the other kinds relate to the received money.
        org_units: The tree; teams have a `share` of their region.
        region_targets: Targets of receipts per region_code and month, `amount_cents`.
        seed: Equal seeds give equal tables.

    Returns:
        Grain: one row per org_unit_code, month (first day) and kind, amounts with tax; a unit's target is the sum of
        its children's. Columns `amount_cents`, `updated_at`.
    """
    rng = generator(seed, Stream.STAFF_TARGETS)
    teams = org_units[org_units["level"] == TEAM][["org_unit_code", "region_code", "share"]]
    leaves = region_targets.merge(teams, on="region_code").sort_values(["org_unit_code", "month"])
    step = rules.staff_targets.rounding * _CENTS
    factors = {
        "signed": rng.uniform(rules.staff_targets.signed.min, rules.staff_targets.signed.max, len(leaves)),
        "invoiced": rng.uniform(rules.staff_targets.invoiced.min, rules.staff_targets.invoiced.max, len(leaves)),
        "received": np.ones(len(leaves)),
    }
    wanted = leaves["amount_cents"].to_numpy() * leaves["share"].to_numpy()
    level = pd.concat(
        [
            leaves[["org_unit_code", "month", "updated_at"]].assign(
                kind=kind, amount_cents=(np.maximum(np.round(wanted * factors[kind] / step), 1) * step).astype(np.int64)
            )
            for kind in KINDS
        ]
    )
    parent = dict(zip(org_units["org_unit_code"], org_units["parent_code"], strict=True))
    (top,) = org_units.loc[org_units["level"] == COMPANY, "org_unit_code"]
    levels = [level]
    while set(level["org_unit_code"]) != {top}:
        above = level.assign(org_unit_code=level["org_unit_code"].map(parent))
        level = above.groupby(["org_unit_code", "month", "kind"], as_index=False).agg(
            amount_cents=("amount_cents", "sum"), updated_at=("updated_at", "max")
        )
        levels.append(level)
    return pd.concat(levels, ignore_index=True)
