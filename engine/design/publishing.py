"""A version after its deployment: publishing a draft, retiring, and who may start cases of it.

Running cases retain their version, whatever its status.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from engine import access, cases, definitions
from engine.access import validity
from engine.bpmn import Spec
from engine.connectors import deployment_check
from engine.definitions import VERSION, Version, toml_files
from engine.identity import second_person
from engine.identity.names import of as names_of
from engine.models import (
    Definition,
    DefinitionVersion,
    Deployment,
    OrganisationKind,
    Unit,
    User,
    VersionStatus,
)
from engine.organisation import candidate_roles
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound, Rejected
from engine.platform.language import Names

# A version's revision: its status changes only in this order.
REVISIONS: dict[VersionStatus, int] = {"draft": 1, "published": 2, "retired": 3}


@dataclass(frozen=True, slots=True)
class Record:
    """A version with the people who made it and changed its status: by their accounts and display names."""

    version: DefinitionVersion
    author: str
    author_name: Names
    deployed_at: datetime
    publisher: str | None
    publisher_name: Names | None
    retirer: str | None
    retirer_name: Names | None


# The entry in the administration log when one of these is set or removed.
_MARKED: Mapping[tuple[str, bool], OrganisationKind] = {
    ("disabled", True): "definition.disabled",
    ("disabled", False): "definition.enabled",
    ("offered", True): "definition.offered",
    ("offered", False): "definition.withdrawn",
}


def drafts(uow: UnitOfWork) -> list[DefinitionVersion]:
    """Returns the draft of every definition that has one, by key, for those who may publish it."""
    access.require(uow.actor, "definitions.publish")
    found = select(DefinitionVersion).where(DefinitionVersion.status == "draft", definitions.own())
    return list(uow.session.scalars(found.order_by(DefinitionVersion.key), access.seen_by(uow)))


def history(uow: UnitOfWork, key: str) -> list[Record]:
    """Returns all versions of a definition with their people, newest first. Raises NotFound."""
    access.require_one(uow.actor, "administration_log.read", "definitions.publish")
    definitions.require_own(uow, key)
    author, publisher, retirer = aliased(User), aliased(User), aliased(User)
    found = (
        select(DefinitionVersion, author.name, names_of(author), Deployment.deployed_at)
        .add_columns(publisher.name, names_of(publisher), retirer.name, names_of(retirer))
        .join(Deployment, DefinitionVersion.deployment_id == Deployment.id)
        .join(author, Deployment.deployed_by == author.id)
        .outerjoin(publisher, DefinitionVersion.published_by == publisher.id)
        .outerjoin(retirer, DefinitionVersion.retired_by == retirer.id)
        .where(DefinitionVersion.key == key)
        .order_by(DefinitionVersion.number.desc())
    )
    records = [Record(*row) for row in uow.session.execute(found)]
    if not records:
        raise NotFound(f"The definition {key!r} does not exist.")
    return records


def managed(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the definitions of the actor's units, by key, with their suspension; a page of 500."""
    access.require(uow.actor, "definitions.publish")
    current, newest = aliased(DefinitionVersion), func.max(DefinitionVersion.number).label("newest")
    name = func.coalesce(current.name, func.max(DefinitionVersion.name)).label("name")
    found = (
        select(
            *(Definition.key, name, current.number.label("current"), newest, Unit.name.label("unit")),
            *(Definition.suspended_at, Definition.disabled_at, Definition.offered_at),
        )
        .join(DefinitionVersion, DefinitionVersion.key == Definition.key)
        .join(Unit, Unit.id == Definition.unit_id)
        .outerjoin(current, validity.current(current))
        .where(access.covers(Definition.unit_id))
        .group_by(Definition.key, current.id, Unit.id)
        .order_by(Definition.key)
        .limit(500)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def names(uow: UnitOfWork, keys: Collection[str]) -> Mapping[str, str]:
    """Returns the names of the processes with these keys in their newest version."""
    access.require(uow.actor, "definitions.read")
    version = DefinitionVersion
    found = select(version.key, version.name).where(version.key.in_(set(keys))).ext(distinct_on(version.key))
    rows = uow.connection.execute(found.order_by(version.key, version.number.desc()))
    return {key: name for key, name in rows}


def publish(
    uow: UnitOfWork,
    key: str,
    number: int,
    *,
    publishing: Publishing,
    revisions: Collection[int] | None = None,
    operations: deployment_check.Operations = None,
) -> None:
    """Publishes a draft: new cases use it from now on.

    Raises OwnWork for its author where another person is required, PersonUnknown where that cannot be
    determined, Conflict if it is no draft or calls a version that was retired meanwhile, Rejected if it names
    units that no longer exist, or connectors that the installation does not have: `operations` are those that
    it has.
    """
    access.require(uow.actor, "definitions.publish")
    row, calls = _hold(uow, key, number, revisions)
    if row.status != "draft":
        raise Conflict(f"The version is already {row.status}.", code="not-a-draft", version=_state(row))
    if publishing == "four-eyes":
        _require_other(uow, row)
    _require_calls(uow, calls, row)
    _require_surroundings(uow, row, operations)
    definitions.publish(uow, row, _current(uow, key), _spec(uow, row))


def _require_other(uow: UnitOfWork, row: DefinitionVersion) -> None:
    """Raises OwnWork for the author of a version, PersonUnknown: as `second_person.require_other` does."""
    author = select(Deployment.deployed_by).where(Deployment.id == row.deployment_id)
    own = "The author of a version can't publish it. Ask another person."
    second_person.require_other(uow, uow.session.scalars(author).one(), own)


def retire(uow: UnitOfWork, key: str, number: int, *, revisions: Collection[int] | None = None) -> None:
    """Retires a version: new cases use the newest one that is still published. A draft is withdrawn.

    Raises Conflict if it is retired already.
    """
    access.require(uow.actor, "definitions.publish")
    row, _ = _hold(uow, key, number, revisions)
    if row.status == "retired":
        raise Conflict("The version is already retired.", code="retired", version=_state(row))
    current = _current(uow, key)
    row.status, row.retired_at, row.retired_by = "retired", uow.now, uow.actor.id
    uow.session.flush()
    number_now = None if current is None else current.number
    if current is not None and current.id == row.id:
        before = select(DefinitionVersion).where(
            DefinitionVersion.key == key, DefinitionVersion.status == "published"
        )
        next_one = uow.session.scalars(before.order_by(DefinitionVersion.number.desc()).limit(1)).first()
        target = None if next_one is None else (next_one.id, _spec(uow, next_one))
        definitions.make_current(uow, key, current, target)
        number_now = None if next_one is None else next_one.number
    definitions.note(uow, "definition.retired", key, version=number, current=number_now)


def enable(uow: UnitOfWork, key: str) -> None:
    """Enables a definition: portals and applicants can start cases of it again. Repeating changes nothing."""
    _mark(uow, key, "disabled", on=False)


def disable(uow: UnitOfWork, key: str) -> None:
    """Disables a definition: portals and applicants can't start cases of it; running cases continue.

    Repeating changes nothing.
    """
    _mark(uow, key, "disabled", on=True)


def offer(uow: UnitOfWork, key: str) -> None:
    """Adds a definition to the public catalogue: applicants' own accounts can start cases of it.

    Doing it twice changes nothing.
    """
    _mark(uow, key, "offered", on=True)


def withdraw(uow: UnitOfWork, key: str) -> None:
    """Removes a definition from the catalogue: officials and portals still start cases of it by its key.

    Doing it twice changes nothing.
    """
    _mark(uow, key, "offered", on=False)


def _mark(uow: UnitOfWork, key: str, name: Literal["disabled", "offered"], *, on: bool) -> None:
    access.require(uow.actor, "definitions.publish")
    definitions.require_own(uow, key)
    since = getattr(Definition, f"{name}_at")
    changed = update(Definition).where(Definition.key == key, since.is_(None) if on else since.is_not(None))
    values = {f"{name}_at": uow.now if on else None, f"{name}_by": uow.actor.id if on else None}
    if uow.session.execute(changed.values(values).returning(Definition.key)).first() is not None:
        definitions.note(uow, _MARKED[name, on], key)


def _hold(
    uow: UnitOfWork, key: str, number: int, revisions: Collection[int] | None
) -> tuple[DefinitionVersion, dict[str, str]]:
    """Locks a version with its definition and the versions that it is bound to.

    Returns it with these bindings.

    A second command sees the result of the first. Raises NotFound, Stale.
    """
    definitions.require_own(uow, key)
    found = definitions.version(uow, key, number)
    bound = select(Deployment.calls).where(Deployment.id == found.deployment_id)
    calls = uow.session.scalars(bound).one()
    definitions.hold(uow.session, {key, *calls})
    uow.session.refresh(found)
    cases.require_revision(REVISIONS[found.status], revisions)
    return found, calls


def _require_calls(uow: UnitOfWork, calls: dict[str, str], row: DefinitionVersion) -> None:
    places = [(key, UUID(deployment)) for key, deployment in calls.items()]
    version = DefinitionVersion
    retired = select(version.key).where(
        tuple_(version.key, version.deployment_id).in_(places), version.status != "published"
    )
    gone = sorted(uow.session.scalars(retired)) if places else []
    if gone:
        raise Conflict(
            f"It calls {', '.join(map(repr, gone))} in a retired version. Deploy it again.",
            code="calls-retired",
            version=_state(row),
        )


def _require_surroundings(
    uow: UnitOfWork, row: DefinitionVersion, operations: deployment_check.Operations
) -> None:
    """Raises Rejected if tasks name units or connectors that do not exist (any more)."""
    owner = uow.session.scalars(select(Definition.unit_id).where(Definition.key == row.key)).one()
    files = definitions.source(uow.session, row.deployment_id).files
    found = [
        *candidate_roles.findings(uow, files, owner),
        *deployment_check.findings(files, operations, draft=False),
        *toml_files.call_findings(files, operations, draft=False),
    ]
    if any(finding.severity == "error" for finding in found):
        raise Rejected("The version can't be published. Fix the errors in the report.", found)


def _current(uow: UnitOfWork, key: str) -> Version | None:
    found = select(*VERSION).join(Definition, validity.current())
    row = uow.session.execute(found.where(Definition.key == key)).one_or_none()
    return None if row is None else Version(*row)


def _spec(uow: UnitOfWork, row: DefinitionVersion) -> Spec:
    return definitions.spec(uow.session, Version(row.id, row.key, row.number, row.digest, row.deployment_id))


def _state(row: DefinitionVersion) -> dict[str, object]:
    return {"key": row.key, "number": row.number, "status": row.status}
