"""How robots of chat services want to be asked, so that they know who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote


def sign_dingtalk(secret: str, timestamp_ms: int) -> str:
    """Value of `sign` in the address of a DingTalk robot, ready for the address: it must not be encoded again.

    Args:
        timestamp_ms: Milliseconds since 1970, sent as `timestamp`; DingTalk refuses one that is an hour off.
    """
    message = f"{timestamp_ms}\n{secret}".encode()
    return quote(base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()), safe="")


def sign_feishu(secret: str, timestamp_s: int) -> str:
    """Value of `sign` in the body of a message to a Feishu robot.

    Args:
        timestamp_s: Seconds since 1970, sent as `timestamp`.
    """
    # Time and secret are the key; nothing is signed.
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode("ascii")
