"""Process drafts as they are shown to those who may deploy in their unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.orm import aliased

from engine import access, bpmn, definitions
from engine.bpmn import Source, is_file_name
from engine.definitions import Version
from engine.identity import names
from engine.models import (
    DefinitionVersion,
    ProcessDraft,
    ProcessDraftCheck,
    ProcessDraftCheckStatus,
    ProcessDraftCheckStep,
    ProcessDraftFile,
    Unit,
    User,
)
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.language import Names

PAGE = 50


@dataclass(frozen=True, slots=True)
class Check:
    """The latest check; `stale`: the draft was saved again since.

    `applies`: it checked what would run now; since then at most scenarios, texts or the name have changed.
    """

    status: ProcessDraftCheckStatus
    step: ProcessDraftCheckStep
    done: int
    total: int
    stale: bool
    applies: bool
    report: Mapping[str, Any] | None
    finished_at: datetime | None

    @property
    def under_way(self) -> bool:
        """Returns whether its result is still pending."""
        return self.status in ("waiting", "running")

    @property
    def errors(self) -> int:
        """Returns how many findings prevent the deployment."""
        found = (self.report or {}).get("findings", ())
        return sum(finding["severity"] == "error" for finding in found)

    @property
    def green(self) -> bool:
        """Returns whether it says that the draft in its present state can be deployed."""
        return self.status == "done" and not self.stale and not self.errors

    @property
    def passed(self) -> bool:
        """Returns whether scenarios have passed on what would run now."""
        ran = bool((self.report or {}).get("scenarios"))
        return self.status == "done" and self.applies and not self.errors and ran

    @property
    def playable(self) -> bool:
        """Returns whether its processes can be played in their present state, even if scenarios fail."""
        return self.applies and bool((self.report or {}).get("playable"))

    @property
    def processes(self) -> Sequence[Mapping[str, Any]]:
        """Returns the processes that it has found, in the order of the files: key, name, file and calls."""
        found: Sequence[Mapping[str, Any]] = (self.report or {}).get("processes", ())
        return found


@dataclass(frozen=True, slots=True)
class File:
    """A file of a draft; its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft in a list; `origin` is the version, by key and number, that it began with or last became.

    `process_revision` last changed what runs; at `tried_revision` a test run has reached an end.
    """

    id: UUID
    name: str
    revision: int
    process_revision: int
    tried_revision: int | None
    unit: str
    unit_name: str
    author: Names
    made_at: datetime
    editor: Names
    updated_at: datetime
    origin: tuple[str, int] | None
    check: Check | None

    @property
    def tried(self) -> bool:
        """Returns whether what would run now was tested: by a completed test run, or by scenarios."""
        passed = self.check is not None and self.check.passed
        return passed or self.tried_revision == self.process_revision


@dataclass(frozen=True, slots=True)
class View:
    """A draft with its files."""

    draft: Listed
    files: tuple[File, ...]


def page(uow: UnitOfWork, after: UUID | None = None) -> Sequence[Listed]:
    """Returns up to a page of the actor's drafts, newest first, plus one if more follow."""
    access.require(uow.actor, "definitions.deploy")
    found = _listed().order_by(ProcessDraft.id.desc()).limit(PAGE + 1)
    if after is not None:
        found = found.where(ProcessDraft.id < after)
    rows = uow.connection.execute(found, access.seen_by(uow)).mappings()
    return [_from(row) for row in rows]


def get(uow: UnitOfWork, draft_id: UUID) -> View:
    """Returns one draft. Raises NotFound."""
    access.require(uow.actor, "definitions.deploy")
    found = _listed().where(ProcessDraft.id == draft_id)
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise unknown(draft_id)
    held = select(ProcessDraftFile.name, func.length(ProcessDraftFile.content))
    held = held.where(ProcessDraftFile.draft_id == draft_id).order_by(ProcessDraftFile.name)
    return View(_from(row), tuple(File(*file) for file in uow.connection.execute(held)))


