"""Stores a test run as a scenario: in its draft, or in a draft made from its version."""

import re
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from engine import access, definitions
from engine.definitions import scenarios
from engine.design import drafts
from engine.design.drafts import NOT_RUN
from engine.design.test_runs import manual_runs
from engine.design.test_runs.manual_runs import Play
from engine.design.test_runs.subjects import OfDraft
from engine.models import ProcessDraft
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid

MAX_NAME = 200
_FILE = "test-run"  # the file name if the outcome provides none


def save(uow: UnitOfWork, test_run_id: UUID, name: str, *, unit: str = "") -> UUID:
    """Stores a test run as a scenario of its draft or, for a version, of a draft in this unit.

    Returns the draft's id.

    The scenario passes as it is stored. Raises NotFound, Forbidden, Conflict, Invalid.
    """
    _require_name(name)
    play = manual_runs.get(uow, test_run_id)
    if play.changed:
        raise Conflict("The draft has changed since this test run. Start a new one.", test_run="changed")
    content = manual_runs.written(play, name.strip())
    _require_passing(play, content)
    draft_id, revision = _draft(uow, play, unit)
    drafts.add_scenario(uow, draft_id, _stem(play), content, process_revision=revision)
    drafts.ask(uow, draft_id)
    return draft_id


def _require_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not all(map(persian.printable, name)):
        fault = Fault("/name", "is empty, too long or not printable", "name")
        raise Invalid("The scenario needs a name.", [fault])


def _require_passing(play: Play, content: bytes) -> None:
    """Checks that it passes: a scenario has less time than a test run, and stricter limits."""
    found, wrong = scenarios.read({"scenario.yaml": content})
    if wrong or not all(
        one.result.passed for one in scenarios.run_each(found, {play.subject.key: play.played.spec})
    ):
        raise Conflict("The test run gives a different result as a scenario.", test_run="unsaved")


def _draft(uow: UnitOfWork, play: Play, unit: str) -> tuple[UUID, int]:
    """Returns the draft for the scenario, and the revision of what runs there."""
    where = play.subject.where
    if isinstance(where, OfDraft):
        return where.draft_id, play.subject.process_revision or 0
    draft_id = _same(uow, play) or drafts.from_version(uow, where.key, where.number, unit=unit)
    return draft_id, drafts.get(uow, draft_id).draft.process_revision


def _same(uow: UnitOfWork, play: Play) -> UUID | None:
    """Returns the actor's newest draft made from this version, if it still runs the same."""
    version = play.subject.version
    if version is None:
        return None
    mine = select(ProcessDraft.id).where(
        ProcessDraft.made_by == uow.actor.id,
        ProcessDraft.version_id == version.id,
        access.covers(ProcessDraft.unit_id),
    )
    newest = mine.order_by(ProcessDraft.id.desc()).limit(1)
    for draft_id in uow.session.scalars(newest, access.seen_by(uow)):
        theirs = definitions.source(uow.session, version.deployment_id).files
        if _runs(drafts.files_of(uow, draft_id)) == _runs(theirs):
            return draft_id
    return None


def _runs(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {name: content for name, content in files.items() if not name.endswith(NOT_RUN)}


def _stem(play: Play) -> str:
    """Returns a plain name for the file: the outcome, in lower-case Latin letters."""
    words = re.sub(r"[^a-z0-9]+", "-", (play.played.case.outcome or "").lower()).strip("-")
    return words[:60] or _FILE
