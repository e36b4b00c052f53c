"""The signatures that robots of chat services ask for."""

from __future__ import annotations

import pytest

from cockpit.push.signatures import sign_dingtalk, sign_feishu


@pytest.mark.parametrize(
    ("secret", "timestamp", "expected"),
    [
        pytest.param("this is secret", 1700000000000, "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0%3D", id="words"),
        pytest.param(
            "SEC" + "0" * 61,
            1700000000001,
            "W3cbi70n1H9B8oSDogVbr2hAWxQW9LLVKUGaC6orR6M%3D",
            id="as DingTalk makes them",
        ),
        pytest.param("密钥", 0, "95G%2F%2FAOaFLWJUU4E6i75QdzEnHeMIHs7riSGRgJYks4%3D", id="Chinese"),
    ],
)
def test_dingtalk(secret: str, timestamp: int, expected: str) -> None:
    assert sign_dingtalk(secret, timestamp) == expected


@pytest.mark.parametrize(
    ("secret", "timestamp", "expected"),
    [
        pytest.param("this is secret", 1700000000, "OfGzRzoUICBOoc8wVra1e4A1hPfbZ9zqXozA8CWVUuY=", id="words"),
        pytest.param("密钥", 1, "8mRtW400pTb36n68I5tG9xjiGHUswQtinhluzxoPKxw=", id="Chinese"),
    ],
)
def test_feishu(secret: str, timestamp: int, expected: str) -> None:
    assert sign_feishu(secret, timestamp) == expected
