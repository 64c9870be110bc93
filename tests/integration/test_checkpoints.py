"""Checkpoints: what somebody with all permissions on the database did is found by verifying against one."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine import tasks
from engine.cases import erasure
from engine.events import administration_log, hash_chain
from engine.events.log import _CHAINED
from engine.models import AccessRecord, Event
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.oversight.audit import checkpoints, leaves, signing, statement, table_comparison, verification
from engine.oversight.audit.merkle import Tree, leaf
from engine.oversight.audit.signing import Key
from engine.oversight.audit.statement import Signed
from engine.oversight.audit.verification import Report
from engine.platform.db import Database, connection
from engine.platform.errors import Unusable
from tests import bpmn, factories

GUARDED = ("events", "access_log", "organisation_log", "checkpoints", "checkpoint_leaves")


@dataclass(slots=True)
class Office:
    """An installation with three completed cases and one that runs, of which two were read."""

    database: Database
    key: Key
    cases: list[UUID] = field(default_factory=list)

    def take(self, *keys: Key, **how: Any) -> Signed:
        keys = keys or (self.key,)
        return self.database.run(lambda session, now: checkpoints.take(session, now, keys, **how), "snapshot")

    def verify(self, given: Signed | None = None, keys: tuple[str, ...] | None = None) -> Report:
        trusted = (self.key.public,) if keys is None else keys
        return self.database.run(lambda session, _: verification.verify(session, given, trusted), "snapshot")

    def found(self, given: Signed | None = None) -> set[tuple[str, UUID | None, int]]:
        """The findings about logs: code, case, number. What is cut also makes tables differ."""
        found = self.verify(given).findings
        return {(one.code, one.id, one.number) for one in found if one.code != "forged"}

    def work(self) -> None:
        """A further case, and an event in the case that runs."""
        portal, worker = (factories.an_actor(self.database, role) for role in ("portal", "caseworker"))
        made = factories.a_case(self.database, portal, "p", {"name": "نام"})
        complete = partial(tasks.complete, task_id=made.tasks[0]["id"], data={"answer": "yes"})
        factories.as_actor(self.database, worker, complete)
        self.cases.append(made.id)

    def read(self, case: UUID) -> None:
        worker = factories.an_actor(self.database, "caseworker")
        factories.as_actor(self.database, worker, lambda uow: access_log.append(uow, Opened("case", case)))

    def tamper(self, *statements: str, **values: Any) -> None:
        """As a superuser who knows of the triggers."""
        with self.database.transaction() as session:
            for table in GUARDED:
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for one in statements:
                session.execute(text(one), values)

    def rechain(self, case: UUID, last: int | None = None) -> None:
        """Compute all hashes of a case again, and its head, as somebody who knows the documentation."""
        with self.database.transaction() as session:
            session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
            before, length = hash_chain.GENESIS, 0
            for event in session.scalars(select(Event).where(Event.case_id == case).order_by(Event.seq)):
                if event.salt is not None:
                    event.payload_hash = hashlib.sha256(event.salt + payload(session, event)).digest()
                members = {column.key: hash_chain.text(getattr(event, column.key)) for column in _CHAINED}
                facts = {} if event.facts is None else {"facts": event.facts}
                before, length = hash_chain.digest(before, {**members, **facts}), event.seq
                event.hash = before
            session.flush()
            head = "UPDATE cases SET log_length = :length, log_hash = :hash WHERE id = :case"
            session.execute(text(head), {"length": length, "hash": before, "case": case})


def payload(session: Session, event: Event) -> bytes:
    found = "SELECT payload::text FROM events WHERE case_id = :case AND seq = :seq"
    return str(session.execute(text(found), {"case": event.case_id, "seq": event.seq}).scalar_one()).encode()


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    factories.deploy(database, factories.one_task())
    made = Office(database, signing.create(tmp_path / "audit.key"))
    for _ in range(3):
        made.work()
    running = factories.a_case(database, factories.an_actor(database, "portal"))
    made.cases.append(running.id)
    for case in made.cases[:2]:
        made.read(case)
    administrator = factories.an_actor(database, "administrator")
    for _ in range(2):
        noted = partial(administration_log.note, kind="person.opened", unit_id=None, payload={})
        factories.as_actor(database, administrator, noted)
    return made


CUT = "DELETE FROM events WHERE case_id = :case AND seq = (SELECT max(seq) FROM events WHERE case_id = :case)"
HEAD = """
UPDATE cases SET (log_length, log_hash) =
    (SELECT seq, hash FROM events WHERE case_id = :case ORDER BY seq DESC LIMIT 1) WHERE id = :case
