"""Progress reports: who has reported, and the report of a unit and a period, which people write and sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, request

from engine import access
from engine.organisation import units
from engine.oversight import reports
from engine.oversight.projection.periods import Days
from engine.oversight.reports import (
    ActionChanges,
    Comparison,
    NewAction,
    ReportForms,
    ReportPeriod,
    ReportTexts,
    ReportView,
    Words,
)
from engine.platform.errors import Conflict, Fault, Invalid, Refusal
from engine.platform.language import LANGUAGES
from engine.platform.typesetting import Note, Table
from web import asked, forms, texts
from web.listing import cursor, following
from web.oversight import agencies
from web.oversight.area import WAYS, path
from web.refusals import status_of
from web.visit import Away, Content, Page, Shown, Visit, page

blueprint = Blueprint("progress_reports", __name__, url_prefix="/reports")
AT = "/oversight/reports"
NAMED = 40  # agencies that have not reported


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section as a template draws it: kinds of blocks with what is in them."""

    name: str
    heading: str
    blocks: Sequence[tuple[str, Any]]
    comment: str


def _words() -> Words:
    return Words(texts.for_reader())


def _render(name: str, values: Mapping[str, Any], refusal: Refusal | None = None) -> Page:
    ways = [(one, path(one)) for one in WAYS]
    shown = {"ways": ways, "way": "reports", "words": _words(), **values}
    return Page(
        f"oversight/{name}.html",
        {**shown, **(_refused(refusal) if refusal else {})},
        status=status_of(refusal),
    )


def _refused(refusal: Refusal) -> dict[str, Any]:
    wrong: dict[str, list[str]] = {}
    for fault in refusal.faults if isinstance(refusal, Invalid) else ():
        wrong.setdefault(fault.pointer, []).append(forms.explain_fault(fault))
    return {"fault": texts.explain(refusal), "wrong": wrong, "typed": request.form}


@page(blueprint.get(""), may="metrics.read")
def index(visit: Visit) -> Page:
    """Show who has reported, open actions and the reports, and ask for a new one."""
    return _index(visit)


def _index(visit: Visit, refusal: Refusal | None = None) -> Page:
    words, uow = _words(), visit.uow
    rows, following_one = following(reports.page(uow, after=cursor()), reports.PAGE)
    writes = access.allows(uow.actor, "reports.write")
    actions = reports.open_actions(uow)
    found = _comparison(visit) if reports.has_agencies(uow) else None
    values = {
        "comparison": found,
        "late": found is not None and found.due < uow.now.date(),
        "compared": agencies.FIGURES,
        "overview": agencies.overview,
        "silent": "" if found is None else _silent(visit, found),
        "chosen": request.args.get("period", ""),
        "periods": _periods(visit, words),
        "rows": [(row, words.period(_period(row["first"], row["last"]))) for row in rows],
        "next": following_one,
        "open_actions": actions,
        "first_actions": actions.items,
        "units": _units(visit) if writes else [],
        "may_write": writes,
    }
    return _render("reports", values, refusal)


@page(blueprint.get("/agencies.csv"), may="metrics.read")
def download(visit: Visit) -> Content:
    """Return the comparison of agencies as a file."""
    return agencies.file(_comparison(visit))


def _comparison(visit: Visit) -> Comparison:
    """Return the agencies in the chosen period, else in the reader's last month that has ended."""
    days = _days(request.args.get("period", ""))
    period = None if days is None else reports.find(days.first, days.last)
    if period is None or period.days.first > visit.uow.now.date():
        period = reports.offered(visit.uow.now.date(), visit.reader.calendar)[1]
    return reports.compare(visit.uow, period.days.first, period.days.last)


def _silent(visit: Visit, found: Comparison) -> str:
    """Return the names of the agencies that have not reported; of many the first ones."""
    names = []
    for line in found.silent[:NAMED]:
        name = visit.reader.half(line.name)
        names.append(texts.say("reporting.only-draft", unit=name) if line.state == "draft" else name)
    more = len(found.silent) - NAMED
    if more > 0:
        comma = ", " if visit.reader.language == "en" else "، "
        return texts.say("reporting.and-more", names=comma.join(names), count=more)
    return visit.reader.both(names)


def _periods(visit: Visit, words: Words) -> list[tuple[str, str]]:
    """Return the periods that can be chosen: those of the reader's calendar."""
    found = reports.offered(visit.uow.now.date(), visit.reader.calendar)
    return [(_value(one), words.period(one)) for one in found]


def _value(period: ReportPeriod) -> str:
    return f"{period.days.first}:{period.days.last}"


