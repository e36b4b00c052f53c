"""Take personal values out of addresses of pages before they are stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from cockpit.rulebook.behaviour import Privacy
from cockpit.sources.logs.addresses import network_of
from cockpit.sources.logs.memory import remembering

REMOVED = "*"

# An address within an address within an address is still decoded.
_DECODINGS = 3

_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_SPECIAL = re.compile(r"[%;=]|\.\d+\.|:")
_PORT = re.compile(r":\d*$")
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")


class Page(NamedTuple):
    """An address of a page without personal values.

    Attributes:
        host: Lower case, without port; None when the address is relative.
        path: Without query.
        query: None when there is none.
        campaign: Values of utm_source, utm_medium and utm_campaign, decoded; None where there is none.
    """

    host: str | None
    path: str
    query: str | None
    campaign: tuple[str | None, str | None, str | None] | None


class Cleaner:
    """Knows what is personal in one source.

    Args:
        privacy: The workspace's rules.
        remove_parameters: Further query parameters whose value is removed.
        hide_addresses: Text -> the same without full IP addresses.

    Attributes:
        text: Any text -> the same without personal values, told by their look or by the name before them.
        page: Address as requested -> the page.
        url: Address as referred to -> the same address, cleaned.
    """

    def __init__(
        self, privacy: Privacy, remove_parameters: Iterable[str], hide_addresses: Callable[[str], str]
    ) -> None:
        names = {name.lower() for name in (*privacy.parameters, *remove_parameters)}
        self._names = names
        alternatives = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"
        # Within a value, and in lines that nobody could split.
        self._parameter = re.compile(
            rf"(?i)((?:^|[?&;\s\"'{{,])[\"']?(?:{alternatives})[\"']?\s*[=:]\s*[\"']?)[^&;\s\"',}}]+"
        )
        looks = "|".join(f"(?:{look.pattern})" for look in privacy.looks) or "(?!)"
        self._looks = re.compile(looks, re.IGNORECASE)
        self._hide_addresses = hide_addresses
        self.text = remembering(self._text)
        self.page = remembering(self._page)
        self.url = remembering(self._url)
        self._name = remembering(self._clean_name)

    def _text(self, text: str) -> str:
        decoded = _decoded(text)
        cleaned = self._without_persons(self._hide_addresses(decoded))
        return text if cleaned == decoded else cleaned

    def _page(self, address: str) -> Page:
        host = None
        if match := _ABSOLUTE.match(address):
            host, address = self._host(match[2]), match[3] or "/"
        path, _mark, query = address.partition("#")[0].partition("?")
        if not query:
            return Page(host, self._path(path), None, None)
        query = self._query(query)
        return Page(host, self._path(path), query, _campaign(query) if "utm_" in query else None)

    def _url(self, address: str) -> str:
        match = _ABSOLUTE.match(address)
        if not match:
            return self.text(address)
        # A port is no person, and a referrer needs none; what stands before an @ is a login.
        page = self._page(match[3])
        query = f"?{page.query}" if page.query else ""
        return f"{match[1].lower()}://{self._host(match[2])}{page.path}{query}"

    def _host(self, authority: str) -> str:
        host = _PORT.sub("", authority.rpartition("@")[2]).lower()
        return self._hide_addresses(host)

    def _path(self, path: str) -> str:
        # Most paths hold nothing that any rule could fit.
        if not _SPECIAL.search(path) and not self._looks.search(path):
            return path
        return "/".join(map(self._segment, path.split("/")))

    def _segment(self, segment: str) -> str:
        decoded = _decoded(segment)
        # Only a whole part is an address: many files carry a version of four numbers in their names.
        cleaned = REMOVED if network_of(decoded) else self._without_persons(decoded)
        return segment if cleaned == decoded else quote(cleaned, safe=";:@=,+$!*'() ~", errors="surrogatepass")

    def _without_persons(self, text: str) -> str:
        return self._looks.sub(REMOVED, self._parameter.sub(rf"\1{REMOVED}", text))

    def _query(self, query: str) -> str:
        return "&".join(map(self._pair, query.split("&")))

    def _pair(self, pair: str) -> str:
        name, sign, value = pair.partition("=")
        if not sign:
            return self._segment(pair)
        name, is_removed = self._name(name)
        return f"{name}={REMOVED if is_removed or self._is_personal(_decoded(value)) else value}"

    def _clean_name(self, name: str) -> tuple[str, bool]:
        """A parameter's name, which may be personal itself, and whether its values are removed."""
        return self._segment(name), _decoded(name).strip().lower() in self._names

    def _is_personal(self, value: str) -> bool:
        # What a rule cannot fit is not asked: this is run for every value of every query.
        return (
            self._looks.search(value) is not None
            or (("=" in value or ":" in value) and self._parameter.search(value) is not None)
            or (("." in value or ":" in value) and self._hide_addresses(value) != value)
        )


def _decoded(text: str) -> str:
    for _time in range(_DECODINGS):
        if "%" not in text:
            break
        text = unquote(text, errors="replace")
    return text


def _campaign(query: str) -> tuple[str | None, str | None, str | None]:
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _sign, value = pair.partition("=")
        if name in _CAMPAIGN and value:
            values.setdefault(name, unquote_plus(value, errors="replace"))
    return values.get("utm_source"), values.get("utm_medium"), values.get("utm_campaign")
