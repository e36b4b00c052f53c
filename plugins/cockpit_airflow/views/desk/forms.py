"""What forms send: read, and taken only with the token that the page gave to the same person."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from fastapi import Depends, HTTPException, Request, status

from cockpit.i18n import _
from cockpit_airflow.views.access import may_change

TOKEN = "token"  # noqa: S105 (name of a field)
_HOURS = 12
_MOST_BYTES = 2_000_000
_MOST_FIELDS = 3_000


@dataclass(frozen=True)
class Posted:
    """A form that was sent.

    Attributes:
        by: User name of the person.
    """

    fields: Mapping[str, tuple[str, ...]]
    by: str

    def one(self, name: str) -> str:
        """The last value of a field; empty without one."""
        return self.fields.get(name, ("",))[-1]

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return self.fields.get(name, ())

    def beginning(self, prefix: str) -> dict[str, str]:
        """Fields whose names begin so, without the beginning."""
        return {
            name.removeprefix(prefix): values[-1] for name, values in self.fields.items() if name.startswith(prefix)
        }


def token_for(person: str) -> str:
    """A token for the forms of one person; good for half a day."""
    expires_at = int(time.time()) + _HOURS * 3600
    return f"{expires_at}.{_signature(person, expires_at)}"


def is_token_of(person: str, token: str) -> bool:
    """Whether a token was given to that person and is still good."""
    moment, _dot, signature = token.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 12 and signature.isascii()):
        return False
    return hmac.compare_digest(signature, _signature(person, int(moment))) and int(moment) > time.time()


async def read_form(request: Request, user: GetUserDep) -> Posted:
    """The form of a person who may read.

    Raises:
        HTTPException: 400 for what no form of ours sends, 403 without the page's token, 413 when it is too long.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read."))
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, _("The form is too long."))
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, _("The form could not be read.")) from error
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        # Browsers send line ends as two characters.
        fields[name] = (*fields.get(name, ()), value.replace("\r\n", "\n"))
    if not is_token_of(str(user.get_id()), fields.get(TOKEN, ("",))[-1]):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, _("The page is older than your login. Open it again and repeat the entry.")
        )
    return Posted(fields, str(user.get_name()))


def read_answer(posted: Annotated[Posted, Depends(read_form)], user: GetUserDep) -> Posted:
    """The form of a person who may answer.

    Raises:
        HTTPException: 403 without the right.
    """
    if not may_change(user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, _("You may look, but not answer."))
    return posted


Form = Annotated[Posted, Depends(read_form)]
AnswerForm = Annotated[Posted, Depends(read_answer)]


def _signature(person: str, expires_at: int) -> str:
    key = hashlib.sha256(f"cockpit desk forms {conf.get('api', 'secret_key')}".encode()).digest()
    return hmac.new(key, f"{expires_at}|{person}".encode(), hashlib.sha256).hexdigest()
