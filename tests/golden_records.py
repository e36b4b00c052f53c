"""Customers of staging that are matched by a real run, and pairs beside them as the matcher writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cockpit.domain.match.model import MatchModel, Places
from cockpit.mdm import matching_run
from cockpit.mdm import pairs as pairs_of_runs
from cockpit.mdm.assign import new_id
from cockpit.mdm.clusters import Clustered, MatchingRules
from tests.integration.mdm.conftest import MasterData

CODE, OTHER_CODE, THIRD_CODE = "91310000600037341N", "91440300708461136T", "91110108551385082Q"
SCRIPT = "<script>alert(1)</script>"

CUSTOMERS: tuple[dict[str, Any], ...] = (
    # One company twice, as a person would see at once; much has been sold to it.
    {"key": "crm:1", "name": "华东仪表（上海）有限公司", "phone": "+862150801234", "email": "buy@hdyb.com.cn",
     "address": "浦东新区张江路88号", "region_code": "CN-SH", "contact_name": "李建国"},
    {"key": "erp:1", "name": "上海华东仪表有限公司", "credit_code": CODE, "phone": "+862150801234",
     "address": "上海市浦东新区张江路88号", "region_code": "CN-SH", "industry": "instruments"},
    # Likely two.
    {"key": "crm:2", "name": "北方阀门厂", "phone": "+8613800138002", "region_code": "CN-LN"},
    {"key": "erp:2", "name": "北方阀门股份有限公司", "credit_code": OTHER_CODE, "phone": "+862488776655",
     "region_code": "CN-LN"},
    # Nobody can tell, and nothing was sold.
    {"key": "erp:3", "name": SCRIPT, "region_code": "CN-GD"},
    {"key": "legacy_crm:3", "name": "南方电机", "region_code": "CN-GD"},
    # A branch and its parent.
    {"key": "erp:4", "name": "中原机械有限公司", "phone": "+8637165001000"},
    {"key": "erp:5", "name": "中原机械有限公司洛阳分公司", "phone": "+8637165001000", "parent_key": "4"},
    # Three records of one company.
    {"key": "crm:6", "name": "西部泵业", "credit_code": THIRD_CODE, "phone": "+862887654321", "industry": "pumps",
     "created_at": "2024-05-01T08:00+08:00"},
    {"key": "erp:6", "name": "四川西部泵业有限公司", "credit_code": THIRD_CODE, "region_code": "CN-SC",
     "created_at": "2023-01-01T08:00+08:00"},
    {"key": "legacy_crm:6", "name": "西部泵业(成都)", "credit_code": THIRD_CODE},
)  # fmt: skip

# Left, right, score, outcome, veto, comparisons: name, left, right, level, bits.
PAIRS: tuple[tuple[Any, ...], ...] = (
    ("crm:1", "erp:1", 0.97, "review", None, [
        ("name", "华东仪表（上海）有限公司", "上海华东仪表有限公司", "form left out", 7.4),
        ("credit_code", None, CODE, None, 0.0),
        ("phone", "+862150801234", "+862150801234", "exact", 8.2),
        ("email", "buy@hdyb.com.cn", None, None, 0.0),
        ("address", "浦东新区张江路88号", "上海市浦东新区张江路88号", "very similar", 5.1),
        ("region", "CN-SH", "CN-SH", "exact", 1.3),
    ]),
    ("crm:2", "erp:2", 0.58, "review", None, [
        ("name", "北方阀门厂", "北方阀门股份有限公司", "short name", 3.2),
        ("credit_code", None, OTHER_CODE, None, 0.0),
        ("phone", "+8613800138002", "+862488776655", "different", -2.6),
        ("region", "CN-LN", "CN-LN", "exact", 2.1),
    ]),
    ("erp:3", "legacy_crm:3", 0.51, "review", None, [
        ("name", SCRIPT, "南方电机", "different", -1.1),
        ("region", "CN-GD", "CN-GD", "exact", 1.2),
    ]),
    ("erp:4", "erp:5", 0.94, "no", "branch_and_parent", [
        ("name", "中原机械有限公司", "中原机械有限公司洛阳分公司", "short name", 3.2),
        ("phone", "+8637165001000", "+8637165001000", "exact", 7.7),
    ]),
    ("crm:6", "erp:6", 0.999, "merge", None, [
        ("name", "西部泵业", "四川西部泵业有限公司", "region left out", 4.4),
        ("credit_code", THIRD_CODE, THIRD_CODE, "exact", 14.0),
    ]),
    ("erp:6", "legacy_crm:6", 0.998, "merge", None, [
        ("name", "四川西部泵业有限公司", "西部泵业(成都)", "region left out", 4.0),
        ("credit_code", THIRD_CODE, THIRD_CODE, "exact", 14.0),
    ]),
)  # fmt: skip
GROUPS = ("core_customer_relation", "core_customer_hierarchy")
TOGETHER = ("crm:6", "erp:6", "legacy_crm:6")
ORDERS = (("erp:1", 480_000), ("crm:1", 20_000), ("erp:2", 90_000), ("crm:6", 7_000))


def golden(record: str) -> str:
    """The golden id of a record that nobody has joined to an older one."""
    return new_id("customer", "C", record)


def grouped(
    frame: pd.DataFrame,
    _rules: MatchingRules,
    _model: MatchModel | None,
    merged: Sequence[tuple[str, str]],
    apart: Sequence[tuple[str, str]],
) -> Clustered:
    """In the place of the matcher, whose judgement has tests of its own: the groups above, and what people decided."""
    records = frame["record_id"].tolist()
    group = {record: {record} for record in records}
    for one, other in [*merged, *pairwise(TOGETHER)]:
        forbidden = any((min(a, b), max(a, b)) in apart for a in group[one] for b in group[other])
        if not forbidden:
            joined = group[one] | group[other]
            group.update(dict.fromkeys(joined, joined))
    labels = np.array([min(group[record]) for record in records], dtype=object)
    pairs = pd.DataFrame(
        [(*pair[:4], json.dumps(reasons_of(pair)), "test") for pair in PAIRS], columns=list(pairs_of_runs.COLUMNS)
    )
    model = MatchModel((), 0.5, (), Places((), np.empty(0, np.int64), np.empty(0)), is_exhaustive=False, refused={})
    return Clustered(labels, ["single"] * len(records), pairs, {}, model)


def fill(master: MasterData, patch: pytest.MonkeyPatch) -> None:
    """Deliver, match, build core, and write what was compared."""
    patch.setattr(matching_run, "clusters", grouped)
    # Each run matches all: there is nothing learnt to follow a change by.
    patch.setattr(matching_run, "is_possible", lambda *_what: False)
    master.create_tables(
        [master.context.graph[name] for name in ("core_customer_source", "core_customer", "core_order")], master.context
    )
    master.deliver(*CUSTOMERS)
    master.build()
    master.build(*GROUPS)
    ids = master.ids()
    for number, (record, amount) in enumerate(ORDERS):
        master.insert(
            "core.core_order",
            [{"order_key": f"erp:{number}", "source": "erp", "source_order_key": str(number), "amount": amount,
              "net_amount": amount, "customer_key": ids[record], "region_code": "CN-SH", "line_count": 1,
              "is_cancellation": False, "status": "open", "currency": "CNY", "ordered_at": "2026-03-02",
              "ordered_date": "2026-03-02", "ordered_month": "2026-03-01", "order_number": str(number)}],
        )  # fmt: skip


def reasons_of(pair: tuple[Any, ...]) -> dict[str, Any]:
    names = ("name", "left", "right", "level", "weight")
    found = [dict(zip(names, each, strict=True)) for each in pair[5]]
    return {"total": round(sum(each["weight"] for each in found), 1), "veto": pair[4], "comparisons": found}
