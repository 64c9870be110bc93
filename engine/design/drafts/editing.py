"""Creates, changes and deploys drafts. Two users who save at once do not overwrite each other's changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import delete as deletion
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access, bpmn, definitions
from engine.bpmn import MAX_FILE, MAX_FILES, Unreadable, is_file_name
from engine.connectors import deployment_check
from engine.definitions import Deployed, uploads
from engine.definitions.scenarios import SUFFIX
from engine.design.drafts.reading import file, files_of, get, unknown
from engine.identity import names
from engine.models import ProcessDraft, ProcessDraftFile, User
from engine.organisation import units
from engine.platform import persian
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, Stale
from engine.platform.ids import uuid7

MAX_TITLE = 200
NOT_RUN = (SUFFIX, ".toml", ".md")  # files that do not affect execution
_MIB = MAX_FILE >> 20


@dataclass(frozen=True, slots=True)
class ForeignPlace:
    """The place of another engine's extension: its file, element and name."""

    file: str
    element: str
    attribute: str


def create(
    uow: UnitOfWork, name: str, files: Mapping[str, bytes], *, unit: str, version_id: UUID | None = None
) -> UUID:
    """Creates a draft of the unit with this key. Raises Invalid."""
    access.require(uow.actor, "definitions.deploy")
    _require_title(name)
    require_files(files)
    owner = units.covered(uow, unit)
    draft = ProcessDraft(
        id=uuid7(),
        unit_id=owner.id,
        name=name.strip(),
        revision=1,
        process_revision=1,
        tried_revision=None,
        version_id=version_id,
        made_by=uow.actor.id,
        made_at=uow.now,
        updated_by=uow.actor.id,
        updated_at=uow.now,
    )
    uow.session.add(draft)
    uow.session.flush()
    _put(uow, draft.id, files)
    return draft.id


def from_version(uow: UnitOfWork, key: str, number: int, *, unit: str) -> UUID:
    """Creates a draft of the unit with this key from the files of a version.

    Raises NotFound, Invalid.
    """
    version = definitions.version(uow, key, number)
    files = definitions.source(uow.session, version.deployment_id).files
    name = " ".join(version.name.split())[:MAX_TITLE]
    return create(uow, name, files, unit=unit, version_id=version.id)


def rename(uow: UnitOfWork, draft_id: UUID, name: str, *, revision: int) -> None:
    """Renames a draft. Raises NotFound, Stale, Invalid."""
    _require_title(name)
    _hold(uow, draft_id, revision).name = name.strip()
    _saved(uow, draft_id)


def save(uow: UnitOfWork, draft_id: UUID, changes: Mapping[str, bytes | None], *, revision: int) -> int:
    """Stores files in a draft and replaces those of the same name; None removes one.

    Returns the new revision.

    Raises NotFound, Stale if the draft was saved since, Invalid.
    """
    _hold(uow, draft_id, revision)
    put = {name: content for name, content in changes.items() if content is not None}
    require_files(put)
    gone = [name for name in changes.keys() - put.keys() if is_file_name(name)]
    uow.session.execute(
        deletion(ProcessDraftFile).where(
            ProcessDraftFile.draft_id == draft_id, ProcessDraftFile.name.in_(gone)
        )
    )
    _put(uow, draft_id, put)
    many = select(func.count()).where(ProcessDraftFile.draft_id == draft_id)
    require_number(uow.session.scalars(many).one())
    return _saved(uow, draft_id, runs=not all(name.endswith(NOT_RUN) for name in changes))


def add_scenario(uow: UnitOfWork, draft_id: UUID, stem: str, content: bytes, *, process_revision: int) -> str:
    """Stores a scenario recorded from what the draft ran at this revision. Returns the name of its file.

    The name begins with `stem` and is new; an existing file with the same content is used instead. Raises
    NotFound, Conflict if what runs has changed since, Invalid if the draft is full.
    """
    draft = _hold(uow, draft_id, None)
    if draft.process_revision != process_revision:
        raise Conflict("The draft has changed since this test run.", test_run="changed")
    there = files_of(uow, draft_id)
    same = [name for name, held in there.items() if name.endswith(SUFFIX) and held == content]
    if same:
        return same[0]
    taken = {name.casefold() for name in there}
    numbered = (f"{stem}-{number}{SUFFIX}" if number > 1 else stem + SUFFIX for number in count(1))
    name = next(name for name in numbered if name.casefold() not in taken)
    save(uow, draft_id, {name: content}, revision=draft.revision)
    return name


def note_tried(uow: UnitOfWork, draft_id: UUID, process_revision: int) -> None:
    """Records that a test run has reached an end, if what runs has not changed since this revision."""
    tried = update(ProcessDraft).where(
        ProcessDraft.id == draft_id, ProcessDraft.process_revision == process_revision
    )
    uow.session.execute(tried.values(tried_revision=process_revision))


