"""Composes and writes a history in batches.

Each has a seed of its own, so that any number of processes can share them.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import sqrt
from random import Random

from bench.history import interruptions, planning
from bench.history.catalogue import APPEAL, SERVICES, TRADE
from bench.history.ledger import Ledger
from bench.history.organisation import Setting, prepare
from demo.history import applications
from demo.history.composing import appeal, compose, migrating
from demo.history.offices import DAY, HOUR, MINUTE, Span
from demo.history.plans import Plan
from demo.history.stories import Moved, Story
from demo.history.writing import numbered, write
from engine.platform.db import Database

BATCH = 500
ALONE = 20_000  # up to so many cases are written by one process


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
        return interruptions.outages(self.period)


def _hour(part: float) -> float:
    """Return the hour of a day's application, of which this part of the others was before: 7 to 23."""
    return 7 + sqrt(part * 64) if part < 0.25 else 23 - sqrt((1 - part) * 192)


class Writer:
    """Writes batches of a history in one process."""

    def __init__(self, order: Order, setting: Setting, database: Database) -> None:
        self._order, self._setting = order, setting
        self._offset = next(iter(setting.world.offices.values())).offset
        self._number = numbered(setting.numbering, self._offset)
        self._database = database
        self._targets = {
            found.source: Moved(found.at, found.id, SERVICES[key][1], found.target)
            for key, found in setting.world.migrations.items()
        }

    def compose(self, batch: int) -> tuple[Sequence[Story], Ledger]:
        """Return the cases of a batch, and what was planted in it."""
        rng, ledger = Random(f"{self._order.seed} {batch}"), Ledger(self._offset)
        first = batch * BATCH
        stories: list[Story] = []
        for number in range(first, min(first + BATCH, self._order.cases)):
            stories += self._stories(rng, number, ledger)
        return stories, ledger

    def write(self, batch: int) -> Ledger:
        """Write a batch. Return what was planted in it."""
        stories, ledger = self.compose(batch)
        with self._database.transaction() as session:
            write(session, stories, self._setting.groups)
        return ledger

    def _stories(self, rng: Random, number: int, ledger: Ledger) -> Sequence[Story]:
        """Return a case, and that of the appeal of its decision."""
        world, period = self._setting.world, self._order.period
        started = self._started(rng, number)
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
        story.data = {"subject": f"{number + 1}"}
        story.channel = "online" if rng.random() < planning.ONLINE else "assisted"
        if story.channel == "online":
            story.begun = started - int(rng.uniform(3, 90) * MINUTE)
            applications.count(ledger.funnel, story, self._offset)
        target = self._targets.get(version)
        compose(story, world, chosen.plan, target and migrating(story, target))
        appealing = self._appeal(rng, story, number)
        ledger.add(story, chosen, world, self._setting.names)
        if appealing is None:
            return [story]
        ledger.add(appealing, planning.Chosen(appealing.service, appealing.office.key, Plan("")), world, {})
        ledger.note_appeal(story, appealing)
        return [story, appealing]

    def _started(self, rng: Random, number: int) -> int:
        """Return when a case begins: by day, and in the order of the numbers, but for chance within a batch.

        So ids and events are nearly in the order of time, as those of an installation.
        """
        begin, end = self._order.period
        first = number // BATCH * BATCH
        last = min(first + BATCH, self._order.cases)
        reached = (first + (last - first) * rng.random()) / self._order.cases * (end - begin) / DAY
        day, part = divmod(reached, 1)
        return min(end - MINUTE, begin + int(day) * DAY + int(_hour(part) * HOUR))

    def _appeal(self, rng: Random, story: Story, number: int) -> Story | None:
        """Return an appeal of a refusal, if there is one."""
        refused = story.service.key == TRADE and story.outcome == "refused"
        if not refused or story.ended is None or rng.random() >= planning.APPEALED:
            return None
        begun = story.ended + int(rng.uniform(1, 12) * DAY)
        if begun >= story.until:
            return None
        counted = self._number(begun, self._setting.first_number + self._order.cases + number + 1)
        made = Story(
            *(SERVICES[APPEAL][0], story.office, rng, counted, story.applicant, story.person),
            *(begun, story.until, self._setting.versions[APPEAL, 1]),
        )
        made.data = {"subject": story.number}
        plan = Plan("granted" if rng.random() < 0.4 else "refused")
        appeal(story, made, self._setting.world, plan)
        return made


_writers: list[Writer] = []  # that of a process which has batches


def _open(order: Order, setting: Setting) -> None:
    _writers.append(Writer(order, setting, Database(order.url, zone=order.zone)))


def _write(batch: int) -> Ledger:
    return _writers[0].write(batch)


def generate(order: Order, processes: int) -> Ledger:
    """Write a history into a migrated, empty database. Return its ledger."""
    database = Database(order.url, zone=order.zone)
    try:
        setting = prepare(database, order.zone, order.period, order.cases)
        offset = next(iter(setting.world.offices.values())).offset
        ledger = Ledger(offset)
        for part in _parts(order, setting, database, processes):
            ledger.merge(part)
        with database.transaction() as session:
            applications.store(session, ledger.funnel)
    finally:
        database.dispose()
    return ledger


def _parts(order: Order, setting: Setting, database: Database, processes: int) -> Iterator[Ledger]:
    batches = range(-(-order.cases // BATCH))
    if order.cases <= ALONE or processes == 1:
        writer = Writer(order, setting, database)
        yield from (writer.write(batch) for batch in batches)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _open, (order, setting)) as pool:
        yield from pool.imap(_write, batches)
