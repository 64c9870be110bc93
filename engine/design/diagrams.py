"""Pictures of versions with findings, differences or running cases, and of single cases."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union

from engine import access, bpmn, cases, definitions
from engine.bpmn import ChangeMark, Finding, TokenMark
from engine.models import Call, Case, DefinitionVersion, Event, Incident, Task, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Rejected
from engine.platform.language import Reader, preferred
from engine.platform.messages import messages
from engine.platform.messages.findings import readable

_CHANGES: dict[str, ChangeMark] = {"step-added": "added", "step-removed": "removed"}
_PASSED = ("element.passed", "task.completed", "incident.skipped")


def of_version(uow: UnitOfWork, key: str, number: int, language: str, *, findings: bool) -> bytes:
    """Returns a version as SVG, optionally with the findings of its deployment. Raises NotFound."""
    version = definitions.version(uow, key, number)
    found: Iterable[Any] = ()
    if findings:
        found = definitions.report(uow, version.deployment_id)["findings"]
    texts = messages(Reader.of(preferred([(language, 1)])))
    shown = [Finding(**readable(item, texts)) for item in found if item["file"] == version.file]
    return _drawn(uow, version, language, bpmn.Marks(findings=shown))


def of_changes(uow: UnitOfWork, key: str, number: int, against: int, language: str) -> bytes:
    """Returns a version as SVG, with its differences from another one. The older one shows what was removed.

    Raises NotFound.
    """
    version = definitions.version(uow, key, number)
    found = definitions.differences(uow, key, max(number, against), min(number, against))
    changes: dict[str, ChangeMark] = {}
    for item in found:
        if item.element is not None:
            place = item.element if item.process == key else f"{item.process}/{item.element}"
            changes.setdefault(place, _CHANGES.get(item.code, "changed"))
    return _drawn(uow, version, language, bpmn.Marks(changes=changes))


def of_running(uow: UnitOfWork, key: str, number: int, language: str) -> bytes:
    """Returns a version as SVG with the number of running cases, visible to the actor, at each element.

    The more cases, the stronger the colour. Raises NotFound, Forbidden.
    """
    access.require(uow.actor, "cases.read")
    version = definitions.version(uow, key, number)
    standing = union(
        select(Task.element, Task.case_id).where(Task.status == "open"),
        select(Wait.element, Wait.case_id).where(Wait.closed_at.is_(None), Wait.case_id.is_not(None)),
        select(Call.element, Call.case_id).where(Call.status == "open"),
        select(Incident.element, Incident.case_id).where(Incident.status == "open"),
    ).subquery()
    found = (
        select(standing.c.element, func.count())
        .join(Case, Case.id == standing.c.case_id)
        .where(Case.version_id == version.id, Case.state.is_not(None), access.visible_cases(uow.actor.role))
        .group_by(standing.c.element)
    )
    rows = uow.connection.execute(found, access.seen_by(uow))
    counts = {element: count for element, count in rows}
    most = max(counts.values(), default=1)
    heat = {element: count / most for element, count in counts.items()}
    return _drawn(uow, version, language, bpmn.Marks(counts=counts, heat=heat))


def of_figures(uow: UnitOfWork, key: str, number: int, language: str, marks: bpmn.Marks) -> bytes:
    """Returns a version as SVG with figures of its elements, as marks of the caller. Raises NotFound."""
    return _drawn(uow, definitions.version(uow, key, number), language, marks)


def of_case(uow: UnitOfWork, case_id: UUID, language: str) -> bytes:
    """Returns a case's version as SVG: its open tasks, waits and incidents, and its passed elements.

    Raises NotFound for cases that the actor may not see, and PurposeMissing for an auditor without one.
    """
    access.require_purpose(uow.actor)
    case = cases.get(uow, case_id)
    version = definitions.version(uow, case.key, case.version)
    tokens: list[tuple[str, TokenMark]] = [(row["element"], "task") for row in case.tasks]
    tokens += [(row["element"], "incident") for row in case.incidents if row["element"]]
    waiting = select(Wait.element).where(Wait.case_id == case_id, Wait.closed_at.is_(None))
    called = select(Call.element).where(Call.case_id == case_id, Call.status == "open")
    tokens += [(element, "wait") for element in uow.session.scalars(waiting.union_all(called))]
    passed = select(Event.element).where(Event.case_id == case_id, Event.kind.in_(_PASSED)).distinct()
    marks = bpmn.Marks(tokens=tokens, passed=[name for name in uow.session.scalars(passed) if name])
    return _drawn(uow, version, language, marks)


def places(content: bytes, key: str, names: Iterable[str]) -> dict[str, str]:
    """Returns the ids of the diagram's shapes for these elements and flows; some have none.

    Raises Rejected.
    """
    try:
        return bpmn.places(content, key, names)
    except bpmn.Undrawable as failure:
        raise Rejected("The diagram can't be drawn.", [failure.finding]) from failure


def marked(content: bytes, key: str, language: str, marks: bpmn.Marks) -> bytes:
    """Returns a process as SVG, with marks from the caller. Raises Rejected."""
    try:
        return bpmn.picture(content, key, language=language, marks=marks)
    except bpmn.Undrawable as failure:
        raise Rejected("The diagram can't be drawn.", [failure.finding]) from failure


def _drawn(uow: UnitOfWork, version: DefinitionVersion, language: str, marks: bpmn.Marks) -> bytes:
    return marked(definitions.bpmn_file(uow, version), version.key, language, marks)
