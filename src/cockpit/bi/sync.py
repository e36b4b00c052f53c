"""Make a running Superset equal to `superset/` and `include/rules/security`, changing only what differs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.bi.access_sync import PublishedDashboard, sync_access
from cockpit.bi.assets import Assets, load_assets
from cockpit.bi.bundle import Bundle, asset_uuid, build_bundle, to_zip
from cockpit.bi.client import SupersetClient
from cockpit.bi.metrics import with_metrics
from cockpit.bi.render import Renderer
from cockpit.errors import StackError
from cockpit.i18n import _
from cockpit.rulebook.security import SecurityRules
from cockpit.warehouse.metrics import MetricBook

logger = logging.getLogger(__name__)

_MASK = "XXXXXXXXXX"
# Numbers that Superset gives out; they differ between installations and mean nothing.
_NUMBERED = frozenset({"chartId", "chart_configuration", "excluded", "chartsInScope", "datasetId"})
# Kept by Superset, but not part of what it exports.
_NOT_EXPORTED = frozenset({"is_managed_externally", "version", "allow_file_upload"})
# From the outside in: Superset refuses to delete what something else still uses.
_OWNED_KINDS = ("dashboard", "chart", "dataset")


@dataclass(frozen=True)
class SupersetTarget:
    """Where Superset is, who may administer it, and which database it shows.

    Attributes:
        base_url: Address of Superset.
        admin_password: Of `admin_username`.
        database_uri: SQLAlchemy address of the marts as bi_reader, without password.
        database_password: Of bi_reader.
        user_passwords: By username, for everybody in the rules but administrators.
    """

    base_url: str
    admin_password: str = field(repr=False)
    database_uri: str
    database_password: str = field(repr=False)
    user_passwords: Mapping[str, str] = field(repr=False)
    admin_username: str = "admin"


@dataclass(frozen=True)
class SyncResult:
    """What was changed, or would be: one line per object, such as `update chart Region map`."""

    changes: tuple[str, ...]
    dry_run: bool


def sync(
    target: SupersetTarget,
    rules: SecurityRules,
    assets_folder: Path,
    *,
    languages: Sequence[str],
    parameters: Mapping[str, float | str],
    metrics: MetricBook,
    dry_run: bool = False,
) -> SyncResult:
    """Send assets, roles, logins and row rules to Superset; a second call changes nothing.

    Args:
        target: See SupersetTarget.
        rules: Roles and people.
        assets_folder: The folder `superset/`.
        languages: Languages whose dashboards are wanted; those of other languages are removed.
        parameters: The workspace's parameters, for texts that state a threshold.
        metrics: Of the workspace; datasets get those of their mart.
        dry_run: Only say what would change. Before the first real run this cannot list what depends on
            objects that do not exist yet.

    Raises:
        TransientError: Superset does not answer.
        StackError: Superset refuses a login or a request.
        RuleFileError: an asset file is wrong.
    """
    assets = with_metrics(load_assets(assets_folder), metrics)
    renderers = {lang: Renderer(lang, assets.labels[lang], parameters) for lang in languages}
    bundle = build_bundle(assets, renderers, _masked(target.database_uri))
    with SupersetClient(target.base_url, target.admin_username, target.admin_password) as client:
        client.allow_writes()
        changes = _sync_assets(client, bundle, target, dry_run)
        changes += _remove_orphans(client, bundle, dry_run)
        dashboards = _published(assets, bundle, languages)
        changes += sync_access(client, rules, dashboards, bundle, target.user_passwords, dry_run=dry_run)
    logger.info("Superset at %s: %s changes%s", target.base_url, len(changes), " (dry run)" if dry_run else "")
    return SyncResult(tuple(changes), dry_run)


def _masked(database_uri: str) -> str:
    """Put Superset's mask where the password stands; the real one travels beside the archive."""
    scheme, _separator, rest = database_uri.partition("://")
    user, separator, place = rest.rpartition("@")
    if not separator or not user:
        raise StackError(
            _("the database address needs a user"), found=f"{scheme}://{place}", allowed="scheme://user@host/database"
        )
    return f"{scheme}://{user.split(':')[0]}:{_MASK}@{place}"


