"""Whether a sender may post: it sends the form's key, or signs time and body with it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from cockpit.i18n import _
from cockpit.intake.replies import RefusalError

KEY_HEADER = "X-Form-Key"
TIMESTAMP_HEADER = "X-Form-Timestamp"
SIGNATURE_HEADER = "X-Form-Signature"

# How far the sender's clock may be off; as long a request could be replayed.
TOLERANCE_SECONDS = 300


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `<timestamp>.<body>`, as hex.

    Args:
        timestamp: Seconds since 1970, as sent in the header.
    """
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify_key(headers: Mapping[str, str], secrets: Sequence[bytes], lang: str) -> None:
    """Accept any of the valid keys.

    Raises:
        RefusalError: 401.
    """
    sent = headers.get(KEY_HEADER, "").encode("utf-8", "surrogateescape")
    if not _is_one_of(sent, secrets):
        raise _unauthorised(_("{header} is missing or wrong", lang, header=KEY_HEADER))


def verify_signature(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    lang: str,
    clock: Callable[[], float] = time.time,
) -> str:
    """Accept a signature by any of the valid secrets; returns it as lower-case hex.

    Raises:
        RefusalError: 401, wrong, missing or too old.
    """
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _unauthorised(_("{header} is missing or not seconds since 1970", lang, header=TIMESTAMP_HEADER))
    if abs(clock() - int(timestamp)) > TOLERANCE_SECONDS:
        message = _("{header} is more than {count} seconds off", lang, header=TIMESTAMP_HEADER, count=TOLERANCE_SECONDS)
        raise _unauthorised(message)
    sent = headers.get(SIGNATURE_HEADER, "").removeprefix("sha256=").lower()
    expected = [sign(secret, timestamp, body).encode() for secret in secrets]
    if not _is_one_of(sent.encode("utf-8", "surrogateescape"), expected):
        raise _unauthorised(_("{header} is missing or wrong", lang, header=SIGNATURE_HEADER))
    return sent


def _is_one_of(sent: bytes, valid: Iterable[bytes]) -> bool:
    # Every one is compared, so that the time tells nothing about which was close.
    equal = [hmac.compare_digest(sent, each) for each in valid]
    return True in equal


def _unauthorised(message: str) -> RefusalError:
    return RefusalError(401, message, headers={"WWW-Authenticate": "Form"})


class Replays:
    """Signatures that were accepted while their time is valid, so that a recorded request is not taken twice.

    A sender that repeats its own request gives it an idempotency key: the same signature with the same key is its
    repetition, not a replay.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seen: dict[str, str | None] = {}
        self._order: deque[tuple[float, str]] = deque()

    def check(self, signature: str, idempotency_key: str | None, lang: str) -> None:
        """Remember a signature.

        Raises:
            RefusalError: 401, it was used before.
        """
        now = self._clock()
        while self._order and self._order[0][0] < now:
            self._seen.pop(self._order.popleft()[1], None)
        if signature in self._seen:
            if idempotency_key is None or self._seen[signature] != idempotency_key:
                raise _unauthorised(_("this signed request was received before", lang))
            return
        self.remember([(signature, idempotency_key)])

    def remember(self, signatures: Iterable[tuple[str, str | None]]) -> None:
        """Add signatures with their idempotency keys, such as those from before a restart."""
        # A timestamp may lie ahead by the tolerance and stays valid for it once more.
        until = self._clock() + 2 * TOLERANCE_SECONDS
        for signature, key in signatures:
            self._seen[signature] = key
            self._order.append((until, signature))

    def forget(self, signature: str) -> None:
        """Its request was not accepted after all and may come again."""
        self._seen.pop(signature, None)
