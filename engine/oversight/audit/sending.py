"""Sending checkpoints out of the database: to a folder, a URL and a mail address.

A worker leases what is due (`due`), sends it outside of any transaction (`send`) and stores the result
(`settle`). A failed sending is repeated, seven times in all within 31 hours; then it counts as failed, for an
administrator to see and to repeat. The public page needs no sending.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import RowMapping, func, select, tuple_, update

from engine import access
from engine.connectors import CallFailed, Connectors, Operation, Request
from engine.connectors import send as call
from engine.events.webhooks import post
from engine.events.webhooks.deliveries import PAUSES
from engine.models import Checkpoint, CheckpointSending, CheckpointTarget
from engine.oversight.audit import checkpoints, leaves
from engine.oversight.audit.statement import Signed
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound

AT_ONCE = 10
ALTERED = "altered"  # a failure: the checkpoint can't be read
LEASE = timedelta(minutes=3)  # a mail server may take as long as its connector allows
_MAIL = Operation("checkpoint", MappingProxyType({}), None, subject="{subject}", text="{text}")


@dataclass(frozen=True, slots=True)
class Sending:
    """A checkpoint that this process sends to one target."""

    number: int
    target: CheckpointTarget
    attempt: int
    signed: Signed
    leaves: str = ""  # for the folder


def targets(settings: Settings) -> list[CheckpointTarget]:
    """Returns where the installation sends its checkpoints."""
    found: list[CheckpointTarget] = ["folder"]
    if settings.checkpoint_webhook:
        found.append("webhook")
    if settings.checkpoint_mail:
        found.append("mail")
    return found


def due(uow: UnitOfWork) -> list[Sending]:
    """Leases sendings that are due, the oldest first."""
    free = func.coalesce(CheckpointSending.lease_until, uow.now) <= uow.now
    row = tuple_(CheckpointSending.number, CheckpointSending.target)
    chosen = (
        select(CheckpointSending.number, CheckpointSending.target)
        .where(CheckpointSending.status == "waiting", CheckpointSending.due_at <= uow.now, free)
        .order_by(CheckpointSending.due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    leased = (
        update(CheckpointSending)
        .where(row.in_(chosen), CheckpointSending.number == Checkpoint.number)
        .values(lease_until=uow.now + LEASE, attempts=CheckpointSending.attempts + 1)
        .returning(
            *(CheckpointSending.target, CheckpointSending.attempts),
            *(Checkpoint.number, Checkpoint.body, Checkpoint.signatures),
        )
    )
    rows = uow.connection.execute(leased).mappings().all()
    return [one for row in rows if (one := _sending(uow, row)) is not None]


def _sending(uow: UnitOfWork, row: RowMapping) -> Sending | None:
    """Returns a leased sending. One of a checkpoint that was altered beyond recognition has failed."""
    number, target = row["number"], row["target"]
    if (signed := checkpoints.readable(row)) is None:
        failed = {"status": "failed", "failure": ALTERED, "closed_at": uow.now, "lease_until": None}
        mine = (CheckpointSending.number == number, CheckpointSending.target == target)
        uow.connection.execute(update(CheckpointSending).where(*mine).values(failed))
        return None
    heads = leaves.lines(uow.connection, number) if target == "folder" else ""
    return Sending(number, target, row["attempts"], signed, heads)


def settle(uow: UnitOfWork, sent: Sending, failure: str | None) -> None:
    """Stores the result, unless another process has leased it in the meantime."""
    values: dict[str, object] = {"status": "sent", "closed_at": uow.now}
    if failure is not None and sent.attempt > len(PAUSES):
        values = {"status": "failed", "closed_at": uow.now}
    elif failure is not None:
        values = {"due_at": uow.now + PAUSES[sent.attempt - 1]}
    ours = update(CheckpointSending).where(
        CheckpointSending.number == sent.number,
        CheckpointSending.target == sent.target,
        CheckpointSending.status == "waiting",
        CheckpointSending.attempts == sent.attempt,
    )
    uow.connection.execute(ours.values(**values, lease_until=None, failure=failure))


def again(uow: UnitOfWork, number: int) -> int:
    """Sends a checkpoint again to all targets that don't have it. Returns how many. Raises NotFound."""
    access.require_everywhere(uow, "audit.run")
    one = update(CheckpointSending).where(
        CheckpointSending.number == number, CheckpointSending.status != "sent"
    )
    anew = {"status": "waiting", "attempts": 0, "due_at": uow.now, "closed_at": None, "lease_until": None}
    done = 0
    if number < 1 << 63:  # more than a number in the database can be
        done = uow.connection.execute(
            one.values(anew), execution_options={"preserve_rowcount": True}
        ).rowcount
    if not done:
        raise NotFound(f"No sending of the checkpoint {number} has failed.")
    return done


