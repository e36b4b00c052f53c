"""Superset with one of its defences open, in a process of its own: would the leak matrix notice?

Run by the Python of Superset's environment with the name of a defence; reads requests and writes answers, one JSON object
per line. It serves nobody: requests go straight to the application.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def _open_foreign_sql() -> None:
    import access

    access.refuse_foreign_sql = lambda _query_context: None


def _open_shared_cache() -> None:
    import access

    from superset import feature_flag_manager

    access.CockpitSecurityManager.get_rls_cache_key = lambda *_arguments: []
    feature_flag_manager._feature_flags["CACHE_QUERY_BY_USER"] = False


def _open_drafts() -> None:
    import drafts

    drafts._conditions = lambda: None


DEFENCES: Mapping[str, Callable[[], None]] = {
    "foreign SQL": _open_foreign_sql,
    "shared cache": _open_shared_cache,
    "drafts": _open_drafts,
    "none": lambda: None,
}


def main() -> None:
    """Answer requests until there are no more."""
    from superset.app import create_app

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    DEFENCES[sys.argv[1]]()
    client = app.test_client()
    tell({"ready": True})
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        answer = client.open(
            asked["path"], method=asked["method"], json=asked.get("json"), headers=asked.get("headers") or {}
        )
        # Each request as somebody of its own: no session is kept.
        client = app.test_client()
        tell({"status": answer.status_code, "text": answer.text})


def tell(value: dict[str, Any]) -> None:
    """Other lines are Superset's own."""
    sys.stdout.write(f"answer {json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
