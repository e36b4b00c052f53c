"""A wrong rule file is refused with its line, what was found, what is allowed and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cockpit.errors import RuleFileError
from cockpit.rulebook.contract import Contract, load_contract
from cockpit.rulebook.files import load
from cockpit.rulebook.sources import load_source
from cockpit.rulebook.workspace import WorkspaceFile

CONTRACT = """\
table: core_thing
description: Things
description_zh: 东西
grain: [thing_key]
owner: platform
columns:
  thing_key: {type: text, description: Key, description_zh: 主键}
"""
CONTRACT_KEYS = ", ".join(sorted(Contract.model_fields))
EXPECTATIONS = "'not_null', 'unique', 'between', 'in_set', 'matches', 'condition', 'references' or 'row_count_change'"
QUOTE = "Correct this line; quote texts that contain ':' or '#'."


def refusal(path: Path, text: str | bytes, read: object = load_contract) -> str:
    """The message for a file of this content, without its folder."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RuleFileError) as error:
        read(path)  # type: ignore[operator]
    assert error.value.exit_code == 3
    return str(error.value).replace(f"{path.parent}/", "")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COCKPIT_LANG", "en")
    return tmp_path / "core_thing.yml"


def test_a_right_file_is_read(file: Path) -> None:
    file.write_text(CONTRACT, encoding="utf-8")
    contract = load_contract(file)
    assert (contract.table, contract.grain, contract.columns["thing_key"].type) == (
        "core_thing",
        ("thing_key",),
        "text",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"table: a\ndescription: \xff\n", "2: is not UTF-8 (allowed: UTF-8). Save the file as UTF-8.", id="not UTF-8"),
        pytest.param("a: 1\nb: [\n", f"3: is not valid YAML: expected the node content, but found '<stream end>'. {QUOTE}", id="not YAML"),
        pytest.param("a: b: c\n", f"1: is not valid YAML: mapping values are not allowed here. {QUOTE}", id="colon in a text"),
        pytest.param("a: 1\nb: 2\n\na: 3\n", f"4: is not valid YAML: the key 'a' is given twice. {QUOTE}", id="key given twice"),
        pytest.param("a:\n  b: 1\n  b: 2\n", f"3: is not valid YAML: the key 'b' is given twice. {QUOTE}", id="inner key given twice"),
        pytest.param("a: 1\nb: 2026-13-01\n", f"2: is not valid YAML: 2026-13-01 is no date or number; quote it if it is a text. {QUOTE}", id="thirteenth month"),
        pytest.param("a: 1\n? [x]\n: 2\n", f"2: is not valid YAML: a key has to be a text. {QUOTE}", id="a list as key"),
        pytest.param("a: 1\nb: \x07\n", f"2: is not valid YAML: it holds a control character. {QUOTE}", id="control character"),
        pytest.param("a: &a [*a]\n", f"1: is not valid YAML: its parts hold each other, or too many others. {QUOTE}", id="parts in a circle"),
        pytest.param("[" * 5000, f"1: is not valid YAML: its parts hold each other, or too many others. {QUOTE}", id="too deep"),
        pytest.param("a: 1\n---\nb: 2\n", f"2: is not valid YAML: but found another document. {QUOTE}", id="two documents"),
        pytest.param("a: !!python/name:os.system ''\n", f"1: is not valid YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'. {QUOTE}", id="code"),
        pytest.param("", "1: table: is missing. Add 'table: ...'.", id="empty"),
        pytest.param("# only a comment\n", "1: table: is missing. Add 'table: ...'.", id="comment"),
        pytest.param("- a\n", "1: core_thing: is not a mapping of keys to values (found ['a'])", id="a list"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_mapping(file: Path, text: str | bytes, message: str) -> None:
    assert refusal(file, text) == f"core_thing.yml:{message}"


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        pytest.param("owner: platform\n", "", "1: owner: is missing. Add 'owner: ...'.", id="missing key"),
        pytest.param("owner:", "ower:", f"5: ower: is not a known key (found 'platform'; allowed: {CONTRACT_KEYS})", id="mistyped key"),
        pytest.param("{type: text, ", "{", "7: columns.thing_key.type: is missing. Add 'type: ...'.", id="missing inner key"),
        pytest.param("{type:", "{kind: x, type:", "7: columns.thing_key.kind: is not a known key (found 'x'; allowed: class, description, description_zh, mask, nullable, type, unit)", id="unknown inner key"),
        pytest.param("[thing_key]", "thing_key", "4: grain: is not a list (found 'thing_key')", id="a text for a list"),
        pytest.param("[thing_key]", "[]", "4: grain: has too few entries (found [])", id="an empty list"),
        pytest.param("platform", "7", "5: owner: is not a text; quote it (found 7)", id="a number for a text"),
        pytest.param("platform", "p", "5: owner: is too short or too long (found 'p')", id="too short"),
        pytest.param("core_thing", "Core thing", "1: table: is not of the right form (found 'Core thing'; allowed: pattern ^[a-z][a-z0-9_]{0,62}$)", id="wrong form"),
        pytest.param("core_thing", "core_other", "1: table differs from the file's name (found 'core_other'; allowed: core_thing)", id="name of the file differs"),
        pytest.param("[thing_key]", "[thing]", "4: grain: names thing, which is not in columns (allowed: thing_key)", id="grain of an unknown column"),
        pytest.param("  thing_key:", "  'thing key': {type: text, description: Key, description_zh: 键}\n  thing_key:", "7: columns.thing key: is not of the right form (allowed: ^[a-z][a-z0-9_]{0,62}$)", id="column that SQL cannot name"),
    ],
)  # fmt: skip
def test_a_contract_that_does_not_fit(file: Path, found: str, put: str, message: str) -> None:
    assert refusal(file, CONTRACT.replace(found, put, 1)) == f"core_thing.yml:{message}"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param("materialised: tabel", "8: materialised: has a value that is not known (found 'tabel'; allowed: 'table', 'incremental' or 'view')", id="unknown value"),
        pytest.param("materialised: incremental", "8: materialised: 'materialised: incremental' and the key 'incremental' go together", id="incremental without keys"),
        pytest.param("incremental: {key: [thing_key], reads: {staging.stg_a: [a]}}", "8: incremental: 'materialised: incremental' and the key 'incremental' go together", id="keys without incremental"),
        pytest.param("materialised: incremental\nincremental:\n  key: [thing_key]\n  reads:\n    staging.stg_a: [a, b]", "12: incremental.reads.staging.stg_a: has 2 columns, the key has 1", id="keys of different length"),
        pytest.param("materialised: incremental\nincremental: {key: [x], reads: {staging.stg_a: [x]}}", "9: incremental.key: names x, which is not in columns (allowed: thing_key)", id="incremental by an unknown column"),
        pytest.param("row_scope: {team: thing_key}", "8: row_scope.team: is not a known key (found 'thing_key'; allowed: business_unit, customer, everybody, region, rep)", id="unknown scope"),
        pytest.param("row_scope: {region: region_code}", "8: row_scope: names region_code, which is not in columns (allowed: thing_key)", id="scope by an unknown column"),
        pytest.param("indexes:\n  - [thing_key]\n  - [other]", "8: indexes: names other, which is not in columns (allowed: thing_key)", id="index on an unknown column"),
        pytest.param("built_by: a.b:c", "8: built_by: needs 'reads': the tables that the function reads", id="function without reads"),
        pytest.param("built_by: a.b.c\nreads: [a.b]", "8: built_by: is not of the right form (found 'a.b.c'; allowed: pattern ^[a-z_.]+:[a-z_]+$)", id="no function"),
        pytest.param("parameters: [business_date]", "8: parameters: is for built_by; the parameters of an SQL model are found in its SQL", id="parameters without a function"),
        pytest.param("reads: [staging.stg_a]", "8: reads: is for built_by; the tables of an SQL model are found in its SQL", id="reads without a function"),
        pytest.param("checks:\n  - {expect: sum, column: thing_key}", f"9: checks.0.expect: has a value that is not known (found 'sum'; allowed: {EXPECTATIONS})", id="unknown check"),
        pytest.param("checks:\n  - {expect: not_null, column: thing_key}\n  - {expect: not_null}", "10: checks.1.expect: not_null needs column", id="check without its column"),
        pytest.param("checks:\n  - {expect: between, column: thing_key}", "9: checks.0.expect: between needs column and min or max", id="between without limits"),
        pytest.param("checks:\n  - {expect: condition, condition: 'a > 1'}", "9: checks.0.expect: condition needs condition and id", id="condition without id"),
        pytest.param("checks:\n  - {expect: not_null, column: other}", "8: checks: names other, which is not in columns (allowed: thing_key)", id="check of an unknown column"),
        pytest.param("checks:\n  - expect: not_null\n    column: thing_key\n    on_fail: quarantine\n    message: Key is missing", "11: checks.0.on_fail: a check that quarantines rows needs message and message_zh for the row's owner", id="quarantine without a message"),
        pytest.param("checks:\n  - {expect: row_count_change, max_ratio: -1}", "9: checks.0.max_ratio: is outside the allowed range (found -1; allowed: > 0.0)", id="out of range"),
        pytest.param("checks:\n  - {expect: row_count_change, max_ratio: many}", "9: checks.0.max_ratio: is not a number of the right kind (found 'many')", id="not a number"),
    ],
)  # fmt: skip
def test_keys_that_do_not_fit_each_other(file: Path, lines: str, message: str) -> None:
    assert refusal(file, f"{CONTRACT}{lines}\n") == f"core_thing.yml:{message}"


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(RuleFileError) as error:
        load_contract(file)
    assert str(error.value) == (f"{file}:1: cannot be read: No such file or directory. Restore the file or its rights.")


