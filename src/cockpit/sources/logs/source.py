"""The parser of a source's lines, made of its file, the workspace's rules and the platform's secret."""

from __future__ import annotations

from cockpit.rulebook.sources import LogSource
from cockpit.rulebook.workspace import Workspace
from cockpit.sources.files.tables import LineParser
from cockpit.sources.logs.lines import line_parser
from cockpit.sources.logs.secret import pseudonym_key


def parser_of(workspace: Workspace, source: LogSource, entity: str) -> LineParser:
    """What turns an entity's lines into records, and hides what may not be kept of those that it rejects.

    Raises:
        StackError: there is no key for the hashes of visitors.
    """
    if workspace.behaviour is None:
        raise TypeError(f"{source.source} is a source of logs in a workspace without behaviour rules")
    return line_parser(source.entities[entity], workspace.behaviour.privacy, pseudonym_key(source))
