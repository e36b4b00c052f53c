"""What a web API may do to a request, what is tried again, and what the error says, without a secret in it."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.errors import CockpitError, StackError, TerminalError, TransientError
from cockpit.sources.rest.reader import open_source
from tests.integration.sources.rest.api import Reply, Server, serve
from tests.integration.sources.rest.world import Patience, declare, keys, read

GOOD = Reply({"data": {"items": [{"id": 1}]}})


def after(*replies: Reply) -> Callable[[object], Reply]:
    """These replies first, then a good one."""
    pending = iter(replies)
    return lambda _asked: next(pending, GOOD)


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("replies", "waits"),
    [
        pytest.param([Reply({}, 503)], [1.0], id="503"),
        pytest.param([Reply({}, 500), Reply({}, 502)], [1.0, 2.0], id="twice 5xx"),
        pytest.param([Reply({}, 429, {"Retry-After": "7"})], [8.0], id="seconds"),
        pytest.param([Reply({}, 503, {"Retry-After": "99999999999999"})], [300.0], id="capped"),
        pytest.param([Reply({}, 429, {"Retry-After": "soon"})], [1.0], id="neither seconds nor date"),
        pytest.param([Reply({}, 429, {"Retry-After": "-5"})], [1.0], id="negative"),
        pytest.param([Reply({}, 429, {"Retry-After": in_seconds(-50)})], [1.0], id="date in the past"),
        pytest.param([Reply({}, 408)], [1.0], id="408"),
        pytest.param([Reply(GOOD.content, cut_after=9)], [1.0], id="cut off"),
        pytest.param([Reply(GOOD.content, cut_after=9, has_length=False)], [1.0], id="cut off without a length"),
        pytest.param([Reply(GOOD.content, cut_after=0)], [1.0], id="no body"),
    ],
)
def test_what_may_pass_is_tried_again(
    start: Callable[..., Server], tmp_path: Path, replies: list[Reply], waits: list[float]
) -> None:
    patience = Patience()
    start(after(*replies))
    assert keys(read(declare(tmp_path), patience=patience)) == ["1"]
    assert patience.waits == waits


def test_a_date_in_retry_after_is_waited_for(start: Callable[..., Server], tmp_path: Path) -> None:
    patience = Patience()
    start(after(Reply({}, 503, {"Retry-After": in_seconds(60)})))
    read(declare(tmp_path), patience=patience)
    assert 57 < patience.waits[0] <= 61


def test_requests_are_spaced(start: Callable[..., Server], tmp_path: Path) -> None:
    patience = Patience()
    start(
        lambda asked: Reply(
            {"data": {"items": [{"id": asked.params["page"]}] if int(asked.params["page"]) < 6 else []}}
        )
    )
    assert len(read(declare(tmp_path, source={"rate_per_minute": 30}, page={"kind": "page"}), patience=patience)) == 5
    assert len(patience.waits) == 5
    assert all(1.8 < wait <= 2 for wait in patience.waits)


@pytest.mark.parametrize(
    ("reply", "kind", "tries", "message"),
    [
        pytest.param(Reply({}, 401), TerminalError, 1,
            "api.row: GET /v1/rows: the API refuses the credentials: 401 Unauthorized."
            " Check the connection 'test_api' and 'auth' of the source.", id="401"),
        pytest.param(Reply({}, 403), TerminalError, 1, "the API refuses the credentials: 403 Forbidden", id="403"),
        pytest.param(Reply({}, 404), TerminalError, 1,
            "the API answers 404 Not Found. Correct the connection's address or 'path' of the entity.", id="404"),
        pytest.param(Reply({"phone": "13800138000"}, 422), TerminalError, 1, "the API answers 422", id="422"),
        pytest.param(Reply({}, 301, {"Location": "/v2/rows"}), TerminalError, 1, "301 Moved Permanently", id="301"),
        pytest.param(Reply({}, 499), TerminalError, 1, "the API answers 499", id="unknown status"),
        pytest.param(Reply({}, 503), TransientError, 3, "the API answers 503 Service Unavailable", id="503 for good"),
        pytest.param(Reply({}, 429, {"Retry-After": "1"}), TransientError, 3, "429 Too Many Requests", id="429 for good"),
        pytest.param(Reply(b"<html>Please sign in</html>", headers={"Content-Type": "text/html"}), TerminalError, 1,
            "the answer is no JSON (found 'text/html, 27 bytes')", id="page to sign in"),
        pytest.param(Reply(b""), TerminalError, 1, "the answer is no JSON", id="nothing"),
        pytest.param(Reply(b'{"data": {"items": [{"id": 1}, {"id"'), TerminalError, 3,
            "the answer is cut off or no JSON (found 'application/json, 36 bytes')", id="cut off for good"),
        pytest.param(Reply(b"[" * 100_000), TerminalError, 3, "the answer is cut off or no JSON", id="nested without end"),
        pytest.param(Reply(GOOD.content, cut_after=5), TransientError, 3, "the connection broke off", id="breaks off"),
        pytest.param(Reply(GOOD.content, delay=0.6), TransientError, 3, "no complete answer within 0.3 s", id="silence"),
        pytest.param(Reply(GOOD.content, bytes_per_second=40), TransientError, 3, "no complete answer within 0.3 s",
            id="a byte at a time"),
        pytest.param(Reply(b"[" + b"1," * 1_100_000 + b"1]"), TerminalError, 1, "the answer is larger than 2 MB", id="large"),
        pytest.param(Reply(gzip.compress(b" " * 9_000_000), headers={"Content-Encoding": "gzip"}), TerminalError, 1,
            "the answer is larger than 2 MB", id="large when unpacked"),
        pytest.param(Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), TransientError, 3,
            "the connection broke off", id="not packed as it says"),
    ],
)  # fmt: skip
def test_an_error_names_source_entity_and_request(
    start: Callable[..., Server], tmp_path: Path, reply: Reply, kind: type[CockpitError], tries: int, message: str
) -> None:
    server = start(lambda _asked: reply)
    source = {"timeout_seconds": 0.3, "max_megabytes": 2}
    with pytest.raises(CockpitError) as caught:
        read(declare(tmp_path, source=source))
    assert message in str(caught.value)
    assert str(caught.value).startswith("api.row: GET /v1/rows: ")
    assert type(caught.value) is kind
    assert len(server.asked) == tries
    assert "13800138000" not in str(caught.value)


def test_a_packed_answer_is_read(start: Callable[..., Server], tmp_path: Path) -> None:
    start(
        lambda _asked: Reply(gzip.compress(b'{"data": {"items": [{"id": 5}]}}'), headers={"Content-Encoding": "gzip"})
    )
    assert keys(read(declare(tmp_path))) == ["5"]


def test_no_content_is_no_record(start: Callable[..., Server], tmp_path: Path) -> None:
    start(lambda _asked: Reply(b"", 204))
    assert read(declare(tmp_path)) == []


def test_a_refusal_that_is_called_200(start: Callable[..., Server], tmp_path: Path) -> None:
    start(lambda _asked: Reply({"errcode": 40014, "errmsg": "张三", "data": {"items": []}}))
    with pytest.raises(TerminalError, match=r"'errcode' is not 0 \(found 'errcode=40014, errmsg, data'\)"):
        read(declare(tmp_path, source={"success": {"errcode": 0}}))


def test_an_unreachable_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"http://127.0.0.1:{port}")
    patience = Patience()
    with pytest.raises(TransientError, match=r"api\.row: GET /v1/rows: the connection broke off: Connection refused"):
        read(declare(tmp_path), patience=patience)
    assert patience.waits == [1.0, 2.0]
    monkeypatch.setenv("AIRFLOW_CONN_TEST_API", "http://no-such-host.invalid")
    with pytest.raises(TransientError, match=r"Check that 'no-such-host\.invalid' can be reached from here"):
        read(declare(tmp_path, source={"retries": 0}))


@pytest.mark.parametrize(
    ("url", "auth", "kind", "message"),
    [
        pytest.param("postgresql://u:secret@h/d", {"kind": "none"}, TerminalError, "is not the address of a web API", id="database"),
        pytest.param("", {"kind": "none"}, StackError, "connection 'test_api' is not defined", id="undefined"),
        pytest.param("http://me@h/", {"kind": "basic"}, TerminalError, "has no password, which its source needs", id="no password"),
        pytest.param("http://:secret@h/", {"kind": "basic"}, TerminalError, "has no user, which its source needs", id="no user"),
        pytest.param("http://h/?a=secret", {"kind": "api_key", "credential": "b"}, TerminalError, "has no b, which", id="no parameter"),
        pytest.param("http://me:sec%0Aret@h/", {"kind": "bearer"}, TerminalError, "a credential that no header can carry", id="line feed"),
        pytest.param("http://me:密secret@h/", {"kind": "bearer"}, TerminalError, "a credential that no header can carry", id="not ASCII"),
    ],
)  # fmt: skip
def test_a_connection_that_does_not_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    auth: dict[str, Any],
    kind: type[CockpitError],
    message: str,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TEST_API", url)
    with pytest.raises(kind) as caught, open_source(declare(tmp_path, source={"auth": auth})):
        pass
    assert message in str(caught.value)
    assert "ret" not in str(caught.value).replace("secrets", "")


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_wrong_client_of_oauth2(start: Callable[..., Server], tmp_path: Path, status: int) -> None:
    server = start(lambda _asked: Reply({"error": "invalid_client"}, status), "me:hunter2")
    auth = {"kind": "oauth2", "token_url": "oauth/token"}
    with pytest.raises(CockpitError) as caught:
        read(declare(tmp_path, source={"auth": auth}))
    assert str(caught.value).startswith("api.row: POST /oauth/token: ")
    assert "hunter2" not in str(caught.value)
    assert {asked.path for asked in server.asked} == {"/oauth/token"}


def everything_said(error: BaseException | None) -> str:
    """What a traceback of the error could show, down to its causes."""
    if error is None:
        return ""
    hidden = error.__context__ if not error.__suppress_context__ else None
    return f"{error!r} {everything_said(error.__cause__)} {everything_said(hidden)}"


@pytest.mark.parametrize("status", [0, 404, 503])
@pytest.mark.parametrize(
    "auth",
    [{"kind": "api_key", "place": "query", "name": "k"}, {"kind": "bearer"}, {"kind": "basic"}, {"kind": "hmac"}],
    ids=lambda auth: str(auth["kind"]),
)
def test_no_secret_is_said(
    start: Callable[..., Server], tmp_path: Path, caplog: pytest.LogCaptureFixture, auth: dict[str, Any], status: int
) -> None:
    reply = Reply({"echo": "hunter2"}, status) if status else Reply(GOOD.content, cut_after=3)
    start(lambda _asked: reply, "me:hunter2")
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CockpitError) as caught:
        read(declare(tmp_path, source={"auth": auth}, params={"access_token": "hunter2", "k": "hunter2"}))
    assert "access_token=***" in str(caught.value)
    assert "hunter2" not in everything_said(caught.value).replace(
        "k=hunter2", "" if auth["kind"] != "api_key" else "k=hunter2"
    )
    assert "hunter2" not in caplog.text.replace("k=hunter2", "" if auth["kind"] != "api_key" else "k=hunter2")


def certificate(folder: Path, host: str, days: int) -> tuple[ssl.SSLContext, Path]:
    """A server's own certificate, and the file by which it is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "message"),
    [
        pytest.param("127.0.0.1", 30, True, None, id="good"),
        pytest.param("127.0.0.1", -1, True, "no safe connection: certificate has expired", id="expired"),
        pytest.param("127.0.0.2", 30, True, "no safe connection: IP address mismatch", id="another host"),
        pytest.param("127.0.0.1", 30, False, "no safe connection: self-signed certificate", id="unknown authority"),
    ],
)
def test_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, days: int, is_trusted: bool, message: str | None
) -> None:
    context, public = certificate(tmp_path, host, days)
    if is_trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    with serve(lambda _asked: GOOD, tls=context) as server:
        monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"https://127.0.0.1:{server.port}")
        if message is None:
            assert keys(read(declare(tmp_path))) == ["1"]
            return
        with pytest.raises(TerminalError) as caught:
            read(declare(tmp_path))
        assert message in str(caught.value)
        assert str(caught.value).startswith("api.row: GET /v1/rows: ")
        assert server.asked == []


