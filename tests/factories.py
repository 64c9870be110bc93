"""Objects that many tests need: the shipped processes, small ones, and cases of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Barrier
from typing import Any, TypeVar

import orjson
import psycopg
from sqlalchemy import Text, cast, func, make_url, select, text, update
from sqlalchemy.orm import Session

from engine import cases, definitions, events
from engine.bpmn import required_roles
from engine.cli import folders
from engine.deadlines import Hours
from engine.definitions import Deployed
from engine.design import publishing
from engine.identity import accounts
from engine.models import ROOT as UNITS
from engine.models import Call, Case, Role, Unit
from engine.organisation import calendars
from engine.organisation.calendars import Document, NewCalendar
from engine.organisation.units import place
from engine.platform.config import ROOT, Publishing
from engine.platform.db import Actor, Database, UnitOfWork
from tests import bpmn
from tests.deploying import check, checked_once
from tests.organisation import a_person

T = TypeVar("T")
LICENCE = "food-shop-licence"
ADDRESS = "address-change"
PERMIT = "building-permit"
_FOLDERS = {path.name: path for path in ROOT.glob("processes/*/*") if path.is_dir()}

# The replies of other systems to the calls of the shipped processes, by element.
REPLIES: Mapping[str, Mapping[str, Any]] = {
    "ask_registry": {"result": "match"},
    "check_tax": {"clear": True, "debt_rials": 0},
    "check_zoning": {"land_use": "commercial"},
    "check_health": {
        "health_card_valid": True,
        "hygiene_training_passed": True,
        "previous_violations": 0,
    },
    "issue_bill": {"bill": "B-000001", "amount_rials": 10_250_000},
    "issue_licence": {"licence": "L-000001"},
    "ask_deed": {"owners": [{"national_id": "0012345679", "name": "مریم رضایی"}], "heritage_zone": False},
    "issue_permit": {"licence": "L-000001"},
}
# The answers to each task of a high-risk licence, in order.
LICENCE_STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "inspect_premises",
        {"inspected_on": "2026-11-20", "applicant_present": False, "premises_compliant": True},
    ),
    ("decide", {"decision": "granted"}),
)


def shipped(key: str) -> dict[str, bytes]:
    """Return the files of a shipped process, as they are deployed."""
    return folders.read([_FOLDERS[key]])


def example(key: str) -> dict[str, Any]:
    """Return the body of `POST /cases` in its README."""
    readme = (_FOLDERS[key] / "README.md").read_text()
    (found,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    body: dict[str, Any] = orjson.loads(found)
    return body


def w1() -> dict[str, bytes]:
    """The process that the benchmark measures."""
    names = ("w1.bpmn", "w1-application.json", "w1-review.json")
    return {name: (ROOT / "bench" / name).read_bytes() for name in names}


def files(content: bytes, **forms: Mapping[str, Any]) -> dict[str, bytes]:
    """A deployment of one diagram; `form={…}` adds `form.json`."""
    return {"p.bpmn": content, **{f"{name}.json": orjson.dumps(schema) for name, schema in forms.items()}}


def one_task(key: str = "p") -> dict[str, bytes]:
    """Start → user task `a` without a form → end."""
    return files(bpmn.process(*bpmn.in_line("userTask a"), key=key))


def form(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    """A form with these fields."""
    return {"type": "object", "properties": properties, "required": list(required)}


def with_form(schema: Mapping[str, Any], key: str = "p") -> dict[str, bytes]:
    """Start → user task `a` with this form → end."""
    task = bpmn.node("userTask", "a", camunda__formKey="f.json")
    return files(bpmn.process(*bpmn.in_line(task), key=key), f=schema)


def with_start_form(schema: Mapping[str, Any], key: str = "p") -> dict[str, bytes]:
    """Start with this form → user task `a` → end."""
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "a"),
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "a"),
        bpmn.flow("a", "end"),
    ]
    return files(bpmn.process(*body, key=key), f=schema)


def scripted(code: str, key: str = "p") -> dict[str, bytes]:
    """Start → user task `a` → script `s` → user task `b` → end."""
    return files(bpmn.process(*bpmn.in_line("userTask a", bpmn.script("s", code), "userTask b"), key=key))


def caller(called: str, key: str = "caller") -> dict[str, bytes]:
    """Start → call of another process → end."""
    call = bpmn.node("callActivity", "call", calledElement=called)
    return files(bpmn.process(*bpmn.in_line(call), key=key))


def side_by_side(start: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, bytes]:
    """Start → user tasks `a` and `b` at the same time; after `b` there is `c`.

    The start and `a` have the first form, `b` has the other one.
    """
    nodes = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.node("userTask", "a", camunda__formKey="f.json"),
        bpmn.node("userTask", "b", camunda__formKey="g.json"),
        bpmn.node("userTask", "c"),
        bpmn.node("endEvent", "end"),
    ]
    pairs = (("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "end"), ("b", "c"), ("c", "end"))
    return files(bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs)), f=start, g=other)


def counting(until: str) -> dict[str, bytes]:
    """A loop that adds 1 to `n` in a script `s` until the condition holds."""
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "again"),
        bpmn.script("s", "n = n + 1"),
        bpmn.node("exclusiveGateway", "enough", default="back"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "again"),
        bpmn.flow("again", "s"),
        bpmn.flow("s", "enough"),
        bpmn.flow("enough", "again", name="back"),
        bpmn.flow("enough", "end", until),
    ]
    return files(bpmn.process(*nodes, *flows))


def forked(branches: int) -> dict[str, bytes]:
    """A parallel gateway, one user task `t0`, `t1` … in each branch, a join, a user task `after`."""
    names = [f"t{number}" for number in range(branches)]
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        *(bpmn.node("userTask", name) for name in names),
        bpmn.node("parallelGateway", "join"),
        bpmn.node("userTask", "after"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "fork"),
        *(bpmn.flow("fork", name) for name in names),
        *(bpmn.flow(name, "join") for name in names),
        bpmn.flow("join", "after"),
        bpmn.flow("after", "end"),
    ]
    return files(bpmn.process(*nodes, *flows))


@contextmanager
def opened(server_url: str, admin: psycopg.Connection, template: str, name: str) -> Iterator[Database]:
    """A migrated database that several tests share, each of which leaves it unchanged."""
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    database = Database(
        make_url(server_url).set(database=name).render_as_string(hide_password=False), zone=UTC
    )
    yield database
    database.dispose()
    drop(admin, name)


def drop(admin: psycopg.Connection, name: str) -> None:
    """Drop a database, even if somebody is still connected to it."""
    try:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    except psycopg.errors.InsufficientPrivilege:
        # The server's own vacuuming may be active there. Force can't end it; without force it is cancelled.
        admin.execute(f"DROP DATABASE {name}")


def an_actor(database: Database, role: Role, name: str | None = None) -> Actor:
    """A new account."""
    with database.transaction() as session:
        person = None if accounts.is_system(role) or role == "applicant" else a_person(name or role)
        made = datetime(2000, 1, 1, tzinfo=UTC)
        user = accounts.find_or_create(session, made, name or role, role, person=person)
    return Actor(id=user.id, name=user.name, role=user.role)


def deploy(database: Database, content: Mapping[str, bytes], how: Publishing = "direct") -> Deployed:
    """Deploy files as the installation deploys its own, which are in the catalogue.

    The same files are checked once in a process.
    """

    def command(session: Session, now: datetime) -> Deployed:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        with checked_once():
            done = definitions.deploy(uow, content, publishing=how)
        for made in done.definitions:
            publishing.offer(uow, made.key)
        return done

    return database.run(command)


def an_agency(database: Database, key: str) -> None:
    """Return the agency with this key, created if it doesn't exist."""
    with database.transaction() as session:
        if session.scalars(select(Unit.id).where(Unit.key == key)).first() is None:
            place(
                session, Unit(key=key, name=key, kind="agency", parent_id=UNITS, created_at=datetime.now(UTC))
            )


