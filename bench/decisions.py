"""The cost of DMN decisions: tables of ten and a thousand rules, a condition in FEEL, and parsing both.

Processor time is counted, since nothing here waits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from engine.dmn.feel import Expression, Run
from engine.dmn.model.graph import Graph
from engine.dmn.model.reader import read_file

SMALL, LARGE = 10, 1_000
SAMPLES = 200
_SPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
_CONDITION = 'area > 50 and kind in ("shop", "stall") and applicant.age >= 18'
_DATA: dict[str, Any] = {"area": Decimal(120), "kind": "shop", "applicant": {"age": Decimal(30)}}


@dataclass(frozen=True, slots=True)
class Taken:
    """A table: microseconds of an evaluation, the same with its reasons, milliseconds until it is ready."""

    evaluated: float
    explained: float
    built: float


@dataclass(frozen=True, slots=True)
class Decided:
    """Tables by their number of rules; microseconds of a condition, evaluated and parsed."""

    tables: dict[int, Taken]
    condition: float
    read: float


def measure(rounds: int) -> Decided:
    """Measure each figure: the median of so many rounds."""
    found = [_round() for _ in range(rounds)]
    tables = {size: _middle([each.tables[size] for each in found]) for size in (SMALL, LARGE)}
    return Decided(tables, median(each.condition for each in found), median(each.read for each in found))


def _middle(found: list[Taken]) -> Taken:
    return Taken(
        median(each.evaluated for each in found),
        median(each.explained for each in found),
        median(each.built for each in found),
    )


def _round() -> Decided:
    known = Expression(_CONDITION, _DATA)
    return Decided(
        {size: _table(size) for size in (SMALL, LARGE)},
        _taken(lambda: known(_DATA)) * 1e6,
        _taken(lambda: Expression(_CONDITION, _DATA)) * 1e6,
    )


def _table(size: int) -> Taken:
    content = _file(size)
    built = _taken(lambda: Graph([read_file("a.dmn", content)]).logic, 5) * 1e3
    graph = Graph([read_file("a.dmn", content)])
    key = graph.find("d")
    if key is None or graph.evaluate(key, _given(size)) != size - 1:
        raise RuntimeError("the table does not decide as it should")
    evaluated = _taken(lambda: graph.evaluate(key, _given(size)))
    explained = _taken(lambda: graph.evaluate(key, _given(size), Run(explained=[])))
    return Taken(evaluated * 1e6, explained * 1e6, built)


def _given(size: int) -> dict[str, Any]:
    """Return input that only the last rule matches."""
    return {"kind": "shop", "area": Decimal(size * 10 - 5), "zone": "b"}


def _file(size: int) -> bytes:
    """Build a unique table: each rule has a range of numbers, a list of texts, and a text."""
    names = (("kind", "string"), ("area", "number"), ("zone", "string"))
    data = "".join(
        f'<inputData id="{n}" name="{n}"><variable name="{n}" typeRef="{t}"/></inputData>' for n, t in names
    )
    needs = "".join(
        f'<informationRequirement id="r{n}"><requiredInput href="#{n}"/></informationRequirement>'
        for n, _ in names
    )
    inputs = "".join(
        f'<input id="i{n}"><inputExpression typeRef="{t}"><text>{n}</text></inputExpression></input>'
        for n, t in names
    )
    rules = "".join(_rule(number) for number in range(size))
    table = f'<decisionTable id="t" hitPolicy="UNIQUE">{inputs}<output id="o"/>{rules}</decisionTable>'
    body = f'{data}<decision id="d" name="d"><variable name="d"/>{needs}{table}</decision>'
    return f'<definitions xmlns="{_SPACE}" id="f" name="f" namespace="f">{body}</definitions>'.encode()


def _rule(number: int) -> str:
    tests = ('"shop","stall"', f"[{number * 10}..{number * 10 + 10})", '"b"')
    entries = "".join(f"<inputEntry><text>{test}</text></inputEntry>" for test in tests)
    return f'<rule id="r{number}">{entries}<outputEntry><text>{number}</text></outputEntry></rule>'


def _taken(what: Callable[[], Any], samples: int = SAMPLES) -> float:
    """Return seconds of processor time, the median of so many times."""
    what()
    found = []
    for _ in range(samples):
        began = time.process_time()
        what()
        found.append(time.process_time() - began)
    return median(found)
