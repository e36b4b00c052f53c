"""What a source file of a web API may say, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.errors import RuleFileError
from cockpit.rulebook.sources import RestSource, load_source
from cockpit.rulebook.sources.rest import CursorPages, HmacAuth, NoAuth, OnePage

SOURCE = """\
source: scm
title: Supply chain
title_zh: 供应链
owner: logistics
connector: rest
connection: scm_api
auth: {kind: hmac, key_id_header: X-Key-Id, sign: [method, path, query, timestamp]}
rate_per_minute: 600
time_zone: Asia/Shanghai
entities:
  shipment:
    path: v1/shipments
    params: {status: all, with: [lines, carrier]}
    records: data.items
    page: {kind: cursor, next: data.next, size_param: limit, size: 200}
    since_param: updated_from
    is_sorted: true
    key: [shipment_id]
    cursor: updated_at
    overlap: PT10M
    deletes: {max_share: 0.1}
    keys_path: v1/shipment-ids
    columns:
      shipment_id: {type: text, required: true, description: Number, description_zh: 编号}
      updated_at: {type: timestamp, description: Time of change, description_zh: 修改时间}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "scm.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_source_is_read(tmp_path: Path) -> None:
    source = load_source(write(tmp_path, SOURCE))
    assert isinstance(source, RestSource)
    shipment = source.entities["shipment"]
    assert isinstance(source.auth, HmacAuth)
    assert source.auth.sign == ("method", "path", "query", "timestamp")
    assert shipment.page == CursorPages(kind="cursor", next="data.next", size_param="limit", size=200)
    assert shipment.params == {"status": "all", "with": ("lines", "carrier")}


def test_little_is_needed(tmp_path: Path) -> None:
    lines = [line for line in SOURCE.splitlines() if not line.startswith(("auth", "rate", "time"))]
    wanted = ("path: ", "key: ", "columns", "  shipment_id: ", "  updated_at: ")
    entity = [line for line in lines[7:] if line.strip().startswith(tuple(each.strip() for each in wanted))]
    source = load_source(write(tmp_path, "\n".join([*lines[:6], "entities:", "  shipment:", *entity])))
    assert isinstance(source, RestSource)
    assert isinstance(source.auth, NoAuth)
    assert isinstance(source.entities["shipment"].page, OnePage)


HMAC = "kind: hmac, key_id_header: X-Key-Id, sign: [method, path, query, timestamp]"
PAGE = "kind: cursor, next: data.next, size_param: limit, size: 200"


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        pytest.param("kind: cursor", "kind: links",
            "15: entities.shipment.page.kind: has a value that is not known (found 'links'; allowed: 'none', 'offset', 'page',"
            " 'cursor', 'link', 'next_url')", id="unknown kind of page"),
        pytest.param("kind: cursor, ", "", "15: entities.shipment.page.kind: is missing. Add 'kind: ...'.", id="page without kind"),
        pytest.param("size: 200", "sise: 200",
            "15: entities.shipment.page.sise: is not a known key (found 200; allowed: has_more, kind, max_pages, next, param, size,"
            " size_param)", id="unknown key of a page"),
        pytest.param("next: data.next, ", "", "15: entities.shipment.page.next: is missing. Add 'next: ...'.", id="page without token"),
        pytest.param("next: data.next", "next: data..next",
            r"15: entities.shipment.page.next: is not of the right form (found 'data..next'; allowed: pattern ^$|^[^.\s]+(\.[^.\s]+)*$)",
            id="path that is none"),
        pytest.param(", size: 200", "", "15: entities.shipment.page.size_param: 'size' and 'size_param' go together", id="size alone"),
        pytest.param("kind: hmac", "kind: digest",
            "7: auth.kind: has a value that is not known (found 'digest'; allowed: 'none', 'basic', 'bearer', 'api_key', 'oauth2',"
            " 'hmac')", id="unknown kind of auth"),
        pytest.param(HMAC, "kind: bearer, token: abc",
            "7: auth.token: is not a known key (found 'abc'; allowed: credential, kind, prefix)", id="secret in the file"),
        pytest.param("query, timestamp]", "query]",
            "7: auth.sign: needs 'timestamp' or 'nonce': a signature must not serve twice", id="signature that can be replayed"),
        pytest.param("query, timestamp]", "nonce]",
            "7: auth.nonce_header: 'nonce' is signed but no header carries it", id="nonce that is not told"),
        pytest.param("auth: {", "headers: {authorization: Bearer abc}\nauth: {",
            "7: headers.authorization: holds a secret; put it into the connection and say 'auth'", id="secret header"),
        pytest.param("auth: {", "headers: {X-A: \"a\\nb\"}\nauth: {", "7: headers.X-A: is not a header", id="header of two lines"),
        pytest.param("Asia/Shanghai", "Asia/Nowhere",
            "9: time_zone: Asia/Nowhere is no IANA time zone such as Asia/Shanghai", id="unknown time zone"),
        pytest.param("path: v1/shipments", "path: https://other/shipments",
            "12: entities.shipment.path: is not a path below the connection's address", id="another server"),
        pytest.param("path: v1/shipments", "path: ../admin",
            "12: entities.shipment.path: is not a path below the connection's address", id="above the address"),
        pytest.param("path: v1/shipments", "path: v1/shipments?key=abc",
            "12: entities.shipment.path: is not of the right form (found 'v1/shipments?key=abc'; allowed: pattern ^[^\\s?#]*$)",
            id="query in the path"),
        pytest.param("cursor: updated_at", "cursor: changed_at",
            "19: entities.shipment.cursor: names changed_at, which is not in columns (allowed: shipment_id, updated_at)",
            id="unknown cursor"),
        pytest.param("cursor: updated_at", "cursor: shipment_id",
            "19: entities.shipment.cursor: the cursor shipment_id has a type that does not fit (allowed: timestamp, date)",
            id="text as a cursor"),
        pytest.param("{type: timestamp, ", "{type: timestamp, formats: [DD.MM.YYYY], ",
            "19: entities.shipment.cursor: the cursor updated_at has to come in ISO form", id="cursor in another form"),
        pytest.param("    cursor: updated_at\n", "", "16: entities.shipment.since_param: needs a 'cursor'", id="no cursor"),
        pytest.param("    deletes: {max_share: 0.1}\n", "",
            "21: entities.shipment.keys_path: is used for 'deletes' only", id="keys for nothing"),
        pytest.param("rate_per_minute: 600", "rate_per_minute: 0",
            "8: rate_per_minute: is outside the allowed range (found 0; allowed: > 0.0)", id="no request at all"),
    ],
)  # fmt: skip
def test_a_source_that_does_not_fit(tmp_path: Path, found: str, put: str, message: str) -> None:
    assert found in SOURCE
    file = write(tmp_path, SOURCE.replace(found, put, 1))
    with pytest.raises(RuleFileError) as caught:
        load_source(file)
    assert str(caught.value) == f"{file}:{message}"