def of(uow: UnitOfWork, numbers: Sequence[int]) -> Mapping[int, Sequence[RowMapping]]:
    """Returns where each of these checkpoints is sent, and with what result."""
    access.require_everywhere(uow, "audit.run")
    found = select(CheckpointSending).where(CheckpointSending.number.in_(numbers))
    rows = uow.connection.execute(found.order_by(CheckpointSending.target)).mappings().all()
    return {number: [row for row in rows if row["number"] == number] for number in numbers}


def failed(uow: UnitOfWork) -> Sequence[CheckpointSending]:
    """Returns the sendings that have failed at least once and did not succeed since, the newest first."""
    access.require_everywhere(uow, "audit.run")
    found = select(CheckpointSending).where(
        CheckpointSending.status.in_(("waiting", "failed")), CheckpointSending.failure.is_not(None)
    )
    return uow.session.scalars(found.order_by(CheckpointSending.number.desc()).limit(100)).all()


async def send(settings: Settings, connectors: Connectors, sending: Sending) -> str | None:
    """Sends it. Returns the reason of a failure, a word, or None."""
    match sending.target:
        case "folder":
            return await asyncio.to_thread(_save, settings.checkpoint_folder, sending)
        case "webhook":
            return await _post(settings, sending.signed)
        case "mail":
            return await _mail(settings, connectors, sending.signed)


def _save(folder: Path, sending: Sending) -> str | None:
    """Writes the checkpoint and its leaves, each complete or not at all, and never over another file."""
    name = leaves.name(sending.number)
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        _write(folder / f"{name}.leaves", sending.leaves.encode())
        _write(folder / f"{name}.json", sending.signed.document())
    except FileExistsError:
        return "exists"
    except OSError:
        return "folder"
    return None


def _write(path: Path, content: bytes) -> None:
    """Writes a file. Raises FileExistsError if there is one with other content."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as part:
        part.write(content)
        part.flush()
        os.fsync(part.fileno())
        os.fchmod(part.fileno(), 0o644)  # it is meant to be read by others
        try:
            os.link(part.name, path)
        except FileExistsError:
            if path.read_bytes() != content:
                raise


async def _post(settings: Settings, signed: Signed) -> str | None:
    if settings.checkpoint_webhook is None:
        return "not-set"
    headers = {"Content-Type": "application/json"}
    outcome = await post(settings.checkpoint_webhook, signed.document(), headers, settings.webhook_allow)
    return outcome.failure


async def _mail(settings: Settings, connectors: Connectors, signed: Signed) -> str | None:
    name, _, address = (settings.checkpoint_mail or "").partition(":")
    stated = signed.statement
    subject = f"Parvandeh checkpoint {stated.number} of {stated.installation}"
    body = {"to": address, "subject": subject, "text": signed.document().decode()}
    request = Request(uuid5(NAMESPACE_URL, signed.hash.hex()), None, body, "", "")
    try:
        connector = replace(connectors.get(name), operations={_MAIL.name: _MAIL})
        await call(connector, request)
    except CallFailed as failure:
        return failure.code
    return None