def test_https_to_a_server_without_it(
    start: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(lambda _asked: GOOD)
    monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"https://127.0.0.1:{server.port}")
    with pytest.raises(TerminalError, match="no safe connection"):
        read(declare(tmp_path))


def test_a_connection_that_ends_in_its_handshake_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        monkeypatch.setenv("AIRFLOW_CONN_TEST_API", f"https://127.0.0.1:{listener.getsockname()[1]}")

        def hang_up() -> None:
            for _try in range(3):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(TransientError, match="the connection broke off"):
            read(declare(tmp_path))
        thread.join()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.just("id"), inner, max_size=4),
    max_leaves=8,
)


SOME = settings(max_examples=300)


def test_no_record_is_lost_whatever_comes(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(lambda _asked: GOOD)
    source = declare(tmp_path)

    @given(items=st.lists(JSON | st.fixed_dictionaries({"id": JSON, "changed": JSON}), max_size=12))
    @SOME
    def check(items: list[Any]) -> None:
        server.behaviour = lambda _asked: Reply({"data": {"items": items}})
        rows = read(source)
        assert len(rows) == len(items)
        for item, (key, _payload, _hash, _label, _position, _line, reason, _text) in zip(items, rows, strict=True):
            assert (key is None) == (reason is not None)
            identity = item.get("id") if isinstance(item, dict) else None
            if isinstance(identity, str | int) and identity != "":
                assert reason in (None, "NUL character", "bytes that the declared encoding does not have")
            else:
                assert isinstance(identity, float) or reason in ("key is empty", "not a JSON object")

    check()


def test_any_body_is_read_or_refused(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(lambda _asked: GOOD)
    source = declare(tmp_path, records="")
    json_like = st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u ', max_size=60).map(str.encode)

    @given(body=st.binary(max_size=60) | json_like, charset=st.sampled_from(["", "gbk", "utf-16", "idna", "hex", "?"]))
    @SOME
    def check(body: bytes, charset: str) -> None:
        headers = {"Content-Type": f"application/json; charset={charset}"} if charset else {}
        server.behaviour = lambda _asked: Reply(body, headers=headers)
        refusal = ""
        rows: list[list[str | None]] = []
        try:
            rows = read(source)
        except TerminalError as error:
            refusal = str(error)
        assert not refusal or refusal.startswith("api.row: GET /v1/rows: ")
        assert all((row[0] is None) == (row[6] is not None) for row in rows)

    check()


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        pytest.param('[{"id": 1, "name": "张三"}]'.encode("gbk"), "application/json; charset=GBK", "张三", id="gbk"),
        pytest.param(
            '[{"id": 1, "name": "张三"}]'.encode("utf-8-sig"), "application/json", "张三", id="byte order mark"
        ),
        pytest.param('[{"id": 1, "name": "张三"}]'.encode("utf-16"), "application/json", "张三", id="utf-16"),
        pytest.param(
            '[{"id": 1, "name": "张三"}]'.encode(), "application/json; charset=none-such", "张三", id="unknown"
        ),
        pytest.param('[{"id": 1, "name": "张三"}]'.encode(), "text/plain; charset=base64", "张三", id="no charset"),
    ],
)
def test_encodings(start: Callable[..., Server], tmp_path: Path, body: bytes, content_type: str, name: str) -> None:
    start(lambda _asked: Reply(body, headers={"Content-Type": content_type}))
    assert f'"name": "{name}"' in str(read(declare(tmp_path, records=""))[0][1])


def test_a_bad_byte_or_a_deep_record_costs_its_own_record_only(start: Callable[..., Server], tmp_path: Path) -> None:
    deep = b'{"id": 3, "a": ' + b"[" * 900 + b"]" * 900 + b"}"
    start(lambda _asked: Reply(b'[{"id": 1}, {"id": 2, "a": "\xff"}, %s, 4, {"id": 5}]' % deep))
    rows = read(declare(tmp_path, records=""))
    assert len(rows) == 5
    assert keys(rows)[0] == "1"
    assert keys(rows)[4] == "5"
    assert rows[1][6] == "bytes that the declared encoding does not have"
    assert rows[3][6] == "not a JSON object"
