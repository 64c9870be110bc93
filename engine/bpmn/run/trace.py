"""What a test run records in addition to its steps: flows taken and conditions evaluated.

Real cases run without it. It changes nothing, except that a run ends when its time is up.
"""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from SpiffWorkflow.util.task import TaskState


class OutOfTime(Exception):
    """Raised when the time limit of a test run has passed."""


class Trace:
    """Records the commands of one run, until an instant of the monotonic clock.

    `flows` are the paths of the flows that tokens took, `answers` the evaluated conditions with their values.
    """

    def __init__(self, until: float) -> None:
        self._until = until
        self.flows: set[str] = set()
        self.answers: set[tuple[str, bool]] = set()

    def require_time(self) -> None:
        """Raises OutOfTime once the time is up."""
        if monotonic() > self._until:
            raise OutOfTime

    def asked(self, token: Any, condition: str, value: Any) -> None:
        """Records the value of a condition that a gateway evaluated."""
        known = token.workflow.spec.conditions
        for path in known.get((token.task_spec.bpmn_id, condition.strip()), ()):
            self.answers.add((path, bool(value)))

    def moved(self, trail: Iterable[tuple[Any, int, int]]) -> None:
        """Records the flows by which tokens reached their elements."""
        for token, _, state in trail:
            before, spec = token.parent, token.workflow.spec
            if before is None:
                continue
            source = before.task_spec.bpmn_id
            if state == TaskState.COMPLETED or source not in spec.chosen_later:
                self.flows.update(spec.flows.get((source, token.task_spec.bpmn_id), ()))
