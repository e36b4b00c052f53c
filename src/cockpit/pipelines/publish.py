"""Bring Superset to what superset/ and include/rules/security say."""

from __future__ import annotations

from cockpit.bi.assets import load_assets
from cockpit.bi.check import check_assets
from cockpit.bi.check_access import check_access
from cockpit.bi.sync import SupersetTarget, SyncResult, sync
from cockpit.errors import RuleFileError, StackError
from cockpit.i18n import LANGUAGES, _
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import Workspace
from cockpit.stack.settings import CONNECTIONS, Settings
from cockpit.warehouse.metrics import metric_book


def publish(settings: Settings, workspace: Workspace, *, dry_run: bool = False) -> SyncResult:
    """Send dashboards, roles and people of a workspace to Superset; a second call changes nothing.

    Raises:
        StackError: the workspace has no people, or Superset refuses.
        TransientError: Superset does not answer.
        RuleFileError: a metric or an asset is wrong.
    """
    folder = workspace.settings.security
    if folder is None:
        raise StackError(
            _("nobody may look at this workspace"), where=workspace.name, fix=_("Add security: to its workspace.yml.")
        )
    rules = load_security(workspace.folder / folder)
    assets, metrics = settings.repository / "superset", metric_book(workspace)
    faults = [
        *check_assets(assets, metrics, workspace.settings.parameters),
        *check_access(load_assets(assets), rules),
    ]
    if faults:
        # Before anything is sent: the dashboards of before go on working.
        raise RuleFileError(_("the dashboards do not fit together"), where=str(assets), found="; ".join(faults))
    database = CONNECTIONS[workspace.settings.warehouse].database
    address = settings.database_address("bi_reader", database).set(drivername="postgresql+psycopg2", password=None)
    target = SupersetTarget(
        base_url=settings.addresses()["superset"],
        admin_password=settings.secret("user_admin"),
        database_uri=address.render_as_string(hide_password=False),
        database_password=settings.secret("bi_reader"),
        user_passwords={
            username: settings.secret(f"user_{username}") for username in rules.people if username != "admin"
        },
    )
    return sync(
        target,
        rules,
        assets,
        languages=LANGUAGES,
        parameters=workspace.settings.parameters,
        metrics=metrics,
        dry_run=dry_run,
    )
