"""Discards stored messages that nobody received in time, and logs them.

In the case that a message names, or that has sent it; else in the administration log.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import RowMapping, Select, or_, select, update

from engine import cases
from engine.cases.messages.matching import CASE_NUMBER
from engine.events import Fact, administration_log
from engine.models import Case, Message
from engine.platform.db import UnitOfWork

AT_ONCE = 50


def expire(uow: UnitOfWork) -> int:
    """Discards messages that have expired, with their data. Returns how many, at most `AT_ONCE`.

    Those that another transaction has locked, with their cases, are left for later.
    """
    columns = (
        Message.id,
        Message.kind,
        Message.name,
        Message.correlation,
        Message.thrown_by,
        Message.sent_by,
        Message.sent_at,
    )
    over = select(*columns).where(Message.status == "kept", Message.expires_at <= uow.now)
    rows = uow.connection.execute(over.order_by(Message.expires_at).limit(AT_ONCE)).mappings().all()
    return sum(_expire(uow, row) for row in rows)


def _expire(uow: UnitOfWork, row: RowMapping) -> bool:
    found = None if row["kind"] == "signal" else _case_of(uow, row)
    case = None if found is None else _locked(uow, found)
    if found is not None and case is None:
        return False
    still = select(Message.id).where(Message.id == row["id"], Message.status == "kept")
    if uow.connection.execute(still.with_for_update(skip_locked=True)).first() is None:
        return False
    gone = update(Message).where(Message.id == row["id"])
    uow.connection.execute(gone.values(status="expired", data={}, closed_at=uow.now))
    if row["kind"] == "message":
        note(uow, row, case)
    return True


def note(uow: UnitOfWork, message: Mapping[Any, Any], case: cases.LockedCase | None) -> None:
    """Logs a message that nobody received, with its sender. Its name may be computed, and so personal."""
    facts = {"message": message["id"], "sent_at": message["sent_at"]}
    if message["sent_by"] is not None:
        facts["sent_by"] = message["sent_by"]
    if case is None:
        administration_log.note(uow, "message.unmatched", None, facts)
    else:
        cases.note(uow, case, [Fact("message.unmatched", payload={"name": message["name"]}, facts=facts)])


def _case_of(uow: UnitOfWork, row: RowMapping) -> Any:
    """Returns the case that a message names, else the one that has sent it; None if neither is stored."""
    number = orjson.loads(row["correlation"]).get(CASE_NUMBER)
    concerned = select(Case.id).where(or_(Case.number == str(number), Case.id == row["thrown_by"]))
    first = concerned.where(Case.erased_at.is_(None)).order_by(Case.number != str(number)).limit(1)
    return uow.connection.execute(first).scalar()


def _locked(uow: UnitOfWork, case_id: Any) -> cases.LockedCase | None:
    """Locks a case; None if another transaction has locked it."""
    found: Select[Any] = cases.select_for_locking().where(Case.id == case_id, Case.erased_at.is_(None))
    row = cases.fetch_locked(uow, found.with_for_update(of=Case, skip_locked=True))
    return None if row is None else cases.locked_case(row)
