"""Parses the Python in uploaded files; no other module does.

Whether a text is accepted depends neither on the interpreter's version nor on its warning filters. Uses the
standard library only: the tests run this file under each supported Python.
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

# The oldest supported Python. Newer syntax is rejected at upload: the file couldn't run everywhere.
OLDEST = (3, 11)
_FILTERS = Lock()
_NEWER = "in the braces of an f-string, Python 3.11 allows {}"
_QUOTES = _NEWER.format("no quotes of the kind that surround it")
_BACKSLASH = _NEWER.format("no backslash")
_LINES = _NEWER.format("no comment and no line break")
_NESTED = _NEWER.format("no more than two levels")


def tree(code: str, mode: Mode) -> Any:
    """Returns the syntax tree for this interpreter. Raises SyntaxError for any text that it can't parse."""
    with _read():
        return ast.parse(code, mode=mode)


def literal(code: str) -> Any:
    """Returns the value of a literal. Raises SyntaxError if the text isn't one."""
    try:
        return ast.literal_eval(tree(code, "eval"))
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"not a literal: {error}") from error


def scopes(code: str, mode: Mode) -> symtable.SymbolTable:
    """Returns the scopes of a text that also compiles: only compiling finds `return` outside of functions."""
    with _read():
        compile(code, "script", mode, dont_inherit=True)
        return symtable.symtable(code, "script", mode)


def require_oldest(code: str, mode: Mode) -> None:
    """Raises SyntaxError, with its line, for syntax that the oldest supported Python can't parse."""
    with _read():
        found = ast.parse(code, mode=mode, feature_version=OLDEST)
        if any(isinstance(node, ast.JoinedStr) for node in ast.walk(found)):
            _require_old_fields(found)
            if hasattr(token, "FSTRING_START"):  # in older versions, the parser itself rejects them
                _require_old_quotes(code.strip() if mode == "eval" else code)


@contextmanager
def _read() -> Iterator[None]:
    try:
        # Warnings differ by version, and filters can turn them into errors. Filters are shared by all
        # threads.
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
    """Returns the nested fields in the format of an f-string field."""
    spec = getattr(node, "format_spec", None)
    return [part for part in getattr(spec, "values", ()) if isinstance(part, ast.FormattedValue)]


def _require_old_quotes(code: str) -> None:
    around: list[str] = []  # the quotes of the f-strings around a token
    for part in tokenize.generate_tokens(StringIO(code).readline):
        name, text = token.tok_name[part.type], part.string
        if name == "FSTRING_END":
            around.pop()
        # The outermost f-string's own tokens are not part of its braces.
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
