"""A source's columns against its contract: what is new, missing or retyped, and what the policy makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from tests.integration.sources.site import Site, described

COLUMNS = described(sale_id="bigint", shop="text", amount="numeric", changed="timestamp")


def declare(site: Site, drift: str = "warn", **columns: dict[str, Any]) -> None:
    sale = {"table": "sale", "key": ["sale_id"], "columns": {**COLUMNS, **columns}}
    site.declare("erp", "sql", {"sale": sale}, connection="shop", drift=drift)


def run(shop: PgConnection, statement: str) -> None:
    with shop.cursor() as cursor:
        cursor.execute(statement)


def changes(site: Site) -> list[tuple[Any, ...]]:
    return site.query(
        "select column_name, kind, type_before, type_now, action, suggestion from ops.schema_change order by change_id"
    )


def test_the_first_load_takes_undeclared_columns_as_they_are(site: Site, shop: PgConnection) -> None:
    declare(site, "stop")
    run(shop, "insert into sale (sale_id) values (1)")
    assert site.load("erp.sale").schema_changes == 0
    assert changes(site) == []


@pytest.mark.parametrize(("drift", "action"), [("evolve", "accepted"), ("warn", "warned")])
def test_a_new_column_is_kept_and_noted_once(site: Site, shop: PgConnection, drift: str, action: str) -> None:
    declare(site, drift)
    run(shop, "insert into sale (sale_id) values (1)")
    site.load("erp.sale")
    run(shop, "alter table sale add colour text default 'red'")
    assert [site.load("erp.sale").schema_changes for _load in range(2)] == [1, 0]
    assert site.raw("erp__sale")[0][1]["colour"] == "red"
    assert changes(site) == [("colour", "new", None, "text", action, None)]


def test_a_renamed_column_stops_its_source_and_names_both_names(site: Site, shop: PgConnection) -> None:
    declare(site, "stop")
    run(shop, "insert into sale (sale_id, shop) values (1, 'a')")
    site.load("erp.sale")
    run(shop, "alter table sale rename shop to shop_name")
    for _try in range(2):
        with pytest.raises(TerminalError) as caught:
            site.load("erp.sale")
        assert "erp.sale: the column shop is missing" in str(caught.value)
        assert "synonyms: [shop_name]" in str(caught.value)
    assert changes(site) == [
        ("shop", "missing", "text", None, "stopped", "shop_name"),
        ("shop_name", "new", None, "text", "stopped", None),
    ]
    assert site.query("select count(*) from ops.import_batch") == [(1,)]
    declare(site, "stop", shop={**COLUMNS["shop"], "synonyms": ["shop_name"]})
    assert site.load("erp.sale").loaded == 1


def test_a_missing_column_that_nothing_needs_is_noted_and_noted_when_it_is_back(site: Site, shop: PgConnection) -> None:
    declare(site)
    run(shop, "insert into sale (sale_id, shop) values (1, 'a')")
    site.load("erp.sale")
    run(shop, "alter table sale drop shop")
    site.load("erp.sale")
    site.load("erp.sale")
    run(shop, "alter table sale add shop text")
    site.load("erp.sale")
    assert changes(site) == [
        ("shop", "missing", "text", None, "warned", None),
        ("shop", "returned", None, "text", "warned", None),
    ]


@pytest.mark.parametrize("drift", ["evolve", "warn", "stop"])
@pytest.mark.parametrize(
    "column",
    [pytest.param("sale_id", id="key"), pytest.param("amount", id="required")],
)
def test_a_column_without_which_no_row_is_right_stops_under_every_policy(
    site: Site, shop: PgConnection, drift: str, column: str
) -> None:
    declare(site, drift, amount={**COLUMNS["amount"], "required": True})
    run(shop, "insert into sale (sale_id, amount) values (1, 1)")
    site.load("erp.sale")
    run(shop, f"alter table sale rename {column} to renamed")
    with pytest.raises(TerminalError, match=f"the column {column} is missing"):
        site.load("erp.sale")
    assert changes(site)[0][:2] == (column, "missing")
    assert changes(site)[0][4] == "stopped"


def test_a_retyped_column_is_noted(site: Site, shop: PgConnection) -> None:
    declare(site)
    run(shop, "insert into sale (sale_id, shop) values (1, '7')")
    site.load("erp.sale")
    run(shop, "alter table sale alter shop type integer using cast(shop as integer)")
    site.load("erp.sale")
    assert changes(site) == [("shop", "retyped", "text", "integer", "warned", None)]
    declare(site, "stop")
    run(shop, "alter table sale alter shop type text using cast(shop as text)")
    with pytest.raises(TerminalError, match="the column shop has changed its type from integer to text"):
        site.load("erp.sale")


def test_what_is_written_about_a_change_stays(site: Site, shop: PgConnection) -> None:
    declare(site)
    run(shop, "insert into sale (sale_id) values (1)")
    site.load("erp.sale")
    run(shop, "alter table sale drop shop")
    site.load("erp.sale")
    with pytest.raises(Exception, match="written once and never changed"):
        site.query("delete from ops.schema_change")
