"""Every text that a user reads exists in English and Chinese, with the same places to fill."""

from __future__ import annotations

import argparse
import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cockpit.rulebook.workspace import REPOSITORY

SOURCES = sorted([*(REPOSITORY / "src").rglob("*.py"), *(REPOSITORY / "plugins").rglob("*.py")])
CATALOGUES = sorted((REPOSITORY / "src/cockpit/locale/zh").glob("*.yml"))


def translated_texts(file: Path) -> Iterator[tuple[int, ast.expr, set[str]]]:
    """Line, text and names of the values of each call of `_`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            yield node.lineno, node.args[0], {str(keyword.arg) for keyword in node.keywords if keyword.arg != "lang"}


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def places(text: str) -> set[str]:
    return {
        str(name).split("!")[0] for _before, name, _form, _kind in string.Formatter().parse(text) if name is not None
    }


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    merged: dict[str, str] = {}
    for file in CATALOGUES:
        merged.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return merged


def test_every_text_has_a_translation(chinese: dict[str, str]) -> None:
    missing = [
        f"{file.relative_to(REPOSITORY)}:{line}: {text}"
        for file in SOURCES
        for line, node, _names in translated_texts(file)
        if (text := literal(node)) is not None and text not in chinese
    ]
    assert missing == []


def test_every_text_gets_the_values_of_its_places() -> None:
    wrong = [
        f"{file.relative_to(REPOSITORY)}:{line}: {text}"
        for file in SOURCES
        for line, node, names in translated_texts(file)
        # A text without values is not formatted: its braces are its own.
        if (text := literal(node)) is not None and names and places(text) != names
    ]
    assert wrong == []


def test_translations_have_the_places_of_their_texts(chinese: dict[str, str]) -> None:
    wrong = {text: translation for text, translation in chinese.items() if places(text) != places(translation)}
    assert wrong == {}


def test_no_translation_is_left_over(chinese: dict[str, str]) -> None:
    # Some texts are passed on as values (reasons of rejected lines, states), so any string of the code counts;
    # argparse has its own, which the command line hands to the same catalogue.
    written = {
        node.value
        for file in [*SOURCES, Path(argparse.__file__)]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(chinese) - written) == []


def test_a_text_has_one_translation() -> None:
    found: dict[str, set[str]] = {}
    for file in CATALOGUES:
        for text, translation in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
            found.setdefault(text, set()).add(translation)
    assert [text for text, translations in found.items() if len(translations) > 1] == []
