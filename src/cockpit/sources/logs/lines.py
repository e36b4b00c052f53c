"""Lines of behaviour logs as fields of page views: pure functions from text to a mapping or the reason of rejection."""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from cockpit.rulebook.behaviour import Privacy
from cockpit.rulebook.sources.log import LogEntity
from cockpit.sources.files.tables import LineParser
from cockpit.sources.loading.reasons import NOT_A_LOG_LINE, NOT_AN_OBJECT, NOT_JSON, TOO_DEEP
from cockpit.sources.logs.addresses import Addresses, network_of
from cockpit.sources.logs.cleaning import REMOVED, Cleaner, Page
from cockpit.sources.logs.times import day_of, moment_of

Fields: TypeAlias = dict[str, object]

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
# Address (the first of several, where proxies add theirs), identity, user, time, request, status, size.
_COMMON = (
    r"([^\s,]+)(?:,\s?[^\s,]+)* \S+ (\S+|[^\[\"]+) \[(\d\d/[A-Z][a-z]{2}/\d{4}):((?:[01]\d|2[0-3]):[0-5]\d:[0-6]\d)"
    rf" ([+-]\d\d)(\d\d)\] {_QUOTED} (\d{{3}}) (\d{{1,18}}|-)"
)
# Servers may be told to append more; it is not kept.
_LINE = {
    "common": re.compile(rf"{_COMMON}(?:\s.*)?", re.DOTALL | re.ASCII),
    "combined": re.compile(rf"{_COMMON} {_QUOTED} {_QUOTED}(?:\s.*)?", re.DOTALL | re.ASCII),
}
_METHOD = re.compile(r"[A-Z]{3,20}")
_EMPTY = ("-", "")
# `::1`; what is shorter is no address and stands in many words.
_SHORTEST_ADDRESS = 3
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")
# What of a line of JSON has to be understood; the rest is kept as it is.
_UNDERSTOOD = ("visited_at", "url", "host", "referrer", "address", "visitor", "username", "dwell_seconds")


class _Parser:
    """What all formats have in common."""

    def __init__(self, entity: LogEntity, privacy: Privacy, key: bytes) -> None:
        self._addresses = Addresses(entity.ip, key)
        self._cleaner = Cleaner(privacy, entity.remove_parameters, self._addresses.hide)

    def conceal(self, line: str) -> str:
        """A line that is rejected, without addresses and personal values, as far as they can be told."""
        return self._cleaner.text(line)

    def _hide(self, text: str, address: str) -> str:
        """A text that repeats the visitor's address, without it."""
        if len(address) < _SHORTEST_ADDRESS:
            return text
        return text.replace(address, (network_of(address) or REMOVED) if self._addresses.keeps_network else REMOVED)

    @staticmethod
    def _add_page(fields: Fields, page: Page) -> None:
        fields["path"] = page.path
        if page.query:
            fields["query"] = page.query
        if page.host:
            fields["host"] = page.host
        if page.campaign:
            for name, value in zip(_CAMPAIGN, page.campaign, strict=True):
                if value:
                    fields.setdefault(name, value)


class AccessLogParser(_Parser):
    """Lines of Apache and nginx in the formats `common` and `combined`.

    A request that is none (a probe for another protocol) has neither method nor path; its line is no fault.
    """

    def __init__(self, entity: LogEntity, privacy: Privacy, key: bytes) -> None:
        super().__init__(entity, privacy, key)
        self._match = _LINE[entity.format].fullmatch
        self._has_agent = entity.format == "combined"

    def conceal(self, line: str) -> str:
        """A line that is rejected; its first word may be the name of the visitor's machine."""
        first, space, rest = line.partition(" ")
        return f"{super().conceal(first) if network_of(first) else REMOVED}{space}{super().conceal(rest)}"

    def __call__(self, line: str) -> Fields | str:
        """Fields of a line, or the reason why it has none."""
        match = self._match(line)
        if match is None:
            return NOT_A_LOG_LINE
        if self._has_agent:
            address, user, day, time, hours, minutes, request, status, size, referrer, agent = match.groups()
        else:
            address, user, day, time, hours, minutes, request, status, size = match.groups()
            referrer = agent = ""
        date = day_of(day)
        if date is None:
            return NOT_A_LOG_LINE
        if line.find(address, len(address)) > 0:
            request, referrer, agent = (self._hide(text, address) for text in (request, referrer, agent))
        fields: Fields = {"visited_at": f"{date}T{time}{hours}:{minutes}", "status": int(status)}
        if size != "-":
            fields["bytes"] = int(size)
        stored = self._addresses.stored(address)
        if stored:
            fields["network"] = stored
        if user in _EMPTY:
            fields["visitor"] = self._addresses.visitor(address, agent)
        else:
            fields["username"] = user
            fields["visitor"] = self._addresses.pseudonym(user)
        if self._has_agent:
            fields["user_agent"] = agent or "-"
            if referrer not in _EMPTY:
                fields["referrer"] = self._cleaner.url(referrer)
        method, _space, rest = request.partition(" ")
        if rest and _METHOD.fullmatch(method):
            target, _space, protocol = rest.rpartition(" ")
            fields["method"] = method
            self._add_page(fields, self._cleaner.page(target if target and protocol.startswith("HTTP/") else rest))
        return fields


