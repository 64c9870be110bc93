"""Decision tables (DMN 1.5 §8): matching rules, and the result by hit policy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from engine.dmn.feel.calling import call
from engine.dmn.feel.comparing import equal
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import CHARACTERS, Frame
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import Test
from engine.dmn.feel.parts import Code
from engine.dmn.feel.values import kind, number
from engine.dmn.model import syntax
from engine.dmn.model.literals import Literals
from engine.platform.persian import fold

Built = TypeVar("Built")
_AGGREGATED = {"C+": "sum", "C<": "min", "C>": "max"}


@dataclass(frozen=True, slots=True)
class _Column:
    """An input: its value, whether that is allowed, and its place."""

    label: str
    value: Code
    allowed: Test | None
    place: Place


@dataclass(frozen=True, slots=True)
class _Result:
    """An output: its name and default, and a test for each allowed value, highest priority first."""

    name: str
    default: Code | None
    allowed: Sequence[Test]

    def place(self, value: Any, frame: Frame) -> int:
        """Returns the position of a value among the allowed ones; others are last."""
        found = (at for at, test in enumerate(self.allowed) if test(value, frame) is True)
        return next(found, len(self.allowed))

    def allows(self, value: Any, frame: Frame) -> bool:
        """Whether a value is allowed."""
        return self.place(value, frame) < len(self.allowed)


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule: its tests, except for empty cells, and its results."""

    id: str
    number: int
    tests: tuple[tuple[int, Test], ...]
    results: tuple[Code, ...]
    columns: Sequence[_Column]

    def matches(self, inputs: Sequence[Any], frame: Frame) -> bool:
        """Whether all of its tests match."""
        for at, test in self.tests:  # all() takes 1.5 times as long
            passes = test(inputs[at], frame)
            if passes is not True:
                if passes is None and inputs[at] is not None:
                    self._note(at, inputs[at], frame)
                return False
        return True

    def _note(self, at: int, value: Any, frame: Frame) -> None:
        """Records that a value is of another type than its column's tests; once per column."""
        column = self.columns[at]
        frame.run.note(column.place, "test-type", column.label, kind(value), str(self.number))


Hits = Sequence[tuple[int, _Row]]


def build_table(literals: Literals, table: syntax.Table) -> Code:
    """Compiles a table to a function of the frame; an invalid table has no value."""
    wrong = _malformed(table)
    if wrong is not None:
        return literals.flawed(wrong, table)
    columns = [_column(literals, each, table) for each in table.inputs]
    results = [_result(literals, each) for each in table.outputs]
    build = _Rows(table, columns, literals)
    rows = [build.row(at, rule) for at, rule in enumerate(table.rules, 1)]
    return _Table(table, columns, results, rows).evaluate


def _malformed(table: syntax.Table) -> str | None:
    if table.policy not in _POLICIES:
        return "The hit policy is none that there is."
    if not table.outputs:
        return "The table has no output."
    wanted = (len(table.inputs), len(table.outputs))
    for number_, rule in enumerate(table.rules, 1):
        if (len(rule.tests), len(rule.results)) != wanted:
            return f"Rule {number_} has not as many entries as the table has inputs and outputs."
    return None


def _once(literals: Literals, build: Callable[[syntax.Text], Built]) -> Callable[[syntax.Text], Built]:
    """Caches the results of `build`, so that equal texts are compiled once, unless they can't be read."""
    known: dict[tuple[str, bool], Built] = {}

    def built(text: syntax.Text) -> Built:
        key = (text.text, text.folded)
        if key in known:
            return known[key]
        flaws = len(literals.flaws)
        made = build(text)
        if len(literals.flaws) == flaws:
            known[key] = made
        return made

    return built


def _column(literals: Literals, of: syntax.Input, table: syntax.Table) -> _Column:
    text = of.expression.text
    allowed = literals.tests(of.allowed) if of.allowed else None
    return _Column(of.label or text, literals.literal(of.expression), allowed, Place(text, table.id, 0))


def _result(literals: Literals, of: syntax.Output) -> _Result:
    default = None
    if of.default is not None and of.default.text:
        default = literals.typed(literals.text(of.default), of.type, of.default)
    return _Result(of.name, default, literals.each_test(of.allowed) if of.allowed else ())


class _Rows:
    """Compiles the rules of a table; equal texts once."""

    def __init__(self, table: syntax.Table, columns: Sequence[_Column], literals: Literals) -> None:
        self._table = table
        self._columns = columns
        self._literals = literals
        self._tests, self._texts = _once(literals, literals.tests), _once(literals, literals.text)

    def row(self, number: int, rule: syntax.Rule) -> _Row:
        """Compiles a rule."""
        built = ((at, self._tests(text)) for at, text in enumerate(rule.tests))
        closed = tuple((at, test) for at, test in built if test is not None)
        given = zip(rule.results, self._table.outputs, strict=True)
        results = tuple(self._literals.typed(self._texts(text), of.type, text) for text, of in given)
        return _Row(rule.id, number, closed, results, self._columns)


