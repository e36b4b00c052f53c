"""What a sender sends, what it is answered and what is in raw by then."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import psycopg2
import pytest

from tests.integration.intake.service import FIELDS, FORMS, Intake

GOOD = {"contact": "王小明", "phone": "139 1234 5678", "consent": True}


def test_a_2xx_answer_means_that_the_row_is_committed(intake: Intake) -> None:
    answer = intake.post(GOOD, X_Client_Tag="home/v2", Idempotency_Key="k-1")

    stored = intake.query("select key, payload, hash is not null from raw.web__page")
    assert answer.status_code == 201
    assert stored == [
        (
            answer.json()["submission_id"],
            GOOD | answer.json() | {"client_tag": "home/v2", "idempotency_key": "k-1"},
            True,
        )
    ]


def test_a_post_has_its_ledger_row(intake: Intake) -> None:
    intake.post(GOOD)

    ledger = intake.query(
        "select source, entity, received, loaded, unchanged, superseded, rejected, run_id like 'intake_%',"
        " label = cast(finished_at at time zone 'Asia/Shanghai' as date)::text, cursor_to is not null"
        " from ops.import_batch"
    )
    assert ledger == [("web", "page", 1, 1, 0, 0, 0, True, True, True)]


def test_what_an_html_form_sends(intake: Intake) -> None:
    answer = intake.http.post(
        "/forms/web/page",
        data={"contact": "Müller & Söhne", "people": "12", "consent": "on"},
        headers={"X-Form-Key": intake.secret("page")},
    )

    assert answer.status_code == 201
    assert [(row["contact"], row["people"], row["consent"]) for row in intake.raw()] == [("Müller & Söhne", "12", "on")]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        pytest.param({"contact": None}, "contact", "is missing", id="missing"),
        pytest.param({"contact": "  "}, "contact", "is missing", id="blank"),
        pytest.param({"contact": "x" * 21}, "contact", "is too long", id="too long"),
        pytest.param({"contact": ["a"]}, "contact", "is not a single value", id="list"),
        pytest.param({"contact": True}, "contact", "is not of the right type", id="boolean for text"),
        pytest.param({"contact": "a\0b"}, "contact", "holds what cannot be stored", id="NUL"),
        pytest.param({"phone": "call me"}, "phone", "is not of the right form", id="pattern"),
        pytest.param({"wish": "refund"}, "wish", "is not one of the values", id="values"),
        pytest.param({"people": "twelve"}, "people", "is not of the right type", id="no number"),
        pytest.param({"people": 3_000_000_000}, "people", "is not of the right type", id="beyond integer"),
        pytest.param({"consent": False}, "consent", "must be true: without consent nothing may be stored", id="refused"),
        pytest.param({"consent": None}, "consent", "is missing", id="not asked"),
        pytest.param({"submission_id": "1"}, "submission_id", "is filled by the intake", id="own column"),
        pytest.param({"note": {"a": ["x\0"]}}, "note", "holds what cannot be stored", id="NUL within an unknown field"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_nothing_stored(
    intake: Intake, change: dict[str, Any], field: str, message: str
) -> None:
    answer = intake.post(GOOD | change)

    assert answer.status_code == 422
    assert [(fault["field"], fault["message"]) for fault in answer.json()["fields"]] == [(field, message)]
    assert intake.raw() == []


def test_all_faults_come_at_once_masked_and_in_the_senders_language(intake: Intake) -> None:
    answer = intake.post(
        {"phone": "call me maybe", "wish": "refund", "consent": True}, Accept_Language="zh-CN,zh;q=0.9,en;q=0.5"
    )

    assert answer.json() == {
        "error": "提交内容不符合表单要求",
        "fields": [
            {"field": "contact", "message": "缺失", "allowed": "不超过 20 个字符的文字"},
            {"field": "phone", "message": "格式不正确", "found": "c**********e", "allowed": "不超过 500 个字符的文字"},
            {"field": "wish", "message": "不在可选值之中", "found": "r****d", "allowed": "visit, sample"},
        ],
    }


@pytest.mark.parametrize(
    ("policy", "status"), [pytest.param("warn", 201), pytest.param("evolve", 201), pytest.param("stop", 422)]
)
def test_unknown_fields_follow_the_drift_policy(start: Callable[..., Intake], policy: str, status: int) -> None:
    intake = start(drift=policy)
    intake.post(GOOD)
    answer = intake.post(GOOD | {"utm": {"id": 1.5}})

    assert answer.status_code == status
    assert [row.get("utm") for row in intake.raw()] == [None, {"id": "1.5"}][: 1 + (status == 201)]
    changes = intake.query("select column_name, kind, action from ops.schema_change")
    assert changes == {"warn": [("utm", "new", "warned")], "evolve": [("utm", "new", "accepted")], "stop": []}[policy]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(b"{", "application/json", 400, id="half"),
        pytest.param(b"[1]", "application/json", 400, id="a list"),
        pytest.param(b"\xff\xfe", "application/json", 400, id="no UTF-8"),
        pytest.param(b'{"a": NaN}', "application/json", 400, id="NaN"),
        pytest.param(b"[" * 3000, "application/json", 400, id="nested without end"),
        pytest.param(b'{"a": ' + b"9" * 4000 + b"}", "application/json", 422, id="a long number"),
        pytest.param(b'{"a": "\\ud800"}', "application/json", 422, id="half a character"),
        pytest.param(b'{"contact": "a", "contact": "b"}', "application/json", 422, id="twice"),
        pytest.param(b"contact=a&contact=b", "application/x-www-form-urlencoded", 422, id="twice in a form"),
        pytest.param(b"contact=%ff", "application/x-www-form-urlencoded", 400, id="form without UTF-8"),
        pytest.param(b"{}", "text/plain", 415, id="text"),
        pytest.param(b"{}", "application/json; charset=gbk", 415, id="GBK"),
        pytest.param(b"", "application/json", 400, id="empty"),
    ],
)
def test_what_cannot_be_read_is_refused(intake: Intake, content: bytes, kind: str, status: int) -> None:
    answer = intake.http.post(
        "/forms/web/page", content=content, headers={"X-Form-Key": intake.secret("page"), "Content-Type": kind}
    )

    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
    assert intake.raw() == []


def test_a_body_that_is_too_large_is_refused_while_it_arrives(intake: Intake) -> None:
    headers = {"X-Form-Key": intake.secret("page"), "Content-Type": "application/json"}
    declared = intake.http.post("/forms/web/page", content=b"x" * 4097, headers=headers)
    sent = 0

    def chunks():
        nonlocal sent
        for _chunk in range(10_000):
            sent += 1024
            yield b"x" * 1024

    # It may be told in the middle of sending.
    try:
        status = intake.http.post("/forms/web/page", content=chunks(), headers=headers).status_code
    except httpx.TransportError:
        status = 413
    assert (declared.status_code, status) == (413, 413)
    assert sent < 5_000_000


def test_a_body_that_never_ends_is_given_up(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.intake.body._READ_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", intake.port)) as slow:
        slow.sendall(
            f"POST /forms/web/page HTTP/1.1\r\nHost: x\r\nX-Form-Key: {intake.secret('page')}\r\n"
            "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{".encode()
        )
        slow.settimeout(10)
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_the_same_key_stores_once_and_other_content_is_a_conflict(start: Callable[..., Intake]) -> None:
    intake = start()
    first = intake.post(GOOD, Idempotency_Key="order-1")
    again = intake.post(dict(reversed(GOOD.items())), Idempotency_Key="order-1")
    restarted = start()
    later = restarted.post(GOOD, Idempotency_Key="order-1")
    other = restarted.post(GOOD | {"contact": "李华"}, Idempotency_Key="order-1")

    assert [each.status_code for each in (first, again, later, other)] == [201, 200, 200, 409]
    assert first.json() == again.json() == later.json()
    assert len(restarted.raw()) == 1


def test_one_key_at_the_same_moment_stores_once(intake: Intake) -> None:
    barrier = threading.Barrier(8)
    answers: list[httpx.Response] = []

    def post() -> None:
        barrier.wait()
        answers.append(intake.post(GOOD, Idempotency_Key="race"))

    threads = [threading.Thread(target=post) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["submission_id"] for answer in answers}) == len(intake.raw()) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "ключ".encode().decode("latin-1")])
def test_an_unusable_idempotency_key_is_refused(intake: Intake, key: str) -> None:
    answer = intake.http.post(
        "/forms/web/page",
        json=GOOD,
        headers=[(b"X-Form-Key", intake.secret("page").encode()), (b"Idempotency-Key", key.encode("latin-1"))],
    )
    assert answer.status_code == 400


def test_rates_are_limited_per_sender_and_altogether(start: Callable[..., Intake]) -> None:
    few = {"page": FORMS["page"] | {"rate_per_minute": {"client": 2, "form": 100}}}
    intake = start(few)
    answers = [intake.post(GOOD) for _each in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 30

    intake = start({"page": FORMS["page"] | {"rate_per_minute": {"client": 100, "form": 2}}})
    assert [intake.post(GOOD).status_code for _each in range(3)] == [201, 201, 429]


def test_a_page_may_post_from_its_own_origin_only(intake: Intake) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-form-key"}
    known, foreign = {"Origin": "https://www.example.com"}, {"Origin": "https://evil.example"}
    allowed = intake.http.options("/forms/web/page", headers=asked | known)
    refused = intake.http.options("/forms/web/page", headers=asked | foreign)

    assert (allowed.status_code, refused.status_code) == (204, 403)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert "X-Form-Key" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert intake.post(GOOD, **known).headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert intake.post(GOOD | {"contact": ""}, **known).headers["Vary"].startswith("Origin")
    assert intake.post(GOOD, **foreign).status_code == 403


def test_only_forms_are_served(intake: Intake) -> None:
    statuses = {
        path: intake.http.request(method, path).status_code
        for method, path in [
            ("POST", "/forms/web/nothing"),
            ("GET", "/forms/web/page"),
            ("GET", "/"),
            ("GET", "/redoc"),
        ]
    }
    assert statuses == {"/forms/web/nothing": 404, "/forms/web/page": 405, "/": 404, "/redoc": 404}


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/nothing", "/forms/web/page"])
def test_every_answer_has_security_headers(intake: Intake, path: str) -> None:
    headers = intake.http.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


def test_the_page_loads_nothing_from_elsewhere(intake: Intake) -> None:
    english, chinese = intake.http.get("/docs"), intake.http.get("/docs?lang=zh")
    assert "<script" not in english.text
    assert "src=" not in english.text
    assert "Page" in english.text
    assert "页面" in chinese.text
    assert chinese.headers["Content-Language"] == "zh"
    assert intake.http.get("/docs?lang=<b>").status_code == 200


def test_the_description_has_each_form_with_an_example_that_is_taken(intake: Intake) -> None:
    described = intake.http.get("/openapi.json").json()
    post = described["paths"]["/forms/web/page"]["post"]
    body = post["requestBody"]["content"]["application/json"]

    assert set(described["paths"]) == {"/forms/web/page", "/forms/web/server"}
    assert set(body["schema"]["properties"]) == set(FIELDS)
    assert sorted(body["schema"]["required"]) == ["consent", "contact"]
    assert body["schema"]["properties"]["wish"]["enum"] == ["visit", "sample"]
    assert intake.post(body["example"] | {"phone": "13912345678"}).status_code == 201


def test_listeners_hear_of_a_commit(intake: Intake) -> None:
    with closing(psycopg2.connect(intake.database.dsn("cockpit_etl"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("listen cockpit_raw")
        intake.post(GOOD)
        deadline = time.monotonic() + 5
        while not connection.notifies and time.monotonic() < deadline:
            connection.poll()
            time.sleep(0.02)
        assert {(notice.channel, notice.payload) for notice in connection.notifies} == {("cockpit_raw", "web__page")}


def test_the_intakes_login_may_only_add(intake: Intake) -> None:
    intake.post(GOOD)
    refused = []
    with closing(psycopg2.connect(intake.database.dsn("intake"))) as connection:
        connection.autocommit = True
        for statement in (
            "update raw.web__page set payload = '{}'",
            "delete from raw.web__page",
            "delete from ops.import_batch",
            "create table raw.other (x int)",
            "create table public.other (x int)",
            "select from ops.rejected_line",
        ):
            with connection.cursor() as cursor:
                try:
                    cursor.execute(statement)
                except psycopg2.errors.InsufficientPrivilege:
                    refused.append(statement)
    assert len(refused) == 6


def test_logs_hold_nothing_of_the_senders(intake: Intake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    intake.post(GOOD | {"contact": "Zebra"})
    intake.post({"contact": "Zebra" * 10})
    intake.post(GOOD, X_Form_Key="wrong-key-of-zebra")
    intake.http.post("/forms/web/page", content=json.dumps({"contact": "Zebra"})[:-3], headers={"X-Form-Key": "Zebra"})
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert [line for line in ours if "ebra" in line or "127.0.0.1" in line] == []
