"""Cases of random processes, run by the engine: their time is split as a naive count of the log does."""

from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from engine.deadlines import Hours
from engine.models import Event, OrganisationRecord
from engine.oversight import timeline
from engine.platform.db import Database
from engine.timeline import Timeline
from tests.api.conftest import Clients
from tests.api.contract import body
from tests.naive_time import EPOCH, Around, Logged, ms, ms_of, split
from tests.random_cases import Clock, Office
from tests.random_processes import Drawing

ZONE = ZoneInfo("Europe/Berlin")  # where the clocks change on 29 March
BEGIN = datetime(2026, 3, 20, 9, tzinfo=ZONE)
LAST = date(2026, 6, 1)
HOLIDAY = date(2026, 4, 3)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Minutes after midnight and weekdays, of each unit with a calendar of its own.
OPEN = {"office": (300, 1200, range(6)), "firm": (360, 960, range(5)), "fire": (615, 1380, range(1, 7))}
# Processes and cases in which much happens: each kind of event that counts changes some of their times.
DRAWN, EACH, STEPS = (3, 5, 11), 2, 45


@cache
def opening(unit: str, day: date) -> tuple[int, int] | None:
    """From when to when an office is open on a day."""
    opens, closes, weekdays = OPEN[unit]
    if day.weekday() not in weekdays or day == HOLIDAY:
        return None
    first, last = (datetime(*day.timetuple()[:3], *divmod(one, 60), tzinfo=ZONE) for one in (opens, closes))
    return ms(first), ms(last)


def is_open(unit: str, instant: int) -> bool | None:
    if unit not in OPEN:
        return None
    found = opening(unit, (EPOCH + timedelta(milliseconds=instant)).astimezone(ZONE).date())
    return found is not None and found[0] <= instant < found[1]


def openings() -> list[int]:
    """The instants at which an office opens or closes."""
    days = [BEGIN.date() + timedelta(days=number) for number in range((LAST - BEGIN.date()).days + 1)]
    return [mark for day in days for unit in OPEN for mark in opening(unit, day) or ()]


def log_of(database: Database, case: UUID) -> list[Logged]:
    with database.transaction() as session:
        found = select(Event.at, Event.kind, Event.task_id, Event.facts).where(Event.case_id == case)
        rows = session.execute(found.order_by(Event.seq)).all()
    return [Logged(ms(at), kind, str(task) if task else None, facts or {}) for at, kind, task, facts in rows]


def around(database: Database, key: str) -> Around:
    """What the administration log says, which also has what happened around other cases."""
    record, stops, outages = OrganisationRecord, [], []
    with database.transaction() as session:
        found = session.execute(select(record.kind, record.at, record.payload).order_by(record.seq))
        for kind, at, payload in found:
            if kind == "installation.outage":
                outages.append((ms_of(payload["from_at"]), ms_of(payload["to_at"])))
            elif kind in ("definition.suspended", "definition.resumed") and payload["definition"] == key:
                stops.append((ms(at), kind == "definition.suspended"))
    return Around("office", is_open, openings(), outages, stops)


@pytest.fixture
def office(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(database, "_zone", ZONE)
    found = Office(database, Clock(monkeypatch, BEGIN))
    for unit, (opens, closes, days) in OPEN.items():
        week = {WEEKDAYS[day]: Hours(opens, closes) for day in days}
        found.open(unit, week, HOLIDAY)
    return found


def test_time_is_split_as_a_naive_count_of_the_log_does(
    office: Office, database: Database, client: Clients
) -> None:
    """Also after all payloads are erased, and over HTTP."""
    played = []
    for drawn in DRAWN:
        office.clock.now, key = BEGIN, f"p{drawn}"
        office.desks.deploy(Drawing(f"drawn {drawn}").files(key))
        played += [(office.play(key, f"{drawn}.{number}", STEPS), key) for number in range(EACH)]
    logs = {case: (log_of(database, case), around(database, key)) for case, key in played}
    office.clock.now = datetime.combine(LAST, BEGIN.time(), ZONE)
    found = {case: require_as_counted(office, case, *logs[case]) for case, _ in played}
    with database.transaction() as session:
        session.execute(text("UPDATE events SET payload = NULL, salt = NULL"))
    reader = client("caseworker", "sara")
    for case, split_before in found.items():
        shown: dict[str, Any] = body(reader.get(f"/cases/{case}/time"))
        assert {one["bucket"]: one["ms"] for one in shown["buckets"]} == split_before.totals
        segments = [(one["bucket"], one["party"], one["element"]) for one in shown["segments"]]
        assert segments == [one[2:] for one in split_before.shown_segments]
        delay = split_before.delay
        assert (shown["delay"] and shown["delay"]["ms"]) == (delay and delay.late_ms)
    used = {bucket for one in found.values() for bucket, length in one.totals.items() if length}
    assert len(used) >= 6
    assert any(one.delay for one in found.values())


def require_as_counted(office: Office, case: UUID, log: list[Logged], near: Around) -> Timeline:
    read: Timeline = office.do("boss", lambda uow: timeline.of_case(uow, case)).timeline
    counted = split(log, near, ms(office.clock.now))
    assert sum(read.totals.values()) == counted[-1][1] - counted[0][0]
    expected = dict.fromkeys(read.totals, 0)
    place = 0
    for begin, end, bucket in counted:
        while read.segments[place].end <= begin:
            place += 1
        segment = read.segments[place]
        assert (segment.bucket, segment.begin <= begin < end <= segment.end) == (bucket, True), (case, begin)
        expected[segment.bucket] += end - begin
    assert read.totals == expected
    legs = read.path
    assert (legs[0].begin, legs[-1].end) == (counted[0][0], counted[-1][1])
    assert all(one.end == two.begin for one, two in pairwise(legs))
    if (delay := read.delay) is not None:
        parts = [cause.ms for cause in delay.causes]
        assert min([*parts, delay.unexplained_ms]) >= 0
        assert sum(parts) + delay.unexplained_ms == delay.late_ms
    return read