def _published(assets: Assets, bundle: Bundle, languages: Sequence[str]) -> dict[str, PublishedDashboard]:
    """Each dashboard file with what Superset makes of it: a copy of itself and of its datasets per language."""
    return {
        name: PublishedDashboard(
            variants=tuple(
                document["uuid"] for path, document in bundle.items() if path.startswith(f"dashboards/{name}.")
            ),
            datasets=frozenset(
                asset_uuid("dataset", dataset, lang)
                for dataset in (
                    *(assets.charts[placed.chart].dataset for placed in dashboard.placed),
                    *(chosen.dataset for chosen in dashboard.filters if chosen.dataset),
                )
                for lang in languages
            ),
        )
        for name, dashboard in assets.dashboards.items()
    }


def _sync_assets(client: SupersetClient, bundle: Bundle, target: SupersetTarget, dry_run: bool) -> list[str]:
    present = client.export_assets()
    changes = []
    for path, document in bundle.items():
        existing = present.get(document["uuid"])
        if existing is None:
            changes.append(_("create {asset}", asset=path.removesuffix(".yaml")))
        elif not is_contained(document, existing):
            changes.append(_("update {asset}", asset=path.removesuffix(".yaml")))
    databases = [path for path in bundle if path.startswith("databases/")]
    if not changes:
        changes = [
            _("renew the password of {asset}", asset=path.removesuffix(".yaml"))
            for path in databases
            if not _database_answers(client, bundle[path]["uuid"])
        ]
    if changes and not dry_run:
        client.import_assets(to_zip(bundle), dict.fromkeys(databases, target.database_password))
    return changes


def is_contained(wanted: Any, present: Any) -> bool:
    """Whether everything that is wanted stands in what Superset exports, which has defaults beside it."""
    if isinstance(wanted, Mapping):
        return isinstance(present, Mapping) and all(
            is_contained(value, present.get(key))
            for key, value in wanted.items()
            if key not in _NUMBERED and key not in _NOT_EXPORTED
        )
    if isinstance(wanted, list):
        if not isinstance(present, list) or len(wanted) != len(present):
            return False
        for key in ("column_name", "metric_name"):
            # Superset exports these two lists in an order of its own.
            if wanted and isinstance(wanted[0], Mapping) and key in wanted[0]:
                by_name = {entry.get(key): entry for entry in present}
                return all(is_contained(entry, by_name.get(entry[key])) for entry in wanted)
        return all(is_contained(one, other) for one, other in zip(wanted, present, strict=True))
    return bool(wanted == present)


def _database_answers(client: SupersetClient, uuid: str) -> bool:
    """Whether Superset still reaches the database with the password that it keeps."""
    numbers = [entry["id"] for entry in client.list("/api/v1/database/") if entry["uuid"] == uuid]
    try:
        client.get(f"/api/v1/database/{numbers[0]}/schemas/", {"force": True})
    except StackError:
        return False
    return True


def _remove_orphans(client: SupersetClient, bundle: Bundle, dry_run: bool) -> list[str]:
    """Delete what an earlier version of the files had made; what people made by hand stays."""
    wanted = {document["uuid"] for document in bundle.values()}
    changes = []
    for kind in _OWNED_KINDS:
        for entry in client.list(f"/api/v1/{kind}/"):
            if entry["uuid"] in wanted:
                continue
            detail = client.get(f"/api/v1/{kind}/{entry['id']}")["result"]
            if not detail.get("is_managed_externally"):
                continue
            title = detail.get("dashboard_title") or detail.get("slice_name") or detail.get("table_name")
            changes.append(_("delete {kind} {title}", kind=kind, title=title))
            if not dry_run:
                client.delete(f"/api/v1/{kind}/{entry['id']}")
    return changes
