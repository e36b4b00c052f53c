"""Walk through the pages of a collection: ask, take the records, find the next page, and notice when it never ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.rest import (
    CursorPages,
    LinkPages,
    NumberedPages,
    OffsetPages,
    OnePage,
    ParamValue,
    RestEntity,
    SizedPages,
    UrlPages,
)
from cockpit.sources.rest.answers import Answer
from cockpit.sources.rest.paths import MISSING, find, outline
from cockpit.sources.rest.transport import Call, Transport

# So many pages in a row without a record come from an API that has lost its place.
_EMPTY_PAGES = 100


class Pages:
    """One walk through a collection; used once.

    Args:
        where: `source.entity`, for messages.
        path: Below the API's address.
        params: Of the first request, without those of the page.
    """

    def __init__(
        self, transport: Transport, entity: RestEntity, where: str, path: str, params: Mapping[str, ParamValue]
    ) -> None:
        self._transport = transport
        self._entity = entity
        self._page = entity.page
        self._where = where
        self._url = transport.base_url + path.lstrip("/")
        self._params = dict(params)
        self._count = 0
        self._number = self._page.start if isinstance(self._page, NumberedPages) else 0
        self._asked: set[bytes] = set()
        self._seen: set[bytes] = set()
        self.call = self._first()

    def __iter__(self) -> Iterator[list[object]]:
        """The records, page by page, without empty pages.

        Raises:
            TransientError, TerminalError: as `Transport.fetch`; and an answer without the list of records, a page
                that came before, a next page that was asked for before or lies on another server.
        """
        most = self._page.max_pages if isinstance(self._page, SizedPages) else 1
        empty = 0
        following: Call | None = self.call
        while following is not None:
            self.call = following
            self._refuse_repeated_request()
            if len(self._asked) > most:
                raise self._fault(
                    _("the pages do not end"), found=most, fix=_("Raise 'page.max_pages' if they should.")
                )
            answer = self._transport.fetch(self.call, self._where)
            records = self._records(answer)
            if records:
                self._refuse_repeated_page(records)
            empty = 0 if records else empty + 1
            if empty > _EMPTY_PAGES:
                raise self._fault(_("the pages do not end: {count} in a row have no record", count=empty))
            self._count += len(records)
            following = self._following(answer, has_records=bool(records))
            if records:
                yield records

    def _first(self) -> Call:
        page = self._page
        params = dict(self._params)
        if isinstance(page, SizedPages) and page.size_param and page.size:
            params[page.size_param] = page.size
        if isinstance(page, OffsetPages | NumberedPages):
            params[page.param] = page.start
        return self._with(params)

    def _with(self, params: Mapping[str, ParamValue]) -> Call:
        self._params = dict(params)
        if self._entity.method == "POST":
            body = {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}
            return Call("POST", self._url, body=body)
        written = {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}
        query = urlencode(written, doseq=True)
        return Call("GET", f"{self._url}?{query}" if query else self._url)

    def _following(self, answer: Answer, *, has_records: bool) -> Call | None:
        match self._page:
            case OnePage():
                return None
            case OffsetPages() as page:
                if not self._goes_on(answer, page, has_records=has_records):
                    return None
                # By what came, not by what was asked for: a server may give less, and nothing may be skipped.
                return self._with({**self._params, page.param: page.start + self._count})
            case NumberedPages() as page:
                if not self._goes_on(answer, page, has_records=has_records):
                    return None
                self._number += 1
                return self._with({**self._params, page.param: self._number})
            case CursorPages() as page:
                token = find(answer.document, page.next)
                if page.has_more is not None and not self._is_true(answer, page.has_more):
                    return None
                if token is MISSING or token is None or token == "" or token is False:
                    if page.has_more is not None:
                        raise self._fault(
                            _("'{path}' says that more follows, but '{next}' holds no token",
                              path=page.has_more, next=page.next),
                            found=outline(answer.document),
                        )  # fmt: skip
                    return None
                if isinstance(token, dict | list):
                    raise self._fault(_("'{path}' is not a token", path=page.next), found=outline(answer.document))
                return self._with({**self._params, page.param: str(token)})
            case LinkPages() as page:
                return self._at(answer.links.get(page.rel))
            case UrlPages() as page:
                address = find(answer.document, page.next)
                if address is not MISSING and address is not None and not isinstance(address, str):
                    raise self._fault(_("'{path}' is not an address", path=page.next), found=outline(answer.document))
                return self._at(address if isinstance(address, str) else None)

    def _goes_on(self, answer: Answer, page: OffsetPages | NumberedPages, *, has_records: bool) -> bool:
        """Whether another page follows: as the API says, else as long as records come."""
        if page.has_more is not None:
            return self._is_true(answer, page.has_more)
        if isinstance(page, NumberedPages):
            if page.page_count is None:
                return has_records
            return self._number - page.start + 1 < self._whole(answer, page.page_count)
        if page.total is None:
            return has_records
        total = self._whole(answer, page.total)
        if self._count < total and not has_records:
            # Ending here would lose the rest without a word.
            raise self._fault(
                _("the API has {total} records and stops after {count}", total=total, count=self._count),
                fix=_("Read them in intervals with 'since_param', or use another kind of 'page'."),
            )
        return self._count < total

    def _at(self, address: str | None) -> Call | None:
        """A request to the address of a next page, which must be on the same server."""
        if not address:
            return None
        url = urldefrag(urljoin(self.call.url, address)).url
        if not self._transport.is_ours(url):
            parts = urlsplit(url)
            raise self._fault(
                _("the next page lies on another server, which must not get the credentials"),
                found=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
                allowed=self._transport.base_url,
                fix=_("Give the connection the address that the API itself uses."),
            )
        return Call(self.call.method, url, body=self.call.body)

    def _records(self, answer: Answer) -> list[object]:
        path = self._entity.records
        if answer.document is None:
            return []
        records = find(answer.document, path)
        if records is None:
            # How some languages write an empty list.
            return []
        if not isinstance(records, list):
            raise self._fault(
                _("the answer has no list of records at '{path}'", path=path) if path
                else _("the answer is no list of records"),
                found=outline(answer.document if records is MISSING else records),
                fix=_("Correct 'records' of the entity."),
            )  # fmt: skip
        return records

    def _refuse_repeated_request(self) -> None:
        digest = _digest((self.call.url, self.call.body))
        if digest in self._asked:
            raise self._fault(
                _("the API leads back to a page that was read already"),
                fix=_("Correct 'page' of the entity; the next page has to move on."),
            )
        self._asked.add(digest)

    def _refuse_repeated_page(self, records: list[object]) -> None:
        digest = _digest(records)
        if digest in self._seen:
            raise self._fault(
                _("the API gives the same page again"),
                fix=_("Correct 'page' of the entity: the API seems not to know its parameter."),
            )
        self._seen.add(digest)

    def _is_true(self, answer: Answer, path: str) -> bool:
        value = find(answer.document, path)
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
        if known is None:
            raise self._fault(_("'{path}' is neither true nor false", path=path), found=outline(answer.document))
        return known

    def _whole(self, answer: Answer, path: str) -> int:
        text = str(find(answer.document, path))
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise self._fault(_("'{path}' is not a whole number", path=path), found=outline(answer.document))
        return int(text)

    def _fault(
        self, message: str, *, found: object = None, allowed: str | None = None, fix: str | None = None
    ) -> TerminalError:
        where = f"{self._where}: {self._transport.describe(self.call)}"
        return TerminalError(message, where=where, found=found, allowed=allowed, fix=fix)


def _digest(value: object) -> bytes:
    # repr is the quickest text that tells all values apart.
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()
