"""What a case awaits from the case of another service: they began with one application.

The service that awaits it has not asked the applicant for it. Nothing is transferred: the office sees where
it will come from, and whether that case has ended without it; then it asks the applicant, by a correction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import case, func, or_, select, true

from engine import access, definitions
from engine.cases import CaseView
from engine.definitions import VERSION, Version
from engine.models import AwaitedOutput, Case, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork, recordset, table
from engine.portal.progress import last_decision

_ROWS = table(AwaitedOutput)
_INSERT = recordset(_ROWS, "awaited_outputs")

OutputState = Literal["pending", "ended", "without", "given"]


@dataclass(frozen=True, slots=True)
class OutputView:
    """A piece of evidence, and the other case: that from which this one awaits it, or to which it is due.

    `name` is written `Persian | English`. `state`: that case runs, has ended, or has ended without it
    (refused or cancelled); `given`: the applicant has given it meanwhile. `id` is None if the actor may not
    see that case.
    """

    awaits: bool
    field: str
    type: str
    name: str
    id: UUID | None
    case_number: str
    service: str
    unit: str
    ended_at: datetime | None
    state: OutputState


def note(uow: UnitOfWork, rows: Sequence[tuple[UUID, str, str, str, UUID]]) -> None:
    """Has it recorded, when the command ends, what cases await: case, field, type, name, producing case."""
    names = [column.name for column in _ROWS.c]
    if rows:
        uow.write(_INSERT, {"awaited_outputs": [dict(zip(names, row, strict=True)) for row in rows]})


def of_case(uow: UnitOfWork, own: CaseView) -> Sequence[OutputView]:
    """Returns what a case that the actor may see awaits, and what others await from it, by case number.

    No statement unless there is something.
    """
    if not own.linked:
        return ()
    awaits = _ROWS.c.case_id == own.id
    other = case((awaits, _ROWS.c.producer_id), else_=_ROWS.c.case_id)
    visible = func.coalesce(access.visible_cases(uow.actor.role), False)
    last = last_decision()
    found = (
        select(awaits, _ROWS.c.field, _ROWS.c.type, _ROWS.c.name)
        .add_columns(case((visible, Case.id)), Case.number, DefinitionVersion.name, Unit.name)
        .add_columns(Case.ended_at, Case.status, Case.outcome, last.c.outcome, last.c.element, *VERSION)
        .join(Case, Case.id == other)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.unit_id)
        .outerjoin(last, true())
        .where(or_(awaits, _ROWS.c.producer_id == own.id))
        .order_by(Case.number, _ROWS.c.field)
    )
    return [_view(uow, own, row) for row in uow.connection.execute(found, access.seen_by(uow))]


def _view(uow: UnitOfWork, own: CaseView, row: Any) -> OutputView:
    *shown, status, outcome, decided, element = row[: -len(VERSION)]
    given = shown[0] and own.data.get(shown[1]) is not None
    state: OutputState = "given" if given else "pending"
    if not given and status in ("completed", "cancelled"):
        spec = definitions.spec(uow.session, Version(*row[-len(VERSION) :]))
        effect = spec.effect_of(decided, element) if decided is not None else spec.effect_of(outcome)
        state = "without" if status == "cancelled" or effect == "refuses" else "ended"
    return OutputView(*(*shown, state))
