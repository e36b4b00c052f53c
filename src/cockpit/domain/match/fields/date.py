"""Dates, such as days of birth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from cockpit.domain.match.fields.field import Field
from cockpit.domain.match.fields.values import Ints, Keys, Levels, Values, apply, read_values

_YEAR_FIRST = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})(?:\D.*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})\D(\d{1,2})\D(\d{4})(?:\D.*)?")


class Date(Field):
    """A day, compared as eight digits: years, months and days that are typed wrongly or exchanged are near."""

    levels = ("exact", "one slip", "two parts equal", "near", "different")
    expected = (0.8, 0.08, 0.05, 0.03, 0.04)
    weak = frozenset({"month", "day"})

    def read(self, column: pd.Series) -> Values:
        """Eight digits; a text that is no date has no value."""
        return read_values(column, _digits)

    def compare(self, values: Values, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of values that are not equal."""
        a, b = values.distinct[left], values.distinct[right]
        slips = cpdist(a, b, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
        numbers = np.array([[int(day[:4]), int(day[4:6]), int(day[6:])] for day in values.distinct], dtype=np.int32)
        numbers = numbers.reshape(-1, 3)
        one, other = numbers[left], numbers[right]
        equal = (one == other).sum(axis=1)
        is_exchanged = (one[:, 0] == other[:, 0]) & (one[:, 1] == other[:, 2]) & (one[:, 2] == other[:, 1])
        levels = np.full(len(a), 4, dtype=np.int8)
        levels[(np.abs(one - other)[:, :2] <= 1).all(axis=1) | (slips <= 2)] = 3
        levels[equal >= 2] = 2
        levels[(slips <= 1) | is_exchanged] = 1
        return levels

    def keys(self, values: Values) -> Mapping[str, Keys]:
        """What candidates are found by."""
        return {
            "exact": Keys.of(values.distinct),
            "month": Keys.of(apply(values.distinct, lambda day: day[:6])),
            "day": Keys.of(apply(values.distinct, lambda day: "-" + day[4:])),
        }


def _digits(texts: list[str]) -> Iterable[str]:
    """yyyymmdd; a text that is no date has no value. Which of day and month comes first is told by the column."""
    day_first = [match.groups() for text in texts if (match := _DAY_FIRST.fullmatch(text.strip()))]
    # A month is never above twelve.
    is_month_first = any(int(second) > 12 for _first, second, _year in day_first) and not any(
        int(first) > 12 for first, _second, _year in day_first
    )
    for text in texts:
        if match := _YEAR_FIRST.fullmatch(text.strip()):
            year, month, day = match.groups()
        elif match := _DAY_FIRST.fullmatch(text.strip()):
            day, month, year = match.groups()
            if is_month_first:
                day, month = month, day
        else:
            yield ""
            continue
        yield f"{year}{month:0>2}{day:0>2}"