"""


def test_untouched_logs_are_intact_also_when_cases_have_grown(office: Office) -> None:
    before = office.take()
    assert office.verify().intact
    task = "SELECT id FROM tasks WHERE case_id = :case"
    with office.database.transaction() as session:
        running = session.execute(text(task), {"case": office.cases[3]}).scalar_one()
    worker = factories.an_actor(office.database, "caseworker")
    factories.as_actor(office.database, worker, lambda uow: tasks.claim(uow, running))
    office.work()
    office.read(office.cases[0])
    later = office.take()
    for given in (None, before, later):
        report = office.verify(given)
        assert report.intact
        assert report.trusted
    assert report.cases.entries == factories.count(office.database, Event)
    assert report.readers.entries == factories.count(office.database, AccessRecord) == 3
    assert (later.statement.number, later.statement.previous) == (2, before.hash.hex())
    assert later.statement.cases.count == before.statement.cases.count + 1


def test_without_a_checkpoint_the_chains_alone_are_verified(office: Office) -> None:
    report = office.verify()
    assert (report.intact, report.checkpoint) == (True, None)
    case = office.cases[1]
    office.tamper(CUT, HEAD, case=case)
    assert office.found() == set(), "this is what checkpoints are for"


def test_cut_end_with_its_head_moved_is_found(office: Office) -> None:
    length = length_of(office, office.cases[1])
    office.take()
    office.tamper(CUT, HEAD, case=office.cases[1])
    assert office.found() == {("cut", office.cases[1], length)}


def test_cut_ends_of_all_cases_are_found(office: Office) -> None:
    lengths = {case: length_of(office, case) for case in office.cases}
    office.take()
    for case in office.cases:
        office.tamper(CUT, HEAD, case=case)
    assert office.found() == {("cut", case, lengths[case]) for case in office.cases}


REMOVE = (
    "DELETE FROM events WHERE case_id = :case",
    "DELETE FROM tasks WHERE case_id = :case",
    "DELETE FROM waits WHERE case_id = :case",
    "DELETE FROM cases WHERE id = :case",
)


def test_removed_case_is_found(office: Office) -> None:
    office.take()
    office.tamper(*REMOVE, case=office.cases[2])
    assert office.found() == {("removed", office.cases[2], 1)}


def test_forged_payload_with_all_hashes_computed_again_is_found(office: Office) -> None:
    office.take()
    case = office.cases[0]
    forged = 'UPDATE events SET payload = \'{"data": {"name": "x"}}\' WHERE case_id = :case AND seq = 1'
    office.tamper(forged, case=case)
    assert office.found() == {("payload", case, 1)}
    office.rechain(case)
    assert office.found() == {("rewritten", case, length_of(office, case))}


def test_payload_erased_without_an_erasure_is_found(office: Office) -> None:
    office.take()
    case = office.cases[0]
    office.tamper(
        "UPDATE events SET payload = NULL, salt = NULL WHERE case_id = :case AND seq = 1", case=case
    )
    assert office.found() == {("erased-without-event", case, 1)}


def test_legal_erasure_is_no_finding_and_counted(office: Office) -> None:
    """The checkpoint is older than the erasure."""
    old = office.take()
    system = factories.an_actor(office.database, "administrator")
    basis = "Retention schedule 4.2"
    erase = partial(erasure.erase, named=str(office.cases[0]), basis=basis, operator="root")
    factories.as_actor(office.database, system, erase)
    report = office.verify(old)
    assert (report.intact, report.cases.erased, report.cases.erased_since) == (True, 1, 1)
    report = office.verify(office.take())
    assert (report.intact, report.cases.erased, report.cases.erased_since) == (True, 1, 0)
    # What is added afterwards would hide an erasure that nobody ordered.
    seq = length_of(office, office.cases[0])
    office.tamper("UPDATE events SET kind = 'comment.added' WHERE kind = 'case.erased'")
    office.rechain(office.cases[0])
    worker = factories.an_actor(office.database, "caseworker")
    of_case = {("erased-without-event", office.cases[0], 1), ("rewritten", office.cases[0], seq)}
    assert office.found() == {*of_case, ("erased-without-event", worker.id, 1)}


@pytest.mark.parametrize(
    ("forged", "column"),
    [
        ("data = data || jsonb_build_object('name', 'x')", "data.name"),
        ("outcome = 'refused'", "outcome"),
        ("status = 'cancelled'", "status"),
    ],
)
def test_forged_case_is_found(office: Office, forged: str, column: str) -> None:
    office.take()
    office.tamper(f"UPDATE cases SET {forged} WHERE id = :case", case=office.cases[0])
    (finding,) = office.verify().findings
    assert (finding.code, finding.values["table"], finding.values["column"]) == ("forged", "cases", column)


def test_break_of_a_chain_is_found_even_if_the_comparison_fails(office: Office) -> None:
    office.take()
    broken = "UPDATE events SET kind = 'x' WHERE case_id = :case AND seq = 1"
    office.tamper(broken, case=office.cases[0])
    office.tamper("UPDATE cases SET ended_at = 'infinity' WHERE id = :case", case=office.cases[1])
    codes = {(one.code, one.values.get("reason")) for one in office.verify().findings}
    assert codes == {("changed", None), ("not-compared", "DataError")}


def test_many_cases_are_compared_in_a_second_process(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees what the transaction of the verification sees."""
    office.take()
    monkeypatch.setattr(table_comparison, "MANY", 0)

    def verified(session: Session, _: object) -> Report:
        session.execute(text("SELECT 1"))  # the snapshot
        office.tamper("UPDATE cases SET outcome = 'refused'")
        return verification.verify(session)

    report = office.database.run(verified, "snapshot")
    assert (report.intact, report.compared) == (True, 4)
    report = office.verify()
    assert (report.counts, report.compared) == ({"forged": 4}, 4)