def _days(typed: str) -> Days | None:
    first, _, last = typed.partition(":")
    try:
        return Days(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None


def _period(first: date, last: date) -> ReportPeriod:
    found = reports.find(first, last)
    if found is None:
        raise RuntimeError(f"The days {first} to {last} of a report are no period.")
    return found


def _units(visit: Visit) -> list[tuple[str, str]]:
    """Return the units that can report: also those that were closed since the first of the periods."""
    periods = reports.offered(visit.uow.now.date(), visit.reader.calendar)
    first = min(one.days.first for one in periods)
    shown = []
    for row in units.own(visit.uow, closed_after=datetime.combine(first, time.min, visit.uow.now.tzinfo)):
        own, above = visit.reader.half(row["name"]), visit.reader.half(row["above"] or "")
        both = texts.say("administration.within", unit=own, above=above) if above else own
        shown.append((row["key"], both))
    return shown


def not_begun(visit: Visit, refusal: Refusal) -> Shown:
    """Lead to the report that there is, or show the form again."""
    if isinstance(refusal, Conflict) and refusal.code == "report-exists":
        return Away(f"{AT}/{refusal.state['report']['id']}", told="reporting.exists")
    return _index(visit, refusal)


@page(blueprint.post(""), may="reports.write", refused=not_begun)
def begin(visit: Visit) -> Away:
    """Begin a report."""
    days = _days(request.form.get("period", ""))
    if days is None:
        fault = Fault("/first", "is not a period", "report-period")
        raise Invalid("Choose a period.", [fault])
    made = reports.create(visit.uow, request.form.get("unit", ""), days.first, days.last)
    return Away(f"{AT}/{made}", told="reporting.begun")


@page(blueprint.get("/<uuid:report_id>"), may="metrics.read")
def show(visit: Visit, report_id: UUID) -> Page:
    """Show a report, with forms for those who write or sign."""
    return _show(visit, report_id)


def _show(visit: Visit, report_id: UUID, refusal: Refusal | None = None) -> Page:
    words, view = _words(), reports.read(visit.uow, report_id)
    offered = reports.forms(visit.uow, view)
    content = view.content
    values = {
        "view": view,
        "content": content,
        "forms": offered,
        "period": words.period(view.period),
        "days": words.days(view.period.days),
        "leads": _leads(view),
        "empty": not (content["summary"] or any(content["comments"].values()) or content["actions"]),
        "parts": [_drawn(one) for one in reports.sections(content, words)],
        "writers": visit.reader.both([visit.reader.person(one["names"]) for one in content["writers"]]),
        "causes": _causes(view, words),
        "owners": [(str(row["id"]), visit.reader.person(row["names"])) for row in offered.owners],
        "live": _live(view, offered),
        "languages_of_pdf": [(code, name) for code, (name, _) in LANGUAGES.items()],
    }
    return _render("report", values, refusal)


def _leads(view: ReportView) -> Mapping[str, str]:
    """Return the pages that have the figures of a section, with the same unit and period."""
    unit, days = view.content["unit"], view.period.days
    ways = {"cases": "/oversight", "causes": "/oversight/delays"}
    return {name: agencies.overview(unit, days.first, days.last, at) for name, at in ways.items()}


def _drawn(section: reports.Section) -> ShownSection:
    kinds = {Table: "table", Note: "note"}
    blocks = [(kinds.get(type(one), "text"), one) for one in section.blocks]
    return ShownSection(section.name, section.heading, blocks, section.comment)


def _causes(view: ReportView, words: Words) -> list[tuple[str, str]]:
    keys = ("party", "definition", "element", "bucket")
    return [
        (orjson.dumps([one[key] for key in keys]).decode(), words.cause(one))
        for one in view.content["causes"]
    ]


def _live(view: ReportView, offered: ReportForms) -> Sequence[Mapping[str, Any]]:
    """Return the open actions that can be closed here."""
    found = [*view.content["earlier_actions"], *view.content["actions"]]
    if view.signed or not offered.may_write:
        return []
    return [one for one in found if one["status"] == "open"]


def again(visit: Visit, report_id: UUID, refusal: Refusal) -> Page:
    """Show the report with what was typed, and why it was refused."""
    return _show(visit, report_id, refusal)


@page(blueprint.post("/<uuid:report_id>/texts"), may="reports.write", refused=again)
def write(visit: Visit, report_id: UUID) -> Away:
    """Save the summary, or the comment of a section."""
    section, text = request.form.get("section", ""), request.form.get("text", "").replace("\r\n", "\n")
    given = ReportTexts(summary=text) if section == "summary" else ReportTexts(comments={section: text})
    reports.write(visit.uow, report_id, given, {_revision()})
    return Away(f"{AT}/{report_id}#{section}", told="reporting.saved")


def _revision() -> int:
    """Return the revision that the page showed. Raises Invalid without it: others' texts might be lost."""
    found = asked.count(request.form, "revision")
    if found is None:
        raise Invalid("The texts can't be saved.", [Fault("/revision", "is required", "missing")])
    return found


@page(blueprint.post("/<uuid:report_id>/discard"), may="reports.write", refused=again)
def discard(visit: Visit, report_id: UUID) -> Away:
    """Discard the draft."""
    reports.discard(visit.uow, report_id)
    return Away(AT, told="reporting.discarded")


@page(blueprint.post("/<uuid:report_id>/actions"), may="reports.write", refused=again)
def add_action(visit: Visit, report_id: UUID) -> Away:
    """Add an action."""
    due, owner = asked.typed_day("due", "/due"), asked.identity(request.form, "owner")
    text = request.form.get("text", "").replace("\r\n", "\n")
    faults = [] if due else [Fault("/due", "is required", "missing")]
    faults += [] if owner else [Fault("/owner", "is required", "missing")]
    faults += [] if text.strip() else [Fault("/text", "is required", "missing")]
    if due is None or owner is None or faults:
        raise Invalid("The action can't be saved.", faults)
    reports.add_action(visit.uow, report_id, NewAction(text, owner, due.date(), _cause()))
    return Away(f"{AT}/{report_id}#actions", told="reporting.action-added")


def _cause() -> Mapping[str, str] | None:
    typed = request.form.get("cause", "")
    if not typed:
        return None
    try:
        party, definition, element, bucket = (str(one) for one in orjson.loads(typed))
    except (orjson.JSONDecodeError, ValueError, TypeError):
        party = definition = element = bucket = ""
    return {"party": party, "definition": definition, "element": element, "bucket": bucket}


def not_changed(visit: Visit, action_id: UUID, refusal: Refusal) -> Page:
    """Show the page from which an action was changed, and why it was refused."""
    del action_id
    report_id = asked.identity(request.form, "report")
    return _index(visit, refusal) if report_id is None else _show(visit, report_id, refusal)


@page(blueprint.post("/actions/<uuid:action_id>/close"), may="reports.write", refused=not_changed)
def close_action(visit: Visit, action_id: UUID) -> Away:
    """Close an action."""
    reason = request.form.get("reason", "").replace("\r\n", "\n") or None
    reports.close_action(visit.uow, action_id, request.form.get("status", ""), reason)
    return _back("reporting.action-closed")


@page(blueprint.post("/actions/<uuid:action_id>/due"), may="reports.write", refused=not_changed)
def postpone_action(visit: Visit, action_id: UUID) -> Away:
    """Change the due date of an action."""
    due = asked.typed_day("new_due", "/due")
    if due is None:
        raise Invalid("The action can't be saved.", [Fault("/due", "is required", "missing")])
    reports.change_action(visit.uow, action_id, ActionChanges(due=due.date()))
    return _back("reporting.action-changed")


def _back(told: str) -> Away:
    report_id = asked.identity(request.form, "report")
    return Away(AT if report_id is None else f"{AT}/{report_id}#actions", told=told)


@page(blueprint.post("/<uuid:report_id>/signature"), may="reports.sign", refused=again)
def sign(visit: Visit, report_id: UUID) -> Away:
    """Sign the report as it was shown."""
    reports.sign(visit.uow, report_id, request.form.get("digest", ""))
    return Away(f"{AT}/{report_id}", told="reporting.signed")


def not_corrected(visit: Visit, report_id: UUID, refusal: Refusal) -> Shown:
    """Lead to the later edition that there is, or show the report again."""
    if isinstance(refusal, Conflict) and refusal.code == "report-exists":
        return Away(f"{AT}/{refusal.state['report']['id']}", told="reporting.exists")
    return _show(visit, report_id, refusal)


@page(blueprint.post("/<uuid:report_id>/editions"), may="reports.write", refused=not_corrected)
def correct(visit: Visit, report_id: UUID) -> Away:
    """Begin a new edition."""
    made = reports.correct(visit.uow, report_id, request.form.get("reason", "").replace("\r\n", "\n"))
    return Away(f"{AT}/{made}", told="reporting.corrected")


@page(blueprint.get("/<uuid:report_id>/report-<any(fa, en):language>.pdf"), may="metrics.read")
def pdf(visit: Visit, report_id: UUID, language: Any) -> Content:
    """Return the report as PDF."""
    view = reports.read(visit.uow, report_id)
    name = f"report-{view.content['unit']}-{view.period.days.first}-{language}.pdf"
    document = reports.document(view, language, visit.uow.now.tzinfo)
    return Content(lambda: [reports.pdf(document)], "application/pdf", name=name)
