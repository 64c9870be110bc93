"""The expressions of one file: whether they can be read, and whether their types belong together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.dmn.check.cells import table
from engine.dmn.check.elements import Elements
from engine.dmn.check.inference import Inference, Problem
from engine.dmn.check.scopes import LIST, Scope, Signature, common, may_fit, nearest, told
from engine.dmn.dmn import model
from engine.dmn.errors import Unreadable
from engine.dmn.feel import tree
from engine.dmn.feel.parser import parse, parse_tests, parse_type
from engine.dmn.feel.types import ANY, BASIC, Type
from engine.platform.findings import Notes, Place, sentence

_SHOWN = 80
DEEPEST = (
    60  # levels of an expression: it is read and evaluated one inside of the other, wherever it is asked
)
_MEND_FEEL = "Correct the expression; it is FEEL, as DMN defines it."


class Expressions:
    """Goes through the expressions of one element. `where` says in which part of it, as in “Rule 3: ”."""

    def __init__(
        self, elements: Elements, file: model.Definitions, element: model.Element, notes: Notes
    ) -> None:
        self.file = file
        self.element = element
        self.kinds = elements.kinds(file)
        self.names = elements.names
        self.effort = elements.effort
        self.notes = notes
        self.where = ""
        self._missing = tuple(f"{name}." for name in elements.missing(file))
        self._elsewhere = elements.called(file)

    # Telling

    def place(self, line: int) -> Place:
        """A line of the element."""
        known = None if self.element.id.startswith("line-") else self.element.id or None
        return Place(self.file.file, known, self.element.name or None, line or self.element.line or None)

    def error(self, line: int, code: str, reason: str = "", fix: str = "") -> None:
        """Note what is wrong."""
        self.notes.error(self.place(line), code, self.where + reason, fix)

    def _problem(self, of: model.Text, problem: Problem) -> None:
        shown = of.text if len(of.text) <= _SHOWN else f"{of.text[:_SHOWN]}…"
        reason = self.where + problem.reason + f" (at character {problem.at + 1} of “{shown}”)."
        self.notes.tell(problem.severity, self.place(of.line), problem.code, reason, problem.fix)

    @contextmanager
    def at(self, where: str) -> Iterator[None]:
        """Say for a while in which part something is."""
        before, self.where = self.where, where
        try:
            yield
        finally:
            self.where = before

    # Reading

    def read(self, of: model.Text) -> tree.Node | None:
        """An expression; None, and told, if it cannot be read."""
        found: tree.Node | None = None
        if of.text:
            found = self._read(of, lambda: parse(of.text, self.names, self.kinds, DEEPEST))
        return found

    def read_tests(self, of: model.Text) -> tree.Tests | None:
        """The tests of a cell; an empty one lets everything pass."""
        if of.text in ("", "-"):
            return tree.Tests(0, (), False)
        found: tree.Tests | None = self._read(
            of, lambda: parse_tests(of.text, self.names, self.kinds, DEEPEST, folded=of.folded)
        )
        return found

    def _read(self, of: model.Text, reading: Callable[[], Any]) -> Any:
        try:
            return reading()
        except Unreadable as error:
            problem = Problem("error", "unreadable-feel", error.at, error.reason, _MEND_FEEL)
            self._problem(of, problem)
            return None

    def typed(self, of: model.Text, node: tree.Node | None, scope: Scope) -> Type:
        """The type of an expression that was read, with what is wrong in it told."""
        found = ANY
        if node is not None:
            with self._inferring(of) as inference:
                found = inference.type(node, scope)
        return found

    def tested(self, of: model.Text, node: tree.Tests, input_type: Type, scope: Scope) -> None:
        """Tell what is wrong with the tests of a cell."""
        with self._inferring(of) as inference:
            inference.tests(node, input_type, scope)

    @contextmanager
    def _inferring(self, of: model.Text) -> Iterator[Inference]:
        inference = Inference(self._elsewhere)
        try:
            yield inference
        except RecursionError:
            problem = Problem("error", "unreadable-feel", 0, "It is nested too deeply", "Divide it.")
            inference.problems = [problem]
        for problem in inference.problems:
            self._problem(of, problem)

    @contextmanager
    def within(self, scope: Scope, types: Mapping[str, Type], **how: bool) -> Iterator[Scope]:
        """Know more names for a while."""
        with self.names.within(types):
            yield scope.within(types, **how)

    def declared(self, name: str | None, line: int) -> Type:
        """A type by its name; told if there is none."""
        try:
            return self.kinds.named(name)
        except Unreadable:
            if name and not name.startswith(self._missing):
                self._unknown_type(name, line)
            return ANY

    def _unknown_type(self, name: str, line: int) -> None:
        known = dict.fromkeys(self.kinds, ANY)
        try:
            parse_type(name, known)  # then what it is made of is wrong, and told there
        except Unreadable as error:
            near = nearest(name, iter((*known, *BASIC)))
            hint = f"; {near!r} is like it" if near else ""
            self.error(
                line,
                "unknown-type",
                sentence(f"{error.reason}{hint}.", type=name),
                "Correct the type, or define it.",
            )

    # Boxed expressions

    def box(self, boxed: model.Boxed | None, scope: Scope) -> Type:
        """The type of what an expression gives; everything that is wrong in it is told."""
        if boxed is None:
            return ANY
        return self.fits(_BOXES[type(boxed)](self, boxed, scope), boxed.type, boxed.line)

    def fits(self, found: Type, name: str | None, line: int) -> Type:
        """The declared type, if there is one; told if what was found is none of it."""
        wanted = self.declared(name, line)
        if wanted.name == "Any":
            return found
        if not may_fit(found, wanted):
            reason = sentence(
                f"The result is a {told(found)}, but declared as {name!r}, a {told(wanted)}.",
                found=told(found),
                wanted=told(wanted),
            )
            self.error(line, "result-type", reason, "Declare the type that it has, or calculate another.")
        return wanted

    def _text(self, boxed: model.Text, scope: Scope) -> Type:
        return self.typed(boxed, self.read(boxed), scope)

    def _entries(self, boxed: model.Entries, scope: Scope) -> Type:
        result: Type | None = None
        with self.within(scope, {}) as inside:
            for name, of, expression in boxed.entries:
                found = self.fits(
                    self.box(expression, inside), of, expression.line if expression else boxed.line
                )
                if name is None:
                    result = found
                else:
                    inside.types[name] = found
                    self.names.add(name)
        return result or Type("context", members=tuple(inside.types.items()))

    def _invocation(self, boxed: model.Invocation, scope: Scope) -> Type:
        of = self.box(boxed.function, scope)
        given = {name: self.box(expression, scope) for name, expression in boxed.arguments}
        if of.name not in ("Any", "function"):
            reason = sentence(f"What is invoked is a {told(of)}, and no function.", invoked=told(of))
            self.error(boxed.line, "type-mismatch", reason, "Invoke a business knowledge model or a service.")
        elif isinstance(of, Signature):
            self._bound(boxed, of, given)
        return of.of or ANY

    def _bound(self, boxed: model.Invocation, of: Signature, given: Mapping[str, Type]) -> None:
        known = dict(zip(of.names, of.takes or (), strict=True))
        fix = f"Its parameters are: {', '.join(of.names) or 'none'}."
        for name in [each for each in given if each not in known]:
            self.error(
                boxed.line,
                "argument-name",
                sentence(f"There is no parameter {name!r} to be bound.", parameter=name),
                fix,
            )
        for name in [each for each in known if each not in given]:
            self.error(
                boxed.line,
                "argument-count",
                sentence(f"Nothing is bound to the parameter {name!r}.", parameter=name),
                fix,
            )
        for name, wanted in known.items():
            if name in given and not may_fit(given[name], wanted):
                reason = sentence(
                    f"The parameter {name!r} gets a {told(given[name])}, but is a {told(wanted)}.",
                    parameter=name,
                    found=told(given[name]),
                    wanted=told(wanted),
                )
                self.error(boxed.line, "argument-type", reason, "Convert the argument, or give another.")

    def _items(self, boxed: model.Items, scope: Scope) -> Type:
        return Type("list", of=common([self.box(item, scope) for item in boxed.items]))

    def _relation(self, boxed: model.Relation, scope: Scope) -> Type:
        columns: list[tuple[str, Type]] = []
        for at, (name, of) in enumerate(boxed.columns):
            cells = [row[at] for row in boxed.rows if at < len(row)]
            found = [self.fits(self.box(cell, scope), of, cell.line) for cell in cells]
            columns.append((name, common(found)))
        return Type("list", of=Type("context", members=tuple(columns)))

    def function(self, boxed: model.Parameterized, scope: Scope) -> Type:
        """A function, or a business knowledge model as such."""
        parameters = {name: self.declared(of, boxed.line) for name, of in boxed.parameters}
        if boxed.kind != "FEEL":  # told with the file
            return Type("function")
        with self.within(scope, parameters) as inside:
            result = self.box(boxed.body, inside)
        return Signature("function", of=result, takes=tuple(parameters.values()), names=tuple(parameters))

    def _conditional(self, boxed: model.Conditional, scope: Scope) -> Type:
        condition = self.box(boxed.condition, scope)
        if condition.name not in ("Any", "boolean"):
            line = boxed.condition.line if boxed.condition else boxed.line
            reason = sentence(
                f"The condition is a {told(condition)}, neither true nor false.", condition=told(condition)
            )
            self.error(line, "type-mismatch", reason, "Compare it with something.")
        return common([self.box(boxed.then, scope), self.box(boxed.otherwise, scope)])

    def _filtered(self, boxed: model.Filtered, scope: Scope) -> Type:
        source = self.box(boxed.source, scope)
        item = (source.of or ANY) if source.name == "list" else source
        members = dict(item.members)
        unknown = item.name in ("Any", "context") and not members
        with (
            self.within(scope, {"item": item}) as around,
            self.within(around, members, is_open=unknown, of_items=item.name == "context") as inside,
        ):
            found = self.box(boxed.match, inside)
        if found.name == "number":
            return item
        return Type("list", of=item) if found.name == "boolean" else ANY

    def _iterated(self, boxed: model.Iterated, scope: Scope) -> Type:
        source = self.box(boxed.source, scope)
        item = (source.of or ANY) if source.name in ("list", "range") else source
        with self.within(scope, {boxed.variable: item, "partial": LIST}) as inside:
            body = self.box(boxed.body, inside)
        return Type("list", of=body) if boxed.kind == "for" else BASIC["boolean"]


_BOXES: Mapping[type[model.Boxed], Callable[[Expressions, Any, Scope], Type]] = {
    model.Text: Expressions._text,
    model.Table: table,
    model.Entries: Expressions._entries,
    model.Invocation: Expressions._invocation,
    model.Items: Expressions._items,
    model.Relation: Expressions._relation,
    model.Parameterized: Expressions.function,
    model.Conditional: Expressions._conditional,
    model.Filtered: Expressions._filtered,
    model.Iterated: Expressions._iterated,
}
