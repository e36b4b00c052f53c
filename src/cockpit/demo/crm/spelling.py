"""How users of the CRM type names, telephones and sizes."""

from __future__ import annotations

import numpy as np

from cockpit.demo.draw import Bools, Ints

# ASCII and its full-width twins lie this far apart.
_FULL_WIDTH_OFFSET = 0xFEE0
_DIGITS = "零一二三四五六七八九"
_CLASSES = ((50, "1-50"), (200, "51-200"), (500, "201-500"), (1000, "501-1000"))


def full_width(text: str) -> str:
    """The text with digits, letters and signs as wide as Chinese characters."""
    return "".join(chr(ord(one) + _FULL_WIDTH_OFFSET) if "!" <= one <= "~" else one for one in text)


def typed_phone(digits: str, style: int) -> str:
    """A number of digits as users type it; style 0 to 7, most of them plain."""
    is_mobile = len(digits) == 11 and digits[0] == "1"
    if style == 1 and is_mobile:
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    if style == 2:
        return full_width(digits)
    if style == 3 and is_mobile:
        return f"+86-{digits}"
    if style == 4 and is_mobile:
        return f"手机：{digits}"
    return digits


def typed_headcounts(rng: np.random.Generator, median: float, is_given: Bools) -> list[str | None]:
    """Sizes of companies as users type them, from a bare number to a word; null where nobody asked."""
    count = len(is_given)
    people = np.maximum(np.round(rng.lognormal(np.log(median), 1.1, count)), 1).astype(np.int64)
    style: Ints = rng.integers(0, 12, count)
    return [
        _headcount(number, kind) if given else None
        for number, kind, given in zip(people.tolist(), style.tolist(), is_given.tolist(), strict=True)
    ]


def _headcount(number: int, style: int) -> str:
    range_text = next((text for limit, text in _CLASSES if number <= limit), "1000以上")
    texts = {
        0: f"{number}人",
        1: f"{number}人",
        2: str(number),
        3: f"{range_text}人",
        4: range_text,
        5: full_width(range_text) + "人",
        6: f"约{number}人",
        7: f"{chinese_number(number)}人",
        8: f"{_rough(number)}余人",
        9: f"近{_rough(number + 10)}人",
        10: "小型" if number <= 50 else "中型" if number <= 500 else "大型",
    }
    return texts.get(style, f"{number} 人")


def chinese_number(number: int) -> str:
    """A number from 1 to 99,999 in Chinese numerals: 250 is 二百五十."""
    parts: list[str] = []
    is_gap = False
    for unit, word in ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            if is_gap and parts:
                parts.append(_DIGITS[0])
            parts.append(_DIGITS[digit] + word)
            is_gap = False
        else:
            is_gap = True
    text = "".join(parts)
    return text.removeprefix("一") if text.startswith("一十") else text


def _rough(number: int) -> str:
    """The number cut to its first digit, in numerals: 230 is 二百."""
    unit = 10 ** max(len(str(number)) - 1, 1)
    return chinese_number(max(number // unit, 1) * unit)
