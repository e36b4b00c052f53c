"""Who may post: keys, signatures, their replacement, and requests that somebody has recorded."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

import pytest

from tests.integration.intake.service import Intake

GOOD = {"contact": "王小明", "consent": True}
BODY = json.dumps(GOOD).encode()


@pytest.mark.parametrize("key", [None, "", "wrong", "é"])
def test_without_the_key_nothing_is_taken(intake: Intake, key: str | None) -> None:
    headers = {} if key is None else {"X-Form-Key": key.encode()}
    answer = intake.http.post("/forms/web/page", json=GOOD, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Form")
    assert intake.raw() == []


def test_another_forms_key_is_wrong(intake: Intake) -> None:
    assert intake.post(GOOD, X_Form_Key=intake.secret("server")).status_code == 401


def test_a_key_is_replaced_without_a_restart(intake: Intake) -> None:
    path = intake.secrets / "form_web__page"
    old, new = intake.secret("page"), "a-new-secret-of-enough-characters"
    path.write_text(f"{new}\n{old}\n")
    both = [intake.post(GOOD, X_Form_Key=key).status_code for key in (old, new)]
    path.write_text(f"{new}\n")
    os.utime(path, (1, 1))
    after = [intake.post(GOOD, X_Form_Key=key).status_code for key in (old, new)]

    assert (both, after) == ([201, 201], [401, 201])


def test_a_third_secret_and_a_short_one_do_not_count(intake: Intake) -> None:
    keys = [f"secret-number-{number}-long-enough" for number in range(3)]
    (intake.secrets / "form_web__page").write_text("\n".join(keys))
    assert [intake.post(GOOD, X_Form_Key=key).status_code for key in keys] == [201, 201, 401]
    (intake.secrets / "form_web__page").write_text("short")
    assert intake.post(GOOD, X_Form_Key="short").status_code == 503


def test_a_signed_request_is_taken(intake: Intake) -> None:
    answer = intake.post_signed(BODY)
    assert answer.status_code == 201
    assert [(row["contact"], len(row["signature"])) for row in intake.raw("server")] == [("王小明", 64)]


@pytest.mark.parametrize(
    ("seconds", "status"), [(-290, 201), (290, 201), (-310, 401), (310, 401), (-(10**9), 401)]
)  # fmt: skip
def test_a_signature_is_valid_for_some_minutes(intake: Intake, seconds: int, status: int) -> None:
    assert intake.post_signed(BODY, at=time.time() + seconds).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"X_Form_Signature": "0" * 64}, id="signature"),
        pytest.param({"X_Form_Signature": ""}, id="no signature"),
        pytest.param({"X_Form_Timestamp": str(int(time.time()) + 60)}, id="another time"),
        pytest.param({"X_Form_Timestamp": "soon"}, id="no time"),
        pytest.param({"X_Form_Timestamp": "-1"}, id="before 1970"),
    ],
)
def test_what_is_not_signed_as_sent_is_refused(intake: Intake, change: dict[str, str]) -> None:
    assert intake.post_signed(BODY, **change).status_code == 401
    assert intake.post_signed(BODY, secret="some-other-secret-of-the-sender").status_code == 401
    assert intake.raw("server") == []


def test_a_recorded_request_is_not_taken_twice(start: Callable[..., Intake]) -> None:
    moment = time.time()
    intake = start()
    first = intake.post_signed(BODY, at=moment)
    replayed = intake.post_signed(BODY, at=moment)
    disguised = intake.post_signed(BODY, at=moment, Idempotency_Key="another")
    restarted = start()
    after_restart = restarted.post_signed(BODY, at=moment)
    in_disguise = restarted.post_signed(BODY, at=moment, Idempotency_Key="another")

    answers = (first, replayed, disguised, after_restart, in_disguise)
    assert [each.status_code for each in answers] == [201, 401, 401, 401, 401]
    assert len(restarted.raw("server")) == 1


def test_a_sender_may_repeat_its_own_request(start: Callable[..., Intake]) -> None:
    moment = time.time()
    intake = start()
    answers = [intake.post_signed(BODY, at=moment, Idempotency_Key="mine") for _each in range(2)]
    restarted = start()
    answers.append(restarted.post_signed(BODY, at=moment, Idempotency_Key="mine"))
    # Signed anew, as a client does that tries again later.
    answers.append(restarted.post_signed(BODY, at=moment + 5, Idempotency_Key="mine"))

    assert [each.status_code for each in answers] == [201, 200, 200, 200]
    assert len(restarted.raw("server")) == 1


def test_a_refused_request_may_come_again(intake: Intake) -> None:
    moment = time.time()
    wrong = json.dumps({"consent": True}).encode()
    assert [intake.post_signed(wrong, at=moment).status_code for _each in range(2)] == [422, 422]