def remove_foreign(
    uow: UnitOfWork, draft_id: UUID, place: ForeignPlace, *, revision: int, translate: bool = False
) -> int:
    """Removes another engine's extension from a diagram, or replaces it by ours. Returns the new revision.

    Raises NotFound, Stale if the draft was saved since, Invalid if the diagram doesn't have it.
    """
    _hold(uow, draft_id, revision)
    content = file(uow, draft_id, place.file)
    change = bpmn.translated if translate else bpmn.without
    try:
        changed = change(place.file, content, place.element, place.attribute)
    except (bpmn.Gone, Unreadable) as error:
        fault = Fault(f"/files/{place.file}", "doesn't have this any more", "foreign-gone")
        raise Invalid("The diagram no longer contains this element.", [fault]) from error
    return save(uow, draft_id, {place.file: changed}, revision=revision)


def delete(uow: UnitOfWork, draft_id: UUID, *, revision: int) -> None:
    """Deletes a draft. Raises NotFound, Stale."""
    _hold(uow, draft_id, revision)
    uow.session.flush()
    uow.session.execute(deletion(ProcessDraft).where(ProcessDraft.id == draft_id))


def deploy(
    uow: UnitOfWork,
    draft_id: UUID,
    *,
    revision: int,
    publishing: Publishing,
    operations: deployment_check.Operations = None,
) -> Deployed | UUID:
    """Deploys a draft as it is; it remains, linked to the version that it has become.

    If its check takes longer, a worker does it: then returns the id of the upload. Raises NotFound, Stale,
    Conflict if what it would run was never tested, and what a deployment raises.
    """
    draft = _hold(uow, draft_id, revision)
    if not get(uow, draft_id).draft.tried:
        raise Conflict(
            "Test this draft before you publish it: finish a test run, or make sure that its scenarios pass.",
            code="not-tried",
        )
    files, owner = files_of(uow, draft_id), units.key_of(uow, draft.unit_id)
    done = uploads.submit(
        uow, files, publishing=publishing, unit=owner, draft_id=draft_id, operations=operations
    )
    uow.session.flush()
    if isinstance(done, Deployed):
        uploads.note_version(uow, draft_id, done)
    return done


def _hold(uow: UnitOfWork, draft_id: UUID, revision: int | None) -> ProcessDraft:
    """Locks a draft in the revision that its editor has seen (None: any).

    Raises NotFound, Stale.
    """
    access.require(uow.actor, "definitions.deploy")
    found = (
        select(ProcessDraft)
        .where(ProcessDraft.id == draft_id, access.covers(ProcessDraft.unit_id))
        .with_for_update(of=ProcessDraft)
    )
    draft = uow.session.scalars(found, access.seen_by(uow)).one_or_none()
    if draft is None:
        raise unknown(draft_id)
    if revision is not None and draft.revision != revision:
        editor = uow.session.get_one(User, draft.updated_by)
        raise Stale(
            f"{editor.name} has saved the draft in the meantime. Reload it.",
            revision=draft.revision,
            editor=names.display_names(editor.name, editor.full_name_fa, editor.full_name_en),
            updated_at=draft.updated_at,
        )
    return draft


def _saved(uow: UnitOfWork, draft_id: UUID, *, runs: bool = False) -> int:
    """Increments the revision; `runs`: the change affects execution. Returns the new revision."""
    uow.session.flush()
    changed = update(ProcessDraft).where(ProcessDraft.id == draft_id).returning(ProcessDraft.revision)
    values: dict[str, Any] = {
        "revision": ProcessDraft.revision + 1,
        "updated_by": uow.actor.id,
        "updated_at": uow.now,
    }
    if runs:
        values["process_revision"] = ProcessDraft.revision + 1
    return uow.session.scalars(changed.values(values)).one()


def _put(uow: UnitOfWork, draft_id: UUID, files: Mapping[str, bytes]) -> None:
    rows = [{"draft_id": draft_id, "name": name, "content": content} for name, content in files.items()]
    if rows:
        new = upsert(ProcessDraftFile)
        replaced = new.on_conflict_do_update(
            index_elements=["draft_id", "name"], set_={"content": new.excluded.content}
        )
        uow.connection.execute(replaced, rows)


def _require_title(name: str) -> None:
    if not name.strip() or len(name) > MAX_TITLE or not all(map(persian.printable, name)):
        raise Invalid(
            "The draft needs a name.", [Fault("/name", "is empty, too long or not printable", "name")]
        )


def require_files(files: Mapping[str, bytes]) -> None:
    """Raises Invalid for files that a draft can't have."""
    require_number(len(files))
    faults = [
        Fault(f"/files/{name[:80]}", "is no name of a file", "file-name")
        for name in files
        if not is_file_name(name)
    ]
    faults += [
        Fault(f"/files/{name}", f"is larger than {_MIB} MiB", "file-too-large", {"count": _MIB})
        for name, content in files.items()
        if len(content) > MAX_FILE
    ]
    if faults:
        raise Invalid("Some of the files can't be saved.", faults)


def require_number(count: int) -> None:
    """Raises Invalid for more files than a draft can have."""
    if count > MAX_FILES:
        fault = Fault("/files", f"{MAX_FILES} at most", "too-many-files", {"count": MAX_FILES})
        raise Invalid(f"A draft can have at most {MAX_FILES} files.", [fault])
