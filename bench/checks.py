"""The cost of checking a file: of a large valid one, and of malicious ones.

Each file is checked in its own process, so that the memory is that of this check alone.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from engine import bpmn
from engine.bpmn import sandbox

_HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'


@dataclass(frozen=True, slots=True)
class Check:
    """Milliseconds and megabytes (including Python and its libraries) of one check."""

    name: str
    refused: bool
    took: float
    memory: float


@dataclass(frozen=True, slots=True)
class Checks:
    """The valid file, and the malicious ones."""

    right: Check
    others: list[Check]


def measure(rounds: int) -> Checks:
    """Measure each file: the median of so many rounds."""
    context = multiprocessing.get_context("spawn")
    found = []
    for name in FILES:
        with context.Pool(1) as pool:
            found.append(pool.apply(_check, (name, rounds)))
    return Checks(found[0], found[1:])


def _check(name: str, rounds: int) -> Check:
    files = {"a.bpmn": FILES[name]()}
    bpmn.check({"a.bpmn": _row(3)})
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        report = bpmn.check(files)
        took.append(time.perf_counter() - began)
    sandbox.close_pool()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Check(name, bool(report.errors), median(took) * 1000, peak)


def _process(body: Iterable[str], key: str = "p") -> str:
    return f'<process id="{key}" isExecutable="true">{"".join(body)}</process>'


def _file(*processes: str) -> bytes:
    return f"{_HEAD}{''.join(processes)}</definitions>".encode()


def _flow(number: object, source: str, target: str, condition: str = "") -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def _row(count: int) -> bytes:
    """Build a start event and so many tasks, each with a flow to the next: two elements each."""
    tasks = (f'<task id="t{number}"/>' for number in range(1, count))
    flows = (_flow(number, f"t{number - 1}", f"t{number}") for number in range(1, count))
    return _file(_process(['<startEvent id="t0"/>', *tasks, *flows]))


def _entities() -> bytes:
    grown = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 20))
    return f'<!DOCTYPE x [<!ENTITY e0 "ha">{grown}]><definitions>&e19;</definitions>'.encode()


def _unknown() -> bytes:
    odd = "".join(f'<camunda:odd{number} id="o{number}"/>' for number in range(9_900))
    return _file(_process([f'<task id="a"><extensionElements>{odd}</extensionElements></task>']))


def _scripts() -> bytes:
    """Build as many characters of Python as one upload may have."""
    texts = ("f(x)\n" * 3_900 for _ in range(3))
    return _file(
        _process(
            f'<scriptTask id="s{n}"><script>{text}#{n}</script></scriptTask>' for n, text in enumerate(texts)
        )
    )


def _crossing() -> bytes:
    """Build 290 inclusive gateways, each with flows to a tenth of those after it."""
    gates = [f'<inclusiveGateway id="g{number}"/>' for number in range(290)]
    flows = [
        _flow(f"{one}-{other}", f"g{one}", f"g{other}", "x")
        for one in range(290)
        for other in range(one + 1, 290, 10)
    ]
    return _file(_process(['<startEvent id="s"/>', _flow("s", "s", "g0"), *gates, *flows]))


def _exploding(key: str) -> str:
    """Build a process of 16 parallel choices, each of which ends or leads to one inclusive join."""
    body = [f'<startEvent id="{key}s"/><parallelGateway id="{key}f"/><inclusiveGateway id="{key}j"/>']
    body += [
        f'<task id="{key}z"/>',
        _flow(f"{key}1", f"{key}s", f"{key}f"),
        _flow(f"{key}2", f"{key}j", f"{key}z"),
    ]
    for number in range(16):
        choice, end = f"{key}x{number}", f"{key}e{number}"
        body += [
            f'<exclusiveGateway id="{choice}"/><endEvent id="{end}"/>',
            _flow(f"{choice}a", f"{key}f", choice),
        ]
        body += [_flow(f"{choice}b", choice, f"{key}j", "x"), _flow(f"{choice}c", choice, end, "y")]
    return _process(body, key)


FILES: dict[str, Callable[[], bytes]] = {
    "200 elements in a row": lambda: _row(200),
    "10,000 elements in a row": lambda: _row(4_999),
    "20,000 elements in a row": lambda: _row(9_999),
    "2 MiB of empty elements": lambda: _file("<a/>" * 520_000)[: 2 << 20],
    "entities in entities (10²⁰)": _entities,
    "50,000 elements in one another": lambda: _file("<process>" * 50_000 + "</process>" * 50_000),
    "100,000 attributes": lambda: _file("<process " + " ".join(f'a{n}=""' for n in range(100_000)) + "/>"),
    "9,900 unknown extensions": _unknown,
    "60,000 characters of scripts": _scripts,
    "290 inclusive gateways, 4,000 flows between them": _crossing,
    "40 processes with 10⁵ states each": lambda: _file(*(_exploding(f"p{n}") for n in range(40))),
}