class JsonLogParser(_Parser):
    """One JSON object per line, under the names that the entity's `fields` say.

    Of what a line tells only the declared columns are kept; values of other types than expected are kept as they
    are, and staging reports them.
    """

    def __init__(self, entity: LogEntity, privacy: Privacy, key: bytes) -> None:
        super().__init__(entity, privacy, key)
        places = {ours: tuple(theirs.split(".")) for ours, theirs in entity.json_names().items()}
        self._place = {name: places.get(name, (name,)) for name in _UNDERSTOOD}
        self._plain = {ours: place for ours, place in places.items() if ours not in _UNDERSTOOD}
        # An id must stay one, though it may look like a token.
        self._keys = frozenset(() if entity.key == "line" else entity.key)
        self._is_server = entity.format == "nginx_json"
        self._dwell_divisor = 1000 if entity.dwell_unit == "milliseconds" else 1

    def __call__(self, line: str) -> Fields | str:
        """Fields of a line, or the reason why it has none."""
        try:
            record = json.loads(line)
            return self._fields(record) if isinstance(record, dict) else NOT_AN_OBJECT
        except ValueError:
            return NOT_JSON
        except RecursionError:
            return TOO_DEEP

    def _fields(self, record: dict[str, object]) -> Fields | str:
        place = self._place
        moment = moment_of(_found(record, place["visited_at"]))
        if moment is None:
            return NOT_A_LOG_LINE
        # Proxies add theirs behind the visitor's.
        address = _text(_found(record, place["address"])).partition(",")[0].strip()
        fields: Fields = {"visited_at": moment}
        for name, where in self._plain.items():
            value = self._kept(name, _found(record, where), address)
            if value is not None and value != "":
                fields[name] = value
        self._add_visitor(fields, record, address)
        url = _text(_found(record, place["url"]))
        if url:
            self._add_page(fields, self._cleaner.page(self._hide(url, address)))
        host = _text(_found(record, place["host"]))
        if host and "host" not in fields:
            fields["host"] = self._cleaner.text(host.lower().partition(":")[0])
        referrer = _text(_found(record, place["referrer"]))
        if referrer not in _EMPTY:
            fields["referrer"] = self._cleaner.url(self._hide(referrer, address))
        dwell = _found(record, place["dwell_seconds"])
        if dwell is not None and dwell != "":
            fields["dwell_seconds"] = self._seconds(dwell)
        return fields

    def _kept(self, name: str, value: object, address: str) -> object:
        """A value that needs no understanding; what a person may have typed is cleaned."""
        if name in self._keys:
            return value
        if name == "user_agent":
            # A server that got none writes an empty text; a page that tells none says nothing about the visitor.
            return "-" if self._is_server and value == "" else self._hide(_text(value), address)
        if isinstance(value, str):
            return self._cleaner.text(value)
        if isinstance(value, dict | list):
            return self._cleaner.text(json.dumps(value, ensure_ascii=False))
        return value

    def _add_visitor(self, fields: Fields, record: dict[str, object], address: str) -> None:
        stored = self._addresses.stored(address) if address else None
        if stored:
            fields["network"] = stored
        visitor = _text(_found(record, self._place["visitor"]))
        username = _text(_found(record, self._place["username"]))
        if username not in _EMPTY:
            fields["username"] = username
        if visitor not in _EMPTY:
            # An id of the log's own stays, unless it is a person's number or address.
            is_harmless = self._cleaner.text(visitor) == visitor
            fields["visitor"] = visitor if is_harmless else self._addresses.pseudonym(visitor)
        elif username not in _EMPTY:
            fields["visitor"] = self._addresses.pseudonym(username)
        elif address:
            fields["visitor"] = self._addresses.visitor(address, _text(fields.get("user_agent")))

    def _seconds(self, value: object) -> object:
        if self._dwell_divisor == 1:
            return value
        try:
            return float(_text(value)) / self._dwell_divisor
        except ValueError:
            return value


def line_parser(entity: LogEntity, privacy: Privacy, key: bytes) -> LineParser:
    """The parser of an entity's lines.

    Args:
        privacy: The workspace's rules about what is personal.
        key: Of the hashes of visitors and addresses, see `pseudonym_key`.
    """
    return (AccessLogParser if entity.format in _LINE else JsonLogParser)(entity, privacy, key)


def _found(record: dict[str, object], place: tuple[str, ...]) -> object:
    """The value at a place, None when it is not there."""
    value: object = record
    for name in place:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: object) -> str:
    """A value as text; empty when there is none."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)
