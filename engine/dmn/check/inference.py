"""Infers the types of an expression's parts, and finds those without a value. Unknown types are no errors."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.dmn.check.axes import typed
from engine.dmn.check.calls import misfit
from engine.dmn.check.conditions import constant
from engine.dmn.check.scopes import LIST, Scope, Signature, common, nearest, result_of, type_of, type_text
from engine.dmn.feel import tree
from engine.dmn.feel.frames import Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import INPUT
from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time
from engine.dmn.feel.operators import BINARY, EQUALITY
from engine.dmn.feel.properties import member
from engine.dmn.feel.types import ANY, BOOLEAN, Type
from engine.dmn.feel.values import Range, kind
from engine.platform.budget import spend
from engine.platform.findings import Severity, Value

_DAY = Date(2000, 1, 1)
# The result of an operation is found by trying it with values of each type, with and without a time zone.
_VALUES = (
    *(Decimal(1), "a", True, _DAY, Time(0), Time(0, 0), DateTime(_DAY, Time(0)), DateTime(_DAY, Time(0, 0))),
    *(Months(1), Days(1), [Decimal(1)], {"a": Decimal(1)}, Range(Decimal(1), Decimal(2), True, True)),
)
_SAMPLES: Mapping[str, Sequence[Any]] = {
    name: [value for value in _VALUES if kind(value) == name] for name in map(kind, _VALUES)
}
_MAKERS = {"date", "time", "date and time", "duration", "number", "jalali", "jalali date"}
_OLD = 1800  # earlier years are more likely in the Jalali calendar


@dataclass(frozen=True, slots=True)
class Problem:
    """An error at a character of an expression, with the values of its text."""

    severity: Severity
    code: str
    at: int
    values: Mapping[str, Value] = field(default_factory=dict)


class Inference:
    """The types of one expression, with its errors. `elsewhere` are names known outside of its scope."""

    def __init__(self, elsewhere: Collection[str] = ()) -> None:
        self.problems: list[Problem] = []
        self._elsewhere = elsewhere

    def type(self, node: tree.Node, scope: Scope) -> Type:
        """Returns the type of an expression, Any if it is unknown."""
        spend(3)
        found: Type = _TYPERS[type(node)](self, node, scope)
        return found

    def fault(self, node: tree.Node, code: str, /, **values: Value) -> Type:
        """Records an error; the type of an invalid part is unknown."""
        self.problems.append(Problem("error", code, node.at, values))
        return ANY

    def warn(self, node: tree.Node, code: str, /, **values: Value) -> Type:
        """Records a warning; the type of such a part is unknown."""
        self.problems.append(Problem("warning", code, node.at, values))
        return ANY

    # Tests

    def tests(self, node: tree.Tests, of: Type, scope: Scope) -> None:
        """Checks the tests of a cell whose input has this type."""
        for test in node.tests:
            self.test(test, of, scope.within({INPUT: of}))

    def test(self, node: tree.Node, of: Type, scope: Scope) -> None:
        """Checks a test of a value of this type."""
        if isinstance(node, tree.Compared):
            self._compared(node, node.sign, of, self.type(node.operand, scope))
            return
        found = self.type(node, scope)
        if found.name == "boolean" and (tree.mentions(node, INPUT) or of.name != "boolean"):
            return  # a condition on the input, not compared with it
        if found.name == "range" and of.name != "range":
            found = found.of or ANY
        elif found.name == "list":
            found = ANY if of.name == "list" else found.of or ANY
            found = (found.of or ANY) if found.name == "range" else found
        if "Any" not in (found.name, of.name) and found.name != of.name:
            self.fault(node, "test-type", found=type_text(found), wanted=type_text(of))

    # Operations

    def _compared(self, node: tree.Node, sign: str, left: Type, right: Type) -> Type:
        found = _tried(sign, left, right)
        if found is not None and not found:
            self.fault(node, "type-mismatch.compared", left=type_text(left), right=type_text(right))
        return BOOLEAN

    def _binary(self, node: tree.Binary, scope: Scope) -> Type:
        """Infers a long chain of operations, such as a sum, in a loop: it may have thousands of operands."""
        row = [node]
        while isinstance(row[-1].left, tree.Binary):
            row.append(row[-1].left)
        spend(3 * len(row))
        found = self.type(row[-1].left, scope)
        for each in reversed(row):
            found = self._operated(each, found, self.type(each.right, scope))
        return found

    def _operated(self, node: tree.Binary, left: Type, right: Type) -> Type:
        if node.sign in ("and", "or"):
            for side, of in ((node.left, left), (node.right, right)):
                if of.name not in ("Any", "boolean"):
                    self.warn(side, "condition-type", found=type_text(of), sign=node.sign)
            return BOOLEAN
        if node.sign in ("=", "!=", "<", "<=", ">", ">="):
            return self._compared(node, node.sign, left, right)
        found = _tried(node.sign, left, right)
        if found is None:
            return ANY
        if not found:
            return self.fault(
                node, "type-mismatch", left=type_text(left), right=type_text(right), sign=node.sign
            )
        return type_of(found[0])

    def _negative(self, node: tree.Negative, scope: Scope) -> Type:
        of = self.type(node.operand, scope)
        if of.name in ("Any", "number", "days and time duration", "years and months duration"):
            return of
        return self.fault(node, "type-mismatch", negated=type_text(of))

    def _between(self, node: tree.Between, scope: Scope) -> Type:
        of = self.type(node.operand, scope)
        for end in (node.low, node.high):
            self._compared(end, "<=", of, self.type(end, scope))
        return BOOLEAN

    def _in(self, node: tree.In, scope: Scope) -> Type:
        of = self.type(node.operand, scope)
        for test in node.tests:
            self.test(test, of, scope)
        return BOOLEAN

    def _range(self, node: tree.RangeOf, scope: Scope) -> Type:
        low, high = self.type(node.low, scope), self.type(node.high, scope)
        self._compared(node, "<=", low, high)
        return Type("range", of=high if low is ANY else low)

    def _compared_value(self, node: tree.Compared, scope: Scope) -> Type:
        return Type("range", of=self.type(node.operand, scope))

    def _if(self, node: tree.If, scope: Scope) -> Type:
        of = self.type(node.condition, scope)
        if of.name not in ("Any", "boolean"):
            self.warn(node.condition, "condition-type", found=type_text(of))
        return common([self.type(node.then, scope), self.type(node.otherwise, scope)])

    # Names

    def _name(self, node: tree.Name, scope: Scope) -> Type:
        found = scope.find(node.name)
        if found is not None:
            return found
        if node.name in BUILT_IN:
            return Type("function")
        if node.name in self._elsewhere:
            return self.fault(node, "not-required", name=node.name)
        near = nearest(node.name, iter((*scope.names(), *BUILT_IN)))
        told_too = {"near": near} if near else {}
        # An item may have members that aren't declared.
        record = self.warn if scope.of_items else self.fault
        return record(node, "unknown-name", name=node.name, **told_too)

    def _path(self, node: tree.Path, scope: Scope) -> Type:
        return self._member(node, self.type(node.source, scope), node.name)

    def _member(self, node: tree.Path, of: Type, name: str) -> Type:
        if of.name == "list":
            return Type("list", of=self._member(node, of.of or ANY, name))
        if of.name == "context":
            members = dict(of.members)
            if name in members or not members:
                return members.get(name, ANY)
            near = nearest(name, iter(members))
            told_too = {"near": near} if near else {}
            return self.fault(node, "unknown-member", member=name, **told_too)
        if of.name in ("Any", "function"):
            return ANY
        if of.name == "range":
            return (of.of or ANY) if name in ("start", "end") else ANY
        return self._property(node, of, name)

    def _property(self, node: tree.Path, of: Type, name: str) -> Type:
        if name == "timezone":  # which none of the samples has
            return ANY
        found = [
            each for value in _SAMPLES.get(of.name, ()) if (each := member(value, name, Run())) is not None
        ]
        if not found:
            return self.fault(node, "unknown-member", member=name, found=type_text(of))
        return type_of(found[0])

    # Constructors

    def _list(self, node: tree.ListOf, scope: Scope) -> Type:
        return Type("list", of=common([self.type(item, scope) for item in node.items]))

    def _context(self, node: tree.ContextOf, scope: Scope) -> Type:
        inside = scope.within({})
        for name, entry in node.entries:
            inside.types[name] = self.type(entry, inside)
        return Type("context", members=tuple(inside.types.items()))

    def _function(self, node: tree.FunctionOf, scope: Scope) -> Type:
        names = tuple(name for name, _ in node.parameters)
        takes = tuple(of for _, of in node.parameters)
        if node.body is None:
            self.fault(node, "function-language")
            return Signature("function", of=ANY, takes=takes, names=names)
        result = self.type(node.body, scope.within(dict(node.parameters)))
        return Signature("function", of=result, takes=takes, names=names)

    def _call(self, node: tree.Call, scope: Scope) -> Type:
        name = node.function.name if isinstance(node.function, tree.Name) else None
        if name is not None and scope.find(name) is None and name not in BUILT_IN:
            return self._unknown_function(node, name, scope)
        of = self.type(node.function, scope)
        given = [self.type(argument, scope) for argument in node.arguments]
        if of.name not in ("Any", "function"):
            return self.fault(node, "type-mismatch", called=type_text(of))
        built_in = BUILT_IN.get(name) if name and scope.find(name) is None else None
        wrong = misfit(name or "…", built_in, of, given, node.names)
        if wrong is not None:
            code, values = wrong
            return self.fault(node, code, **values)
        if built_in is None or name is None:
            return of.of or ANY
        return self._made(node, name) if name in _MAKERS else result_of(name, given)

    def _made(self, node: tree.Call, name: str) -> Type:
        """Returns the type of a value built from a text; reports a text without a value."""
        plain = all(isinstance(each, tree.Constant) and each.value is not None for each in node.arguments)
        value = constant(node) if plain else None
        if plain and value is None:
            shown = ", ".join(typed(each.value) for each in node.arguments if isinstance(each, tree.Constant))
            return self.fault(node, "argument-value", function=name, value=shown)
        if not name.startswith("jalali"):
            self._old(node, value)
        return result_of(name, [])

    def _constant(self, node: tree.Constant, _: Scope) -> Type:
        self._old(node, node.value)
        return type_of(node.value)

    def _old(self, node: tree.Node, value: Any) -> None:
        """Reports a day that was probably not meant in the Gregorian calendar."""
        day = value.date if isinstance(value, DateTime) else value
        if isinstance(day, Date) and day.year < _OLD:
            self.warn(node, "gregorian-year", value=typed(value), year=str(day.year), day=typed(day))

    def _unknown_function(self, node: tree.Call, name: str, scope: Scope) -> Type:
        for argument in node.arguments:
            self.type(argument, scope)
        if name in self._elsewhere:
            return self._name(tree.Name(node.function.at, name), scope)
        near = nearest(name, iter((*scope.names(), *BUILT_IN)))
        told_too = {"near": near} if near else {}
        return self.fault(node.function, "unknown-feel-function", function=name, **told_too)

    # Iterations

    def _iterations(self, each: Sequence[tree.Iteration], scope: Scope) -> Scope:
        for iteration in each:
            source = self.type(iteration.source, scope)
            if iteration.end is not None:
                self.type(iteration.end, scope)
                item = source
            else:
                item = (source.of or ANY) if source.name in ("list", "range") else source
            scope = scope.within({iteration.name: item})
        return scope

    def _for(self, node: tree.For, scope: Scope) -> Type:
        inside = self._iterations(node.iterations, scope).within({"partial": LIST})
        return Type("list", of=self.type(node.body, inside))

    def _quantified(self, node: tree.Quantified, scope: Scope) -> Type:
        self.type(node.condition, self._iterations(node.iterations, scope))
        return BOOLEAN

    def _filter(self, node: tree.Filter, scope: Scope) -> Type:
        source = self.type(node.source, scope)
        item = (source.of or ANY) if source.name == "list" else source
        members = dict(item.members)
        unknown = item.name in ("Any", "context") and not members
        inside = scope.within({"item": item}).within(
            members, is_open=unknown, of_items=item.name == "context"
        )
        found = self.type(node.condition, inside)
        if found.name == "number":
            return item
        return Type("list", of=item) if found.name == "boolean" else ANY

    def _instance_of(self, node: tree.InstanceOf, scope: Scope) -> Type:
        self.type(node.operand, scope)
        return BOOLEAN


def _tried(sign: str, left: Type, right: Type) -> Sequence[Any] | None:
    """Returns an operation's results for values of two types, except null; None if a type is unknown."""
    return _with_samples(sign, left.name, right.name)


