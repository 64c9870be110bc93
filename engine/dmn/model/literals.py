"""Compiles literal expressions and cells, the parts of boxed expressions, to functions of a frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.dmn.errors import Unreadable
from engine.dmn.feel import looping, tree
from engine.dmn.feel.building import Building
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.matching import Test, build_test, build_tests
from engine.dmn.feel.names import Names
from engine.dmn.feel.parser import parse, parse_tests
from engine.dmn.feel.parts import Code
from engine.dmn.feel.types import ANY, Type, fitted
from engine.dmn.model import syntax
from engine.dmn.model.item_types import Kinds


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that can't be read in a file; the expression then has no value."""

    reason: str
    line: int
    element: str


@dataclass(slots=True)
class Literals:
    """Compiles the textual expressions of one file, and collects those that it couldn't read."""

    kinds: Kinds
    names: Names
    language: str | None = None  # of the file's expressions, unless they declare another
    flaws: list[Flaw] = field(default_factory=list)

    def literal(self, text: syntax.Text) -> Code:
        """Compiles a literal expression, its value converted to its type."""
        return self.typed(self.text(text), text.type, text)

    def typed(self, code: Code, name: str | None, of: syntax.Boxed | syntax.Element) -> Code:
        """Converts the value of code to a type."""
        wanted = self.type(name, of)
        if wanted is ANY:
            return code
        return lambda frame: fitting(frame.run, code(frame), wanted, of.id)

    def type(self, name: str | None, of: syntax.Boxed | syntax.Element) -> Type:
        """Returns a type by its name."""
        try:
            return self.kinds.named(name)
        except (Unreadable, RecursionError) as error:
            reason = str(error.reason) if isinstance(error, Unreadable) else "The type is nested too deeply"
            self.flaws.append(Flaw(reason, of.line, of.id))
            return ANY

    def text(self, text: syntax.Text) -> Code:
        """Compiles a literal expression without converting its value."""
        if not text.text:
            return nothing
        if not self._is_feel(text):
            return self.flawed("This engine knows no other language than FEEL.", text)
        try:
            return looping.repeated(parse(text.text, self.names, self.kinds), self._building(text))
        except Unreadable as error:
            return self.flawed(str(error), text)

    def _building(self, text: syntax.Text) -> Building:
        return Building((text.text, text.id))

    def tests(self, text: syntax.Text) -> Test | None:
        """Compiles a cell of conditions; None if it matches everything."""
        read = None if text.text in ("", "-") else self._read_tests(text)
        return build_tests(read, self._building(text)) if isinstance(read, tree.Tests) else read

    def each_test(self, text: syntax.Text) -> list[Test]:
        """Compiles each test of a list of allowed values; empty if it matches everything."""
        read = None if text.text in ("", "-") else self._read_tests(text)
        if isinstance(read, tree.Tests) and not read.negated:
            return [build_test(test, self._building(text)) for test in read.tests]
        return (
            []
            if read is None
            else [build_tests(read, self._building(text)) if isinstance(read, tree.Tests) else read]
        )

    def _read_tests(self, text: syntax.Text) -> tree.Tests | Test:
        """Parses tests; for unreadable ones, returns a test that reports it."""
        reason = "This engine knows no other language than FEEL."
        if self._is_feel(text):
            try:
                return parse_tests(text.text, self.names, self.kinds, folded=text.folded)
            except Unreadable as error:
                reason = str(error)
        code = self.flawed(reason, text)
        return lambda _, frame: code(frame)

    def _is_feel(self, text: syntax.Text) -> bool:
        language = text.language or self.language
        return language is None or "feel" in language.lower()

    def flawed(self, reason: str, of: syntax.Boxed) -> Code:
        """Returns code without a value for an expression that can't be read."""
        self.flaws.append(Flaw(reason, of.line, of.id))

        def record_fault(frame: Frame) -> None:
            frame.run.add_fault(reason, of.id)

        return record_fault

    @contextmanager
    def within(self, *names: str) -> Iterator[None]:
        """Adds names inside of an expression."""
        with self.names.within(names):
            yield


def nothing(_: Frame) -> None:
    """The code of a missing expression."""


def fitting(run: Run, value: Any, wanted: Type, element: str) -> Any:
    """Converts a value to a type; records a fault if it doesn't fit."""
    found = fitted(value, wanted, run)
    if found is None and value is not None:
        run.add_fault(f"The value is no {wanted.name} as was declared.", element)
    return found
