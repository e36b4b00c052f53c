"""What a file is that lies in the folder now, from what is known of earlier ones."""

from __future__ import annotations

import pytest

from cockpit.sources.files.content import Beginning, Signature
from cockpit.sources.files.history import Gone, Held, History
from cockpit.sources.files.register import KnownFile, State, Version

# Contents are written as texts: A grows to AB by the lines of B. A letter is ten bytes and one line.


def version(content: str, file: str, identity: str | None = None, state: State = "loaded") -> Version:
    return Version(content, file, identity or content, 10 * len(content), len(content), state, 0)


def held(name: str, content: str, versions: list[Version]) -> Held:
    beginnings = {
        each.content_bytes: Beginning(content[: len(each.content_hash)], len(each.content_hash))
        for each in versions
        if len(each.content_hash) < len(content)
    }
    return Held(name, content, 10 * len(content), beginnings)


def history(versions: list[Version], known: dict[str, str], now: dict[str, str]) -> tuple[History, dict[str, Held]]:
    files = {name: held(name, content, versions) for name, content in now.items()}
    seen = {name: KnownFile(content, Signature(1, 1)) for name, content in known.items()}
    return History({each.content_hash: each for each in versions}, seen, files.values()), files


@pytest.mark.parametrize(
    ("versions", "known", "now", "name", "identity"),
    [
        pytest.param([], {}, {"log": "A"}, "log", "A", id="new"),
        pytest.param([version("A", "log")], {"log": "A"}, {"log": "AB"}, "log", "A", id="grown"),
        pytest.param(
            [version("A", "log"), version("AB", "log", "A")], {"log": "AB"}, {"log": "ABC"}, "log", "A",
            id="grown-again",
        ),
        pytest.param([version("A", "log")], {"log": "A"}, {"log": "C"}, "log", "C", id="other-content"),
        pytest.param([version("A", "log")], {"log": "A"}, {"log": "C", "log.1": "AB"}, "log.1", "A", id="rotated"),
        pytest.param([version("A", "log")], {"log": "A"}, {"log.1": "AB"}, "log.1", "A", id="renamed-and-grown"),
        # A header alone begins every file of its kind.
        pytest.param([version("A", "1")], {"1": "A"}, {"1": "A", "2": "AB"}, "2", "AB", id="same-beginning"),
        pytest.param(
            [version("A", "1"), version("AB", "1", "A")], {"1": "AB", "2": "A"}, {"1": "AB", "2": "AC"}, "2", "AC",
            id="copy-that-goes-its-own-way",
        ),
        pytest.param([version("A", "log", state="loading")], {}, {"log": "AB"}, "log", "A", id="grown-while-broken-off"),
        pytest.param([version("A", "log", state="replaced")], {"log": "B"}, {"log": "AB"}, "log", "AB", id="replaced"),
    ],
)  # fmt: skip
def test_whose_rows_a_file_continues(
    versions: list[Version], known: dict[str, str], now: dict[str, str], name: str, identity: str
) -> None:
    past, files = history(versions, known, now)
    assert past.identity(files[name]) == identity


@pytest.mark.parametrize(
    ("versions", "known", "now", "gone"),
    [
        pytest.param([version("A", "log")], {"log": "A"}, {"log": "A"}, [], id="unchanged"),
        pytest.param([version("A", "log"), version("C", "log")], {"log": "A"}, {"log": "C"}, [Gone("A", 0, ("A",))], id="replaced"),
        pytest.param([version("A", "log"), version("AB", "log", "A")], {"log": "A"}, {"log": "AB"}, [], id="grown"),
        pytest.param(
            [version("A", "log"), version("AB", "log", "A"), version("C", "log")], {"log": "AB"}, {"log": "C"},
            [Gone("A", 0, ("A", "AB"))], id="replaced-after-growth",
        ),
        pytest.param(
            [version("A", "log"), version("AB", "log", "A")], {"log": "AB"}, {"log": "A"}, [Gone("A", 1, ("AB",))],
            id="cut-back",
        ),
        pytest.param([version("A", "log"), version("C", "log")], {"log": "A"}, {"log": "C", "log.1": "A"}, [], id="rotated"),
        pytest.param(
            [version("A", "log"), version("AB", "log.1", "A"), version("C", "log")], {"log": "A"},
            {"log": "C", "log.1": "AB"}, [], id="rotated-and-grown",
        ),
        pytest.param(
            [version("A", "log", state="loading"), version("C", "log")], {}, {"log": "C"}, [Gone("A", 0, ("A",))],
            id="replaced-while-broken-off",
        ),
        pytest.param([version("A", "log", state="replaced"), version("C", "log")], {"log": "A"}, {"log": "C"}, [], id="taken-back"),
        pytest.param([version("C", "log")], {}, {"log": "C"}, [], id="new"),
    ],
)  # fmt: skip
def test_what_nothing_holds_any_more(
    versions: list[Version], known: dict[str, str], now: dict[str, str], gone: list[Gone]
) -> None:
    past, files = history(versions, known, now)
    assert past.gone(files["log"]) == gone
