"""What a report says: figures, texts and actions as one JSON document, computed until it is signed.

Pages, the API and the PDF show this document alone, so that a signed report stays as it was. Its canonical
form is sorted by name; the digest is the SHA-256 of that.
"""

import hashlib
from datetime import date
from typing import Any

import orjson

from engine.models import ProgressReport, Unit
from engine.oversight import commitments
from engine.oversight.projection.periods import DAY
from engine.oversight.reports import actions, figures, writers
from engine.oversight.reports.figures import Json
from engine.oversight.reports.periods import ReportPeriod, find
from engine.platform.db import UnitOfWork

SECTIONS = ("services", "cases", "causes", "silence", "commitments", "actions")


def period_of(report: ProgressReport) -> ReportPeriod:
    """Returns the period of a stored report."""
    found = find(report.first, report.last)
    if found is None:
        raise RuntimeError(f"The report {report.id} has no whole period.")
    return found


def compute(uow: UnitOfWork, report: ProgressReport) -> Json:
    """Returns what a draft says now."""
    unit, period = uow.session.get_one(Unit, report.unit_id), period_of(report)
    today = uow.now.date()
    content = figures.figures(uow, unit.key, period)
    causes = figures.causes(uow, unit.key, period)
    own, earlier = actions.of_report(uow, report)
    about = [one["cause"] for one in (*own, *earlier) if one["cause"]]
    figures.add_names(uow, content["silence"], [*causes, *about])
    found: Json = {
        **_head(report, unit, period, today),
        **content,
        "causes": causes,
        "services": _services(uow, report, today),
        "commitments": _commitments(uow, unit, report, today),
        "actions": own,
        "earlier_actions": earlier,
        "summary": report.summary,
        "comments": dict(report.comments),
        "writers": writers.listed(uow, report),
    }
    plain: Json = orjson.loads(canonical(found))
    return plain


def _head(report: ProgressReport, unit: Unit, period: ReportPeriod, today: date) -> Json:
    days = period.days
    return {
        "report": report.id,
        "unit": unit.key,
        "unit_name": unit.name,
        "period": {"kind": period.kind, "calendar": period.calendar, "first": days.first, "last": days.last},
        "edition": report.edition,
        "reason": report.reason,
        "as_of": today,
    }


def _services(uow: UnitOfWork, report: ProgressReport, today: date) -> Json:
    register = commitments.registers(uow, [report.unit_id])[report.unit_id]
    found = register.at(min(report.last, today) + DAY)
    names_of = ("name_fa", "name_en", "unit", "unit_name", "yearly_volume", "reason", "text")
    missing = [{name: getattr(one, name) for name in names_of} for one in found.missing]
    return {"online": found.online, "total": found.total, "missing": missing}


def _commitments(uow: UnitOfWork, unit: Unit, report: ProgressReport, today: date) -> list[Json]:
    """Returns the commitments as they were at the end of the period, with the explanations given by now."""
    shown = ("id", "text_fa", "text_en", "legal_basis", "metric", "target", "due", "value", "month", "state")
    more = (
        "unit",
        "unit_name",
        "reached",
        "lost",
        "explanation",
        "explain_by",
        "cause",
        "unexplained",
        "kind",
    )
    return [
        {name: getattr(one, name) for name in (*shown, *more)}
        for one in commitments.measured_in(uow, unit.key, min(report.last, today), explained=today)
    ]


def canonical(content: Json) -> bytes:
    """Returns the bytes that a digest covers."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def stored(report: ProgressReport) -> tuple[Json, str] | None:
    """Returns what was signed with its digest; None of a draft."""
    if report.content is None or report.digest is None:
        return None
    found: Any = orjson.loads(report.content)
    return found, report.digest
