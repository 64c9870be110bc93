"""The OMG's test kit for DMN: its cases as they are written, and what the engine makes of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from engine.dmn.errors import TooMuch
from engine.dmn.feel.frames import Run
from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time
from engine.dmn.feel.notation import read_date, read_date_time, read_duration, read_time, write
from engine.dmn.feel.values import ARITHMETIC
from engine.dmn.model.graph import Graph
from engine.dmn.model.reader import NotDmn, read_file
from engine.platform.config import ROOT

KIT = ROOT.parent / "shared" / "dmn-tck"
LEVELS = ("compliance-level-2", "compliance-level-3")
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
CLOSE = Decimal("1e-8")  # expected figures are cut after so many places, or more
UNSET = object()


@dataclass(frozen=True, slots=True)
class Case:
    """One expected result: of a decision or service in a model, for data."""

    level: str
    folder: str
    file: str
    number: str
    asked: str
    result: str
    model: Path
    given: Mapping[str, Any]
    expected: Any  # UNSET where an error is expected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case; `told` says what was wrong, `faults` whether any was recorded."""

    case: Case
    passed: bool
    told: str = ""
    faults: bool = False


def cases(kit: Path) -> Iterator[Case]:
    """All of them."""
    for level in LEVELS:
        for file in sorted((kit / level).glob("*/*.xml")):
            yield from _of_file(level, file)


def _of_file(level: str, file: Path) -> Iterator[Case]:
    root = etree.parse(file).getroot()
    model = file.parent / (root.findtext("{*}modelName") or "")
    for case in root.iterfind("{*}testCase"):
        given = {node.get("name", ""): _value(node) for node in case.iterfind("{*}inputNode")}
        for node in case.iterfind("{*}resultNode"):
            expected = node.find("{*}expected")
            error = node.get("errorResult") == "true"
            wanted = UNSET if error or expected is None else _value(expected)
            asked = case.get("invocableName", "") or node.get("name", "")
            number, result = case.get("id", ""), node.get("name", "")
            yield Case(level, file.parent.name, file.name, number, asked, result, model, given, wanted)


def _value(node: Any) -> Any:
    listed = node.find("{*}list")
    if listed is not None:
        return None if listed.get(NIL) == "true" else [_value(item) for item in listed.iterfind("{*}item")]
    components = node.findall("{*}component")
    if components:
        return {component.get("name", ""): _value(component) for component in components}
    value = node.find("{*}value")
    if value is None or value.get(NIL) == "true":
        return None
    return _typed(value)


def _typed(node: Any) -> Any:
    text = node.text or ""
    kind = (node.get(TYPE) or "xsd:string").split(":")[-1]
    if kind in ("decimal", "double", "integer", "int", "float", "long"):
        return ARITHMETIC.create_decimal(text)
    if kind == "boolean":
        return text == "true"
    readers: Mapping[str, Any] = {
        "date": read_date,
        "time": read_time,
        "dateTime": read_date_time,
        "duration": read_duration,
    }
    return readers[kind](text) if kind in readers else text


def run(kit: Path) -> list[Outcome]:
    """Every case and what came of it."""
    graphs: dict[Path, Graph | NotDmn] = {}
    found = []
    for case in cases(kit):
        if case.model not in graphs:
            graphs[case.model] = _graph(case.model)
        graph = graphs[case.model]
        found.append(
            Outcome(case, False, f"not read: {graph}") if isinstance(graph, NotDmn) else _outcome(case, graph)
        )
    return found


def _graph(model: Path) -> Graph | NotDmn:
    others = [path for path in sorted(model.parent.glob("*.dmn")) if path != model]
    try:
        return Graph([read_file(path.name, path.read_bytes()) for path in (model, *others)])
    except NotDmn as error:
        return error


def _outcome(case: Case, graph: Graph) -> Outcome:
    key = graph.find(case.asked)
    if key is None:
        return Outcome(case, case.expected is UNSET, "there is no such decision")
    run = Run()
    try:
        value = graph.evaluate(key, case.given, run)
        if isinstance(value, dict) and case.result in value:  # one of several that a service gives
            value = value[case.result]
    except TooMuch as error:
        return Outcome(case, False, str(error))
    if case.expected is UNSET:
        return Outcome(case, value is None, f"{_shown(value)} instead of an error", bool(run.faults))
    told = f"{_shown(value)} instead of {_shown(case.expected)}"
    return Outcome(case, same(value, case.expected), told, bool(run.faults))


def _shown(value: Any) -> str:
    return write([value])[1:-1]


def same(value: Any, expected: Any) -> bool:
    """Whether a value is the one expected: numbers as far as they are written, moments in every respect."""
    match expected:
        case bool() | None | str():
            return type(value) is type(expected) and value == expected
        case Decimal():
            return isinstance(value, Decimal) and abs(value - expected) <= CLOSE * max(
                Decimal(1), abs(expected)
            )
        case list():
            return (
                isinstance(value, list)
                and len(value) == len(expected)
                and all(same(one, other) for one, other in zip(value, expected, strict=True))
            )
        case dict():
            return (
                isinstance(value, dict)
                and value.keys() == expected.keys()
                and all(same(value[name], item) for name, item in expected.items())
            )
        case Date() | Time() | DateTime() | Months() | Days():
            return bool(value == expected)
    return False
