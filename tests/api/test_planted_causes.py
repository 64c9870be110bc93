"""Reports name the causes of delay that were planted in real cases, with their hours and in order."""

from collections import Counter
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.bpmn import CallFailure
from engine.cases import external_calls, messages
from engine.deadlines import Hours
from engine.models import Call, Task
from engine.oversight import projection
from engine.platform.db import Database
from tests import bpmn
from tests.api.conftest import Clients
from tests.api.contract import Client, body
from tests.organisation import a_member
from tests.random_cases import Clock, Office

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 3, 23, 8, tzinfo=ZONE)  # a Monday; the clocks change in the night to Sunday
OPENS, CLOSES = time(8), time(16)
HOUR = timedelta(hours=1)
NORM = 8  # office hours of each official's step; the term is their sum
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
FIRE = ("fire", "opinion", "other_agency")
REVIEW = ("office", "review", "in_queue")
BANK = ("bank", "credit", "technical_failure")
APPLICANT = ("applicant", "sign", "with_applicant")
# By how many office hours each of these takes longer than it may, in each case.
PLANTED: tuple[dict[tuple[str, str, str], float], ...] = (
    *({FIRE: 30.0}, {FIRE: 60.5}, {REVIEW: 22.0}, {REVIEW: 43.75}, {BANK: 29.0}, {APPLICANT: 18.25}),
    *({FIRE: 10.0, REVIEW: 5.0}, {BANK: 10.0, REVIEW: 6.0}, {}),
)


def licence() -> dict[str, bytes]:
    """Review, then an opinion of the fire department alongside a check, a call to the bank, a signature."""
    norm = {"parvandeh__norm": f"PT{NORM}WH"}
    awaited = {"parvandeh__correlation": "{'order': order}", "parvandeh__party": "fire"}
    called = {"parvandeh__connector": "it", "parvandeh__operation": "ask", "parvandeh__party": "bank"}
    body = (
        *(bpmn.node("startEvent", "start"), bpmn.node("userTask", "review", **norm)),
        *(bpmn.node("parallelGateway", name) for name in ("fork", "join")),
        bpmn.node("intermediateCatchEvent", "opinion", MESSAGE, **awaited),
        *(bpmn.node("userTask", "check"), bpmn.node("serviceTask", "credit", **called)),
        bpmn.node("userTask", "sign", parvandeh__role="applicant"),
        *(bpmn.node("userTask", "decide", **norm), bpmn.node("endEvent", "end")),
        *(bpmn.flow("start", "review"), bpmn.flow("review", "fork"), bpmn.flow("fork", "opinion")),
        *(bpmn.flow("fork", "check"), bpmn.flow("opinion", "join"), bpmn.flow("check", "join")),
        *(bpmn.flow("join", "credit"), bpmn.flow("credit", "sign"), bpmn.flow("sign", "decide")),
        bpmn.flow("decide", "end"),
    )
    term = f'isExecutable="true" parvandeh:statutory="PT{2 * NORM}WH"'
    process = bpmn.process_element(*body, key="licence", attributes=term)
    return {"p.bpmn": bpmn.definitions('<bpmn:message id="m" name="m"/>', process)}


