"""Regular expressions as XPath has them (XQuery 1.0 functions §7.6, to which DMN 1.5 table 74 points)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import regex

from engine.decisions.errors import TooMuch

SECONDS = 0.25  # of one search, after which it is given up
_FLAGS: Mapping[str, int] = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": 0, "q": 0}
_NAME_START = r"\p{L}\p{Nl}:_"
_CLASSES = {
    "i": f"[{_NAME_START}]",
    "I": f"[^{_NAME_START}]",
    "c": rf"[{_NAME_START}\p{{Nd}}\p{{M}}\-.·]",
    "C": rf"[^{_NAME_START}\p{{Nd}}\p{{M}}\-.·]",
}
_ESCAPES = set("nrt\\|.?*+(){}[]-^$sSiIcCdDwWpP")
# Outside of classes: without the flag m the end is that of all, without s a line's end is no sign.
_OUTSIDE = (("m", "$", r"\Z"), ("s", ".", r"[^\n\r]"))
_BLOCK = re.compile(r"\\([pP])\{Is(\w+)\}")  # of Unicode, as Python's names it
_WORD = re.compile(r"\\.?|-\[|\(\?(?!:)|.", re.DOTALL)
_SPACES = re.compile(r"(\[(?:[^\]\\]|\\.)*\])|\s+", re.DOTALL)
Pattern = Any  # regex has no types


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Pattern:
    """A pattern ready for use; None if it is none."""
    if not set(flags) <= _FLAGS.keys() or len(pattern) > 10_000:
        return None
    options = regex.VERSION1
    for flag in flags:
        options |= _FLAGS[flag]
    try:
        if "q" in flags:
            return regex.compile(regex.escape(pattern), options)
        translated = _translated(pattern, flags)
        return None if translated is None else regex.compile(translated, options)
    except (regex.error, OverflowError):
        return None


def _translated(pattern: str, flags: str) -> str | None:
    """The same in the words of Python's; None where XPath has no such word."""
    if "x" in flags:
        pattern = _SPACES.sub(lambda match: match[1] or "", pattern)
    pattern = _BLOCK.sub(r"\\\1{In\2}", pattern)
    outside = {sign: meant for flag, sign, meant in _OUTSIDE if flag not in flags}
    parts: list[str] = []
    depth = 0  # of brackets of character classes
    for word in _WORD.findall(pattern):
        meant = _escaped(word, inside=depth > 0) if word.startswith("\\") else word
        if meant is None or (word == "(?" and not depth):
            return None
        if word.endswith("[") and meant is word:
            meant = "--[" if depth and word == "-[" else word
            depth += 1
        elif word == "]" and depth:
            depth -= 1
        parts.append(meant if depth else outside.get(meant, meant))
    return "".join(parts)


def _escaped(word: str, *, inside: bool) -> str | None:
    sign = word[1:2]
    if sign in _ESCAPES or (sign in "123456789" and sign and not inside):
        return _CLASSES.get(sign, word)
    return None


def found(pattern: Pattern, text: str) -> bool:
    """Whether the pattern matches anywhere. Raises TooMuch."""
    try:
        return pattern.search(text, timeout=SECONDS) is not None
    except TimeoutError:
        raise _too_long(pattern) from None


def replaced(pattern: Pattern, text: str, replacement: str, flags: str) -> str | None:
    """Every match replaced; None if the replacement is not one. Raises TooMuch."""
    template = replacement.replace("\\", r"\\") if "q" in flags else _template(replacement, pattern.groups)
    if template is None:
        return None
    try:
        return str(pattern.sub(template, text, timeout=SECONDS))
    except TimeoutError:
        raise _too_long(pattern) from None


def _template(replacement: str, groups: int) -> str | None:
    """`$1` and `\\$` in the words of Python's."""
    parts: list[str] = []
    at = 0
    while at < len(replacement):
        sign, after = replacement[at], replacement[at + 1 : at + 2]
        if sign == "$":
            if not after.isdigit():
                return None
            end = at + 2
            while (
                end < len(replacement)
                and replacement[end].isdigit()
                and int(replacement[at + 1 : end + 1]) <= groups
            ):
                end += 1
            group = int(replacement[at + 1 : end])
            parts.append(rf"\g<{group}>" if group <= groups else "")
            at = end
        elif sign == "\\":
            if after not in ("$", "\\") or not after:
                return None
            parts.append(r"\\" if after == "\\" else after)
            at += 2
        else:
            parts.append(sign)
            at += 1
    return "".join(parts)


def parts(pattern: Pattern, text: str) -> list[str]:
    """What stands between the matches. Raises TooMuch."""
    try:
        ends = [0]
        for match in pattern.finditer(text, timeout=SECONDS):
            ends += match.span()
    except TimeoutError:
        raise _too_long(pattern) from None
    ends.append(len(text))
    return [text[begin:end] for begin, end in zip(ends[::2], ends[1::2], strict=True)]


def _too_long(pattern: Pattern) -> TooMuch:
    return TooMuch(f"The pattern takes too long on this text: {pattern.pattern[:100]}")
