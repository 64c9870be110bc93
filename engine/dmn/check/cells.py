"""Checks the cells of a decision table: they can be read and fit their columns."""

from collections.abc import Sequence
from typing import Any

from engine.dmn.check.axes import typed
from engine.dmn.check.columns import Read
from engine.dmn.check.conditions import Unclear, constant
from engine.dmn.check.expressions import Expressions
from engine.dmn.check.scopes import Scope, common, may_fit, type_of, type_text
from engine.dmn.check.tables import POLICIES, Analysed, analyse
from engine.dmn.feel import tree
from engine.dmn.feel.building import Building
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import build_tests
from engine.dmn.feel.types import ANY, NUMBER, Type, fitted
from engine.dmn.model import syntax


def table(of: Expressions, boxed: syntax.Table, scope: Scope) -> Type:
    """Returns the type of a table's result; checks its cells and rules."""
    shape = (len(boxed.inputs), len(boxed.outputs))
    rows = {(len(rule.tests), len(rule.results)) for rule in boxed.rules}
    if boxed.policy[0] not in POLICIES or not boxed.outputs or rows - {shape}:
        return ANY  # reported with the file
    inputs = [_input(of, boxed, at, scope) for at in range(len(boxed.inputs))]
    outputs = [_Output(of, boxed, at, scope) for at in range(len(boxed.outputs))]
    results = tuple(
        tuple(
            output.cell(of, number, text, scope) for output, text in zip(outputs, rule.results, strict=False)
        )
        for number, rule in enumerate(boxed.rules, 1)
    )
    if all(inputs):
        priorities = tuple(output.values for output in outputs)
        read = Analysed(boxed, tuple(each for each in inputs if each), results, priorities, of.effort)
        analyse(read, of.place, of.notes)
    return _given(boxed, outputs)


def _given(boxed: syntax.Table, outputs: "list[_Output]") -> Type:
    one = (
        outputs[0].type
        if len(outputs) == 1
        else Type("context", members=tuple((each.name, each.type) for each in outputs))
    )
    if boxed.policy in ("C", "R", "O"):
        return Type("list", of=one)
    return NUMBER if boxed.policy == "C#" else one if boxed.policy in ("U", "A", "P", "F") else ANY


def _input(of: Expressions, boxed: syntax.Table, at: int, scope: Scope) -> Read | None:
    """Reads an input with the tests of all rules; None if one of them can't be read."""
    column = boxed.inputs[at]
    text = column.expression
    label = column.label or " ".join(text.text.split()) or f"input {at + 1}"
    with of.at(at_input=label):
        if not text.text:
            of.error(text.line, "no-input")
        expression = of.read(text)
        found = of.fits(of.typed(text, expression, scope), text.type, text.line)
        allowed = _tests(of, column.allowed, found, scope) if column.allowed else None
    # A type's allowed values are compared exactly, texts of a folded column are not.
    domain = (*(() if column.folded else found.tests), *([allowed] if allowed else []))
    known: dict[str, tree.Tests | None] = {}
    tests = []
    for number, rule in enumerate(boxed.rules, 1):
        with of.at(at_rule=number, at_column=label):
            cell = rule.tests[at]
            if known.get(cell.text) is None:
                known[cell.text] = of.read_tests(cell)
            read = known[cell.text]
            if read is not None:
                of.tested(cell, read, found, scope)
                _allowed(of, cell, read, domain)
            tests.append(read)
    clear = [each for each in tests if each is not None]
    if len(clear) < len(tests) or (column.allowed and allowed is None):
        return None
    return Read(label, text.text, expression, found, domain, tuple(clear))


def _tests(of: Expressions, text: syntax.Text, found: Type, scope: Scope) -> tree.Tests | None:
    read = of.read_tests(text)
    if read is not None:
        of.tested(text, read, found, scope)
    return read


def _allowed(of: Expressions, cell: syntax.Text, tests: tree.Tests, domain: Sequence[tree.Tests]) -> None:
    """Reports values that are tested for but never allowed."""
    for test in tests.tests:
        if isinstance(test, tree.Compared | tree.RangeOf):
            continue
        value = _constant(test)
        if isinstance(value, str | bool) and not all(_passes(allowed, value) for allowed in domain):
            of.error(cell.line, "test-value", value=typed(value))


def _constant(node: tree.Node | None) -> Any:
    """Returns a constant value; None if it is not constant, or null."""
    try:
        return None if node is None else constant(node)
    except Unclear:
        return None


def _passes(tests: tree.Tests, value: Any) -> bool:
    """Whether tests don't exclude a value."""
    try:
        for test in tests.tests:
            constant(test.operand if isinstance(test, tree.Compared) else test)
    except Unclear:
        return True
    run = Run()
    return build_tests(tests, Building(None))(value, Frame(run, {}, Frame(run, BUILT_IN))) is True


class _Output:
    """A column of results, with its allowed values."""

    def __init__(self, of: Expressions, boxed: syntax.Table, at: int, scope: Scope) -> None:
        output = boxed.outputs[at]
        self.name = output.name
        self.label = output.label or output.name or of.element.name
        line = output.allowed.line if output.allowed else boxed.line
        with of.at(at_output=self.label):
            self.declared = of.declared(output.type, line)
            if self.declared is ANY and len(boxed.outputs) == 1 and boxed.policy in ("U", "A", "P", "F"):
                self.declared = of.declared(boxed.type, boxed.line)
            self.allowed = _tests(of, output.allowed, self.declared, scope) if output.allowed else None
            if self.allowed is not None and not self.allowed.tests:
                self.allowed = None
            self._found: list[Type] = []
            if output.default is not None and output.default.text:
                self._judged(of, output.default, of.read(output.default), scope)
        self.values = tuple(map(_constant, self.allowed.tests)) if self.allowed else ()

    @property
    def type(self) -> Type:
        """Returns the type of the column."""
        return common(self._found) if self.declared.name == "Any" else self.declared

    def cell(self, of: Expressions, number: int, text: syntax.Text, scope: Scope) -> tree.Node | None:
        """Checks the result of a rule."""
        with of.at(at_rule=number, at_column=self.label):
            node = of.read(text)
            self._judged(of, text, node, scope)
        return node

    def _judged(self, of: Expressions, text: syntax.Text, node: tree.Node | None, scope: Scope) -> None:
        found = of.typed(text, node, scope)
        self._found.append(found)
        value = _constant(node)
        if not may_fit(found, self.declared):
            of.error(text.line, "output-type", found=type_text(found), wanted=type_text(self.declared))
        elif value is not None and not self._allows(value):
            of.error(text.line, "output-value", value=typed(value))

    def _allows(self, value: Any) -> bool:
        if self.declared.allows is not None and type_of(value).name == self.declared.name:
            return fitted(value, self.declared, Run()) is not None
        return self.allowed is None or _passes(self.allowed, value)
