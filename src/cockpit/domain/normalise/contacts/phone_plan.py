"""The telephone numbers that China has given out, as the phonenumbers library knows them.

Its patterns are used directly, because parsing every number with the library takes ten times as long; the tests
compare both.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

import phonenumbers

# Subscribers' numbers begin with neither 0 nor 1, and have seven or eight digits.
_SUBSCRIBER = {7: "2000000", 8: "20000000"}


@dataclass(frozen=True)
class ChinesePlan:
    """Patterns of numbers without 86 and without the leading 0.

    Attributes:
        mobile: 11 digits.
        landline: Area code without its 0, then the subscriber's number.
        toll_free: 400 and 800, 10 digits.
        area_lengths: Lengths that a subscriber's number may have, by area code without its 0.
    """

    mobile: re.Pattern[str]
    landline: re.Pattern[str]
    toll_free: re.Pattern[str]
    area_lengths: Mapping[str, frozenset[int]]

    def area_code(self, digits: str) -> str | None:
        """The area code that a number without its 0 begins with, if there is such an area."""
        area = digits[:2] if digits[:2] in self.area_lengths else digits[:3]
        return area if area in self.area_lengths else None

    def is_landline(self, digits: str) -> bool:
        """Whether area code and subscriber's number (not a service's short one) fit together."""
        area = self.area_code(digits)
        return (
            area is not None
            and len(digits) - len(area) in self.area_lengths[area]
            and self.landline.fullmatch(digits) is not None
        )


@functools.cache
def chinese_plan() -> ChinesePlan:
    """The plan of mainland China."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    if metadata is None:
        raise LookupError("phonenumbers does not know CN")
    landline = _pattern(metadata.fixed_line)
    # Two digits for the largest cities, three for all others.
    candidates = ["10", *(f"2{digit}" for digit in range(10)), *(str(number) for number in range(300, 1000))]
    areas = {
        area: frozenset(length for length, local in _SUBSCRIBER.items() if landline.fullmatch(area + local))
        for area in candidates
    }
    return ChinesePlan(
        mobile=_pattern(metadata.mobile),
        landline=landline,
        toll_free=re.compile("[48]00[0-9]{7}"),
        area_lengths={area: lengths for area, lengths in areas.items() if lengths},
    )


def _pattern(description: phonenumbers.PhoneNumberDesc | None) -> re.Pattern[str]:
    if description is None or description.national_number_pattern is None:
        raise LookupError("phonenumbers has no pattern")
    return re.compile(description.national_number_pattern, re.ASCII)
