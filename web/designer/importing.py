"""Importing a service package: what is missing here, then a draft with its files."""

import io
from typing import Any

from flask import request

from engine.design import drafts, packages
from engine.design.packages import MAX_PACKAGE, Package
from engine.platform.errors import Fault, Invalid, Refusal
from web import connectors
from web.designer import findings
from web.designer.area import blueprint, explain_refusal, status, title
from web.site import site
from web.visit import Away, Page, Shown, Visit, page


def _form(visit: Visit, package: Package | None = None, refusal: Refusal | None = None) -> Page:
    """Show the form; with what is missing for a package, if one was sent."""
    values: dict[str, Any] = {
        "faults": [] if refusal is None else explain_refusal(refusal),
        "package": package,
    }
    values |= {"units": drafts.units(visit.uow), "chosen": request.form.get("unit")}
    if package is not None:
        unit = request.form.get("unit") or None
        how, known = site().settings.publishing, connectors.operations()
        found = packages.check(visit.uow, package, publishing=how, unit=unit, operations=known)
        shown = findings.sort_findings(found.findings)
        values |= {"found": found, "findings": shown, "counts": findings.counts(shown)}
        values |= {"severities": findings.SEVERITIES, "chosen": found.unit}
    return Page("designer/package.html", values, status(refusal))


def refused(visit: Visit, *, refusal: Refusal) -> Page:
    """Show the form again, and why nothing was done."""
    return _form(visit, refusal=refusal)


@page(blueprint.get("/packages"), may="definitions.deploy")
def choose_package(visit: Visit) -> Page:
    """Show the form."""
    return _form(visit)


@page(blueprint.post("/packages"), may="definitions.deploy", refused=refused)
def import_package(visit: Visit) -> Shown:
    """Show what is missing or, if it was asked for, make a draft of the package and check it."""
    package = _sent()
    if "draft" not in request.form:
        return _form(visit, package)
    unit = packages.owner_of(visit.uow, package, request.form.get("unit") or None)
    draft_id = drafts.create(visit.uow, title(package.files), package.files, unit=unit or "")
    drafts.ask(visit.uow, draft_id)
    return Away(f"/designer/drafts/{draft_id}", told="designer.notice.made")


def _sent() -> Package:
    upload = request.files.get("package")
    if upload is None or not upload.filename:
        raise Invalid("Select a file.", [Fault("/package", "is missing", "required")])
    upload.seek(0)  # a command may run again
    content = upload.read(MAX_PACKAGE + 1)
    if len(content) > MAX_PACKAGE:
        count = MAX_PACKAGE >> 20
        fault = Fault("/package", f"is larger than {count} MiB", "file-too-large", {"count": count})
        raise Invalid("The package is too large.", [fault])
    return packages.read(io.BytesIO(content))
