"""Checkpoints and verifications that a worker does: requested by a person or by the clock, with progress."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from engine import access
from engine.identity import names
from engine.models import AuditKind, AuditRun, Checkpoint, User
from engine.oversight.audit import checkpoints, sending, signing, verification
from engine.oversight.audit.signing import key_id
from engine.oversight.audit.verification import Report
from engine.platform import jobs
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork, View
from engine.platform.errors import NotFound, Unusable
from engine.platform.ids import uuid7

T = TypeVar("T")
JOB = "audit"
PAGE = 20
STORED = 200  # findings that a result names
NO_KEY = "no-key"  # failures, as docs/audit.md explains them
UNSIGNED = "unsigned"
GIVEN_UP = "given-up"

_COLUMNS = (
    AuditRun.id,
    AuditRun.kind,
    AuditRun.requested_at,
    AuditRun.started_at,
    AuditRun.finished_at,
    AuditRun.done,
    AuditRun.total,
    AuditRun.result,
    User.name.label("requested_by"),
    names.of().label("requested_by_name"),
)


class Do(Protocol):
    """Runs a command in a transaction of its own."""

    def __call__(self, command: Callable[[UnitOfWork], T], view: View = "write", /) -> T:
        """Returns the result of the command."""


def request(uow: UnitOfWork, kind: AuditKind) -> UUID:
    """Requests a checkpoint or a verification; returns the run, which is the present one if there is one."""
    access.require_everywhere(uow, "audit.run")
    return _request(uow, kind) or _present(uow, kind)


def schedule(uow: UnitOfWork, minutes: int) -> bool:
    """Requests a checkpoint if none was taken or requested within the last minutes. 0: never."""
    if minutes == 0:
        return False
    since = uow.now - timedelta(minutes=minutes)
    taken = select(Checkpoint.number).where(Checkpoint.at > since)
    requested = select(AuditRun.id).where(AuditRun.kind == "checkpoint", AuditRun.requested_at > since)
    if uow.connection.execute(select(exists(taken) | exists(requested))).scalar_one():
        return False
    return _request(uow, "checkpoint") is not None


def _request(uow: UnitOfWork, kind: AuditKind) -> UUID | None:
    values = {"id": uuid7(), "kind": kind, "requested_by": uow.actor.id, "requested_at": uow.now, "done": 0}
    made = insert(AuditRun).values(values).on_conflict_do_nothing().returning(AuditRun.id)
    run_id = uow.connection.execute(made).scalar_one_or_none()
    if run_id is not None:
        jobs.defer(uow, JOB, queue="checks", run_id=run_id)
    return run_id


def _present(uow: UnitOfWork, kind: AuditKind) -> UUID:
    """Returns the unfinished run. If it has just finished, the newest one, which the caller may see."""
    found = select(AuditRun.id).where(AuditRun.kind == kind).order_by(AuditRun.id.desc()).limit(1)
    return uow.connection.execute(found).scalar_one()


def page(
    uow: UnitOfWork, *, kind: AuditKind | None = None, after: UUID | None = None
) -> Sequence[RowMapping]:
    """Returns up to a page of runs, the newest first, plus one if more follow."""
    access.require_everywhere(uow, "audit.run")
    found = select(*_COLUMNS).join(User, User.id == AuditRun.requested_by)
    found = found.order_by(AuditRun.id.desc()).limit(PAGE + 1)
    if kind is not None:
        found = found.where(AuditRun.kind == kind)
    if after is not None:
        found = found.where(AuditRun.id < after)
    return uow.connection.execute(found).mappings().all()


def get(uow: UnitOfWork, run_id: UUID) -> RowMapping:
    """Returns one run. Raises NotFound."""
    access.require_everywhere(uow, "audit.run")
    found = select(*_COLUMNS).join(User, User.id == AuditRun.requested_by).where(AuditRun.id == run_id)
    row = uow.connection.execute(found).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The run {run_id} does not exist.")
    return row


def carry_out(do: Do, settings: Settings, run_id: UUID) -> None:
    """Does a run, in transactions of its own, unless it was finished before."""
    kind = do(lambda uow: _begin(uow, run_id))
    if kind is None:
        return
    try:
        key = signing.read(settings.audit_key)
        if kind == "checkpoint":
            targets, keys = sending.targets(settings), [key] if key else []
            take = partial(checkpoints.take, signed=signing.has_signed(settings.audit_key))
            made = do(lambda uow: take(uow.session, uow.now, keys, targets), "snapshot")
            result: dict[str, Any] = {"number": made.statement.number, "signed": bool(keys)}
            if keys:
                signing.note_signed(settings.audit_key, made.statement.number)
        else:
            result = _verify(do, run_id, [key.public] if key else [])
    except checkpoints.Downgraded:
        result = {"failure": UNSIGNED}
    except Unusable:
        result = {"failure": NO_KEY}
    do(lambda uow: finish(uow, run_id, result))


def give_up(uow: UnitOfWork, run_id: UUID, _reason: str) -> None:
    """Ends a run whose job has failed too often."""
    finish(uow, run_id, {"failure": GIVEN_UP})


def finish(uow: UnitOfWork, run_id: UUID, result: dict[str, Any]) -> None:
    """Stores the result of a run."""
    ended = update(AuditRun).where(AuditRun.id == run_id, AuditRun.finished_at.is_(None))
    uow.connection.execute(ended.values(result=result, finished_at=uow.now))


def _begin(uow: UnitOfWork, run_id: UUID) -> AuditKind | None:
    begun = update(AuditRun).where(AuditRun.id == run_id, AuditRun.finished_at.is_(None))
    total = verification.entries(uow.connection)
    changed = begun.values(started_at=uow.now, done=0, total=total).returning(AuditRun.kind)
    return uow.connection.execute(changed).scalar_one_or_none()


def _verify(do: Do, run_id: UUID, keys: Sequence[str]) -> dict[str, Any]:
    def progress(entries: int) -> None:
        done = update(AuditRun).where(AuditRun.id == run_id).values(done=entries)
        do(lambda uow: uow.connection.execute(done))

    begun = monotonic()
    report = do(lambda uow: verification.verify(uow.session, None, keys, progress), "snapshot")
    return {**stored(report), "seconds": round(monotonic() - begun, 1)}


def stored(report: Report) -> dict[str, Any]:
    """Returns a report as it is stored: numbers, codes and ids."""
    made = report.checkpoint
    findings = [
        {
            "subject": one.subject,
            "code": one.code,
            "number": one.number,
            "id": str(one.id) if one.id else None,
            "values": dict(one.values),
        }
        for one in report.findings[:STORED]
    ]
    return {
        "intact": report.intact,
        "trusted": report.trusted,
        "checkpoint": made.number if made else None,
        "keys": [key_id(key) for key in made.keys] if made else [],
        "entries": report.entries,
        "cases": report.cases.chains,
        "compared": report.compared,
        "not_compared": report.not_compared,
        "rows": report.rows.judged,
        "rows_not_compared": report.rows.earlier,
        "erased": report.cases.erased,
        "erased_since": report.cases.erased_since,
        "counts": dict(report.counts),
        "findings": findings,
    }


def overdue(now: datetime, last: datetime | None, minutes: int) -> bool:
    """Returns whether checkpoints are no longer taken as they should be: the last is two intervals old."""
    return minutes > 0 and (last is None or now - last > timedelta(minutes=2 * minutes))
