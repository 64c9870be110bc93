"""What plain SQL over events says of the cases that filters choose, to compare figures with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Connection, text

from bench import plain_figures, plain_tables
from bench.plain_figures import NOT_MEASURED
from engine.identity import accounts
from engine.oversight import metrics
from engine.oversight.metrics import Figure, Filters
from engine.platform.db import Actor, Database, UnitOfWork

_BELOW = text("""
    SELECT unit.key FROM units AS unit JOIN unit_lines AS line ON line.unit_id = unit.id
    JOIN units AS top ON top.id = line.ancestor_id WHERE top.key = :key AND (NOT :alone OR unit.id = top.id)
""")
# Measures of lists of cases, and how plain SQL counts them.
LISTS = {
    **{name: name for name in ("started", "with_channel", "online", "open", "open_with_term", "overdue")},
    **{name: name for name in ("closed", "on_time", "late", "withdrawn", "refused", "granted", "silent")},
    **{name: name for name in ("visited", "rated", "sent_back", "appealed", "upheld")},
    **{"planned": "closed", "with_cost": "cost_cases", "appeal_decided": "appeals_decided"},
}
WORK = ("open", "arrived", "done")  # of a unit, role and step
Run = Callable[..., Any]
Pairs = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What can be asked of a history: its units, services and days."""

    units: Sequence[str]
    services: Sequence[tuple[str, int]]
    first: date
    days: int

    def choose(self, rng: Random) -> Filters:
        """Return random filters: also of a day, before the first event, and until later than now."""
        first = self.first + timedelta(days=rng.randrange(-40, self.days))
        key, number = rng.choice(self.services)
        definition = rng.choice([None, key])
        version = number if definition and rng.random() < 0.5 else None
        chosen = rng.choice([None, *rng.sample(self.units, 2)])
        alone = chosen is not None and rng.random() < 0.3
        service_class = rng.choice([None, None, None, "", "low"])
        last = first + timedelta(days=rng.choice([0, 6, 30, 75, 200]))
        return Filters(chosen, definition, version, service_class, first, last, alone)


