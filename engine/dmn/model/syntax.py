"""The content of a DMN file, element by element (DMN 1.5 §5 to §8)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Boxed:
    """Any expression; `type` is its declared type, `line` its line in the file."""

    id: str
    type: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Text(Boxed):
    """A literal expression, in FEEL unless `language` is another one; texts in it may be `folded`."""

    text: str
    language: str | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions: the tested expression and its allowed values.

    In one that is `folded`, texts are compared in their folded form.
    """

    label: str
    expression: Text
    allowed: Text | None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results; `allowed` are in the order of their priority."""

    name: str
    label: str
    type: str | None
    allowed: Text | None
    default: Text | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: a test for each input, a result for each output."""

    id: str
    line: int
    tests: tuple[Text, ...]
    results: tuple[Text, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Table(Boxed):
    """A decision table. `policy` is one of U A P F R O C, C+ C< C> C#."""

    policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Entries(Boxed):
    """A boxed context; an entry without a name is its result."""

    entries: tuple[tuple[str | None, str | None, Boxed | None], ...]  # name, type, expression


@dataclass(frozen=True, slots=True)
class Invocation(Boxed):
    """A call with its arguments by name."""

    function: Boxed
    arguments: tuple[tuple[str, Boxed | None], ...]


@dataclass(frozen=True, slots=True)
class Items(Boxed):
    """A boxed list."""

    items: tuple[Boxed, ...]


@dataclass(frozen=True, slots=True)
class Relation(Boxed):
    """A list of contexts, as rows of columns."""

    columns: tuple[tuple[str, str | None], ...]  # name, type
    rows: tuple[tuple[Boxed, ...], ...]


@dataclass(frozen=True, slots=True)
class Parameterized(Boxed):
    """A function with a body; `kind` is FEEL, Java or PMML."""

    kind: str
    parameters: tuple[tuple[str, str | None], ...]
    body: Boxed | None


@dataclass(frozen=True, slots=True)
class Conditional(Boxed):
    """`if`, `then` and `else`."""

    condition: Boxed | None
    then: Boxed | None
    otherwise: Boxed | None


@dataclass(frozen=True, slots=True)
class Filtered(Boxed):
    """A list and the condition for its items."""

    source: Boxed | None
    match: Boxed | None


@dataclass(frozen=True, slots=True)
class Iterated(Boxed):
    """`for`, `some` or `every` with one variable."""

    kind: str
    variable: str
    source: Boxed | None
    body: Boxed | None


def inside(boxed: Boxed) -> Iterator[Boxed]:
    """Yields an expression and all nested ones."""
    waiting: list[object] = [boxed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif isinstance(part, Boxed | Input | Output | Rule):
            if isinstance(part, Boxed):
                yield part
            waiting += (getattr(part, name) for name in part.__dataclass_fields__)


def members(boxed: Boxed) -> Iterator[str]:
    """Yields the names of all members of contexts that an expression returns."""
    for part in inside(boxed):
        match part:
            case Entries():
                yield from (name for name, _, _ in part.entries if name is not None)
            case Relation():
                yield from (name for name, _ in part.columns)
            case Table():
                yield from (output.name for output in part.outputs)


@dataclass(frozen=True, slots=True)
class Item:
    """An item definition: a named type, simple or with components."""

    name: str
    type: str | None
    collection: bool
    components: "tuple[Item, ...]"
    allowed: Text | None
    constraint: Text | None = None  # of the whole collection, while `allowed` applies to each of its items
    function: "tuple[tuple[str | None, ...], str | None] | None" = (
        None  # types of its parameters and its result
    )


@dataclass(frozen=True, slots=True)
class Element:
    """Any element of a graph with an id, a name and a type."""

    id: str
    name: str
    type: str | None
    line: int


@dataclass(frozen=True, slots=True)
class InputData(Element):
    """Input data. Columns that test a `folded` one are folded, too."""

    folded: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Another name for a required decision's result, or for one of its outputs."""

    name: str
    reference: str
    output: str | None


@dataclass(frozen=True, slots=True)
class Decision(Element):
    """A decision; `requires` are the references of all elements that it may use.

    `results` are names that it uses for what it requires, `ambiguous` those that match several.
    """

    requires: tuple[str, ...]
    logic: Boxed | None
    results: tuple[Named, ...] = ()
    ambiguous: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge(Element):
    """A business knowledge model: a function that decisions share."""

    requires: tuple[str, ...]
    logic: Parameterized | None


@dataclass(frozen=True, slots=True)
class Service(Element):
    """A decision service: decisions as a function of others and of data."""

    outputs: tuple[str, ...]
    input_decisions: tuple[str, ...]
    input_data: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """One file. `imports` maps namespaces to the names of their imports.

    That name may be empty: elements then have their own names. `digest` is the SHA-256 of the file.
    """

    file: str
    id: str
    name: str
    namespace: str
    language: str | None
    imports: Mapping[str, str]
    items: tuple[Item, ...]
    elements: Mapping[str, Element]
    digest: str
