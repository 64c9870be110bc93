"""A PostgreSQL for each test process, and a migrated database for each test that asks for one."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage, rmtree
from typing import Any, cast

import hypothesis
import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, select

from engine import bpmn
from engine.bpmn import Finding
from engine.definitions import scenarios
from engine.models import Role, User
from engine.platform import budget, postgres
from engine.platform.config import ROOT
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.ids import uuid7
from tests import databases, deploying, factories
from tests.databases import Reused
from tests.findings import require_text

pytest_plugins = ["tests.distribution"]

TEMPLATE = "template_migrated"
MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # bytes that must be free there
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # tests' data may be lost in a crash

# A busy machine must not decide the result of a test.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage rarely, and never among modules and collected tests, all of which stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _findings_have_texts() -> Iterator[None]:
    """No test creates a finding with values that its text doesn't use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Finding, "__post_init__", require_text)
        yield


@pytest.fixture(scope="session", autouse=True)
def _results_are_used_again() -> Iterator[None]:
    """Files that set up a test are checked once in a process (tests/deploying.py)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpmn, "check", deploying.check)
        patch.setattr(scenarios, "run_all", deploying.run_all)
        yield


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for databases, in memory if there is room: on a disk, creating and dropping them is slow."""
    if not MEMORY.is_dir() or disk_usage(MEMORY).free < ROOM:
        yield tmp_path_factory.mktemp("quick")
        return
    for left in MEMORY.glob("parvandeh-tests-[0-9]*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            rmtree(left, ignore_errors=True)  # of tests that were killed
    folder = MEMORY / f"parvandeh-tests-{os.getpid()}"
    folder.mkdir(mode=0o700)
    yield folder
    rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(quick: Path) -> Iterator[postgres.Server]:
    """The embedded server, as in an installation, but without durability."""
    started = databases.start(quick / "var", HASTE)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def admin(server: postgres.Server) -> Iterator[psycopg.Connection]:
    """A connection that creates and drops databases."""
    with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(server: postgres.Server, admin: psycopg.Connection) -> str:
    """The name of a migrated, empty database to clone."""
    admin.execute(f"CREATE DATABASE {TEMPLATE}")
    command.upgrade(alembic(named(server.url, TEMPLATE)), "head")
    return TEMPLATE


@pytest.fixture
def empty_database_url(server: postgres.Server, admin: psycopg.Connection) -> Iterator[str]:
    """A database without any table."""
    yield from _made(server, admin, "template0")


@pytest.fixture(scope="session")
def _reused(server: postgres.Server, admin: psycopg.Connection, template: str) -> Iterator[Reused]:
    made = Reused(server, admin, template)
    yield made
    made.close()


@pytest.fixture
def _own(_reused: Reused) -> Iterator[Reused]:
    yield _reused
    _reused.restore()


@pytest.fixture
def database_url(_own: Reused) -> str:
    """A migrated database that no other test uses at the same time."""
    return _own.url


@pytest.fixture
def database(_own: Reused) -> Database:
    """The same, as a `Database`."""
    return _own.database


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    """Even on a busy machine, only the steps of a check decide whether a worker does it."""
    budget.SECONDS = budget.SMALL_SECONDS = 60.0


@pytest.fixture
def actor(database: Database) -> Callable[..., Actor]:
    """`actor("caseworker")`, or `actor("caseworker", "another")`: an account, created on first use."""

    def find_or_make(role: str, name: str | None = None) -> Actor:
        with database.transaction() as session:
            user = session.scalars(select(User).where(User.name == (name or role))).one_or_none()
            if user is not None:
                return Actor(id=user.id, name=user.name, role=user.role)
        return factories.an_actor(database, cast(Role, role), name)

    return find_or_make


@pytest.fixture
def unit_of_work(
    database: Database, actor: Callable[..., Actor]
) -> Callable[..., AbstractContextManager[UnitOfWork]]:
    """`with unit_of_work("caseworker") as uow:` is one committed command of that actor, now."""

    @contextmanager
    def opened(role: str = "administrator", name: str | None = None) -> Iterator[UnitOfWork]:
        who = actor(role, name)
        with database.transaction() as session:
            yield UnitOfWork(session, who, datetime.now(UTC))

    return opened


def alembic(url: str) -> Config:
    """The configuration of alembic."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    return config


def named(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def conninfo(url: str) -> str:
    """Return the connection string for psycopg."""
    parsed = make_url(url)
    query: dict[str, Any] = dict(parsed.query)
    return psycopg.conninfo.make_conninfo(dbname=parsed.database, user=parsed.username, **query)


def _made(server: postgres.Server, admin: psycopg.Connection, template: str) -> Iterator[str]:
    name = f"test_{uuid7().hex}"
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    yield named(server.url, name)
    factories.drop(admin, name)