def test_a_folder_instead_of_a_file(file: Path) -> None:
    file.mkdir()
    with pytest.raises(RuleFileError, match=r"core_thing\.yml:1: cannot be read: Is a directory\. Restore"):
        load_contract(file)


def test_the_message_is_in_the_readers_language(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_LANG", "zh")
    assert "owner: 缺失" in refusal(file, CONTRACT.replace("owner: platform\n", ""))


WORKSPACE = """\
workspace: one
title: One
title_zh: 一
warehouse: warehouse
sources: sources
models: models
currency: CNY
time_zone: Asia/Shanghai
"""


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        pytest.param("Asia/Shanghai", "Asia/Shanghia", "8: time_zone: Asia/Shanghia is no IANA time zone such as Asia/Shanghai", id="unknown zone"),
        pytest.param("Asia/Shanghai", "../etc/passwd", "8: time_zone: ../etc/passwd is no IANA time zone such as Asia/Shanghai", id="a path for a zone"),
        pytest.param("CNY", "RMB元", "7: currency: is not of the right form (found 'RMB元'; allowed: pattern ^[A-Z]{3}$)", id="unknown currency"),
        pytest.param("workspace: one", "workspace: '../one'", "1: workspace: is not of the right form (found '../one'; allowed: pattern ^[a-z][a-z0-9_]{0,62}$)", id="a path for a name"),
    ],
)  # fmt: skip
def test_a_workspace_that_does_not_fit(file: Path, found: str, put: str, message: str) -> None:
    text = WORKSPACE.replace(found, put)
    assert refusal(file, text, lambda path: load(path, WorkspaceFile)) == f"core_thing.yml:{message}"