class Work:
    """Works on one case; each step begins when the one before it was done."""

    def __init__(self, office: Office, number: int) -> None:
        self.office, self.number = office, number
        data = {"order": number}
        self.case: UUID = office.do("portal", lambda uow: cases.start(uow, "licence", data)).id

    def wait(self, hours: float) -> None:
        """Let so much office time pass."""
        clock, left = self.office.clock, timedelta(hours=hours)
        while left:
            closes = datetime.combine(clock.now, CLOSES, ZONE)
            if clock.now.weekday() < 5 and clock.now < closes:
                step = min(left, closes - clock.now)
                left, clock.now = left - step, clock.now + step
            if left:
                clock.now = datetime.combine(clock.now + timedelta(days=1), OPENS, ZONE)

    def do(self, who: str, element: str) -> None:
        """Complete the open task of an element."""
        found = select(Task.id).where(Task.case_id == self.case, Task.element == element)
        with self.office.desks.database.transaction() as session:
            task = session.scalars(found).one()
        if who != "portal":
            self.office.do(who, partial(tasks.claim, task_id=task))
        self.office.do(who, partial(tasks.complete, task_id=task, data={}))

    def opinion(self, hours: float) -> None:
        """The fire department replies after some hours; meanwhile the office checks, which takes less."""
        self.wait(hours / 4)
        self.do("reza", "check")
        self.wait(hours * 3 / 4)
        self.office.do("service", lambda uow: messages.send(uow, "m", {"order": self.number}, {}))

    def call(self, hours: float) -> None:
        """The bank answers at once, or after an attempt that failed."""
        with self.office.desks.database.transaction() as session:
            call = session.scalars(select(Call.id).where(Call.case_id == self.case)).one()
        if hours:
            failure = CallFailure("unreachable", "no connection")
            late = partial(external_calls.retry_later, failure=failure, pause=HOUR, seconds=1.0)
            self.office.do("system", partial(late, attempt=self.attempt(call)))
            self.wait(hours)
        settle = partial(external_calls.settle, reply={}, seen={}, seconds=1.0)
        self.office.do("system", partial(settle, attempt=self.attempt(call)))

    def attempt(self, call: UUID) -> Any:
        return self.office.do("system", lambda uow: external_calls.begin_attempt(uow, call, HOUR))


def work(office: Office, number: int, planted: dict[tuple[str, str, str], float]) -> None:
    """Start a case on a Monday morning, and work on it until it ends."""
    office.clock.now = BEGIN
    case = Work(office, number)
    case.wait(NORM + planted.get(REVIEW, 0))
    case.do("sara", "review")
    case.opinion(planted.get(FIRE, 0))
    case.call(planted.get(BANK, 0))
    case.wait(planted.get(APPLICANT, 0))
    case.do("portal", "sign")
    case.wait(NORM)
    case.do("sara", "decide")


def test_reports_name_the_planted_causes_in_order(
    database: Database, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_zone", ZONE)
    office = Office(database, Clock(monkeypatch, BEGIN))
    week = {day: Hours(480, 960) for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    for unit in ("office", "fire"):
        office.open(unit, week, BEGIN.date() - timedelta(days=7))
    office.desks.deploy(licence())
    for number, planted in enumerate(PLANTED):
        work(office, number, planted)
    office.clock.now = BEGIN + timedelta(days=60)
    office.do("system", projection.prepare)
    while office.do("system", projection.project):
        pass
    a_member(database, "manager", "office", account_role="manager")
    manager = client("manager", "manager")
    found: dict[str, Any] = body(manager.get("/metrics/delay-causes?from=2026-03&to=2026-05"))
    expected: Counter[tuple[str, str, str]] = Counter()
    for planted in PLANTED:
        expected.update(planted)
    lines = found["lines"]
    assert [(one["party"], one["element"], one["bucket"]) for one in lines] == [
        cause for cause, _ in expected.most_common()
    ]
    for line, (_, hours) in zip(lines, expected.most_common(), strict=True):
        assert line["ms"] == pytest.approx(hours * 3_600_000, rel=0.01)
    assert (found["late"], found["with_term"]) == (len(PLANTED) - 1, len(PLANTED))
    _require_report(manager, lines)


def _require_report(manager: Client, lines: list[dict[str, Any]]) -> None:
    """Fails unless a progress report names the same causes with the same figures."""
    year = {"unit": "office", "first": "2026-01-01", "last": "2026-12-31"}
    said = body(manager.post("/reports", year))["content"]
    keys = ("rank", "party", "definition", "element", "bucket", "ms", "share", "cases")
    assert [{key: one[key] for key in keys} for one in said["causes"]] == [
        {key: line[key] for key in keys} for line in lines
    ]
    assert said["figures"]["late"]["value"] == len(PLANTED) - 1
    assert said["causes"][0]["party_names"] == ["fire"]
