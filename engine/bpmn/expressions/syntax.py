"""The one place that reads the Python of uploaded files.

Whether a text is accepted depends neither on the interpreter's version nor on its warning filters. Standard
library only: the tests run this file under each supported Python.
"""

import ast
import symtable
import token
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from threading import Lock
from typing import Any, Literal

Mode = Literal["exec", "eval"]

# The oldest supported Python. What later ones add is refused at upload: the file could not run on all.
OLDEST = (3, 11)
_FILTERS = Lock()
_NEWER = "in the braces of an f-string, Python 3.11 allows {}"
_QUOTES = _NEWER.format("no quotes of the kind that surround it")
_BACKSLASH = _NEWER.format("no backslash")
_LINES = _NEWER.format("no comment and no line break")
_NESTED = _NEWER.format("no more than two levels")


def tree(code: str, mode: Mode) -> Any:
    """The syntax tree, as this interpreter reads it. Raises SyntaxError for all that it cannot read."""
    with _read():
        return ast.parse(code, mode=mode)


def literal(code: str) -> Any:
    """The value of a text that is a literal. Raises SyntaxError if it is none."""
    try:
        return ast.literal_eval(tree(code, "eval"))
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"not a literal: {error}") from error


def scopes(code: str, mode: Mode) -> symtable.SymbolTable:
    """The scopes of a text that also compiles: `return` outside of functions is found only then."""
    with _read():
        compile(code, "script", mode, dont_inherit=True)
        return symtable.symtable(code, "script", mode)


def require_oldest(code: str, mode: Mode) -> None:
    """Raises SyntaxError, with its line, for what the oldest supported Python cannot read."""
    with _read():
        found = ast.parse(code, mode=mode, feature_version=OLDEST)
        if any(isinstance(node, ast.JoinedStr) for node in ast.walk(found)):
            _require_old_fields(found)
            if hasattr(token, "FSTRING_START"):  # before, the parser itself reads them so
                _require_old_quotes(code.strip() if mode == "eval" else code)


@contextmanager
def _read() -> Iterator[None]:
    try:
        # Warnings differ by version, and become errors by a filter. The filters are those of all threads.
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise SyntaxError(f"too deeply nested, or not a text: {error}") from error


def _require_old_fields(found: ast.AST) -> None:
    for node in ast.walk(found):
        inner = [node]
        for _ in range(2):
            inner = [field for part in inner for field in _fields(part)]
        if inner and isinstance(node, ast.FormattedValue):
            raise SyntaxError(_NESTED, ("script", node.lineno, None, None))


def _fields(node: ast.AST) -> list[ast.AST]:
    """The fields in the format of a field."""
    spec = getattr(node, "format_spec", None)
    return [part for part in getattr(spec, "values", ()) if isinstance(part, ast.FormattedValue)]


def _require_old_quotes(code: str) -> None:
    around: list[str] = []  # the quotes of the f-strings around a token
    for part in tokenize.generate_tokens(StringIO(code).readline):
        name, text = token.tok_name[part.type], part.string
        if name == "FSTRING_END":
            around.pop()
        # What belongs to the outermost f-string itself is no part of its braces.
        if around and not (len(around) == 1 and name == "FSTRING_MIDDLE") and (fault := _fault(part, around)):
            raise SyntaxError(fault, ("script", part.start[0], None, None))
        if name == "FSTRING_START":
            around.append(text.lstrip("fFrRbBuU"))


def _fault(part: tokenize.TokenInfo, around: list[str]) -> str | None:
    if "\\" in part.string:
        return _BACKSLASH
    if any(quote in part.string for quote in around):
        return _QUOTES
    if part.type == tokenize.COMMENT or (part.type == tokenize.NL and len(around[0]) == 1):
        return _LINES
    return None
