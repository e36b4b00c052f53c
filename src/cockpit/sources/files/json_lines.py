"""JSON lines: one object a line, kept as it was written, nested values and the digits of numbers included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

from cockpit.sources.files.lines import ObjectRecord, Rejected, character_fault
from cockpit.sources.loading.copytext import is_decoded
from cockpit.sources.loading.reasons import NOT_AN_OBJECT, NOT_JSON, NUL_CHARACTER, TOO_DEEP, UNDECODABLE

# Deeper than any record and well below what PostgreSQL's parser takes.
_DEEPEST = 200
# jsonb holds numbers as numeric, which ends here.
_LONGEST_NUMBER = 4_000
_LARGEST_EXPONENT = 1_000

_EXPONENT = re.compile(r"[eE][+-]?0*(\d+)$")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


def read_objects(lines: Iterable[str], *, first_line_number: int) -> Iterator[ObjectRecord | Rejected]:
    """Objects and lines that are none, in order; blank lines are neither."""
    for number, line in enumerate(lines, start=first_line_number):
        if line and not line.isspace():
            yield parse_object(number, line)


def parse_object(number: int, line: str) -> ObjectRecord | Rejected:
    """One line as an object that PostgreSQL's jsonb takes too, or the reason why it is none."""
    fault = character_fault(line)
    if fault:
        return Rejected(number, number, fault, line)
    text = line.strip()
    try:
        value = _DECODER.decode(text)
    except ValueError:
        return Rejected(number, number, NOT_JSON, line)
    except RecursionError:
        return Rejected(number, number, TOO_DEEP, line)
    if not isinstance(value, dict):
        return Rejected(number, number, NOT_AN_OBJECT, line)
    # The text itself has neither; an escape can say both.
    if "\\u" in text:
        plain = json.dumps(value, ensure_ascii=False)
        if not is_decoded(plain):
            return Rejected(number, number, UNDECODABLE, line)
        if "\\u0000" in plain and _holds_nul(value):
            return Rejected(number, number, NUL_CHARACTER, line)
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        return Rejected(number, number, TOO_DEEP, line)
    return ObjectRecord(number, value, text, line)


def _number(text: str) -> float:
    exponent = _EXPONENT.search(text)
    if len(text) > _LONGEST_NUMBER or (exponent and int(exponent[1][:9]) > _LARGEST_EXPONENT):
        raise ValueError(text)
    return float(text)


def _whole_number(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    return int(text)


def _refuse(text: str) -> NoReturn:
    """NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_whole_number, parse_constant=_refuse)


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(name) or _holds_nul(each) for name, each in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif match[2]:
            depth -= 1
    return deepest
