"""What holds for the repository as a whole: nothing of one machine, Airflow in its place, a way in for newcomers."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.rulebook.workspace import REPOSITORY

# Folders that exist on one machine only; a home of a container or a documented default is not among them.
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|root|home/\w+|Users/\w+|mnt|workspace)/|\.\./shared|[A-Z]:\\\\Users")
TEMPORARY_FOLDER = re.compile(r"[\"'(= ]/tmp\b")
# The public data sets lie beside the checkout where the tests run unattended.
MAY_NAME_ITS_SURROUNDINGS = {".ci/run"}
# A last resort where the system has no folder of the user's own, and its test.
MAY_NAME_THE_TEMPORARY_FOLDER = {"src/cockpit/stack/settings.py"}
IMAGES = {".png", ".ico", ".woff2", ".gz"}


def files() -> Iterator[tuple[str, str]]:
    """Path and text of each file that belongs to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = REPOSITORY / name
        if path.is_file() and path.suffix not in IMAGES and path != Path(__file__):
            yield name, path.read_text(encoding="utf-8")


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in files()
        if name not in MAY_NAME_ITS_SURROUNDINGS and (match := MACHINE_PATHS.search(text))
    ]
    assert found == []


def test_the_code_names_no_temporary_folder() -> None:
    found = [
        name
        for name, text in files()
        if name.startswith(("src/", "plugins/", "dags/", "superset/", "include/"))
        and name not in MAY_NAME_THE_TEMPORARY_FOLDER
        and TEMPORARY_FOLDER.search(text)
    ]
    assert found == []


def test_airflow_is_imported_only_where_it_is_served() -> None:
    importing = {
        name
        for name, text in files()
        if name.endswith(".py") and any(module.split(".")[0] == "airflow" for module in imports(text))
    }
    assert {name for name in importing if not name.startswith(("dags/", "plugins/", "tests/dags/"))} == set()


def test_nothing_is_imported_relatively() -> None:
    relative = [
        name
        for name, text in files()
        if name.endswith(".py")
        and any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(text)))
    ]
    assert relative == []


def imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_no_work_is_left_as_a_note() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [name for name, text in files() if marks.search(text)] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name, text in files()
        if name.startswith(("src/", "plugins/", "dags/", "superset/"))
        and name.endswith(".py")
        and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_the_two_commands(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    shown = re.findall(r"(?m)^\$? ?(\./cockpit [a-z]+)", text)
    assert {"./cockpit demo", "./cockpit test"} <= set(shown)
    assert re.search(r"!\[[^\]]*\]\(docs/images/[\w.-]+\.png\)", text), "a picture of the cockpit"


def test_the_unattended_run_is_the_readers_command() -> None:
    script = (REPOSITORY / ".ci/run").read_text(encoding="utf-8")
    assert script.rstrip().endswith("exec ./cockpit test")


LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def test_every_link_of_a_document_leads_somewhere() -> None:
    """To a file of the repository, and to a heading of it where one is named."""
    lost = []
    for name, text in files():
        if name.endswith(".md"):
            for link in LINK.findall(CODE.sub("", text)):
                path, _hash, heading = link.partition("#")
                if not link.startswith(("http://", "https://")):
                    target = (REPOSITORY / name).parent / path if path else REPOSITORY / name
                    if not target.exists() or (heading and heading not in headings(target)):
                        lost.append(f"{name}: {link}")
    assert lost == []


def headings(page: Path) -> set[str]:
    """As links name them."""
    found = HEADING.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}
