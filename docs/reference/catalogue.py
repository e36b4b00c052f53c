"""The company's own sources and fields, as their YAML files say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cockpit.rulebook.quality import QualityRule
from cockpit.rulebook.sources import CursorEntity, Entity, Source, SourceBase, personal_columns
from cockpit.rulebook.sources.base import PersonalData
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.metrics import CompiledMetric, metric_book
from docs.reference.tables import table


def sources(workspace: Workspace) -> str:
    """The page with every source and its entities."""
    listed = sorted(workspace.sources.values(), key=lambda source: (source.trust, source.source))
    rows = [
        (
            f"[{source.source}](#{source.source})",
            f"{source.title} · {source.title_zh}",
            f"[{source.connector}](source-{source.connector}.md)",
            str(len(source.entities)),
            str(source.trust),
            f"`{source.drift}`",
            f"`{source.schedule}`" if source.schedule else "",
            source.owner,
        )
        for source in listed
    ]
    heading = ("source", "title", "connector", "entities", "trust", "drift", "schedule", "owner")
    settings = workspace.settings
    text = (
        f"What {settings.title} ({settings.title_zh}) reads, the most trusted first. Times of schedules are those of\n"
        f"{settings.time_zone}. What the words mean: [source](source.md), [glossary](../glossary.md)."
    )
    return "\n\n".join(
        [
            "# Sources · 数据源",
            text,
            table(heading, rows),
            *(_source(source) for source in listed),
        ]
    )


def _source(source: Source) -> str:
    rows = [
        (
            f"`{name}`",
            _names(entity.key) if entity.key != "line" else "line",
            _cursor(entity),
            "yes" if isinstance(entity, CursorEntity) and entity.deletes else "",
            _names(personal_columns(entity)),
            _names(f"stg_{each}" for each in entity.conforms_to),
            _further(source, entity),
        )
        for name, entity in source.entities.items()
    ]
    parts = [f"## {source.source}", f"{source.title} · {source.title_zh}."]
    if source.personal_data:
        parts.append(_basis(source.personal_data))
    heading = ("entity", "key", "cursor", "deletes found", "personal columns", "becomes", "further")
    return "\n\n".join([*parts, table(heading, rows)])


def _basis(personal: PersonalData) -> str:
    basis = personal.basis.replace("_", " ")
    return f"Personal data are processed on the basis of {basis}: {personal.purpose} · {personal.purpose_zh}."


def _cursor(entity: Entity) -> str:
    if not isinstance(entity, CursorEntity) or not entity.cursor:
        return ""
    minutes = entity.overlap.total_seconds() / 60
    return f"`{entity.cursor}`" + (f", overlap {minutes:g} min" if minutes else "")


def _further(source: SourceBase, entity: Entity) -> str:
    """What differs from the source's own keys, and what record attachments belong to."""
    facts = []
    if entity.drift and entity.drift != source.drift:
        facts.append(f"drift `{entity.drift}`")
    if entity.owner and entity.owner != source.owner:
        facts.append(f"owner {entity.owner}")
    if entity.attachment_of:
        facts.append(f"attachments of `{entity.attachment_of.entity or entity.attachment_of.entity_column}`")
    return "; ".join(facts)


def _names(names: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def fields(workspace: Workspace) -> str:
    """The page with every field of the data dictionary, its names in sources, and who delivers it."""
    delivered: defaultdict[str, list[str]] = defaultdict(list)
    for name, source in sorted(workspace.sources.items()):
        for entity_name, entity in source.entities.items():
            for column_name, column in entity.columns.items():
                if column.field:
                    delivered[column.field].append(f"{name}.{entity_name}.{column_name}")
    rows = [
        (
            f"`{name}`",
            field.description,
            field.description_zh,
            field.unit or "",
            field.sensitivity,
            ", ".join(field.synonyms),
            _names(delivered[name]),
        )
        for name, field in sorted(workspace.dictionary.fields.items())
    ]
    heading = ("field", "meaning", "含义", "unit", "sensitivity", "also called", "delivered by")
    text = (
        "What a field means whatever a source calls it, from `include/rules/dictionary.yml` and the columns that say\n"
        "`field:`. One more name is one more word in `synonyms`; staging takes it from then on, also for rows that\n"
        "are in raw already ([how](../how-to/add-a-source.md#another-name-for-a-column)). Tables that people see:\n"
        "[data dictionary](data-dictionary.md)."
    )
    return "\n\n".join(
        [
            "# Fields · 字段字典",
            text,
            table(heading, rows),
        ]
    )


def quality_rules(workspace: Workspace) -> str:
    """A table of rules for each subject."""
    by_subject: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for placed in workspace.quality.rules:
        rule = placed.rule
        texts = (text.replace("{column}", "…") for text in (rule.message, rule.message_zh))
        by_subject[placed.subject].append(
            (f"`{rule.id}`", _about(rule), rule.severity, *texts, "yes" if rule.concerns_money else "")
        )
    heading = ("rule", "about", "severity", "message", "提示", "money")
    return "\n\n".join(f"## {subject}\n\n{table(heading, rows)}" for subject, rows in by_subject.items())


def _about(rule: QualityRule) -> str:
    """Entities, or the kind of columns and where they stand."""
    if rule.columns is None:
        return _names(rule.named_entities)
    listed = rule.columns.entities or rule.columns.without
    preposition = "in" if rule.columns.entities else "but not in"
    return f"{rule.columns.standard}" + (f" {preposition} {_names(listed)}" if listed else "")


def metrics(workspace: Workspace) -> str:
    """The part with every metric, by mart."""
    found = metric_book(workspace).metrics.values()
    parts = []
    for mart in sorted({each.mart for each in found}):
        listed = sorted((each for each in found if each.mart == mart), key=lambda each: each.id)
        rows = [_metric(each) for each in listed]
        heading = ("metric", "name", "kind", "meaning", "含义", "formula", "unit", "good is", "month", "owner")
        parts.append(f"## {mart}\n\n{table(heading, rows)}")
    return "\n\n".join(parts)


def _metric(compiled: CompiledMetric) -> tuple[str, ...]:
    metric = compiled.metric
    written = " / ".join(f"`{text}`" for text in metric.parts.values())
    return (
        f"`{metric.id}`",
        f"{metric.name} · {metric.name_zh}",
        metric.kind,
        metric.description,
        metric.description_zh,
        written + (f" where `{metric.where}`" if metric.where else ""),
        metric.unit,
        "" if metric.direction == "none" else metric.direction,
        f"`{compiled.month}`" if compiled.month else "",
        metric.owner,
    )
