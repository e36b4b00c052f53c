"""Who is asking, and what that person may do with charts: look at them, compose them, or write SQL for them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from flask import g, has_request_context
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException


class Standing(Enum):
    """Viewers open what is published; builders also compose drafts, without SQL; authors are free."""

    VIEWER = "viewer"
    BUILDER = "builder"
    AUTHOR = "author"


def standing_of(security_manager: Any) -> Standing:
    """The standing of the person logged in; whoever is not clearly more is a viewer."""
    # Only who may define datasets may write SQL elsewhere: it is the same right.
    if security_manager.can_access("can_write", "Dataset"):
        return Standing.AUTHOR
    if security_manager.can_access("can_write", "Chart") or security_manager.can_access("can_write", "Dashboard"):
        return Standing.BUILDER
    return Standing.VIEWER


def requesting_person() -> Any:
    """The person logged in; None for guests, anonymous visitors and work outside a request."""
    user = getattr(g, "user", None) if has_request_context() else None
    if user is None or user.is_anonymous or getattr(user, "is_guest_user", False):
        return None
    return user


def requesting_username() -> str | None:
    """Their login name."""
    user = requesting_person()
    return None if user is None else str(user.username)


def refusal(message: str) -> SupersetSecurityException:
    """The error that Superset turns into HTTP 403."""
    return SupersetSecurityException(
        SupersetError(
            message=message,
            error_type=SupersetErrorType.DATASOURCE_SECURITY_ACCESS_ERROR,
            level=ErrorLevel.ERROR,
        )
    )