class _Table:
    def __init__(
        self,
        table: syntax.Table,
        columns: Sequence[_Column],
        results: Sequence[_Result],
        rows: Sequence[_Row],
    ) -> None:
        self._table = table
        self._columns = columns
        self._results = results
        self._rows = list(enumerate(rows, 1))
        self._folded = [at for at, each in enumerate(table.inputs) if each.folded]
        self._weight = 1 + sum(1 + len(row.tests) for row in rows) // 10  # ten of them take as long as a step
        self._hit: Callable[[Frame, Hits], Any] = getattr(self, _POLICIES[table.policy])

    def evaluate(self, frame: Frame) -> Any:
        inputs = [column.value(frame) for column in self._columns]
        frame.run.spend(self._weight)
        tested = self._fold(inputs, frame) if self._folded else inputs
        for column, value in zip(self._columns, tested, strict=True):
            if column.allowed is not None and not _is_allowed(value, column.allowed, frame):
                frame.run.add_fault(
                    f"The value of “{column.label}” is not among those allowed.", self._table.id
                )
                return None
        matching = (each for each in self._rows if each[1].matches(tested, frame))
        hits = list(islice(matching, 1) if self._table.policy == "F" else matching)
        result = self._hit(frame, hits) if hits else self._missed(frame)
        if frame.run.explained is not None:
            frame.run.explain(
                table=self._table.id,
                policy=self._table.policy,
                inputs=dict(zip((column.label for column in self._columns), inputs, strict=True)),
                rules=[self._describe_rule(at, row) for at, row in hits],
                result=result,
                **(self._compared(inputs, tested) if self._folded else {}),
            )
        return result

    def _fold(self, inputs: Sequence[Any], frame: Frame) -> Sequence[Any]:
        """Returns the inputs, with texts of folded columns in their folded form."""
        tested = [*inputs]
        for at in self._folded:
            tested[at] = _folded_texts(inputs[at], frame)
        return tested

    def _compared(self, inputs: Sequence[Any], tested: Sequence[Any]) -> dict[str, Any]:
        """Returns the texts that were compared in another form, if any."""
        found = {self._columns[at].label: tested[at] for at in self._folded if tested[at] != inputs[at]}
        return {"folded": found} if found else {}

    def _describe_rule(self, at: int, row: _Row) -> dict[str, Any]:
        return {"number": at, "id": row.id, "remark": self._table.rules[at - 1].remark}

    def _missed(self, frame: Frame) -> Any:
        if any(result.default for result in self._results):
            return self._shaped(
                [result.default(frame) if result.default else None for result in self._results]
            )
        return None

    def _shaped(self, given: Sequence[Any]) -> Any:
        if len(self._results) == 1:
            return given[0]
        return {result.name: value for result, value in zip(self._results, given, strict=True)}

    def _values(self, frame: Frame, row: _Row) -> list[Any]:
        """Returns a rule's value for each output; null for a value that isn't allowed."""
        values = [result(frame) for result in row.results]
        for at, result in enumerate(self._results):
            if result.allowed and not _is_allowed(values[at], result.allows, frame):
                frame.run.add_fault("The result is not among those allowed.", row.id)
                values[at] = None
        return values

    def _given(self, frame: Frame, row: _Row) -> Any:
        return self._shaped(self._values(frame, row))

    def _unique(self, frame: Frame, hits: Hits) -> Any:
        if len(hits) > 1:
            numbers = ", ".join(str(at) for at, _ in hits)
            frame.run.add_fault(f"The rules {numbers} match, but only one may.", self._table.id, grave=True)
            return None
        return self._given(frame, hits[0][1])

    def _any(self, frame: Frame, hits: Hits) -> Any:
        first, *others = self._all(frame, hits)
        if any(equal(first, other, frame.run) is not True for other in others):
            numbers = ", ".join(str(at) for at, _ in hits)
            told = f"The rules {numbers} match, but give different results."
            frame.run.add_fault(told, self._table.id, grave=True)
            return None
        return first

    def _first(self, frame: Frame, hits: Hits) -> Any:
        return self._given(frame, hits[0][1])

    def _priority(self, frame: Frame, hits: Hits) -> Any:
        return self._by_output(frame, hits)[0]

    def _by_output(self, frame: Frame, hits: Hits) -> list[Any]:
        """Returns the results by the priority of their outputs' values, the first output first."""
        given = [self._values(frame, row) for _, row in hits]
        ordered = [(at, result) for at, result in enumerate(self._results) if result.allowed]
        given.sort(key=lambda values: [result.place(values[at], frame) for at, result in ordered])
        return [self._shaped(values) for values in given]

    def _all(self, frame: Frame, hits: Hits) -> list[Any]:
        return [self._given(frame, row) for _, row in hits]

    def _count(self, frame: Frame, hits: Hits) -> Any:
        return number(len(self._all(frame, hits)))

    def _aggregated(self, frame: Frame, hits: Hits) -> Any:
        function = BUILT_IN[_AGGREGATED[self._table.policy]]
        found = call(frame.run, function, [self._all(frame, hits)])
        if found is None:
            frame.run.note(Place("", self._table.id, 0), "no-result", function.name)
        return found


_POLICIES: Mapping[str, str] = {
    "U": "_unique",
    "A": "_any",
    "P": "_priority",
    "F": "_first",
    "R": "_all",
    "O": "_by_output",
    "C": "_all",
    "C+": "_aggregated",
    "C<": "_aggregated",
    "C>": "_aggregated",
    "C#": "_count",
}


def _folded_texts(value: Any, frame: Frame) -> Any:
    if isinstance(value, str):
        frame.run.spend(len(value) // CHARACTERS)
        return fold(value)
    return [_folded_texts(item, frame) for item in value] if isinstance(value, list) else value


def _is_allowed(value: Any, test: Test, frame: Frame) -> bool:
    """Whether a value, or each item of a list, matches the test of allowed values; null always does."""
    if value is None or test(value, frame) is True:
        return True
    return isinstance(value, list) and all(test(item, frame) is True for item in value)
