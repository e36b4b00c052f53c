from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.demo.capacity import patience_seconds, require_capacity, required_bytes
from cockpit.demo.profile import Profile, Scale, load_profile
from cockpit.errors import StackError


def profile_needing(**need: float) -> Profile:
    profile = load_profile()
    capacity = profile.company.capacity.model_copy(update=need)
    return profile.model_copy(update={"company": profile.company.model_copy(update={"capacity": capacity})})


def test_need_grows_with_the_scale() -> None:
    needs = [required_bytes(load_profile(), scale) for scale in Scale]
    assert needs == sorted(needs)


@pytest.mark.parametrize(("scale", "hours"), [(Scale.SMALL, 0.5), (Scale.MEDIUM, 4), (Scale.LARGE, 24)])
def test_a_larger_company_is_waited_for_longer(scale: Scale, hours: float) -> None:
    assert patience_seconds(load_profile(), scale) == hours * 3600


def test_small_fits_anywhere(tmp_path: Path) -> None:
    require_capacity(load_profile(), Scale.SMALL, tmp_path)


@pytest.mark.parametrize(
    ("need", "resource"), [("memory_bytes_per_customer", "memory"), ("disk_bytes_per_order", "disk")]
)
def test_refuses_what_does_not_fit(tmp_path: Path, need: str, resource: str) -> None:
    with pytest.raises(StackError, match=f"too little free {resource} for --scale large") as caught:
        require_capacity(profile_needing(**{need: 2**40}), Scale.LARGE, tmp_path)
    assert "GiB" in str(caught.value.found)
    assert "at least" in str(caught.value.allowed)


def test_disk_of_another_machine_is_not_judged() -> None:
    require_capacity(profile_needing(disk_bytes_per_order=2**40), Scale.SMALL, None)
