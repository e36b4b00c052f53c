"""Build `core_customer_hierarchy`: of each golden customer the one above it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from cockpit.mdm.decisions import read_decisions, read_reused
from cockpit.mdm.parents import Relation, arrange, settle_parents, top
from cockpit.mdm.settle import settle
from cockpit.warehouse.runner import BuilderInput

log = logging.getLogger(__name__)


def customers(given: BuilderInput) -> Iterator[Sequence[object]]:
    """Arrange all golden customers.

    Yields:
        (customer_key, parent_customer_key, relation, found_by, source, source_key, decision_id, since,
        group_customer_key), one per customer that has another above it.
    """
    with given.connection.cursor() as cursor:
        cursor.execute(
            "select customer_key, parent_customer_key, relation, found_by, source, source_key, null, since"
            " from core.core_customer_relation"
        )
        found = [Relation(*row) for row in cursor.fetchall()]
        decisions = read_decisions(cursor, "customer")
        named = sorted({record for each in decisions for record in (*each.left_records, *each.right_records)})
        cursor.execute(
            "select source || ':' || source_key, customer_key from core.core_customer_source"
            " where source || ':' || source_key = any(%s)",
            (named,),
        )
        golden_of = dict(cursor.fetchall())
        parents = settle(decisions, golden_of.keys(), read_reused(cursor, "customer")).parents
    arranged = arrange(found, settle_parents(parents, golden_of.get))
    log.info("customers: %d relations found, %d arranged", len(found), len(arranged))
    parent_of = {each.child: each.parent for each in arranged}
    for each in arranged:
        how = (each.source, each.source_key, each.decision_id, each.since)
        yield (each.child, each.parent, each.relation, each.found_by, *how, top(each.parent, parent_of))
