"""Read domain names of web sites and e-mail addresses, and find the part of them that somebody registered.

The list of public suffixes (com.cn, co.uk) is the one that comes with the tldextract library; nothing is fetched.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import idna

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBERS = re.compile(r"[0-9.]+")
_LONGEST_HOST = 253


@dataclass(frozen=True)
class DomainName:
    """A host that can exist.

    Attributes:
        host: In lower case and in ASCII (`xn--`), as computers write it.
        registrable: What somebody registered: huaxing.com.cn of www.huaxing.com.cn.
        name: Its first part.
        suffix: What it was registered under.
    """

    host: str
    registrable: str
    name: str
    suffix: str


@dataclass(frozen=True)
class NoDomain:
    """Why a text is no domain name, and what may have been meant."""

    reason: str
    suggestion: str | None = None


def read_domain(
    text: str, suffix_typos: Mapping[str, str], further_suffixes: Collection[str] = ()
) -> DomainName | NoDomain:
    """A domain name, in any case and script.

    Args:
        text: Without scheme, path and spaces; a final dot is left out.
        suffix_typos: Misspelt ends and what was meant: con -> com.
        further_suffixes: Ends of one part that are accepted beside the public ones.
    """
    host = text.lower().rstrip(".")
    if not host.isascii() or "xn--" in host:
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return NoDomain("domain_format")
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        return NoDomain("domain_format")
    if _NUMBERS.fullmatch(host):
        return NoDomain("ip_address" if len(labels) == 4 else "domain_format")
    if len(labels) == 1:
        return NoDomain("no_suffix", suggest_suffix(host, suffix_typos))
    if labels[-1] in further_suffixes:
        return DomainName(host, ".".join(labels[-2:]), labels[-2], labels[-1])
    parts = _suffixes()(host)
    if not parts.suffix:
        return NoDomain("unknown_suffix", suggest_suffix(host, suffix_typos))
    if not parts.domain:
        return NoDomain("only_suffix")
    return DomainName(host, f"{parts.domain}.{parts.suffix}", parts.domain, parts.suffix)


def suggest_suffix(host: str, suffix_typos: Mapping[str, str]) -> str | None:
    """The host with its end as it was meant; None when its end is no known slip."""
    before, dot, end = host.rpartition(".")
    return f"{before}.{suffix_typos[end]}" if dot and end in suffix_typos else None


@functools.cache
def _suffixes() -> Any:
    # Its import takes longer than standardising thousands of texts that hold no domain.
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
