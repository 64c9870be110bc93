"""The check of a draft: the report that its deployment would have.

It takes long, so a worker does it and reports its progress. A check belongs to one revision: if the draft is
saved meanwhile, the result applies to the earlier revision.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Update, case, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access, bpmn, definitions
from engine.bpmn import BPMN_SUFFIXES, Finding, Foreign, Report, Source, Unreadable, too_deep, too_much
from engine.connectors import deployment_check
from engine.definitions import Version, scenarios, toml_files
from engine.design.drafts.reading import files_of, source, unknown
from engine.models import ProcessDraft, ProcessDraftCheck, ProcessDraftCheckStep
from engine.organisation import candidate_roles
from engine.platform import budget, jobs
from engine.platform.budget import Budget, Exhausted
from engine.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class Checkable:
    """What is checked: the files of a revision, and the versions that it may call."""

    draft_id: UUID
    asked_at: datetime
    unit_id: UUID
    files: Mapping[str, bytes]
    known: Mapping[str, Version]


def ask(uow: UnitOfWork, draft_id: UUID) -> None:
    """Requests a check of a draft in its present state; a running check of the same revision continues.

    Raises NotFound.
    """
    access.require(uow.actor, "definitions.deploy")
    found = select(ProcessDraft.revision, ProcessDraft.process_revision)
    found = found.where(ProcessDraft.id == draft_id, access.covers(ProcessDraft.unit_id))
    row = uow.session.execute(found, access.seen_by(uow)).one_or_none()
    if row is None:
        raise unknown(draft_id)
    revision, process_revision = row
    values = {
        "revision": revision,
        "status": "waiting",
        "step": "files",
        "done": 0,
        "total": 0,
        "report": None,
        "asked_by": uow.actor.id,
        "asked_at": uow.now,
        "finished_at": None,
    }
    new = upsert(ProcessDraftCheck).values(draft_id=draft_id, **values)
    # The results for the same processes remain, so that they can be played meanwhile.
    values["report"] = case(
        (ProcessDraftCheck.revision >= process_revision, ProcessDraftCheck.report), else_=null()
    )
    over = ProcessDraftCheck.status.in_(("done", "failed")) | (ProcessDraftCheck.revision != revision)
    asked = new.on_conflict_do_update(index_elements=["draft_id"], set_=values, where=over)
    if uow.session.scalars(asked.returning(ProcessDraftCheck.draft_id)).first() is not None:
        jobs.defer(uow, "check_sketch", queue="checks", draft=draft_id)


def take(uow: UnitOfWork, draft_id: UUID) -> Checkable | None:
    """Returns what a worker should check; None if there is nothing to do (any more)."""
    held = select(ProcessDraftCheck).where(ProcessDraftCheck.draft_id == draft_id).with_for_update()
    check = uow.session.scalars(held).one_or_none()
    if check is None or check.status in ("done", "failed"):
        return None
    draft = uow.session.scalars(select(ProcessDraft).where(ProcessDraft.id == draft_id)).one()
    if check.revision < draft.process_revision:
        check.report = None  # saved again since the request: the results are of other processes
    check.status, check.revision = "running", draft.revision
    known = definitions.currents(uow.session)
    return Checkable(draft_id, check.asked_at, draft.unit_id, files_of(uow, draft_id), known)


def judge(
    work: Checkable,
    do: Callable[[Callable[[UnitOfWork], Any]], Any],
    operations: deployment_check.Operations = None,
) -> None:
    """Checks, and records each step; `do` runs a command in a transaction of its own.

    `operations` are those of the installation's connectors.
    """
    findings: list[Finding] = []
    result: Mapping[str, Any] = {"processes": [], "playable": False}
    try:
        with budget.limited(Budget()):
            findings, result = _judged(work, do, operations)
    except Exhausted as error:
        findings = [too_much(error.where)]
    except RecursionError:
        findings = [too_deep()]
    told = {"findings": _plain(findings, work.files), **result}
    do(lambda uow: finish(uow, work, told))


def _plain(findings: Sequence[Finding], files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Returns findings as they are stored: those about other engines with the possible fix."""
    foreign: dict[Finding, Foreign] = {}
    for file, content in files.items():
        if file.endswith(BPMN_SUFFIXES):
            with suppress(Unreadable):
                foreign |= bpmn.foreigns(file, content, findings)
    return [
        asdict(finding) | ({"foreign": asdict(foreign[finding])} if finding in foreign else {})
        for finding in findings
    ]


