"""Unified social credit codes (GB 32100-2015) with valid check characters.

A code is department (1), category (1), division (6), organisation code (9, itself GB 11714) and a check character.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_MODULUS = 31
_WEIGHTS = np.array([pow(3, place, _MODULUS) for place in range(17)], dtype=np.int64)

_ORGANISATION_MODULUS = 11
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_ORGANISATION_CHECKS = "0123456789X"

_ENTERPRISE = "91"  # registered by market regulation, an enterprise


def check_character(body: str) -> str:
    """The 18th character of a code.

    Args:
        body: The first 17 characters.

    Raises:
        ValueError: not 17 characters of the standard's alphabet.
    """
    if len(body) != len(_WEIGHTS) or any(character not in _VALUE for character in body):
        raise ValueError(f"{body!r} is not 17 characters of {ALPHABET}")
    values = np.array([_VALUE[character] for character in body], dtype=np.int64)
    return ALPHABET[-int(values @ _WEIGHTS) % _MODULUS]


def is_valid(code: str) -> bool:
    """Whether a code has 18 characters of the alphabet and the right check character."""
    try:
        return code[17:] == check_character(code[:17])
    except ValueError:
        return False


def make_codes(division_codes: Sequence[str], serials: npt.NDArray[np.int64]) -> list[str]:
    """Codes of enterprises, both check characters right.

    Args:
        division_codes: Six digits per code.
        serials: One number below 10**8 per code, the organisation code's body; distinct serials give distinct codes.
    """
    digits = serials[:, None] // 10 ** np.arange(7, -1, -1, dtype=np.int64) % 10
    remainder = (-(digits @ _ORGANISATION_WEIGHTS)) % _ORGANISATION_MODULUS
    bodies = [
        f"{_ENTERPRISE}{division}{serial:08d}{_ORGANISATION_CHECKS[check]}"
        for division, serial, check in zip(division_codes, serials.tolist(), remainder.tolist(), strict=True)
    ]
    # One byte per character turns the check over all codes into one matrix product.
    table = np.zeros(128, dtype=np.int64)
    for character, value in _VALUE.items():
        table[ord(character)] = value
    values = table[np.frombuffer("".join(bodies).encode("ascii"), dtype=np.uint8)].reshape(-1, len(_WEIGHTS))
    checks = (-(values @ _WEIGHTS)) % _MODULUS
    return [body + ALPHABET[check] for body, check in zip(bodies, checks.tolist(), strict=True)]
