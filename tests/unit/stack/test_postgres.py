"""How the embedded PostgreSQL is started."""

from __future__ import annotations

import pytest

from cockpit.stack.postgres import buffer_mb


@pytest.mark.parametrize(
    ("machine", "expected"), [(1_024, 512), (2_048, 512), (4_096, 1_024), (24_105, 6_026), (131_072, 8_192)]
)
def test_the_server_keeps_pages_in_a_quarter_of_the_memory(machine: int, expected: int) -> None:
    assert buffer_mb(machine) == expected
