"""DMN files for tests, written as short as may be."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.model.graph import Graph
from engine.dmn.model.reader import read_file

DMN_15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(inside: str, namespace: str = "urn:a", attributes: str = f'xmlns="{DMN_15}"') -> bytes:
    """A file with this content."""
    return (
        f'<definitions {attributes} id="f" name="f" namespace="{namespace}">{inside}</definitions>'.encode()
    )


def inputs(*names: str, **types: str) -> str:
    """Input data, the id of each its name in letters and digits."""
    typed = {**dict.fromkeys(names, ""), **types}
    return "".join(
        f'<inputData id="{_id(name)}" name="{name}"><variable name="{name}"{_type(of)}/></inputData>'
        for name, of in typed.items()
    )


def decision(name: str, logic: str, *requires: str, type: str = "") -> str:
    """A decision with its logic; what it requires is a name, or an address with a #."""
    needed = "".join(
        f"<informationRequirement><{_kind(each)} href="
        f'"{each.lstrip("@") if "#" in each else "#" + _id(each.lstrip("@"))}"/></informationRequirement>'
        for each in requires
    )
    variable = f'<variable name="{name}"{_type(type)}/>'
    return f'<decision id="{_id(name)}" name="{name}">{variable}{needed}{logic}</decision>'


def literal(text: str) -> str:
    """A literal expression."""
    return f"<literalExpression><text>{_escaped(text)}</text></literalExpression>"


def context(result: str = "", **entries: str) -> str:
    """A boxed context, perhaps with a result; a _ in a name is a space."""
    made = "".join(
        f"<contextEntry><variable name='{name.replace('_', ' ')}'/>{entry}</contextEntry>"
        for name, entry in entries.items()
    )
    return f"<context>{made}{f'<contextEntry>{result}</contextEntry>' if result else ''}</context>"


def parts(tag: str, attributes: str = "", **parts: str) -> str:
    """A boxed expression of named parts: `conditional`, `filter`, `for`, `some`, `every`."""
    inside = "".join(f"<{name.strip('_')}>{part}</{name.strip('_')}>" for name, part in parts.items())
    return f"<{tag}{attributes}>{inside}</{tag}>"


def relation(columns: dict[str, str], *rows: list[str]) -> str:
    """A relation: columns with their types, and rows of literal expressions."""
    made = "".join(f'<column name="{name}"{_type(of)}/>' for name, of in columns.items())
    made += "".join("<row>" + "".join(map(literal, row)) + "</row>" for row in rows)
    return f"<relation>{made}</relation>"


def invocation(function: str, **arguments: str) -> str:
    """A boxed invocation."""
    bindings = "".join(
        f'<binding><parameter name="{name.replace("_", " ")}"/>{argument}</binding>'
        for name, argument in arguments.items()
    )
    return f"<invocation>{function}{bindings}</invocation>"


def table(
    columns: list[str], results: list[str], rules: list[list[str]], policy: str = "UNIQUE", more: str = ""
) -> str:
    """A table; a column may have `: allowed values` behind it, a result too, and `= default` behind that."""
    made = "".join(_input(column) for column in columns) + "".join(_output(each) for each in results)
    for rule in rules:
        tests = "".join(
            f"<inputEntry><text>{_escaped(each)}</text></inputEntry>" for each in rule[: len(columns)]
        )
        given = "".join(
            f"<outputEntry><text>{_escaped(each)}</text></outputEntry>" for each in rule[len(columns) :]
        )
        made += f"<rule>{tests}{given}</rule>"
    return f'<decisionTable hitPolicy="{policy}"{more}>{made}</decisionTable>'


def evaluated(file: bytes, name: str, values: Mapping[str, Any] | None = None, *others: bytes) -> Any:
    """What a decision gives; numbers as Python's."""
    return asked(file, name, values, *others)[0]


def asked(file: bytes, name: str, values: Mapping[str, Any] | None = None, *others: bytes) -> tuple[Any, Run]:
    """What a decision gives, and the run in which it did."""
    graph = Graph([read_file(f"{at}.dmn", each) for at, each in enumerate((file, *others))])
    key = graph.find(name)
    assert key is not None
    run = Run()
    return plain(graph.evaluate(key, feel(dict(values or {})), run)), run


def flaws(file: bytes, *others: bytes) -> list[str]:
    """What of a file cannot be read."""
    graph = Graph([read_file(f"{at}.dmn", each) for at, each in enumerate((file, *others))])
    return [flaw.reason for found in graph.logic.flaws.values() for flaw in found]


def feel(value: Any) -> Any:
    """A value with numbers of FEEL."""
    match value:
        case int() | float() if not isinstance(value, bool):
            return Decimal(str(value))
        case list():
            return [feel(item) for item in value]
        case dict():
            return {name: feel(item) for name, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """A value with Python's numbers."""
    match value:
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def _input(column: str) -> str:
    expression, _, allowed = column.partition(": ")
    values = f"<inputValues><text>{_escaped(allowed)}</text></inputValues>" if allowed else ""
    return f"<input><inputExpression><text>{_escaped(expression)}</text></inputExpression>{values}</input>"


def _output(column: str) -> str:
    column, _, default = column.partition(" = ")
    name, _, allowed = column.partition(": ")
    values = f"<outputValues><text>{_escaped(allowed)}</text></outputValues>" if allowed else ""
    entry = f"<defaultOutputEntry><text>{_escaped(default)}</text></defaultOutputEntry>" if default else ""
    return f'<output name="{name}">{values}{entry}</output>'


def _kind(name: str) -> str:
    return "requiredDecision" if name.startswith("@") else "requiredInput"


def _type(of: str) -> str:
    return f' typeRef="{_escaped(of)}"' if of else ""


def _id(name: str) -> str:
    return "".join(sign for sign in name if sign.isalnum())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
