"""A case with many parallel tasks and variables: its completions over HTTP, alternating with W1.

One client, W1 and the wide case in turn, so that changes of the machine's speed affect both.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

from bench.load import Client, Target, percentiles

KEY = "wide"
BRANCHES = 20
VARIABLES = 200
CASES = 10


@dataclass(frozen=True, slots=True)
class Wide:
    """Milliseconds at the median of one round each, W1's and the wide case's."""

    w1: list[float]
    wide: list[float]

    @property
    def ratio(self) -> float:
        return median(wide / (alone or 1) for wide, alone in zip(self.wide, self.w1, strict=True))


def files() -> dict[str, bytes]:
    """Return the deployment."""
    tasks = [f"task{number}" for number in range(BRANCHES)]
    flows = [("start", "fork"), ("join", "end")]
    flows += [pair for task in tasks for pair in (("fork", task), (task, "join"))]
    nodes = [f'<userTask id="{task}" name="{task}"/>' for task in tasks]
    drawn = [f'<sequenceFlow id="{a}-{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows]
    content = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'targetNamespace="https://parvandeh.org/processes">'
        f'<process id="{KEY}" name="گسترده | Wide" isExecutable="true"><startEvent id="start"/>'
        '<parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>'
        f"{''.join([*nodes, *drawn])}</process></definitions>"
    )
    return {"wide.bpmn": content.encode()}


def measure(target: Target, rounds: int) -> Wide:
    """Complete W1's task as often as the tasks of a wide case, in turn."""
    found = Wide([], [])
    for _ in range(rounds):
        w1, wide = Client(target), _WideClient(target)
        for _ in range(CASES):
            wide.run_case()
            for _ in range(BRANCHES):
                w1.run_case()
        found.w1.append(percentiles(w1.sample.times["complete"])[0])
        found.wide.append(percentiles(wide.sample.times["complete"])[0])
    return found


class _WideClient(Client):
    def run_case(self) -> None:
        """Start a case and complete all of its tasks."""
        data = {f"variable_{number}": f"value {number}" for number in range(VARIABLES)}
        started = self._timed(
            "start", "POST", "/cases", self._target.starter, {"definition": KEY, "data": data}
        )
        path = f"/tasks?case={orjson.loads(started)['id']}"
        listed = orjson.loads(self._timed("list", "GET", path, self._target.worker))
        for task in listed["items"]:
            answer: dict[str, Any] = {"data": {"variable_0": task["name"], "note": "in order"}}
            self._timed("complete", "POST", f"/tasks/{task['id']}/complete", self._target.worker, answer)
