from __future__ import annotations

import pytest

from cockpit.rulebook.sources import Entity, Source
from cockpit.rulebook.workspace import load_workspace, workspace_files

SOURCES = [source for path in workspace_files().values() for source in load_workspace(path).sources.values()]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.source)
def test_checks_and_conforming_rules_name_columns_that_exist(source: Source) -> None:
    entities: dict[str, Entity] = dict(source.entities)
    names = {name: {entity.our_name(column) for column in entity.columns} for name, entity in entities.items()}
    for name, entity in entities.items():
        for check in entity.checks:
            assert set(filter(None, (check.column, *check.columns))) <= names[name], check.rule_id
            if check.refers_to:
                other, _, column = check.refers_to.partition(".")
                assert column in names.get(other, set()), check.rule_id
        for target, conform in entity.conforms_to.items():
            assert set(conform.key) <= names[name] | {"source_key"}, f"{name}.{target}"
            assert conform.latest_by is None or conform.latest_by in names[name], f"{name}.{target}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.source)
def test_rule_names_are_unique_within_an_entity(source: Source) -> None:
    for name, entity in source.entities.items():
        rules = [check.rule_id for check in entity.checks]
        assert len(rules) == len(set(rules)), name
