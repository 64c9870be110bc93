"""The funnel of a service: how many applications come how far."""

from datetime import date, timedelta
from typing import Annotated, Any

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, Request
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.portal import funnel
from engine.portal.funnel import Counts

blueprint = APIBlueprint("funnel", __name__, tag="Definitions")
USUAL = timedelta(days=29)
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class FunnelQuery(Request):
    """Which days: by default the last 30, at most 366."""

    from_on: Day | None = None
    """First day, included."""
    to_on: Day | None = None
    """Last day, included."""


class FunnelStep(Body):
    """How many applications had this number of steps answered, for the first time."""

    step: int
    """Number of steps of the form that are answered."""
    count: int
    """Number of applications that came so far for the first time."""


class FunnelCounts(Body):
    """How far applications came."""

    begun: int
    """Applications whose first answers were stored."""
    steps: list[FunnelStep]
    """Applications by the number of steps answered."""
    sent: int
    """Applications that were submitted."""
    discarded: int
    """Applications that their authors deleted."""
    expired: int
    """Applications that were deleted after 30 days without a change."""


class FunnelDay(FunnelCounts):
    """The same of one day, in the zone of the installation, and one version."""

    day: date
    """The day, in the time zone of the installation."""
    version: int
    """Number of the version of the definition."""


class FunnelBody(Body):
    """The funnel of a service. Nothing in it refers to a person or an application."""

    definition: str
    """Key of the definition."""
    from_on: date
    """First day, included."""
    to_on: date
    """Last day, included."""
    total: FunnelCounts
    """The numbers of all days and versions."""
    items: list[FunnelDay]
    """The numbers by day and version."""


@command(blueprint.get("/services/<key>/funnel"), query=FunnelQuery, answer=FunnelBody, refusals=(404,))
def read(uow: UnitOfWork, key: str, query: FunnelQuery) -> Reply:
    """Count how far applications for a service came

    Applications that are begun on the pages, by day and version. For administrators, designers, managers and
    auditors of the unit that owns the service.
    """
    end = query.to_on or (query.from_on + USUAL if query.from_on else uow.now.date())
    begin = query.from_on or end - USUAL
    if begin > end:
        raise Invalid("The request has errors.", [Fault("/query/to_on", "is before from_on", "days-order")])
    if (end - begin).days >= funnel.LONGEST:
        fault = Fault("/query/from_on", "is too early", "period", {"count": funnel.LONGEST})
        raise Invalid(f"A funnel has at most {funnel.LONGEST} days.", [fault])
    found = funnel.read(uow, key, begin, end)
    days = [FunnelDay(day=day, version=number, **_fields(one)) for (day, number), one in found.days.items()]
    total = FunnelCounts(**_fields(found.total))
    return Reply(FunnelBody(definition=key, from_on=begin, to_on=end, total=total, items=days))


def _fields(counts: Counts) -> dict[str, Any]:
    steps = [FunnelStep(step=step, count=count) for step, count in sorted(counts.steps.items())]
    names = ("begun", "sent", "discarded", "expired")
    return {**{name: getattr(counts, name) for name in names}, "steps": steps}
