"""Compiles boxed expressions (DMN 1.5 §10.2) to functions of a frame."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.feel import looping
from engine.dmn.feel.building import note_call
from engine.dmn.feel.calling import call
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.parts import Code
from engine.dmn.feel.types import ANY, Function, Parameter, Type
from engine.dmn.model import syntax
from engine.dmn.model.literals import Literals, fitting, nothing
from engine.dmn.model.tables import build_table


class Builder(Literals):
    """Compiles all expressions of one file."""

    def code(self, boxed: syntax.Boxed | None) -> Code:
        """Compiles an expression; a missing one has the value null."""
        if boxed is None:
            return nothing
        made = _BUILDERS[type(boxed)](self, boxed)
        return self.typed(made, boxed.type, boxed)


def _literal(builder: Builder, boxed: syntax.Text) -> Code:
    return builder.text(boxed)


def _entries(builder: Builder, boxed: syntax.Entries) -> Code:
    entries: list[tuple[str | None, Code]] = []
    with builder.within():
        for name, of, expression in boxed.entries:
            code = builder.typed(builder.code(expression), of, boxed)
            entries.append((name, code))
            if name is not None:
                builder.names.add(name)

    def made(frame: Frame) -> Any:
        values: dict[str, Any] = {}
        inside = frame.within(values)
        for name, code in entries:
            if name is None:
                return code(inside)
            values[name] = code(inside)
        return frame.run.made(values)

    return made


def _invocation(builder: Builder, boxed: syntax.Invocation) -> Code:
    function = builder.code(boxed.function)
    arguments = {name: builder.code(expression) for name, expression in boxed.arguments}
    called = boxed.function.text if isinstance(boxed.function, syntax.Text) else ""
    place = Place(called, boxed.id, 0)

    def invoked(frame: Frame) -> Any:
        of = function(frame)
        if not isinstance(of, Function):
            frame.run.add_fault("What is invoked is no function.", boxed.id)
            return None
        given = {name: code(frame) for name, code in arguments.items()}
        found = call(frame.run, of, given)
        if found is None:
            note_call(frame.run, place, of, given, derived=True)
        return found

    return invoked


def _items(builder: Builder, boxed: syntax.Items) -> Code:
    items = [builder.code(item) for item in boxed.items]
    return lambda frame: frame.run.made([item(frame) for item in items])


def _relation(builder: Builder, boxed: syntax.Relation) -> Code:
    names = [name for name, _ in boxed.columns]
    types = [of for _, of in boxed.columns]
    rows = [
        [builder.typed(builder.code(cell), of, cell) for cell, of in zip(row, types, strict=False)]
        for row in boxed.rows
    ]

    def made(frame: Frame) -> list[Any]:
        cells = ([cell(frame) for cell in row] for row in rows)
        return [frame.run.made(dict(zip(names, row, strict=False))) for row in cells]

    return made


def _parameterized(builder: Builder, boxed: syntax.Parameterized) -> Code:
    return function(builder, boxed, ANY)


def function(builder: Builder, boxed: syntax.Parameterized, result: Type) -> Code:
    """Compiles a function in its frame; null if its body is in another language."""
    way = tuple(Parameter(name, builder.type(of, boxed)) for name, of in boxed.parameters)
    names = [name for name, _ in boxed.parameters]
    if boxed.kind != "FEEL":
        return nothing
    with builder.within(*names):
        body = builder.code(boxed.body)

    def made(frame: Frame) -> Function:
        def run_body(run: Run, arguments: list[Any]) -> Any:
            inside = Frame(run, dict(zip(names, arguments, strict=True)), frame)
            return fitting(run, body(inside), result, boxed.id)

        return Function((way,), result, run_body)

    return made


def _place(part: syntax.Boxed | None, of: syntax.Boxed) -> Place:
    """Returns where a part of a boxed expression starts."""
    return Place(part.text, part.id, 0) if isinstance(part, syntax.Text) else Place("", of.id, 0)


def _conditional(builder: Builder, boxed: syntax.Conditional) -> Code:
    condition, then, otherwise = (
        builder.code(part) for part in (boxed.condition, boxed.then, boxed.otherwise)
    )

    def chosen(frame: Frame) -> Any:
        decides = condition(frame)
        if decides is not None and not isinstance(decides, bool):
            frame.run.add_fault("The condition is neither true nor false.", boxed.id)
            return None
        return then(frame) if decides else otherwise(frame)

    return chosen


def _filtered(builder: Builder, boxed: syntax.Filtered) -> Code:
    source = builder.code(boxed.source)
    with builder.within("item"):
        match = builder.code(boxed.match)
    place = _place(boxed.match, boxed)
    return lambda frame: looping.matching(frame, source(frame), match, place)


def _iterated(builder: Builder, boxed: syntax.Iterated) -> Code:
    source = builder.code(boxed.source)
    with builder.within(boxed.variable, "partial"):
        body = builder.code(boxed.body)
    domains = [(boxed.variable, lambda frame: looping.items(source(frame)))]
    if boxed.kind == "for":
        place = _place(boxed.source, boxed)
        return lambda frame: looping.collected(domains, body, frame, place, tells=True)
    place = _place(boxed.body, boxed)
    return lambda frame: looping.quantified(domains, body, frame, place, decisive=boxed.kind == "some")


def _table(builder: Builder, boxed: syntax.Table) -> Code:
    return build_table(builder, boxed)


_BUILDERS: Mapping[type[syntax.Boxed], Callable[[Builder, Any], Code]] = {
    syntax.Text: _literal,
    syntax.Table: _table,
    syntax.Entries: _entries,
    syntax.Invocation: _invocation,
    syntax.Items: _items,
    syntax.Relation: _relation,
    syntax.Parameterized: _parameterized,
    syntax.Conditional: _conditional,
    syntax.Filtered: _filtered,
    syntax.Iterated: _iterated,
}
