"""The event log: what it says of a case, and that every tampering with it is found where it was done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from engine import cases, events, tasks
from engine.cases import CaseView, incidents
from engine.cli import main
from engine.events import Break, hash_chain
from engine.events.log import _CHAINED
from engine.models import Case, Event
from engine.platform import postgres
from engine.platform.db import Actor, Database
from engine.platform.errors import Conflict
from tests import bpmn, factories

Actors = Callable[..., Actor]


@dataclass(frozen=True, slots=True)
class W1:
    """A case of W1 from application to decision, in a transaction of its own that is never committed."""

    session: Session
    case: UUID
    other: UUID
    portal: UUID
    caseworker: UUID

    @property
    def log(self) -> list[Event]:
        return log(self.session, self.case)

    @property
    def breaks(self) -> list[tuple[UUID, int]]:
        return [(broken.case_id, broken.seq) for broken in events.verify(self.session)]

    def tamper(self, *statements: Any) -> None:
        """As somebody would who has got into the database and knows of the trigger."""
        self.session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        for statement in statements:
            self.session.execute(statement)

    def at(self, seq: int) -> Any:
        return at(self.case, seq)


@pytest.fixture(scope="module")
def finished(
    server: postgres.Server, admin: psycopg.Connection, template: str
) -> Iterator[tuple[Database, dict[str, UUID]]]:
    """Two cases of W1: one decided, one that waits for its review."""
    with factories.opened(server.url, admin, template, "event_log") as database:
        factories.deploy(database, factories.w1())
        portal, worker = (factories.an_actor(database, role) for role in ("portal", "caseworker"))
        case, other = (
            factories.a_case(database, portal, "w1-permit", {"amount": 1000, "name": "نام"}) for _ in range(2)
        )
        answer = {"decision": "granted"}
        factories.as_actor(database, worker, lambda uow: tasks.complete(uow, case.tasks[0]["id"], answer))
        yield database, {"case": case.id, "other": other.id, "portal": portal.id, "caseworker": worker.id}


@pytest.fixture
def w1(finished: tuple[Database, dict[str, UUID]]) -> Iterator[W1]:
    database, ids = finished
    with Session(database.engine.execution_options(isolation_level="READ COMMITTED")) as session:
        yield W1(session, **ids)


def log(session: Session, case: UUID) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.case_id == case).order_by(Event.seq)))


def kinds(database: Database, case: UUID) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        return [(event.kind, event.element) for event in log(session, case)]


def verified(database: Database) -> list[Break]:
    with database.transaction() as session:
        return events.verify(session)


def at(case: UUID, seq: int) -> Any:
    return update(Event).where(Event.case_id == case, Event.seq == seq)


def test_case_from_application_to_decision_makes_nine_events(w1: W1) -> None:
    assert [(event.kind, event.element) for event in w1.log] == [
        ("case.started", None),
        ("element.passed", "received"),
        ("element.passed", "set_fee"),
        ("element.passed", "amount_large"),
        ("task.created", "review"),
        ("task.completed", "review"),
        ("element.passed", "issue"),
        ("element.passed", "done"),
        ("case.completed", None),
    ]


def test_events_are_numbered_without_gaps_and_the_case_knows_the_last(w1: W1) -> None:
    found = w1.log
    case = w1.session.get_one(Case, w1.case)
    assert [event.seq for event in found] == list(range(1, 10))
    assert (case.log_length, case.log_hash) == (9, found[-1].hash)


def test_each_command_writes_in_one_transaction(w1: W1) -> None:
    transactions = [event.transaction_id for event in w1.log]
    assert len(set(transactions[:5])) == len(set(transactions[5:])) == 1
    assert transactions[0] != transactions[5]


def test_event_tells_the_actor_and_role_of_its_moment(w1: W1) -> None:
    found = w1.log
    assert [event.actor_id for event in found] == [w1.portal] * 5 + [w1.caseworker] * 4
    assert [event.actor_role for event in found] == ["portal"] * 5 + ["caseworker"] * 4


def test_personal_data_stand_in_the_payload_only(w1: W1) -> None:
    for event in w1.log:
        outside = {
            column.key: getattr(event, column.key)
            for column in Event.__table__.columns
            if column.key not in ("payload", "salt")
        }
        assert "نام" not in repr(outside)
    started = w1.log[0]
    assert started.payload
    assert started.payload["data"] == {"amount": 1000, "name": "نام"}


def test_payload_and_salt_stand_together_or_not_at_all(w1: W1) -> None:
    for event in w1.log:
        assert (event.payload is None) == (event.salt is None) == (event.payload_hash is None)


def test_no_two_events_share_a_salt(w1: W1) -> None:
    salts = [event.salt for event in w1.log if event.salt]
    assert len(set(salts)) == len(salts) > 1
    assert {len(salt) for salt in salts} == {16}


def test_scripts_changes_stand_in_its_event(w1: W1) -> None:
    by_element = {event.element: event for event in w1.log if event.kind == "element.passed"}
    assert by_element["set_fee"].payload == {"changes": {"fee": 70.0, "decision": "granted"}}
    assert by_element["amount_large"].payload is None


def test_claim_and_release_are_logged(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    case = factories.a_case(database, actor("portal"))
    task = case.tasks[0]["id"]
    for command in (tasks.claim, tasks.claim, tasks.release):
        factories.as_actor(database, actor("caseworker"), partial(command, task_id=task))
    assert [kind for kind, _ in kinds(database, case.id)][-2:] == ["task.claimed", "task.released"]
    assert verified(database) == []


def test_incident_and_its_retry_are_logged(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "1 / 0"))))
    case = factories.a_case(database, actor("portal"))
    found = case.incidents[0]["id"]
    factories.as_actor(database, actor("administrator"), lambda uow: incidents.retry(uow, found))
    logged = kinds(database, case.id)
    about = [kind for kind, element in logged if element == "s"]
    assert about == ["incident.opened", "incident.retried", "incident.opened"]
    assert verified(database) == []


def test_cancelled_case_ends_its_log_with_what_was_taken_back(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.forked(2))
    case = factories.a_case(database, actor("portal"))
    factories.as_actor(database, actor("portal"), lambda uow: cases.cancel(uow, case.id, reason="x"))
    logged = [kind for kind, _ in kinds(database, case.id)]
    assert logged.count("case.cancelled") == 1
    assert logged.count("task.cancelled") == 2
    assert "case.completed" not in logged
    assert verified(database) == []


def test_untouched_chains_verify(w1: W1) -> None:
    assert w1.breaks == []


def test_facts_say_what_reports_count(w1: W1) -> None:
    by_kind = {event.kind: event.facts for event in w1.log}
    assert by_kind["case.started"] == {"unit": "root", "channel": "online", "represented": False}
    assert by_kind["task.created"] == {"kind": "step", "side": "office", "role": "caseworkers"}
    assert by_kind["case.completed"] == {"outcome": "granted", "effect": "grants", "by": "person"}
    assert by_kind["task.completed"] == {}


def test_changed_fact_is_found(w1: W1) -> None:
    w1.tamper(w1.at(5).values(facts={"side": "applicant"}))
    assert w1.breaks == [(w1.case, 5)]


@pytest.mark.parametrize("until", [9, 4], ids=["all", "the-first-four"])
def test_events_of_format_1_still_verify(w1: W1, until: int) -> None:
    rewrite(w1, until)
    assert w1.breaks == []


def test_removed_facts_are_not_taken_for_format_1(w1: W1) -> None:
    w1.tamper(w1.at(5).values(facts=None))
    assert w1.breaks == [(w1.case, 5)]


def test_facts_stay_when_payloads_are_erased(w1: W1) -> None:
    before = [event.facts for event in w1.log]
    w1.session.execute(update(Event).where(Event.case_id == w1.case).values(payload=None, salt=None))
    w1.session.expire_all()
    assert [event.facts for event in w1.log] == before
    assert w1.breaks == []


def rewrite(w1: W1, until: int) -> None:
    """Makes the first events of the case those of a release without facts."""
    before, members = hash_chain.GENESIS, [column.key for column in _CHAINED]
    for event in w1.log:
        facts = event.facts if event.seq > until else None
        hashed = {name: hash_chain.text(getattr(event, name)) for name in members}
        before = hash_chain.digest(before, hashed if facts is None else {**hashed, "facts": facts})
        w1.tamper(w1.at(event.seq).values(facts=facts, hash=before))
    w1.session.execute(update(Case).where(Case.id == w1.case).values(log_hash=before))


@pytest.mark.parametrize(
    "value", [0.1, 1e300, -0.0, 2**63 - 1, [1.0, 1], {"é": "\u200c💡", "b": {"a": 1}}, ""]
)
def test_chain_verifies_whatever_the_payload(database: Database, actor: Actors, value: Any) -> None:
    factories.deploy(database, factories.one_task())
    factories.a_case(database, actor("portal"), data={"x": value})
    assert verified(database) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "task.released"},
        {"element": "other"},
        {"element": None},
        {"actor_role": "administrator"},
        {"actor_unit": "unit"},
        {"purpose": "other"},
        {"at": text("at + interval '1 microsecond'")},
        {"task_id": UUID(int=1)},
        {"actor_id": UUID(int=1)},
        {"version_id": UUID(int=1)},
        {"hash": bytes(32)},
        {"payload_hash": bytes(32)},
        {"payload_hash": None},
    ],
)
def test_changed_event_is_found(w1: W1, change: dict[str, Any]) -> None:
    w1.tamper(w1.at(6).values(change))
    assert w1.breaks == [(w1.case, 6)]


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"data": {"decision": "refused"}}},
        {"payload": {}},
        {"salt": bytes(16)},
        {"payload": {"data": {"decision": "refused"}}, "salt": bytes(16)},
    ],
)
def test_changed_payload_is_found(w1: W1, change: dict[str, Any]) -> None:
    w1.tamper(w1.at(6).values(change))
    assert events.verify(w1.session) == [Break(w1.case, 6, "the payload was changed")]


def test_payload_replaced_under_an_erased_salt_is_found(w1: W1) -> None:
    w1.tamper(w1.at(6).values(payload={"data": {"decision": "refused"}}, salt=None))
    assert w1.breaks == [(w1.case, 6)]


def test_payload_put_where_there_was_none_is_found(w1: W1) -> None:
    w1.tamper(w1.at(4).values(payload={"data": {}}, salt=bytes(16)))
    assert w1.breaks == [(w1.case, 4)]


@pytest.mark.parametrize("seq", [1, 5, 8])
def test_deleted_event_is_found(w1: W1, seq: int) -> None:
    w1.tamper(delete(Event).where(Event.case_id == w1.case, Event.seq == seq))
    assert w1.breaks == [(w1.case, seq)]


def test_deleted_event_is_found_when_the_rest_is_numbered_anew(w1: W1) -> None:
    moved = [w1.at(seq).values(seq=seq - 1) for seq in range(6, 10)]
    w1.tamper(delete(Event).where(Event.case_id == w1.case, Event.seq == 5), *moved)
    assert w1.breaks == [(w1.case, 5)]


def test_exchanged_events_are_found(w1: W1) -> None:
    w1.tamper(w1.at(3).values(seq=100), w1.at(4).values(seq=3), w1.at(100).values(seq=4))
    assert w1.breaks == [(w1.case, 3)]


@pytest.mark.parametrize("kept", [0, 1, 8])
def test_cut_off_end_is_found(w1: W1, kept: int) -> None:
    w1.tamper(delete(Event).where(Event.case_id == w1.case, Event.seq > kept))
    assert events.verify(w1.session) == [Break(w1.case, kept + 1, "the end of the log is missing")]


def test_event_appended_by_another_hand_is_found(w1: W1) -> None:
    copied = text(
        "INSERT INTO events (case_id, seq, at, kind, actor_id, actor_role, version_id, hash) "
        "SELECT case_id, 10, at, kind, actor_id, actor_role, version_id, hash FROM events WHERE seq = 9"
    )
    w1.session.execute(copied)
    assert w1.breaks == [(w1.case, 10)]


def test_events_moved_to_another_case_are_found_in_both(w1: W1) -> None:
    away = UUID(int=0)
    w1.tamper(
        text("ALTER TABLE events DROP CONSTRAINT fk_events_case_id"),
        w1.at(3).values(case_id=away),
        at(w1.other, 3).values(case_id=w1.case),
        at(away, 3).values(case_id=w1.other),
    )
    assert w1.breaks == sorted([(w1.case, 3), (w1.other, 3)])


def test_break_in_one_case_hides_none_in_another(w1: W1) -> None:
    w1.tamper(w1.at(2).values(element="x"), at(w1.other, 4).values(element="x"))
    assert w1.breaks == [(w1.case, 2), (w1.other, 4)]


def test_one_case_alone_is_verified(w1: W1) -> None:
    w1.tamper(w1.at(2).values(element="x"))
    assert events.verify(w1.session, w1.other) == []
    assert len(events.verify(w1.session, w1.case)) == 1


def test_audit_command_fails_on_a_broken_chain(
    database: Database,
    database_url: str,
    actor: Actors,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    factories.deploy(database, factories.one_task())
    case = factories.a_case(database, actor("portal"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["audit"]) == 0
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(at(case.id, 2).values(element="x"))
    capsys.readouterr()
    assert main(["audit"]) == 1
    assert f"case {case.id}, event 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = kind",
        "UPDATE events SET element = 'x' WHERE seq = 2",
        "UPDATE events SET payload = '{}' WHERE seq = 1",
        "UPDATE events SET payload = NULL, kind = 'x' WHERE seq = 1",
        "UPDATE events SET payload = NULL, salt = '\\x00' WHERE seq = 1",
        "UPDATE events SET payload = NULL, hash = '\\x00' WHERE seq = 1",
        "UPDATE events SET seq = seq + 1 WHERE seq = 9",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 9",
        "TRUNCATE events",
        "TRUNCATE events, tasks, incidents, cases CASCADE",
    ],
)
def test_log_refuses_to_be_changed(w1: W1, statement: str) -> None:
    before = w1.log
    with pytest.raises(DatabaseError, match="append-only"), w1.session.begin_nested():
        w1.session.execute(text(statement))
    assert [event.hash for event in w1.log] == [event.hash for event in before]


def test_log_refuses_changes_of_a_replicating_session(w1: W1) -> None:
    found = w1.session.execute(
        text("SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'events'::regclass AND NOT tgisinternal")
    )
    assert {row.tgenabled for row in found} == {"A"}  # always, whatever session_replication_role says


def test_erased_payloads_leave_the_chain_whole(w1: W1) -> None:
    w1.session.execute(text("UPDATE events SET payload = NULL, salt = NULL WHERE payload IS NOT NULL"))
    assert {event.payload for event in w1.log} == {None}
    assert w1.breaks == []


def test_erased_payload_cannot_come_back(w1: W1) -> None:
    w1.session.execute(text("UPDATE events SET payload = NULL, salt = NULL WHERE seq = 1"))
    with pytest.raises(DatabaseError, match="append-only"), w1.session.begin_nested():
        w1.session.execute(text("UPDATE events SET payload = '{}', salt = '\\x00' WHERE seq = 1"))


def test_case_goes_on_after_its_payloads_are_erased(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    case: CaseView = factories.a_case(database, actor("portal"), data={"x": 1})
    with database.transaction() as session:
        session.execute(text("UPDATE events SET payload = NULL, salt = NULL"))
    factories.as_actor(
        database, actor("caseworker"), lambda uow: tasks.complete(uow, case.tasks[0]["id"], {})
    )
    assert verified(database) == []


def test_refused_command_writes_no_event(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.one_task())
    case = factories.a_case(database, actor("portal"))
    task = case.tasks[0]["id"]
    factories.as_actor(database, actor("caseworker"), lambda uow: tasks.complete(uow, task, {}))
    before = kinds(database, case.id)
    with pytest.raises(Conflict):
        factories.as_actor(database, actor("caseworker"), lambda uow: tasks.complete(uow, task, {}))
    assert kinds(database, case.id) == before
