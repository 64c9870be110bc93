"""How far applications came before they were cases: numbers by service, version and day."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from demo.history.offices import instant_of
from demo.history.stories import Story
from engine.models import ApplicationCount
from engine.platform.db import connection

STEPS = 3  # of the form of an application
ABANDONED, DISCARDED = (
    0.3,
    0.4,
)  # applications that are not sent, to each that is; those of them that are discarded
# Service, version, day, stage, step.
Key = tuple[str, int, str, str, int]


def count(funnel: Counter[Key], story: Story, offset: int) -> None:
    """Count the application of a case, and now and then one that was never sent."""
    service, rng = story.service, story.rng
    begun, sent = (_day(at, offset) for at in (story.begun or story.started, story.started))
    stages = [("begun", 0), *(("step", step) for step in range(1, STEPS + 1))]
    for stage in stages:
        funnel[service.key, service.version, begun, *stage] += 1
    funnel[service.key, service.version, sent, "sent", 0] += 1
    if rng.random() < ABANDONED:
        funnel[service.key, service.version, begun, "begun", 0] += 1
        funnel[
            service.key, service.version, begun, "discarded" if rng.random() < DISCARDED else "expired", 0
        ] += 1


def store(session: Session, funnel: Mapping[Key, int]) -> None:
    """Write the numbers, of days that have none yet."""
    names = ("key", "version", "day", "stage", "step")
    rows = [
        dict(zip(names, key, strict=True)) | {"count": number, "day": date.fromisoformat(key[2])}
        for key, number in sorted(funnel.items())
    ]
    if rows:
        connection(session).execute(insert(ApplicationCount), rows)


def _day(at: int, offset: int) -> str:
    return (instant_of(at) + timedelta(milliseconds=offset)).date().isoformat()
