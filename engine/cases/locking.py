"""Locks the row of a case, reads what a command needs, and checks that the command may run."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Select, exists, select

from engine import access
from engine.access import validity
from engine.bpmn.values import MAX_BYTES, fits
from engine.cases.clock import rows as clocks
from engine.cases.clock.due import due_first
from engine.cases.clock.rows import Clock
from engine.definitions import Version
from engine.events import Head
from engine.models import Case, CaseClock, Definition, DefinitionVersion, Incident
from engine.organisation import candidate_groups
from engine.organisation.candidate_groups import CaseScope
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound, Stale
from engine.platform.prepared import Prepared

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case whose row this transaction has locked, with what a command needs to continue it."""

    id: UUID
    number: str
    status: str
    outcome: str | None
    data: Mapping[str, Any]
    state: bytes | None
    revision: int
    running_key: str | None
    stopped: bool  # its definition is suspended
    troubled: bool  # an incident is open
    head: Head
    version: Version
    home: CaseScope
    acting: str | None = None  # the unit as whose member the actor locks it
    erased_at: datetime | None = None
    subject: str | None = None
    clock: Clock | None = None  # None: it has no statutory term

    @property
    def present(self) -> Mapping[str, Any]:
        """What a Conflict says of the case."""
        return {"id": self.id, "status": self.status, "outcome": self.outcome}


LOCKING = (
    Case.id.label("case_id"),
    Case.number,
    Case.status,
    Case.outcome,
    Case.data,
    Case.state,
    Case.revision,
    Case.log_length,
    Case.log_hash,
    Case.running_key,
    Case.unit_id,
    Case.applicant,
    Case.representative,
    Case.business_key,
    Case.appeal_of,
    Case.erased_at,
    Case.subject,
    DefinitionVersion.id.label("version_id"),
    DefinitionVersion.key,
    DefinitionVersion.number.label("version_number"),
    DefinitionVersion.digest,
    DefinitionVersion.deployment_id,
    Definition.suspended_at,
    Definition.serve_within,
    exists()
    .where(Incident.case_id == Case.id, Incident.status == "open")
    .correlate_except(Incident)
    .label("troubled"),
    candidate_groups.DELEGATED,
    exists().where(CaseClock.case_id == Case.id).correlate_except(CaseClock).label("clock"),
)


class CaseRow(NamedTuple):
    """A row of `LOCKING`: its columns, in its order.

    A named tuple, which `_make` copies from a row in less time than reading three of its columns takes.
    """

    case_id: UUID
    number: str
    status: str
    outcome: str | None
    data: Mapping[str, Any]
    state: bytes | None
    revision: int
    log_length: int
    log_hash: bytes
    running_key: str | None
    unit_id: UUID
    applicant: str | None
    representative: str | None
    business_key: str | None
    appeal_of: UUID | None
    erased_at: datetime | None
    subject: str | None
    version_id: UUID
    key: str
    version_number: int
    digest: str
    deployment_id: UUID
    suspended_at: datetime | None
    serve_within: str | None
    troubled: bool
    delegated: bool
    clock: Any  # whether it has one; then, `Clock`


def select_for_locking(*more: Any) -> Select[Any]:
    """Returns a select of `LOCKING`, still to be narrowed and locked."""
    return (
        select(*LOCKING, *more)
        .select_from(Case)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, DefinitionVersion.key == Definition.key)
    )


def locked_case(row: CaseRow) -> LockedCase:
    """Returns the case of a locked row, whose clock was read after the lock."""
    if row.clock is True:
        raise RuntimeError("the clock of the case was not read")  # a command would leave it as it is
    version = Version(row.version_id, row.key, row.version_number, row.digest, row.deployment_id)
    head = Head(row.case_id, row.version_id, row.log_length, row.log_hash)
    words = named(row.number, row.applicant, row.business_key)
    persons = named(row.applicant, row.representative)
    about = (row.appeal_of, row.serve_within)
    home = CaseScope(row.unit_id, row.key, row.delegated, words, persons, *about)
    status = validity.status_of(row.status, row.suspended_at)
    clock = row.clock if isinstance(row.clock, Clock) else None
    if clock is not None and clock.awaits_release and status == "active":
        status = "suspended"  # silence has decided: nothing else can until an administrator has seen it
    return LockedCase(
        row.case_id,
        row.number,
        status,
        row.outcome,
        row.data,
        row.state,
        row.revision,
        row.running_key,
        row.suspended_at is not None,
        row.troubled,
        head,
        version,
        home,
        erased_at=row.erased_at,
        subject=row.subject,
        clock=clock,
    )


def named(*words: str | None) -> tuple[str, ...]:
    """Returns the words that are not empty: those by which a case is found, or whose it is."""
    return tuple(word for word in words if word)


