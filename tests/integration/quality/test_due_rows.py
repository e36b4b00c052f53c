"""A check looks at the rows about which it can find something else, and finds what a look at all of them finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines import steps
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.stage import stage_source
from cockpit.quality.gate import GateResult
from cockpit.rulebook.workspace import load_workspace
from cockpit.warehouse import builds
from tests.conftest import Postgres
from tests.integration.quality.shop_workspace import write_shop
from tests.workspaces import WorkspaceDatabase, make_workspace_database

# Each kind of check, by what else it looks at: nothing, one other table, rows that have the same value, all rows.
SOURCE = """
    source: till
    title: Till
    title_zh: 收银
    owner: shop-keeper
    connector: sql
    connection: shop_warehouse
    entities:
      item:
        table: item
        key: [item_id]
        cursor: changed_at
        deletes: {}
        columns:
          item_id: {type: bigint, required: true, description: Item, description_zh: 商品}
          price: {type: numeric, description: Price, description_zh: 价格}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
      sale:
        table: sale
        key: [sale_id]
        cursor: changed_at
        deletes: {}
        columns:
          sale_id: {type: bigint, required: true, description: Sale, description_zh: 销售}
          item_id: {type: bigint, description: Item, description_zh: 商品}
          amount: {type: numeric, description: Amount, description_zh: 金额}
          code: {type: text, description: Code, description_zh: 编号}
          till: {type: text, description: Till, description_zh: 收银台}
          changed_at: {type: timestamp, description: Last change, description_zh: 修改时间}
        checks:
          - {id: amount_positive, expect: condition, condition: amount > 0, on_fail: quarantine,
             message: Not above zero, message_zh: 不大于零}
          - {id: amount_small, expect: between, column: amount, max: 90, on_fail: warn}
          - {id: has_till, expect: not_null, column: till, on_fail: quarantine, message: No till, message_zh: 无}
          - {id: known_item, expect: references, column: item_id, refers_to: item.item_id, on_fail: quarantine,
             message: No such item, message_zh: 无此商品}
          - {id: one_code, expect: unique, column: code, on_fail: quarantine, message: Repeated, message_zh: 重复}
          - {id: one_sale, expect: unique, columns: [item_id, amount, till], on_fail: warn}
          - id: fair_price
            expect: condition
            condition: >-
              sale_id not in (
                select sale.sale_id from staging.stg_till__sale as sale
                inner join staging.stg_till__item as item on item.item_id = sale.item_id and item.price > sale.amount
              )
            on_fail: warn
          - id: first_of_its_code
            expect: condition
            condition: code is null or sale_id = min(sale_id) over (partition by upper(code))
            on_fail: warn
          - id: not_the_largest_till
            expect: condition
            condition: >-
              till not in (
                select sale.till from staging.stg_till__sale as sale where sale.till is not null
                group by sale.till having sum(sale.amount) > 700
              )
            on_fail: warn
