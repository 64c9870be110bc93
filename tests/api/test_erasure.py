"""Erasing a case: nothing that was entered anywhere can be found afterwards, and what stays still works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from engine import events, tasks
from engine.cases import erasure, mass_retry
from engine.cases.erasure.inventory import ERASED, Changed
from engine.cases.erasure.kept_tables import KEPT
from engine.events import webhooks
from engine.identity import accounts
from engine.models import Base, Bill, Case, CaseProposal, Decision, Definition, Event, Retry, Unit, User
from engine.oversight import access_log
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.storage import Storage
from engine.portal import application_drafts
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.erasing import CANARY, DIGITS, LATIN, PERSIAN, Place, columns, files_with, found_in, shows
from tests.organisation import a_member, a_unit

TEXT = {"type": "string"}
START = factories.form((), name=TEXT, number=TEXT, order=TEXT)
CHECK = factories.form((), remark=TEXT, name=TEXT)
DECIDE = factories.form(
    ("decision",),
    decision={**TEXT, "enum": ["granted", "refused"]},
    ground={"type": "object", "properties": {"code": TEXT, "text": TEXT}},
)
OUTCOMES = bpmn.declared(granted="grants", refused="refuses")
SAID = CANARY.encode().decode("latin-1")  # as WSGI hands over what is sent in UTF-8
HEADERS = {"X-Purpose": SAID, "X-On-Behalf-Of": SAID}
PAID = {"name": "paid", "correlation": {"order": CANARY}, "data": {"note": CANARY}, "keep_for": 3600}
BASIS = "Retention schedule 4.2"

# An account's own name and national id are not the case's.
OWN: set[Place] = {("users", "name"), ("users", "person")}


def definition() -> Mapping[str, bytes]:
    """A process that takes all that a case can take: forms, work for others, messages, a failing script."""
    message = '<bpmn:messageEventDefinition messageRef="m_{0}"/>'
    nodes = [
        bpmn.node("startEvent", "start", camunda__formKey="start.json"),
        bpmn.node(
            "userTask",
            "check",
            camunda__formKey="check.json",
            parvandeh__candidateUsers="[name, 'sara', 'reza']",
        ),
        bpmn.node(
            "serviceTask",
            "ask",
            parvandeh__topic="registry",
            parvandeh__request="{'name': name, 'number': number}",
            parvandeh__result="reply",
        ),
        bpmn.node(
            "intermediateCatchEvent",
            "paid",
            message.format("paid"),
            parvandeh__correlation="{'order': order}",
            parvandeh__result="payment",
        ),
        bpmn.script("count", "counted = int(name)"),
        bpmn.node("userTask", "decide", camunda__formKey="decide.json", parvandeh__decision="decision"),
        bpmn.node(
            "intermediateThrowEvent",
            "inform",
            message.format("informed"),
            parvandeh__correlation="{'order': order}",
            parvandeh__data="{'name': name}",
        ),
        bpmn.node("endEvent", "end"),
    ]
    path = ("start", "check", "ask", "paid", "count", "decide", "inform", "end")
    flows = [bpmn.flow(*pair) for pair in pairwise(path)]
    names = 'parvandeh:searchable="name, number" parvandeh:subject="name" parvandeh:party="number"'
    messages = [f'<bpmn:message id="m_{name}" name="{name}"/>' for name in ("paid", "informed")]
    diagram = bpmn.definitions(
        *messages, bpmn.process_element(OUTCOMES, *nodes, *flows, attributes=f'isExecutable="true" {names}')
    )
    return factories.files(diagram, start=START, check=CHECK, decide=DECIDE)


@dataclass
class Office:
    """Those who work on the case; every POST has an idempotency key, and says for whom and why."""

    client: Clients
    database: Database
    keys: "count[int]" = field(default_factory=count)

    def post(self, who: str, name: str | None, path: str, given: Any = None, **more: Any) -> dict[str, Any]:
        key = {"Idempotency-Key": f"{SAID} {next(self.keys)}"}
        spoken = HEADERS if who in ("portal", "caseworker") else {"X-Purpose": SAID}
        sent = self.client(who, name).post(path, given or {}, headers={**spoken, **key}, **more)
        assert sent.status_code < 300, (path, sent.text)
        return body(sent) if sent.data else {}

    def upload(self, case: str, content: bytes, **fields: str) -> str:
        headers = {**HEADERS, "Idempotency-Key": f"{SAID} {next(self.keys)}"}
        given = {"title": CANARY, **fields}
        answer = self.client("portal").upload(
            f"/cases/{case}", content, f"{LATIN} {PERSIAN}.pdf", fields=given, headers=headers
        )
        assert answer.status_code == 201, answer.text
        return str(body(answer)["id"])

    def as_(self, role: str, name: str, command: Callable[[UnitOfWork], Any]) -> Any:
        self.client(role, name)

        def run(session: Any, now: datetime) -> Any:
            user = accounts.named(session, name)
            return command(UnitOfWork(session, Actor(user.id, user.name, user.role), now))

        return self.database.run(run)

    def open_task(self, case: str) -> str:
        (task,) = body(self.client("caseworker", "sara").get(f"/cases/{case}"))["tasks"]
        return str(task["id"])


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    a_unit(database, "office", kind="agency")
    for name in ("sara", "reza"):
        a_member(database, name, "office")
    factories.deploy(database, definition())
    with database.transaction() as session:
        session.scalars(select(Definition)).one().unit_id = _unit(session)
    return Office(client, database)


def _unit(session: Any) -> UUID:
    found: UUID = session.scalars(select(Unit.id).where(Unit.key == "office")).one()
    return found


def a_full_case(office: Office) -> str:
    """A case that has ended, with something in everything that stores something for a case."""
    post, administrator = office.post, office.client("administrator")
    assert administrator.post("/webhooks", {"url": "http://127.0.0.1:9/"}).status_code == 201
    data = {"name": CANARY, "number": DIGITS, "order": CANARY}
    people = {"applicant": DIGITS, "representative": CANARY, "business_key": CANARY}
    case = post("portal", None, "/cases", {"definition": "p", "data": data, **people})
    url, task = f"/cases/{case['id']}", case["tasks"][0]["id"]
    _file(office, case["id"], task)
    _ask(office, task)
    _work_off(office, case["id"], task)
    _decide(office, case["id"], case["case_number"])
    office.as_("administrator", "administrator", webhooks.fan_out)
    assert body(administrator.get(url))["status"] == "completed"
    return str(case["id"])


def _file(office: Office, case: str, task: str) -> None:
    """Documents, comments, readings, a pause."""
    post, url = office.post, f"/cases/{case}"
    document = office.upload(case, filed.pdf(f"% {CANARY}".encode()))
    office.upload(case, filed.pdf(f"% {CANARY} again".encode()), replaces=document)
    for said in (url, f"/tasks/{task}"):
        post("caseworker", "sara", f"{said}/comments", {"text": CANARY, "visible": True})
    for read in (url, f"{url}/events", f"{url}/file"):
        assert office.client("caseworker", "sara").get(read, headers=HEADERS).status_code == 200
    post("administrator", None, f"{url}/suspend", {"reason": CANARY})
    post("administrator", None, f"{url}/resume")


def _ask(office: Office, task: str) -> None:
    """An opinion, a correction, somebody who steps back, a draft."""
    post = office.post
    post("caseworker", "sara", f"/tasks/{task}/claim")
    opinion = post("caseworker", "sara", f"/tasks/{task}/opinions", {"question": CANARY, "to": "reza"})
    post("caseworker", "reza", f"/tasks/{opinion['id']}/complete", {"data": {"opinion": CANARY}})
    marked = {"fields": [{"pointer": "/name", "text": CANARY}], "text": CANARY}
    correction = post("caseworker", "sara", f"/tasks/{task}/send-back", marked)
    post("portal", None, f"/tasks/{correction['id']}/complete", {"data": {"name": CANARY}})
    post("caseworker", "reza", f"/tasks/{task}/recuse", {"reason": CANARY})
    saved = office.client("caseworker", "sara").send(
        "PUT", f"/tasks/{task}/draft", json={"data": {"remark": CANARY}}
    )
    assert saved.status_code == 200, saved.text


def _work_off(office: Office, case: str, task: str) -> None:
    """The task is completed by a batch, a program does its work, a message comes, a script fails."""
    post, administrator, url = office.post, office.client("administrator"), f"/cases/{case}"
    batch = office.as_("caseworker", "sara", lambda uow: _batch(uow, task))
    assert batch
    (work,) = post("service", None, "/external-work/take", {"topics": ["registry"], "worker": LATIN})["items"]
    again = {"fence": work["fence"], "detail": CANARY, "retry_in": 0}
    post("service", None, f"/external-work/{work['id']}/fail", again)
    (work,) = post("service", None, "/external-work/take", {"topics": ["registry"], "worker": LATIN})["items"]
    answer = {"fence": work["fence"], "reply": {"found": CANARY}}
    post("service", None, f"/external-work/{work['id']}/complete", answer)
    post("service", None, "/messages", {**PAID, "id": f"{CANARY} 1"})
    retry = post(
        "administrator", None, "/retries", {"definition": "p", "code": "script-failed", "reason": CANARY}
    )
    _retry(office, UUID(retry["id"]))
    (incident,) = body(administrator.get(url))["incidents"]
    skipped = {"reason": CANARY, "data": {"counted": CANARY}}
    post("administrator", None, f"/incidents/{incident['id']}/skip", skipped)


def _decide(office: Office, case: str, number: str) -> None:
    """It is decided, and messages come too late."""
    post = office.post
    task = office.open_task(case)
    post("caseworker", "sara", f"/tasks/{task}/claim")
    decided = {"decision": "refused", "ground": {"code": LATIN, "text": CANARY}}
    post("caseworker", "sara", f"/tasks/{task}/complete", {"data": decided})
    for keys in ({"order": CANARY}, {"case_number": number}):
        post("service", None, "/messages", {**PAID, "correlation": keys, "id": f"{CANARY} late {keys}"})


def _batch(uow: UnitOfWork, task: str) -> UUID:
    made = tasks.start_bulk_job(uow, "complete", [UUID(task)], {"remark": CANARY})
    tasks.run_bulk_job(uow, made)
    return made


def _retry(office: Office, order: UUID) -> None:
    def take(uow: UnitOfWork) -> None:
        assert uow.session.get(Retry, order) is not None
        for incident in body(office.client("administrator").get("/incidents"))["items"]:
            mass_retry.retry_incident(uow, UUID(incident["id"]))

    office.as_("administrator", "administrator", take)


def a_drafted_case(office: Office) -> str:
    """A case that an applicant has started by an account of their own, from a draft, and withdrawn."""
    name = "an applicant"
    with office.database.transaction() as session:
        user = accounts.find_or_create(session, datetime.now(UTC), name, "applicant", person=DIGITS)
        actor = Actor(user.id, user.name, user.role)

    def apply(uow: UnitOfWork) -> Any:
        draft = application_drafts.of_service(uow, "p")
        application_drafts.answer(uow, draft, ["name"], {"name": CANARY}, 1)
        return application_drafts.submit_service(uow, "p")

    case = factories.as_actor(office.database, actor, apply)
    with office.database.transaction() as session:  # whom the office names from now on
        session.execute(
            text("UPDATE cases SET representative = :who WHERE id = :id"), {"who": CANARY, "id": case.id}
        )
    office.post("caseworker", "sara", f"/cases/{case.id}/withdraw", {"reason": CANARY})
    return str(case.id)


def erase(database: Database, case: str, basis: str = BASIS) -> erasure.Erased:
    def run(session: Any, now: datetime) -> erasure.Erased:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        return erasure.erase(uow, case, basis, "root")

    return database.run(run)


def a_proposal(session: Session, case: UUID) -> CaseProposal:
    """A proposed change of a case, which its words can be found in."""
    now = datetime.now(UTC)
    return CaseProposal(
        case_id=case,
        kind="variables",
        change={"name": CANARY},
        reason=CANARY,
        proposed_by=session.scalars(select(User.id).limit(1)).one(),
        proposed_at=now,
        expires_at=now,
        status="expired",
    )


def a_bill(case: UUID) -> Bill:
    """A bill of a case, of which its words can be found."""
    return Bill(
        case_id=case,
        element="issue",
        reference="B-1",
        amount=5,
        currency="IRR",
        purpose=CANARY,
        link=f"https://pay.example/{CANARY}",
        status="cancelled",
        issued_at=datetime.now(UTC),
        message="paid",
        paid_amount="amount",
        paid_currency="currency",
    )


def expected() -> set[Place]:
    """The columns that erasing empties, and the rows that it deletes: each must have had something."""
    changed = {
        (table, column)
        for table, entry in ERASED.items()
        if isinstance(entry, Changed)
        for column in entry.values
    }
    # Empty once a case has ended, salted or hashed; and what the tests of migrations and of batches plant.
    changed -= {("cases", name) for name in ("state", "running_key", "secret", "single_key")}
    changed -= {("events", "salt"), ("access_log", "salt"), ("migrated_cases", "obstacles")}
    changed -= {("tasks", "draft"), ("tasks", "draft_seen"), ("batches", "answer"), ("batches", "results")}
    texts = [("comments", "text"), ("document_versions", "title"), ("document_versions", "name")]
    texts += [("messages", "correlation"), ("messages", "data")]
    texts += [("idempotency_keys", "key"), ("idempotency_keys", "body")]
    return changed | set(texts)


def test_nothing_that_was_entered_is_found_after_erasing(
    office: Office, database: Database, app: APIFlask, tmp_path: Path
) -> None:
    full, drafted = a_full_case(office), a_drafted_case(office)
    with database.transaction() as session:  # any text was an outcome before outcomes were declared
        for table in (Case, Decision):
            session.execute(update(table).values(outcome=CANARY))
        session.add(a_bill(UUID(full)))
        session.add(a_proposal(session, UUID(full)))
    planted = found_in(database)
    assert expected() - planted == set()
    assert len(files_with(tmp_path)) == 2
    for case in (full, drafted):
        erase(database, case)
    storage = Storage(str(tmp_path / "documents"))
    assert list(erasure.delete_files(database, storage)) == ["deleted", "deleted"]
    assert found_in(database) - OWN == set()
    assert files_with(tmp_path) == set()
    with database.transaction() as session:
        assert events.verify(session) == []
        assert access_log.verify(session) == []
        assert list(erasure.pending(session)) == []
    see_all(office, full)


def see_all(office: Office, case: str) -> None:
    """All that the API shows of an erased case can be read, says that it was erased, and nothing else."""
    administrator, url = office.client("administrator"), f"/cases/{case}"
    shown = body(administrator.get(url))
    assert shown["erased_at"]
    assert (shown["data"], shown["applicant"], shown["business_key"]) == ({}, None, None)
    assert [one["erased_at"] is not None for one in body(administrator.get("/cases"))["items"]] == [
        True,
        True,
    ]
    log = body(administrator.get(f"{url}/events"))["items"]
    assert (log[-1]["kind"], log[-1]["payload"]["legal_basis"]) == ("case.erased", BASIS)
    assert {event["payload"] is None and event["purpose"] is None for event in log[:-1]} == {True}
    parts = ("documents", "comments", "decisions", "recusals", "access-log", "file", "diagram.svg")
    reads = [url, *(f"{url}/{part}" for part in parts), "/events", "/incidents?status=resolved"]
    with office.database.transaction() as session:
        of_case = select(Event.task_id).where(Event.case_id == UUID(case), Event.task_id.is_not(None))
        reads += [f"/tasks/{task}" for task in set(session.scalars(of_case))]
    for read in reads:
        answer = administrator.get(read)
        assert (answer.status_code, shows(answer.data)) == (200, False), read
    assert office.client("caseworker", "sara").get("/tasks/counts").status_code == 200


@pytest.fixture
def ended(client: Clients, database: Database) -> dict[str, Any]:
    """A case that somebody has cancelled."""
    factories.deploy(database, factories.one_task())
    case = client("portal").start(applicant="0012345679")
    assert client("caseworker").post(f"/cases/{case['id']}/cancel", {}).status_code == 200
    return case


@pytest.mark.parametrize(
    ("path", "given"),
    [("/comments", {"text": "late"}), ("/secret", None), ("/withdraw", {}), ("/cancel", {})],
)
def test_nothing_is_added_to_an_erased_case(
    ended: dict[str, Any], client: Clients, database: Database, path: str, given: Any
) -> None:
    erase(database, ended["id"])
    problem = refused(client("caseworker").post(f"/cases/{ended['id']}{path}", given), 409, "conflict")
    assert problem["state"]["case"]["id"] == ended["id"]
    assert len(body(client("administrator").get(f"/cases/{ended['id']}/events"))["items"]) == 6


def test_status_of_an_erased_case_is_closed(
    ended: dict[str, Any], client: Clients, database: Database
) -> None:
    asked = {"case_number": ended["case_number"], "secret": ended["secret"]}
    assert client(None).post("/status", asked).status_code == 200
    erase(database, ended["id"])
    assert client(None).post("/status", asked).status_code == 404


def test_every_column_of_every_table_is_in_the_inventory(database: Database) -> None:
    listed = {
        **{table: set(entry.columns.split()) for table, entry in KEPT.items()},
        **{table: {*entry.columns.split(), *getattr(entry, "values", ())} for table, entry in ERASED.items()},
    }
    assert not KEPT.keys() & ERASED.keys()
    assert listed == columns(database)
    models = {name: {column.name for column in table.c} for name, table in Base.metadata.tables.items()}
    assert models.items() <= listed.items()
