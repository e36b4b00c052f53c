"""Check roles against dashboards: whoever opens one must be able to read all that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cockpit.bi.assets import Assets, DashboardAsset
from cockpit.rulebook.security import SecurityRules
from cockpit.warehouse.tables import masked_view

_MART = re.compile(rf"\bmarts\.(mart_[a-z0-9_]+?)(?:{masked_view('')})?\b")


def check_access(assets: Assets, rules: SecurityRules) -> list[str]:
    """Find dashboards that would stay empty for a role: PostgreSQL shows only marts of its subjects.

    Returns:
        One line per fault; empty when all is well.
    """
    return list(_faults(assets, rules))


def _faults(assets: Assets, rules: SecurityRules) -> Iterator[str]:
    readable = rules.readable()
    subject_of = {mart: name for name, subject in rules.subjects.items() for mart in subject.marts}
    for role_name, role in rules.roles.items():
        marts = {entry.mart for entry in readable if entry.role == role_name}
        for name in role.dashboards:
            if name not in assets.dashboards:
                known = ", ".join(assets.dashboards)
                yield f"roles.yml: role {role_name} opens {name}; superset/dashboards has {known}"
                continue
            for mart in sorted(_marts(assets, assets.dashboards[name]) - marts):
                yield (
                    f"roles.yml: role {role_name} opens {name}, which reads {mart}; "
                    f"add subject {subject_of.get(mart, '(none has it: see subjects.yml)')} or take the dashboard away"
                )


def _marts(assets: Assets, dashboard: DashboardAsset) -> set[str]:
    datasets = {assets.charts[placed.chart].dataset for placed in dashboard.placed}
    datasets |= {chosen.dataset for chosen in dashboard.filters if chosen.dataset}
    return {mart for dataset in datasets for mart in _MART.findall(assets.datasets[dataset].sql)}
