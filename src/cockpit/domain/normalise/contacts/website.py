"""Standardise addresses of web sites to the registered domain: http://www.huaxing.com.cn/index -> huaxing.com.cn.

Words, slips and the sites that many companies share are written in include/rules/normalisation/website.yml.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cockpit.domain.normalise.contacts.domain_name import DomainName, NoDomain, read_domain
from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.rule import Declared, NormalisationRule
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.domain.normalise.words import any_word

_Share = Annotated[float, Field(ge=0, le=1)]

_DOTS = str.maketrans({"。": ".", "・": ".", "·": ".", "\\": "/"})
# Also with a colon or slash too few or too many, and a letter too few.
_SCHEME = re.compile(r"(?<![a-z0-9.])(?:h?t{1,2}ps?|ftp)(?:[:;]/*|/{2,})|(?<![a-z0-9.:])//")
_USER = re.compile(r"[^\s/@?#]*@")
# A host of at least two parts, then port, path and query. Letters of all scripts may be in it.
_SITE = re.compile(r"((?:[^\W_]|-){1,63}(?:\.(?:[^\W_]|-){1,63})+)\.?(:[0-9]{1,5})?(?:[/?#][^\s;,、]*)?")
_ADDRESS_OF_A_PERSON = re.compile(r"[^\s@/]+@[^\s@/]+\.[^\s@/]+")
_WWW = re.compile(r"(?<![a-z0-9.])www(?:[,;:、/ ]+|\.{2,}|\. | \.)")
_NO_DOT = re.compile(r"(?<=[a-z0-9])(?: ?[,;、] ?|\. | \.| )(?=(?:com|cn|net|org|edu|gov|co)(?![a-z0-9]))")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_MIXED_LABEL = re.compile(r"[a-z0-9][^\x00-\x7f]|[^\x00-\x7f][a-z0-9]")
_MOST_REMEMBERED = 50_000


class WebsiteConfidence(BaseModel):
    """How sure, 0-1, a domain is that was not simply written down.

    Attributes:
        repaired: It is clear; something beside or within it was left out or replaced.
        placeholder: It is written like one, but stands for none.
        doubtful: Something speaks against it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repaired: _Share = 0.9
    placeholder: _Share = 0.5
    doubtful: _Share = 0.4


class WebsiteRule(NormalisationRule):
    """Contents of `website.yml`. Words are compared without case, width and script.

    Attributes:
        no_value: Texts that say that there is no site.
        labels: Words beside an address that say nothing more about it.
        shared_domains: Where many companies have a page: says nothing about whose it is, and never blocks a match.
        placeholder_domains: What people type when they have none.
        suffix_typos: Misspelt ends and what was meant.
        further_suffixes: Ends of domains that the public list does not have, such as those of an own network.
    """

    no_value: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    shared_domains: tuple[str, ...] = ()
    placeholder_domains: tuple[str, ...] = ()
    suffix_typos: dict[str, str] = Field(default_factory=dict)
    further_suffixes: tuple[str, ...] = ()
    confidence: WebsiteConfidence = WebsiteConfidence()


class WebsiteDeclared(Declared):
    """A contract says nothing more about a column of web sites."""


