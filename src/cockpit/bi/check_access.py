"""Check roles against dashboards: whoever opens one must be able to read all that it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpit.bi.assets import Assets, DashboardAsset
from cockpit.bi.marts import marts_read_by
from cockpit.i18n import _
from cockpit.rulebook.security import SecurityRules


def check_access(assets: Assets, rules: SecurityRules) -> list[str]:
    """Find dashboards that would stay empty for a role: PostgreSQL shows only marts of its subjects.

    Returns:
        One line per fault; empty when all is well.
    """
    return list(_faults(assets, rules))


def _faults(assets: Assets, rules: SecurityRules) -> Iterator[str]:
    readable = rules.readable()
    read_by = {name: {entry.mart for entry in readable if entry.role == name} for name in rules.roles}
    subject_of = {mart: name for name, subject in rules.subjects.items() for mart in subject.marts}
    for role_name, role in rules.roles.items():
        # A role without subjects is held beside others, which must read what it opens.
        readers = {role_name: read_by[role_name]} if role.subjects else _holders(rules, role_name, read_by)
        for name in role.dashboards:
            if name not in assets.dashboards:
                known = ", ".join(assets.dashboards)
                yield f"roles.yml: {role_name}: " + _(
                    "there is no dashboard {name}; superset/dashboards has {known}", name=name, known=known
                )
                continue
            for reader, marts in readers.items():
                for mart in sorted(_marts(assets, assets.dashboards[name]) - marts):
                    subject = subject_of.get(mart, _("(none has it: see subjects.yml)"))
                    if role.subjects:
                        reason = _("add subject {subject} or take the dashboard away", subject=subject)
                    else:
                        reason = _(
                            "{username} holds it without a role of subject {subject}", username=reader, subject=subject
                        )
                    yield f"roles.yml: {role_name}: " + _(
                        "{name} reads {mart}; {reason}", name=name, mart=mart, reason=reason
                    )


def _holders(rules: SecurityRules, role_name: str, read_by: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What each person who holds a role reads by all of theirs."""
    return {
        username: {mart for held in person.roles for mart in read_by[held]}
        for username, person in rules.people.items()
        if role_name in person.roles
    }


def _marts(assets: Assets, dashboard: DashboardAsset) -> set[str]:
    datasets = {assets.charts[placed.chart].dataset for placed in dashboard.placed}
    datasets |= {chosen.dataset for chosen in dashboard.filters if chosen.dataset}
    return {mart for dataset in datasets for mart in marts_read_by(assets.datasets[dataset].sql)}
