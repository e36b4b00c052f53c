"""Standardise e-mail addresses, and say to whom their domain belongs.

Free mail providers, slips of the keyboard and words are written in include/rules/normalisation/email.yml. Nothing is
asked over the network: an address that is written correctly may still have no mailbox.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from email_validator import EmailNotValidError, validate_email
from rapidfuzz.distance import OSA

from cockpit.domain.normalise.contacts.domain_name import DomainName, NoDomain, read_domain
from cockpit.domain.normalise.contacts.email_rule import EmailDeclared, EmailRule
from cockpit.domain.normalise.decided import decision_key
from cockpit.domain.normalise.standard import Json, Standard
from cockpit.domain.normalise.text import LONGEST_TEXT, fold, to_simplified
from cockpit.domain.normalise.words import any_word

_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LONGEST_LOCAL_PART, _LONGEST_ADDRESS = 64, 254
_PLAIN = re.compile(r"[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_ADDRESS = re.compile(r"([a-z0-9_.][a-z0-9.'+_~-]*)@([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)")
# With letters of any script; only where there is no other, since Chinese words may stand right beside an address.
_ANY_ADDRESS = re.compile(r"([^\s@<>()\[\],;:\"/、]+)@([^\s@<>()\[\],;:\"/、]+)")
_LETTER = re.compile(r"[^\W\d_]")
# "zhang san@qq.com", "zhang&san@qq.com": what stands before may belong to the address.
_LATIN_BEFORE = re.compile(r"[a-z] ?$|[a-z0-9][!#$%&*=?^`{|}/]+$")
_PHONE = re.compile(r"[+0-9 ().-]{7,}")
_PAGE = re.compile(r"https?:|www\.")
_SCHEME = re.compile(r"mailto: ?|\?subject=.*")
_DOUBLED = re.compile(r"([@.])[@.]+")
_AROUND_AT = re.compile(r" ?@ ?")
_AROUND_DOT = re.compile(r"(?<=[a-z0-9]) ?\. ?(?=[a-z0-9])")
_DOTS = str.maketrans({"。": ".", "・": ".", "·": "."})
_WRONG_DOT = re.compile(r"(?<=[a-z0-9])(?: ?[,;:、] ?| )(?=(?:com|cn|net|org|edu|gov|co)(?![a-z0-9]))")
_AT_IN_WORDS = re.compile(r"([a-z0-9._+-]+) at ([a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_END_OF_LOCAL_PART = "#$&^*%!~-_ "
# Shorter names have neighbours that belong to somebody else: qq.com and qqq.com.
_SHORTEST_COMPARED = 5
_MOST_REMEMBERED = 50_000


@dataclass(frozen=True)
class _Host:
    """What is known about the domain of an address.

    Attributes:
        name: None when it cannot exist, or is most likely misspelt.
        reason: Why there is no name.
        suggestion: What was probably meant.
    """

    name: DomainName | None
    reason: str = ""
    suggestion: str | None = None
    is_free: bool = False
    is_made_up: bool = False


@dataclass(frozen=True)
class _Found:
    """An address in a text."""

    local_part: str
    host: _Host
    reason: str = ""
    doubt: str = ""

    @property
    def value(self) -> str | None:
        return f"{self.local_part}@{self.host.name.host}" if self.host.name else None


class EmailStandardiser:
    """Reads e-mail addresses by a rule."""

    def __init__(self, rule: EmailRule, _declared: EmailDeclared) -> None:
        self._rule = rule
        self._sure = rule.confidence
        self._no_value = frozenset(map(decision_key, rule.no_value))
        self._free = frozenset(rule.free_domains)
        self._known = frozenset(rule.known_domains)
        self._made_up_domains = frozenset(rule.placeholder_domains)
        self._role = frozenset(rule.role_local_parts)
        self._unread = frozenset(rule.unread_local_parts)
        self._made_up = frozenset(rule.placeholder_local_parts)
        self._at = any_word(rule.at_words)
        self._dot = any_word(rule.dot_words)
        self._labels = any_word(rule.labels)
        self._doubts = any_word(rule.doubts)
        self._host = functools.lru_cache(maxsize=_MOST_REMEMBERED)(self._read_host)

    def standardise(self, text: str) -> Standard:
        """One text.

        Returns:
            `value` in lower case: domains have no case, and no provider in use tells mailboxes apart by it, while one
            person's address is typed in both. `details`: domain (what somebody registered), is_free, is_role,
            addresses (all, when there are several), suggestion (of a slip; there is no value then), flags (everything
            that `reason` could have said). Of `placeholder` and `unread` addresses the outcome is ok, but they
            identify nobody.
        """
        if len(text) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        folded = fold(text).lower()
        if not folded:
            return Standard.absent()
        if len(folded) > LONGEST_TEXT:
            return Standard.invalid("too_long")
        if _PLAIN.fullmatch(folded):
            return self._decide([self._read(*folded.split("@"))], False, False)
        return self._read_text(folded)

    def standardise_batch(self, texts: Sequence[str]) -> list[Standard]:
        """As one by one."""
        return [self.standardise(text) for text in texts]

    def _read_text(self, text: str) -> Standard:
        if decision_key(text) in self._no_value or not any(map(str.isalnum, text)):
            return Standard.absent("no_value")
        text = text.rstrip(" 。.,;、")
        written = _SCHEME.sub(" ", text.translate(_DOTS))
        is_repaired = not set(text).isdisjoint("。・·")
        if "@" not in written:
            written = self._with_at(written)
            is_repaired = True
        if "@" not in written:
            return self._without_at(text)
        written = _AROUND_AT.sub("@", written)
        read = self._read_written(written, is_repaired)
        if read.outcome == "ok":
            return read
        if not written.isascii():
            again = self._read_matches(written, list(_ANY_ADDRESS.finditer(written)), is_repaired)
            if again.outcome == "ok":
                return again
        # What was typed between the parts of an address is repaired only when that makes a valid one.
        for repair, is_sure in ((_AROUND_DOT, True), (_WRONG_DOT, True), (_DOUBLED, False)):
            repaired = repair.sub(r"\1" if repair is _DOUBLED else ".", written)
            again = self._read_written(repaired, True) if repaired != written else read
            if again.outcome == "ok" and is_sure:
                return again
            if again.outcome == "ok":
                return Standard.review("repaired", again.value, self._sure.doubtful, **again.details)
        return read

    def _with_at(self, text: str) -> str:
        """The text with @ and dots where words stand for them."""
        text = to_simplified(text)
        replaced = self._at.sub("@", text)
        if replaced == text:
            replaced = _AT_IN_WORDS.sub(r"\1@\2", text) if _AT_IN_WORDS.fullmatch(text) else text
        if "@" not in replaced:
            replaced = _AROUND_DOT.sub(".", self._dot.sub(".", text))
            return _AT_IN_WORDS.sub(r"\1@\2", replaced) if _AT_IN_WORDS.fullmatch(replaced) else text
        return _AROUND_DOT.sub(".", _AROUND_AT.sub("@", self._dot.sub(".", replaced)))

    def _without_at(self, text: str) -> Standard:
        if _PHONE.fullmatch(text):
            return Standard.invalid("phone_number")
        if _PAGE.search(text):
            return Standard.invalid("web_address")
        compact = self._labels.sub("", text).strip(" :;,.")
        if not compact or compact in self._no_value:
            return Standard.absent("no_value")
        for domain in self._rule.free_domains:
            local_part = compact.removesuffix(domain).rstrip(_END_OF_LOCAL_PART)
            if compact.endswith(domain) and _LOCAL_PART.fullmatch(local_part):
                found = replace(self._read(local_part, domain), doubt="at_sign_missing")
                return self._decide([found], False, False)
        return Standard.invalid("no_at_sign")

    def _read_written(self, text: str, is_repaired: bool) -> Standard:
        return self._read_matches(text, list(_ADDRESS.finditer(text)) or list(_ANY_ADDRESS.finditer(text)), is_repaired)

    def _read_matches(self, text: str, matches: Sequence[re.Match[str]], is_repaired: bool) -> Standard:
        if not matches:
            return Standard.invalid("no_domain" if text.rstrip(" .,;").endswith("@") else "no_local_part")
        rest, position = [], 0
        for match in matches:
            rest.append(text[position : match.start()])
            position = match.end()
        rest.append(text[position:])
        if any("@" in one for one in rest):
            return Standard.invalid("several_at_signs")
        found = [self._read(match[1], match[2]) for match in matches]
        doubt = self._doubt(rest)
        if doubt:
            found = [replace(one, doubt=one.doubt or doubt) for one in found]
        # In "Wang Li <wang@huaxing.com>" the name is where it belongs.
        words = [self._labels.sub(" ", to_simplified(one)) for one in rest if not one.rstrip().endswith("<")]
        has_words = any(_LETTER.search(one) for one in words)
        return self._decide(found, has_words, is_repaired)

    def _doubt(self, rest: Sequence[str]) -> str:
        """Why the words around the addresses speak against them."""
        words = list(map(to_simplified, rest))
        if any(map(self._doubts.search, words)):
            return "doubtful"
        return "words_before" if any(_LATIN_BEFORE.search(self._labels.sub(":", one)) for one in words[:-1]) else ""

    def _read(self, local_part: str, domain: str) -> _Found:
        host = self._host(domain)
        if host.name is None:
            return _Found(local_part, host)
        if len(local_part) > _LONGEST_LOCAL_PART or len(f"{local_part}@{host.name.host}") > _LONGEST_ADDRESS:
            return _Found(local_part, _Host(None, "wrong_length"))
        if not _LOCAL_PART.fullmatch(local_part):
            if local_part.isascii() or not _is_address(f"{local_part}@{domain}"):
                return _Found(local_part, _Host(None, "local_part_format"))
            return _Found(local_part, host, doubt="local_part_not_ascii")
        if local_part.startswith("www."):
            return _Found(local_part.removeprefix("www."), host, doubt="www_before")
        if local_part in self._unread:
            return _Found(local_part, host, reason="unread")
        # An address such as 111@qq.com or test@test.com.
        is_made_up = local_part in self._made_up and (host.is_free or host.name.name in self._made_up)
        if host.is_made_up or is_made_up:
            return _Found(local_part, host, reason="placeholder")
        return _Found(local_part, host)

    def _read_host(self, domain: str) -> _Host:
        if domain in self._rule.domain_typos:
            return _Host(None, "domain_typo", self._rule.domain_typos[domain])
        name = read_domain(domain, self._rule.suffix_typos, self._rule.further_suffixes)
        if isinstance(name, NoDomain):
            if name.reason in ("no_suffix", "unknown_suffix"):
                suggestion = self._nearest_free(domain) or name.suggestion
                return _Host(None, "domain_typo" if suggestion else name.reason, suggestion)
            return _Host(None, name.reason)
        if name.host.startswith("www."):
            return _Host(None, "domain_typo", name.host.removeprefix("www."))
        if self._free & {name.host, name.registrable}:
            return _Host(name, is_free=True)
        if not self._known & {name.host, name.registrable}:
            suggestion = self._nearest_free(name.host)
            if suggestion:
                return _Host(None, "domain_typo", suggestion)
        return _Host(name, is_made_up=bool(self._made_up_domains & {name.host, name.registrable}))

    def _nearest_free(self, domain: str) -> str | None:
        """The free mail domain that one slip of the keyboard turns into this one."""
        name, dot, suffix = domain.partition(".")
        for free in self._rule.free_domains:
            free_name, _dot, free_suffix = free.partition(".")
            if name == free_name and (not dot or OSA.distance(suffix, free_suffix, score_cutoff=1) == 1):
                return free
            # The first letter is hardly ever the wrong one, and email.com is not gmail.com.
            is_near = len(free_name) >= _SHORTEST_COMPARED and name[:1] == free_name[0]
            if is_near and suffix == free_suffix and OSA.distance(name, free_name, score_cutoff=1) == 1:
                return free
        return None

    def _decide(self, found: list[_Found], has_words: bool, is_repaired: bool) -> Standard:
        usable = [one for one in found if one.value and not one.doubt]
        main = min(usable, key=lambda one: bool(one.reason)) if usable else found[0]
        host = main.host
        if host.name is None:
            if host.suggestion:
                return Standard.review(host.reason, suggestion=host.suggestion)
            return Standard.invalid(host.reason)
        addresses = list(dict.fromkeys(one.value for one in (usable or found) if one.value))
        losses = {
            "part_invalid": 0 < len(usable) < len(found),
            "repaired": is_repaired,
            "text_beside_address": has_words,
        }
        flags: dict[str, object] = {
            main.doubt: main.doubt,
            main.reason: main.reason,
            **losses,
            "several": len(addresses) > 1,
        }
        reasons = [reason for reason, is_so in flags.items() if is_so]
        details: dict[str, Json] = {
            "domain": host.name.registrable,
            "is_free": host.is_free,
            "is_role": main.local_part in self._role,
        }
        if len(addresses) > 1:
            details["addresses"] = addresses
        if reasons:
            details["flags"] = reasons
        if main.doubt:
            return Standard.review(main.doubt, main.value, self._sure.doubtful, **details)
        sure = min(
            self._sure.placeholder if main.reason else 1.0,
            self._sure.repaired if any(losses.values()) else 1.0,
        )
        return Standard(main.value, "ok", sure, reasons[0] if reasons else "", details)


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