def _judged(
    work: Checkable,
    do: Callable[[Callable[[UnitOfWork], Any]], Any],
    operations: deployment_check.Operations,
) -> tuple[list[Finding], Mapping[str, Any]]:
    """Returns all findings, and the other parts of the report."""
    now = do(lambda uow: uow.now)
    report = bpmn.check(work.files, work.known, now)
    told, unread = scenarios.read(work.files)
    unread += toml_files.check(work.files, report.processes)
    findings: list[Finding] = [*report.findings, *unread]
    results: Mapping[str, Any] = {}
    playable = False
    if not report.errors:
        do(lambda uow: report_progress(uow, work, "posts", 0, len(told)))
        findings += do(lambda uow: candidate_roles.findings(uow, work.files, work.unit_id))
        findings += deployment_check.findings(work.files, operations, draft=True)
        findings += toml_files.call_findings(work.files, operations, draft=True)
        specs, unbuildable = _built(do(lambda uow: _source(uow, work, report)), report)
        findings += unbuildable
        playable = not unbuildable
        if not any(finding.severity == "error" for finding in findings):
            came = scenarios.run_all(
                told,
                specs,
                lambda done: do(lambda uow: report_progress(uow, work, "scenarios", done, len(told))),
            )
            findings += came.findings
            results = came.plain
    processes = [
        {"key": process.key, "name": process.name, "file": process.file, "calls": sorted(process.calls)}
        for process in report.processes
    ]
    owners = [asdict(owner) for owner in report.owners]
    return findings, {"processes": processes, "playable": playable, "owners": owners, **results}


def report_progress(
    uow: UnitOfWork, work: Checkable, step: ProcessDraftCheckStep, done: int, total: int
) -> None:
    """Records the progress of a check."""
    uow.session.execute(_of(work).values(step=step, done=done, total=total))


def finish(uow: UnitOfWork, work: Checkable, result: Mapping[str, Any]) -> None:
    """Records the result of a check."""
    uow.session.execute(_of(work).values(status="done", report=dict(result), finished_at=uow.now))


def give_up(uow: UnitOfWork, draft_id: UUID, _reason: str) -> None:
    """Records that there is no result: the check itself failed each time."""
    lost = update(ProcessDraftCheck).where(
        ProcessDraftCheck.draft_id == draft_id, ProcessDraftCheck.status.in_(("waiting", "running"))
    )
    uow.session.execute(lost.values(status="failed", finished_at=uow.now))


def _of(work: Checkable) -> Update:
    """Selects only this check: another one may have been requested meanwhile."""
    row = ProcessDraftCheck
    return update(row).where(
        row.draft_id == work.draft_id, row.asked_at == work.asked_at, row.status == "running"
    )


def _source(uow: UnitOfWork, work: Checkable, report: Report) -> Source:
    """Returns the files, with the called processes that they do not contain."""
    own = {process.key for process in report.processes}
    called = {key for process in report.processes for key in process.calls} - own
    return source(uow, work.files, {key: work.known[key] for key in called})


def _built(content: Source, report: Report) -> tuple[dict[str, bpmn.Spec], list[Finding]]:
    """Builds each process. Returns them, with findings on those that can't be built."""
    specs: dict[str, bpmn.Spec] = {}
    for process in report.processes:
        try:
            specs[process.key] = bpmn.build(content, process.key)
        except bpmn.Unbuildable as error:
            return specs, [error.finding]
    return specs, []
