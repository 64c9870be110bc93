"""The access log of a case as people read it: each reader has one entry per day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Text, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from engine import access, cases
from engine.identity import names
from engine.models import AccessRecord, Evidence, EvidenceState, Unit, User
from engine.oversight.access_log.records import about
from engine.platform.db import UnitOfWork
from engine.platform.language import Names


@dataclass(frozen=True, slots=True)
class Days:
    """A reader on a day, with role and unit: how often, what was shown, and all recorded reasons.

    `id` is that of the last record, by which the list continues. Each request for evidence is an entry of its
    own, `requested`: `own` says whether the actor has made it, `outcome` what became of it (None: erased).
    """

    id: UUID
    day: date
    reader: Names
    role: str
    unit: str | None
    count: int
    shown: Sequence[str]
    told: Sequence[Mapping[str, Any]]
    own: bool
    requested: bool
    outcome: EvidenceState | None


def by_day(uow: UnitOfWork, case_id: UUID, *, after: UUID | None = None) -> Sequence[Days]:
    """Returns up to a page of a case's entries, newest first, of the actor's own only requests for evidence.

    Returns one more if more follow.

    A day is one of the installation's time zone. Raises as `page` does.
    """
    access.require(uow.actor, "access_log.read")
    cases.get(uow, case_id)
    day = cast(func.timezone(str(uow.now.tzinfo), AccessRecord.at), Date)
    last = func.max(cast(AccessRecord.id, Text))
    unit = func.coalesce(Unit.name, AccessRecord.actor_unit)
    # Erased parts of a record contain no reason.
    told = func.jsonb_agg(func.coalesce(cast(AccessRecord.payload, JSONB), cast({}, JSONB)).distinct())
    asked = AccessRecord.what == "evidence"
    request = case((asked, AccessRecord.object_id))
    entry = (User.id, AccessRecord.actor_role, unit, day, request, Evidence.state)
    own = User.id == uow.actor.id
    statement = (
        select(
            *(last, day, names.of(), AccessRecord.actor_role, unit, func.count()),
            *(func.array_agg(AccessRecord.what.distinct()), told),
            *(own, request.is_not(None), Evidence.state),
        )
        .join(User, AccessRecord.reader_id == User.id)
        .outerjoin(Unit, AccessRecord.actor_unit == Unit.key)
        .outerjoin(Evidence, Evidence.id == request)
        .where(about(case_id), or_(AccessRecord.reader_id != uow.actor.id, asked))
        .group_by(*entry)
        .order_by(last.desc())
        .limit(cases.PAGE + 1)
    )
    if after is not None:
        statement = statement.having(last < str(after))
    return [Days(UUID(row[0]), *row[1:]) for row in uow.connection.execute(statement)]