def test_forged_decision_is_found(office: Office) -> None:
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    form = factories.form(decision={"enum": ["granted", "refused"]}) | {"additionalProperties": True}
    outcomes = bpmn.declared(granted="grants", refused="refuses")
    diagram = bpmn.process(outcomes, *bpmn.in_line(task), key="d")
    factories.deploy(office.database, factories.files(diagram, f=form))
    portal, worker = (factories.an_actor(office.database, role) for role in ("portal", "caseworker"))
    case = factories.a_case(office.database, portal, "d")
    complete = partial(tasks.complete, task_id=case.tasks[0]["id"], data={"decision": "granted"})
    factories.as_actor(office.database, worker, complete)
    office.take()
    assert office.verify().intact
    office.tamper("UPDATE decisions SET outcome = 'refused'")
    (finding,) = office.verify().findings
    assert (finding.code, finding.values) == (
        "forged",
        {"case": case.number, "table": "decisions", "column": "outcome"},
    )


def test_access_record_erased_without_an_erasure_of_its_case_is_found(office: Office) -> None:
    office.take()
    office.tamper(
        "UPDATE access_log SET payload = NULL, salt = NULL WHERE case_id = :case", case=office.cases[1]
    )
    ((code, _, number),) = office.found()
    assert (code, number) == ("erased-without-event", 2)


def test_removed_access_records_are_found(office: Office) -> None:
    office.take()
    office.tamper("DELETE FROM access_log", "DELETE FROM access_heads")
    ((code, reader, number),) = office.found()
    worker = factories.an_actor(office.database, "caseworker")
    assert (code, reader, number) == ("removed", worker.id, 1)


def test_cut_administration_log_is_found(office: Office) -> None:
    made = office.take()
    assert made.statement.length > 0
    office.tamper(
        "DELETE FROM organisation_log WHERE seq = (SELECT max(seq) FROM organisation_log)",
        "UPDATE chain_heads SET length = length - 1, hash = coalesce((SELECT hash FROM organisation_log"
        " ORDER BY seq DESC LIMIT 1), decode(repeat('00', 32), 'hex'))",
    )
    assert ("cut", None, made.statement.length) in office.found()


def test_who_also_rewrites_the_list_of_heads_is_found_by_the_root(office: Office) -> None:
    """The most thorough: a case is removed, from the stored list of heads as well."""
    office.take()
    length = length_of(office, office.cases[2])
    leaves = "DELETE FROM checkpoint_leaves WHERE subject_id = :case"
    office.tamper(*REMOVE, leaves, case=office.cases[2])
    finding = office.verify().findings[0]
    assert (finding.code, finding.values) == ("root", {"chains": 1, "entries": length})