def question(database: Database, first: date, days: int) -> Question:
    """Read what can be asked of a history."""
    with database.transaction() as session:
        units = session.execute(text("SELECT key FROM units ORDER BY key")).scalars().all()
        found = session.execute(text("SELECT key, number FROM definition_versions ORDER BY key, number"))
        return Question(units, [(row.key, row.number) for row in found], first, days)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares what somebody reads with what plain SQL says."""

    connection: Connection
    run: Run
    zone: tzinfo

    def differences(self, filters: Filters, *, apart: bool = True) -> list[str]:
        """Return where figures differ from plain SQL, or from the lists of cases behind them.

        `apart`: also those of each month, version and unit.
        """
        pairs = {**self._overview(filters), **self._times(filters)}
        pairs |= self._lines(filters) if apart else {}
        pairs |= {**self._lists(filters), **self._load(filters), **self._portfolio(filters)}
        if filters.version is not None:
            pairs |= self._steps(filters)
        return [f"{name}: {one} and {other}" for name, (one, other) in pairs.items() if one != other]

    def ask(self, statement: str, filters: Filters, **more: Any) -> Sequence[Any]:
        """Return the rows of a statement for filters."""
        return self.connection.execute(text(statement), {**self._given(filters), **more}).all()

    def _given(self, filters: Filters) -> dict[str, Any]:
        if filters.first is None or filters.last is None:
            raise ValueError("Filters have a period.")
        now = datetime.now(UTC)
        end = datetime.combine(filters.last + timedelta(days=1), time.min, self.zone)
        below = {"key": filters.unit or "root", "alone": filters.alone}
        return {
            "units": list(self.connection.execute(_BELOW, below).scalars()),
            "definition": filters.definition or "",
            "version": filters.version or 0,
            "class": "*" if filters.service_class is None else filters.service_class,
            "begin": datetime.combine(filters.first, time.min, self.zone),
            "end": end,
            "reached": min(now, end),
            "is_now": end > now,
            "first": filters.first,
            "last": filters.last,
        }

    def figures(self, filters: Filters) -> dict[str, Figure]:
        """Return the figures of the overview, by name."""
        (row,) = self.ask(plain_figures.OVERVIEW, filters)
        known = self.ask("SELECT FROM plain_cases WHERE began < :end LIMIT 1", filters)
        began = filters.first is not None and filters.first <= datetime.now(self.zone).date()
        return plain_figures.figures(row._mapping, known=bool(known) and began)

    def _overview(self, filters: Filters) -> Pairs:
        found, wanted = self.run(metrics.overview, filters), self.figures(filters)
        (row,) = self.ask(plain_figures.OVERVIEW, filters)
        stock = wanted.pop("open"), wanted.pop("overdue")
        pairs: dict[str, Any] = {name: (getattr(found.numbers, name), one) for name, one in wanted.items()}
        pairs["stock"] = (found.stock.open, found.stock.overdue), stock
        pairs["ages"] = [*found.stock.ages] or [0] * 5, row.ages
        (sent,) = self.ask(plain_figures.FUNNEL, filters)
        known = sent.begun and filters.unit is None and filters.service_class is None
        share = (
            Figure(round(int(sent.sent or 0) / int(sent.begun), 6), int(sent.begun))
            if known
            else NOT_MEASURED
        )
        pairs["completion"] = found.completion, share
        return pairs

    def _lines(self, filters: Filters) -> Pairs:
        """The months of both calendars, and a service's versions and units: as if each were asked for."""
        pairs: dict[str, Any] = {}
        asked: list[tuple[str, Filters, Any]] = []
        for calendar in ("gregorian", "jalali"):
            lines = self.run(metrics.overview, filters, None, calendar).trend
            months = plain_figures.months(filters.first, filters.last, calendar)  # type: ignore[arg-type]  # given
            asked += [
                (f"{calendar} {line.label}", replace(filters, first=first, last=last), line)
                for line, (first, last) in zip(lines, months, strict=True)
            ]
        for compare in ("version", "unit") if filters.definition else ():
            for line in self.run(metrics.overview, filters, compare).compared:
                exact = replace(filters, service_class=line.service_class)
                own = (
                    {"version": int(line.label)}
                    if compare == "version"
                    else {"unit": line.label, "alone": True}
                )
                asked.append((f"{line.label} {line.service_class}", replace(exact, **own), line))
        for label, exact, line in asked:
            wanted = self.figures(exact)
            for name in ("open", "overdue"):
                del wanted[name]
            pairs[label] = {name: getattr(line.numbers, name) for name in wanted}, wanted
        return pairs

    def _times(self, filters: Filters) -> Pairs:
        found, why = self.run(metrics.times, filters), self.run(metrics.delays, filters)
        (row,) = self.ask(plain_figures.OVERVIEW, filters)
        pairs: dict[str, Any] = {
            "life": (found.total.life, row.life or 0),
            "cases": (found.total.cases, row.closed),
            "sum of buckets": (sum(found.total.buckets.values()), row.life or 0),
            "late of causes": ((why.late, why.with_term), (row.late, row.late + row.on_time)),
            "sum of causes": (sum(line.ms for line in why.lines), why.ms),
        }
        for by in ("unit", "definition", "version", "month"):
            lines = self.run(metrics.times, filters, by).lines
            pairs[f"life by {by}"] = sum(line.life for line in lines), row.life or 0
            for name, ms in found.total.buckets.items():
                pairs[f"{name} by {by}"] = sum(line.buckets[name] for line in lines), ms
        if self.ask("SELECT FROM plain_time LIMIT 1", filters):
            sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in found.total.buckets)
            (spent,) = self.ask(plain_figures.TIME.format(sums), filters)
            pairs["buckets"] = dict(found.total.buckets), {**spent._mapping}
            causes = {(*row[:4],): row[4:] for row in self.ask(plain_figures.CAUSES, filters)}
            lines = {(one.party, one.definition, one.element, one.bucket): one for one in why.lines}
            pairs["causes"] = {key: (one.ms, one.cases) for key, one in lines.items()}, causes
        ordered = [(-line.ms, line.party, line.definition, line.element, line.bucket) for line in why.lines]
        pairs["order of causes"] = ordered, sorted(ordered)
        return pairs

    def _lists(self, filters: Filters) -> Pairs:
        (row,) = self.ask(plain_figures.OVERVIEW, filters)
        pairs: dict[str, Any] = {}
        for measure, counted in LISTS.items():
            listed = self.run(metrics.list_cases, filters, measure).count
            pairs[f"list of {measure}"] = listed, row._mapping[counted]
        for measure, counts in (
            ("with_term", (row.late, row.on_time)),
            ("decided", (row.granted, row.refused)),
        ):
            pairs[f"list of {measure}"] = self.run(metrics.list_cases, filters, measure).count, sum(counts)
        for age, count in enumerate(row.ages):
            listed = self.run(metrics.list_cases, filters, "open", None, None, age)
            pairs[f"list of age {age}"] = listed.count, count
        for line in self.run(metrics.delays, filters).lines[:3]:
            cell = metrics.DelayCell(line.party, line.element, line.bucket)
            listed = self.run(
                metrics.list_all_cases, replace(filters, definition=line.definition), "late", cell
            )
            pairs[f"list of {cell}"] = (listed.count, len(listed.items)), (line.cases, line.cases)
            pairs[f"delay of {cell}"] = sum(one.delay for one in listed.items), line.ms
        return pairs

    def _load(self, filters: Filters) -> Pairs:
        found = self.run(metrics.people, filters)
        wanted = {(*row[:4],): (*row[4:],) for row in self.ask(plain_figures.LOAD, filters) if any(row[4:])}
        lines = {(one.unit, one.role, one.definition, one.element): one for one in found.lines}
        sums = {key: (one.open, one.arrived, one.done, one.send_backs) for key, one in lines.items()}
        roles: dict[Any, list[int]] = {}
        for key, counts in wanted.items():
            for place, count in enumerate(counts[:3]):
                roles.setdefault(key[:2], [0, 0, 0])[place] += count
        pairs: dict[str, Any] = {}
        for line in found.lines[:2]:
            exact = replace(filters, definition=line.definition)
            cell = metrics.StepCell(line.element, line.role, line.unit)
            listed = [self.run(metrics.list_cases, exact, f"work_{name}", cell).count for name in WORK]
            pairs[f"list of {exact} {cell}"] = listed, [getattr(line, name) for name in WORK]
        return pairs | {
            "load": ({key: one for key, one in sums.items() if any(one)}, wanted),
            "roles": (
                {(one.unit, one.role): [one.open, one.arrived, one.done] for one in found.roles},
                roles,
            ),
            "quality": (
                {
                    one.unit: (one.closed, one.send_backs, one.appealed, one.upheld.value)
                    for one in found.quality
                },
                {(row[0]): (*row[1:],) for row in self.ask(plain_figures.QUALITY, filters)},
            ),
        }

    def _portfolio(self, filters: Filters) -> Pairs:
        weights = metrics.Weights(1, 2, 0.5, 3)
        rows = {row.definition: row for row in self.ask(plain_figures.SERVICES, filters)}
        factors = {
            key: (
                row.volume,
                round((row.visits if row.visits_known else row.visits_planned) / row.volume, 6),
                row.median,
                round((5 - row.stars / row.rated) / 4, 6) if row.rated else None,
            )
            for key, row in rows.items()
        }
        greatest = [max((one[place] or 0 for one in factors.values()), default=0) for place in range(4)]
        wanted = [
            (key, *one, plain_figures.score(one, greatest, (1, 2, 0.5, 3))) for key, one in factors.items()
        ]
        found = self.run(metrics.portfolio, filters, weights).lines
        return {
            "portfolio": (
                [
                    (
                        one.definition,
                        one.volume,
                        one.visits.value,
                        one.time.value,
                        one.dissatisfaction.value,
                        one.score,
                    )
                    for one in found
                ],
                sorted(wanted, key=lambda one: (-one[-1], one[0])),
            )
        }

    def _steps(self, filters: Filters) -> Pairs:
        found = self.run(metrics.steps, filters).lines
        pairs: dict[str, Any] = {}
        for line in found[:2]:
            cell = metrics.StepCell(line.element)
            listed = [
                self.run(metrics.list_cases, filters, f"step_{name}", cell).count
                for name in ("arrived", "closed")
            ]
            pairs[f"list of {cell}"] = listed, [line.arrived, line.closed]
        return pairs | {
            "steps": (
                {
                    (one.element, one.kind): (
                        one.arrived,
                        one.closed,
                        one.wait.value,
                        one.work.value,
                        one.send_backs,
                    )
                    for one in found
                },
                {(*row[:2],): (*row[2:],) for row in self.ask(plain_figures.STEPS, filters)},
            )
        }


@contextmanager
def compared(database: Database, who: Actor, zone: tzinfo) -> Iterator[Comparison]:
    """Make plain tables of a database, to compare figures that somebody reads with them."""

    def run_as(actor: Actor, command: Any, *arguments: Any) -> Any:
        return database.run(
            lambda session, now: command(UnitOfWork(session, actor, now.astimezone(zone)), *arguments),
            "snapshot",
        )

    system = database.run(accounts.system)
    with plain_tables.tables(database, str(zone), partial(run_as, system)) as connection:
        yield Comparison(connection, partial(run_as, who), zone)
