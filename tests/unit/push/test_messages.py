"""Messages, who gets them, and the keys of links."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.errors import StackError, TerminalError
from cockpit.push.link_keys import read_link_keys
from cockpit.push.message import Message, Recipient, directory_of_people, make_resolver
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY

ANNA = Recipient("anna", name="安娜", email="anna@huaxing.example", mobile="13912345678")


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("http://127.0.0.1:8090/tasks/a.b.c", id="local"),
        pytest.param("https://cockpit.huaxing.example/tasks/f4110f43.NDEu_-x.UHi?lang=zh#top", id="full"),
        pytest.param(None, id="none"),
    ],
)
def test_a_link_is_a_web_address(link: str | None) -> None:
    assert Message(ANNA, "title", "text", link).link == link


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("//evil.example", id="no scheme"),
        pytest.param("https://x.example/)](http://evil.example", id="ends the Markdown"),
        pytest.param('https://x.example/"onmouseover=', id="ends the attribute"),
        pytest.param("https://x.example/\r\nBcc: x", id="line end"),
        pytest.param("https://x.example/a b", id="space"),
        pytest.param("https://x.example/\n", id="line end at the end"),
        pytest.param("https://例子.example", id="not ASCII"),
        pytest.param("https://x.example/" + "a" * 2000, id="long"),
        pytest.param("", id="empty"),
    ],
)
def test_no_other_link_is_sent(link: str) -> None:
    with pytest.raises(TerminalError) as caught:
        Message(ANNA, "title", "text", link)
    assert "evil" not in str(caught.value)


def test_what_is_personal_is_not_shown() -> None:
    shown = repr(Message(ANNA, "title", "Customer 13800000000", "https://x.example/tasks/secret"))
    assert not any(part in shown for part in ("139", "anna@", "安娜", "138", "secret"))


def test_people_are_found_in_several_directories() -> None:
    resolve = make_resolver(
        {"anna": Recipient("anna", name="Anna", email="anna@huaxing.example")},
        {"anna": Recipient("anna", name="安娜", mobile="139"), "bob": Recipient("bob", email="bob@huaxing.example")},
    )
    assert resolve("anna") == Recipient("anna", "Anna", "anna@huaxing.example", "139")
    assert resolve("bob") == Recipient("bob", "", "bob@huaxing.example")
    assert resolve("carl") is None


def test_the_people_of_the_company_have_an_address() -> None:
    people = load_security(REPOSITORY / "include/rules/security").people
    assert make_resolver(directory_of_people(people))("zhao.min") == Recipient(
        "zhao.min", "赵敏", "zhao.min@huaxing.example"
    )


def test_keys_of_links(tmp_path: Path) -> None:
    file = tmp_path / "task_link_key"
    file.write_text("a" * 64 + "\n\n" + "b" * 64 + "\n")
    assert read_link_keys(file) == (b"a" * 64, b"b" * 64)


@pytest.mark.parametrize("text", ["", "\n\n", "hunter2\n", "a" * 64 + "\nhunter2\n"])
def test_a_weak_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "task_link_key"
    file.write_text(text)
    with pytest.raises(StackError) as caught:
        read_link_keys(file)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(StackError, match="does not exist"):
        read_link_keys(tmp_path / "other")
