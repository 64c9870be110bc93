"""Functions of texts (DMN 1.5 tables 74 and 75). Positions count Unicode characters, from 1."""

from decimal import Decimal
from typing import Any

from engine.dmn.feel import patterns
from engine.dmn.feel.frames import CHARACTERS, Run
from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.notation import write
from engine.dmn.feel.values import number


@built_in("string", "from: Any?", with_run=True)
def string(run: Run, value: Any) -> str | None:
    """Converts any value to a text."""
    run.weigh(value)
    return None if value is None else write(value)


@built_in("substring", "string: string, start position: number, length?: number")
def substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    """Returns a part of a text; negative positions count from the end."""
    at = int(start)
    if at == 0 or abs(at) > len(text) or (length is not None and length < 1):
        return None
    begin = at - 1 if at > 0 else len(text) + at
    return text[begin:] if length is None else text[begin : begin + int(length)]


@built_in("string length", "string: string")
def string_length(text: str) -> Decimal:
    """Returns the number of characters."""
    return number(len(text))


@built_in("upper case", "string: string")
def upper_case(text: str) -> str:
    """Converts to upper case."""
    return text.upper()


@built_in("lower case", "string: string")
def lower_case(text: str) -> str:
    """Converts to lower case."""
    return text.lower()


@built_in("substring before", "string: string, match: string")
def substring_before(text: str, match: str) -> str:
    """Returns the text before the first match."""
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@built_in("substring after", "string: string, match: string")
def substring_after(text: str, match: str) -> str:
    """Returns the text after the first match."""
    return text.partition(match)[2] if match else text


@built_in("contains", "string: string, match: string")
def contains(text: str, match: str) -> bool:
    """Whether a text contains another one."""
    return match in text


@built_in("starts with", "string: string, match: string")
def starts_with(text: str, match: str) -> bool:
    """Whether a text starts with another one."""
    return text.startswith(match)


@built_in("ends with", "string: string, match: string")
def ends_with(text: str, match: str) -> bool:
    """Whether a text ends with another one."""
    return text.endswith(match)


@built_in("matches", "input: string, pattern: string, flags?: string?", with_run=True)
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool | None:
    """Whether a pattern matches anywhere in it."""
    search = patterns.search(run, pattern, flags or "")
    return None if search is None else search.finds(text)


@built_in("replace", "input: string, pattern: string, replacement: string, flags?: string?", with_run=True)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """Replaces each match of a pattern; `$1` is the match of its first group."""
    search = patterns.search(run, pattern, flags or "")
    return None if search is None else search.replaced(text, replacement)


@built_in("split", "string: string, delimiter: string", with_run=True)
def split(run: Run, text: str, delimiter: str) -> list[str] | None:
    """Returns the parts between matches of a pattern."""
    search = patterns.search(run, delimiter, "")
    return None if search is None else search.parts(text)


@built_in("string join", "list: list, delimiter?: string?", with_run=True)
def string_join(run: Run, items: list[Any], delimiter: str | None = None) -> str | None:
    """Joins texts, without nulls."""
    texts = [item for item in items if item is not None]
    if not all(isinstance(text, str) for text in texts):
        return None
    between = delimiter or ""
    run.spend(sum(len(text) + len(between) for text in texts) // CHARACTERS)
    return between.join(texts)
