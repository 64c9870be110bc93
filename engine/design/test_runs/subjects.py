"""The subject of a test run or a preview: a process of a version, or of a draft in its present state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import access, bpmn, definitions
from engine.bpmn import Marks, Spec
from engine.definitions import Version
from engine.definitions.scenarios import SUFFIX
from engine.design import diagrams, drafts
from engine.models import DefinitionVersion, DeploymentFile
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class OfVersion:
    """A version of a definition."""

    key: str
    number: int


@dataclass(frozen=True, slots=True)
class OfDraft:
    """A process of a draft, at whatever revision."""

    draft_id: UUID
    process: str


Where = OfVersion | OfDraft


@dataclass(frozen=True, slots=True)
class Subject:
    """A process that can be played. `digest` covers all files that it runs with, `file` contains its diagram.

    For a draft with this `title`, `files` are all that it has at `process_revision`, and `others` its other
    processes, each with key and name.
    """

    where: Where
    name: str
    file: str
    digest: str
    spec: Spec
    version: DefinitionVersion | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    process_revision: int | None = None
    title: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Returns the key of the process."""
        return self.spec.key


def find(uow: UnitOfWork, where: Where) -> Subject:
    """Returns a version or a draft for a person who may test it.

    Raises NotFound, Forbidden, and Conflict for a draft whose processes can't be played (yet).
    """
    access.require(uow.actor, "definitions.publish")
    return _version(uow, where) if isinstance(where, OfVersion) else _draft(uow, where)


def content(uow: UnitOfWork, subject: Subject) -> bytes:
    """Returns the file with the process's diagram."""
    if subject.version is not None:
        return definitions.bpmn_file(uow, subject.version)
    return subject.files[subject.file]


def scenario_files(uow: UnitOfWork, subject: Subject) -> dict[str, bytes]:
    """Returns the files with scenarios."""
    if subject.version is None:
        return {name: held for name, held in subject.files.items() if name.endswith(SUFFIX)}
    deployed = DeploymentFile.deployment_id == subject.version.deployment_id
    found = select(DeploymentFile.name, DeploymentFile.content).where(
        deployed, DeploymentFile.name.endswith(SUFFIX)
    )
    return {name: held for name, held in uow.session.execute(found)}


def places(uow: UnitOfWork, subject: Subject) -> dict[str, str]:
    """Returns the ids of the diagram's shapes for its elements and flows."""
    names = [*subject.spec.elements, *subject.spec.flows]
    return diagrams.places(content(uow, subject), subject.key, names)


def picture(uow: UnitOfWork, subject: Subject, language: str, marks: Marks) -> bytes:
    """Returns its diagram as SVG, with marks."""
    return diagrams.marked(content(uow, subject), subject.key, language, marks)


def placed(uow: UnitOfWork, subject: Subject) -> bytes:
    """Returns its file for drawing tools, laid out if it has no positions."""
    return bpmn.placed(subject.file, content(uow, subject), subject.key)


def _version(uow: UnitOfWork, where: OfVersion) -> Subject:
    row = definitions.version(uow, where.key, where.number)
    one = Version(row.id, row.key, row.number, row.digest, row.deployment_id)
    return Subject(where, row.name, row.file, row.digest, definitions.spec(uow.session, one), row)


def _draft(uow: UnitOfWork, where: OfDraft) -> Subject:
    draft = drafts.get(uow, where.draft_id).draft
    known = _processes(draft)
    if where.process not in known:
        raise NotFound(f"The draft has no process {where.process!r}.")
    files = drafts.files_of(uow, where.draft_id, draft.process_revision)
    if not files:
        raise _unready(None)  # it is being saved at this moment
    called = {key for one in known.values() for key in one["calls"]} - known.keys()
    versions = definitions.currents(uow.session) if called else {}
    if not called <= versions.keys():
        raise Conflict("This draft calls a process that is no longer in use.", test_run="calls")
    bound = {key: versions[key] for key in called}
    digest, own = drafts.digest(files, bound), known[where.process]
    try:
        spec = bpmn.cached(digest, where.process, lambda: drafts.source(uow, files, bound))
    except bpmn.Unbuildable as error:
        raise Conflict("The draft can't be tested. Fix its errors first.", test_run="errors") from error
    return Subject(
        where, own["name"], own["file"], digest, spec, None, files, draft.process_revision, draft.name,
        tuple((key, one["name"]) for key, one in known.items() if key != where.process),
    )  # fmt: skip


def main_process(uow: UnitOfWork, draft_id: UUID) -> OfDraft:
    """Returns the main process of a draft: the first that no other one calls.

    Raises NotFound, Forbidden, and Conflict for a draft whose processes can't be played (yet).
    """
    access.require(uow.actor, "definitions.publish")
    known = _processes(drafts.get(uow, draft_id).draft)
    called = {key for one in known.values() for key in one["calls"]}
    return OfDraft(draft_id, next((key for key in known if key not in called), next(iter(known))))


def _processes(draft: drafts.Listed) -> Mapping[str, Mapping[str, Any]]:
    """Returns the processes of a draft by key. Raises Conflict if they can't be played."""
    if draft.check is None or not draft.check.playable:
        raise _unready(draft.check)
    return {one["key"]: one for one in draft.check.processes}


def _unready(check: drafts.Check | None) -> Conflict:
    """Returns the refusal for a draft that can't be played, with its code."""
    if check is not None and check.under_way:
        return Conflict("The draft is being checked. Try again in a few seconds.", test_run="checking")
    if check is None or not check.applies or check.status == "failed":
        return Conflict("The draft has changed since its last check. Check it again.", test_run="unchecked")
    return Conflict("The draft has errors. Fix them first.", test_run="errors")
