"""What a supervisor says of a delay that the log doesn't explain: a code, in the log of the case."""

from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from engine import access, cases
from engine.events import Fact
from engine.models import Case, UnitLine
from engine.oversight.timeline.reading import of_case
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Forbidden
from engine.timeline import Delay

DelayReason = Literal[
    "paper_file",
    "staff_absent",
    "workload",
    "informal_inquiry",
    "applicant_contacted",
    "unrecorded_work",
    "wrong_term",
    "other",
]
DELAY_REASONS: tuple[str, ...] = get_args(DelayReason)


def explain_delay(uow: UnitOfWork, case_id: UUID, code: DelayReason, text: str | None = None) -> Delay:
    """Records why a case is late as far as its log doesn't explain it, and returns its delay.

    Only supervisors of the case's unit, or of one above it, do so. Raises NotFound, Forbidden; Conflict if
    the case isn't late, or a tenth at most is unexplained, or it was explained before.
    """
    access.require(uow.actor, "delays.explain")
    case = cases.lock(uow, case_id)
    if not is_led(uow, case_id):
        raise Forbidden("Only a supervisor of the case's unit can explain its delay.")
    cases.require_impartial(uow, case)
    delay = of_case(uow, case_id).timeline.delay
    if delay is None:
        raise Conflict("The case is not late.", code="not-late", case=case.present)
    if not delay.asks_reason:
        detail = "The log explains why the case is late, or somebody has given the reason before."
        raise Conflict(detail, code="delay-explained", case=case.present)
    payload = {"text": text} if text else None
    facts = {"code": code, "ms": delay.unexplained_ms}
    cases.note(uow, case, [Fact("delay.explained", payload=payload, facts=facts)])
    return delay._replace(reason=code, asks_reason=False)


def is_led(uow: UnitOfWork, case_id: UUID) -> bool:
    """Returns whether the actor is a supervisor of the case's unit, or of one above it."""
    line = aliased(UnitLine)
    led = (
        select(line.unit_id)
        .join(Case, Case.unit_id == line.unit_id)
        .where(Case.id == case_id, line.ancestor_id.in_(access.led(uow.actor.role)))
    )
    return uow.connection.execute(led, access.seen_by(uow)).first() is not None
