"""Products of the demo's systems, matched by the files of the entity: right ones together, other sizes apart."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cockpit.cli import main as command
from cockpit.cli import platform
from cockpit.demo.articles import DEALERS, WAREHOUSE, article_truth, list_rows
from cockpit.demo.company import Company, generate
from cockpit.demo.profile import Scale
from tests.integration.mdm.conftest import AS_OF, LI_NA, MasterData

MODELS = ("core_product_source", "core_product", "core_product_history")


@pytest.fixture(scope="module")
def company() -> Company:
    as_of = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    return generate(Scale.SMALL, as_of, seed=7)


def staged(company: Company) -> list[dict[str, Any]]:
    """What the sources' files make of the lists."""
    rows: list[dict[str, Any]] = []
    for product in company.products.itertuples():
        shared = {"product_code": product.product_code, "name_zh": product.name_zh, "described_as": product.name_zh}
        shared |= {"category": product.category, "list_price": product.list_price_cents / 100}
        key = str(product.product_id)
        rows.append({"source": "erp", "source_key": key, "product_key": key, "name_en": product.name_en, **shared})
        code = product.product_code
        rows.append({"source": "trade_fair", "source_key": code, "product_key": code, **shared})
    for keeper in (WAREHOUSE, *DEALERS):
        for article in list_rows(company, keeper).itertuples():
            text = f"{article.name} {article.size}"
            known = {"source_key": article.key, "product_key": article.key, "local_code": article.key}
            known |= {"described_as": text, "unit": article.unit}
            if keeper == WAREHOUSE:
                names = {"source": "scm", "name_zh": article.name, "name_en": article.other_name}
                rows.append({**known, **names, "specification": article.size})
            else:
                name = "name_zh" if article.unit != "pcs" else "name_en"
                rows.append({**known, "source": "distributors", name: text})
    return rows


@pytest.fixture
def products(master: MasterData, company: Company) -> MasterData:
    master.insert("staging.stg_product", staged(company))
    master.build(*MODELS)
    return master


def golden(master: MasterData) -> dict[str, str]:
    return dict(master.query("select source || ':' || source_key, product_key from core.core_product_source"))


def test_records_of_one_product_are_one_and_other_sizes_are_others(products: MasterData, company: Company) -> None:
    truth = article_truth(company)
    found = golden(products)
    true = dict(zip(truth["system"] + ":" + truth["key"], truth["true_product_id"], strict=True))
    assert found.keys() == true.keys()

    def pairs(of: Any) -> int:
        return sum(size * (size - 1) // 2 for size in Counter(of).values())

    right = pairs((found[record], true[record]) for record in true)
    assert right == pairs(found.values()), "no pair of two products"
    recall = right / pairs(true.values())
    assert recall > 0.85
    asked = products.query(
        "select left_record, right_record from mdm.pair where entity = 'product' and outcome = 'review'"
    )
    reviewed = sum(true[one] == true[other] and found[one] != found[other] for one, other in asked)
    assert recall + reviewed / pairs(true.values()) > 0.95


def test_golden_products_have_values_and_a_past(products: MasterData) -> None:
    ((code, zh, en, price, records),) = products.query(
        "select product_code, product_name_zh, product_name_en, list_price > 0, source_record_count > 2"
        " from core.core_product where product_code = 'PT-1001'"
    )
    assert (code, zh, en, price, records) == (
        "PT-1001", "压力变送器 0.6 MPa", "Pressure transmitter 0.6 MPa", True, True,
    )  # fmt: skip
    ((count, codes),) = products.query("select count(*), count(product_code) from core.core_product")
    assert codes == 66
    assert products.query("select count(*) from core.core_product_history where valid_to is null") == [(count,)]
    assert {key[0] for key in golden(products).values()} == {"A"}


def test_the_command_is_about_products_too(
    products: MasterData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "with_database", lambda _tell: None)

    def mdm(*arguments: str) -> str:
        capsys.readouterr()
        assert command.main(["mdm", "--entity", "product", *arguments]) == 0, capsys.readouterr()
        return capsys.readouterr().out

    (pair, *_rest) = json.loads(mdm("review", "--rows", "1", "--json"))["pairs"]
    left, right = pair["left"]["record_id"], pair["right"]["record_id"]
    explained = mdm("explain", left, right)
    assert "Chinese name" in explained
    shown = mdm("show", golden(products)[left])
    assert left in shown
    mdm("merge", left, right, "--reason", "the same in the catalogue", "--by", LI_NA.name)
    products.build(*MODELS, as_of=AS_OF + timedelta(days=1))
    assert golden(products)[left] == golden(products)[right]
