"""The definitions as their designers see them: current versions, drafts, and findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, cast, func, literal, null, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import aliased

from engine import access, definitions
from engine.access import validity
from engine.bpmn import forms
from engine.identity import names
from engine.models import Definition, DefinitionVersion, Deployment, DeploymentFile, Unit, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.language import Names

PAGE = 50
Standing = Literal["waiting", "current", "disabled", "suspended", "none"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)

_WARNINGS = '$.findings[*] ? (@.severity == "warning")'

_current, _draft = aliased(DefinitionVersion), aliased(DefinitionVersion)
_publisher, _author = aliased(User), aliased(User)
_drafted, _shown = aliased(Deployment), aliased(Deployment)

# The condition on a definition for each status.
_MEANT: dict[Standing, ColumnElement[bool]] = {
    "waiting": _draft.id.is_not(None),
    "current": and_(_current.id.is_not(None), Definition.disabled_at.is_(None), validity.goes_on()),
    "disabled": Definition.disabled_at.is_not(None),
    "suspended": validity.stopped(),
    "none": and_(_current.id.is_(None), _draft.id.is_(None)),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A definition: its current version, the draft that waits to be published, and who made them.

    `own`: whether it belongs to a unit of the actor's. `warnings` are those of the draft, else of the current
    version; files with errors are not deployed.
    """

    key: str
    unit: str
    unit_name: str
    own: bool
    disabled_at: datetime | None
    offered_at: datetime | None
    suspended_at: datetime | None
    name: str
    current: int | None
    published_at: datetime | None
    publisher: Names | None
    draft: int | None
    drafted_at: datetime | None
    author: Names | None
    by_actor: bool | None
    warnings: int | None


@dataclass(frozen=True, slots=True)
class File:
    """A file of a version: its size in bytes, and its SHA-256 in hexadecimal digits."""

    name: str
    size: int
    digest: str


def page(
    uow: UnitOfWork, *, standing: Standing | None = None, after: tuple[bool, str] | None = None
) -> Sequence[Entry]:
    """Returns up to a page of what the actor may see, drafts first, plus one if more follow.

    `after` is the last entry of the previous page: whether it has a draft, and its key.
    """
    found = _entries(uow)
    if standing is not None:
        found = found.where(_MEANT[standing])
    settled = _draft.id.is_(None)
    if after is not None:
        waits, key = after
        found = found.where(tuple_(settled, Definition.key) > tuple_(literal(not waits), literal(key)))
    found = found.order_by(settled, Definition.key).limit(PAGE + 1)
    return [Entry(*row) for row in uow.connection.execute(found, access.seen_by(uow))]


def entry(uow: UnitOfWork, key: str) -> Entry:
    """Returns one entry. Raises NotFound."""
    found = _entries(uow).where(Definition.key == key)
    row = uow.connection.execute(found, access.seen_by(uow)).one_or_none()
    if row is None:
        raise definitions.unknown(key)
    return Entry(*row)


def files(uow: UnitOfWork, version: DefinitionVersion) -> Sequence[File]:
    """Returns the files of a version that the actor may see, as they were uploaded.

    Designers, administrators and auditors see all. Others see its diagram, and the forms of its process that
    hide no field from anybody: files are not cut for roles.
    """
    content = DeploymentFile.content
    found = select(DeploymentFile.name, func.length(content), func.encode(func.sha256(content), "hex"))
    found = found.where(DeploymentFile.deployment_id == version.deployment_id)
    rows = [File(*row) for row in uow.connection.execute(found.order_by(DeploymentFile.name))]
    if _sees_all_files(uow):
        return rows
    shown = _public_files(uow, version)
    return [row for row in rows if row.name in shown]


def file(uow: UnitOfWork, version: DefinitionVersion, name: str) -> bytes:
    """Returns the content of one of the files that the actor may see. Raises NotFound."""
    found = select(DeploymentFile.content).where(
        DeploymentFile.deployment_id == version.deployment_id, DeploymentFile.name == name
    )
    content: bytes | None = uow.connection.execute(found).scalar_one_or_none()
    if content is None or not (_sees_all_files(uow) or name in _public_files(uow, version)):
        raise NotFound(f"The version has no file {name!r}.")
    return content


def _sees_all_files(uow: UnitOfWork) -> bool:
    access.require(uow.actor, "definitions.read")
    return access.allows(uow.actor, "definitions.deploy") or uow.actor.role == access.AUDITOR


def _public_files(uow: UnitOfWork, version: DefinitionVersion) -> set[str]:
    """Returns the names of a version's diagram and of those forms of its process that hide no field."""
    spec = definitions.spec(
        uow.session,
        definitions.Version(version.id, version.key, version.number, version.digest, version.deployment_id),
    )
    used = [spec.start_form, *(element.form for element in spec.elements.values())]
    shown = [form.schema for form in used if form is not None and not forms.for_some(form)]
    schemas = forms.schemas(definitions.source(uow.session, version.deployment_id).files)
    return {version.file, *(name for name, schema in schemas.items() if schema in shown)}


def _entries(uow: UnitOfWork) -> Select[Any]:
    """Selects what is in use or belongs to the actor's units; drafts only for those who may publish them."""
    access.require(uow.actor, "definitions.read")
    own = access.covers(Definition.unit_id)
    drafts = and_(_draft.key == Definition.key, _draft.status == "draft", own)
    if not access.allows(uow.actor, "definitions.publish"):
        drafts = and_(drafts, null().is_not(None))
    warnings = func.jsonb_path_query_array(_shown.report, cast(_WARNINGS, JSONPATH))
    newest = (
        select(DefinitionVersion.name)
        .where(DefinitionVersion.key == Definition.key)
        .order_by(DefinitionVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        Definition.key,
        Unit.key,
        Unit.name,
        own,
        Definition.disabled_at,
        Definition.offered_at,
        Definition.suspended_at,
        func.coalesce(_current.name, _draft.name, newest, Definition.key),
        _current.number,
        _current.published_at,
        names.of(_publisher),
        _draft.number,
        _drafted.deployed_at,
        names.of(_author),
        _drafted.deployed_by == uow.actor.id,
        func.jsonb_array_length(warnings),
    )
    return (
        select(*columns)
        .join(Unit, Unit.id == Definition.unit_id)
        .outerjoin(_current, validity.current(_current))
        .outerjoin(_publisher, _publisher.id == _current.published_by)
        .outerjoin(_draft, drafts)
        .outerjoin(_drafted, _drafted.id == _draft.deployment_id)
        .outerjoin(_author, _author.id == _drafted.deployed_by)
        .outerjoin(_shown, _shown.id == func.coalesce(_draft.deployment_id, _current.deployment_id))
        .where(or_(_current.id.is_not(None), own))
    )
