"""Commitments: what units must reach by a day, whether they did, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from engine import access
from engine.oversight import commitments
from engine.oversight.commitments import CAUSES, KINDS, MEASURES, METRICS, MeasuredCommitment, NewCommitment
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked, charts, texts
from web.administration.area import refused, units_to_choose, word
from web.charts import About, Series
from web.oversight import committing, exact, names, words
from web.oversight.names import Known
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("commitments", __name__, url_prefix="/commitments")
SHOWN = 200  # commitments on a page
BADGES = {
    "reached": "good",
    "held": "good",
    "not_held": "bad",
    "late": "warn",
    "missed": "bad",
    "pending": "accent",
}


@page(blueprint.get(""), may="metrics.read")
def index(visit: Visit) -> Page:
    """Show the commitments, those that wait for an explanation first."""
    return _index(visit)


def _index(visit: Visit, refusal: Refusal | None = None) -> Page:
    unit, withdrawn = word("unit"), request.args.get("withdrawn") == "1"
    typing = refusal is not None
    found = commitments.list_commitments(visit.uow, None if typing else unit, withdrawn=withdrawn)
    known = Known(visit)
    processes = {key: visit.reader.half(row.name) for key, row in known.processes.items()}
    values = {
        "items": [_row(visit, one, processes) for one in found.items[:SHOWN]],
        "count": len(found.items),
        "shown": SHOWN,
        "waiting": sum(one.unexplained for one in found.items),
        "withdrawn": withdrawn,
        "as_of": found.as_of,
        "units": units_to_choose(visit),
        "unit": "" if typing else unit or "",
        "may_manage": access.allows(visit.uow.actor, "commitments.manage"),
        **_choices(processes),
        **(refused(refusal) if refusal else {}),
    }
    status = committing.status_of(refusal) if refusal else 200
    return committing.render(visit, "commitments", values, way="commitments", status=status)


@page(blueprint.get("/commitments.csv"), may="metrics.read")
def download(visit: Visit) -> Content:
    """Return the commitments as a file."""
    withdrawn = request.args.get("withdrawn") == "1"
    found = commitments.list_commitments(visit.uow, word("unit"), withdrawn=withdrawn)
    body = commitments.csv_of_commitments(found.items)
    return Content(body, "text/csv; charset=utf-8", name="commitments.csv")


def _row(visit: Visit, one: MeasuredCommitment, processes: Mapping[str, str]) -> dict[str, Any]:
    """Return what a row of the list shows."""
    definition = one.definition
    return {
        "id": one.id,
        "text": getattr(one, f"text_{visit.reader.language}"),
        "unit": visit.reader.half(one.unit_name),
        "metric": one.metric,
        "service": None if definition is None else processes.get(definition, definition),
        "value": committing.value(one),
        "month": None if one.month is None else committing.month(visit, one, one.month),
        "target": committing.target(one),
        "due": one.due,
        "kind": one.kind,
        "state": one.state,
        "badge": BADGES.get(one.state, ""),
        "lost": one.lost,
        "reached": None if one.reached is None else committing.month(visit, one, one.reached),
        "explain_by": one.explain_by,
        "unexplained": one.unexplained,
        "overdue": one.explain_by is not None and one.explain_by < visit.uow.now.date(),
        "cause": one.cause,
        "legal_basis": one.legal_basis,
        "withdrawn_at": one.withdrawn_at,
    }


def _choices(processes: Mapping[str, str]) -> dict[str, Any]:
    """Return what the forms offer."""
    metrics = [(one, texts.say(f"words.commitment-metric.{one}")) for one in METRICS]
    kinds = {one: texts.say(f"oversight.commitments.kind.{MEASURES[one].kind}") for one in METRICS}
    return {
        "commitment_kinds": [(one, texts.say(f"words.commitment-kind.{one}")) for one in KINDS],
        "metrics": [(one, f"{name} ({kinds[one]})") for one, name in metrics],
        "services": sorted(processes.items(), key=lambda item: item[1]),
        "month_calendars": [(one, texts.say(f"words.calendar.{one}")) for one in ("jalali", "gregorian")],
        "causes": [(one, texts.say(f"words.commitment-cause.{one}")) for one in CAUSES],
    }


def _not_made(visit: Visit, refusal: Refusal) -> Page:
    """Show the form as it was typed, and why the commitment was not made."""
    return _index(visit, refusal)


@page(blueprint.post(""), may="commitments.manage", refused=_not_made)
def create(visit: Visit) -> Away:
    """Enter a commitment."""
    made = commitments.make(visit.uow, _typed(visit, chosen=True))
    return Away(f"/oversight/commitments/{made}", told="oversight.commitments.saved")


def _typed(visit: Visit, *, chosen: bool = False) -> NewCommitment:
    """Return what was typed, with the unit if one is `chosen`. Raises Invalid for none, or for no day."""
    faults = committing.unit_faults(visit) if chosen else []
    for name in ("due", "since"):
        if word(name) and committing.day(name) is None:
            faults.append(Fault(f"/{name}", "is not a date", "date"))
    if faults:
        raise Invalid("The commitment can't be saved.", faults)
    return NewCommitment(
        unit=(word("unit") or "") if chosen else "",
        text_fa=committing.paragraph("text_fa"),
        text_en=committing.paragraph("text_en"),
        legal_basis=word("legal_basis") or "",
        metric=word("metric") or "",
        target=word("target") or "",
        due=committing.day("due"),
        calendar=word("calendar") or "",
        definition=word("definition"),
        since=committing.day("since"),
        kind=word("kind"),
    )


@page(blueprint.get("/<uuid:commitment_id>"), may="metrics.read")
def show(visit: Visit, commitment_id: UUID) -> Page:
    """Show a commitment with its months, versions and explanations."""
    return _show(visit, commitment_id)


def _show(visit: Visit, commitment_id: UUID, refusal: Refusal | None = None) -> Page:
    one, actor = commitments.one_measured(visit.uow, commitment_id), visit.uow.actor
    known = Known(visit)
    processes = {key: visit.reader.half(row.name) for key, row in known.processes.items()}
    if one.definition is not None and one.definition not in processes:
        processes |= names.load(known, of_processes=[one.definition]).processes
    in_force = one.withdrawn_at is None
    late = one.explain_by is not None
    values = {
        "one": one,
        "row": _row(visit, one, processes),
        "months": _months(visit, one),
        "chart": _chart(visit, one),
        "legend": charts.key(
            [texts.say(f"words.commitment-metric.{one.metric}"), texts.say("oversight.commitments.target")]
        ),
        "may_manage": in_force and access.allows(actor, "commitments.manage"),
        "may_explain": in_force and late and access.allows(actor, "commitments.explain"),
        "stated": {version.number: _stated(one, version.number) for version in one.versions},
        "before": _before(visit, one),
        **_choices(processes),
        **(refused(refusal) if refusal else {}),
    }
    status = committing.status_of(refusal) if refusal else 200
    return committing.render(visit, "commitment", values, way="commitments", status=status)


def _months(visit: Visit, one: MeasuredCommitment) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the table of months, the latest first."""
    return [
        {
            "name": committing.month(visit, one, each.first),
            "value": committing.value(one, each),
            "met": each.met,
        }
        for each in reversed(one.months)
    ]