def file(uow: UnitOfWork, draft_id: UUID, name: str) -> bytes:
    """Returns the content of a file. Raises NotFound."""
    access.require(uow.actor, "definitions.deploy")
    found = (
        select(ProcessDraftFile.content)
        .join(ProcessDraft, ProcessDraft.id == ProcessDraftFile.draft_id)
        .where(
            ProcessDraft.id == draft_id, ProcessDraftFile.name == name, access.covers(ProcessDraft.unit_id)
        )
    )
    known = is_file_name(name)  # other names may contain what the database doesn't accept as text
    content: bytes | None = (
        uow.connection.execute(found, access.seen_by(uow)).scalar_one_or_none() if known else None
    )
    if content is None:
        raise NotFound(f"The draft has no file {name!r}.")
    return content


def files_of(uow: UnitOfWork, draft_id: UUID, process_revision: int | None = None) -> dict[str, bytes]:
    """Returns all files of a draft, by name; none if what runs has changed since this revision."""
    found = select(ProcessDraftFile.name, ProcessDraftFile.content).where(
        ProcessDraftFile.draft_id == draft_id
    )
    if process_revision is not None:
        found = found.join(ProcessDraft).where(ProcessDraft.process_revision == process_revision)
    return {name: content for name, content in uow.connection.execute(found.order_by(ProcessDraftFile.name))}


def source(uow: UnitOfWork, files: Mapping[str, bytes], called: Mapping[str, Version]) -> Source:
    """Returns the executed ones of these files, with the called versions that they do not contain."""
    loaded: dict[UUID, Source] = {}
    bound = {
        key: definitions.source(uow.session, version.deployment_id, loaded) for key, version in called.items()
    }
    return Source(digest(files, called), files, bound)


def digest(files: Mapping[str, bytes], called: Mapping[str, Version]) -> str:
    """Returns the digest of these files."""
    return bpmn.digest(files, {key: version.digest for key, version in called.items()})


def units(uow: UnitOfWork) -> Mapping[str, str]:
    """Returns the units for which the actor may store drafts: names by key."""
    access.require(uow.actor, "definitions.deploy")
    found = select(Unit.key, Unit.name).where(Unit.closed_at.is_(None), access.covers(Unit.id))
    rows = uow.connection.execute(found.order_by(Unit.id).limit(500), access.seen_by(uow))
    return {key: name for key, name in rows}


def unknown(draft_id: UUID) -> NotFound:
    """Returns the refusal for a draft that does not exist, or that this actor may not see."""
    return NotFound(f"The draft {draft_id} does not exist.")


def _listed() -> Select[Any]:
    author, editor = aliased(User), aliased(User)
    check, version = ProcessDraftCheck, DefinitionVersion
    columns: tuple[Any, ...] = (
        ProcessDraft.id,
        ProcessDraft.name,
        ProcessDraft.revision,
        ProcessDraft.process_revision,
        ProcessDraft.tried_revision,
        Unit.key.label("unit"),
        Unit.name.label("unit_name"),
        names.of(author).label("author"),
        ProcessDraft.made_at,
        names.of(editor).label("editor"),
        ProcessDraft.updated_at,
        version.key,
        version.number,
        check.status,
        check.step,
        check.done,
        check.total,
        (check.revision != ProcessDraft.revision).label("stale"),
        (check.revision >= ProcessDraft.process_revision).label("applies"),
        check.report,
        check.finished_at,
    )
    return (
        select(*columns)
        .join(Unit, Unit.id == ProcessDraft.unit_id)
        .join(author, author.id == ProcessDraft.made_by)
        .join(editor, editor.id == ProcessDraft.updated_by)
        .outerjoin(version, version.id == ProcessDraft.version_id)
        .outerjoin(check, check.draft_id == ProcessDraft.id)
        .where(access.covers(ProcessDraft.unit_id))
    )


def _from(row: RowMapping) -> Listed:
    values = dict(row)
    key, number = values.pop("key"), values.pop("number")
    check = {name: values.pop(name) for name in Check.__dataclass_fields__}
    return Listed(
        **values,
        origin=None if key is None else (key, number),
        check=None if check["status"] is None else Check(**check),
    )
