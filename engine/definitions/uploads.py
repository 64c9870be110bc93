"""Deploys uploaded files: at once if their check is short, otherwise by a worker.

While a request waits, a check may use only a small budget, and only one larger check runs at a time in the
whole installation. Uploads that exceed that are stored, and checked and deployed by the queue `checks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, or_, select, text, update

from engine import access, definitions
from engine.bpmn import is_file_name, too_deep, too_much
from engine.connectors.deployment_check import Operations
from engine.definitions import Deployed
from engine.definitions.deployment import plain_report
from engine.identity import accounts
from engine.models import DefinitionVersion, ProcessDraft, Unit, Upload, UploadFile, UploadStatus
from engine.platform import budget, jobs
from engine.platform.budget import Budget, Exhausted, ShortBudget
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy, Fault, Forbidden, Invalid, NotFound, Refusal, Rejected
from engine.platform.ids import uuid7

KEPT = timedelta(days=7)
MAX_WAITING = 50  # maximum number of unchecked uploads of one person
ONLY_CHECK = 0x7061725F636865  # the advisory lock of longer checks in requests

_REFUSED = "The files can't be deployed. Fix the errors in the report."


@dataclass(frozen=True, slots=True)
class State:
    """An upload and, once it is finished, its result."""

    id: UUID
    status: UploadStatus
    uploaded_at: datetime
    finished_at: datetime | None
    result: Mapping[str, Any]


def submit(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    *,
    publishing: Publishing,
    unit: str | None = None,
    draft_id: UUID | None = None,
    operations: Operations = None,
) -> Deployed | UUID:
    """Deploys the files, or has a worker do it if their check takes longer.

    Then returns the id of the upload.

    Raises what a deployment raises, and Busy if too many uploads of the actor are waiting.
    """
    access.require(uow.actor, "definitions.deploy")
    done = uow.attempt(lambda: _at_once(uow, files, publishing, unit, operations))
    if isinstance(done, Busy) and isinstance(done.__cause__, Exhausted):
        return _store(uow, files, unit, draft_id)
    if isinstance(done, Refusal):
        raise done
    return done


def deploy(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    *,
    publishing: Publishing,
    unit: str | None = None,
    operations: Operations = None,
) -> Deployed:
    """Deploys files with the budget of a worker. Raises Rejected also if the budget is exceeded."""
    try:
        with budget.limited(Budget()):
            return definitions.deploy(uow, files, publishing=publishing, unit=unit, operations=operations)
    except Exhausted as error:
        raise Rejected(_REFUSED, [too_much(error.where)]) from error
    except RecursionError as error:
        raise Rejected(_REFUSED, [too_deep()]) from error


def carry_out(
    uow: UnitOfWork, upload_id: UUID, publishing: Publishing, operations: Operations = None
) -> None:
    """Checks and deploys an upload for its uploader; does nothing if that has been done.

    If a worker dies, the upload is unchanged and the job is tried again. Nothing is written or locked before
    the check has finished: a transaction that writes would delay the event feed.
    """
    waiting = select(Upload).where(Upload.id == upload_id, Upload.status == "checking")
    upload = uow.session.scalars(waiting).one_or_none()
    if upload is None:
        return
    uow.connection.execute(_LONG_CHECK)
    actor = accounts.actor_of(uow.session, upload.uploaded_by, None)
    done: Deployed | Refusal = Forbidden("The account that uploaded the files is deactivated.")
    if actor is not None:
        theirs = UnitOfWork(uow.session, actor, uow.now)
        unit = uow.session.scalars(select(Unit.key).where(Unit.id == upload.unit_id)).one()
        named = unit if upload.unit_named else None
        files = _files(uow, upload_id)
        done = theirs.attempt(
            lambda: deploy(theirs, files, publishing=publishing, unit=named, operations=operations)
        )
    if isinstance(done, Busy):
        raise done  # no sandbox was free: the job is tried again
    if isinstance(done, Refusal):
        _finish(uow, upload_id, "refused", _refusal(done))
    else:
        _finish(uow, upload_id, "deployed", plain(done))
        if upload.draft_id is not None:
            note_version(uow, upload.draft_id, done)


def give_up(uow: UnitOfWork, upload_id: UUID, reason: str) -> None:
    """Records that the check itself failed each time."""
    waiting = select(Upload.id).where(Upload.id == upload_id, Upload.status == "checking").with_for_update()
    if uow.session.scalars(waiting).one_or_none() is not None:
        _finish(uow, upload_id, "failed", {"problem": "failed", "detail": reason})


def get(uow: UnitOfWork, upload_id: UUID) -> State:
    """Returns an upload of the actor or its units. Raises NotFound."""
    access.require(uow.actor, "definitions.deploy")
    seen = or_(access.covers(Upload.unit_id), Upload.uploaded_by == uow.actor.id)
    found = _state(uow, select(Upload).where(Upload.id == upload_id, seen))
    if found is None:
        raise NotFound(
            f"The deployment {str(upload_id)!r} does not exist, or is older than {KEPT.days} days."
        )
    return found


def of_draft(uow: UnitOfWork, draft_id: UUID) -> State | None:
    """Returns the latest upload of a draft, for those who see the draft."""
    found = select(Upload).where(Upload.draft_id == draft_id, access.covers(Upload.unit_id))
    return _state(uow, found.order_by(Upload.id.desc()).limit(1))


def forget(uow: UnitOfWork) -> int:
    """Deletes uploads older than `KEPT`. Returns how many."""
    return uow.connection.execute(delete(Upload).where(Upload.uploaded_at < uow.now - KEPT)).rowcount


def plain(deployed: Deployed) -> dict[str, Any]:
    """Returns the result of a deployment in the form in which it is shown."""
    return {
        "deployment": str(deployed.id),
        "definitions": [asdict(made) for made in deployed.definitions],
        "report": {**plain_report(deployed.report), **deployed.scenario_report},
    }


# It makes no database queries meanwhile.
_LONG_CHECK = text("SET LOCAL idle_in_transaction_session_timeout = '10min'")


def note_version(uow: UnitOfWork, draft_id: UUID, deployed: Deployed) -> None:
    """Records which version a draft has become."""
    first = deployed.definitions[0]
    version = DefinitionVersion
    made = select(version.id).where(version.key == first.key, version.number == first.version)
    noted = update(ProcessDraft).where(ProcessDraft.id == draft_id).values(version_id=made.scalar_subquery())
    uow.session.execute(noted)


def _at_once(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    publishing: Publishing,
    unit: str | None,
    operations: Operations,
) -> Deployed:
    """Returns the deployment, within the limits of a request.

    Raises Busy if it takes longer, or its refusal.
    """
    try:
        with budget.limited(ShortBudget(may_be_long=is_only_check(uow))):
            return definitions.deploy(uow, files, publishing=publishing, unit=unit, operations=operations)
    except Exhausted as error:
        raise Busy("The check takes longer. A worker continues it.") from error
    except RecursionError as error:
        raise Rejected(_REFUSED, [too_deep()]) from error


def is_only_check(uow: UnitOfWork) -> Callable[[], bool]:
    """Returns whether no other request checks larger files; until this one ends, none will."""
    lock = select(func.pg_try_advisory_xact_lock(ONLY_CHECK))
    return lambda: bool(uow.connection.execute(lock).scalar_one())


def _store(uow: UnitOfWork, files: Mapping[str, bytes], unit: str | None, draft_id: UUID | None) -> UUID:
    if not all(map(is_file_name, files)):
        fault = Fault("/files", "contains an invalid file name", "file-name")
        raise Invalid("Some file names are not allowed.", [fault])
    owner = definitions.owner_of(uow, unit)
    theirs = select(func.count()).where(Upload.uploaded_by == uow.actor.id, Upload.status == "checking")
    waiting = uow.connection.execute(theirs).scalar_one()
    if waiting >= MAX_WAITING:
        raise Busy(f"{MAX_WAITING} of your uploads are still being checked. Try again when they are done.")
    upload_id = uuid7()
    row = {
        "id": upload_id,
        "unit_id": owner,
        "unit_named": unit is not None,
        "draft_id": draft_id,
        "status": "checking",
        "uploaded_by": uow.actor.id,
        "uploaded_at": uow.now,
    }
    uow.connection.execute(insert(Upload).values(row))
    rows = [{"upload_id": upload_id, "name": name, "content": content} for name, content in files.items()]
    uow.connection.execute(insert(UploadFile), rows)
    # Checks of other people have priority over those of uploaders with several waiting uploads.
    priority = jobs.LAST if waiting else jobs.USUAL
    jobs.defer(uow, "deploy_upload", queue="checks", priority=priority, upload=upload_id)
    return upload_id


def _files(uow: UnitOfWork, upload_id: UUID) -> dict[str, bytes]:
    found = select(UploadFile.name, UploadFile.content).where(UploadFile.upload_id == upload_id)
    return {name: content for name, content in uow.session.execute(found)}


def _refusal(refusal: Refusal) -> dict[str, Any]:
    report: dict[str, Any] = {"findings": []}
    if isinstance(refusal, Rejected):
        report = {name: list(map(asdict, getattr(refusal, name))) for name in ("findings", "owners")}
    kinds = {Rejected: "rejected", Invalid: "invalid", Forbidden: "forbidden"}
    problem = next((code for kind, code in kinds.items() if isinstance(refusal, kind)), "conflict")
    return {"problem": problem, "detail": refusal.detail, "report": report}


def _finish(uow: UnitOfWork, upload_id: UUID, status: UploadStatus, result: Mapping[str, Any]) -> None:
    """Records the result of an upload. Its files are deleted: a deployment has its own."""
    values = {"status": status, "result": dict(result), "finished_at": uow.now}
    waiting = update(Upload).where(Upload.id == upload_id, Upload.status == "checking")
    uow.session.execute(waiting.values(values))
    uow.session.execute(delete(UploadFile).where(UploadFile.upload_id == upload_id))


def _state(uow: UnitOfWork, found: Select[Upload]) -> State | None:
    row = uow.session.scalars(found, access.seen_by(uow)).one_or_none()
    if row is None:
        return None
    return State(row.id, row.status, row.uploaded_at, row.finished_at, row.result or {})
