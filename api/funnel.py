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
    """From which day to which, both included: by default the last 30 days."""

    from_on: Day | None = None
    to_on: Day | None = None


class FunnelStep(Body):
    """How many applications had this number of steps answered, for the first time."""

    step: int
    count: int


class FunnelCounts(Body):
    """How many applications were begun, came to each step, were sent, discarded by applicants, expired."""

    begun: int
    steps: list[FunnelStep]
    sent: int
    discarded: int
    expired: int


class FunnelDay(FunnelCounts):
    """The same of one day, in the zone of the installation, and one version."""

    day: date
    version: int


class FunnelBody(Body):
    """The funnel of a service. Nothing in it refers to a person or an application."""

    definition: str
    from_on: date
    to_on: date
    total: FunnelCounts
    items: list[FunnelDay]


@command(blueprint.get("/services/<key>/funnel"), query=FunnelQuery, answer=FunnelBody, refusals=(404,))
def read(uow: UnitOfWork, key: str, query: FunnelQuery) -> Reply:
    """Count how far applications for a service came"""
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
