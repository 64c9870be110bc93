"""What the due steps of clocks depend on besides the rows of their cases: read once for several locked cases.

Until their locks are released, nobody else changes it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid, any_, bindparam, select

from engine import events
from engine.cases.clock.interruptions import Interruptions
from engine.cases.clock.silence import ESCALATION, Work
from engine.cases.locking import LockedCase
from engine.models import CandidateGroupRole, OrganisationRecord, Task, Unit, Wait
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

_CASES = any_(bindparam("cases", type_=ARRAY(Uuid)))
_WORK = Prepared(
    select(Task.case_id, Task.kind, Task.element, Unit.key)
    .join(CandidateGroupRole, CandidateGroupRole.candidate_group_id == Task.candidate_group_id, isouter=True)
    .join(Unit, Unit.id == CandidateGroupRole.unit_id, isouter=True)
    .where(Task.case_id == _CASES, Task.kind.in_(("step", ESCALATION)), Task.status == "open")
    .where(Task.candidate_group_id.is_not(None))
    .order_by(Task.opened_at, Task.id)
)
_AWAITED = Prepared(
    select(Wait.case_id, Wait.name, Wait.id)
    .where(Wait.case_id == _CASES, Wait.kind == "message", Wait.closed_at.is_(None))
    .order_by(Wait.id)
)
_UNITS = Prepared(select(Unit.id, Unit.key).where(Unit.id == any_(bindparam("units", type_=ARRAY(Uuid)))))
_DEFINITION = OrganisationRecord.payload["definition"].as_string()
_STOPPED = Prepared(
    select(_DEFINITION, OrganisationRecord.kind, OrganisationRecord.at)
    .where(OrganisationRecord.kind.in_(("definition.suspended", "definition.resumed")))
    .where(any_(bindparam("definitions", type_=ARRAY(Text))) == _DEFINITION)
    .where(OrganisationRecord.at > bindparam("since", type_=DateTime(timezone=True)))
    .order_by(OrganisationRecord.seq)
)


class Circumstances:
    """Those of these cases, which have a clock."""

    def __init__(self, uow: UnitOfWork, cases: Sequence[LockedCase]) -> None:
        self.interruptions = Interruptions(uow)
        self._uow = uow
        self._cases = cases

    def work(self, case_id: UUID) -> Sequence[Work]:
        """Returns the open work of a case, the oldest first."""
        return self._work.get((case_id, "step"), ())

    def escalated(self, case_id: UUID) -> bool:
        """Returns whether a supervisor's task of a case is open."""
        return (case_id, ESCALATION) in self._work

    def awaited(self, case_id: UUID, name: str) -> Sequence[UUID]:
        """Returns the tokens of a case that wait for this message."""
        return self._awaited.get((case_id, name), ())

    def unit(self, unit_id: UUID) -> str:
        """Returns the key of the unit of one of the cases."""
        return self._units[unit_id]

    def suspensions(self, definition: str, since: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Returns from when to when a definition was suspended since an instant."""
        stopped = ((key, kind, at) for key, kind, at in self._stopped if key == definition and at > since)
        return events.suspensions(stopped).get(definition, ())

    @cached_property
    def _ids(self) -> list[UUID]:
        return [case.id for case in self._cases]

    @cached_property
    def _work(self) -> dict[tuple[UUID, str], list[Work]]:
        found: dict[tuple[UUID, str], list[Work]] = defaultdict(list)
        for case_id, kind, element, unit in self._uow.rows(_WORK, {"cases": self._ids}):
            found[case_id, kind].append(Work(element, unit))
        return found

    @cached_property
    def _awaited(self) -> dict[tuple[UUID, str], list[UUID]]:
        found: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
        for case_id, name, token in self._uow.rows(_AWAITED, {"cases": self._ids}):
            found[case_id, name].append(token)
        return found

    @cached_property
    def _units(self) -> dict[UUID, str]:
        units = list({case.home.unit_id for case in self._cases})
        return {unit_id: key for unit_id, key in self._uow.rows(_UNITS, {"units": units})}

    @cached_property
    def _stopped(self) -> Sequence[Sequence[Any]]:
        clocks = [case.clock for case in self._cases if case.clock is not None]
        since = min(clock.started_at or clock.filed_at for clock in clocks)
        given = {"definitions": list({case.version.key for case in self._cases}), "since": since}
        return self._uow.rows(_STOPPED, given)
