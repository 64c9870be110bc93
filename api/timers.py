"""Timers for which cases wait: listed, and fired now in test installations."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app

from api.bodies.cases import CaseBody
from api.cases import case_body
from api.command import TEST_INSTALLATION, Reply, command, etag, sends
from api.shapes import Body, CaseNumber, Instant, Key, Page, PageQuery, Request, page_of
from engine import cases
from engine.cases import timers
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("timers", __name__, tag="Timers")


class TimersQuery(PageQuery):
    """Which timers: by default those of all running cases that the caller sees."""

    case: UUID | None = None
    """The id of a case."""
    definition: Key | None = None
    """The key of a definition."""


class TimerBody(Body):
    """A timer for which a running case waits."""

    id: UUID
    """Its id."""
    case: UUID
    """The id of the case."""
    case_number: CaseNumber
    definition: str
    """The key of the definition of the case."""
    version: int
    """The number of the version of the case."""
    element: str
    """The event of the diagram, by its path."""
    due_at: Instant
    """When it is due. While the case is suspended, it waits beyond that."""
    opened_at: Instant
    """Since when the case waits for it."""


class TimerPage(Page[TimerBody]):
    """A page of timers, those that began to wait first at the top."""


@command(blueprint.get("/timers"), query=TimersQuery, answer=TimerPage)
def list_timers(uow: UnitOfWork, query: TimersQuery) -> Reply:
    """List the timers for which cases wait

    Those of the running cases that the caller sees. The statutory term of a case is not one of them.
    """
    wanted = timers.TimersWanted(query.case, query.definition, query.cursor)
    return Reply(TimerPage(**page_of(TimerBody, timers.list_timers(uow, wanted), cases.PAGE)))


@command(blueprint.post("/timers/<uuid:timer_id>/fire"), body=Request, answer=CaseBody, refusals=(404, 409))
@sends("ETag")
def fire_timer(uow: UnitOfWork, timer_id: UUID) -> Reply:
    """Fire a timer now

    Only in test installations, so that a portal team needn't wait. Elsewhere the response is 403.
    """
    test: bool = current_app.extensions[TEST_INSTALLATION]
    case = timers.fire_timer(uow, timer_id, test_installation=test)
    return Reply(case_body(case), {"ETag": etag(case.revision)})
