"""Write what approvers have published into the form of the folder `superset/`."""

from __future__ import annotations

from pathlib import Path

from cockpit.bi.assets import load_assets
from cockpit.bi.client import SupersetClient
from cockpit.bi.export_approved import ExportedDashboard, export_approved
from cockpit.bi.metrics import with_metrics
from cockpit.rulebook.workspace import Workspace
from cockpit.stack.people import ADMIN
from cockpit.stack.settings import Settings
from cockpit.warehouse.metrics import metric_book


def export_into(settings: Settings, workspace: Workspace, folder: Path) -> list[ExportedDashboard]:
    """Write the files of every approved dashboard below a folder; a file of the same name is replaced.

    Raises:
        StackError: Superset refuses.
        TransientError: Superset does not answer.
    """
    assets = with_metrics(load_assets(settings.repository / "superset"), metric_book(workspace))
    with SupersetClient(settings.addresses()["superset"], ADMIN, settings.secret(f"user_{ADMIN}")) as client:
        exported = export_approved(client, assets)
    for dashboard in exported:
        for name, text in dashboard.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return exported
