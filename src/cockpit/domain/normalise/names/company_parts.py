"""Take the name of a company apart: legal form, region, branch, former name; what is left is its core.

Names in Chinese, Japanese and Korean are read by characters, all others by words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.domain.normalise.names.company_words import CompanyWords
from cockpit.domain.normalise.names.letters import HAN, HAS_HAN, alternatives, plain_letters

_PLAIN = re.compile(f"[{HAN}a-z0-9]+")
_BRACKETS = str.maketrans("【】〔〕〖〗[]{}", "()()()()()", "\ue000\ue001")
# Stand for brackets that stay while those without partner go.
_KEPT_OPENING, _KEPT_CLOSING = "\ue000", "\ue001"
_KEPT = str.maketrans(_KEPT_OPENING + _KEPT_CLOSING, "()")
_PLAIN_HAN = re.compile("[\u4e00-\u9fff]{2,}")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_MARKS = re.compile(r"[\s'\"‘’“”`´《》〈〉「」『』,·・•‧。、?!:;_*#~^|\\<>=…\-‐‑–—―〜○×]+")
# A full stop between digits says something: 24.7健身 is no 247健身.
_FULL_STOP = re.compile(r"(?<!\d)\.|\.(?!\d)")
_AND = re.compile(f"(?<=[{HAN})])&|&(?=[{HAN}(])")
_TWO_BY_SLASH = re.compile(f"[{HAN})]{{2,}}\\s*/\\s*[{HAN}]{{2,}}")
_LATIN_END = re.compile(r"[a-z][a-z .,&]*$")
_ORDINAL_END = re.compile(r"第?[一二三四五六七八九十0-9]+$")
_LETTER = re.compile(r"[^\W\d_]")
_ONE_LETTER_OR_NUMERAL = re.compile("[^\\W_]|[ivx]+")

_INITIALS = re.compile(r"(?<![^\W_])[^\W\d_](?:\.\s?[^\W\d_](?![^\W_]))+\.?")
_APOSTROPHE = re.compile(r"['’`´]")
_NO_WORD = re.compile(r"[\W_]+")
_SINGLE_LETTERS = re.compile(r"(?<!\S)[^\W\d_](?: [^\W\d_](?!\S))+")
_BRANCH_OF = re.compile(r"(.+?) of (.+)")

# Longest stretch of a branch's place that is looked at where neither form nor place tells its beginning.
_LONGEST_BRANCH_PLACE = 6


@dataclass(slots=True)
class Parts:
    """What a name is made of.

    Attributes:
        core: The rest, by which companies are compared.
        region: Short name of the most exact place; `region_at` says where it stands: front, bracket or end.
        form_is_short: The legal form is said in part.
        form_word: Word of a form that the legal form does not tell: 厂 in 华星机械厂有限公司, 商行 of an individual.
        second_region: A place within or beside the region: 朝阳 in 北京市朝阳区华星.
        branch: Name of the part of the company.
        also: The name in another language.
        note: A bracketed remark.
        doubt: Why a person should look, as a reason; empty when nobody needs to.
    """

    core: str = ""
    region: str | None = None
    region_at: str = ""
    legal_form: str | None = None
    form_is_short: bool = False
    form_word: str | None = None
    second_region: str | None = None
    branch: str | None = None
    former_name: str | None = None
    also: str | None = None
    note: str | None = None
    doubt: str = ""


class PartsReader:
    """Reads names by the words of a rule."""

    def __init__(self, words: CompanyWords) -> None:
        rule = words.rule
        self._words = words
        self._as_written = frozenset(rule.bracketed_as_written)
        self._without_meaning = frozenset(rule.bracketed_without_meaning)
        self._notes = frozenset(rule.bracketed_notes)
        self._former_bracketed = re.compile(f"(?:{alternatives(rule.former_marks)})(?![a-z])[\\s:]*")
        inside = [mark for mark in rule.former_marks if len(mark) > 2 or (len(mark) > 1 and not mark.isascii())]
        self._former_inside = re.compile(f"(?<![a-z])(?:{alternatives(inside)})(?![a-z])[\\s:]*")
        self._separator = re.compile(f"[{re.escape(''.join(rule.separators))}]" if rule.separators else r"(?!)")
        self._yields_to = frozenset(rule.bracket_yields_to)
        self._told_by_word = frozenset(rule.told_by_word)
        self._skipped_in_front = frozenset(rule.without_meaning_in_front)
        self._region_stays_before = rule.region_stays_before
        self._region_follows = frozenset(rule.region_follows)

    def read(self, text: str) -> Parts:
        """Parts of a name that is folded, simplified and in lower case."""
        return self._read_han(text) if HAS_HAN.search(text) else self._read_words(text)

    def is_settled(self, core: str) -> bool:
        """Whether it is clear without reading a core in Chinese again that nothing more would come off."""
        words = self._words
        return (
            _PLAIN_HAN.fullmatch(core) is not None
            and words.place_in_front(core) is None
            and words.place_at_end(core) is None
            and words.town_in_front(core) is None
            and core[-1] not in words.any_short_end
            and core[-1] not in words.branch_ends
            and core[0] not in words.form_in_front_starts
            and not words.may_hold_form(core)
        )

    # Chinese, Japanese, Korean

    def _read_han(self, text: str) -> Parts:
        parts, bracket_form = Parts(), None
        if not _PLAIN.fullmatch(text):
            text, bracket_form = self._unwrap(text, parts)
            if not text or parts.doubt:
                return parts
        name = self._take_form(text, parts)
        before = None
        while name != before:
            before = name
            name = self._take_region(self._take_short_form(name, parts), parts)
        if bracket_form and parts.legal_form not in self._yields_to:
            parts.legal_form, parts.form_is_short = bracket_form, False
        parts.core = name.translate(_KEPT)
        return parts

    def _unwrap(self, text: str, parts: Parts) -> tuple[str, str | None]:
        """Brackets, former names and marks off; also gives the legal form that stood in brackets."""
        text = text.translate(_BRACKETS)
        forms: list[str] = []

        def put(found: re.Match[str]) -> str:
            content = found.group(1)
            outside = text[: found.start()] + text[found.end() :]
            return self._read_bracket(content, HAS_HAN.search(outside) is not None, parts, forms)

        before = None
        while "(" in text and text != before:
            before = text
            text = _BRACKETED.sub(put, text)
        former = self._former_inside.search(text, 1)
        if former and text[former.end() :]:
            parts.former_name = _without_marks(text[former.end() :]) or None
            text = text[: former.start()]
        if self._separator.search(text) or "/" in text:
            listed = [piece for piece in self._separator.split(text) if len(_without_marks(piece)) > 1]
            if len(listed) > 1 or _TWO_BY_SLASH.search(text):
                parts.doubt = "several"
        if text[-1:].isascii() and not self._words.written_form.search(text):
            text = self._take_latin_form(text, parts)
        text = _without_marks(_AND.sub("和", text))
        # Those that have no partner.
        text = text.replace("(", "").replace(")", "")
        return text, forms[0] if forms else None

    def _read_bracket(self, written: str, has_name_outside: bool, parts: Parts, forms: list[str]) -> str:
        """What stays in the place of a bracket."""
        words = self._words
        former = self._former_bracketed.match(written.strip())
        if former and (name := _without_marks(written.strip()[former.end() :])):
            parts.former_name = name
            return ""
        content = _without_marks(written) if HAS_HAN.search(written) else written.strip(" .,;:-")
        if content in self._as_written:
            return content
        if not content or content in self._without_meaning:
            return ""
        if content in words.bracketed_forms:
            forms.append(words.bracketed_forms[content])
            return ""
        if content in self._notes or content.isdecimal():
            parts.note = content
            return ""
        if place := self._whole_place(content):
            if parts.region in (None, place) or words.province_of.get(place) == parts.region:
                parts.region, parts.region_at = place, "bracket"
                return ""
        elif words.branch_end.search(content) and has_name_outside and parts.branch is None:
            parts.branch = words.without_kind(content)
            return ""
        elif not HAS_HAN.search(content) and has_name_outside and _LETTER.search(content):
            if (branch := " ".join(words_of(content))).endswith(words.ends_of_branch_words) and parts.branch is None:
                parts.branch = branch
                return ""
            # One letter or a Roman numeral is a number: 华星(a)有限公司 is no 华星(b)有限公司.
            if not _ONE_LETTER_OR_NUMERAL.fullmatch(content):
                parts.also = content
                return ""
        return f"{_KEPT_OPENING}{content}{_KEPT_CLOSING}" if has_name_outside else content

    def _whole_place(self, text: str) -> str | None:
        """The place, when a text is nothing else; of several that lie in each other the last."""
        place, rest = self._words.place_names.get(text), text
        while place is None and rest:
            found = self._words.place_in_front(rest)
            if found is None:
                return None
            rest = rest[found.length :]
            place = None if rest else found.name
        return place

    def _take_latin_form(self, text: str, parts: Parts) -> str:
        end = _LATIN_END.search(text)
        if end is None:
            return text
        tokens = words_of(end.group())
        rest = self._take_form_words(tokens, parts)
        return text if rest is tokens else text[: end.start()] + "".join(rest)

    def _take_form(self, text: str, parts: Parts) -> str:
        """The name before its legal form; what follows the form is its branch."""
        words = self._words
        front = words.form_in_front.match(text) if text[:1] in words.form_in_front_starts else None
        if front and len(text) > front.end():
            parts.legal_form = words.written_in_front[front.group()]
            text = text[front.end() :]
        form = words.written_form.search(text, 1)
        if form:
            parts.legal_form, parts.form_is_short = words.written[form.group()], False
            if tail := text[form.end() :]:
                self._read_tail(tail, parts)
            return text[: form.start()]
        if parts.branch is None and text[-1:] in words.branch_ends:
            text = self._take_branch(text, parts)
        return text

    def _read_tail(self, tail: str, parts: Parts) -> None:
        """What stands after a legal form."""
        words = self._words
        plain = tail.replace(_KEPT_OPENING, "").replace(_KEPT_CLOSING, "")
        if words.branch_end.search(plain):
            parts.branch = words.without_kind(plain)
        elif words.written_form.search(plain) or plain.endswith("公司"):
            parts.doubt = "several"
        elif not HAS_HAN.search(plain) and plain.endswith(words.joined_form_words):
            # The same name in English; without its spaces it is not worth keeping.
            return
        elif parts.region is None and (place := self._whole_place(plain)):
            parts.region, parts.region_at = place, "end"
        elif plain in self._notes:
            parts.note = plain
        else:
            parts.doubt = "text_after_name"

    def _take_branch(self, text: str, parts: Parts) -> str:
        """A name without legal form and without its branch."""
        words = self._words
        inside = words.short_form_inside.search(text, 1)
        if inside and words.branch_end.search(text, inside.end()) and len(text) > inside.end():
            parts.branch = words.without_kind(text[inside.end() :])
            return text[: inside.end()]
        mark = words.lone_branch_end.search(text)
        if mark is None or mark.start() < 2:
            return text
        at = self._branch_start(text, mark.start())
        parts.branch = words.without_kind(text[at:])
        return text[:at]

    def _branch_start(self, text: str, mark: int) -> int:
        """Where a branch begins whose mark stands at `mark`."""
        words = self._words
        anchor = words.anchor.search(text, 1)
        if anchor and anchor.end() <= mark:
            return anchor.end()
        place = words.place_at_end(text[:mark])
        if place and mark - place.length >= 2:
            return mark - place.length
        ordinal = _ORDINAL_END.search(text[:mark])
        if ordinal and ordinal.start() >= 2:
            return ordinal.start()
        for at in range(mark, max(mark - _LONGEST_BRANCH_PLACE, 2), -1):
            if words.ends_with_trade(text[:at]):
                return at
        return mark

    def _take_short_form(self, name: str, parts: Parts) -> str:
        """A name without `集团`, `公司`, `厂` and the like at its end, as long as a name is left."""
        words = self._words
        while name[-1:] in words.any_short_end:
            short = words.short_form.search(name)
            if short is None or short.start() < 2:
                break
            code = words.short[short.group()]
            if parts.legal_form is None or (code in self._yields_to and not parts.legal_form):
                parts.legal_form, parts.form_is_short = code, True
            if code != parts.legal_form or code in self._told_by_word:
                parts.form_word = parts.form_word or short.group()
            name = name[: short.start()]
        return name

    def _take_region(self, name: str, parts: Parts) -> str:
        """A name without its region, as long as it still tells one company from others."""
        words = self._words
        while not name.startswith(words.kept_brands):
            place = words.place_in_front(name) or words.town_in_front(name)
            if place is None:
                break
            rest = name[place.length :]
            inner = parts.region is not None and place.name in (parts.region, words.province_of.get(parts.region))
            narrower = parts.region_at == "front" and words.province_of.get(place.name) == parts.region
            stays = rest.startswith(self._region_stays_before) or not words.tells_enough(rest)
            if stays or not (parts.region is None or inner or narrower):
                # 上海市第一人民医院 and 上海第一人民医院 are one; the kind says nothing.
                return place.name + rest
            if not inner:
                parts.region, parts.region_at = place.name, "front"
            name = rest
        if parts.region is None and name not in words.kept_brands:
            end = words.place_at_end(name)
            if end and words.tells_enough(name[: -end.length]):
                parts.region, parts.region_at = end.name, "end"
                name = name[: -end.length]
        return name

    # Other scripts

    def _read_words(self, text: str) -> Parts:
        parts = Parts()
        text = plain_letters(text).translate(_BRACKETS)
        forms: list[str] = []

        def put(found: re.Match[str]) -> str:
            outside = text[: found.start()] + text[found.end() :]
            return self._read_word_bracket(found.group(1), _LETTER.search(outside) is not None, parts, forms)

        text = _BRACKETED.sub(put, text)
        former = self._former_inside.search(text, 1)
        if former and text[former.end() :]:
            parts.former_name = " ".join(words_of(text[former.end() :])) or None
            text = text[: former.start()]
        if len([piece for piece in self._separator.split(text) if len(piece.strip()) > 1]) > 1 or " / " in text:
            parts.doubt = "several"
        tokens = self._take_branch_words(words_of(text), parts)
        before: list[str] = []
        while tokens != before:
            before = tokens
            if len(tokens) > 1 and tokens[0] in self._skipped_in_front:
                tokens = tokens[1:]
            tokens = self._take_form_words(tokens, parts)
            tokens = self._take_region_words(tokens, parts)
        if forms and parts.legal_form is None:
            parts.legal_form = forms[0]
        parts.core = " ".join(tokens)
        return parts

    def _read_word_bracket(self, written: str, has_name_outside: bool, parts: Parts, forms: list[str]) -> str:
        words = self._words
        former = self._former_bracketed.match(written.strip())
        if former and (name := " ".join(words_of(written.strip()[former.end() :]))):
            parts.former_name = name
            return " "
        content = " ".join(words_of(written))
        if not content or content in self._without_meaning:
            return " "
        if content in self._notes or content.isdecimal():
            parts.note = content
            return " "
        if parts.region is None and has_name_outside and (place := words.place_names.get(content)):
            parts.region, parts.region_at = place, "bracket"
            return " "
        if has_name_outside and content in words.form_words:
            forms.append(words.form_words[content])
            return " "
        if has_name_outside and content.rpartition(" ")[2] in words.form_words:
            parts.also = content
            return " "
        return f" {written} "

    def _take_form_words(self, tokens: list[str], parts: Parts) -> list[str]:
        """Words without legal forms at the end or in front; the same list when there is none."""
        words = self._words
        for length in range(min(words.longest_form, len(tokens) - 1), 0, -1):
            code = words.form_words.get(" ".join(tokens[-length:]))
            if code:
                parts.legal_form = parts.legal_form or code
                return self._take_form_words(tokens[:-length], parts)
            code = words.words_in_front.get(" ".join(tokens[:length]))
            if code:
                parts.legal_form = parts.legal_form or code
                return self._take_form_words(tokens[length:], parts)
        return tokens

    def _take_region_words(self, tokens: list[str], parts: Parts) -> list[str]:
        words = self._words
        if parts.region is not None or " ".join(tokens).startswith(words.kept_brands):
            return tokens
        for length in range(min(words.longest_place, len(tokens) - 1), 0, -1):
            place = words.in_front.get(" ".join(tokens[:length]))
            if place and self._words_tell_enough(tokens[length:]):
                parts.region, parts.region_at = place, "front"
                return tokens[length:]
            place = words.place_names.get(" ".join(tokens[-length:]))
            before = tokens[-length - 1]
            if place and before not in self._region_follows and self._words_tell_enough(tokens[:-length]):
                parts.region, parts.region_at = place, "end"
                return tokens[:-length]
        return tokens

    def _words_tell_enough(self, tokens: list[str]) -> bool:
        own = [token for token in tokens if token not in self._words.trades and not self._words.is_generic(token)]
        return sum(map(len, own)) >= 2

    def _take_branch_words(self, tokens: list[str], parts: Parts) -> list[str]:
        words = self._words
        text = " ".join(tokens)
        of = _BRANCH_OF.fullmatch(text)
        if of and any(of.group(1).endswith(f" {branch}") for branch in words.branch_words):
            parts.branch = of.group(1)
            return of.group(2).split(" ")
        for length in (3, 2, 1):
            if length < len(tokens) and " ".join(tokens[-length:]) in words.branch_words:
                rest, branch = tokens[:-length], tokens[-length:]
                for places in range(min(words.longest_place, len(rest) - 1), 0, -1):
                    if " ".join(rest[-places:]) in words.place_names:
                        rest, branch = rest[:-places], rest[-places:] + branch
                        break
                parts.branch = " ".join(branch)
                return rest
        return tokens

    def brand_of_words(self, core: str) -> str:
        """A core of words without the trades at its end; the core itself when it is all trade."""
        tokens = core.split(" ")
        end = len(tokens)
        while end > 0 and tokens[end - 1] in self._words.trades:
            end -= 1
        brand = " ".join(tokens[:end])
        return brand if brand and not self._words.is_generic(brand) else core


def _without_marks(text: str) -> str:
    return _MARKS.sub("", _FULL_STOP.sub("", text) if "." in text else text)


def words_of(text: str) -> list[str]:
    """The words of a lower-case text: a.b.c. and a b c are one word, & is `and`, hyphens part words."""
    text = _INITIALS.sub(lambda found: re.sub(r"[.\s]", "", found.group()), text)
    text = _APOSTROPHE.sub("", text.replace("&", " and ").replace("+", " and "))
    text = _NO_WORD.sub(" ", text).strip()
    text = _SINGLE_LETTERS.sub(lambda found: found.group().replace(" ", ""), text)
    return text.split(" ") if text else []
