"""The register of services: which are online, and why the others aren't yet."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access
from engine.oversight import commitments
from engine.oversight.commitments import COLUMNS, REASONS, NewService, Service
from engine.platform import persian
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked, forms, texts
from web.administration.area import refused, units_to_choose, word
from web.oversight import committing, names, words
from web.oversight.names import Known
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("register", __name__, url_prefix="/register")
SHOWN = 100  # services on a page
LARGEST = 400_000  # bytes of a file
LABELS = {  # of the columns of a file
    "unit": "oversight.commitments.unit",
    "name_fa": "oversight.register.name-fa",
    "name_en": "oversight.register.name-en",
    "yearly_volume": "oversight.register.volume",
    "reason": "oversight.register.reason",
    "text": "oversight.register.text",
    "planned_for": "oversight.register.planned",
    "definition": "oversight.register.process",
}
_PLACE = re.compile(r"line ([0-9]+)(?:, ([a-z_]+))?")


@page(blueprint.get(""), may="metrics.read")
def index(visit: Visit) -> Page:
    """Show the register, services that aren't online first."""
    return _index(visit)


def _index(visit: Visit, refusal: Refusal | None = None) -> Page:
    typing = refusal is not None
    unit = None if typing else word("unit")
    found, known = commitments.register_now(visit.uow, unit), Known(visit)
    online = {one.id for one in found.present}
    everything = [*found.missing, *found.present]
    begin = (asked.count(request.args, "cursor") or 0) * SHOWN
    keys = {one.definition for one in everything if one.definition} | set(found.unlinked)
    called = names.load(known, of_processes=keys)
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    lines = [(_place(one.pointer), forms.explain_fault(one)) for one in faults if one.pointer[:1] != "/"]
    more = next((one.values["count"] for one in faults if one.code == "register-more"), 0)
    values = {
        "found": found,
        "share": words.figure(found.share, words.share),
        "items": everything[begin : begin + SHOWN],
        "online": online,
        "next": begin // SHOWN + 1 if len(everything) > begin + SHOWN else None,
        "called": called,
        "today": visit.uow.now.date(),
        "units": units_to_choose(visit),
        "unit": unit or "",
        "may_manage": access.allows(visit.uow.actor, "register.manage"),
        "example": _example(visit),
        "lines": lines,
        "line_count": len(lines) + more,
        "more_faults": more,
        **_choices(visit, known),
        **(refused(refusal) if refusal else {}),
    }
    status = committing.status_of(refusal) if refusal else 200
    return committing.render(visit, "register", values, way="register", status=status)


def _place(pointer: str) -> str:
    """Return where a fault of a file is, in words."""
    found = _PLACE.fullmatch(pointer)
    if found is None:
        return pointer
    line, column = int(found[1]), found[2]
    if column not in LABELS:
        return texts.say("oversight.register.line", line=line)
    return texts.say("oversight.register.cell", line=line, column=column, label=texts.say(LABELS[column]))


def _example(visit: Visit) -> str:
    """Return a file with a service that is planned for a year from now."""
    planned = replace(visit.reader, language="en").figures(visit.uow.now.date() + timedelta(days=365))
    return f"{','.join(COLUMNS[1:-1])}\nصدور المثنی,Duplicate document,1200,law,,{planned},\n"


def _choices(visit: Visit, known: Known) -> dict[str, Any]:
    processes = [(key, visit.reader.half(row.name)) for key, row in known.processes.items()]
    return {
        "reasons": [(one, texts.say(f"words.offline-reason.{one}")) for one in REASONS],
        "services": sorted(processes, key=lambda item: item[1]),
    }


@page(blueprint.get("/register.csv"), may="metrics.read")
def download(visit: Visit) -> Content:
    """Return the register as a file, which can be imported again."""
    found = commitments.register_now(visit.uow, word("unit"))
    return Content(commitments.export_csv(found), "text/csv; charset=utf-8", name="register.csv")


def _again(visit: Visit, refusal: Refusal) -> Page:
    """Show the register with what was typed, and why it was refused."""
    return _index(visit, refusal)


@page(blueprint.post(""), may="register.manage", refused=_again)
def create(visit: Visit) -> Away:
    """Add a service."""
    new = _typed(visit, chosen=True)
    commitments.register_service(visit.uow, new)
    return Away(f"/oversight/register?unit={new.unit}", told="oversight.register.saved")


