"""Read a request's body within its limits and take it apart: JSON or what an HTML form sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from cockpit.i18n import _
from cockpit.intake.replies import FieldFault, RefusalError

JSON = "application/json"
URL_ENCODED = "application/x-www-form-urlencoded"

# A sender that needs longer for 64 KiB only holds the place of others.
_READ_SECONDS = 10
_MOST_FIELDS = 200


async def read_body(chunks: AsyncIterator[bytes], declared: str | None, limit: int, lang: str) -> bytes:
    """The whole body, counted while it arrives, because its declared length may be wrong or absent.

    Args:
        chunks: As they arrive.
        declared: Content-Length header.
        limit: Most bytes.

    Raises:
        RefusalError: 413 too large, 408 too slow, 400 a length that is no number.
    """
    if declared is not None and not (declared.isascii() and declared.isdigit()):
        raise RefusalError(400, _("Content-Length is not a number", lang))
    if declared is not None and int(declared) > limit:
        raise _too_large(limit, lang)
    received = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in chunks:
                received += chunk
                if len(received) > limit:
                    raise _too_large(limit, lang)
    except TimeoutError:
        raise RefusalError(408, _("the body did not arrive in time", lang), headers={"Connection": "close"}) from None
    return bytes(received)


def _too_large(limit: int, lang: str) -> RefusalError:
    # The rest of the body is not read.
    message = _("the body is larger than {limit} bytes", lang, limit=limit)
    return RefusalError(413, message, headers={"Connection": "close"})


def parse_body(body: bytes, content_type: str, lang: str) -> dict[str, Any]:
    """The fields of a submission as sent; decimals keep their digits.

    Raises:
        RefusalError: 415 another content type, 400 not readable, 422 a field given twice.
    """
    kind, _semicolon, parameters = content_type.partition(";")
    pairs = (each.partition("=") for each in parameters.split(";"))
    named = {name.strip().lower(): value.strip().strip('"').lower() for name, _sign, value in pairs}
    if kind.strip().lower() not in (JSON, URL_ENCODED) or named.get("charset", "utf-8") not in ("utf-8", "utf8"):
        raise RefusalError(
            415,
            _("the content type is not taken; allowed: {types}", lang, types=f"{JSON}, {URL_ENCODED}; charset=utf-8"),
            headers={"Accept": f"{JSON}, {URL_ENCODED}"},
        )
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RefusalError(400, _("the body is not UTF-8", lang)) from None
    fields = _from_json(text, lang) if kind.strip().lower() == JSON else _from_url_encoded(text, lang)
    if len(fields) > _MOST_FIELDS:
        raise RefusalError(400, _("more than {count} fields", lang, count=_MOST_FIELDS))
    return fields


class _TwiceError(ValueError):
    """A name that occurs twice in one JSON object."""


def _from_json(text: str, lang: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except _TwiceError as error:
        raise _given_twice(str(error), lang) from None
    except (ValueError, RecursionError):
        raise RefusalError(400, _("the body is not JSON", lang)) from None
    if not isinstance(data, dict):
        raise RefusalError(400, _("the body is not a JSON object of fields", lang))
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _from_url_encoded(text: str, lang: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict",
                          max_num_fields=_MOST_FIELDS + 1)  # fmt: skip
    except ValueError:
        raise RefusalError(400, _("the body is not what an HTML form sends", lang)) from None
    fields: Mapping[str, str] = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _value in pairs]
        raise _given_twice(next(name for name in names if names.count(name) > 1), lang)
    return dict(fields)


def _given_twice(name: str, lang: str) -> RefusalError:
    fault = FieldFault(name[:100], _("is given twice", lang))
    return RefusalError(422, _("the submission is not as the form asks", lang), [fault])