def deploy_shipped(database: Database, key: str) -> Deployed:
    """Publish a shipped process after those that it calls, with the agencies that it names."""
    files = shipped(key)
    for unit in sorted({role.unit for role in required_roles(files) if role.unit}):
        an_agency(database, unit)
    with checked_once():
        called = {name for process in check(files).processes for name in process.calls}
    for name in sorted(called):
        deploy_shipped(database, name)
    return deploy(database, files)


def answer_calls(database: Database, **replies: Mapping[str, Any]) -> None:
    """Reply to the open calls, and those after them, as other systems would; `replies` have precedence."""
    open_calls = select(Call.id, Call.element).where(Call.status == "open").order_by(Call.id)

    def command(session: Session, now: datetime) -> bool:
        call = session.execute(open_calls.limit(1)).one_or_none()
        if call is not None:
            element = call.element.rpartition("/")[2]
            uow = UnitOfWork(session, accounts.system(session, now), now)
            cases.answer(uow, call.id, replies.get(element) or REPLIES[element])
        return call is not None

    while database.run(command):
        pass


def as_actor(database: Database, actor: Actor, command: Callable[[UnitOfWork], T]) -> T:
    """Run a committed command of this actor."""
    return database.run(lambda session, now: command(UnitOfWork(session, actor, now)))


def a_case(
    database: Database, actor: Actor, key: str = "p", data: Mapping[str, Any] | None = None
) -> cases.CaseView:
    """Return a case that this actor started."""
    return as_actor(database, actor, lambda uow: cases.start(uow, key, data or {}))


def a_failed_job(database: Database) -> int:
    """Return a job that has failed for good, without an incident."""
    failed = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
        " VALUES ('cases', 'begin', jsonb_build_object('wait_id', gen_random_uuid()), 'failed', 10)"
        " RETURNING id"
    )
    with database.transaction() as session:
        return int(session.execute(failed).scalar_one())


def at_once(count: int, command: Callable[[int], T]) -> list[T | Exception]:
    """Run `command(0)`, `command(1)` … in as many threads, started together; return results or exceptions."""
    begin = Barrier(count)

    def attempt(number: int) -> T | Exception:
        begin.wait(30)
        try:
            return command(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(attempt, range(count)))


def count(database: Database, model: Any, *where: Any) -> int:
    """The number of rows of a table that match."""
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def number_in_order(database: Database) -> None:
    """Number the cases 1, 2, … in the order of their start, so that a test can say which one it means."""
    place = func.row_number().over(order_by=Case.id).label("place")
    placed = select(Case.id, place).subquery()
    number = func.concat(func.left(Case.number, 5), func.lpad(cast(placed.c.place, Text), 6, "0"))
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == placed.c.id).values(number=number))


def whole(database: Database) -> bool:
    """Whether the event log is complete and unchanged."""
    with database.transaction("snapshot") as session:
        return events.verify(session) == []


def work_every_day(database: Database) -> None:
    """Let all units work every day around the clock: a term ends on its last day, whatever day today is."""

    def choose(uow: UnitOfWork) -> None:
        week = dict.fromkeys(calendars.WEEKDAYS, Hours(0, 24 * 60))
        calendars.create(uow, NewCalendar("always", "always", "root", Document(week, False, None)))
        calendars.choose(uow, "root", "always")

    as_actor(database, an_actor(database, "administrator"), choose)
