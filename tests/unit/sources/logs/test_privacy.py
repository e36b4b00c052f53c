"""What is personal never gets as far as raw: addresses, logins within addresses of pages, telephone numbers, tokens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.errors import StackError
from cockpit.rulebook.sources import LogSource
from cockpit.sources.logs.addresses import network_of, remove_addresses, shorten_addresses
from cockpit.sources.logs.secret import pseudonym_key
from tests.unit.sources.logs.parsers import company_rules, parser

PRIVACY = company_rules().privacy
LINE = '{address} - {user} [05/Mar/2026:09:00:00 +0800] "GET {target} HTTP/1.1" 200 5 "{referrer}" "{agent}"'


def line(
    address: str = "83.149.9.216", user: str = "-", target: str = "/", referrer: str = "-", agent: str = "Mozilla/5.0"
) -> str:
    return LINE.format(address=address, user=user, target=target, referrer=referrer, agent=agent)


@pytest.mark.parametrize("look", PRIVACY.looks, ids=lambda look: look.id)
def test_each_look_fits_its_examples(look) -> None:
    for text in look.examples:
        assert re.search(look.pattern, text, re.IGNORECASE), text


@pytest.mark.parametrize("text", PRIVACY.harmless)
def test_no_look_fits_what_is_harmless(text: str) -> None:
    assert [look.id for look in PRIVACY.looks if re.search(look.pattern, text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        pytest.param("/a?phone=13800138000&x=1", "/a", "phone=*&x=1", id="named parameter"),
        pytest.param("/a?PHONE=1&Tel=", "/a", "PHONE=*&Tel=*", id="named in capitals"),
        pytest.param("/a?%70hone=1", "/a", "%70hone=*", id="name in percents"),
        pytest.param("/a?who=13800138000", "/a", "who=*", id="telephone by its look"),
        pytest.param("/a?who=%2B8613800138000", "/a", "who=*", id="with country code"),
        pytest.param("/a?who=wang%40example.com", "/a", "who=*", id="e-mail in percents"),
        pytest.param("/a?who=wang%2540example.com", "/a", "who=*", id="e-mail in percents of percents"),
        pytest.param("/a?next=%2Flogin%3Ftoken%3Dabc", "/a", "next=*", id="address within an address"),
        pytest.param("/a?from=10.1.2.3", "/a", "from=*", id="IP address"),
        pytest.param("/a?wang@example.com", "/a", "*", id="value without a name"),
        pytest.param("/a?13800138000=1", "/a", "*=1", id="personal name"),
        pytest.param("/u/wang@example.com/edit", "/u/*/edit", None, id="e-mail in the path"),
        pytest.param("/u/wang%40example.com", "/u/*", None, id="e-mail in percents in the path"),
        pytest.param("/call-13800138000.html", "/call-*.html", None, id="telephone in a name"),
        pytest.param("/a;jsessionid=abc123?x=1", "/a;jsessionid=*", "x=1", id="session in the path"),
        pytest.param("/whois/83.149.9.1", "/whois/*", None, id="another address in the path"),
        pytest.param("/me/83.149.9.216-x", "/me/83.149.9.0-x", None, id="the visitor's own address"),
        pytest.param("/get/tool-2.0.0.4.tar.gz?v=3", "/get/tool-2.0.0.4.tar.gz", "v=3", id="a version stays"),
        pytest.param("/products/流量计?q=%E6%B0%B4", "/products/流量计", "q=%E6%B0%B4", id="Chinese stays"),
        pytest.param("/a?t=1431857103000&id=20260305", "/a", "t=1431857103000&id=20260305", id="times and dates stay"),
        pytest.param("/a?", "/a", None, id="empty query"),
        pytest.param("/a?a&b=&=c", "/a", "a&b=&=c", id="odd pairs stay"),
    ],
)
def test_addresses_of_pages(target: str, path: str, query: str | None) -> None:
    fields = parser("combined")(line(target=target))
    assert isinstance(fields, dict)
    assert (fields["path"], fields.get("query")) == (path, query)


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        pytest.param("https://user:secret@Mail.example.com:8443/a?token=1&b=2#x", "https://mail.example.com/a?token=*&b=2", id="login, port, token"),
        pytest.param("http://83.149.9.216/a", "http://83.149.9.0/a", id="the visitor's address as host"),
        pytest.param("http://10.1.2.3:80/a", "http://10.1.2.0/a", id="another address as host"),
        pytest.param("http://www.example.com", "http://www.example.com", id="host alone"),
        pytest.param("android-app://com.tencent.mm/", "android-app://com.tencent.mm/", id="an app"),
        pytest.param("call 13800138000", "call *", id="no address"),
    ],
)  # fmt: skip
def test_referrers(referrer: str, kept: str) -> None:
    fields = parser("combined")(line(referrer=referrer))
    assert isinstance(fields, dict)
    assert fields["referrer"] == kept


def test_more_parameters_of_a_source() -> None:
    fields = parser("combined", remove_parameters=["CardNo"])(line(target="/a?cardno=7&name=Li&x=1"))
    assert isinstance(fields, dict)
    assert fields["query"] == "cardno=*&name=*&x=1"


@pytest.mark.parametrize(
    ("rule", "network"),
    [pytest.param("shorten", "83.149.9.0", id="shorten"), pytest.param("drop", None, id="drop")],
)
def test_what_is_kept_of_an_address(rule: str, network: str | None) -> None:
    fields = parser("combined", ip=rule)(line(agent="via 83.149.9.216"))
    assert isinstance(fields, dict)
    assert fields.get("network") == network
    assert "83.149.9.216" not in json.dumps(fields)


def test_a_hashed_address_is_keyed_and_the_same_each_time() -> None:
    parse = parser("combined", ip="hash")
    first, second, other = (
        parse(line(address=address)) for address in ("83.149.9.216", "83.149.9.216", "83.149.9.217")
    )
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert isinstance(other, dict)
    assert first["network"] == second["network"] != other["network"]
    # HMAC-SHA256 of "address", NUL and the address with the key of the tests, by another program.
    assert first["network"] == "4fa84ae1f378d7c82586bbb3"


def test_visitors() -> None:
    parse = parser("combined")

    def visitor(text: str) -> object:
        fields = parse(text)
        assert isinstance(fields, dict)
        return fields["visitor"]

    same = visitor(line())
    assert visitor(line(target="/other")) == same
    assert visitor(line(agent="Other/1.0")) != same
    # The network alone would make one visitor of a whole office.
    assert visitor(line(address="83.149.9.217")) != same
    logged_in = visitor(line(user="li.lei"))
    assert visitor(line(user="li.lei", address="10.1.2.3", agent="Other/1.0")) == logged_in != same


def test_an_id_of_the_logs_own_stays_unless_it_is_personal() -> None:
    parse = parser("clicks")
    own = parse('{"visited_at": 1, "visitor": "d-17", "ip": "10.1.2.3"}')
    phone = parse('{"visited_at": 1, "visitor": "13800138000"}')
    nobody = parse('{"visited_at": 1}')
    assert isinstance(own, dict)
    assert isinstance(phone, dict)
    assert own["visitor"] == "d-17"
    assert re.fullmatch("[0-9a-f]{24}", str(phone["visitor"]))
    assert nobody == {"visited_at": "1970-01-01T00:00:01+00:00"}


@pytest.mark.parametrize(
    ("rule", "text", "kept"),
    [
        pytest.param("shorten", "83.149.9.216 - broken from 2001:db8:1:2::3", "83.149.9.0 - broken from 2001:db8:1::", id="shorten"),
        pytest.param("hash", "83.149.9.216 - broken from 2001:db8:1:2::3", "* - broken from *", id="hash"),
        pytest.param("drop", "83.149.9.216 - broken", "* - broken", id="drop"),
        pytest.param("shorten", "pc7.example.com - broken", "* - broken", id="name of a machine"),
        pytest.param("shorten", '10.1.2.3 - - [05/Mar/2026:09:00:00 +0800] "GET /a?phone=7&x=1', '10.1.2.0 - - [05/Mar/2026:09:00:00 +0800] "GET /a?phone=*&x=1', id="parameter"),
        pytest.param("shorten", "10.1.2.3 wang@example.com 13800138000", "10.1.2.0 * *", id="by its look"),
    ],
)  # fmt: skip
def test_rejected_lines(rule: str, text: str, kept: str) -> None:
    assert parser("combined", ip=rule).conceal(text) == kept


def test_rejected_objects() -> None:
    text = '{"ip": "10.1.2.3", "tel": "1234", "mobile":"13800138000", "q": "wang@example.com", "visited_at": '
    assert parser("clicks").conceal(text) == '{"ip": "10.1.2.0", "tel": "*", "mobile":"*", "q": "*", "visited_at": '


@given(address=st.ip_addresses(), before=st.text(), after=st.text())
@example(address="2001:db8:1:2::3:", before="", after="")
def test_no_full_address_is_left_in_a_text(address: object, before: str, after: str) -> None:
    text = f"{before} {address} {after}"
    for hide in (shorten_addresses, remove_addresses):
        kept = hide(text)
        assert f" {address} " not in kept or network_of(str(address)) == str(address)


@pytest.mark.parametrize(
    "text", ["1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", "a.b.c.d", "", "-", "10:05:03", "1.2.3.٤"]
)
def test_what_is_no_address(text: str) -> None:
    assert network_of(text) is None


def source(**more: str) -> LogSource:
    return LogSource.model_validate({
        "source": "web", "title": "Web", "title_zh": "网站", "owner": "tests", "connector": "log",
        "entities": {"access": {"path": "*", "format": "combined", "site": "website"}}, **more,
    })  # fmt: skip


def test_the_key_is_the_platforms_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_HOME", str(tmp_path))
    with pytest.raises(StackError, match="the key for visitors' hashes is missing or too short"):
        pseudonym_key(source())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/pseudonym_key").write_text("0123456789abcdef\n")
    assert pseudonym_key(source()) == b"0123456789abcdef"


def test_the_key_is_a_connections_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WEB_KEY", "generic://:0123456789abcdefg@key")
    assert pseudonym_key(source(connection="web_key")) == b"0123456789abcdefg"
    monkeypatch.setenv("AIRFLOW_CONN_WEB_KEY", "generic://:short@key")
    with pytest.raises(StackError, match=r"allowed: 16 characters or more") as error:
        pseudonym_key(source(connection="web_key"))
    assert "short@" not in str(error.value)
