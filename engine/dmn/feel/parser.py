"""Parses FEEL by recursive descent: the grammar of DMN 1.5 §10.3.1.2, lowest precedence first."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeVar

from engine.dmn.errors import Unreadable
from engine.dmn.feel import tree
from engine.dmn.feel.names import Names
from engine.dmn.feel.notation import read_moment
from engine.dmn.feel.tokens import Token
from engine.dmn.feel.types import ANY, Type
from engine.dmn.feel.words import Types

Found = TypeVar("Found")

RESERVED = {
    *("and", "between", "else", "every", "false", "for", "function", "if", "in", "instance", "null", "of"),
    *("or", "return", "satisfies", "some", "then", "true", "external"),
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARED = {"=", "!=", "<", "<=", ">", ">="}
# The precedence of operations; those with the same one are left-associative.
_COMPARISON = 2
_STRENGTHS = {
    **{"or": 0, "and": 1, "+": 3, "-": 3, "*": 4, "/": 4, "**": 5},
    **dict.fromkeys((*_COMPARED, "between", "in"), _COMPARISON),
}
_IN_NAMES = {".", "/", "-", "’", "'", "+", "*"}  # rule 30
_MOST = 100  # of consecutive operations that must be evaluated recursively


def parse(text: str, names: Names, types: Mapping[str, Type], deepest: int | None = None) -> tree.Node:
    """Parses an expression, nested at most `deepest` levels if that is set. Raises Unreadable."""
    return _whole(_Parser(text, names, types, deepest), _Parser.expression)


def parse_tests(
    text: str, names: Names, types: Mapping[str, Type], deepest: int | None = None, *, folded: bool = False
) -> tree.Tests:
    """Parses unary tests of a table's cell (rule 12).

    Examples: `-`, `< 5, [7..9]`, `not("a", "b")`. Raises Unreadable.
    """
    parser = _Parser(text, names, types, deepest)
    return _whole(parser.folding() if folded else parser, _Parser.tests)


def parse_type(text: str, types: Mapping[str, Type]) -> Type:
    """Parses a type by its name or structure. Raises Unreadable."""
    return _whole(_Parser(text, Names(), types, None), _Parser.type)


def _whole(parser: "_Parser", read: Callable[["_Parser"], Found]) -> Found:
    try:
        found = read(parser)
    except RecursionError:
        raise Unreadable("deep", parser.source, 0) from None
    if parser.here.kind != "end":
        raise parser.unreadable("unexpected", text=parser.here.text)
    return found


class _Parser(Types):
    def __init__(self, text: str, names: Names, types: Mapping[str, Type], deepest: int | None) -> None:
        super().__init__(text, types)
        self._names = names
        self._levels = deepest if deepest is not None else len(self.tokens)
        self._range_ends = False  # whether `[` may end a range here

    def expression(self) -> tree.Node:
        with self._closing(ranges=False):
            return self._operation(0)

    @contextmanager
    def _closing(self, *, ranges: bool) -> Iterator[None]:
        before, self._range_ends = self._range_ends, ranges
        try:
            yield
        finally:
            self._range_ends = before

    # Operations

    def _operation(self, least: int) -> tree.Node:
        """Parses operations of at least this precedence."""
        left = self._signed()
        tests = 0
        while True:
            sign = self.here
            strength = _STRENGTHS.get(sign.text, -1) if sign.kind in ("sign", "name") else -1
            if strength < least:
                return left
            self.next()
            if sign.text in ("between", "in"):
                left = self._tested(sign, left)
                tests = self._counted(tests)
            else:
                left = tree.Binary(sign.at, sign.text, left, self._operation(strength + 1))

    def _tested(self, sign: Token, left: tree.Node) -> tree.Node:
        if sign.text == "in":
            return tree.In(sign.at, left, self._in())
        low = self._operation(_COMPARISON + 1)
        self.expect("and")
        return tree.Between(sign.at, left, low, self._operation(_COMPARISON + 1))

    def _nested(self, read: Callable[["_Parser"], tree.Node]) -> tree.Node:
        """Parses a part that may contain expressions. Raises Unreadable if it is nested too deeply."""
        self._levels -= 1
        if self._levels < 0:
            raise self.unreadable("deep")
        found = read(self)
        self._levels += 1
        return found

    def _counted(self, before: int) -> int:
        """Counts consecutive operations. Raises Unreadable if there are too many."""
        if before == _MOST:
            raise self.unreadable("deep")
        return before + 1

    def _in(self) -> tuple[tree.Node, ...]:
        if not self.sees("("):
            return (self._test(),)
        at = self.next().at
        first = self._test()
        if self.sees(".."):
            return (self._range(at, first, included=False),)
        tests = [first]
        while self.take(","):
            tests.append(self._test())
        self.expect(")")
        return tuple(tests)

    def _signed(self) -> tree.Node:
        signs: list[int] = []
        while self.sees("-"):
            self._counted(len(signs))
            signs.append(self.next().at)
        found = self._postfixed(self._primary())
        if self.sees("instance"):
            at = self.next().at
            self.expect("of")
            found = tree.InstanceOf(at, found, self.type())
        for at in reversed(signs):
            found = tree.Negative(at, found)
        return found

    def _postfixed(self, found: tree.Node) -> tree.Node:
        many = 0
        while self.here.text in ("[", ".", "("):
            many = self._counted(many)
            at = self.here.at
            if self.sees("[") and not self._closes():
                found = self._filter(found)
            elif self.take("."):
                found = tree.Path(at, found, self._member())
            elif self.take("("):
                found = self._call(at, found)
            else:
                break
        return found

    def _closes(self) -> bool:
        """Whether this bracket ends a range such as `[1..5[` instead of starting a filter."""
        after = self.following
        begins = after.kind in ("number", "digits", "text", "at") or (
            after.text in ("(", "[", "{", "-") if after.kind == "sign" else after.kind == "name"
        )
        return self._range_ends and not (begins and after.text not in ("and", "or", "then", "else", "return"))

    def _filter(self, source: tree.Node) -> tree.Node:
        at = self.next().at
        with self._names.within(["item"]):
            condition = self.expression() if not self.sees(*_COMPARED) else self._test()
        self.expect("]")
        return tree.Filter(at, source, condition)

    def _member(self) -> str:
        known = self._names.variable(self.tokens, self.at)
        if known is not None:
            self.next(known[1])
            return known[0]
        if self.here.kind not in ("name", "digits"):
            raise self.unreadable("member")
        return self.next().text

    def _call(self, at: int, function: tree.Node) -> tree.Node:
        arguments: list[tree.Node] = []
        names: list[str] = []
        while not self.sees(")"):
            if self._is_named():
                names.append(self.words_before(":"))
                self.expect(":")
            arguments.append(self.expression())
            if not self.take(","):
                break
        self.expect(")")
        if names and len(names) != len(arguments):
            raise self.unreadable("arguments")
        return tree.Call(at, function, tuple(arguments), tuple(names))

    def _is_named(self) -> bool:
        """Whether the name of a parameter and a colon follow."""
        at = self.at
        while self.tokens[at].kind in ("name", "number") or self.tokens[at].text in _IN_NAMES:
            at += 1
        return at > self.at and self.tokens[at].text == ":" and self.tokens[at].kind == "sign"

    # Tests

    def tests(self) -> tree.Tests:
        at = self.here.at
        if self.sees("-") and self.following.kind == "end":
            self.next()
            return tree.Tests(at, (), False)
        begin = self.at
        if self.sees("not") and self.following.text == "(":
            self.next(2)
            tests = self._several()
            if self.take(")") and self.here.kind == "end":
                return tree.Tests(at, tests, True)
            self.at = begin
        return tree.Tests(at, self._several(), False)

    def _several(self) -> tuple[tree.Node, ...]:
        found = [self._test()]
        while self.take(","):
            found.append(self._test())
        return tuple(found)

    def _test(self) -> tree.Node:
        if self.sees(*_COMPARED):
            sign = self.next()
            return tree.Compared(sign.at, sign.text, self._operation(_COMPARISON + 1))
        return self._operation(0)

    # Values

    def _primary(self) -> tree.Node:
        token = self.here
        if token.kind in ("number", "digits"):
            return self._number()
        if token.kind == "text":
            self.next()
            return tree.Constant(token.at, token.text)
        if token.kind == "at":
            return self._moment()
        if token.kind == "sign":
            return self._nested(_Parser._bracketed)
        return self._worded()

    def _number(self) -> tree.Node:
        """Parses a number; in the digits of another script it may be a name."""
        token = self.here
        known = self._names.variable(self.tokens, self.at) if token.kind == "digits" else None
        if known is not None:
            self.next(known[1])
            return tree.Name(token.at, known[0])
        return tree.Constant(token.at, self.number())

    def _moment(self) -> tree.Node:
        value = read_moment(self.here.text)
        if value is None:
            raise self.unreadable("moment", text=self.here.text)
        return tree.Constant(self.next().at, value)

    def _bracketed(self) -> tree.Node:
        at = self.here.at
        if self.take("("):
            return self._parenthesized(at)
        if self.take("["):
            return self._listed(at)
        if self.take("]"):
            return self._range(at, self.expression(), included=False)
        if self.take("{"):
            return self._context_of(at)
        raise self.no_value()

    def _parenthesized(self, at: int) -> tree.Node:
        with self._closing(ranges=False):
            inside = self._test()
        if self.sees(".."):
            return self._range(at, inside, included=False)
        self.expect(")")
        return inside

    def _listed(self, at: int) -> tree.Node:
        items: list[tree.Node] = []
        while not self.sees("]"):
            items.append(self.expression() if not self.sees(*_COMPARED) else self._test())
            if len(items) == 1 and self.sees(".."):
                return self._range(at, items[0], included=True)
            if not self.take(","):
                break
        self.expect("]")
        return tree.ListOf(at, tuple(items))

    def _range(self, at: int, low: tree.Node, *, included: bool) -> tree.Node:
        self.expect("..")
        with self._closing(ranges=True):
            high = self._operation(_COMPARISON + 1)
        end = self.expect("]", ")", "[").text
        return tree.RangeOf(at, low, high, included, end == "]")

    def _context_of(self, at: int) -> tree.Node:
        entries: list[tuple[str, tree.Node]] = []
        with self._names.within():
            while not self.sees("}"):
                name = self.next().text if self.here.kind == "text" else self.words_before(":", ",", "}")
                self.expect(":")
                entries.append((name, self.expression()))
                self._names.add(name)
                if not self.take(","):
                    break
        self.expect("}")
        return tree.ContextOf(at, tuple(entries))

    def _worded(self) -> tree.Node:
        token = self.here
        known = self._names.variable(self.tokens, self.at)
        if known is not None and known[1] > 1:
            self.next(known[1])
            return tree.Name(token.at, known[0])
        if token.text in _SPECIAL:
            return self._nested(_SPECIAL[token.text])
        if token.text in _CONSTANTS:
            return tree.Constant(self.next().at, _CONSTANTS[token.text])
        if token.kind == "end" or token.text in RESERVED:
            raise self.no_value()
        return tree.Name(self.next().at, token.text)

    def _if(self) -> tree.Node:
        """Parses `if`; one after the `else` of another is parsed in a loop."""
        begun: list[tuple[int, tree.Node, tree.Node]] = []
        while self.sees("if"):
            self._counted(len(begun))
            at = self.next().at
            condition = self.expression()
            self.expect("then")
            begun.append((at, condition, self.expression()))
            self.expect("else")
        otherwise = self._operation(0)
        for at, condition, then in reversed(begun):
            otherwise = tree.If(at, condition, then, otherwise)
        return otherwise

    def _for(self) -> tree.Node:
        at = self.next().at
        with self._names.within(["partial"]):
            iterations = self._iterations()
            self.expect("return")
            return tree.For(at, iterations, self._operation(0))

    def _quantified(self) -> tree.Node:
        token = self.next()
        kind: Literal["some", "every"] = "some" if token.text == "some" else "every"
        with self._names.within():
            iterations = self._iterations()
            self.expect("satisfies")
            return tree.Quantified(token.at, kind, iterations, self._operation(0))

    def _iterations(self) -> tuple[tree.Iteration, ...]:
        found: list[tree.Iteration] = []
        while not found or self.take(","):
            at = self.here.at
            name = self.words_before("in")
            self.expect("in")
            source = self.expression()
            end = self.expression() if self.take("..") else None
            found.append(tree.Iteration(at, name, source, end))
            self._names.add(name)
        return tuple(found)

    def _function_of(self) -> tree.Node:
        at = self.next().at
        self.expect("(")
        parameters: list[tuple[str, Type]] = []
        while not self.sees(")"):
            name = self.words_before(":", ",", ")")
            parameters.append((name, self.type() if self.take(":") else ANY))
            if not self.take(","):
                break
        self.expect(")")
        external = self.take("external")
        with self._names.within(name for name, _ in parameters):
            body = self._operation(0)
        return tree.FunctionOf(at, tuple(parameters), None if external else body)


_SPECIAL: Mapping[str, Callable[[_Parser], tree.Node]] = {
    "if": _Parser._if,
    "for": _Parser._for,
    "some": _Parser._quantified,
    "every": _Parser._quantified,
    "function": _Parser._function_of,
}