def _typed(visit: Visit, *, chosen: bool = False) -> NewService:
    """Return what was typed, with the unit if one is `chosen`. Raises Invalid for no unit, number or day."""
    faults = committing.unit_faults(visit) if chosen else []
    volume = persian.digits(word("yearly_volume") or "").replace("٬", "").replace(",", "")
    if volume and not (volume.isascii() and volume.isdigit() and len(volume) <= 12):
        faults.append(Fault("/yearly_volume", "is not a whole number", "type.integer"))
    planned = committing.day("planned_for")
    if planned is None and word("planned_for"):
        faults.append(Fault("/planned_for", "is not a date", "date"))
    if faults:
        raise Invalid("The service can't be saved.", faults)
    return NewService(
        unit=(word("unit") or "") if chosen else "",
        name_fa=word("name_fa") or "",
        name_en=word("name_en") or "",
        reason=word("reason") or "",
        yearly_volume=int(volume) if volume else None,
        text=committing.paragraph("text"),
        planned_for=planned,
        definition=word("definition"),
    )


@page(blueprint.post("/import"), may="register.manage", refused=_again)
def import_file(visit: Visit) -> Away:
    """Import a file, all or nothing."""
    uploaded = request.files.get("file")
    if uploaded is not None:
        uploaded.seek(0)  # a command may run again
    content = uploaded.read(LARGEST + 1) if uploaded is not None else b""
    if not content or len(content) > LARGEST:
        code = "too-large" if content else "missing"
        raise Invalid("The file can't be read.", [Fault("/file", "is missing or too large", code)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise Invalid("The file can't be read.", [Fault("/file", "is not UTF-8", "encoding")]) from cause
    unit = word("unit") or ""
    done = commitments.import_csv(visit.uow, unit, text)
    # To where the services are: those of several units are seen without a filter.
    only = f"?unit={done.units[0]}" if len(done.units) == 1 else ""
    return Away(
        f"/oversight/register{only}",
        told="oversight.register.imported",
        count=done.added + done.changed,
    )


@page(blueprint.get("/<uuid:service_id>"), may="metrics.read")
def show(visit: Visit, service_id: UUID) -> Page:
    """Show a service, with the form to change it."""
    return _show(visit, service_id)


def _show(visit: Visit, service_id: UUID, refusal: Refusal | None = None) -> Page:
    one, online = commitments.service_now(visit.uow, service_id)
    known = Known(visit)
    keys = [one.definition] if one.definition else []
    values = {
        "one": one,
        "online": online,
        "called": names.load(known, of_processes=keys),
        "before": _before(visit, one),
        "may_manage": access.allows(visit.uow.actor, "register.manage"),
        **_choices(visit, known),
        **(refused(refusal) if refusal else {}),
    }
    status = committing.status_of(refusal) if refusal else 200
    return committing.render(visit, "service", values, way="register", status=status)


def _before(visit: Visit, one: Service) -> Mapping[str, str]:
    """Return what the form has at first."""
    return {
        "name_fa": one.name_fa,
        "name_en": one.name_en,
        "reason": one.reason,
        "yearly_volume": "" if one.yearly_volume is None else visit.reader.digits(str(one.yearly_volume)),
        "text": one.text,
        "planned_for": "" if one.planned_for is None else visit.reader.figures(one.planned_for),
        "definition": one.definition or "",
    }


def _not_changed(visit: Visit, service_id: UUID, refusal: Refusal) -> Page:
    """Show the service with what was typed, and why it was refused."""
    return _show(visit, service_id, refusal)


@page(blueprint.post("/<uuid:service_id>/change"), may="register.manage", refused=_not_changed)
def change(visit: Visit, service_id: UUID) -> Away:
    """Change a service."""
    revision = asked.count(request.form, "revision") or 0
    commitments.change_service(visit.uow, service_id, revision, _typed(visit))
    return Away(f"/oversight/register/{service_id}", told="oversight.register.changed")


def _not_linked(visit: Visit, service_id: UUID, refusal: Refusal) -> Page:
    """Show the service, and why it was not linked."""
    return _show(visit, service_id, refusal)


@page(blueprint.post("/<uuid:service_id>/link"), may="register.manage", refused=_not_linked)
def link(visit: Visit, service_id: UUID) -> Away:
    """Link a service to a process, and change nothing else."""
    revision = asked.count(request.form, "revision") or 0
    commitments.link_service(visit.uow, service_id, revision, word("definition") or "")
    return Away("/oversight/register", told="oversight.register.linked")


@page(blueprint.get("/<uuid:service_id>/remove"), may="register.manage")
def ask_removal(visit: Visit, service_id: UUID) -> Page:
    """Show what the removal does, and ask for confirmation."""
    one, _ = commitments.service_now(visit.uow, service_id)
    return committing.render(visit, "removal", {"one": one}, way="register")


@page(blueprint.post("/<uuid:service_id>/remove"), may="register.manage", refused=_not_changed)
def remove(visit: Visit, service_id: UUID) -> Away:
    """Remove a service from the register."""
    commitments.remove_service(visit.uow, service_id)
    return Away("/oversight/register", told="oversight.register.removed")
