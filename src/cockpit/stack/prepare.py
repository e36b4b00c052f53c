"""Everything that has to be there before the services start: `python -m cockpit.stack.prepare`.

docker-compose.yml runs it once before the services; `./cockpit up` does the same in its own order.
"""

from __future__ import annotations

import os
import sys

from cockpit.errors import CockpitError
from cockpit.stack import migrations, postgres, provision, secret_files
from cockpit.stack.settings import Settings, make_folders


def main() -> int:
    """Make secrets, databases, roles and metadata on the existing server; may be repeated."""
    os.umask(0o077)
    try:
        settings = Settings.load()
        make_folders(settings)
        (settings.home / "airflow").mkdir(exist_ok=True)
        secret_files.ensure(settings)
        postgres.wait_until_ready(settings)
        postgres.check_version(settings)
        provision.provision(settings)
        migrations.migrate(settings, lambda text: sys.stderr.write(f"{text}\n"))
    except CockpitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
