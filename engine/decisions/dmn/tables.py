"""Decision tables (DMN 1.5 §8): which rules match, and what their hit policy makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.decisions.dmn import model
from engine.decisions.feel.building import Code
from engine.decisions.feel.calling import call
from engine.decisions.feel.comparing import equal
from engine.decisions.feel.frames import Frame
from engine.decisions.feel.functions import BUILT_IN
from engine.decisions.feel.matching import Test
from engine.decisions.feel.types import Type
from engine.decisions.feel.values import number

if TYPE_CHECKING:
    from engine.decisions.dmn.boxes import Builder

_AGGREGATED = {"C+": "sum", "C<": "min", "C>": "max"}


@dataclass(frozen=True, slots=True)
class _Column:
    """An input: its value, and whether that is allowed."""

    label: str
    value: Code
    allowed: Test | None


@dataclass(frozen=True, slots=True)
class _Result:
    """An output: its name, type and default, and the order of its values."""

    name: str
    type: Type
    default: Code | None
    priorities: Code | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule: the tests of those inputs that it does not leave open, and its results."""

    id: str
    tests: tuple[tuple[int, Test], ...]
    results: tuple[Code, ...]


def build_table(builder: "Builder", table: model.Table) -> Code:
    """A table as a function of the frame."""
    columns = [_column(builder, each) for each in table.inputs]
    results = [_result(builder, each) for each in table.outputs]
    rows = [_row(builder, rule) for rule in table.rules]
    made = _Table(table, columns, results, rows)
    return made.evaluate


def _column(builder: "Builder", of: model.Input) -> _Column:
    value = builder.code(of.expression)
    return _Column(of.label or of.expression.text, value, builder.tests(of.allowed) if of.allowed else None)


def _result(builder: "Builder", of: model.Output) -> _Result:
    default = builder.text(of.default) if of.default is not None and of.default.text else None
    priorities = None
    if of.allowed is not None and of.allowed.text:
        as_list = model.Text(of.allowed.id, None, of.allowed.line, f"[{of.allowed.text}]")
        priorities = builder.text(as_list)
    line = model.Text("", None, of.default.line if of.default else 0, "")
    return _Result(of.name, builder.type(of.type, line), default, priorities)


def _row(builder: "Builder", rule: model.Rule) -> _Row:
    tests = ((at, builder.tests(text)) for at, text in enumerate(rule.tests))
    closed = tuple((at, test) for at, test in tests if test is not None)
    return _Row(rule.id, closed, tuple(builder.text(text) for text in rule.results))


class _Table:
    def __init__(
        self,
        table: model.Table,
        columns: Sequence[_Column],
        results: Sequence[_Result],
        rows: Sequence[_Row],
    ) -> None:
        self._table = table
        self._columns = columns
        self._results = results
        self._rows = rows
        self._hit: Callable[[Frame, list[tuple[int, _Row]]], Any] = getattr(self, _POLICIES[table.policy])

    def evaluate(self, frame: Frame) -> Any:
        inputs = [column.value(frame) for column in self._columns]
        frame.run.spend(1 + len(self._rows))
        for column, value in zip(self._columns, inputs, strict=True):
            if column.allowed is not None and value is not None and column.allowed(value, frame) is not True:
                frame.run.tell(f"The value of “{column.label}” is not among those allowed.", self._table.id)
                return None
        hits = [(at, row) for at, row in enumerate(self._rows, 1) if _matches(row, inputs, frame)]
        result = self._hit(frame, hits) if hits else self._missed(frame)
        frame.run.explain(
            table=self._table.id,
            inputs=dict(zip((column.label for column in self._columns), inputs, strict=True)),
            rules=[{"number": at, "id": row.id} for at, row in hits],
            result=result,
        )
        return result

    def _missed(self, frame: Frame) -> Any:
        if any(result.default for result in self._results):
            given = [result.default(frame) if result.default else None for result in self._results]
            return self._shaped(given)
        if self._table.policy == "C#":
            return number(0)
        return [] if self._table.policy in ("C", "R", "O") else None

    def _shaped(self, given: Sequence[Any]) -> Any:
        if len(self._results) == 1:
            return given[0]
        return {result.name: value for result, value in zip(self._results, given, strict=True)}

    def _given(self, frame: Frame, row: _Row) -> Any:
        return self._shaped([result(frame) for result in row.results])

    def _unique(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        if len(hits) > 1:
            numbers = ", ".join(str(at) for at, _ in hits)
            frame.run.tell(f"The rules {numbers} match, but only one may.", self._table.id, grave=True)
            return None
        return self._given(frame, hits[0][1])

    def _any(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        first, *others = (self._given(frame, row) for _, row in hits)
        if any(equal(first, other) is not True for other in others):
            numbers = ", ".join(str(at) for at, _ in hits)
            told = f"The rules {numbers} match, but give different results."
            frame.run.tell(told, self._table.id, grave=True)
            return None
        return first

    def _first(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        return self._given(frame, hits[0][1])

    def _priority(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        return self._by_output(frame, hits)[0]

    def _by_output(self, frame: Frame, hits: list[tuple[int, _Row]]) -> list[Any]:
        """The results in the order of their outputs' values, those of the first output first."""
        orders = [result.priorities(frame) if result.priorities else [] for result in self._results]
        given = [[result(frame) for result in row.results] for _, row in hits]
        given.sort(
            key=lambda values: [_place(order, value) for order, value in zip(orders, values, strict=True)]
        )
        return [self._shaped(values) for values in given]

    def _all(self, frame: Frame, hits: list[tuple[int, _Row]]) -> list[Any]:
        return [self._given(frame, row) for _, row in hits]

    def _count(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        distinct = call(frame.run, BUILT_IN["distinct values"], [self._all(frame, hits)])
        return number(len(distinct))

    def _aggregated(self, frame: Frame, hits: list[tuple[int, _Row]]) -> Any:
        function = BUILT_IN[_AGGREGATED[self._table.policy]]
        return call(frame.run, function, [self._all(frame, hits)])


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


def _matches(row: _Row, inputs: Sequence[Any], frame: Frame) -> bool:
    return all(test(inputs[at], frame) is True for at, test in row.tests)


def _place(order: Sequence[Any], value: Any) -> int:
    """Where a value stands among those of its output; what is not there comes last."""
    return next((at for at, known in enumerate(order) if equal(known, value) is True), len(order))
