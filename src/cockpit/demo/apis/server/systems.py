"""The APIs: where each one's lists are, how they are paged, and under which names rows are asked for and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cockpit.demo.apis.server import sign_on
from cockpit.demo.apis.server.sign_on import Guard

Paging = Literal["page", "offset", "cursor", "link", "next_url"]
Reads = Callable[[str], datetime]


def iso(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unix(text: str) -> datetime:
    """Seconds since 1970."""
    return datetime.fromtimestamp(int(text), UTC)


def unix_ms(text: str) -> datetime:
    """Milliseconds since 1970."""
    return datetime.fromtimestamp(int(text) / 1000, UTC)


@dataclass(frozen=True)
class Collection:
    """One list.

    Attributes:
        path: Below the system's.
        view: Where its rows come from.
        records: Name of the list in an answer.
    """

    path: str
    view: str
    records: str


@dataclass(frozen=True)
class System:
    """One API.

    Attributes:
        name: Path of its root, and name of its secret.
        guard: Made from its secret.
        paging: How its lists continue.
        collections: Its lists.
        since, until: Parameters for the interval of the last change.
        reads_time: How these are written.
        size: Parameter for the rows of a page.
        default_size, max_size: Rows of a page; more is cut to the largest without a word, as many APIs do.
        position: Parameter of the page's number, offset or token.
        envelope: Further members of each answer.
    """

    name: str
    guard: Callable[[str], Guard]
    paging: Paging
    collections: tuple[Collection, ...]
    since: str
    until: str
    reads_time: Reads
    size: str
    default_size: int
    max_size: int
    position: str
    envelope: Mapping[str, object]


SYSTEMS: tuple[System, ...] = (
    System(
        name="scm",
        guard=lambda secret: sign_on.header_key("X-Api-Key", secret),
        paging="page",
        collections=(
            Collection("/v1/shipments", "api_scm_shipment", "rows"),
            Collection("/v1/inventory", "api_scm_inventory", "rows"),
            Collection("/v1/materials", "api_scm_material", "rows"),
        ),
        since="updated_from",
        until="updated_to",
        reads_time=iso,
        size="page_size",
        default_size=100,
        max_size=1000,
        position="page",
        envelope={"code": 0},
    ),
    System(
        name="wecom",
        guard=sign_on.issued_token,
        paging="cursor",
        collections=(
            Collection("/cgi-bin/externalcontact/list", "api_wecom_external_contact", "external_contact_list"),
            Collection("/cgi-bin/chat/list", "api_wecom_chat", "chat_list"),
        ),
        since="start_time",
        until="end_time",
        reads_time=unix,
        size="limit",
        default_size=100,
        max_size=1000,
        position="cursor",
        envelope={"errcode": 0, "errmsg": "ok"},
    ),
    System(
        name="market_feed",
        guard=sign_on.bearer,
        paging="link",
        collections=(
            Collection("/posts", "api_market_feed_post", ""),
            Collection("/notes", "api_market_feed_note", ""),
        ),
        since="since",
        until="until",
        reads_time=iso,
        size="per_page",
        default_size=50,
        max_size=200,
        position="after",
        envelope={},
    ),
    System(
        name="service_desk",
        guard=sign_on.basic_or_bearer,
        paging="offset",
        collections=(
            Collection("/api/tickets", "api_service_desk_ticket", "tickets"),
            Collection("/api/ticket_events", "api_service_desk_ticket_event", "events"),
        ),
        since="updated_since",
        until="updated_until",
        reads_time=iso,
        size="limit",
        default_size=100,
        max_size=500,
        position="offset",
        envelope={},
    ),
    System(
        name="shop",
        guard=sign_on.signed,
        paging="next_url",
        collections=(
            Collection("/open/orders", "api_shop_shop_order", "orders"),
            Collection("/open/members", "api_shop_member", "members"),
            Collection("/open/slips", "api_shop_pos_slip", "slips"),
        ),
        since="modified_from",
        until="modified_to",
        reads_time=unix_ms,
        size="page_size",
        default_size=100,
        max_size=500,
        position="token",
        envelope={"success": True},
    ),
    System(
        name="ads",
        guard=lambda secret: sign_on.query_key("api_key", secret),
        paging="page",
        collections=(Collection("/report/daily", "api_ads_campaign_cost", "list"),),
        since="modified_since",
        until="modified_until",
        reads_time=iso,
        size="page_size",
        default_size=100,
        max_size=1000,
        position="page_no",
        envelope={"status": "OK"},
    ),
)