"""


class Shop:
    """The workspace and its source tables."""

    def __init__(self, folder: Path, connection: PgConnection) -> None:
        self._folder = folder
        self._connection = connection

    def stage(self, as_of: datetime = datetime(2026, 3, 5, tzinfo=UTC)) -> GateResult:
        """Load, type and check; returns what the checks of sales found."""
        context = run_context(load_workspace(self._folder / "workspace.yml"), as_of=as_of)
        for entity in ("item", "sale"):
            steps.load(context, "till", entity)
        _builds, results = stage_source(context, "till")
        return next(result for result in results if result.model == "stg_till__sale")

    def execute(self, statement: str, *values: object) -> list[tuple]:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def price(self, item: int, price: int) -> None:
        self.execute(
            "insert into public.item values (%s, %s, clock_timestamp()) on conflict (item_id) do update"
            " set price = excluded.price, changed_at = excluded.changed_at",
            item, price,
        )  # fmt: skip

    def sell(self, sale: int, item: int | None = 1, amount: int = 10, code: str | None = None, till: str | None = "a"):
        self.execute(
            "insert into public.sale values (%s, %s, %s, %s, %s, clock_timestamp()) on conflict (sale_id) do update"
            " set item_id = excluded.item_id, amount = excluded.amount, code = excluded.code, till = excluded.till,"
            " changed_at = excluded.changed_at",
            sale, item, amount, code, till,
        )  # fmt: skip

    def found(self) -> dict[str, list[tuple]]:
        """Everything that the newest check of sales says."""
        return {
            "results": self.execute(
                "select distinct on (rule_id) rule_id, passed, row_count, failed_count from quality.check_result"
                " where model = 'stg_till__sale' order by rule_id, checked_at desc"
            ),
            "held": self.execute("select key, rule_id from quality.quarantine where released_at is null order by 1, 2"),
            "warned": self.execute("select key, rule_id from quality.warning where gone_at is null order by 1, 2"),
            "flags": self.execute("select source_key from staging.stg_till__sale where is_quarantined order by 1"),
        }


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_due_rows")


@pytest.fixture
def shop(database: WorkspaceDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_WAREHOUSE", database.dsn("cockpit_etl"))
    write_shop(tmp_path, {"sources/till.yml": SOURCE})
    with closing(database.connect()) as connection:
        made = Shop(tmp_path, connection)
        for schema in ("ops", "raw", "staging", "core", "quality", "public"):
            made.execute(f"drop schema if exists {schema} cascade")
            made.execute(f"create schema {schema}")
        made.execute("create table public.item (item_id bigint primary key, price numeric, changed_at timestamptz)")
        made.execute(
            "create table public.sale (sale_id bigint primary key, item_id bigint, amount numeric, code text,"
            " till text, changed_at timestamptz)"
        )
        made.price(1, 5)
        for sale in range(1, 41):
            made.sell(sale, till=f"t{sale}", code=f"c{sale}")
        yield made


def test_the_first_check_looks_at_every_row_and_the_next_at_those_that_changed(shop: Shop) -> None:
    assert shop.stage().looked_at == 40
    shop.sell(7, amount=11, till="t7", code="c7")
    assert shop.stage().looked_at == 1
    assert shop.stage().skipped


def test_rows_that_failed_are_looked_at_again(shop: Shop) -> None:
    shop.sell(3, amount=0, till="t3")
    shop.stage()
    shop.sell(7, amount=11, till="t7")
    assert shop.stage().looked_at == 2
    assert shop.found()["held"] == [("3", "amount_positive")]


def test_a_row_that_stayed_is_found_when_another_repeats_it(shop: Shop) -> None:
    shop.stage()
    shop.sell(41, code="c7", till="b")
    # Row 41, 7 for its code, and both for the window.
    assert shop.stage().looked_at == 2
    assert [key for key, rule in shop.found()["held"] if rule == "one_code"] == ["41", "7"]
    shop.sell(41, code="other", till="b")
    shop.stage()
    assert shop.found()["held"] == []


def test_rows_are_found_wrong_by_a_change_in_another_table(shop: Shop) -> None:
    shop.price(2, 5)
    shop.sell(9, item=2, till="t9")
    shop.stage()
    shop.execute("delete from public.item where item_id = 2")
    shop.price(1, 11)
    shop.stage()
    found = shop.found()
    assert found["held"] == [("9", "known_item")]
    assert len([key for key, rule in found["warned"] if rule == "fair_price"]) == 39


def test_a_changed_rule_is_asked_of_every_row(shop: Shop, tmp_path: Path) -> None:
    shop.stage()
    file = tmp_path / "sources" / "till.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("max: 90", "max: 9"), encoding="utf-8")
    load_workspace.cache_clear()
    assert shop.stage().looked_at == 40
    assert len(shop.found()["warned"]) == 40


def test_rules_without_a_date_are_not_asked_again_for_the_next_day(shop: Shop) -> None:
    shop.stage()
    assert shop.stage(datetime(2026, 3, 6, tzinfo=UTC)).skipped


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_a_look_at_every_row_finds(shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    shop.stage()
    looked_at = 0
    for _round in range(6):
        for _change in range(random.randint(1, 6)):
            _change_something(shop, random)
        result = shop.stage()
        looked_at += result.looked_at
        some = shop.found()
        with monkeypatch.context() as patch:
            patch.setattr(builds, "last_check", lambda _cursor, _model: None)
            everything = shop.stage()
        assert shop.found() == some
        assert everything.changed == 0
        assert result.looked_at <= everything.looked_at
    assert looked_at < 6 * 40


def _change_something(shop: Shop, random: Random) -> None:
    sale = random.randint(1, 45)
    match random.randint(0, 4):
        case 0:
            shop.execute("delete from public.sale where sale_id = %s", sale)
        case 1:
            shop.execute("delete from public.item where item_id = %s", random.randint(1, 3))
        case 2:
            shop.price(random.randint(1, 3), random.choice([5, 20]))
        case _:
            shop.sell(
                sale,
                random.choice([1, 1, 2, 3, None]),
                random.choice([-1, 10, 20, 100, 300]),
                random.choice([None, f"c{sale}", "c7", "C7"]),
                random.choice([None, "a", f"t{sale}"]),
            )
