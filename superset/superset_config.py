"""Superset's settings; Superset imports this module through SUPERSET_CONFIG_PATH or PYTHONPATH.

Read from the environment:
    COCKPIT_SUPERSET_DB_URL    Superset's own metadata database
    SUPERSET_SECRET_KEY        signs sessions and encrypts stored passwords
    COCKPIT_IDENTITY_KEY_FILE  key that signs who is asking (docs/adr/0007-row-security.md)
    COCKPIT_LANG               en or zh: the language of a person's first visit
    COCKPIT_HOME               folder of data and logs
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).resolve().parent
# Superset has its own environment, in which the project is not installed.
sys.path[:0] = [str(_HERE), str(_HERE.parent / "src")]

from access import CockpitSecurityManager  # noqa: E402
from application import complete_application  # noqa: E402
from event_log import EventLog  # noqa: E402
from standing import requesting_username  # noqa: E402

from cockpit.bi.identity import (  # noqa: E402
    LIFETIME_SECONDS,
    connection_option,
    log_name,
    read_identity_key,
    sign_identity,
)

# --- Where things are -------------------------------------------------------------------------------------------
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["COCKPIT_SUPERSET_DB_URL"]
_IDENTITY_KEY = read_identity_key(Path(os.environ["COCKPIT_IDENTITY_KEY_FILE"]))
DATA_DIR = str(Path(os.environ.get("COCKPIT_HOME", _HERE.parent / ".cockpit")) / "data" / "superset")
Path(DATA_DIR).mkdir(parents=True, exist_ok=True)

# --- Who may see what -------------------------------------------------------------------------------------------
CUSTOM_SECURITY_MANAGER = CockpitSecurityManager
# Drafts, the sandbox of builders, the page on which they ask to publish, the home page and Chinese texts.
FLASK_APP_MUTATOR = complete_application
AUTH_USER_REGISTRATION = False
EVENT_LOGGER = EventLog()
FAB_ADD_SECURITY_API = True
# Guest tokens are refused (access.py); the secret that Superset ships is public, this one nobody knows.
GUEST_TOKEN_JWT_SECRET = secrets.token_hex(32)


def DB_CONNECTION_MUTATOR(
    uri: Any, params: dict[str, Any], _username: str | None, _security_manager: Any, _source: Any
) -> tuple[Any, dict[str, Any]]:
    """Tell PostgreSQL who is asking, in a form that nobody else can make.

    Without a verified identity the database shows no rows, so leaving it out for guests and background jobs
    fails closed. `_username` is not used: for a guest it is whatever the guest's token says.
    """
    person = requesting_username()
    connect_args = params.setdefault("connect_args", {})
    # For PostgreSQL's log; who may see what is decided by the signed identity alone.
    connect_args["application_name"] = log_name(person)
    if person is not None:
        identity = sign_identity(person, _IDENTITY_KEY, int(time.time()) + LIFETIME_SECONDS)
        # Superset may have put a search_path there already.
        connect_args["options"] = f"{connect_args.get('options', '')} {connection_option(identity)}".strip()
    return uri, params


FEATURE_FLAGS = {
    # PostgreSQL filters the rows, so a cached result belongs to one person.
    "CACHE_QUERY_BY_USER": True,
    # A dashboard is open to the roles it names (and drafts.py closes it to everybody else).
    "DASHBOARD_RBAC": True,
    # Off: each would be a way around the stored chart or around the login.
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    "EMBEDDED_SUPERSET": False,
    "EMBEDDABLE_CHARTS": False,
}
ROW_LIMIT = 10_000
SQL_MAX_ROW = 10_000
ENABLE_PROXY_FIX = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
WTF_CSRF_ENABLED = True

# --- Cache: results per person (above) until the marts or the scopes change (data_version.py), else minutes ---------
_CACHE = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DEFAULT_TIMEOUT": 300,
    "CACHE_THRESHOLD": 5_000,
}
CACHE_CONFIG = {**_CACHE, "CACHE_DIR": f"{DATA_DIR}/cache"}
DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "result_cache.make_cache",
    "CACHE_DEFAULT_TIMEOUT": 86_400,
    "CACHE_THRESHOLD": 10_000,
    "CACHE_DIR": f"{DATA_DIR}/chart_cache",
}
_STATE_CACHE = {**_CACHE, "CACHE_DEFAULT_TIMEOUT": 7 * 86_400}
FILTER_STATE_CACHE_CONFIG = {**_STATE_CACHE, "CACHE_DIR": f"{DATA_DIR}/filter_state"}
EXPLORE_FORM_DATA_CACHE_CONFIG = {**_STATE_CACHE, "CACHE_DIR": f"{DATA_DIR}/explore_state"}

# --- What the browser may load: this server only ------------------------------------------------------------------
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        # Superset's own default also admits a telemetry pixel and map tile servers.
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "frame-ancestors": ["'none'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        # Handlebars compiles the tile map's template with eval. Templates are part of the repository, viewers
        # cannot write one, and values are escaped.
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
HTML_SANITIZATION = True
# The tile map places its tiles with style and class.
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["style", "className"]}, "tagNames": ["style"]}

# --- Language and looks -------------------------------------------------------------------------------------------
LANGUAGES = {
    "en": {"flag": "us", "name": "English"},
    "zh": {"flag": "cn", "name": "中文"},
}
BABEL_DEFAULT_LOCALE = "zh" if os.environ.get("COCKPIT_LANG", "en").lower().startswith("zh") else "en"
APP_NAME = "CRM Cockpit"
THEME_DEFAULT = yaml.safe_load((_HERE / "themes" / "cockpit.yml").read_text(encoding="utf-8"))
_DARK = yaml.safe_load((_HERE / "themes" / "cockpit_dark.yml").read_text(encoding="utf-8"))
# Whoever's device is dark gets the dark one, and everybody may choose.
THEME_DARK = {**THEME_DEFAULT, **_DARK, "token": {**THEME_DEFAULT["token"], **_DARK["token"]}}
ENABLE_UI_THEME_ADMINISTRATION = False
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "cockpit",
        "description": "",
        "label": "Cockpit",
        "isDefault": True,
        # Blue is money received, light blue ordered, grey the target; the rest tells categories apart. All can be
        # read on light and on dark. Red is kept for "act".
        "colors": ["#1f5fa8", "#a9c6e6", "#6b7885", "#3a9188", "#c08a2e", "#6d5ba3", "#5b7083", "#8fb8de"],
    }
]
# 万 and 亿 have no place in the browser's number formats; Chinese charts show amounts in 万元 (see labels.zh.yml).
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["¥", ""]}

# --- Serving ------------------------------------------------------------------------------------------------------
SUPERSET_WEBSERVER_TIMEOUT = 60
SQLLAB_ASYNC_TIME_LIMIT_SEC = 30
LOG_LEVEL = "INFO"
