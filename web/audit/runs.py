"""An auditor's first page: the state of the checkpoints, verifying now, and the results."""

from uuid import UUID

from flask import Blueprint

from engine import access
from engine.oversight.audit import checkpoints, runs, sending
from engine.oversight.audit.runs import overdue
from engine.oversight.audit.signing import key_id
from engine.platform.errors import Refusal
from web import texts
from web.listing import cursor, following
from web.site import site
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("runs", __name__)


@page(blueprint.get(""), may="audit.run")
def index(visit: Visit) -> Page | Away:
    """Show the newest checkpoint, where it was sent, what was verified; auditors of a unit only search."""
    return _overview(visit) if access.everywhere(visit.uow) else Away("/audit/search")


def again(visit: Visit, refusal: Refusal, **_: object) -> Page:
    """Show the page, and why something was not possible."""
    return _overview(visit, fault=texts.explain(refusal), status=409)


def _overview(visit: Visit, *, fault: str | None = None, status: int = 200) -> Page:
    uow = visit.uow
    row = checkpoints.newest(uow.connection)
    last = None if row is None else checkpoints.readable(row)
    made = last.statement if last else None
    sent = sending.of(uow, [made.number])[made.number] if made else ()
    rows, next_one = following(runs.page(uow, after=cursor()), runs.PAGE)
    values = {
        "last": made,
        "altered": row["number"] if row is not None and last is None else None,
        "late": overdue(uow.now, row["at"] if row else None, site().settings.checkpoint_minutes),
        "keys": [(key_id(public), public) for public in made.keys] if made else [],
        "sent": sent,
        "unsent": sending.failed(uow),
        "rows": rows,
        "next": next_one,
        "fault": fault,
    }
    return Page("audit/overview.html", values, status=status)


@page(blueprint.post("/verify"), may="audit.run", refused=again)
def verify(visit: Visit) -> Away:
    """Verify all logs now."""
    return Away(f"/audit/runs/{runs.request(visit.uow, 'verification')}")


@page(blueprint.post("/take"), may="audit.run", refused=again)
def take(visit: Visit) -> Away:
    """Take a checkpoint now."""
    return Away(f"/audit/runs/{runs.request(visit.uow, 'checkpoint')}")


@page(blueprint.post("/checkpoints/<int:number>/send"), may="audit.run", refused=again)
def send(visit: Visit, number: int) -> Away:
    """Send a checkpoint again to the targets that don't have it."""
    sending.again(visit.uow, number)
    return Away("/audit", told="auditing.sent-again")


@page(blueprint.get("/runs/<uuid:run_id>"), may="audit.run")
def show(visit: Visit, run_id: UUID) -> Page:
    """Show the progress of a run, and its result."""
    return Page("audit/run.html", {"run": runs.get(visit.uow, run_id)})
