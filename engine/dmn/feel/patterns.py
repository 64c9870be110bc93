"""Regular expressions of XPath (XQuery 1.0 functions §7.6, referenced by DMN 1.5 table 74)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic, thread_time
from typing import Any

import regex

from engine.dmn.errors import TooMuch
from engine.dmn.feel.frames import COMPILED, Run
from engine.platform.apart import Slow

SOON = 0.001  # seconds: a limit of none would be no limit

_FLAGS: Mapping[str, int] = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": 0, "q": 0}
_NAME_START = r"\p{L}\p{Nl}:_"
_CLASSES = {
    "i": f"[{_NAME_START}]",
    "I": f"[^{_NAME_START}]",
    "c": rf"[{_NAME_START}\p{{Nd}}\p{{M}}\-.·]",
    "C": rf"[^{_NAME_START}\p{{Nd}}\p{{M}}\-.·]",
}
_ESCAPES = set("nrt\\|.?*+(){}[]-^$sSiIcCdDwWpP")
# Outside of classes: without the flag m the end is that of the text, without s a dot matches no line end.
_OUTSIDE = (("m", "$", r"\Z"), ("s", ".", r"[^\n\r]"))
_BLOCK = re.compile(r"\\([pP])\{Is(\w+)\}")  # of Unicode, by Python's names
_WORD = re.compile(r"\\.?|-\[|\(\?(?!:)|.", re.DOTALL)
_SPACES = re.compile(r"(\[(?:[^\]\\]|\\.)*\])|\s+", re.DOTALL)
_REPEATED = re.compile(r"(\d+)\}")
LARGEST = 20_000  # characters of a pattern with its repetitions expanded: larger ones exhaust memory
Pattern = Any  # regex has no types


@lru_cache(maxsize=128)
def compiled(pattern: str, flags: str) -> Pattern:
    """Returns a compiled pattern; None if it is invalid."""
    if not set(flags) <= _FLAGS.keys() or _size(pattern) > LARGEST:
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


def _size(pattern: str) -> int:
    """Returns the length of a pattern with all its repetitions expanded."""
    size = len(pattern)
    for times in _REPEATED.findall(pattern):
        size *= max(1, int(times[:6]))
    return size


def _translated(pattern: str, flags: str) -> str | None:
    """Translates a pattern to Python's syntax; None where XPath doesn't allow it."""
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


@dataclass(frozen=True, slots=True)
class Search:
    """A pattern in a run, limited by the run's remaining time."""

    run: Run
    pattern: Pattern
    flags: str

    def finds(self, text: str) -> bool:
        """Whether the pattern matches anywhere. Raises TooMuch."""
        with self._timed() as seconds:
            return self.pattern.search(text, timeout=seconds) is not None

    def replaced(self, text: str, replacement: str) -> str | None:
        """Replaces every match; None for an invalid replacement or empty matches. Raises TooMuch."""
        if self._finds_nothing():
            return None
        literal = "q" in self.flags
        template = (
            replacement.replace("\\", r"\\") if literal else _template(replacement, self.pattern.groups)
        )
        if template is None:
            return None

        def expanded(match: Any) -> Any:
            return self.run.made(match.expand(template))

        with self._timed() as seconds:
            return str(self.pattern.sub(expanded, text, timeout=seconds))

    def parts(self, text: str) -> list[str] | None:
        """Returns the texts between matches; None if these may be empty. Raises TooMuch."""
        if self._finds_nothing():
            return None
        ends = [0]
        with self._timed() as seconds:
            for match in self.pattern.finditer(text, timeout=seconds):
                ends += match.span()
        ends.append(len(text))
        return [text[begin:end] for begin, end in zip(ends[::2], ends[1::2], strict=True)]

    def _finds_nothing(self) -> bool:
        """Whether it matches an empty text, which XPath forbids for splitting and replacing."""
        return self.pattern.search("") is not None

    @contextmanager
    def _timed(self) -> Iterator[float]:
        begin = thread_time()
        here = max(self.run.until - monotonic(), SOON)  # seconds that are left in this process
        try:
            if self.run.searching <= 0:
                raise TimeoutError
            yield min(self.run.searching, here)
        except TimeoutError:
            if here < self.run.searching:
                raise Slow from None
            raise TooMuch("A pattern takes too long on its text.") from None  # both may be data
        finally:
            self.run.searching -= thread_time() - begin


def search(run: Run, pattern: str, flags: str) -> Search | None:
    """Returns a pattern for use in a run; None if it is invalid."""
    if (pattern, flags) not in run.patterns:
        run.spend(COMPILED + len(pattern))
        run.patterns.add((pattern, flags))
    found = compiled(pattern, flags)
    return None if found is None else Search(run, found, flags)


def _template(replacement: str, groups: int) -> str | None:
    """Translates `$1` and `\\$` to Python's syntax."""
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
