"""The refusals of commands, and errors of the installation. `api/problems.py` maps refusals to status codes.

Refusal
├── NotFound      the object doesn't exist, or this actor may not see it
│   └── OtherPerson   a new case would be neither the applicant's nor the representative's who is named
├── NotRecognised the credentials are not valid
├── Forbidden     the actor's role doesn't allow it
├── ScopeMissing  the actor's role allows it, but the scopes of the token don't
├── WiderToken    the actor would get a token that allows more than the present one
├── PurposeMissing the actor must say why something is opened
├── BehalfMissing the actor's token requires it to say for whom it acts
├── OwnWork       requires another person than the author
├── OwnReport     a report is signed by somebody who has written nothing in it
├── FieldNotMarked  a correction of fields that were not marked
├── AssuranceTooLow   requires a login with a higher assurance level
├── PersonNotProven     nothing proves that the person for whom the actor acts is logged in
├── ConsentRevoked  the person has taken their consent back
├── Recused       the actor has stepped back from the case
├── AssignedNotPicked the task is assigned automatically, and can't be claimed
├── NotNamed      the diagram names others for the task
├── PersonUnknown the step requires different people, and one of the accounts has no national ID
├── Conflict      it contradicts the present state, which is included
│   ├── OpinionAwaited      an opinion about the task was requested, and may still be submitted
│   ├── CorrectionAwaited   the applicant was asked for a correction, and may still make it
│   └── DataChanged         the form of a task shows other values than when the caller read it
├── Stale         the caller's revision is out of date (If-Match)
├── Invalid       the input breaks a rule; every fault with its place
├── Rejected      a deployment with findings
├── NotInstalled  this installation lacks an optional part
├── TypesettingFailed  no PDF could be made
│   └── PdfTooLarge  because there is too much in it
├── QuotaExceeded more requests than are allowed in a period
├── Busy          no capacity at the moment; the same call may succeed later
│   ├── NoTimeLeft    a part of a request was not tried
│   ├── ScannerUnavailable   documents can't be scanned
│   └── StorageUnavailable   documents can be neither stored nor read
├── Recorded      what the command wrote until then is committed: the attempt itself is recorded
│   ├── Throttled     too many failures; it says when to try again
│   ├── Unmatched     nobody awaits a message
│   ├── PaymentMismatch  a payment with another amount or currency than the bill
│   ├── FirstDecider  a person who decided can't decide on the appeal
│   ├── FourEyes      requires another person than the one who did other work on the case
│   │   └── FourEyesLate  the same, for a task that the actor had claimed before
│   └── ConflictOfInterest    the case is about the actor, or somebody close to the actor
└── Uncertain     the connection was lost during a commit
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in the input.

    `pointer` is a JSON Pointer (RFC 6901), `code` a stable code for translation; `values` are the limits that
    the text for the code mentions, never the input itself.
    """

    pointer: str
    detail: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)


def unknown_code(pointer: str, allowed: Iterable[str]) -> Fault:
    """Returns the fault of a reason code that is none of those allowed."""
    options = ", ".join(allowed)
    return Fault(pointer, f"is not one of the codes; allowed: {options}", "enum", {"options": options})


class Prerequisite(Exception):
    """Raised by a command before which another one has to run, in a transaction of its own.

    The command is undone and repeated afterwards. `command` takes a session and an instant.
    """

    def __init__(self, command: Callable[[Any, Any], object]) -> None:
        super().__init__("another command has to run first")
        self.command = command


class Refusal(Exception):
    """A command refused for a reason that its caller can understand; never a programming error."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Refusal):
    """The object doesn't exist, or the actor may not see it: the two must be indistinguishable."""


class OtherPerson(NotFound):
    """The person for whom the actor acts is neither the applicant nor the representative of a new case."""


class NotRecognised(Refusal):
    """The credentials (a password, a token) are not valid. Callers don't learn why."""


class Forbidden(Refusal):
    """The actor's role doesn't allow this."""