def test_files_of_leaves_name_what_was_also_removed_from_the_list(office: Office, tmp_path: Path) -> None:
    office.take()
    office.work()
    copy = office.take()
    with office.database.transaction() as session:
        for number in (1, 2):
            lines = leaves.lines(connection(session), number)
            (tmp_path / f"checkpoint-00000{number}.leaves").write_text(lines)
    cut = office.cases[1]
    length = length_of(office, cut)
    removed = "DELETE FROM checkpoint_leaves WHERE subject_id = :case"
    office.tamper(*REMOVE, removed, case=office.cases[2])
    office.tamper(CUT, HEAD, removed, case=cut)
    office.tamper(
        "UPDATE events SET kind = 'task.claimed' WHERE case_id = :case AND seq = 2", case=office.cases[0]
    )
    office.rechain(office.cases[0])
    office.tamper(removed, case=office.cases[0])
    assert {code for code, _, _ in office.found(copy)} == {"root"}
    outside = leaves.read(tmp_path, 2)

    def verify(given: leaves.Leaves) -> set[tuple[str, UUID | None]]:
        report = office.database.run(
            lambda session, _: verification.verify(session, copy, (), outside=given), "snapshot"
        )
        return {(one.code, one.id) for one in report.findings if one.code not in ("forged", "root")}

    assert length == outside["cases"][cut][0]
    assert verify(outside) == {
        ("removed", office.cases[2]),
        ("cut", cut),
        ("rewritten", office.cases[0]),
    }
    assert verify({"cases": {}, "readers": {}}) == {("leaves", None)}
    (tmp_path / "checkpoint-000001.leaves").unlink()
    with pytest.raises(statement.Unreadable):
        leaves.read(tmp_path, 2)


def test_who_also_rewrites_the_checkpoints_is_found_by_a_copy(office: Office) -> None:
    copy = office.take()
    office.tamper(CUT, HEAD, "DELETE FROM checkpoint_leaves", "DELETE FROM checkpoints", case=office.cases[1])
    forged = office.take()
    # Only who also has the private key can make it; unsigned, it is refused (below) where a key is given.
    assert {one.code for one in office.verify(forged).findings} == {"forged"}
    codes = {code for code, _, _ in office.found(copy)}
    assert codes == {"checkpoint-differs", "root"}


def test_checkpoints_removed_or_changed_in_the_database_are_found(office: Office) -> None:
    first, second, third = (office.take() for _ in range(3))
    changed = "UPDATE checkpoints SET body = replace(body, 'count', 'counts') WHERE number = 2"
    office.tamper(changed)
    assert office.found(first) == office.found(second) == {("checkpoint-altered", None, 2)}
    office.tamper("UPDATE checkpoints SET body = replace(body, 'counts', 'count') WHERE number = 2")
    assert office.verify().intact
    office.tamper("UPDATE checkpoints SET signatures = '[]' WHERE number = 2")
    assert office.found() == {("checkpoint-altered", None, 2)}
    office.tamper("DELETE FROM checkpoints WHERE number = 2")
    assert ("checkpoint-missing", None, 2) in office.found()
    office.tamper("DELETE FROM checkpoints WHERE number = 3")
    assert ("checkpoint-absent", None, 3) in office.found(third)
    assert office.verify(first).intact, "nothing shows that there were more"


def length_of(office: Office, case: UUID) -> int:
    return factories.count(office.database, Event, Event.case_id == case)


def test_unsigned_checkpoint_says_so_and_never_follows_a_signed_one(office: Office) -> None:
    made = office.database.run(checkpoints.take, "snapshot")
    assert made.statement.keys == ()
    report = office.verify()
    assert (report.intact, report.trusted) == (True, False)
    office.take()
    assert office.verify().trusted
    with pytest.raises(Unusable, match="signed with the key"):
        office.database.run(checkpoints.take, "snapshot")


def test_unsigned_checkpoint_is_refused_where_a_key_is_given(office: Office) -> None:
    made = office.database.run(checkpoints.take, "snapshot")

    def verify(given: Signed | None) -> Report:
        keys = (office.key.public,)
        verified = partial(verification.verify, given=given, keys=keys, signed=True)
        return office.database.run(lambda session, _: verified(session), "snapshot")

    assert {one.code for one in verify(None).findings} == {"unknown-key"}
    with pytest.raises(verification.Unusable) as refused:
        verify(made)
    assert (refused.value.code, refused.value.exit_code) == ("unsigned", 5)
    office.take()
    assert verify(None).intact


@pytest.mark.parametrize("all_of_them", [False, True])
def test_nothing_is_signed_on_top_of_a_planted_checkpoint(office: Office, all_of_them: bool) -> None:
    office.take()
    removed = ("DELETE FROM checkpoint_leaves", "DELETE FROM checkpoints") if all_of_them else ()
    office.tamper(*removed)
    office.database.run(partial(checkpoints.take, lost=True), "snapshot")
    with pytest.raises(checkpoints.Downgraded):
        office.take(signed=all_of_them)
    assert office.take(lost=True, signed=True).statement.keys == (office.key.public,)


