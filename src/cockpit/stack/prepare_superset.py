"""Superset's metadata schema, the table of publications, roles and administrator, in one process.

Run by Superset's own Python, which has none of the project's dependencies: `superset db upgrade`, `superset init`
and `superset fab create-admin` in one start of the application instead of three.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask_migrate import upgrade  # type: ignore[import-untyped]
from superset.app import create_app  # type: ignore[import-not-found]


def main() -> None:
    """Bring everything to the installed version; may be repeated."""
    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder, security_manager  # type: ignore[import-not-found]

        upgrade()
        # One of the modules beside superset_config.py, which have put themselves on the path.
        from publishing import create_table  # type: ignore[import-not-found]

        create_table()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        username = os.environ["COCKPIT_ADMIN"]
        password = Path(os.environ["COCKPIT_ADMIN_PASSWORD_FILE"]).read_text().strip()
        user = security_manager.find_user(username=username)
        if user is None:
            security_manager.add_user(
                username,
                "Cockpit",
                "Administrator",
                f"{username}@localhost",
                security_manager.find_role("Admin"),
                password=password,
            )
        else:
            security_manager.reset_password(user.id, password)


if __name__ == "__main__":
    main()
