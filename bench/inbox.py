"""The inbox of a group with many open tasks, and all other pages, over HTTP in one process."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

import web
from bench import pages
from bench.w1 import conninfo
from engine import definitions, organisation
from engine.cli import migrate
from engine.identity import accounts, sessions
from engine.identity.oidc import Providers
from engine.identity.sessions import Lasting, Proof
from engine.models import ROOT, Role, Unit, UnitLine, User
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from web.application import create
from web.site import SITE

SIZES = (100_000, 1_000_000)
MEMBERS = 50
OFFICES = 20
DEFINITIONS = 5
ROLES = ("reviewer", "inspector", "supervisor", "caseworker")
REQUESTS = 200
DAY = timedelta(days=1)
TASKS_A_CASE = 10
TEAM = "a member's team"
PAGE = "page of "
PEOPLE: Mapping[str, Role] = {"member-0": "caseworker", "head": "caseworker"}
PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="p{0}" isExecutable="true"><startEvent id="s"/><userTask id="t" name="Review"/><endEvent id="e"/>
<sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t" targetRef="e"/>
</process></definitions>"""

_CASES = """
INSERT INTO cases (id, number, version_id, status, data, revision, log_length, log_hash, started_by,
    started_at, unit_id)
SELECT gen_random_uuid(), 'n' || n, %(version)s, 'active', '{}', 1, 0, '', %(user)s, now(), %(unit)s
FROM generate_series(1, %(count)s) n RETURNING id
"""
# Every other task is in the first group; three of four have a due date, one in a hundred a priority.
_TASKS = """
INSERT INTO tasks (id, case_id, element, name, status, revision, opened_at, kind, candidate_group_id, search,
    due_at, priority, assignee_id)
SELECT gen_random_uuid(), (%(cases)s::uuid[])[1 + n %% %(case_count)s], 't', 'Review', 'open', 1, now(),
    'step',
    CASE WHEN n %% 2 = 0 THEN (%(groups)s::uuid[])[1]
         ELSE (%(groups)s::uuid[])[1 + (n / 2) %% %(group_count)s] END,
    'review 1405 ' || lpad(n::text, 7, '0') || ' ali kazemi',
    CASE WHEN n %% 4 > 0 THEN now() + (hashint4(n) %% 8640000) * interval '1 second' END,
    CASE WHEN n %% 100 = 0 THEN n %% 7 END,
    CASE WHEN n %% 3 = 0 THEN (%(users)s::uuid[])[1 + n %% %(members)s] END
FROM generate_series(%(first)s, %(last)s) n
"""


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one kind of request with so many open tasks."""

    tasks: int
    name: str
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The results of all requests."""

    requests: list[Took]


def measure() -> Taken:
    """Measure each kind of request, at each size."""
    found: list[Took] = []
    with _stage() as (database, sql, url):
        users, groups = _organise(database)
        app = application(url, database)
        filled = 0
        for size in SIZES:
            _fill(sql, users, groups, (filled + 1, size))
            clients = {name: client(app, database, name, role) for name, role in PEOPLE.items()}
            found += [_took(size, name, ask, clients) for name, ask in _requests().items()]
            if not filled:
                found += _beside(app, database, sql, size)
            filled = size
    return Taken(found)


def application(url: str, database: Database) -> Any:
    """Return the application, all pages included, which logs nothing."""
    # Before the first request: a log line for each would be measured too, and fill the screen.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = Settings.read({"DATABASE_URL": url})
    app = create(settings)
    app.extensions[SITE] = web.Site(settings, database, Providers(()))
    return app


def _beside(app: Any, database: Database, sql: psycopg.Connection[Any], size: int) -> list[Took]:
    """Measure the other pages."""
    looked = pages.fill(database, sql)
    clients = {name: client(app, database, name, role) for name, role in pages.ROLES.items()}
    return [_took(size, PAGE + one.name, (one.who, "PAGE", one.path), clients) for one in looked]


def _requests() -> Mapping[str, tuple[str, str, Any]]:
    return {
        TEAM: ("member-0", "GET", "/tasks"),
        "mine": ("member-0", "GET", "/tasks?scope=mine"),
        "free": ("member-0", "GET", "/tasks?scope=free"),
        "of one definition": ("member-0", "GET", "/tasks?definition=p3"),
        "overdue": ("member-0", "GET", "/tasks?overdue=true"),
        "of high priority": ("member-0", "GET", "/tasks?priority=6"),
        "counts": ("member-0", "GET", "/tasks/counts"),
        "search for one": ("member-0", "POST", {"text": "0000123"}),
        "search for what all have": ("member-0", "POST", {"text": "kazemi"}),
        "the head's team, of all offices": ("head", "GET", "/tasks"),
        "the head's counts": ("head", "GET", "/tasks/counts"),
        **{PAGE + name: (who, "PAGE", path) for name, who, path in _PAGES},
    }