@pytest.mark.parametrize(
    "altered",
    [
        "body = 'x'",
        "body = '[]'",
        "signatures = '7'",
        """body = replace(body, '"length":', '"length":"x","l":')""",
        """body = replace(body, 'Z"', '"')""",
    ],
)
def test_checkpoint_follows_one_that_was_altered_beyond_recognition(office: Office, altered: str) -> None:
    office.take()
    second = office.take()
    office.tamper(f"UPDATE checkpoints SET {altered} WHERE number = 2")
    with pytest.raises(Unusable):
        office.database.run(checkpoints.take, "snapshot")
    made = office.take(signed=True)
    assert (made.statement.number, made.statement.previous) == (3, second.hash.hex())
    assert office.found() == {("checkpoint-altered", None, 2)}


def test_verification_may_be_idle_while_the_tables_are_compared(office: Office) -> None:
    office.take()

    def verified(session: Session, _: object) -> Report:
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        return verification.verify(session, progress=lambda _: sleep(0.3))

    assert office.database.run(verified, "snapshot").intact


def test_new_key_is_vouched_for_by_the_old_one(office: Office, tmp_path: Path) -> None:
    old, new = office.key, signing.create(tmp_path / "new.key")
    office.take()
    with pytest.raises(Unusable, match="signed with the key"):
        office.take(new)
    office.take(old, new)
    office.take(old)  # by a worker that has not got the new file yet
    last = office.take(new)
    for trusted in (old, new):
        report = office.verify(last, (trusted.public,))
        assert (report.intact, report.trusted) == (True, True)


def test_key_that_nobody_vouches_for_is_found(office: Office, tmp_path: Path) -> None:
    office.take()
    thief = signing.create(tmp_path / "thief.key")
    made = office.take(thief, lost=True)
    assert ("key-changed", None, 2) in office.found()
    with pytest.raises(verification.Unusable) as refused:
        office.verify(made)
    assert (refused.value.code, refused.value.exit_code) == ("key", 5)
    assert office.verify(made, (thief.public,)).intact


def test_altered_checkpoint_is_refused_whichever_byte_it_is(office: Office) -> None:
    document = office.take().document()
    assert statement.parse(document).document() == document
    for place in range(0, len(document) - 1, 7):
        altered = bytearray(document)
        altered[place] ^= 1
        with pytest.raises((statement.Unreadable, verification.Unusable)) as refused:
            office.verify(statement.parse(bytes(altered)))
        assert getattr(refused.value, "exit_code", 4) == 4


def test_checkpoint_of_another_installation_is_refused(office: Office) -> None:
    made = office.take()
    office.tamper("UPDATE installation SET id = gen_random_uuid()")
    with pytest.raises(verification.Unusable) as refused:
        office.verify(made)
    assert (refused.value.code, refused.value.exit_code) == ("installation", 3)


def test_checkpoint_taken_while_commands_run_is_consistent(office: Office) -> None:
    """Each checkpoint must fit the logs at its end, whatever was being written when it was taken."""
    taken: list[Signed] = []

    def part(number: int) -> None:
        for _ in range(5):
            if number == 0:
                taken.append(office.take())
            else:
                office.work()
                office.read(office.cases[0])

    assert factories.at_once(4, part) == [None] * 4
    assert len({made.statement.cases.entries for made in taken}) > 1, "nothing was written meanwhile"
    for made in taken:
        assert office.verify(made).intact


def test_two_checkpoints_at_once_follow_each_other(office: Office) -> None:
    made = factories.at_once(4, lambda _: office.take())
    assert {one.statement.number for one in made if isinstance(one, Signed)} == {1, 2, 3, 4}
    assert office.verify().intact


def test_checkpoints_are_append_only(office: Office) -> None:
    office.take()
    for table in ("checkpoints", "checkpoint_leaves"):
        for refused in (f"DELETE FROM {table}", f"UPDATE {table} SET hash = ''", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(Exception, match="append-only"), office.database.transaction() as session:
                session.execute(text(refused))


def test_tree_is_that_of_rfc_6962() -> None:
    """The recursive definition of its section 2.1, for every number of leaves up to 33."""

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return hashlib.sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()

    for count in range(1, 34):
        tree, leaves = Tree(), []
        for number in range(count):
            given = (UUID(int=number), number, bytes([number]) * 32)
            tree.add(*given)
            leaves.append(leaf(*given))
        assert tree.root() == root(leaves)
    assert Tree().root() == hashlib.sha256(b"").digest()
