"""What is read out of a model's SQL, and what it becomes with values and for some keys."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.errors import RuleFileError
from cockpit.warehouse.sql_text import parse_expression, parse_query


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        pytest.param("select a.x from core.a as a", {"core.a"}, id="table"),
        pytest.param("with a as (select b.x from core.b as b) select a.x from a", {"core.b"}, id="CTE is no table"),
        pytest.param("with a as (select b.x from core.b as b), c as (select a.x from a) select c.x from c", {"core.b"}, id="CTE reads a CTE"),
        pytest.param("with a as (select a.x from core.a as a) select a.x from a", {"core.a"}, id="CTE with the name of its table"),
        pytest.param("with recursive a as (select 1 as x union all select a.x + 1 from a) select a.x from a", set(), id="recursive CTE"),
        pytest.param("select s.x from (with q as (select b.x from core.b as b) select q.x from q) as s", {"core.b"}, id="CTE of a subquery"),
        pytest.param("select a.x from core.a as a where exists (select from core.b as b where b.x = a.x)", {"core.a", "core.b"}, id="subquery"),
        pytest.param("select a.x from core.a as a union all select b.x from staging.b as b", {"core.a", "staging.b"}, id="union"),
        pytest.param("select a.x from core.a as a, lateral (select b.y from core.b as b where b.x = a.x) as l", {"core.a", "core.b"}, id="lateral"),
        pytest.param("select g.x from generate_series(1, 2) as g (x)", set(), id="function"),
    ],
)  # fmt: skip
def test_tables_that_are_read(sql: str, reads: set[str]) -> None:
    assert parse_query(sql, "m.sql").reads == reads


def test_columns_and_parameters() -> None:
    query = parse_query(
        "select a.x, cast(:as_of as date) as day, ':not_one' as text, a.y::text as y -- :nor_this\nfrom core.a as a"
        " where a.z < :threshold",
        "m.sql",
    )
    assert query.columns == ("x", "day", "text", "y")
    assert query.parameters == {"as_of", "threshold"}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        pytest.param("select x\nfrom core.a as a\nwhere (x = ", r"m\.sql:3: SQL is not readable: ", id="not SQL"),
        pytest.param("select 'x as y", r"m\.sql:1: SQL is not readable: ", id="open quote"),
        pytest.param("", r"m\.sql:1: a model is exactly one select statement, which only reads$", id="nothing"),
        pytest.param("select 1 as x; select 2 as x", r"m\.sql:1: a model is exactly one select", id="two statements"),
        pytest.param("delete from core.a", r"m\.sql:1: a model is exactly one select", id="delete"),
        pytest.param("with d as (delete from core.a returning x) select d.x from d", r"which only reads$", id="delete in a CTE"),
        pytest.param("select a.x into core.b from core.a as a", r"which only reads$", id="select into"),
        pytest.param("select a.x from core.a as a for update", r"which only reads$", id="row locks"),
        pytest.param("select * from core.a as a", r"m\.sql:1: the final select must give every column a name of its own \(found '\*'; allowed: expr as name\)$", id="star"),
        pytest.param("select a.* from core.a as a", r"found '\*'", id="star of a table"),
        pytest.param("select a.x, count(*) from core.a as a", r"found 'x, '", id="no name"),
        pytest.param("select a.x, a.y as x from core.a as a", r"found 'x, x'", id="one name twice"),
        pytest.param("select a.x from a", r"m\.sql:1: table a has no schema \(allowed: staging\., core\., marts\.\)$", id="no schema"),
        pytest.param("select q.x from q, (with q as (select 1 as x) select q.x from q) as s", r"table q has no schema", id="CTE of somewhere else"),
        pytest.param("select core.a.x from core.a", r"m\.sql:1: column core\.a\.x is named by its schema\. Give the table an alias", id="column by schema"),
    ],
)  # fmt: skip
def test_sql_that_is_refused(sql: str, message: str) -> None:
    with pytest.raises(RuleFileError, match=message):
        parse_query(sql, "m.sql")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("CNY", "'CNY'"),
        ("x'; drop table core.a; --", "'x''; drop table core.a; --'"),
        ("a\\", "'a\\'"),
        ("华星", "'华星'"),
        (0.8, "0.8"),
        (-5, "-5"),
        (date(2026, 3, 5), "CAST('2026-03-05' AS DATE)"),
        (datetime(2026, 3, 5, 1, 30, tzinfo=UTC), "CAST('2026-03-05T01:30:00+00:00' AS TIMESTAMPTZ)"),
    ],
    ids=str,
)
def test_values_are_quoted(value: str, text: str) -> None:
    assert parse_query("select :v as v from core.a as a", "m.sql").render({"v": value}) == (
        f"SELECT {text} AS v FROM core.a AS a"
    )
    assert parse_expression("x > :v", "m.yml").render({"v": value}) == f"x > {text}"


@given(st.text())
def test_no_text_leaves_its_quotes(value: str) -> None:
    rendered = parse_query("select :v as v from core.a as a", "m.sql").render({"v": value})
    quoted = re.fullmatch(r"SELECT '(.*)' AS v FROM core\.a AS a", rendered, re.DOTALL)
    assert quoted is not None
    # PostgreSQL reads a doubled quote as one and, with standard strings, nothing else in any other way.
    assert quoted[1].replace("''", "").count("'") == 0
    assert quoted[1].replace("''", "'") == value


AFFECTED = "(SELECT * FROM core.a WHERE (x, y) IN (SELECT key_1, key_2 FROM pg_temp.affected))"


@pytest.mark.parametrize(
    ("sql", "narrowed"),
    [
        pytest.param("select b.z from core.a as b", f"SELECT b.z FROM {AFFECTED} AS b", id="alias"),
        pytest.param("select a.z from core.a", f"SELECT a.z FROM {AFFECTED} AS a", id="no alias"),
        pytest.param("select b.z from core.a as b left join core.a as c on b.x = c.x", f"SELECT b.z FROM {AFFECTED} AS b LEFT JOIN {AFFECTED} AS c ON b.x = c.x", id="both sides of a join"),
        pytest.param("with a as (select t.z from core.a as t) select a.z from a", f"WITH a AS (SELECT t.z FROM {AFFECTED} AS t) SELECT a.z FROM a", id="within a CTE of the same name"),
        pytest.param("select c.z from core.c as c where c.z in (select a.z from core.a as a)", f"SELECT c.z FROM core.c AS c WHERE c.z IN (SELECT a.z FROM {AFFECTED} AS a)", id="subquery, others stay"),
    ],
)  # fmt: skip
def test_only_affected_keys_are_read(sql: str, narrowed: str) -> None:
    query = parse_query(sql, "m.sql")
    assert query.render_for_keys({}, {"core.a": (("x", "y"), "pg_temp.affected")}) == narrowed
    assert "affected" not in query.render({})


def test_each_table_is_narrowed_by_its_own_columns() -> None:
    query = parse_query("select a.z from core.a as a join core.b as b on a.z = b.z where a.d < :d", "m.sql")
    keys = {"core.a": (("x",), "pg_temp.affected"), "core.b": (("y",), "pg_temp.affected")}
    assert query.render_for_keys({"d": date(2026, 1, 1)}, keys) == (
        "SELECT a.z FROM (SELECT * FROM core.a WHERE (x) IN (SELECT key_1 FROM pg_temp.affected)) AS a"
        " JOIN (SELECT * FROM core.b WHERE (y) IN (SELECT key_1 FROM pg_temp.affected)) AS b ON a.z = b.z"
        " WHERE a.d < CAST('2026-01-01' AS DATE)"
    )


def test_a_condition_says_what_it_looks_at() -> None:
    condition = parse_expression("abs(amount - quantity) <= 0.01 and ordered_at < :as_of", "erp.yml")
    assert condition.columns == {"amount", "quantity", "ordered_at"}
    assert condition.parameters == {"as_of"}


@pytest.mark.parametrize("text", ["a >", "", "a, b", "1; drop table core.a", "select 1"], ids=repr)
def test_conditions_that_are_refused(text: str) -> None:
    with pytest.raises(RuleFileError, match=r"^erp\.yml:1: SQL condition is not readable"):
        parse_expression(text, "erp.yml")
