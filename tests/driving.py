"""Driving a process by hand in tests: small diagrams, built and run through the engine's commands alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from engine import bpmn
from engine.bpmn import Source, Spec, Step, Work

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:parvandeh="https://parvandeh.org/bpmn" id="definitions" targetNamespace="test">'
)


def flow(source: str, target: str, condition: str = "", name: str = "") -> str:
    """A sequence flow; its id is `source-target` unless named."""
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{name or f"{source}-{target}"}" {ends}>{inner}</sequenceFlow>'


def path(*elements: str) -> str:
    """Sequence flows from each element to the next."""
    return "".join(flow(source, target) for source, target in pairwise(elements))


def script(name: str, code: str, inner: str = "") -> str:
    """A script task."""
    return f'<scriptTask id="{name}">{inner}<script>{code}</script></scriptTask>'


def document(body: str, key: str = "process", more: str = "") -> bytes:
    """A BPMN file with one process."""
    return f'{HEAD}<process id="{key}" isExecutable="true">{body}</process>{more}</definitions>'.encode()


def source(body: str, key: str = "process", calls: Mapping[str, Source] | None = None) -> Source:
    """A checked source of one process."""
    files = {"process.bpmn": document(body, key)}
    report = bpmn.check(files, known=(calls or {}).keys())
    assert not report.errors, report.errors
    bound = {name: called.digest for name, called in (calls or {}).items()}
    return Source(bpmn.digest(files, bound), files, calls or {})


def built(body: str, key: str = "process") -> Spec:
    """A process ready to run."""
    return bpmn.build(source(body, key), key)


class Run:
    """One case, stored and loaded again at every step. `open` are its human tasks, `log` all its passages."""

    def __init__(self, process: str | Spec, **data: Any) -> None:
        self.spec = built(process) if isinstance(process, str) else process
        self.state: bytes | None = None
        self.data: dict[str, Any] = dict(data)
        self.open: dict[Any, Work] = {}
        self.log: list[tuple[str, str]] = []
        self._took(bpmn.start(self.spec, data, NOW))

    def _took(self, step: Step) -> "Run":
        self.step, self.state = step, step.state
        self.data.update(step.changes)
        self.log += [(passage.movement, passage.element) for passage in step.passages]
        for passage in step.passages:
            self.open.pop(passage.token, None)
        self.open.update({work.token: work for work in step.opened})
        return self

    @property
    def waiting(self) -> list[str]:
        """The elements of the open tasks."""
        return [work.element for work in self.open.values()]

    @property
    def failed(self) -> list[tuple[str, str]]:
        """The failures of the last step: (element, code)."""
        return [(failure.element, failure.code) for failure in self.step.failures]

    @property
    def passed(self) -> list[str]:
        """The elements that were passed, in order."""
        return [element for movement, element in self.log if movement == "passed"]

    def answer(self, element: str, index: int = 0, **data: Any) -> "Run":
        """Complete an open task of this element."""
        tokens = [token for token, work in self.open.items() if work.element == element]
        assert self.state is not None
        return self._took(bpmn.complete(self.spec, self.state, tokens[index], data, NOW))

    def retry(self) -> "Run":
        """Let the first failure of the last step try again."""
        assert self.state is not None
        return self._took(bpmn.retry(self.spec, self.state, self.step.failures[0].token, NOW))

    def cancel(self) -> "Run":
        """End the case early."""
        assert self.state is not None
        return self._took(bpmn.cancel(self.spec, self.state, NOW))