SOURCE = """\
source: erp
title: ERP
title_zh: ERP
owner: sales
connector: sql
connection: erp
entities:
  sale:
    table: sale
    key: [sale_id]
    columns:
      sale_id: {type: bigint, description: Sale, description_zh: 销售}
"""


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        pytest.param("connector: sql", "connector: ftp", "5: connector: has a value that is not known (found 'ftp'; allowed: 'sql', 'file', 'form', 'log' or 'rest')", id="unknown connector"),
        pytest.param("connector: sql\n", "", "1: connector: is missing. Add 'connector: ...'.", id="no connector"),
        pytest.param("type: bigint", "type: int", "12: entities.sale.columns.sale_id.type: has a value that is not known (found 'int'; allowed: 'text', 'bigint', 'integer', 'numeric', 'date', 'timestamp' or 'boolean')", id="unknown type"),
        pytest.param("[sale_id]", "[id]", "10: entities.sale.key: names id, which is not in columns (allowed: sale_id)", id="key is no column"),
        pytest.param("      sale_id:", "      Sale-No: {type: text, description: Number, description_zh: 号}\n      sale_id:", "12: entities.sale.columns.Sale-No: needs a 'name' of our own: lower case, digits, '_'", id="name that SQL cannot use"),
        pytest.param("      sale_id:", "      number: {name: sale_id, type: text, description: Number, description_zh: 号}\n      sale_id:", "11: entities.sale.columns: two columns have the name sale_id", id="two of one name"),
        pytest.param("table: sale", "table: sale; drop table sale", "9: entities.sale.table: is not of the right form (found 'sale; drop table sale'; allowed: pattern ^[A-Za-z_][\\w$]*(\\.[A-Za-z_][\\w$]*)?$)", id="more than a table"),
    ],
)  # fmt: skip
def test_a_source_that_does_not_fit(file: Path, found: str, put: str, message: str) -> None:
    assert refusal(file, SOURCE.replace(found, put, 1), load_source) == f"core_thing.yml:{message}"


# Enough of YAML's signs for hypothesis to find its corners.
YAML_TEXT = st.text(st.sampled_from("ab1-:,.[]{}&*!?|>'\"#%@` \n\t\x00é中~<=_0"), max_size=60)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60) | YAML_TEXT | st.binary(max_size=60))
@example(text="a: 0o9")
@example(text="a: 1:60:99")
@example(text="- !!timestamp x")
@example(text="<<: 1")
@example(text="a: !!set {[x]: y}")
def test_whatever_the_file_holds_only_a_rule_file_error_comes_out(text: str | bytes, file: Path) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(RuleFileError, match=r"core_thing\.yml:\d+: "):
        load(file, Contract)