@lru_cache(4096)
def _with_samples(sign: str, left: str, right: str) -> Sequence[Any] | None:
    ones, others = _SAMPLES.get(left), _SAMPLES.get(right)
    if ones is None or others is None:
        return None
    pairs = [(one, other) for one in ones for other in others]
    if sign in EQUALITY:
        found = [EQUALITY[sign](*pair, Run()) for pair in pairs]
    else:
        found = [BINARY[sign](*pair) for pair in pairs]
    return [each for each in found if each is not None]


_TYPERS: Mapping[type[tree.Node], Callable[[Inference, Any, Scope], Type]] = {
    tree.Constant: Inference._constant,
    tree.Name: Inference._name,
    tree.ListOf: Inference._list,
    tree.ContextOf: Inference._context,
    tree.RangeOf: Inference._range,
    tree.Binary: Inference._binary,
    tree.Negative: Inference._negative,
    tree.Between: Inference._between,
    tree.In: Inference._in,
    tree.Compared: Inference._compared_value,
    tree.InstanceOf: Inference._instance_of,
    tree.If: Inference._if,
    tree.For: Inference._for,
    tree.Quantified: Inference._quantified,
    tree.FunctionOf: Inference._function,
    tree.Call: Inference._call,
    tree.Filter: Inference._filter,
    tree.Path: Inference._path,
}
