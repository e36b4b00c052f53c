from __future__ import annotations

from cockpit.stack import lifecycle
from cockpit.stack.settings import Settings


def test_reset_removes_what_the_home_holds(settings: Settings) -> None:
    own = settings.model_copy(update={"environments": settings.home / "env"})
    own.environments.mkdir()

    lifecycle.remove(own)
    assert [path.name for path in own.home.iterdir()] == ["env"]

    lifecycle.remove(own, with_environments=True)
    assert list(own.home.iterdir()) == []


def test_reset_leaves_environments_that_other_homes_share(settings: Settings) -> None:
    settings.environments.mkdir()

    lifecycle.remove(settings, with_environments=True)

    assert settings.environments.exists()


def test_a_home_that_was_never_started_is_stopped(settings: Settings) -> None:
    status = lifecycle.status(settings)

    assert status.is_stopped
    assert not status.is_healthy
    assert lifecycle.down(settings) == 0
