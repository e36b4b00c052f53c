"""Compare a submission with the fields of its form, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from cockpit.i18n import _
from cockpit.intake.replies import FieldFault, mask
from cockpit.rulebook.sources import DriftPolicy, FormColumn, FormEntity
from cockpit.rulebook.sources.form import RESERVED
from cockpit.sources.loading.copytext import is_decoded

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_BITS = {"integer": 32, "bigint": 64}
_LONGEST_NAME = 100
_DEEPEST = 10


def check_fields(form: FormEntity, drift: DriftPolicy, sent: Mapping[str, object], lang: str) -> list[FieldFault]:
    """Everything that is wrong, so that the sender can mend it in one go; nothing when all fits.

    Args:
        form: Its fields may also come under their synonyms.
        drift: `stop` refuses fields that the form does not have; otherwise they are kept as sent.
        sent: Fields as parsed; an empty text is the same as none.
        lang: Language of the messages.
    """
    return [*_faults(form, drift, sent, lang)]


def _faults(form: FormEntity, drift: DriftPolicy, sent: Mapping[str, object], lang: str) -> Iterator[FieldFault]:
    known: set[str] = set()
    for name, column in form.fields.items():
        names = (name, *column.synonyms)
        known.update(names)
        given = {each: sent[each] for each in names if each in sent and not _is_empty(sent[each])}
        if not given and (column.required or name == form.consent):
            yield FieldFault(name, _("is missing", lang), allowed=_allowed(column, lang))
        for each, value in given.items():
            message = _misfit(column, value, lang)
            if message is None and name == form.consent and _text(value).lower() not in _TRUE:
                message = _("must be true: without consent nothing may be stored", lang)
            if message is not None:
                yield FieldFault(each, message, mask(_text(value)), _allowed(column, lang))
    for name, value in sent.items():
        if name in RESERVED:
            yield FieldFault(name, _("is filled by the intake", lang))
        elif len(name) > _LONGEST_NAME or not _is_storable(name):
            yield FieldFault(mask(name), _("is not a usable name of a field", lang))
        elif name not in known and drift == "stop":
            yield FieldFault(name, _("is not a field of this form", lang), allowed=", ".join(form.fields))
        elif name not in known and not _is_storable(value):
            yield FieldFault(name, _("holds what cannot be stored", lang))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_storable(value: object, depth: int = 0) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half of a surrogate pair, not nested without end."""
    if isinstance(value, str):
        return "\0" not in value and is_decoded(value)
    if isinstance(value, Mapping):
        return depth < _DEEPEST and all(
            _is_storable(name) and _is_storable(each, depth + 1) for name, each in value.items()
        )
    return not isinstance(value, list) or (depth < _DEEPEST and all(_is_storable(each, depth + 1) for each in value))


def _text(value: object) -> str:
    """A single value as staging will see it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _misfit(column: FormColumn, value: object, lang: str) -> str | None:
    """Why a value does not fit its field; None when it does."""
    if not isinstance(value, str | int | Decimal):
        return _("is not a single value", lang)
    if not _is_storable(value):
        return _("holds what cannot be stored", lang)
    text = _text(value)
    if len(text) > column.max_length:
        return _("is too long", lang)
    if isinstance(value, bool) and column.type != "boolean":
        return _("is not of the right type", lang)
    if not _fits(column.type, text):
        return _("is not of the right type", lang)
    if column.values and text not in column.values:
        return _("is not one of the values", lang)
    if column.pattern and not re.fullmatch(column.pattern, text):
        return _("is not of the right form", lang)
    return None


def _fits(kind: str, text: str) -> bool:
    """Whether PostgreSQL reads the text as this type; of the ways to write a date only ISO is taken."""
    match kind:
        case "bigint" | "integer":
            limit = 1 << (_BITS[kind] - 1)
            # Longer texts are out of range and slow to convert.
            return bool(_INTEGER.fullmatch(text)) and len(text) <= 40 and -limit <= int(text) < limit
        case "numeric":
            return bool(_NUMBER.fullmatch(text))
        case "date":
            return bool(_DATE.fullmatch(text)) and _is_readable(date, text)
        case "timestamp":
            return bool(_TIME.fullmatch(text)) and _is_readable(datetime, text)
        case "boolean":
            return text.lower() in (*_TRUE, *_FALSE)
        case _text_type:
            return True


def _is_readable(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True


def _allowed(column: FormColumn, lang: str) -> str:
    """What a field takes, in words."""
    if column.values:
        return ", ".join(column.values)
    kinds = {
        "text": _("text of up to {count} characters", lang, count=column.max_length),
        "bigint": _("whole number", lang),
        "integer": _("whole number", lang),
        "numeric": _("number such as 12.5", lang),
        "date": _("date such as 2026-03-05", lang),
        "timestamp": _("time such as 2026-03-05T18:00:00+08:00", lang),
        "boolean": "true, false",
    }
    if column.example:
        return _("{kind}, for example {example}", lang, kind=kinds[column.type], example=column.example)
    return kinds[column.type]
