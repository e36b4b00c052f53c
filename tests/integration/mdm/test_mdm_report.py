"""`cockpit mdm report`: what a run of matching saw and left out, shared telephones, empty names and reused keys too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpit.cli import main as command
from cockpit.cli import platform
from cockpit.cli.output import width
from tests.integration.mdm.conftest import MasterData

# Of a book-keeping agent.
PHONE, MAIL = "+862155501234", "office@agent.example.cn"
_FIRST = "华中南北东西新安泰丰恒利达盛源康永福宏瑞"
_TRADES = ("仪表有限公司", "阀门厂", "电机有限公司", "贸易行")


def company(number: int) -> str:
    """A name that no other number has."""
    signs = [_FIRST[number // 20**place % 20] for place in range(3)]
    return "".join(signs) + _TRADES[number % 4]


class Report:
    """The command as it is typed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert command.main(["mdm", "report", *arguments]) == code, self._capsys.readouterr()
        out, error = self._capsys.readouterr()
        assert all(width(line) <= 80 for line in out.splitlines()), out
        return out if code == 0 else error

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def report(master: MasterData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    monkeypatch.setattr(platform, "with_database", lambda _tell: None)
    monkeypatch.setenv("COLUMNS", "80")
    return Report(capsys)


def records(count: int) -> list[dict[str, Any]]:
    """Companies of one agent: each has its own name, all have its telephone and mailbox."""
    return [
        {"key": f"erp:{n}", "name": company(n), "phone": PHONE, "email": MAIL, "region_code": "CN-SH"}
        for n in range(count)
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_run_left_out(master: MasterData, report: Report, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setenv("COCKPIT_LANG", lang)
    master.deliver(
        # Enough for blocks; a shorter list is compared as a whole.
        *records(1_900),
        {"key": "crm:1", "name": company(7), "phone": PHONE, "credit_code": "91310000600037341N"},
        *({"key": f"crm:empty{n}"} for n in range(30)),
    )
    master.build("core_customer_source")
    found = report.json()
    assert (found["entity"], found["records"], found["reused_keys"]["count"]) == ("customer", 1_931, 0)
    assert found["golden_records"] == found["events"]["birth"]
    matching = found["matching"]
    assert matching["silent"] == 30
    assert matching["empty"]["name"] == 30
    assert matching["empty"]["credit_code"] == 1_930
    shared = {each["block"]: (each["records"], each["example"]) for each in matching["shared"]}
    assert shared["phone.local"] == (1_901, "crm:1")
    assert shared["email.exact"][0] == 1_900
    # Records are named, not what they share.
    text = report()
    assert PHONE not in json.dumps(found)
    assert PHONE[-7:] not in text
    for said in (
        ("records", "1,931"), ("phone.local", "1,901", "crm:1"), ("credit_code.exact", "0", "-", "-"),
    ) if lang == "en" else (("记录数", "1,931"), ("phone.local", "1,901", "crm:1")):  # fmt: skip
        assert any(tuple(line.split()) == said for line in text.splitlines()), (said, text)
    assert ("30 records say nothing" in text) == (lang == "en")


def test_a_key_that_was_used_again_is_named(master: MasterData, report: Report) -> None:
    master.deliver(*records(40))
    master.build("core_customer_source")
    master.deliver({"key": "erp:7", "name": "深圳南方电机有限公司", "phone": "+8613800000001"})
    master.build("core_customer_source")
    found = report.json("customer")
    assert found["reused_keys"] == {"count": 1, "records": ["erp:7"]}
    assert found["events"]["reuse"] == 1
    text = report()
    assert "Keys that a source gave to somebody else: 1 (erp:7)." in text
    assert "the source gave these keys to somebody else" in text
    assert "All records were matched: " in text


def test_the_largest_golden_records_are_named(master: MasterData, report: Report) -> None:
    code = "91310000600037341N"
    master.deliver(
        *records(300),
        *({"key": f"crm:{n}", "name": "深圳南方电机有限公司", "credit_code": code} for n in range(12)),
    )
    master.build("core_customer_source")
    found = report.json()
    golden = master.ids()["crm:0"]
    assert found["largest"][0] == {"golden_id": golden, "records": 12}
    assert any(line.split() == [golden, "12"] for line in report().splitlines())


def test_other_entities_and_what_is_wrong(master: MasterData, report: Report) -> None:
    assert "nothing has been matched yet" in report(code=1)
    master.deliver(*records(5))
    master.build("core_customer_source")
    assert "nothing has been matched yet" in report("contact", code=1)
    assert "there is no such entity" in report("colour", code=3)
    assert report("customer")


def test_a_report_of_an_older_version_is_shown(master: MasterData, report: Report) -> None:
    master.deliver(*records(5))
    master.build("core_customer_source")
    master.execute("insert into mdm.run_report (run_id, entity, as_of, content)"
                   " values ('old', 'customer', now(), '{\"records\": 3, \"golden_records\": 2}')")  # fmt: skip
    assert "Run old of" in report()
    assert report.json()["records"] == 3


def test_a_run_of_what_changed_says_so(master: MasterData, report: Report) -> None:
    master.deliver(*records(1_900))
    master.build("core_customer_source")
    master.deliver({"key": "crm:1", "name": company(7), "region_code": "CN-SH"})
    master.build("core_customer_source")
    found = report.json()
    assert (found["run"]["kind"], found["run"]["changed"], found["records"]) == ("change", 1, 1_901)
    assert "Only what a change reached was matched: 1 changed" in report()
