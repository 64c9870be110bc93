"""Parses JUEL: a recursive descent parser for the grammar of EL 2.2, with operator precedence.

Where allowed, it also accepts lists, maps and `+=` (joins texts) of EL 3.0: the engine writes other
attributes of a diagram in these.
"""

from engine.bpmn.expressions.juel.methods import KNOWN
from engine.bpmn.expressions.juel.scanner import END, OPENING, Scanner, Token, Unreadable, quoted
from engine.bpmn.expressions.juel.tree import (
    Asked,
    Call,
    Chain,
    Choice,
    Constant,
    Function,
    Joined,
    ListOf,
    MapOf,
    Member,
    Name,
    Node,
    Path,
    Unary,
)

LONGEST = 20_000  # characters
_DEEPEST = 60
_MOST_PARTS = 100  # of a text
# From the lowest precedence to the highest.
_PRECEDENCE = {
    mark: level
    for level, marks in enumerate(
        (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+=",), ("+", "-"), ("*", "/", "%"))
    )
    for mark in marks
}
_BEFORE = frozenset({"-", "!", "empty"})
# Java objects that engines provide in addition to the variables.
_OBJECTS = frozenset({"execution", "task", "delegateTask", "authenticatedUserId", "connector"})
_ASKING = {"getVariable": False, "hasVariable": True}
FUNCTIONS = frozenset({"now", "dateTime"})


def parse(text: str, *, strict: bool = False) -> Node:
    """Parses a text with expressions; `strict` rejects EL 3.0. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable("long", limit=LONGEST)
    return _Parser(text, strict=strict).template()


def source(text: str) -> str:
    """Returns the expression in a form that can be nested in another one. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable("long", limit=LONGEST)
    parser = _Parser(text, strict=True)
    root = parser.template()
    if not isinstance(root, Joined):
        return parser.sources[0]
    pairs = zip(root.parts, parser.sources, strict=True)
    return " += ".join(
        written if isinstance(part, Constant | Name | Path) else f"({written})" for part, written in pairs
    ) or quoted("")


class _Parser:
    """Parses a text; each method consumes the tokens of its result."""

    def __init__(self, text: str, *, strict: bool) -> None:
        self._text = text
        self._tokens = Scanner(text)
        self._strict = strict
        self._depth = 0
        self.sources: list[str] = []  # of the parts of the text, in their order

    def template(self) -> Node:
        """Parses a template: `${x}` is the value of x, `a${x}` a text."""
        parts: list[Node] = []
        place, mark = 0, ""
        while place < len(self._text):
            written, end = _plain(self._text, place)
            if written:
                parts.append(Constant(place, written))
                self.sources.append(quoted(written))
            if end == len(self._text):
                break
            if mark not in ("", self._text[end]):
                raise Unreadable("mixed", end)
            mark = self._text[end]
            self._tokens.start(end + 2)
            parts.append(self._choice())
            if self._tokens.seen.text != "}" or self._tokens.seen.kind != "mark":
                raise self._unexpected()
            place = self._tokens.seen.at + 1
            self.sources.append(self._text[end + 2 : place - 1].strip())
            if len(parts) > _MOST_PARTS:
                raise Unreadable("parts", place, limit=_MOST_PARTS)
        one = len(parts) == 1 and bool(mark)
        return parts[0] if one else Joined(0, tuple(parts))

    def _unexpected(self) -> Unreadable:
        seen = self._tokens.seen
        if seen.text == END:
            return Unreadable("end", seen.at)
        return Unreadable("unexpected", seen.at, text=seen.text)

    def _sees(self, mark: str) -> bool:
        return self._tokens.seen.kind == "mark" and self._tokens.seen.text == mark

    def _skip(self, mark: str) -> bool:
        """Consumes a mark if it is next; returns whether it was."""
        found = self._sees(mark)
        if found:
            self._tokens.take()
        return found

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            raise Unreadable("missing", self._tokens.seen.at, text=mark)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("deep", self._tokens.seen.at)

    def _choice(self) -> Node:
        self._deeper()
        at, cases = self._tokens.seen.at, []
        found = self._operators(0)
        while self._skip("?"):
            value = self._choice()
            self._expect(":")
            cases.append((found, value))
            found = self._operators(0)
        self._depth -= 1
        return Choice(at, tuple(cases), found) if cases else found

    def _operators(self, level: int) -> Node:
        """Parses operators of this precedence or a higher one."""
        at = self._tokens.seen.at
        found = self._unary()
        while (tightest := self._precedence()) >= level:
            rest = []
            while self._precedence() == tightest:
                operator = self._tokens.take().text
                rest.append((operator, self._operators(tightest + 1)))
            found = Chain(at, found, tuple(rest))
        return found

    def _precedence(self) -> int:
        """Returns the precedence of the next operator; lower than all if there is none."""
        seen = self._tokens.seen
        if seen.kind != "mark" or (seen.text == "+=" and self._strict):
            return -1
        return _PRECEDENCE.get(seen.text, -1)

    def _unary(self) -> Node:
        seen = self._tokens.seen
        if seen.kind != "mark" or seen.text not in _BEFORE:
            return self._value()
        self._tokens.take()
        self._deeper()
        operand = self._unary()
        self._depth -= 1
        return Unary(seen.at, seen.text, operand)

    def _value(self) -> Node:
        seen = self._tokens.seen
        if seen.kind == "name":
            base = self._named(self._tokens.take())
        elif seen.kind == "value":
            base = Constant(seen.at, self._tokens.take().value)
        elif self._skip("("):
            base = self._choice()
            self._expect(")")
        else:
            base = self._constructed()
        steps = []
        while self._sees(".") or self._sees("["):
            steps.append(self._step())
        return Path(seen.at, base, tuple(steps)) if steps else base

    def _constructed(self) -> Node:
        seen = self._tokens.seen
        if self._strict or not (self._sees("[") or self._sees("{")):
            raise self._unexpected()
        self._tokens.take()
        if seen.text == "[":
            return ListOf(seen.at, self._until("]"))
        entries = []
        while not self._skip("}"):
            key = self._choice()
            self._expect(":")
            entries.append((key, self._choice()))
            if not self._sees("}"):
                self._expect(",")
        return MapOf(seen.at, tuple(entries))

    def _until(self, closing: str) -> tuple[Node, ...]:
        """Parses values separated by commas."""
        found: list[Node] = []
        while not self._skip(closing):
            if found:
                self._expect(",")
            found.append(self._choice())
        return tuple(found)

    def _named(self, token: Token) -> Node:
        """Parses an expression that starts with a name: a variable, a function or a method of `execution`."""
        if self._sees("("):
            return self._function(token)
        if token.text == "execution" and self._sees("."):
            return self._asked(token)
        if token.text in _OBJECTS:
            raise Unreadable("java", token.at, text=token.text)
        return Name(token.at, token.text)

    def _function(self, token: Token) -> Node:
        self._tokens.take()
        if token.text not in FUNCTIONS or not self._skip(")"):
            raise Unreadable("function", token.at, text=token.text)
        return Function(token.at, token.text)

    def _asked(self, token: Token) -> Node:
        """Parses the two methods of Camunda's execution that read a variable."""
        step = self._step(_ASKING)
        if isinstance(step, Call):
            match step.arguments:
                case (Constant(value=str(name)),):
                    return Asked(token.at, name, _ASKING[step.method])
        raise Unreadable("execution", token.at, text=token.text)

    def _step(self, known: frozenset[str] | dict[str, bool] = KNOWN) -> Member | Call:
        """Parses a member, or a call of a known method."""
        if self._skip("["):
            key = self._choice()
            self._expect("]")
            return Member(key)
        self._expect(".")
        name = self._tokens.take()
        if name.kind != "name":
            raise Unreadable("member", name.at, text=name.text)
        if not self._skip("("):
            return Member(Constant(name.at, name.text))
        if name.text not in known:
            raise Unreadable("method", name.at, text=name.text)
        return Call(name.text, self._until(")"))


def _plain(text: str, place: int) -> tuple[str, int]:
    """Returns the text before the next expression, and where that starts. A backslash escapes it."""
    written: list[str] = []
    escaped = False
    while place < len(text):
        letter = text[place]
        opens = text[place : place + 2] in OPENING
        if letter == "\\":
            if escaped:
                written.append(letter)
            escaped = True
        elif opens and not escaped:
            return "".join(written), place
        else:
            if escaped and not opens:
                written.append("\\")
            written.append(letter)
            escaped = False
        place += 1
    if escaped:
        written.append("\\")
    return "".join(written), place
