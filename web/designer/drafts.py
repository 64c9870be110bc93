"""Process drafts: the list, and each with its diagram, the report of its check and its files."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import request

from engine.definitions import uploads
from engine.design import drafts
from engine.platform.errors import NotFound, Refusal, Rejected
from web import connectors
from web.designer import findings
from web.designer.area import (
    blueprint,
    diagrams,
    download,
    explain_refusal,
    packed,
    revision,
    status,
    uploaded,
)
from web.listing import cursor, following
from web.site import site
from web.visit import Away, Content, Page, Shown, Visit, page


def _url(draft_id: UUID) -> str:
    return f"/designer/drafts/{draft_id}"


def render_draft(visit: Visit, draft_id: UUID, *, refusal: Refusal | None = None) -> Page:
    """Show a draft; with what was refused, if anything was."""
    view = drafts.get(visit.uow, draft_id)
    check = view.draft.check
    report = (check.report if check and not check.under_way else None) or {}
    upload = uploads.of_draft(visit.uow, draft_id)
    if upload is not None and upload.uploaded_at < view.draft.updated_at and upload.status != "checking":
        upload = None  # about the draft before it was saved again
    found = findings.sort_findings(_findings(report, upload, refusal))
    names = diagrams([file.name for file in view.files])
    asked = request.args.get("file")
    file = asked if asked in names else next(iter(names), None)
    values = {
        "draft": view.draft,
        "files": view.files,
        "check": check,
        "upload": upload,
        "report": report,
        "findings": found,
        "counts": findings.counts(found),
        "severities": findings.SEVERITIES,
        "diagrams": names,
        "file": file,
        "marks": findings.marks(found, file) if file else {},
        "faults": [] if refusal is None else explain_refusal(refusal),
        "how": _how(),
        "offered": _offered(view.draft),
    }
    return Page("designer/draft.html", values, status(refusal))


def _how() -> str:
    """Return what deploying a draft does: create a version in review, or publish it immediately."""
    return "draft" if site().settings.publishing == "four-eyes" else "direct"


def _offered(draft: drafts.Listed) -> str | None:
    """Return the next action: test it, or publish it; None while it has errors or is being checked."""
    check = draft.check
    if check is not None and (check.under_way or (not check.stale and check.errors)):
        return None
    return "publish" if draft.tried else "try"


def _findings(
    report: Mapping[str, Any], upload: uploads.State | None, refusal: Refusal | None
) -> Sequence[Any]:
    """Return the findings of the last refusal, by this request or a worker; else those of the check."""
    if isinstance(refusal, Rejected):
        return refusal.findings
    last = upload.result.get("report", {}) if upload is not None and upload.status == "refused" else {}
    found: Sequence[Any] = last.get("findings") or report.get("findings", ())
    return found


def refused(visit: Visit, draft_id: UUID, *, refusal: Refusal) -> Page:
    """Show the draft as it is now, and why nothing was done."""
    return render_draft(visit, draft_id, refusal=refusal)


@page(blueprint.get("/drafts"), may="definitions.deploy")
def all_drafts(visit: Visit) -> Page:
    """Show the list."""
    found = drafts.page(visit.uow, cursor())
    rows, following_one = following(found, drafts.PAGE, attrgetter("id"))
    return Page("designer/drafts.html", {"drafts": rows, "next": following_one})


@page(blueprint.get("/drafts/<uuid:draft_id>"), may="definitions.deploy")
def one_draft(visit: Visit, draft_id: UUID) -> Page:
    """Show a draft."""
    return render_draft(visit, draft_id)


@page(blueprint.get("/drafts/<uuid:draft_id>/file"), may="definitions.deploy")
def draft_file(visit: Visit, draft_id: UUID) -> Content:
    """Download a file of it."""
    name = request.args.get("name", "")
    return download(name, drafts.file(visit.uow, draft_id, name))


@page(blueprint.get("/drafts/<uuid:draft_id>/files.zip"), may="definitions.deploy")
def draft_archive(visit: Visit, draft_id: UUID) -> Content:
    """Download all files."""
    drafts.get(visit.uow, draft_id)
    return packed("draft", drafts.files_of(visit.uow, draft_id))


@page(blueprint.post("/drafts/<uuid:draft_id>/files"), may="definitions.deploy", refused=refused)
def put(visit: Visit, draft_id: UUID) -> Away:
    """Add files, or replace those with the same name; then check the draft."""
    drafts.save(visit.uow, draft_id, uploaded(), revision=revision())
    drafts.ask(visit.uow, draft_id)
    return Away(_url(draft_id), told="designer.notice.saved")


@page(blueprint.post("/drafts/<uuid:draft_id>/remove"), may="definitions.deploy", refused=refused)
def remove(visit: Visit, draft_id: UUID) -> Away:
    """Remove a file."""
    drafts.save(visit.uow, draft_id, {request.form.get("name", ""): None}, revision=revision())
    drafts.ask(visit.uow, draft_id)
    return Away(_url(draft_id), told="designer.notice.removed")


@page(blueprint.post("/drafts/<uuid:draft_id>/foreign"), may="definitions.deploy", refused=refused)
def change_foreign(visit: Visit, draft_id: UUID) -> Away:
    """Remove another engine's extensions from a diagram, or translate them; then check the draft."""
    sent = request.form
    place = drafts.ForeignPlace(*(sent.get(name, "") for name in ("file", "element", "attribute")))
    translate = sent.get("do") == "translate"
    drafts.remove_foreign(visit.uow, draft_id, place, revision=revision(), translate=translate)
    drafts.ask(visit.uow, draft_id)
    done = "foreign-translated" if translate else "foreign-removed"
    return Away(_url(draft_id), told=f"designer.notice.{done}")


@page(blueprint.post("/drafts/<uuid:draft_id>/rename"), may="definitions.deploy", refused=refused)
def rename(visit: Visit, draft_id: UUID) -> Away:
    """Rename it."""
    drafts.rename(visit.uow, draft_id, request.form.get("name", ""), revision=revision())
    drafts.ask(visit.uow, draft_id)
    return Away(_url(draft_id), told="designer.notice.saved")


@page(blueprint.post("/drafts/<uuid:draft_id>/delete"), may="definitions.deploy", refused=refused)
def delete(visit: Visit, draft_id: UUID) -> Away:
    """Delete it."""
    drafts.delete(visit.uow, draft_id, revision=revision())
    return Away("/designer/drafts", told="designer.notice.deleted")


@page(blueprint.post("/drafts/<uuid:draft_id>/deploy"), may="definitions.deploy", refused=refused)
def deploy(visit: Visit, draft_id: UUID) -> Shown:
    """Deploy a version of it."""
    how = site().settings.publishing
    done = visit.uow.attempt(
        lambda: drafts.deploy(
            visit.uow, draft_id, revision=revision(), publishing=how, operations=connectors.operations()
        )
    )
    if isinstance(done, NotFound):
        raise done
    if isinstance(done, Refusal):  # also Forbidden: the process of another unit
        return render_draft(visit, draft_id, refusal=done)
    if isinstance(done, UUID):
        waits = "deploying-draft" if _how() == "draft" else "deploying"
        return Away(_url(draft_id), told=f"designer.notice.{waits}")
    first = done.definitions[0]
    what = first.status if first.created else "unchanged"
    return Away(f"/designer/{first.key}", told=f"designer.notice.deployed-{what}")