class ScopeMissing(Forbidden):
    """The actor's role allows this, but the token doesn't have the scope; `scope` is its name."""

    def __init__(self, detail: str, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope


class WiderToken(Forbidden):
    """The actor would get a token that allows more than the one with which it acts."""


class PurposeMissing(Forbidden):
    """The actor must say why something of a case is opened."""


class BehalfMissing(Forbidden):
    """The actor's token requires each request to say for whom it acts."""


class OwnWork(Forbidden):
    """Requires a second person: not the author."""


class OwnReport(OwnWork):
    """A report is signed by somebody who has written nothing in it."""


class FieldNotMarked(Forbidden):
    """Only fields that were marked as wrong can be corrected."""


class AssuranceTooLow(Forbidden):
    """Requires a login with a higher assurance level; `needed` is the level."""

    def __init__(self, detail: str, needed: str) -> None:
        super().__init__(detail)
        self.needed = needed


class PersonNotProven(Forbidden):
    """Requires the login of the person for whom the actor acts, signed by a provider."""


class ConsentRevoked(Forbidden):
    """The person has revoked the consent on which it rests."""


class Recused(Forbidden):
    """The actor has permanently stepped back from the case."""


class AssignedNotPicked(Forbidden):
    """The task is assigned at random or by workload; nobody can claim it."""


class NotNamed(Forbidden):
    """The diagram names those who may claim the task, and the actor isn't among them."""


class PersonUnknown(Forbidden):
    """A step requires different people, and the person behind one of the accounts isn't known."""


class Conflict(Refusal):
    """The command contradicts the present state; `state` describes it, so that the caller can show it.

    `code` is a stable code for translation, if the state alone doesn't show what prevents the command.
    """

    def __init__(self, detail: str, *, code: str | None = None, **state: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.state: Mapping[str, Any] = state


class OpinionAwaited(Conflict):
    """An opinion about the task was requested, and may still be submitted."""


class CorrectionAwaited(Conflict):
    """The applicant was asked to correct something in the task's case, and may still do so."""


class DataChanged(Conflict):
    """The form of a task shows other values than when the caller read it; `changes` lists them."""

    def __init__(self, detail: str, changes: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(detail, changes=changes)
        self.changes = tuple(changes)


class Stale(Conflict):
    """The caller's revision is no longer the current one."""


class Invalid(Refusal):
    """The input breaks a rule; `faults` lists every place."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


def unknown_cursor(pointer: str) -> Invalid:
    """Returns the refusal of a cursor that names nothing which the actor may see."""
    fault = Fault(pointer, "names nothing that you can see; start again at the first page", "cursor")
    return Invalid("This cursor doesn't belong to one of your lists.", [fault])


class Rejected(Refusal):
    """A deployment that would not run as drawn; `findings` and `owners` are those of `engine.bpmn.Report`."""

    def __init__(self, detail: str, findings: Sequence[Any], owners: Sequence[Any] = ()) -> None:
        super().__init__(detail)
        self.findings = tuple(findings)
        self.owners = tuple(owners)


class Busy(Refusal):
    """No capacity at the moment. Nothing was done; the same call may succeed a little later."""


class Recorded(Refusal):
    """Refused, but what was written until then is committed: it records the attempt."""


class FirstDecider(Recorded):
    """A person who took part in a decision can't take part in the appeal against it."""


class QuotaExceeded(Refusal):
    """More requests than are allowed in a period. The next one is accepted in `seconds`."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Unmatched(NotFound, Recorded):
    """Nobody awaits a message, and it is not to be stored: the log has who sent it, and when."""


class PaymentMismatch(Recorded):
    """A payment has another amount or currency than its bill: it creates an incident, and isn't booked."""


class Throttled(Recorded):
    """Too many failures. The next attempt is accepted in `seconds`."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class FourEyes(Recorded):
    """Requires a second person: the actor has done a task of the same group in this case."""


class FourEyesLate(FourEyes):
    """The same, on completion: the actor has the task, and meanwhile did another one of the group."""


class ConflictOfInterest(Recorded):
    """The case is about the actor, or about somebody close to the actor."""


class NoTimeLeft(Busy):
    """A part of a request was not tried, because the time of the request was over."""


class ScannerUnavailable(Busy):
    """The scanner doesn't respond, so no document is accepted."""


class StorageUnavailable(Busy):
    """The storage of documents can't be reached, or lacks content that it should have."""


class NotInstalled(Refusal):
    """This installation lacks what typesetting needs: a package or its fonts."""


class TypesettingFailed(Refusal):
    """No PDF was made: it took too long, needed too much memory, or has a defect. The log has the reason."""


class PdfTooLarge(TypesettingFailed):
    """The document has more rows, columns or characters than are typeset."""


class Unusable(Exception):
    """Something that the installation needs is missing, in use or broken; the message says how to fix it.

    Not a refusal: it concerns the operator of the installation, never a caller of the API.
    """


class Uncertain(Refusal):
    """The connection to the database was lost during a commit: whether the command was done is unknown."""
