"""What the process is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

# The user, client or key id of each API; what goes with it is a generated secret.
CLIENT = "cockpit"

SYSTEMS = ("scm", "wecom", "market_feed", "service_desk", "shop", "ads")


@dataclass(frozen=True)
class Config:
    """Settings of the process.

    Attributes:
        database: Address of the database demo_apis, for a login that may only read.
        secrets: Secret of each system: key, token, password, client secret or signing key.
        requests_per_second: More from one system's clients get 429.
        failure_interval: Every so many requests on average one gets 503; never when 0.
        seed: Decides which ones.
        token_seconds: How long an access token of WeCom is valid.
    """

    database: str
    secrets: Mapping[str, str]
    requests_per_second: float = 50.0
    failure_interval: int = 200
    seed: int = 1
    token_seconds: int = 300

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read its variables; docs/reference/environment.md has those that a person may set.

        Raises:
            KeyError: the database or a secret is missing.
            ValueError: a number is none.
        """
        prefix = "COCKPIT_DEMO_APIS_"
        return cls(
            database=environ[f"{prefix}DATABASE"],
            secrets={system: environ[f"{prefix}SECRET_{system.upper()}"] for system in SYSTEMS},
            requests_per_second=float(environ.get("COCKPIT_DEMO_APIS_RATE") or cls.requests_per_second),
            failure_interval=int(environ.get("COCKPIT_DEMO_APIS_FAILURE_INTERVAL") or cls.failure_interval),
            seed=int(environ.get(f"{prefix}SEED") or cls.seed),
            token_seconds=int(environ.get(f"{prefix}TOKEN_SECONDS") or cls.token_seconds),
        )
