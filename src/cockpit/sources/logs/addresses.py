"""Visitors' addresses: what may be stored of them, and visitors told apart without storing them.

A bare hash of an address can be undone by hashing all addresses there are, so every hash here is keyed.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network

from cockpit.rulebook.sources.log import AddressRule
from cockpit.sources.logs.memory import remembering

# 96 bits: two of a hundred million visitors share a hash with a chance of one in ten to the thirteen.
_HASH_CHARACTERS = 24
_REMOVED = "*"

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ONE_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_IPV4 = re.compile(r"(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}")
_IPV6 = re.compile(r"(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}){0,3}")


def network_of(address: str) -> str | None:
    """The network of an address, IPv4 /24 or IPv6 /48 with its last parts zero; None when it is no address."""
    if ":" not in address:
        # Ten times as fast as the module below, which reads it the same way.
        return f"{address[: address.rindex('.')]}.0" if _ONE_IPV4.fullmatch(address) else None
    try:
        parsed = ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        parsed = mapped
    length = 24 if isinstance(parsed, IPv4Address) else 48
    return str(ip_network((parsed, length), strict=False).network_address)


def shorten_addresses(text: str) -> str:
    """A text with the addresses in it replaced by their networks; what only looks like one (a version) as well."""
    if ":" in text:
        text = _IPV6.sub(lambda match: _replaced(match[0], network_of), text)
    return _IPV4.sub(r"\1.0", text) if "." in text else text


def remove_addresses(text: str) -> str:
    """A text with the addresses in it replaced by `*`; what only looks like one (a version) as well."""
    if ":" in text:
        text = _IPV6.sub(lambda match: _replaced(match[0], lambda address: network_of(address) and _REMOVED), text)
    return _IPV4.sub(_REMOVED, text) if "." in text else text


def _replaced(found: str, replace: Callable[[str], str | None]) -> str:
    """What stands for an address, perhaps with the colon of the sentence around it; other text as it is."""
    if replacement := replace(found):
        return replacement
    shorter = replace(found[:-1]) if found.endswith(":") else None
    return f"{shorter}:" if shorter else found


class Addresses:
    """What one source may keep of its visitors.

    Args:
        rule: What is stored of an address.
        key: Of the hashes, at least 16 bytes.

    Attributes:
        stored: Address -> what is stored of it; None for nothing. A host name has no network.
        pseudonym: Login or id -> keyed hash.
        hide: Text -> the same without addresses.
        keeps_network: Whether an address becomes its network where it is named in a text.
    """

    def __init__(self, rule: AddressRule, key: bytes) -> None:
        def keyed(kind: str, value: str) -> str:
            # Undecodable bytes stand as lone surrogates.
            message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
            return hmac.digest(key, message, "sha256").hex()[:_HASH_CHARACTERS]

        stores: dict[AddressRule, Callable[[str], str | None]] = {
            "shorten": network_of,
            "hash": lambda address: keyed("address", address),
            "drop": lambda _address: None,
        }
        self.stored = remembering(stores[rule])
        self.pseudonym = remembering(lambda value: keyed("person", value))
        self._visitor = remembering(lambda both: keyed("visitor", both))
        self.keeps_network = rule == "shorten"
        self.hide = shorten_addresses if rule == "shorten" else remove_addresses

    def visitor(self, address: str, agent: str) -> str:
        """A keyed hash that tells visitors apart; browsers behind one address are visitors of their own."""
        return self._visitor(f"{address}\0{agent}")
