"""Describe a form in the terms of OpenAPI, made from its source file."""

from __future__ import annotations

from typing import Any

from cockpit.i18n import _
from cockpit.intake import auth
from cockpit.intake.body import JSON, URL_ENCODED
from cockpit.rulebook.sources import FormColumn, FormEntity, FormSource

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "bigint": {"type": "integer", "format": "int64"},
    "integer": {"type": "integer", "format": "int32"},
    "numeric": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
}
_EXAMPLES: dict[str, Any] = {
    "text": "text",
    "bigint": 1,
    "integer": 1,
    "numeric": 12.5,
    "date": "2026-03-05",
    "timestamp": "2026-03-05T18:00:00+08:00",
    "boolean": True,
}
_REFUSALS = {
    400: "The request is not readable",
    401: "Key or signature is missing or wrong",
    403: "This page may not post to this form",
    408: "The body did not arrive in time",
    409: "The idempotency key was used for other content",
    413: "The body is too large",
    415: "The content type is not taken",
    422: "Fields are missing or do not fit; each is listed",
    429: "Too many posts; see Retry-After",
    503: "Nothing was stored; see Retry-After",
}


def describe(source: FormSource, form: str) -> dict[str, Any]:
    """Arguments of a route: summary, description, body, headers and answers."""
    entity = source.entities[form]
    return {
        "summary": f"{entity.title} · {entity.title_zh}",
        "description": _both("A 2xx answer means that the submission is stored in the database."),
        "responses": {status: {"description": text} for status, text in _REFUSALS.items()},
        "openapi_extra": {
            "requestBody": {"required": True, "content": dict.fromkeys((JSON, URL_ENCODED), _body(source, form))},
            "parameters": [*_headers(entity)],
            "responses": {
                "201": {"description": _both("Stored"), "content": {JSON: {"schema": _ANSWER}}},
                "200": {"description": _both("Stored before, under the same idempotency key"),
                        "content": {JSON: {"schema": _ANSWER}}},
            },
        },
    }  # fmt: skip


_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {"submission_id": {"type": "string"}, "received_at": {"type": "string", "format": "date-time"}},
}


def example_of(entity: FormEntity) -> dict[str, Any]:
    """A submission that fits the form."""
    return {name: _example(column) for name, column in entity.fields.items()}


def _example(column: FormColumn) -> Any:
    if column.example is not None:
        return column.example
    return column.values[0] if column.values else _EXAMPLES[column.type]


def _body(source: FormSource, form: str) -> dict[str, Any]:
    entity = source.entities[form]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(column) for name, column in entity.fields.items()},
        "required": [name for name, column in entity.fields.items() if column.required or name == entity.consent],
    }
    if source.drift_of(form) == "stop":
        schema["additionalProperties"] = False
    return {"schema": schema, "example": example_of(entity)}


def _property(column: FormColumn) -> dict[str, Any]:
    described = {**_TYPES[column.type], "description": f"{column.description} · {column.description_zh}"}
    if column.type == "text":
        described["maxLength"] = column.max_length
    if column.pattern:
        described["pattern"] = f"^(?:{column.pattern})$"
    if column.values:
        described["enum"] = list(column.values)
    return described


def _headers(entity: FormEntity) -> list[dict[str, Any]]:
    needed = {
        "key": {auth.KEY_HEADER: "Key of the form"},
        "hmac": {
            auth.TIMESTAMP_HEADER: "Seconds since 1970",
            auth.SIGNATURE_HEADER: "HMAC-SHA256 of '<timestamp>.<body>' with the form's secret, as hex",
        },
    }[entity.auth.kind]
    optional = {
        "Idempotency-Key": "Repeat a post under the same key, and it is stored once",
        "X-Client-Tag": "What the sender says about itself, such as page or version",
    }
    return [
        {"in": "header", "name": name, "required": name in needed, "description": text, "schema": {"type": "string"}}
        for name, text in (needed | optional).items()
    ]


def _both(text: str) -> str:
    return f"{text} · {_(text, 'zh')}"
