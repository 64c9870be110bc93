"""Every way in which a command can be refused. Only `api/problems.py` knows their status codes.

Refusal
├── NotFound      no such thing, or none that this actor may see
├── NotRecognised nobody is known by what was shown
├── Forbidden     the actor's role does not allow it
├── OwnWork       it takes another person than the one who made it
├── FieldNotMarked  a correction of more than what was marked
├── AssuranceTooLow   whoever acts must first prove better who they are
├── Recused       the actor has stepped back from the case
├── AssignedNotPicked the task comes to somebody, and nobody takes it by choice
├── NotNamed      the diagram names others for the task
├── PersonUnknown the step takes different people, and an account that takes part has no national ID
├── Conflict      it contradicts the present state, which comes along
│   ├── OpinionAwaited      an opinion was asked beside the task, and may still come
│   └── CorrectionAwaited   the applicant was asked to correct something, and may still do so
├── Stale         the caller saw an older revision (If-Match)
├── Invalid       the input breaks a rule; every fault with its place
├── Rejected      a deployment with findings
├── QuotaExceeded the token has made as many requests as it may in a minute
├── Busy          no capacity just now; the same call may succeed later
│   ├── ScannerDown   nothing can say whether a document is harmless
│   └── StorageDown   documents can be neither kept nor fetched
├── Recorded      what the command wrote until then is kept: the attempt itself is to be known
│   ├── Throttled     too many failures; it says when to come again
│   ├── PaymentMismatch  another amount or currency than that of the bill was paid
│   ├── FirstDecider  who decided does not decide on the appeal
│   ├── FourEyes      it takes another person than the one who did other work on the case
│   │   └── FourEyesLate  the same, of a task that the actor had claimed before
│   └── ConflictOfInterest    the case is about the actor, or somebody close to it
└── Uncertain     the database went away while it committed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in the input.

    `pointer` is a JSON Pointer (RFC 6901), `code` a stable word for translation; `values` are the limits that
    a text for the code names, and never what was sent.
    """

    pointer: str
    detail: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)


class Refusal(Exception):
    """A command refused for a reason that its caller can understand; never a programming error."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Refusal):
    """There is no such thing, or none that the actor may see: the two must look alike."""


class NotRecognised(Refusal):
    """What was shown (a password, a token) proves nobody. Callers are not told why."""


class Forbidden(Refusal):
    """The actor's role does not allow this."""


class OwnWork(Forbidden):
    """It takes a second pair of eyes: another person than the author."""


class FieldNotMarked(Forbidden):
    """Only what was marked as wrong is corrected."""


class AssuranceTooLow(Forbidden):
    """It takes a better proof of who acts; `needed` is the level."""

    def __init__(self, detail: str, needed: str) -> None:
        super().__init__(detail)
        self.needed = needed


class Recused(Forbidden):
    """The actor has stepped back from the case, for good."""


class AssignedNotPicked(Forbidden):
    """The task comes to somebody by lot or by load; nobody takes it by choice."""


class NotNamed(Forbidden):
    """The diagram names those who may take the task, and the actor is none of them."""


class PersonUnknown(Forbidden):
    """A step takes different people, and it is not known whose account one of theirs is."""


class Conflict(Refusal):
    """The command contradicts the present state; `state` tells it, so that the caller can show it.

    `code` is a stable word for translation, where the state alone does not tell what is in the way.
    """

    def __init__(self, detail: str, *, code: str | None = None, **state: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.state: Mapping[str, Any] = state


class OpinionAwaited(Conflict):
    """An opinion was asked beside the task, and may still come."""


class CorrectionAwaited(Conflict):
    """The applicant was asked to correct something of the task's case, and may still do so."""


class Stale(Conflict):
    """The caller named a revision that is no longer the present one."""


class Invalid(Refusal):
    """The input breaks a rule; `faults` name every place."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class Rejected(Refusal):
    """A deployment that will not run as drawn; `findings` are `engine.bpmn.Finding`s."""

    def __init__(self, detail: str, findings: Sequence[Any]) -> None:
        super().__init__(detail)
        self.findings = tuple(findings)


class Busy(Refusal):
    """No capacity just now. Nothing was done; the same call may succeed a little later."""


class Recorded(Refusal):
    """Refused, and what was written until then is committed all the same: it tells of the attempt."""


class FirstDecider(Recorded):
    """Who had a part in a decision has none in the case that appeals it."""


class QuotaExceeded(Refusal):
    """The token has made as many requests as it may in a minute; the next minute begins in `seconds`."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class PaymentMismatch(Recorded):
    """A payment has another amount or currency than its bill: it is an incident, and was not booked."""


class Throttled(Recorded):
    """Too many failures. `seconds` from now the next attempt is looked at."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class FourEyes(Recorded):
    """It takes a second pair of eyes: the actor has done a task of the same group in this case."""


class FourEyesLate(FourEyes):
    """The same, at completing: the task is the actor's, and another of the group was done meanwhile."""


class ConflictOfInterest(Recorded):
    """The case is about the actor, or about somebody close to the actor."""


class ScannerDown(Busy):
    """The scanner does not answer, so no document is taken."""


class StorageDown(Busy):
    """Where documents lie cannot be reached, or has not what it should have."""


class Unusable(Exception):
    """Something that the installation stands on is missing, taken or broken; the message says what to do.

    Not a refusal: it concerns whoever runs the installation, never a caller of the API.
    """


class Uncertain(Refusal):
    """The database went away while it committed: whether the command was done is not known."""
