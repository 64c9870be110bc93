"""The page of a case: its subject, assignees, history, data, and possible actions."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access, cases, definitions, documents, tasks
from engine.design import diagrams
from engine.oversight import access_log, timeline
from engine.oversight.access_log import Opened
from engine.oversight.timeline import TimeSplit
from engine.platform.db import UnitOfWork
from engine.platform.errors import Refusal
from engine.portal import awaited_outputs
from engine.portal.status import bill_words, outcome_of
from engine.timeline import instant_of
from web import asked
from web.desk import story, time_split
from web.desk.actions import offered
from web.desk.data import Labels
from web.desk.explained import explain
from web.desk.proposed import proposed
from web.listing import following
from web.visit import Content, Page, Visit, page

blueprint = Blueprint("case", __name__)

RECENT = 40  # events on the case's page


@page(blueprint.get("/cases/<uuid:case_id>"), may="events.read")
def show_case(visit: Visit, case_id: UUID) -> Page:
    """Show the page of a case."""
    return case_page(visit, case_id)


def case_page(visit: Visit, case_id: UUID, *, status: int = 200, **more: Any) -> Page:
    """Return the page of a case as it is, with `more`, such as what was refused."""
    uow, reader = visit.uow, visit.reader
    seen = cases.see(uow, case_id)
    rows = tasks.latest(uow, case_id)
    events = cases.latest(uow, seen, limit=RECENT)
    sources = story.sources(reader, seen.spec, tasks.sources(uow, seen.case))
    filed = documents.page(uow, case_id, seen=True)
    clock = cases.read_clock(uow, case_id)
    split = timeline.of_case(uow, case_id, seen)
    labels = Labels.of(reader, seen.spec, filed)
    values = {
        "case": seen.case,
        "now": uow.now,
        "proposed": proposed(visit, seen, labels),
        "open_tasks": [row for row in rows if row["status"] == "open"],
        "closed_tasks": [row for row in rows if row["status"] != "open"],
        "data": labels.data(seen.case.data, sources),
        "groups": story.grouped(story.describe(reader, seen, events[:RECENT])),
        "more_events": len(events) > RECENT,
        "documents": filed,
        "comments": tasks.comments(uow, case_id, seen=True),
        "bills": [
            (bill, bill_words(reader, bill, seen.case.name, isolated=True)) for bill in seen.case.bills
        ],
        "decisions": _decisions(uow, seen, clock),
        "related": tasks.related(uow, seen.case),
        "outputs": awaited_outputs.of_case(uow, seen.case),
        "may_repair": access.allows(uow.actor, "incidents.read"),
        "manages": access.allows(uow.actor, "definitions.suspend"),
        "actions": offered(uow.actor, seen.case, extendable=cases.is_extendable(clock, uow.now)),
        "clock": clock,
        "visits": _visits(split),
        "visit_reasons": cases.VISIT_REASONS,
        "may_record": _may_record(uow, seen.case),
        "time": time_split.view(visit, split, {one["actor_unit"]: one["unit_name"] for one in events}),
        "may_write": access.allows(uow.actor, "comments.add") and seen.case.erased_at is None,
        "may_add": access.allows(uow.actor, "documents.add") and seen.case.ended_at is None,
        "grounds": story.grounds(reader, seen.spec),
        "outcome": _outcome(visit, seen),
        "effect": seen.spec.effect_of(seen.case.outcome),
    }
    return Page("desk/case.html", {**values, **more}, status, opened=Opened("file", case_id))


def _visits(split: TimeSplit) -> Sequence[cases.VisitView]:
    """Return the visits of a case: its log was read for the timeline."""
    return cases.visits_of((one.kind, instant_of(one.at), one.facts, one.task_id) for one in split.log)


def _may_record(uow: UnitOfWork, case: cases.CaseView) -> bool:
    """Whether the actor may record and correct visits of the case now."""
    return (
        access.allows(uow.actor, "visits.record")
        and case.erased_at is None
        and (case.ended_at is None or uow.now <= case.ended_at + cases.VISITS_AFTER_END)
    )


def case_refused(visit: Visit, case_id: UUID, *, refusal: Refusal, **_: Any) -> Page:
    """Return the page of a case after a refusal, with what was typed."""
    told = explain(refusal)
    return case_page(visit, case_id, status=told.status, refused=told, typed=request.form)


def _decisions(uow: UnitOfWork, seen: cases.Seen, clock: cases.Clock | None) -> Sequence[Mapping[Any, Any]]:
    """Return its legal decisions; without a query if nobody decides in its process, nor silence has."""
    decided = any(part.rules.decision for part in seen.spec.elements.values())
    decided = decided or (clock is not None and clock.state == "deemed")
    return tasks.decisions(uow, seen.case.id) if decided else ()


def _outcome(visit: Visit, seen: cases.Seen) -> str | None:
    """Return the outcome of the case, in the words for its applicant."""
    word = seen.case.outcome
    told = outcome_of(visit.reader, word, drawn=seen.spec.outcome_name(word))
    return told or story.grounds(visit.reader, seen.spec).get(word or "", word)


@page(blueprint.get("/cases/<uuid:case_id>/log"), may="events.read")
def show_log(visit: Visit, case_id: UUID) -> Page:
    """Show the whole history, the newest first."""
    seen = cases.see(visit.uow, case_id)
    rows = cases.latest(visit.uow, seen, before=asked.count(request.args, "cursor"))
    shown, before = following(rows, cases.PAGE, itemgetter("seq"))
    values = {
        "case": seen.case,
        "groups": story.grouped(story.describe(visit.reader, seen, shown)),
        "next": before,
    }
    return Page("desk/log.html", values, opened=Opened("events", case_id))


@page(blueprint.get("/cases/<uuid:case_id>/diagram.svg"), may="events.read")
def show_picture(visit: Visit, case_id: UUID) -> Content:
    """Return the diagram with what the case has passed and its current steps."""
    drawn = diagrams.of_case(visit.uow, case_id, visit.reader.language)
    opened = access_log.for_auditor(visit.uow.actor, "case", case_id)
    return Content(drawn, "image/svg+xml", opened=opened)


@page(blueprint.get("/cases/<uuid:case_id>/diagram"), may="events.read")
def show_diagram(visit: Visit, case_id: UUID) -> Page:
    """Show the diagram in full size, scrollable with JavaScript; else as an image."""
    seen = cases.see(visit.uow, case_id)
    rows = tasks.latest(visit.uow, case_id)
    marks = {row["element"]: "token" for row in rows if row["status"] == "open"}
    marks |= {incident["element"]: "token failed" for incident in seen.case.incidents if incident["element"]}
    # A file without layout is drawn only on the server.
    movable = b"BPMNPlane" in _file_of(visit.uow, seen.case)
    values = {"case": seen.case, "marks": marks, "movable": movable}
    return Page("desk/diagram.html", values, opened=Opened("case", case_id))


@page(blueprint.get("/cases/<uuid:case_id>/diagram.bpmn"), may="events.read")
def show_file(visit: Visit, case_id: UUID) -> Content:
    """Download the file of the case's version. Uploaded files are never pages of ours."""
    case = cases.see(visit.uow, case_id).case
    return Content(_file_of(visit.uow, case), "application/xml", name=f"{case.key}.bpmn")


def _file_of(uow: UnitOfWork, case: cases.CaseView) -> bytes:
    return definitions.bpmn_file(uow, definitions.version(uow, case.key, case.version))