def _chart(visit: Visit, one: MeasuredCommitment) -> Any:
    """Draw the months with the target; None if none is measured."""
    if one.value is None:
        return None
    scale = {"percent": 100.0, "days": 1 / words.DAY}.get(one.measure.kind, 1.0)
    values = [None if each.value.value is None else each.value.value * scale for each in one.months]
    of_target = [one.target * scale] * len(values)
    own = replace(visit.reader, calendar=one.calendar)
    months = [own.month(each.first, year=False) for each in one.months]
    if own.language == "en" and one.calendar == "gregorian":
        months = [name[:3] for name in months]
    name = texts.say(f"words.commitment-metric.{one.metric}")
    told = "; ".join(f"{row['name']}: {row['value']}" for row in reversed(_months(visit, one)))
    series = [Series(name, values), Series(texts.say("oversight.commitments.target"), of_target)]
    return charts.lines(visit.reader, About("months", name, told), months, series, write=visit.reader.number)


def _stated(one: MeasuredCommitment, number: int) -> str:
    """Return metric and target of a version in words."""
    version = one.versions[number - 1]
    measure = MEASURES[version.metric]
    target = exact.target(measure, version.target)
    return f"{texts.say(f'words.commitment-metric.{version.metric}')}: {target}"


def _before(visit: Visit, one: MeasuredCommitment) -> Mapping[str, str]:
    """Return what the form to amend has at first."""
    version = one.version
    return {
        "text_fa": version.text_fa,
        "text_en": version.text_en,
        "legal_basis": version.legal_basis,
        "metric": version.metric,
        "target": visit.reader.digits(f"{version.target:f}"),
        "due": visit.reader.figures(version.due),
        "since": visit.reader.figures(version.since),
        "calendar": version.calendar,
        "kind": version.kind,
        "definition": version.definition or "",
    }


def _not_done(visit: Visit, commitment_id: UUID, refusal: Refusal) -> Page:
    """Show the commitment with what was typed, and why it was refused."""
    return _show(visit, commitment_id, refusal)


@page(blueprint.post("/<uuid:commitment_id>/amend"), may="commitments.manage", refused=_not_done)
def amend(visit: Visit, commitment_id: UUID) -> Away:
    """Amend a commitment."""
    version = asked.count(request.form, "version") or 0
    commitments.amend(visit.uow, commitment_id, version, _typed(visit), committing.paragraph("reason"))
    return Away(f"/oversight/commitments/{commitment_id}", told="oversight.commitments.amended")


@page(blueprint.post("/<uuid:commitment_id>/withdraw"), may="commitments.manage", refused=_not_done)
def withdraw(visit: Visit, commitment_id: UUID) -> Away:
    """Withdraw a commitment."""
    version = asked.count(request.form, "version") or 0
    commitments.withdraw(visit.uow, commitment_id, version, committing.paragraph("reason"))
    return Away(f"/oversight/commitments/{commitment_id}", told="oversight.commitments.is-withdrawn")


@page(blueprint.post("/<uuid:commitment_id>/explain"), may="commitments.explain", refused=_not_done)
def explain(visit: Visit, commitment_id: UUID) -> Away:
    """Explain a commitment that was not reached in time."""
    commitments.explain(visit.uow, commitment_id, word("cause") or "", committing.paragraph("text"))
    return Away(f"/oversight/commitments/{commitment_id}", told="oversight.commitments.explained")
