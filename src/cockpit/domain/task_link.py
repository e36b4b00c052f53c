"""Links by which one person answers one task without a login, until they expire or the task has been answered.

A token is `<key id>.<payload>.<signature>`: what it says can be read by anybody, but only who holds a secret can make
one. Several secrets are valid at a time, so that one can be replaced without breaking the links that are under way.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cockpit.errors import TerminalError
from cockpit.i18n import _

# malformed: cut off or no link of ours. forged: not signed with a secret that is valid now. expired: its time is over.
# superseded: the task has been answered or released, or a newer link was sent.
Reason: TypeAlias = Literal["malformed", "forged", "expired", "superseded"]

MINIMUM_SECRET_BYTES = 32
# Longer ones are not looked into.
LONGEST_TOKEN = 1300
LONGEST_PERSON = 200

# Another use of the same secret must not give the same signatures.
_PURPOSE = b"cockpit task link 1\n"
# 32 bytes in base64 end in one of these: never in a sign that mail programs take for the end of the sentence.
_TOKEN = re.compile(r"([0-9a-f]{8})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])", re.ASCII)
_PAYLOAD = re.compile(r"([1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,11})\.(.+)", re.ASCII | re.DOTALL)


class TaskLinkError(TerminalError):
    """A link that opens nothing.

    Args:
        reason: Why, for the page that answers.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(_explain(reason), fix=_("Open the newest message about the task, or ask the data stewards."))


@dataclass(frozen=True, slots=True)
class TaskLink:
    """What a link is good for.

    Attributes:
        task_id: The only task that it opens, from 1.
        person: User name of the only person who answers by it.
        version: `link_version` of the task when the link was made, from 0.
        expires_at: Seconds since 1970; from then on it opens nothing.
    """

    task_id: int
    person: str
    version: int
    expires_at: int


def make_token(link: TaskLink, secrets: Sequence[bytes]) -> str:
    """Sign a link.

    Args:
        secrets: The first one signs; at least 32 bytes.

    Returns:
        Letters, digits, `-`, `_` and two `.`: fit for an address as it is.

    Raises:
        ValueError: a number is out of range, the person is empty, too long or no text, or there is no usable secret.
    """
    text = f"{link.task_id}.{link.version}.{link.expires_at}.{link.person}"
    if not _PAYLOAD.fullmatch(text) or len(link.person) > LONGEST_PERSON:
        raise ValueError("a task link needs a task from 1, a version and an expiry from 0, and a person")
    payload = _to_text(text.encode("utf-8"))
    secret = _usable(secrets)[0]
    key = key_id(secret)
    return f"{key}.{payload}.{_signature(secret, key, payload)}"


def read_token(token: str, secrets: Sequence[bytes], now: float) -> TaskLink:
    """What a link is good for, if it is genuine and its time is not over.

    Whether it still counts for its task is seen by `require_version`.

    Args:
        secrets: All that are valid; at least 32 bytes each.
        now: Seconds since 1970.

    Raises:
        TaskLinkError: malformed, forged or expired; nothing of a token is believed before its signature fits.
        ValueError: there is no usable secret.
    """
    usable = _usable(secrets)
    parts = _TOKEN.fullmatch(token) if len(token) <= LONGEST_TOKEN else None
    if parts is None:
        raise TaskLinkError("malformed")
    key, payload, signature = parts.groups()
    # All are compared, so that the time that it takes tells nothing about them.
    fits = [
        hmac.compare_digest(key_id(secret), key)
        & hmac.compare_digest(_signature(secret, key, payload), signature)
        for secret in usable
    ]  # fmt: skip
    if not any(fits):
        raise TaskLinkError("forged")
    link = _read_payload(payload)
    if now >= link.expires_at:
        raise TaskLinkError("expired")
    return link


def require_version(link: TaskLink, link_version: int) -> None:
    """Refuse a link that is older than the task's last answer, release or message.

    Args:
        link_version: The task's own, as of now.

    Raises:
        TaskLinkError: superseded.
    """
    if link.version != link_version:
        raise TaskLinkError("superseded")


def key_id(secret: bytes) -> str:
    """Name of a secret that tells nothing about it: 8 hexadecimal digits."""
    return hmac.new(secret, b"key id of a task link", hashlib.sha256).hexdigest()[:8]


def _signature(secret: bytes, key: str, payload: str) -> str:
    return _to_text(hmac.new(secret, _PURPOSE + f"{key}.{payload}".encode("ascii"), hashlib.sha256).digest())


def _read_payload(payload: str) -> TaskLink:
    try:
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TaskLinkError("malformed") from error
    parts = _PAYLOAD.fullmatch(text)
    if parts is None:
        raise TaskLinkError("malformed")
    task_id, version, expires_at, person = parts.groups()
    return TaskLink(int(task_id), person, int(version), int(expires_at))


def _to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _usable(secrets: Sequence[bytes]) -> Sequence[bytes]:
    if not secrets or any(len(secret) < MINIMUM_SECRET_BYTES for secret in secrets):
        raise ValueError(f"task links need secrets of at least {MINIMUM_SECRET_BYTES} bytes")
    return secrets


def _explain(reason: Reason) -> str:
    match reason:
        case "malformed":
            return _("this link is cut off or no link to a task")
        case "forged":
            return _("this link is not genuine, or it was made with a key that has been replaced")
        case "expired":
            return _("this link has expired")
        case "superseded":
            return _("this link no longer counts: the task has been answered or handed on")
