"""Whether a step remains cheap in a long case and in a large process: only the engine, without a database."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any
from xml.sax.saxutils import escape

from bench import w1
from bench.load import case_data, task_data
from engine import bpmn
from engine.bpmn import Source, Spec, Step, sandbox

ITERATIONS = 1_000
MARKS = (10, 100, ITERATIONS)
WINDOW = 10  # steps on either side of the measured one
SIZES = (10, 50, 200)
SCRIPTS = 20
SAMPLES = 200
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Long:
    """Milliseconds, and bytes of the stored state."""

    w1_start: float
    w1_complete: float
    loop: dict[int, float]  # by step
    state: dict[int, int]  # by step
    complete: dict[int, float]  # by nodes of the process
    script: float

    @property
    def loop_ratio(self) -> float:
        return self.loop[ITERATIONS] / self.loop[10]

    @property
    def size_ratio(self) -> float:
        return self.complete[SIZES[-1]] / self.w1_complete


def measure(rounds: int) -> Long:
    """Measure each figure: the median of so many rounds, so that short loads of the machine affect all
    equally.
    """
    sandbox.open_pool()
    try:
        _round()  # warms up
        found = [_round() for _ in range(rounds)]
    finally:
        sandbox.close_pool()
    return Long(
        w1_start=median(each.w1_start for each in found),
        w1_complete=median(each.w1_complete for each in found),
        loop={mark: median(each.loop[mark] for each in found) for mark in MARKS},
        state=found[-1].state,
        complete={nodes: median(each.complete[nodes] for each in found) for nodes in SIZES},
        script=median(each.script for each in found),
    )


def _round() -> Long:
    return Long(*_w1(), *_loop(), {nodes: _alternating(nodes) for nodes in SIZES}, _per_script())


def _w1() -> tuple[float, float]:
    spec = bpmn.build(w1.source(), w1.KEY)
    starts, completions = [], []
    for _ in range(SAMPLES):
        step, taken = _timed(bpmn.start, spec, case_data(1), NOW)
        starts.append(taken)
        step, taken = _completed(spec, step, task_data())
        completions.append(taken)
        _require(step.ended)
    return median(starts), median(completions)


def _loop() -> tuple[dict[int, float], dict[int, int]]:
    """Run one case that returns to its task again and again; it must get past its last measured step."""
    last = ITERATIONS + WINDOW
    nodes = [
        _start(),
        _script("count", "n = n + 1"),
        _user("work"),
        _choice("more", default="more-end"),
        _end(),
    ]
    flows = [*_line(["start", "count", "work", "more", "end"]), ("more", "count", f"n < {last}")]
    spec = _build(nodes, flows)
    step = bpmn.start(spec, {"n": 0}, NOW)
    times, state = [], []
    for number in range(last):
        step, taken = _completed(spec, step, {"answer": number})
        times.append(taken)
        state.append(len(step.state or b""))
    _require(step.ended)
    around = {mark: times[max(0, mark - WINDOW) : mark + WINDOW - 1] for mark in MARKS}
    return {mark: median(around[mark]) for mark in MARKS}, {mark: state[mark - 1] for mark in MARKS}


def _alternating(nodes: int) -> float:
    """Run script, task, script, task: each completion runs one script and reaches the next task."""
    drawn = [_start(), _end()]
    path = ["start"]
    for number in range(1, nodes // 2 + 1):
        drawn += [_script(f"script{number}", "total = total + 1"), _user(f"task{number}")]
        path += [f"script{number}", f"task{number}"]
    spec = _build(drawn, _line([*path, "end"]))
    times: list[float] = []
    while len(times) < SAMPLES:
        step = bpmn.start(spec, {"total": 0}, NOW)
        while not step.ended:
            step, taken = _completed(spec, step, {"answer": "yes"})
            if not step.ended:  # the last completion runs no script
                times.append(taken)
    return median(times)


def _per_script() -> float:
    """Return the cost of one more script in a row."""
    taken = {}
    for count in (1, SCRIPTS):
        names = [f"script{number}" for number in range(count)]
        drawn = [_start(), *(_script(name, "total = total + 1") for name in names), _user("task"), _end()]
        spec = _build(drawn, _line(["start", *names, "task", "end"]))
        taken[count] = median(_timed(bpmn.start, spec, {"total": 0}, NOW)[1] for _ in range(SAMPLES // 4))
    return (taken[SCRIPTS] - taken[1]) / (SCRIPTS - 1)


def _completed(spec: Spec, step: Step, data: dict[str, Any]) -> tuple[Step, float]:
    _require(len(step.opened) == 1 and not step.failures)
    return _timed(bpmn.complete, spec, step.state, step.opened[0].token, data, NOW)


def _timed(command: Any, *arguments: Any) -> tuple[Step, float]:
    began = time.perf_counter()
    step = command(*arguments)
    return step, (time.perf_counter() - began) * 1000


def _require(holds: bool) -> None:
    if not holds:
        raise SystemExit("The engine did not go the way that is measured.")


def _build(nodes: Sequence[str], flows: Iterable[tuple[str, str, str]]) -> Spec:
    drawn = [_flow(*flow) for flow in flows]
    content = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="https://parvandeh.org/processes">'
        f'<process id="long" isExecutable="true">{"".join([*nodes, *drawn])}</process></definitions>'
    ).encode()
    return bpmn.build(Source("long", {"long.bpmn": content}, {}), "long")


def _line(path: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(source, target, "") for source, target in pairwise(path)]


def _flow(source: str, target: str, condition: str) -> str:
    inside = condition and (
        f'<conditionExpression xsi:type="tFormalExpression">{escape(condition)}</conditionExpression>'
    )
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{source}-{target}" {ends}>{inside}</sequenceFlow>'


def _start() -> str:
    return '<startEvent id="start"/>'


def _end() -> str:
    return '<endEvent id="end"/>'


def _user(name: str) -> str:
    return f'<userTask id="{name}" name="{name}"/>'


def _script(name: str, code: str) -> str:
    return f'<scriptTask id="{name}" scriptFormat="python"><script>{escape(code)}</script></scriptTask>'


def _choice(name: str, default: str) -> str:
    return f'<exclusiveGateway id="{name}" default="{default}"/>'
