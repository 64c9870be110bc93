"""Java's expression language (JSR-341), as far as it means something without Java objects, said in Python.

Literals, variables, operators and members of variables are translated; a call of a method is not.
"""

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE,
)
_PART = re.compile(r"[$#]\{((?:[^{}'\"]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")*)\}")
_TEXT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_VALUES = {"true": "True", "false": "False", "null": "None"}
_WORDS = {
    "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "div": "/", "mod": "%",
    "and": "&&", "or": "||", "not": "!",
}  # fmt: skip
# From the loosest to the tightest; each level with the operators that stand between two of the next.
_LEVELS: Sequence[dict[str, str]] = (
    {"||": "or"},
    {"&&": "and"},
    {"==": "==", "!=": "!="},
    {"<": "<", ">": ">", "<=": "<=", ">=": ">="},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
)
_COMPARING = (2, 3)
_ALSO = {"True": "'true'", "False": "'false'", "'true'": "True", "'false'": "False"}
_NUMERAL = re.compile(r"'(?:0|[1-9]\d*)(?:\.\d+)?'")
_BEFORE = {"!": "(not {})", "-": "-{}", "empty": "({} in (None, '', [], {{}}))"}
_LONGEST = 10_000  # characters
_DEEPEST = 50
_MOST_PARTS = 100  # of a text
# What the engines put beside the variables: Java objects all.
_OBJECTS = frozenset({"execution", "task", "delegateTask", "authenticatedUserId", "connector"})


class Untranslatable(Exception):
    """An expression without a meaning in Python; the text says why."""


@dataclass(frozen=True, slots=True)
class Python:
    """An expression in Python. `members` tells whether it asks a variable for one of its members."""

    code: str
    members: bool = False


def is_juel(text: str) -> bool:
    """Whether a text holds such an expression."""
    return "${" in text or "#{" in text


def translated(text: str, *, whole: bool = False) -> Python:
    """A text with expressions in it: `${x}` is the value of x, `a${x}` a text.

    If the `whole` must be one expression, the latter is none. Raises Untranslatable.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise Untranslatable(f"it is longer than {_LONGEST} characters")
    one = _PART.fullmatch(text)
    if one:
        return _Reader(one[1]).read()
    if whole:
        raise Untranslatable("it is more than one expression")
    parts = list(islice(_parts(text), _MOST_PARTS + 1))
    if len(parts) > _MOST_PARTS:
        raise Untranslatable(f"it has more than {_MOST_PARTS} parts")
    code = " + ".join(part.code for part in parts)
    return Python(code or "''", any(part.members for part in parts))


def words(code: str) -> set[str]:
    """The names in what was translated."""
    return set(_WORD.findall(_TEXT.sub("", code)))


def _parts(text: str) -> Iterator[Python]:
    end = 0
    for match in _PART.finditer(text):
        if match.start() > end:
            yield Python(repr(text[end : match.start()]))
        part = _Reader(match[1]).read()
        yield Python(_as_text(part.code), part.members)
        end = match.end()
    if is_juel(text[end:]):
        raise Untranslatable("a bracket is not closed")
    if text[end:]:
        yield Python(repr(text[end:]))


def _as_text(code: str) -> str:
    """A value as Java writes it into a text: nothing for null, and truth in small letters."""
    one = code if code.isidentifier() else f"({code})"
    return f"('' if {one} == None else str({one}).lower() if {one} in (True, False) else str({one}))"


class _Reader:
    """Reads one expression by descent; each method returns Python that may stand in brackets."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0
        self._members = False

    def read(self) -> Python:
        code = self._choice()
        if self._peek() is not None:
            raise Untranslatable(f"{self._peek()!r} is not expected")
        return Python(_bare(code), self._members)

    def _peek(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> str:
        found = self._peek()
        if found is None:
            raise Untranslatable("it ends too early")
        self._next += 1
        return found

    def _expect(self, mark: str) -> None:
        if self._take() != mark:
            raise Untranslatable(f"{mark!r} is missing")

    def _choice(self) -> str:
        self._deeper()
        condition = self._level(0)
        if self._peek() == "?":
            self._take()
            chosen = self._choice()
            self._expect(":")
            condition = f"({chosen} if {condition} else {self._choice()})"
        self._depth -= 1
        return condition

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Untranslatable("it is nested too deeply")

    def _level(self, level: int) -> str:
        if level == len(_LEVELS):
            return self._unary()
        code = self._level(level + 1)
        operators = _LEVELS[level]
        while (mark := self._peek()) in operators:
            self._take()
            other = self._level(level + 1)
            code = _alike(code, mark, other) or f"{code} {operators[mark]} {other}"
            if level in _COMPARING:  # Python would read a == b == c as one comparison of three
                code = f"({code})"
        return code

    def _unary(self) -> str:
        mark = self._peek()
        if mark not in _BEFORE:
            return self._value()
        self._take()
        self._deeper()
        code = _BEFORE[mark].format(self._unary())
        self._depth -= 1
        return code

    def _value(self) -> str:
        found = self._take()
        if found == "(":
            code = f"({self._choice()})"
            self._expect(")")
        else:
            code = _literal(found)
        while (mark := self._peek()) in (".", "[", "("):
            self._take()
            if mark == "(":
                raise Untranslatable("it calls a method")
            self._members = True
            if mark == "[":
                code = f"{code}[{self._choice()}]"
                self._expect("]")
            else:
                code = f"{code}[{_name(self._take())!r}]"
        return code


def _alike(one: str, mark: str, two: str) -> str | None:
    """Whether a value equals one that is written: in Java's language 'true' is true, and '10' is 10."""
    for value, written in ((one, two), (two, one)):
        also = _ALSO.get(written) or (written[1:-1] if _NUMERAL.fullmatch(written) else None)
        if also is not None and value not in _ALSO and not _NUMERAL.fullmatch(value):
            return f"{value} {'in' if mark == '==' else 'not in'} ({written}, {also})"
    return None


def _bare(code: str) -> str:
    """The expression without brackets around the whole of it."""
    depth, text = 0, _TEXT.sub(lambda found: " " * len(found[0]), code)
    for place, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0 and place < len(text) - 1:
            return code
    return code[1:-1] if code.startswith("(") else code


def _literal(token: str) -> str:
    if token[0] in "'\"":
        return repr(re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL))
    if token[0].isdigit() or (token[0] == "." and len(token) > 1):
        return token.lstrip("0") if token.lstrip("0")[:1].isdigit() else f"0{token.lstrip('0')}"
    if token in _VALUES:
        return _VALUES[token]
    name = _name(token)
    if name in _OBJECTS:
        raise Untranslatable(f"{name} is a Java object")
    return name


def _name(token: str) -> str:
    if not token.isidentifier() or keyword.iskeyword(token):
        raise Untranslatable(f"{token!r} is no name in Python")
    return token


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise Untranslatable(f"{text[place : place + 20].strip()!r} is not understood")
        place = match.end()
        found = match[0].strip()
        yield _WORDS.get(found, found)
