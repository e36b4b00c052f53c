"""Show a message's text in each channel's way; values from data can neither format nor lead anywhere.

The text is a small Markdown: paragraphs, `#` headings, `-` lists, `>` quotes, `**bold**`, and `\\` before a sign that
means itself. There are no links, images or HTML in it, whoever wrote it: the only address that can be followed is the
message's own link.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

_LONGEST_VALUE = 200
_MORE = "…"

# Line ends of all systems; then what is invisible, turns the direction of writing, or cannot be encoded.
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_NOT_TEXT = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

# Programs that show messages turn bare addresses into links: a gap that nobody sees prevents it.
_GAP = "\u200b"
_SCHEME = re.compile(r"(?<=\w)([:：])(?=[/／\\])")
_DOMAIN_DOT = re.compile(r"(?<=[\w)-])([.。．｡])(?=[^\W\d_])")
_IN_ADDRESS = re.compile(r"[.。．｡:：/／\\@＠]")
# Also where it begins a text: what stands before it may be a mark that is shown, and some programs call people so.
_AT = re.compile(r"([@＠])(?=\S)")

_SPECIAL = re.compile(r"[\\`*_\[\]<>~|!]")
_LINE_START = re.compile(r"^(\d*)(?=[#+=-]|(?<=\d)[.)](?:\s|$))")
_INLINE = re.compile(r"\\([!-/:-@\[-`{-~])|(\*\*)")
_FORMATTING_START = re.compile(r"^(\d*)([#+-]|(?<=\d)[.)](?=\s|$))")
_BLOCK = re.compile(r"(#{1,6}|[->])[ \t]+(.*)", re.DOTALL)


def clean(text: str) -> str:
    """Without what cannot be shown, stored or encoded: control characters, lone surrogates, direction marks."""
    return _NOT_TEXT.sub("\ufffd", _INVISIBLE.sub("", _LINE_END.sub("\n", text)))


def one_line(text: str, longest: int = _LONGEST_VALUE) -> str:
    """A text for a title or subject: cleaned, on one line, cut to `longest` characters, and no address in it."""
    line = " ".join(clean(text[: longest * 4]).split())
    return unlink(line if len(line) <= longest else _whole_characters(line[: longest - 1]) + _MORE)


def inert(value: object, longest: int = _LONGEST_VALUE) -> str:
    """A value from data, to be put into the text of a message: it shows as it is and formats nothing.

    Args:
        value: None becomes empty.
        longest: Longer ones are cut, in characters.
    """
    text = "" if value is None else str(value)
    line = " ".join(clean(text[: longest * 4]).split())
    shown = line if len(line) <= longest else _whole_characters(line[: longest - 1]) + _MORE
    return _LINE_START.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", shown))


def unlink(text: str) -> str:
    """Break what programs would turn into a link: addresses of pages, domains, addresses of e-mail."""
    for pattern in (_SCHEME, _DOMAIN_DOT, _AT):
        text = pattern.sub(rf"\1{_GAP}", text)
    return text


def to_plain(text_markdown: str) -> str:
    """As plain text."""
    lines = []
    for line in _lines(text_markdown):
        sign, rest = _block(line)
        shown = _inline(rest, unlink, bold=("", ""))
        lines.append(f"{sign} {shown}" if sign in ("-", ">") else shown)
    return "\n".join(lines)


def to_dingtalk(text_markdown: str) -> str:
    """As DingTalk's Markdown, which knows no escapes: signs that would format become their full-width twins."""
    lines = []
    for line in _lines(text_markdown):
        sign, rest = _block(line)
        shown = _inline(rest, lambda part: _full_width(unlink(part)), bold=("**", "**"))
        if not sign:
            shown = _FORMATTING_START.sub(_full_width_start, shown)
        lines.append(f"{sign} {shown}" if sign else shown)
    # A single line end would be swallowed.
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", "\n".join(lines))


def to_html(text_markdown: str) -> str:
    """As HTML: only tags of ours, everything else escaped."""
    parts: list[str] = []
    opened = ""
    for line in _lines(text_markdown):
        sign, rest = _block(line)
        shown = _inline(rest, lambda part: html.escape(unlink(part)), bold=("<strong>", "</strong>"))
        wanted = {"-": "ul", ">": "blockquote"}.get(sign, "p" if not sign and shown.strip() else "")
        if wanted != opened:
            parts += [f"</{opened}>"] if opened else []
            parts += [f"<{wanted}>"] if wanted else []
        elif opened in ("p", "blockquote"):
            parts.append("<br>")
        opened = wanted
        if sign == "-":
            parts.append(f"<li>{shown}</li>")
        elif sign.startswith("#"):
            parts.append(f"<h3>{shown}</h3>")
        else:
            parts.append(shown)
    return "".join([*parts, f"</{opened}>" if opened else ""])


def cut(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits, with a sign that there was more; whole characters, whole lines where that
    costs little.

    Args:
        fits: True for short texts, and for every beginning of a text that fits.
    """
    if fits(text):
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if fits(text[:middle] + _MORE):
            least = middle
        else:
            most = middle - 1
    kept = _whole_characters(text[:least], text[least : least + 1])
    line_end = kept.rfind("\n")
    if line_end > len(kept) - 80 and line_end > 0:
        kept = kept[:line_end].rstrip() + "\n"
    return kept + _MORE if kept or fits(_MORE) else ""


def _whole_characters(kept: str, following: str = "") -> str:
    """Without a last character that is shown as one with what follows it."""
    while kept and following and (_joins(following) or kept[-1] == "\u200d"):
        kept, following = kept[:-1], kept[-1]
    return kept.rstrip("\u200d")


def _joins(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or character == "\u200d"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _lines(text_markdown: str) -> list[str]:
    return [line.strip(" \t") for line in clean(text_markdown).strip().split("\n")]


def _block(line: str) -> tuple[str, str]:
    """The sign that a line begins with, if any, and the rest."""
    parts = _BLOCK.fullmatch(line)
    return (parts[1], parts[2]) if parts else ("", line)


def _inline(text: str, show: Callable[[str], str], bold: tuple[str, str]) -> str:
    """Text with its bold parts marked; a mark without its second one is shown as it is."""
    pieces: list[str] = []
    plain = ""
    # Where the bold part that is open began.
    opened: int | None = None
    end = 0
    for found in _INLINE.finditer(text):
        plain += text[end : found.start()]
        end = found.end()
        if found[1]:
            plain += found[1]
            continue
        # An address must not come together across a mark either.
        gap = _GAP if _IN_ADDRESS.search(plain[-1:] + text[end : end + 8].lstrip("\\*")[:1]) else ""
        pieces += [show(plain) + gap, ""]
        plain = ""
        if opened is None:
            opened = len(pieces) - 1
        else:
            pieces[opened], pieces[-1] = bold
            opened = None
    pieces.append(show(plain + text[end:]))
    if opened is not None:
        pieces[opened] = show("**")
    return "".join(pieces)


def _full_width(text: str) -> str:
    return re.sub(r"[\\`*_\[\]<>~|!&]", lambda found: chr(ord(found[0]) + 0xFEE0), text)


def _full_width_start(found: re.Match[str]) -> str:
    return found[1] + chr(ord(found[2]) + 0xFEE0)
