"""Checks a diagram while it is being drawn: findings, and the names that can be read at an element.

Nothing is stored. It uses only the budget of a request; the check of the saved draft does the rest.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from engine import access, bpmn, definitions
from engine.bpmn import BINDINGS, Finding, Foreign, Name, Unreadable
from engine.connectors import deployment_check
from engine.definitions import uploads
from engine.design.drafts.editing import require_files
from engine.design.drafts.reading import files_of, unknown
from engine.models import ProcessDraft
from engine.organisation import candidate_roles
from engine.platform import budget
from engine.platform.budget import Exhausted, ShortBudget
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound


@dataclass(frozen=True, slots=True)
class Preview:
    """The result of a preview; `complete` is False if it took longer than a request may."""

    findings: tuple[Finding, ...]
    foreign: Mapping[Finding, Foreign]
    names: Mapping[str, tuple[Name, ...]]
    complete: bool


def look(
    uow: UnitOfWork,
    draft_id: UUID,
    name: str,
    content: bytes,
    *,
    operations: deployment_check.Operations = None,
    element: str | None = None,
) -> Preview:
    """Checks a diagram in its present state, among the other files of its draft. Raises NotFound, Invalid.

    With an `element`, returns only the names of that element.
    """
    access.require(uow.actor, "definitions.deploy")
    unit = select(ProcessDraft.unit_id).where(
        ProcessDraft.id == draft_id, access.covers(ProcessDraft.unit_id)
    )
    owner = uow.session.scalars(unit, access.seen_by(uow)).one_or_none()
    if owner is None:
        raise unknown(draft_id)
    files = files_of(uow, draft_id)
    if name not in files:
        raise NotFound(f"The draft has no file {name!r}.")
    require_files({name: content})
    files[name] = content
    known = definitions.currents(uow.session)
    found: tuple[Finding, ...] = ()
    names: Mapping[str, tuple[Name, ...]] = {}
    try:
        with budget.limited(ShortBudget(may_be_long=uploads.is_only_check(uow))):
            looked = bpmn.look(files, name, known, uow.now, element)
            names, found = looked.names, looked.report.findings
            with suppress(Unreadable):  # the report contains it
                here = {one: files[one] for one in (name, BINDINGS) if one in files}
                found += tuple(candidate_roles.findings(uow, here, owner))
                found += tuple(deployment_check.findings(here, operations, draft=True))
    except Exhausted:
        return Preview((), {}, names, complete=False)
    found = tuple(finding for finding in found if finding.file in (name, ""))
    return Preview(found, _foreign(name, content, found), names, complete=looked.whole)


def _foreign(name: str, content: bytes, findings: tuple[Finding, ...]) -> Mapping[Finding, Foreign]:
    try:
        return bpmn.foreigns(name, content, findings)
    except Unreadable:
        return {}
