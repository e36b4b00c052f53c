"""Who may open a page, and who may answer: people who are logged in to Airflow and may read, or change, its DAGs."""

from __future__ import annotations

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import HTTPException, status

from cockpit.i18n import _


def require_reader(user: GetUserDep) -> None:
    """Let nobody else pass; a dependency of every route.

    Airflow's own `requires_access_dag` would take the DAG from the address, which the asking person chooses.

    Raises:
        HTTPException: 401 without a login, 403 without the right.
    """
    if not get_auth_manager().is_authorized_dag(method="GET", user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, _("You may not read DAGs."))


def may_change(user: BaseUser) -> bool:
    """Whether a person may answer for rows and texts: who may change DAGs may."""
    return bool(get_auth_manager().is_authorized_dag(method="PUT", user=user))
