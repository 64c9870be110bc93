"""Incidents: elements that failed and wait for a person to let them try again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from engine import access, bpmn, cases, definitions
from engine.db import UnitOfWork
from engine.errors import Conflict, NotFound
from engine.events import Fact
from engine.models import Case, DefinitionVersion, Incident

_COLUMNS = (
    Incident.id,
    Incident.case_id.label("case"),
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
    Incident.element,
    Incident.name,
    Incident.code,
    Incident.message,
    Incident.line,
    Incident.status,
    Incident.opened_at,
    Incident.resolved_at,
)


def page(
    uow: UnitOfWork, *, status: str | None = None, case: UUID | None = None, after: UUID | None = None
) -> Sequence[RowMapping]:
    """Up to a page of incidents, the oldest first, after the one named; one more if more follow."""
    access.require(uow.actor, "incidents.read")
    filters = [
        column == value
        for column, value in ((Incident.status, status), (Incident.case_id, case))
        if value is not None
    ]
    if after is not None:
        filters.append(Incident.id > after)
    statement = (
        select(*_COLUMNS)
        .join(Case, Incident.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(access.visible_cases(uow.actor.role), *filters)
        .order_by(Incident.id)
        .limit(cases.PAGE + 1)
    )
    return uow.connection.execute(statement, {"viewer": uow.actor.id}).mappings().all()


def retry(uow: UnitOfWork, incident_id: UUID) -> cases.CaseView:
    """Let the failed element try again. If it fails once more, a new incident stands in place of this one."""
    access.require(uow.actor, "incidents.retry")
    row = uow.connection.execute(
        select(*cases.LOCKING, Incident.element, Incident.token_id, Incident.status.label("incident_status"))
        .select_from(Case)
        .join(Incident, Incident.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .where(Incident.id == incident_id, access.visible_cases(uow.actor.role))
        .with_for_update(of=(Case, Incident)),
        {"viewer": uow.actor.id},
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.")
    if row.incident_status != "open":
        raise Conflict(
            "The incident is resolved.", incident={"id": incident_id, "status": row.incident_status}
        )
    case = cases.locked(row)
    state = cases.require_active(case)
    step = bpmn.retry(definitions.spec(uow.session, case.version), state, row.token_id, uow.now)
    uow.connection.execute(
        update(Incident).where(Incident.id == incident_id).values(status="resolved", resolved_at=uow.now)
    )
    cases.apply(uow, case, step, [Fact("incident.retried", row.element, payload={"incident": incident_id})])
    return cases.get(uow, case.id)
