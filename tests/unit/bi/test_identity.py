"""Signed identities: the form that the database reads, and keys that are no keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.bi.identity import connection_option, read_identity_key, sign_identity

KEY = bytes(range(32))


def test_the_signed_form():
    # The signature was made with OpenSSL, so that it does not only agree with itself.
    signature = "d668f67ef239d12136ed53577d17c17d322dff757bb1ff74c54bd3c888ed4803"
    assert sign_identity("chen.jing", KEY, 1_800_000_000) == f"chen.jing|1800000000|{signature}"


def test_spaces_and_backslashes_survive_libpq():
    assert connection_option("a b\\c") == "-c app.identity=a\\ b\\\\c"


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, 10**11))
def test_another_name_has_another_signature(one, other, expiry):
    signatures = {sign_identity(name, KEY, expiry).rsplit("|", 1)[1] for name in (one, other)}
    assert len(signatures) == len({one, other})


@pytest.mark.parametrize("content", ["", "ab" * 31, "zz" * 32, "ab" * 32 + "x"])
def test_a_bad_key_file_is_refused_without_showing_it(content, tmp_path):
    path = tmp_path / "identity_key"
    path.write_text(content)
    with pytest.raises(ValueError, match="at least 32 bytes as hex") as caught:
        read_identity_key(path)
    assert content.strip() == "" or content not in str(caught.value)


def test_a_key_is_read(tmp_path):
    path = tmp_path / "identity_key"
    path.write_text(KEY.hex() + "\n")
    assert read_identity_key(path) == KEY
