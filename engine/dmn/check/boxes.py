"""Checks the boxed expressions (DMN 1.5 §10.2) of an element, and infers the types of their results."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.check.cells import table
from engine.dmn.check.expressions import Expressions
from engine.dmn.check.scopes import LIST, Scope, Signature, common, may_fit, type_text
from engine.dmn.feel.types import ANY, BASIC, Type
from engine.dmn.model import syntax


class Boxes(Expressions):
    """Checks all expressions of one element."""

    def box(self, boxed: syntax.Boxed | None, scope: Scope) -> Type:
        """Returns the type of an expression's result; reports all errors in it."""
        if boxed is None:
            return ANY
        return self.fits(_BOXES[type(boxed)](self, boxed, scope), boxed.type, boxed.line)

    def _text(self, boxed: syntax.Text, scope: Scope) -> Type:
        return self.typed(boxed, self.read(boxed), scope)

    def _entries(self, boxed: syntax.Entries, scope: Scope) -> Type:
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

    def _invocation(self, boxed: syntax.Invocation, scope: Scope) -> Type:
        of = self.box(boxed.function, scope)
        given = {name: self.box(expression, scope) for name, expression in boxed.arguments}
        if of.name not in ("Any", "function"):
            self.error(boxed.line, "type-mismatch", invoked=type_text(of))
        elif isinstance(of, Signature):
            self._bound(boxed, of, given)
        return of.of or ANY

    def _bound(self, boxed: syntax.Invocation, of: Signature, given: Mapping[str, Type]) -> None:
        known = dict(zip(of.names, of.takes or (), strict=True))
        for name in [each for each in given if each not in known]:
            self.error(
                boxed.line,
                "argument-name",
                parameter=name,
                allowed=of.names,
            )
        for name in [each for each in known if each not in given]:
            self.error(
                boxed.line,
                "argument-count",
                parameter=name,
                allowed=of.names,
            )
        for name, wanted in known.items():
            if name in given and not may_fit(given[name], wanted):
                told_too = {"found": type_text(given[name]), "wanted": type_text(wanted)}
                self.error(boxed.line, "argument-type", parameter=name, **told_too)

    def _items(self, boxed: syntax.Items, scope: Scope) -> Type:
        return Type("list", of=common([self.box(item, scope) for item in boxed.items]))

    def _relation(self, boxed: syntax.Relation, scope: Scope) -> Type:
        columns: list[tuple[str, Type]] = []
        for at, (name, of) in enumerate(boxed.columns):
            cells = [row[at] for row in boxed.rows if at < len(row)]
            found = [self.fits(self.box(cell, scope), of, cell.line) for cell in cells]
            columns.append((name, common(found)))
        return Type("list", of=Type("context", members=tuple(columns)))

    def function(self, boxed: syntax.Parameterized, scope: Scope) -> Type:
        """Returns the type of a function, or of a business knowledge model."""
        parameters = {name: self.declared(of, boxed.line) for name, of in boxed.parameters}
        if boxed.kind != "FEEL":  # reported with the file
            return Type("function")
        with self.within(scope, parameters) as inside:
            result = self.box(boxed.body, inside)
        return Signature("function", of=result, takes=tuple(parameters.values()), names=tuple(parameters))

    def _conditional(self, boxed: syntax.Conditional, scope: Scope) -> Type:
        condition = self.box(boxed.condition, scope)
        if condition.name not in ("Any", "boolean"):
            line = boxed.condition.line if boxed.condition else boxed.line
            self.error(line, "type-mismatch", condition=type_text(condition))
        return common([self.box(boxed.then, scope), self.box(boxed.otherwise, scope)])

    def _filtered(self, boxed: syntax.Filtered, scope: Scope) -> Type:
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

    def _iterated(self, boxed: syntax.Iterated, scope: Scope) -> Type:
        source = self.box(boxed.source, scope)
        item = (source.of or ANY) if source.name in ("list", "range") else source
        with self.within(scope, {boxed.variable: item, "partial": LIST}) as inside:
            body = self.box(boxed.body, inside)
        return Type("list", of=body) if boxed.kind == "for" else BASIC["boolean"]


_BOXES: Mapping[type[syntax.Boxed], Callable[[Boxes, Any, Scope], Type]] = {
    syntax.Text: Boxes._text,
    syntax.Table: table,
    syntax.Entries: Boxes._entries,
    syntax.Invocation: Boxes._invocation,
    syntax.Items: Boxes._items,
    syntax.Relation: Boxes._relation,
    syntax.Parameterized: Boxes.function,
    syntax.Conditional: Boxes._conditional,
    syntax.Filtered: Boxes._filtered,
    syntax.Iterated: Boxes._iterated,
}
