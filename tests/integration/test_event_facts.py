"""The facts of events: what each states of its case, which no erasure removes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.bpmn import CallFailure
from engine.cases import external_calls, messages
from engine.identity import accounts
from engine.models import Call, Case, Delegation, Event, OrganisationRecord, Wait
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Invalid
from engine.portal import application_drafts
from engine.tasks import Marks, Question, delegations
from engine.tasks.delegations import NewDelegation
from tests import bpmn, factories
from tests.desks import Desks, desks
from tests.integration.conftest import Act
from tests.organisation import a_member, a_unit

DAY = timedelta(days=1)
_LASTING = "<bpmn:timeDuration>PT1H</bpmn:timeDuration>"
HOUR = f"<bpmn:timerEventDefinition>{_LASTING}</bpmn:timerEventDefinition>"
Work = Callable[..., None]


@pytest.fixture
def office(database: Database) -> Desks:
    return desks(database)


def of_kind(database: Database, kind: str) -> list[Event]:
    """The events of a kind, in the order in which they happened."""
    with database.transaction() as session:
        found = select(Event).where(Event.kind == kind).order_by(Event.transaction_id, Event.seq)
        return list(session.scalars(found))


def stated(database: Database, kind: str) -> Mapping[str, Any]:
    """The facts of the only event of a kind."""
    (event,) = of_kind(database, kind)
    assert event.facts is not None
    return event.facts


def test_application_from_a_draft_states_when_it_was_begun_and_sent(database: Database) -> None:
    factories.deploy(database, factories.with_start_form(factories.form(name={"type": "string"})))
    with database.transaction() as session:
        user = accounts.find_or_create(session, datetime.now(UTC), "me", "applicant", person="0012345679")
        me = Actor(user.id, user.name, user.role)

    def begin(uow: UnitOfWork) -> datetime:
        draft = application_drafts.of_service(uow, "p")
        application_drafts.answer(uow, draft, ["name"], {"name": "x"}, 1)
        return uow.now

    def send(uow: UnitOfWork) -> datetime:
        application_drafts.submit_service(uow, "p")
        return uow.now

    begun, sent = factories.as_actor(database, me, begin), factories.as_actor(database, me, send)
    facts = stated(database, "case.started")
    assert facts["begun_at"] == begun.astimezone(UTC).isoformat(timespec="microseconds")
    assert facts["sent_at"] == sent.astimezone(UTC).isoformat(timespec="microseconds")


def test_other_applications_state_no_draft(database: Database, actor: Callable[..., Actor]) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"))
    assert stated(database, "case.started").keys().isdisjoint({"begun_at", "sent_at"})


def test_task_states_whether_the_applicant_has_to_come(
    database: Database, actor: Callable[..., Actor]
) -> None:
    task = bpmn.node("userTask", "a", parvandeh__presence="optional", parvandeh__channel="phone")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task))))
    factories.a_case(database, actor("portal"))
    assert stated(database, "task.created")["presence"] == "optional"
    assert stated(database, "task.created")["channel"] == "phone"


def delegate(office: Desks, **fields: Any) -> UUID:
    """The office delegates its task to a firm."""
    a_unit(office.database, "firm", kind="delegate")
    boss = a_member(office.database, "boss", "office", "*", "administrator")
    office.people["boss"] = boss
    new = NewDelegation("p", ["a"], "office", "firm", **fields)
    made: UUID = office.do("boss", lambda uow: delegations.create(uow, new))
    return made


def test_task_of_a_delegate_states_delegation_and_unit(office: Desks) -> None:
    office.deploy(factories.one_task())
    delegation = delegate(office)
    office.some(1)
    facts = stated(office.database, "task.created")
    assert (facts["side"], facts["delegation"], facts["unit"]) == ("delegate", str(delegation), "firm")


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_task_that_changes_hands_states_to_which_unit(office: Desks, act: Act, end: str) -> None:
    office.deploy(factories.one_task())
    office.some(1)
    delegation = delegate(office, take_over=True)
    taken = stated(office.database, "task.delegated")
    assert taken == {"delegation": str(delegation), "unit": "firm", "how": "take-over"}
    if end == "revoked":
        office.do("boss", lambda uow: delegations.revoke(uow, delegation))
    else:
        with office.database.transaction() as session:
            session.get_one(Delegation, delegation).valid_to = datetime.now(UTC)
        act("administrator", delegations.give_back, DAY)
    back = stated(office.database, "task.returned")
    assert back == {"delegation": str(delegation), "unit": "office", "reason": end}


def test_assignment_states_the_unit_of_the_assignee(office: Desks) -> None:
    task = bpmn.node("userTask", "a", parvandeh__assignment="random")
    office.deploy(factories.files(bpmn.process(*bpmn.in_line(task))))
    (made,) = office.some(1)
    assert stated(office.database, "task.assigned")["unit"] == "office"
    now = office.row(made).assignee_id
    other = next(name for name in ("sara", "reza") if office[name].id != now)
    office.do("mina", lambda uow: tasks.assign(uow, made, other, reason="workload"))
    facts = of_kind(office.database, "task.assigned")[-1].facts
    assert facts is not None
    assert (facts["unit"], facts["how"], facts["reason"]) == ("office", "given", "workload")


def test_requests_state_whose_turn_it_is_and_until_when(office: Desks) -> None:
    office.deploy(factories.with_start_form(factories.form(name={"type": "string"})))
    (task,) = office.some(1)
    office.claimed("sara", task)
    due = datetime.now(UTC) + DAY
    asked = Question("?", unit="fire", to="omid", due_at=due)
    office.do("sara", lambda uow: tasks.request_opinion(uow, task, asked))
    facts = stated(office.database, "opinion.asked")
    assert (facts["side"], facts["unit"], facts["account"]) == ("office", "fire", str(office["omid"].id))
    assert facts["due_at"] == due.isoformat(timespec="microseconds")
    marks = Marks([("/name", "wrong")], due_at=due)
    office.do("sara", lambda uow: tasks.request_correction(uow, task, marks))
    facts = stated(office.database, "correction.asked")
    assert (facts["side"], facts["due_at"]) == ("applicant", due.isoformat(timespec="microseconds"))


def test_timer_states_how_late_it_fired(database: Database, actor: Callable[..., Actor], work: Work) -> None:
    event = bpmn.node("intermediateCatchEvent", "t", HOUR)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(event))))
    started = factories.a_case(database, actor("portal")).started_at
    work(timedelta(minutes=90))
    facts = stated(database, "timer.fired")
    assert datetime.fromisoformat(facts["due_at"]) == started + timedelta(hours=1)
    assert 1800 <= facts["lateness"] < 1860
    assert stated(database, "case.completed") == {"by": "rule"}


def test_case_is_completed_by_a_person_although_a_timer_ends_it(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Work
) -> None:
    event = bpmn.node("intermediateCatchEvent", "t", HOUR)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line("userTask a", event))))
    task = start().tasks[0]["id"]
    act("caseworker", lambda uow: tasks.complete(uow, task, {}))
    work(2 * timedelta(hours=1))
    assert stated(database, "case.completed") == {"by": "person"}


def test_case_that_the_applicant_withdraws_was_completed_by_no_office(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.one_task())
    case = start()
    act("caseworker", lambda uow: cases.withdraw(uow, case.id))
    assert stated(database, "case.completed") == {"outcome": "withdrawn", "effect": "neither"}


def test_task_of_the_applicant_alone_ends_a_case_by_rule(database: Database) -> None:
    task = bpmn.node("userTask", "a", parvandeh__role="applicant")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task))))
    portal = factories.an_actor(database, "portal")
    made = factories.a_case(database, portal).tasks[0]["id"]
    factories.as_actor(database, portal, lambda uow: tasks.complete(uow, made, {}))
    assert stated(database, "case.completed") == {"by": "rule"}


def test_suspension_states_its_code_and_not_its_text(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.one_task())
    case = start()
    with pytest.raises(Invalid) as refused:
        act("administrator", lambda uow: cases.suspend(uow, case.id, reason_code="holiday"))
    assert [fault.pointer for fault in refused.value.faults] == ["/reason_code"]
    act("administrator", lambda uow: cases.suspend(uow, case.id, reason="Ali", reason_code="court-order"))
    (event,) = of_kind(database, "case.suspended")
    assert event.facts == {"reason_code": "court-order"}
    assert event.payload == {"reason": "Ali", "reason_code": "court-order"}


def test_waits_state_what_is_awaited_of_whom_until_they_end(
    database: Database, act: Act, start: Callable[..., cases.CaseView], work: Work
) -> None:
    message = '<bpmn:messageEventDefinition messageRef="m"/>'
    event = bpmn.node(
        "intermediateCatchEvent", "c", message, parvandeh__correlation="{'o': o}", parvandeh__party="bank"
    )
    late = bpmn.node("boundaryEvent", "late", HOUR, attachedToRef="s")
    service = bpmn.node("serviceTask", "s", parvandeh__topic="t", parvandeh__party="applicant")
    end = bpmn.node("endEvent", "over")
    body = [*bpmn.in_line(event, service), late, end, bpmn.flow("late", "over")]
    process = bpmn.process_element(*body)
    content = bpmn.definitions('<bpmn:message id="m" name="paid"/>', process)
    factories.deploy(database, {"p.bpmn": content})
    case = start(o=7)
    opened = of_kind(database, "wait.opened")[0]
    assert opened.facts == {"wait": str(waiting(database)[0]), "kind": "message", "party": "bank"}
    assert opened.payload == {"name": "paid", "keys": {"o": 7}}
    act("service", lambda uow: messages.send(uow, "paid", {"o": 7}, {}))
    closed = of_kind(database, "wait.closed")
    assert [event.facts for event in closed] == [opened.facts]
    assert stated(database, "call.made")["party"] == "applicant"
    (_, timed) = of_kind(database, "wait.opened")
    assert timed.facts is not None
    due = case.started_at + timedelta(hours=1)
    assert timed.facts["kind"] == "timer"
    assert due < datetime.fromisoformat(timed.facts["due_at"]) < due + timedelta(minutes=1)
    work(2 * timedelta(hours=1))
    ended = [event.facts for event in of_kind(database, "wait.closed")[1:]]
    assert timed.facts in ended
    call = stated(database, "call.made")["call"]
    assert {"wait": call, "kind": "call", "party": "applicant"} in ended
    assert len(ended) == 2
    assert waiting(database) == []


def waiting(database: Database) -> list[UUID]:
    """The waits that are open."""
    with database.transaction() as session:
        return list(session.scalars(select(Wait.id).where(Wait.closed_at.is_(None))))


def test_answered_call_closes_no_further_wait(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(CALL))))
    start()
    factories.answer_calls(database, c={"ok": True})
    assert of_kind(database, "wait.closed") == []
    assert len(of_kind(database, "call.answered")) == 1


@pytest.mark.parametrize("keys", [{"case_number": "-"}, {"case_number": "-", "o": 8}, {"o": 8}])
def test_message_without_a_receiver_is_stated_where_it_belongs(
    database: Database, act: Act, start: Callable[..., cases.CaseView], keys: dict[str, Any]
) -> None:
    factories.deploy(database, factories.one_task())
    case = start()
    named = {name: case.number if name == "case_number" else value for name, value in keys.items()}
    sent = act("service", lambda uow: messages.send(uow, "paid", named, {"x": 1}, keep=DAY))
    assert [act("administrator", messages.expire, days * DAY) for days in (0, 2, 2)] == [0, 1, 0]
    found = of_kind(database, "message.unmatched")
    if "case_number" in keys:
        (event,) = found
        assert (event.case_id, event.payload) == (case.id, {"name": "paid"})
        assert event.facts is not None
        assert event.facts["message"] == str(sent.id)
    else:
        assert found == []
        here = OrganisationRecord.kind == "message.unmatched"
        assert factories.count(database, OrganisationRecord, here) == 1


def test_message_that_a_case_sent_and_nobody_received_is_stated_there(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    throw = bpmn.node("intermediateThrowEvent", "t", '<bpmn:messageEventDefinition messageRef="m"/>')
    process = bpmn.process_element(*bpmn.in_line(throw))
    content = bpmn.definitions('<bpmn:message id="m" name="paid"/>', process)
    factories.deploy(database, {"p.bpmn": content})
    case = start()
    assert act("administrator", messages.expire, 40 * DAY) == 1
    (event,) = of_kind(database, "message.unmatched")
    assert (event.case_id, event.payload) == (case.id, {"name": "paid"})
    assert event.facts is not None
    assert event.facts["message"] == stated(database, "message.sent")["message"]


def test_message_of_a_locked_case_expires_later(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.one_task())
    case = start()
    keys = {"case_number": case.number}
    act("service", lambda uow: messages.send(uow, "paid", keys, {}, keep=DAY))
    with database.transaction() as session:
        session.get_one(Case, case.id, with_for_update=True)
        assert act("administrator", messages.expire, 2 * DAY) == 0
    assert act("administrator", messages.expire, 2 * DAY) == 1


DECLARED = {"agency": "registry", "purpose": "Verify", "legal_basis": "Registry Act"}
CALL = bpmn.node("serviceTask", "c", parvandeh__connector="it", parvandeh__operation="ask")


@pytest.mark.parametrize("known", [True, False])
def test_call_states_for_whom_and_why_it_is_made(
    database: Database, database_url: str, actor: Callable[..., Actor], known: bool
) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(CALL))))
    here = Database(database_url, connectors={"it/ask" if known else "other": DECLARED})
    factories.a_case(here, actor("portal"))
    here.dispose()
    facts = dict(stated(database, "call.made"))
    del facts["call"]
    assert facts == {"connector": "it", "operation": "ask", **(DECLARED if known else {})}


def test_each_attempt_is_stated_with_its_result_and_duration(
    database: Database, act: Act, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(CALL))))
    case = start()
    (call,) = act("service", lambda uow: list(uow.session.scalars(select(Call.id))))

    def attempt(later: timedelta) -> external_calls.Attempt:
        found = act("administrator", lambda uow: external_calls.begin_attempt(uow, call, DAY), later)
        assert found is not None
        return cast(external_calls.Attempt, found)

    first = attempt(timedelta(0))
    act("administrator", lambda uow: cases.suspend(uow, case.id))
    down = CallFailure("timeout", "no answer")
    act("administrator", lambda uow: external_calls.retry_later(uow, first, down, DAY, 0.25))
    act("administrator", lambda uow: cases.resume(uow, case.id))
    second = attempt(2 * DAY)
    act("administrator", lambda uow: external_calls.retry_later(uow, second, down, None, 1.5), 2 * DAY)
    tried = [event.facts for event in of_kind(database, "call.tried")]
    assert tried == [
        {"call": str(call), "code": "timeout", "attempt": 1, "ms": 250},
        {"call": str(call), "code": "timeout", "attempt": 2, "ms": 1500},
    ]
    facts = stated(database, "call.failed")
    assert (facts["code"], facts["seconds"], facts["attempts"]) == ("timeout", "1.500", 2)
    assert factories.whole(database)


def test_what_a_worker_does_has_the_role_system(
    database: Database, start: Callable[..., cases.CaseView]
) -> None:
    factories.deploy(database, factories.one_task())
    case = start()

    def suspend(session: Any, now: datetime) -> None:
        cases.suspend(UnitOfWork(session, accounts.system(session, now), now), case.id)

    database.run(suspend)
    assert [event.actor_role for event in of_kind(database, "case.suspended")] == ["system"]
