"""Build `core_customer_source`: the golden customer of each source record."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.domain.match.exact import ExactRule, Record, group_exact
from cockpit.rulebook.files import load
from cockpit.warehouse.runner import BuilderInput


def resolve(given: BuilderInput) -> Iterator[tuple[str, str, str, str, str]]:
    """Match all customers of staging.

    Yields:
        (source, source_key, source_customer_key, customer_key, matched_by), one per row of `stg_customer`.

    Raises:
        RuleFileError: include/rules/matching/customer.yml is wrong.
    """
    rules = given.context.workspace.models_folder.parent / "rules" / "matching" / "customer.yml"
    rule = load(rules, ExactRule)
    with given.connection.cursor() as cursor:
        # A completed credit code proves nothing: it may come from the record that it would be matched to.
        cursor.execute(
            "select source, source_key, customer_key, name,"
            " case when completed -> 'credit_code' is null then credit_code end from staging.stg_customer"
        )
        rows = {
            f"{source}:{key}": (source, key, named, Record(f"{source}:{key}", {"name": name, "credit_code": code}))
            for source, key, named, name, code in cursor
        }
    for member in group_exact([record for *_names, record in rows.values()], rule):
        source, key, named, _record = rows[member.record_id]
        yield source, key, named, member.group_id, member.matched_by