def fetch_locked(uow: UnitOfWork, statement: Select[Any] | Prepared, **values: Any) -> CaseRow | None:
    """Returns the row of a locked select of `locking()`, or None if there is none."""
    row = _found(uow, statement, values)
    return None if row is None else _with_clock(uow, CaseRow._make(row))


def fetch_undone(uow: UnitOfWork, statement: Select[Any] | Prepared, **values: Any) -> CaseRow | None:
    """Returns the same, though a step of its clock may be due."""
    row = _found(uow, statement, values)
    return None if row is None else _read_clock(uow, CaseRow._make(row))


def held_with(
    uow: UnitOfWork, statement: Select[Any] | Prepared, more: Callable[[Sequence[Any]], R], /, **values: Any
) -> tuple[CaseRow, R] | None:
    """Returns the row of a locked select of `locking(*columns)`, and the result of `more`; or None."""
    row = _found(uow, statement, values)
    if row is None:
        return None
    case, rest = split(row, more)
    return _with_clock(uow, case), rest


def split(row: Sequence[Any], more: Callable[[Sequence[Any]], R]) -> tuple[CaseRow, R]:
    """Returns the columns of `LOCKING` in a row, and the result of `more` for the columns after them."""
    return CaseRow._make(row[: len(LOCKING)]), more(row[len(LOCKING) :])


def _with_clock(uow: UnitOfWork, row: CaseRow) -> CaseRow:
    """Returns the row with its clock, read after the lock, when nobody else can change it.

    Raises Prerequisite if a step of the clock is due: it has to be done before the command.
    """
    row = _read_clock(uow, row)
    clock = row.clock
    running = row.status == "active" and row.suspended_at is None
    if clock and running and clock.next_at is not None and clock.next_at <= uow.now:
        raise due_first(row.case_id, uow.now)
    return row


def _read_clock(uow: UnitOfWork, row: CaseRow) -> CaseRow:
    return row._replace(clock=clocks.read(uow, row.case_id)) if row.clock else row


def _found(
    uow: UnitOfWork, statement: Select[Any] | Prepared, values: Mapping[str, Any]
) -> Sequence[Any] | None:
    """Looks for the row twice.

    If the case was migrated to another version while this transaction waited for it, PostgreSQL joins it to
    the old version and finds nothing.
    """
    rows = uow.rows(statement, values) or uow.rows(statement, values)
    return rows[0] if rows else None


def lock(uow: UnitOfWork, case_id: UUID) -> LockedCase:
    """Locks the case's row until the transaction ends.

    Raises NotFound for cases that the actor may not see. Callers must then refuse officials access to their
    own cases.
    """
    statement = (
        select_for_locking(access.acting_in(Case.unit_id).label("acting"))
        .where(Case.id == case_id, access.reachable_cases(uow.actor.role))
        .with_for_update(of=Case)
    )
    found = held_with(uow, statement, tuple, **access.seen_by(uow))
    if found is None:
        raise unknown(case_id)
    row, (acting,) = found
    return replace(locked_case(row), acting=acting)


def lock_all(uow: UnitOfWork, case_ids: Collection[UUID]) -> None:
    """Locks the rows of these cases in the common order."""
    ordered = select(Case.id).where(Case.id.in_(case_ids)).order_by(Case.id).with_for_update()
    uow.connection.execute(ordered).all()


def require_active(case: LockedCase) -> bytes:
    """Returns the state of a running case. Raises Conflict, with the present status, if it does not run."""
    require_decidable(case)
    if case.status != "active" or case.state is None:
        raise Conflict(f"The case is {case.status}.", case=case.present)
    return case.state


def require_decidable(case: LockedCase) -> None:
    """Raises Conflict if silence has decided on the case, and an administrator has yet to release that."""
    if case.clock is not None and case.clock.awaits_release:
        detail = "The statutory term has ended. The decision by silence awaits an administrator's release."
        raise Conflict(detail, code="awaits-release", case=case.present)


def require_not_erased(case: LockedCase) -> None:
    """Raises Conflict for a case whose personal data were erased: nothing can be added to it."""
    if case.erased_at is not None:
        detail = "The personal data of this case was erased. Nothing can be added to the case."
        raise Conflict(detail, code="case-erased", case=case.present, erased_at=case.erased_at)


def require_revision(present: int, seen: Collection[int] | None) -> None:
    """Raises Stale if the caller saw another revision than the present one; None means any."""
    if seen is not None and present not in seen:
        raise Stale("It has changed since you read it. Read it again.", revision=present)


def require_size(data: Mapping[str, Any], place: str = "/data") -> None:
    """Raises Invalid, with the place in the request, if the data are too large for a case."""
    if not fits(data):
        fault = Fault(
            place, f"is larger than {MAX_BYTES >> 20} MiB together with the data of the case", "too-large"
        )
        raise Invalid("The data of the case is too large.", [fault])


def unknown(case_id: UUID) -> NotFound:
    """Returns the refusal for a case that does not exist or that this actor may not see."""
    return NotFound(f"The case {case_id} does not exist.")
