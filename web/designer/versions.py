"""A process with its versions, and each of these with its diagram, findings and files."""

from collections.abc import Callable

from flask import request

from engine import definitions
from engine.definitions import overview
from engine.design import diagrams, packages, publishing
from engine.design.publishing import Record
from engine.platform.db import UnitOfWork
from engine.platform.errors import OwnWork, PersonUnknown, Refusal
from web import connectors
from web.designer import findings
from web.designer.area import blueprint, download, explain_refusal, packed, status
from web.site import site
from web.visit import Away, Content, Page, Shown, Visit, page

SVG = "image/svg+xml"


def _records(uow: UnitOfWork, entry: overview.Entry) -> list[Record]:
    """Return all versions with their people; of other units' processes the published ones, without."""
    if entry.own:
        return publishing.history(uow, entry.key)
    seen = definitions.versions(uow, entry.key)
    return [Record(row, "", {}, row.published_at, None, None, None, None) for row in seen if row.published_at]


def render_versions(visit: Visit, key: str, *, refusal: Refusal | None = None) -> Page:
    """Show a process; with what was refused, if anything was."""
    entry = overview.entry(visit.uow, key)
    values = {
        "entry": entry,
        "records": _records(visit.uow, entry),
        "four_eyes": site().settings.publishing == "four-eyes",
        "faults": [] if refusal is None else explain_refusal(refusal),
    }
    return Page("designer/definition.html", values, status(refusal))


def refused(visit: Visit, key: str, *, refusal: Refusal, **_: int) -> Page:
    """Show the process as it is now, and why nothing was done."""
    return render_versions(visit, key, refusal=refusal)


@page(blueprint.get("/<key>"), may="definitions.publish")
def one_process(visit: Visit, key: str) -> Page:
    """Show a process."""
    return render_versions(visit, key)


@page(blueprint.get("/<key>/<int:number>"), may="definitions.publish")
def one_version(visit: Visit, key: str, number: int) -> Page:
    """Show a version."""
    row = definitions.version(visit.uow, key, number)
    report = definitions.report(visit.uow, row.deployment_id)
    found = findings.sort_findings(report["findings"])
    entry = overview.entry(visit.uow, key)
    draft = entry.own and row.status == "draft"
    own_draft = draft and bool(entry.by_actor) and site().settings.publishing == "four-eyes"
    values = {
        "version": row,
        "publishable": draft and not own_draft,
        "own_draft": own_draft,
        "findings": found,
        "counts": findings.counts(found),
        "severities": findings.SEVERITIES,
        "owners": report.get("owners", ()),
        "scenarios": report.get("scenarios", ()),
        "files": overview.files(visit.uow, row),
        "planned": definitions.planned_visits(visit.uow, row),
        "marks": findings.marks(found, row.file),
    }
    return Page("designer/version.html", values)


@page(blueprint.get("/<key>/<int:number>/picture.svg"), may="definitions.publish")
def picture(visit: Visit, key: str, number: int) -> Content:
    """Return its diagram as an image, for browsers without JavaScript."""
    drawn = diagrams.of_version(visit.uow, key, number, visit.reader.language, findings=True)
    return Content(drawn, SVG)


@page(blueprint.get("/<key>/<int:number>/file"), may="definitions.publish")
def version_file(visit: Visit, key: str, number: int) -> Content:
    """Download a file of it."""
    name = request.args.get("name", "")
    return download(name, overview.file(visit.uow, definitions.version(visit.uow, key, number), name))


@page(blueprint.get("/<key>/<int:number>/files.zip"), may="definitions.publish")
def version_archive(visit: Visit, key: str, number: int) -> Content:
    """Download all files."""
    row = definitions.version(visit.uow, key, number)
    return packed(f"{key}-{number}", definitions.source(visit.uow.session, row.deployment_id).files)


@page(blueprint.get("/<key>/<int:number>/package.zip"), may="definitions.deploy")
def version_package(visit: Visit, key: str, number: int) -> Content:
    """Download it as a package, for another installation."""
    _, content = packages.export(visit.uow, key, number)
    return Content(content, "application/zip", f"{key}-{number}.package.zip")


@page(blueprint.post("/<key>/<int:number>/publish"), may="definitions.publish", refused=refused)
def publish(visit: Visit, key: str, number: int) -> Shown:
    """Publish it: new cases use it."""
    how = site().settings.publishing
    known = connectors.operations()
    done = visit.uow.attempt(
        lambda: publishing.publish(visit.uow, key, number, publishing=how, operations=known)
    )
    if isinstance(done, OwnWork | PersonUnknown):
        return render_versions(visit, key, refusal=done)
    if done is not None:
        raise done
    return Away(f"/designer/{key}", told="designer.notice.published")


@page(blueprint.post("/<key>/<int:number>/retire"), may="definitions.publish", refused=refused)
def retire(visit: Visit, key: str, number: int) -> Away:
    """Retire it, so that new cases don't use it, or withdraw it from review."""
    publishing.retire(visit.uow, key, number)
    return Away(f"/designer/{key}", told="designer.notice.retired")


def _offering(name: str, done: str, change: Callable[[UnitOfWork, str], None]) -> None:
    def offer(visit: Visit, key: str) -> Away:
        change(visit.uow, key)
        return Away(f"/designer/{key}", told=f"designer.notice.{done}")

    offer.__name__ = name
    page(blueprint.post(f"/<key>/{name}"), may="definitions.publish", refused=refused)(offer)


_offering("enable", "enabled", publishing.enable)
_offering("disable", "disabled", publishing.disable)
_offering("offer", "offered", publishing.offer)
_offering("withdraw", "withdrawn", publishing.withdraw)
