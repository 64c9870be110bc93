"""What lists show can be read: by each account of the demonstration, and with every kind of object."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import web
from demo import accounts
from demo.history import earlier, seeding
from demo.history import reports as past_reports
from engine import cases
from engine.identity import accounts as known
from engine.identity import sessions
from engine.identity.oidc import Providers
from engine.identity.sessions import Lasting, Proof
from engine.models import User
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from tests import bpmn, clocks, factories, installed
from tests.api.conftest import Clients
from tests.api.contract import Contract, body
from tests.api.matrix import PERSON
from tests.crawling import Crawl
from tests.deploying import checked_once
from tests.exchanging import demo_connectors
from tests.organisation import a_member

BASE = "http://pages.test"
SYSTEMS = {"portal", "service"}  # without pages
CALLED = ("collect-fee", "plan-review", "objection")
FIELDS = factories.form(("area",), area={"type": "integer"})
QUESTION = {"question": "Is the way out wide enough?", "unit": "root"}
PAID = '<bpmn:message id="paid" name="paid"/>'
AFTER_A_DAY = "<bpmn:timeDuration>P1D</bpmn:timeDuration>"
WAITS = {
    "timed": f"<bpmn:timerEventDefinition>{AFTER_A_DAY}</bpmn:timerEventDefinition>",
    "told": '<bpmn:messageEventDefinition messageRef="paid"/>',
}
MARKS = {"fields": [{"pointer": "/area", "text": "differs from the deed"}]}


@pytest.fixture
def demonstration(database: Database, tmp_path: Path) -> Settings:
    """That of `make run` before anybody has used it, when its worker has looked at all clocks."""
    settings = Settings.read({"PARVANDEH_VAR": str(tmp_path)})
    accounts.prepare(database, settings, BASE)
    with checked_once():
        earlier.deploy_earlier(database, settings)
    for key in (*CALLED, factories.LICENCE, factories.PERMIT, factories.ADDRESS):
        factories.deploy_shipped(database, key)
    accounts.delegate(database, settings)
    seeding.seed(database)
    past_reports.write(database)
    let_clocks_run(database)
    return settings


def let_clocks_run(database: Database, later: timedelta = timedelta(0)) -> None:
    """Do what is due in the clocks of cases, so much later."""

    def command(session: Session, now: datetime) -> int:
        return cases.do_due_clocks(UnitOfWork(session, known.system(session, now), now + later), 500)

    while database.run(command):
        pass


def crawled(
    database: Database, folder: Path, contract: Contract, tokens: Mapping[str, tuple[str, str]]
) -> Crawl:
    """What each account reads, by API and pages; `tokens` has role and token by name."""
    kept = {"DEMO_CONNECTORS": demo_connectors(folder), "DOCUMENTS": str(folder / "documents")}
    settings = Settings.read({"DATABASE_URL": installed.NOWHERE, **kept})
    app = installed.application(settings, database, web.Site(settings, database, Providers(())))
    crawl = Crawl(app, contract)
    for name, (role, token) in tokens.items():
        crawl.api(role, token)
        if role not in SYSTEMS:
            browser = app.test_client()
            browser.set_cookie("parvandeh-session", session_of(database, name), domain="pages.test")
            crawl.pages(role, name, browser, BASE)
    return crawl


def session_of(database: Database, name: str) -> str:
    """The secret of a session of this account."""
    lasting = Lasting(timedelta(minutes=30), timedelta(hours=12))

    def command(session: Session, now: datetime) -> str:
        account: UUID = session.execute(select(User.id).where(User.name == name)).scalar_one()
        return sessions.open_one(session, now, account, Proof("", "high"), lasting)

    return database.run(command)


def test_each_account_of_the_demonstration_can_read_what_it_is_shown(
    demonstration: Settings, database: Database, tmp_path: Path, contract: Contract
) -> None:
    tokens = {one.name: (one.role, one.token) for one in accounts.read(demonstration)}
    crawl = crawled(database, tmp_path, contract, tokens)
    assert not crawl.faults, "\n".join(crawl.faults)
    assert len(crawl.templates) > 80
    assert sum(crawl.visited.values()) > 100


@pytest.fixture
def every_kind(client: Clients, database: Database, ids: Mapping[str, str]) -> None:
    """Besides the objects of `ids`: each kind of task, waits, and cases that have stopped."""
    a_member(database, "head", "root", "supervisor")
    start = bpmn.node("startEvent", "start", camunda__formKey="f.json")
    line = [start, bpmn.node("userTask", "a"), bpmn.node("endEvent", "end")]
    flows = [bpmn.flow("start", "a"), bpmn.flow("a", "end")]
    factories.deploy(database, factories.files(bpmn.process(*line, *flows, key="q"), f=FIELDS))
    clerk, administrator = client("caseworker"), client("administrator")
    for path, asked in (("opinions", QUESTION), ("send-back", MARKS), ("", {})):
        case = client("portal").start("q", {"area": 1}, applicant=PERSON)
        task = case["tasks"][0]["id"]
        body(clerk.post(f"/tasks/{task}/claim"))
        if path:
            answer = clerk.post(f"/tasks/{task}/{path}", asked)
            assert answer.status_code == 201, answer.text
    body(administrator.post(f"/cases/{case['id']}/suspend", {"reason": "r"}))
    over = client("portal").start("q", {"area": 1}, applicant=PERSON)
    body(administrator.post(f"/cases/{over['id']}/cancel", {"reason": "r"}))
    for name, definition in WAITS.items():
        event = bpmn.node("intermediateCatchEvent", "e", definition)
        diagram = bpmn.process_element(*bpmn.in_line(event), key=name)
        factories.deploy(database, {"p.bpmn": bpmn.definitions(PAID, diagram)})
        client("portal").start(name)
    late = clocks.deciding(onSilence="escalate")
    late["p.bpmn"] = late["p.bpmn"].replace(b'process id="p"', b'process id="late"')
    factories.deploy(database, late)
    client("portal").start("late", applicant=PERSON)
    let_clocks_run(database, timedelta(days=1))


@pytest.mark.usefixtures("every_kind")
def test_each_role_can_read_what_it_is_shown_of_every_kind(
    token: Callable[..., str], database: Database, tmp_path: Path, contract: Contract
) -> None:
    with database.transaction() as session:
        known.find_or_create(session, datetime.now(UTC), "citizen", "applicant", person=PERSON)
    roles = ("administrator", "caseworker", "portal", "service", "designer", "manager", "auditor")
    others = (("head", "caseworker"), ("citizen", "applicant"))
    tokens = {name: (role, token(role, name)) for name, role in (*zip(roles, roles, strict=True), *others)}
    crawl = crawled(database, tmp_path, contract, tokens)
    assert not crawl.faults, "\n".join(crawl.faults)
    assert crawl.task_kinds == {"step", "opinion", "correction", "escalation"}
