"""Composes and writes a history in batches, each from a seed of its own: any number of processes can share them."""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from random import Random

from sqlalchemy import insert

from bench.history import planning
from bench.history.ledger import Ledger
from bench.history.organisation import Setting, prepare
from bench.history.services import APPEAL, SERVICES, TRADE
from demo.history.composing import appeal, compose
from demo.history.offices import DAY, HOUR, MINUTE, Span
from demo.history.plays import Plan
from demo.history.stories import Story
from demo.history.writing import numbered, write
from engine.models import ApplicationCount
from engine.platform.db import Database, connection

BATCH = 500
ALONE = 20_000  # up to so many cases are written by one process
OUTAGES = ((0.2, 3 * HOUR), (0.55, 5 * HOUR), (0.8, 90 * MINUTE))  # where in the period, and how long
STEPS = 3  # of the form of an application


@dataclass(frozen=True, slots=True)
class Order:
    """A history to be written."""

    url: str
    zone: tzinfo
    seed: int
    cases: int
    period: Span

    @property
    def outages(self) -> Sequence[Span]:
        """When the installation did not run."""
        begin, length = self.period[0], self.period[1] - self.period[0]
        starts = [(begin + int(part * length) // DAY * DAY + 6 * HOUR, lasts) for part, lasts in OUTAGES]
        return [(start, start + lasts) for start, lasts in starts]


class Writer:
    """Writes batches of a history in one process."""

    def __init__(self, order: Order, setting: Setting) -> None:
        self._order, self._setting = order, setting
        self._offset = next(iter(setting.world.offices.values())).offset
        self._number = numbered(self._offset)
        self._database = Database(order.url, zone=order.zone)

    def write(self, batch: int) -> Ledger:
        """Write a batch. Return what was planted in it."""
        rng, ledger = Random(f"{self._order.seed} {batch}"), Ledger(self._offset)
        first = batch * BATCH
        stories: list[Story] = []
        for number in range(first, min(first + BATCH, self._order.cases)):
            stories += self._stories(rng, number, ledger)
        with self._database.transaction() as session:
            write(session, stories, self._setting.groups)
        return ledger

    def close(self) -> None:
        """Close the connections."""
        self._database.dispose()

    def _stories(self, rng: Random, number: int, ledger: Ledger) -> Sequence[Story]:
        """Return a case, and that of the appeal of its decision."""
        world, period = self._setting.world, self._order.period
        started = self._started(rng)
        chosen = planning.choose(rng, number, started, period, world.offices)
        people = self._setting.applicants
        actor, person = people[0] if chosen.flag == planning.FLAGS[-1] else rng.choice(people[1:])
        service = chosen.service
        version = self._setting.versions[service.key, service.version]
        counted = self._number(started, self._setting.first_number + number + 1)
        story = Story(
            *(service, world.offices[chosen.office], rng, counted, actor, person),
            *(started, period[1], version),
        )
        story.channel = "online" if rng.random() < planning.ONLINE else "assisted"
        if story.channel == "online":
            story.begun = started - int(rng.uniform(3, 90) * MINUTE)
            self._apply(rng, ledger, story)
        compose(story, world, chosen.plan)
        appealing = self._appeal(rng, story)
        ledger.add(story, chosen, world, self._setting.names)
        if appealing is None:
            return [story]
        ledger.add(appealing, planning.Chosen(appealing.service, appealing.office.key, Plan("")), world, {})
        ledger.note_appeal(story, appealing)
        return [story, appealing]

    def _started(self, rng: Random) -> int:
        """Return an instant of the period, by day more often."""
        begin, end = self._order.period
        day = begin + int(rng.random() * (end - begin)) // DAY * DAY
        return min(end - MINUTE, day - self._offset + int(rng.triangular(7, 23, 11) * HOUR))

    def _apply(self, rng: Random, ledger: Ledger, story: Story) -> None:
        """Count the application, and now and then one that was not sent."""
        service, begun = story.service, ledger.day(story.begun or story.started)
        stages = [("begun", 0), *(("step", step) for step in range(1, STEPS + 1))]
        ledger.funnel.update((service.key, service.version, begun, *stage) for stage in stages)
        ledger.funnel[service.key, service.version, ledger.day(story.started), "sent", 0] += 1
        if rng.random() < 0.3:
            end = "discarded" if rng.random() < 0.4 else "expired"
            ledger.funnel.update((service.key, service.version, begun, *one) for one in (stages[0], (end, 0)))

    def _appeal(self, rng: Random, story: Story) -> Story | None:
        """Return an appeal of a refusal, if there is one."""
        refused = story.service.key == TRADE and story.outcome == "refused"
        if not refused or story.ended is None or rng.random() >= planning.APPEALED:
            return None
        begun = story.ended + int(rng.uniform(1, 12) * DAY)
        if begun >= story.until:
            return None
        service, office = SERVICES[APPEAL][0], self._setting.world.offices["legal-office"]
        made = Story(
            *(service, office, rng, f"{story.number}-A", story.applicant, story.person),
            *(begun, story.until, self._setting.versions[APPEAL, 1]),
        )
        plan = Plan("granted" if rng.random() < 0.4 else "refused")
        appeal(story, made, self._setting.world, plan)
        return made


_writer: Writer | None = None


def _open(order: Order, setting: Setting) -> None:
    global _writer
    _writer = Writer(order, setting)


def _write(batch: int) -> Ledger:
    assert _writer is not None
    return _writer.write(batch)


def generate(order: Order, processes: int) -> Ledger:
    """Write a history into a migrated, empty database. Return its ledger."""
    database = Database(order.url, zone=order.zone)
    try:
        setting = prepare(database, order.zone, order.period, order.outages, order.cases)
        offset = next(iter(setting.world.offices.values())).offset
        ledger = Ledger(offset)
        for part in _parts(order, setting, processes):
            ledger.merge(part)
        _count_applications(database, ledger)
    finally:
        database.dispose()
    return ledger


def _parts(order: Order, setting: Setting, processes: int) -> Iterator[Ledger]:
    batches = range(-(-order.cases // BATCH))
    if order.cases <= ALONE or processes == 1:
        writer = Writer(order, setting)
        yield from (writer.write(batch) for batch in batches)
        writer.close()
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _open, (order, setting)) as pool:
        yield from pool.imap(_write, batches)


def _count_applications(database: Database, ledger: Ledger) -> None:
    names = ("key", "version", "day", "stage", "step")
    rows = [
        dict(zip(names, key, strict=True)) | {"count": count, "day": date.fromisoformat(key[2])}
        for key, count in sorted(ledger.funnel.items())
    ]
    if rows:
        with database.transaction() as session:
            connection(session).execute(insert(ApplicationCount), rows)
