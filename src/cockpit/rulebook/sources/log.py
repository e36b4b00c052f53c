"""Logs of behaviour as a source: web servers' access logs and click streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cockpit.i18n import _
from cockpit.rulebook.contract import IDENTIFIER
from cockpit.rulebook.files import MisfitError
from cockpit.rulebook.sources.base import SourceBase
from cockpit.rulebook.sources.file import FolderEntity

LogFormat: TypeAlias = Literal["combined", "common", "nginx_json", "clicks"]

# What is stored of a visitor's address: its network, a keyed hash, or nothing.
AddressRule: TypeAlias = Literal["shorten", "hash", "drop"]

_JSON_FORMATS = ("nginx_json", "clicks")

# Under which names the JSON formats give what a line can tell; `fields` of the entity changes them.
JSON_NAMES: dict[LogFormat, dict[str, str]] = {
    "nginx_json": {
        "visited_at": "time_iso8601",
        "method": "request_method",
        "host": "host",
        "url": "request_uri",
        "status": "status",
        "bytes": "body_bytes_sent",
        "referrer": "http_referer",
        "user_agent": "http_user_agent",
        "address": "remote_addr",
        "visitor": "visitor",
        "username": "remote_user",
    },
    "clicks": {
        "visited_at": "visited_at",
        "event": "event",
        "host": "host",
        "url": "url",
        "referrer": "referrer",
        "user_agent": "user_agent",
        "address": "ip",
        "visitor": "visitor",
        "username": "username",
        "dwell_seconds": "dwell_seconds",
        "utm_source": "utm_source",
        "utm_medium": "utm_medium",
        "utm_campaign": "utm_campaign",
    },
}

# Columns that the parsers give; a file of a source need not repeat them.
_STANDARD: dict[str, dict[str, Any]] = {
    "visited_at": {
        "type": "timestamp",
        "required": True,
        "description": "Time of the request or event",
        "description_zh": "访问时间",
    },
    "event": {"type": "text", "description": "Kind of event", "description_zh": "事件类型"},
    "method": {
        "type": "text",
        "description": "HTTP method; empty when the request was none",
        "description_zh": "HTTP 方法；请求不合规时为空",
    },
    "host": {"type": "text", "description": "Host name of the site", "description_zh": "站点主机名"},
    "path": {
        "type": "text",
        "description": "Path of the page, without query",
        "description_zh": "页面路径，不含查询串",
    },
    "query": {
        "type": "text",
        "description": "Query of the address; personal values are replaced by *",
        "description_zh": "查询串；个人信息已替换为 *",
    },
    "status": {"type": "integer", "description": "HTTP status code", "description_zh": "HTTP 状态码"},
    "bytes": {"type": "bigint", "unit": "bytes", "description": "Size of the answer", "description_zh": "响应大小"},
    "referrer": {
        "type": "text",
        "description": "Page that led here; personal values are replaced by *",
        "description_zh": "来源页面；个人信息已替换为 *",
    },
    "user_agent": {
        "type": "text",
        "description": "What the browser says about itself; - when it says nothing",
        "description_zh": "浏览器标识；未提供时为 -",
    },
    "network": {
        "type": "text",
        "sensitivity": "personal",
        "description": "Network of the visitor's address, or a keyed hash of the address",
        "description_zh": "访客地址所在网段，或地址的加密摘要",
    },
    "visitor": {
        "type": "text",
        "sensitivity": "personal",
        "description": "Visitor: the log's own id, or a keyed hash of login or of address and browser",
        "description_zh": "访客：日志自带的标识，或账号、地址与浏览器的加密摘要",
    },
    "username": {
        "type": "text",
        "sensitivity": "personal",
        "description": "User name of who was logged in",
        "description_zh": "登录用户名",
    },
    "dwell_seconds": {
        "type": "numeric",
        "unit": "s",
        "description": "Time on the page as the page measured it",
        "description_zh": "页面上报的停留时间",
    },
    "utm_source": {"type": "text", "description": "Campaign parameter: origin", "description_zh": "活动参数：来源"},
    "utm_medium": {"type": "text", "description": "Campaign parameter: medium", "description_zh": "活动参数：媒介"},
    "utm_campaign": {"type": "text", "description": "Campaign parameter: name", "description_zh": "活动参数：名称"},
}

_COMMON = ("visited_at", "method", "path", "query", "status", "bytes", "network", "visitor", "username")
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")

COLUMNS: dict[LogFormat, tuple[str, ...]] = {
    "common": (*_COMMON, *_CAMPAIGN),
    "combined": (*_COMMON, "referrer", "user_agent", *_CAMPAIGN),
    "nginx_json": (*_COMMON, "host", "referrer", "user_agent", *_CAMPAIGN),
    "clicks": tuple(name for name in _STANDARD if name not in ("method", "status", "bytes")),
}

_REFERRER_HOST = "substring(lower(referrer) from '^[a-z][a-z0-9+.-]*://(?:www[.])?([^/?#:]+)')"


class LogEntity(FolderEntity):
    """Log files of one site or app; each line is a request or an event.

    What a line tells becomes the columns `visited_at`, `path`, `visitor` and so on, which need not be declared, and
    conforms to `page_view`. Of the visitor's address only what `ip` allows is ever stored.

    Attributes:
        key: The line, or columns that hold an id of the event.
        is_growing: Logs do, unless said otherwise.
        when_changed: A rotated log begins anew under the same name; what was read before stays.
        format: `combined` and `common` as Apache and nginx write them; `nginx_json` one object per line, made by
            nginx's `log_format escape=json`; `clicks` one object per line, sent by pages and apps.
        site: Name of the site or app, by which page views are told apart in reports.
        hosts: Its host names; a referrer from them is no origin.
        ip: `shorten` keeps the network (IPv4 /24, IPv6 /48), `hash` a keyed hash, `drop` nothing.
        fields: JSON formats: what the line tells -> name under which the line gives it, `a.b` for nested ones.
        dwell_unit: JSON formats: unit of the field that `dwell_seconds` is taken from.
        remove_parameters: Query parameters whose value is removed, beside those of `privacy.yml`.
    """

    key: tuple[str, ...] | Literal["line"] = "line"
    encoding: str = "utf-8"
    is_growing: bool = True
    when_changed: Literal["replace", "add"] = "add"
    format: LogFormat
    site: str = Field(pattern=IDENTIFIER)
    hosts: tuple[str, ...] = ()
    ip: AddressRule = "shorten"
    fields: dict[str, str] = Field(default_factory=dict)
    dwell_unit: Literal["seconds", "milliseconds"] = "seconds"
    remove_parameters: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_standard_columns(cls, data: Any) -> Any:
        """Columns and mapping that a file leaves out, because they are the same for every log."""
        if not isinstance(data, Mapping):
            return data
        declared = data.get("columns", {})
        if not isinstance(declared, Mapping):
            return data
        # An unknown format is reported as such, not as missing columns.
        standard = {name: _STANDARD[name] for name in COLUMNS.get(data.get("format", "combined"), tuple(_STANDARD))}
        completed = {**data, "columns": {**standard, **declared}}
        site = data.get("site")
        if "conforms_to" not in data and isinstance(site, str):
            completed["conforms_to"] = {"page_view": _page_view(site, completed["columns"], data.get("hosts", ()))}
        return completed

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        if self.fields and self.format not in _JSON_FORMATS:
            raise MisfitError(_("is for lines of JSON; the places of {format} are fixed", format=self.format), "fields")
        allowed = {*JSON_NAMES.get(self.format, {}), *self.columns} - {"network", "path", "query"}
        unknown = sorted(set(self.fields) - allowed)
        if unknown:
            raise MisfitError(
                _("names {unknown}, which is not in columns", unknown=", ".join(unknown)),
                "fields",
                unknown[0],
                allowed=", ".join(sorted(allowed)),
            )
        return self

    def json_names(self) -> dict[str, str]:
        """What a line of JSON can tell -> name under which it gives it, further declared columns included."""
        own = {
            name: name for name in self.columns if name not in _STANDARD and name not in JSON_NAMES.get(self.format, {})
        }
        return {**own, **JSON_NAMES.get(self.format, {}), **self.fields}


class LogSource(SourceBase):
    """Log files in a folder.

    Attributes:
        connection: Its password keys the hashes of visitors and addresses; the platform's own secret when absent.
            Another key makes other visitors of the same people.
    """

    connector: Literal["log"]
    connection: str | None = Field(default=None, pattern=IDENTIFIER)
    entities: dict[str, LogEntity] = Field(min_length=1)


def _page_view(site: str, columns: Mapping[str, object], hosts: Any) -> dict[str, Any]:
    """How rows of a log conform to page_view."""
    given = {
        "visitor": "visitor",
        "username": "username",
        "visited_at": "visited_at",
        "event": "event",
        "method": "method",
        "path": "path",
        "status": "status",
        "user_agent": "user_agent",
        "dwell_seconds": "dwell_seconds",
        "utm_source": "utm_source",
        "utm_medium": "utm_medium",
        "utm_campaign": "utm_campaign",
    }
    mapped = {"site": _quoted(site), **{name: column for name, column in given.items() if column in columns}}
    if "referrer" in columns:
        own = [_quoted(str(host).lower().removeprefix("www.")) for host in hosts or ()]
        if "host" in columns:
            own.append("regexp_replace(lower(host), '^www[.]', '')")
        inside = " or ".join(f"{_REFERRER_HOST} = {host}" for host in own)
        mapped["referrer_host"] = f"case when {inside} then null else {_REFERRER_HOST} end" if own else _REFERRER_HOST
    return {"key": ["source_key"], "columns": mapped}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
