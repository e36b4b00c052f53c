"""Recognise numbers of Chinese identity cards (GB 11643), which are personal data wherever they turn up."""

from __future__ import annotations

import datetime
import re

# Region, date of birth, serial, check. Those of foreigners with permanent residence begin with 9.
_SHAPE = re.compile(r"[1-689][0-9]{5}(?:19[0-9]|20[0-4])[0-9]{5}[0-9]{3}[0-9Xx]")
_OLD_SHAPE = re.compile(r"[1-68][0-9]{14}")


def looks_like_identity_card(text: str) -> bool:
    """Whether 18 characters hold a region, a date of birth and a serial.

    The check character may be wrong, except after 9, with which most numbers of companies begin.
    """
    if not _SHAPE.fullmatch(text) or not _is_date(text[6:14]):
        return False
    return text[0] != "9" or text[17].upper() == _check_character(text)


def looks_like_old_identity_card(text: str) -> bool:
    """Whether 15 digits hold a region, a date of birth of the last century and a serial, as until 1999."""
    return bool(_OLD_SHAPE.fullmatch(text)) and _is_date(f"19{text[6:12]}")


def _check_character(text: str) -> str:
    """What ISO 7064, MOD 11-2, wants after the first 17 digits."""
    rest = (1 - 2 * int(text[:17], 13)) % 11
    return "X" if rest == 10 else str(rest)


def _is_date(digits: str) -> bool:
    try:
        datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
