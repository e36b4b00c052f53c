"""Parsers of lines with the company's own rules about what is personal."""

from __future__ import annotations

from typing import Any

from cockpit.rulebook.behaviour import Behaviour, load_behaviour
from cockpit.rulebook.sources.log import LogEntity
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.sources.files.tables import LineParser
from cockpit.sources.logs.lines import line_parser

KEY = b"0123456789abcdef"


def company_rules() -> Behaviour:
    return load_behaviour(REPOSITORY / "include/rules/behaviour")


def parser(kind: str, **more: Any) -> LineParser:
    entity = LogEntity.model_validate({"path": "*.log", "format": kind, "site": "website", **more})
    return line_parser(entity, company_rules().privacy, KEY)