class WebsiteStandardiser:
    """Reads addresses of web sites by a rule."""

    def __init__(self, rule: WebsiteRule, _declared: WebsiteDeclared) -> None:
        self._sure = rule.confidence
        self._no_value = frozenset(map(decision_key, rule.no_value))
        self._labels = any_word(rule.labels)
        self._shared = frozenset(rule.shared_domains)
        self._placeholders = frozenset(rule.placeholder_domains)
        self._read = functools.lru_cache(maxsize=_MOST_REMEMBERED)(
            functools.partial(read_domain, suffix_typos=rule.suffix_typos, further_suffixes=rule.further_suffixes)
        )

    def standardise(self, text: str) -> Standard:
        """One text.

        Returns:
            `value` is the registered domain, in lower case and in ASCII. `details`: host (with www and the like),
            is_shared (a page at a site of many companies), domains (all, when there are several), suggestion (of a
            slip; there is no value then), flags (everything that `reason` could have said).
        """
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        folded = fold(text).lower()
        if not folded:
            return Standard.absent()
        if len(folded) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        if decision_key(folded) in self._no_value or not any(map(str.isalnum, folded)):
            return Standard.absent("no_value")
        return self._read_text(folded)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one."""
        return [self.standardise(text) for text in texts]

    def _read_text(self, text: str) -> Standard:
        level = text.translate(_DOTS)
        if "@" in level:
            if _ADDRESS_OF_A_PERSON.fullmatch(level.strip(" <>,;.")) and not _SCHEME.search(level):
                return Standard.invalid("email")
            level = _USER.sub("", level)
        without_scheme = _SCHEME.sub(" ", level)
        written = self._without_labels(without_scheme).strip(" :.,;/()<>\"'")
        if not written or decision_key(written) in self._no_value:
            return Standard.absent("no_value")
        read = self._read_sites(written, text != level and "。" in text)
        if read.outcome == "ok":
            return read
        repaired = _NO_DOT.sub(".", _WWW.sub("www.", written))
        again = self._read_sites(repaired, True) if repaired != written else read
        return again if again.outcome == "ok" else read

    def _without_labels(self, text: str) -> str:
        simplified = to_simplified(text)
        # Names in Chinese script may be domains, so labels leave only where they stand apart.
        label = self._labels.match(simplified.lstrip(" ("))
        if label is None or len(simplified) != len(text):
            return text
        rest = text.lstrip(" (")[label.end() :]
        is_apart = not rest or rest[0] in " :" or (rest[0].isascii() and rest[0].isalnum() and not label[0].isascii())
        return rest if is_apart else text

    def _read_sites(self, text: str, is_repaired: bool) -> Standard:
        found: list[DomainName] = []
        failures: list[NoDomain] = []
        rest, position, is_doubtful = "", 0, False
        for match in _SITE.finditer(text):
            rest += text[position : match.start()] + " "
            position = match.end()
            hosts, words = self._split(match[1])
            rest += words
            # 华星hx.com may be a name and an address, or one address.
            is_doubtful |= bool(words) and not hosts[0].startswith("www.")
            for read in map(self._read, hosts):
                if isinstance(read, NoDomain):
                    failures.append(read)
                else:
                    found.append(read)
        rest += text[position:]
        if not found:
            failure = failures[0] if failures else NoDomain("no_domain")
            if failure.suggestion:
                return Standard.review("domain_typo", suggestion=failure.suggestion)
            return Standard.invalid(failure.reason)
        losses = {
            "part_invalid": bool(failures),
            "repaired": is_repaired,
            "text_beside_address": bool(_LETTER.search(self._labels.sub(" ", to_simplified(rest)))),
        }
        return self._decide(found, losses, is_doubtful)

    def _split(self, host: str) -> tuple[list[str], str]:
        """The domains in what was written without a space: 官网www.huaxing.com; and the words beside them."""
        if host.isascii() or (isinstance(self._read(host), DomainName) and not _MIXED_LABEL.search(host)):
            return [host], ""
        latin = _LATIN_HOST.findall(host)
        is_within = host.startswith("www.") and not "".join(latin[:1]).startswith("www.")
        if is_within or not any(isinstance(self._read(one), DomainName) for one in latin):
            return [host], ""
        return latin, _LATIN_HOST.sub(" ", host)

    def _decide(self, found: list[DomainName], losses: dict[str, bool], is_doubtful: bool) -> Standard:
        own = [one for one in found if not self._is_shared(one)]
        main = (own or found)[0]
        domains = list(dict.fromkeys(one.registrable for one in found))
        is_placeholder = main.registrable in self._placeholders
        flags = {
            "words_before": is_doubtful,
            "placeholder": is_placeholder,
            **losses,
            "several": len(domains) > 1,
        }
        reasons = [reason for reason, is_so in flags.items() if is_so]
        details: dict[str, Json] = {"host": main.host, "is_shared": self._is_shared(main)}
        if len(domains) > 1:
            details["domains"] = domains
        if reasons:
            details["flags"] = reasons
        if is_doubtful:
            return Standard.review("words_before", main.registrable, self._sure.doubtful, **details)
        sure = min(
            self._sure.placeholder if is_placeholder else 1.0, self._sure.repaired if any(losses.values()) else 1.0
        )
        return Standard(main.registrable, "ok", sure, reasons[0] if reasons else "", details)

    def _is_shared(self, domain: DomainName) -> bool:
        return bool(self._shared & {domain.host, domain.registrable})