_PAGES = (
    ("a member's team", "member-0", "/desk"),
    *(
        (f"{view}", "member-0", f"/desk?view={view}")
        for view in ("mine", "overdue", "today", "returned", "free")
    ),
    ("one process and priority", "member-0", "/desk?definition=p3&priority=2"),
    ("the head's team, of all offices", "head", "/desk"),
    ("what the head supervises", "head", "/desk?view=supervised"),
    ("a member's cases", "member-0", "/desk/cases"),
)


def _took(size: int, name: str, ask: tuple[str, str, Any], clients: Mapping[str, Any]) -> Took:
    who, method, what = ask
    sends: Mapping[str, Callable[[], Any]] = {
        "GET": lambda: clients[who].get(f"/api/v1{what}"),
        "POST": lambda: clients[who].post("/api/v1/tasks/search", json=what),
        "PAGE": lambda: clients[who].get(what),
    }
    send = sends[method]
    times = []
    for number in range(REQUESTS + 10):
        begun = time.perf_counter()
        answer = send()
        if number >= 10:  # the first requests plan their statements
            times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code} {answer.text[:200]}")
    return Took(size, name, median(times), quantiles(times, n=20)[-1])


@contextmanager
def _stage() -> Iterator[tuple[Database, psycopg.Connection[Any], str]]:
    with tempfile.TemporaryDirectory() as folder:
        server = postgres.start(Settings.read({"PARVANDEH_VAR": str(Path(folder))}))
        try:
            migrate.upgrade(server.url)
            database = Database(server.url)
            with psycopg.connect(conninfo(server.url), autocommit=True) as sql:
                yield database, sql, server.url
            database.dispose()
        finally:
            server.stop()


def _organise(database: Database) -> tuple[list[UUID], list[UUID]]:
    """Create an agency with offices, a group in the first and a head of all; the groups of its processes."""

    def make(session: Session, now: datetime) -> tuple[list[UUID], list[UUID]]:
        agency = _unit(session, now, "agency", ROOT)
        offices = [_unit(session, now, f"office-{number}", agency) for number in range(OFFICES)]
        uow = UnitOfWork(session, accounts.system(session, now), now)
        for number in range(DEFINITIONS):
            files = {"p.bpmn": PROCESS.format(number).encode()}
            definitions.deploy(uow, files, unit="agency")
        people = {f"member-{number}": (offices[0], "reviewer") for number in range(MEMBERS)}
        people["head"] = (agency, "*")
        for name, (unit, role) in people.items():
            user = accounts.find_or_create(session, now, name, "caseworker", position=None)
            organisation.enrol(session, user.id, unit_id=unit, role=role, valid_from=user.created_at)
        made = []
        for office in offices:
            for number in range(DEFINITIONS):
                for role in ROLES:
                    groups = CandidateGroups(CaseScope(office, f"p{number}", delegated=False))
                    made.append(groups.group_for([(role, None)]))
                    groups.write(uow)
                    uow.connection  # noqa: B018  # written now: the next group is another statement
        users = list(session.scalars(select(User.id).where(User.name.like("member-%"))))
        return users, [group for group in made if group is not None]

    return database.run(make)


def _unit(session: Session, now: datetime, key: str, parent: UUID) -> UUID:
    unit = Unit(key=key, name=key, kind="unit", parent_id=parent, created_at=now)
    session.add(unit)
    session.flush()
    above = session.scalars(select(UnitLine.ancestor_id).where(UnitLine.unit_id == parent)).all()
    session.add_all(UnitLine(ancestor_id=each, unit_id=unit.id) for each in (*above, unit.id))
    session.flush()
    return unit.id


def _fill(
    sql: psycopg.Connection[Any],
    users: list[UUID],
    groups: list[UUID],
    numbers: tuple[int, int],
) -> None:
    first, last = numbers
    (version, unit) = sql.execute(
        "SELECT v.id, d.unit_id FROM definition_versions v JOIN definitions d ON d.key = v.key LIMIT 1"
    ).fetchone() or (None, None)
    given = {"version": version, "unit": unit, "user": users[0], "count": (last - first) // TASKS_A_CASE}
    rows = sql.execute(_CASES.replace("'n' || n", f"'{first}-' || n"), given).fetchall()
    made = [row[0] for row in rows]
    given = {
        "cases": made,
        "case_count": len(made),
        "groups": groups,
        "group_count": len(groups),
        "users": users,
        "members": len(users),
        "first": first,
        "last": last,
    }
    sql.execute(_TASKS, given)
    sql.execute("VACUUM ANALYZE")


def client(app: Any, database: Database, name: str, role: Role) -> Any:
    """Return a client of the API and the pages, as this person."""

    def token(session: Session, now: datetime) -> str:
        return accounts.create_token(session, now, name=name, role=role)

    client = app.test_client()

    def session(session: Session, now: datetime) -> str:
        account = accounts.named(session, name)
        return sessions.open_one(session, now, account.id, Proof("bench"), Lasting(DAY, DAY))

    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {database.run(token)}"
    client.set_cookie("parvandeh-session", database.run(session))
    return client
