"""The company's quality rules for workspaces that have only some of its sources."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from cockpit.rulebook.workspace import REPOSITORY

_RULES = REPOSITORY / "include" / "rules" / "quality"
_ASKED = re.compile(r"staging\.stg_([a-z0-9_]+?)__")


def copy_quality_rules(folder: Path, sources: Collection[str]) -> Path:
    """Write the rules that are about these sources alone; returns the folder that holds them."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        f"{source}.{entity}"
        for source in sources
        for entity in _read(REPOSITORY / "include" / "rules" / "sources" / f"{source}.yml")["entities"]
    }
    for file in sorted(_RULES.glob("*.yml")):
        kept = [rule for rule in _read(file)["rules"] if _fits(rule, known, sources)]
        if kept:
            text = yaml.safe_dump({"rules": kept}, allow_unicode=True, sort_keys=False)
            (folder / file.name).write_text(text, encoding="utf-8")
    return folder


def _read(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def _fits(rule: dict[str, Any], known: Collection[str], sources: Collection[str]) -> bool:
    """Whether something is left of the rule when it is narrowed, in place, to what is known."""
    rule.pop("examples", None)
    if not set(_ASKED.findall(rule["wrong_when"])) <= set(sources):
        return False
    if "entity" in rule:
        return rule["entity"] in known
    place = rule.get("columns", rule)
    for name in ("entities", "without"):
        if name in place:
            before = place[name]
            place[name] = [entity for entity in before if entity in known]
            if name == "entities" and not place[name]:
                return False
    return True
