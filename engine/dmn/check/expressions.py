"""Checks literal expressions and unary tests of one element: they can be read, and their types fit."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.dmn.check.elements import Elements
from engine.dmn.check.inference import Inference, Problem
from engine.dmn.check.scopes import Scope, may_fit, nearest, type_text
from engine.dmn.errors import Unreadable
from engine.dmn.feel import tree
from engine.dmn.feel.parser import parse, parse_tests, parse_type
from engine.dmn.feel.types import ANY, BASIC, Type
from engine.dmn.model import syntax
from engine.platform.findings import Notes, Place, Value

_SHOWN = 80
DEEPEST = 60  # levels of an expression: reading and evaluating it are recursive, wherever it is used


class Expressions:
    """Checks the expressions of one element. `where` is the part of it in messages, as in `at_rule`."""

    def __init__(
        self, elements: Elements, file: syntax.Definitions, element: syntax.Element, notes: Notes
    ) -> None:
        self.file = file
        self.element = element
        self.kinds = elements.kinds(file)
        self.names = elements.names
        self.effort = elements.effort
        self.notes = notes
        self.where: Mapping[str, Value] = {}
        self._missing = tuple(f"{name}." for name in elements.missing(file))
        self._elsewhere = elements.called(file)

    # Reporting

    def place(self, line: int) -> Place:
        """Returns the place of a line of the element."""
        known = None if self.element.id.startswith("line-") else self.element.id or None
        return Place(self.file.file, known, self.element.name or None, line or self.element.line or None)

    def error(self, line: int, code: str, /, **values: Value) -> None:
        """Reports an error."""
        self.notes.error(self.place(line), code, **self.where, **values)

    def _problem(self, of: syntax.Text, problem: Problem) -> None:
        shown = of.text if len(of.text) <= _SHOWN else f"{of.text[:_SHOWN]}…"
        at: dict[str, Value] = {"at_character": problem.at + 1, "at_text": shown}
        values = {**self.where, **problem.values, **at}
        self.notes.report(problem.severity, self.place(of.line), problem.code, **values)

    @contextmanager
    def at(self, **where: Value) -> Iterator[None]:
        """Sets the part of the element for messages, for the duration of a block."""
        before, self.where = self.where, where
        try:
            yield
        finally:
            self.where = before

    # Reading

    def read(self, of: syntax.Text) -> tree.Node | None:
        """Parses an expression; None, with a finding, if it can't be read."""
        found: tree.Node | None = None
        if of.text:
            found = self._read(of, lambda: parse(of.text, self.names, self.kinds, DEEPEST))
        return found

    def read_tests(self, of: syntax.Text) -> tree.Tests | None:
        """Parses the tests of a cell; an empty one matches everything."""
        if of.text in ("", "-"):
            return tree.Tests(0, (), False)
        found: tree.Tests | None = self._read(
            of, lambda: parse_tests(of.text, self.names, self.kinds, DEEPEST, folded=of.folded)
        )
        return found

    def _read(self, of: syntax.Text, reading: Callable[[], Any]) -> Any:
        try:
            return reading()
        except Unreadable as error:
            problem = Problem("error", "unreadable-feel", error.at, {"error": error.reason})
            self._problem(of, problem)
            return None

    def typed(self, of: syntax.Text, node: tree.Node | None, scope: Scope) -> Type:
        """Returns the type of a parsed expression; reports errors in it."""
        found = ANY
        if node is not None:
            with self._inferring(of) as inference:
                found = inference.type(node, scope)
        return found

    def tested(self, of: syntax.Text, node: tree.Tests, input_type: Type, scope: Scope) -> None:
        """Reports errors in the tests of a cell."""
        with self._inferring(of) as inference:
            inference.tests(node, input_type, scope)

    @contextmanager
    def _inferring(self, of: syntax.Text) -> Iterator[Inference]:
        inference = Inference(self._elsewhere)
        try:
            yield inference
        except RecursionError:
            problem = Problem("error", "unreadable-feel.deep", 0)
            inference.problems = [problem]
        for problem in inference.problems:
            self._problem(of, problem)

    @contextmanager
    def within(self, scope: Scope, types: Mapping[str, Type], **how: bool) -> Iterator[Scope]:
        """Adds names for the duration of a block."""
        with self.names.within(types):
            yield scope.within(types, **how)

    def declared(self, name: str | None, line: int) -> Type:
        """Returns a type by its name; reports an unknown one."""
        try:
            return self.kinds.named(name)
        except Unreadable:
            if name and not name.startswith(self._missing):
                self._unknown_type(name, line)
            return ANY

    def _unknown_type(self, name: str, line: int) -> None:
        known = dict.fromkeys(self.kinds, ANY)
        try:
            parse_type(name, known)  # then one of its parts has an error that is reported there
        except Unreadable:
            near = nearest(name, iter((*known, *BASIC)))
            told_too = {"near": near} if near else {}
            self.error(line, "unknown-type", type=name, **told_too)

    def fits(self, found: Type, name: str | None, line: int) -> Type:
        """Returns the declared type, if there is one; reports an incompatible result."""
        wanted = self.declared(name, line)
        if wanted.name == "Any":
            return found
        if not may_fit(found, wanted):
            self.error(line, "result-type", found=type_text(found), wanted=type_text(wanted), type=name or "")
        return wanted
