"""`erase` erases one ended case, or says why not and changes nothing; the next run finishes what is left."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from sqlalchemy import RowMapping, func, select, update

from engine import cases, documents, events, tasks
from engine.cases import erasure
from engine.cli import main
from engine.documents import Intake
from engine.models import Batch, Case, Document, ErasedFile, Event, IdempotencyKey
from engine.platform.db import Actor, Database
from engine.platform.errors import Conflict
from engine.platform.storage import Storage
from engine.portal import appeals
from tests import bpmn, factories, filed
from tests.erasing import CANARY, DIGITS, found_in
from tests.organisation import a_member

Command = Callable[..., int]
BASIS = ("--legal-basis", "Order 12 of the archive", "--yes")


@pytest.fixture
def erase(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, database: Database) -> Command:
    """`erase("--case", number)`: the command on this database; documents lie in the test's folder."""
    # Loggers keep the stream that they had at first: that of a test is closed afterwards.
    monkeypatch.setattr("engine.platform.storage.log", structlog.get_logger("storage"))

    def run(*arguments: object) -> int:
        monkeypatch.setenv("DATABASE_URL", database_url)
        monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path / "var"))
        monkeypatch.delenv("DOCUMENTS", raising=False)
        return main(["erase", *map(str, arguments)])

    return run


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "var" / "documents"))


@pytest.fixture
def case(database: Database, actor: Callable[..., Actor]) -> cases.CaseView:
    """An ended case with data."""
    factories.deploy(database, factories.one_task())
    return an_ended_case(database, actor)


def an_ended_case(database: Database, actor: Callable[..., Actor]) -> cases.CaseView:
    running = a_running_case(database, actor)
    factories.as_actor(
        database, actor("caseworker"), lambda uow: cases.cancel(uow, running.id, reason=CANARY)
    )
    return running


def a_running_case(database: Database, actor: Callable[..., Actor]) -> cases.CaseView:
    given = cases.Application(applicant=DIGITS, business_key="K-1")
    portal = actor("portal")
    return factories.as_actor(database, portal, lambda uow: cases.start(uow, "p", {"name": CANARY}, given))


def a_document(database: Database, actor: Actor, storage: Storage, case: UUID, content: bytes) -> None:
    received = Intake(storage, 1 << 20, ("pdf",), None).receive(BytesIO(content), "letter.pdf")
    factories.as_actor(database, actor, lambda uow: documents.add(uow, received, case=case))


def a_case_with_a_document(
    database: Database, actor: Callable[..., Actor], storage: Storage, content: bytes
) -> cases.CaseView:
    running = a_running_case(database, actor)
    a_document(database, actor("portal"), storage, running.id, content)
    factories.as_actor(database, actor("caseworker"), lambda uow: cases.cancel(uow, running.id))
    return running


def row(database: Database, case: UUID) -> Case:
    with database.transaction() as session:
        return session.scalars(select(Case).where(Case.id == case)).one()


def test_the_case_is_erased_and_the_log_says_why_and_by_whom(
    erase: Command, case: cases.CaseView, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase("--case", case.number, *BASIS) == 0
    assert found_in(database) == set()
    with database.transaction() as session:
        last = session.scalars(select(Event).order_by(Event.seq.desc()).limit(1)).one()
        assert events.verify(session) == []
    assert last.payload
    assert (last.kind, last.payload["legal_basis"]) == ("case.erased", "Order 12 of the archive")
    assert last.payload["operator"]
    printed = capsys.readouterr()
    assert case.number in printed.out
    assert DIGITS not in printed.out + printed.err


def test_a_case_is_named_by_its_id_or_its_number_in_any_digits(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    another = an_ended_case(database, actor)
    assert erase("--case", case.id, *BASIS) == 0
    assert erase("--case", another.number.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")), *BASIS) == 0
    assert row(database, another.id).erased_at is not None


def test_a_dry_run_counts_and_changes_nothing(
    erase: Command, case: cases.CaseView, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    before = found_in(database)
    assert erase("--case", case.number, "--dry-run") == 0
    assert "  events: " in capsys.readouterr().out
    assert found_in(database) == before
    assert row(database, case.id).erased_at is None


def test_a_second_call_says_when_and_on_what_basis(
    erase: Command, case: cases.CaseView, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase("--case", case.number, *BASIS) == 0
    length = row(database, case.id).log_length
    capsys.readouterr()
    assert erase("--case", case.number, "--legal-basis", "Another", "--yes") == 1
    told = capsys.readouterr().err
    assert f"The case {case.number} was erased on 2" in told
    assert "Order 12 of the archive" in told
    assert row(database, case.id).log_length == length


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--legal-basis", " ", "--yes"), "State the legal basis"),
        (("--yes",), "State the legal basis"),
        (("--legal-basis", "x" * 501, "--yes"), "1 to 500 printable"),
        (("--legal-basis", "a\x07b", "--yes"), "1 to 500 printable"),
        (("--legal-basis", f"asked by {DIGITS}", "--yes"), "name no person"),
        (("--legal-basis", "Order 12"), "Add --yes"),
        ((*BASIS, "--as", "caseworker"), "cases.erase"),
        ((*BASIS, "--as", "nobody"), "The account 'nobody' does not exist."),
        ((*BASIS, "--case", "1405-999999"), "does not exist"),
    ],
)
def test_what_is_refused_changes_nothing(
    erase: Command,
    case: cases.CaseView,
    database: Database,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    assert erase("--case", case.number, *arguments) == 1
    assert told in capsys.readouterr().err
    assert row(database, case.id).erased_at is None
    assert row(database, case.id).data == {"name": CANARY}


def test_nobody_erases_their_own_case(
    erase: Command, case: cases.CaseView, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    a_member(database, "chief", "root", "*", "administrator", person=DIGITS)
    assert erase("--case", case.number, *BASIS, "--as", "chief") == 1
    assert "concerns you" in capsys.readouterr().err
    assert row(database, case.id).erased_at is None


def test_a_running_case_is_not_erased(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    running = a_running_case(database, actor)
    assert erase("--case", running.number, *BASIS) == 1
    assert row(database, running.id).data == {"name": CANARY}
    administrator = actor("administrator")
    factories.as_actor(database, administrator, lambda uow: cases.suspend(uow, running.id))
    assert erase("--case", running.number, *BASIS) == 1
    assert row(database, running.id).erased_at is None


def test_a_case_is_not_erased_while_its_appeal_runs(
    erase: Command,
    case: cases.CaseView,
    database: Database,
    actor: Callable[..., Actor],
    capsys: pytest.CaptureFixture[str],
) -> None:
    appeal = a_running_case(database, actor)
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == appeal.id).values(appeal_of=case.id))
    assert erase("--case", case.number, *BASIS) == 1
    assert appeal.number in capsys.readouterr().err
    factories.as_actor(database, actor("caseworker"), lambda uow: cases.cancel(uow, appeal.id))
    assert erase("--case", case.number, *BASIS) == 0
    assert f"erased separately: {appeal.number}" in capsys.readouterr().out
    assert row(database, appeal.id).data == {"name": CANARY}


def test_a_case_is_not_erased_while_a_batch_works_on_its_tasks(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    caseworker, task = actor("caseworker"), case.tasks[0]["id"]
    given = {"remark": CANARY}
    batch = factories.as_actor(
        database, caseworker, lambda uow: tasks.start_bulk_job(uow, "release", [task], given)
    )
    assert erase("--case", case.number, *BASIS) == 1
    factories.as_actor(database, caseworker, lambda uow: tasks.run_bulk_job(uow, batch))
    assert erase("--case", case.number, *BASIS) == 0
    shown = factories.as_actor(database, caseworker, lambda uow: tasks.get_bulk_job(uow, batch))
    assert [refusal and refusal.detail for refusal in shown.outcomes] == ["The case was erased."]
    assert found_in(database) == set()


def test_files_that_an_interruption_has_left_are_deleted_by_the_next_run(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor], storage: Storage
) -> None:
    filed_case = a_case_with_a_document(database, actor, storage, filed.pdf(b"% one"))
    system = actor("administrator")  # as if the command had been killed right after its commit
    factories.as_actor(
        database, system, lambda uow: erasure.erase(uow, filed_case.number, "Order 12", "root")
    )
    assert len(list(storage.content())) == 1
    assert erase() == 0
    assert list(storage.content()) == []
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(ErasedFile)) == 0
    assert erase() == 0


@pytest.mark.usefixtures("case")
def test_storage_that_is_down_leaves_the_files_for_the_next_run(
    erase: Command,
    database: Database,
    actor: Callable[..., Actor],
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filed_case = a_case_with_a_document(database, actor, storage, filed.pdf(b"% one"))
    with monkeypatch.context() as down:
        down.setattr("engine.platform.storage.fsspec.filesystem", _unreachable)
        assert erase("--case", filed_case.number, *BASIS) == 1
    assert "1 files are still to be deleted" in capsys.readouterr().err
    assert row(database, filed_case.id).erased_at is not None
    assert erase("--case", filed_case.number, *BASIS) == 1  # erased before, but its files are deleted now
    assert list(storage.content()) == []


def _unreachable(_: str) -> None:
    raise OSError


def test_content_that_another_case_has_too_stays(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor], storage: Storage
) -> None:
    first, second = (
        a_case_with_a_document(database, actor, storage, filed.pdf(b"% the same")) for _ in range(2)
    )
    assert erase("--case", first.number, *BASIS) == 0
    assert len(list(storage.content())) == 1
    with database.transaction() as session:
        assert [document.case_id for document in session.scalars(select(Document))] == [second.id]
    assert erase("--case", second.number, *BASIS) == 0
    assert list(storage.content()) == []


def test_content_that_is_uploaded_again_meanwhile_is_not_deleted(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor], storage: Storage
) -> None:
    content = filed.pdf(b"% one")
    filed_case = a_case_with_a_document(database, actor, storage, content)
    system = actor("administrator")
    factories.as_actor(
        database, system, lambda uow: erasure.erase(uow, filed_case.number, "Order 12", "root")
    )
    Intake(storage, 1 << 20, ("pdf",), None).receive(BytesIO(content), "letter.pdf")  # its row comes next
    assert erase() == 1
    assert len(list(storage.content())) == 1
    running = a_running_case(database, actor)
    a_document(database, actor("portal"), storage, running.id, content)
    assert erase() == 0
    assert len(list(storage.content())) == 1


def test_a_case_is_not_erased_while_the_case_that_it_appeals_runs(
    erase: Command,
    case: cases.CaseView,
    database: Database,
    actor: Callable[..., Actor],
    capsys: pytest.CaptureFixture[str],
) -> None:
    appealed = a_running_case(database, actor)
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == case.id).values(appeal_of=appealed.id))
    assert erase("--case", case.number, *BASIS) == 1
    assert appealed.number in capsys.readouterr().err


def test_choices_of_forms_without_a_decision_may_be_personal_data(
    erase: Command, database: Database, actor: Callable[..., Actor]
) -> None:
    factories.deploy(
        database, factories.with_form(factories.form(faith={"type": "string", "enum": [CANARY]}))
    )
    case = an_ended_case(database, actor)
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == case.id).values(outcome=CANARY))
    assert erase("--case", case.number, *BASIS) == 0
    assert row(database, case.id).outcome is None


def test_an_outcome_stays_only_if_the_process_declares_it(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    drawn = [bpmn.node("startEvent", "s"), bpmn.node("endEvent", "e", parvandeh__outcome="licensed")]
    factories.deploy(database, factories.files(bpmn.process(*drawn, bpmn.flow("s", "e"), key="drawn")))
    plain = [bpmn.node("startEvent", "s"), bpmn.node("endEvent", "e"), bpmn.flow("s", "e")]
    factories.deploy(database, factories.files(bpmn.process(*plain, key="plain")))
    kept = factories.a_case(database, actor("portal"), "drawn")
    lost = factories.a_case(database, actor("portal"), "plain", {"outcome": CANARY})
    assert row(database, lost.id).outcome == CANARY
    for one in (kept, lost):
        assert erase("--case", one.number, *BASIS) == 0
    assert (row(database, kept.id).outcome, row(database, lost.id).outcome) == ("licensed", None)


def test_others_keep_what_is_theirs(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    another = an_ended_case(database, actor)
    portal = actor("portal")
    with database.transaction() as session:
        for key in (case, another):
            session.add(
                IdempotencyKey(
                    user_id=portal.id,
                    key=key.number,
                    request_digest=b"",
                    body=f'{{"id": "{key.id}"}}'.encode(),
                    created_at=key.started_at,
                )
            )
    assert erase("--case", case.number, *BASIS) == 0
    assert row(database, another.id).data == {"name": CANARY}
    with database.transaction() as session:
        assert list(session.scalars(select(IdempotencyKey.key))) == [another.number]
        of_another = select(func.count()).where(Event.case_id == another.id, Event.payload.is_not(None))
        assert session.scalar(of_another) == 2


def test_an_appeal_of_an_erased_case_is_not_told_to_it(
    erase: Command, case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    assert erase("--case", case.number, *BASIS) == 0
    length = row(database, case.id).log_length
    with pytest.raises(Conflict, match="erased"):
        factories.as_actor(database, actor("caseworker"), lambda uow: appeals.file(uow, case.id, {}))
    assert row(database, case.id).log_length == length
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0


def test_what_is_added_at_the_same_moment_is_erased_or_refused(
    case: cases.CaseView, database: Database, actor: Callable[..., Actor]
) -> None:
    caseworker, administrator = actor("caseworker"), actor("administrator")

    def attempt(number: int) -> object:
        if number == 0:
            return factories.as_actor(
                database, administrator, lambda uow: erasure.erase(uow, case.number, "Order 12", "root")
            )
        return factories.as_actor(database, caseworker, lambda uow: tasks.comment(uow, CANARY, case=case.id))

    first, *others = factories.at_once(4, attempt)
    assert isinstance(first, erasure.Erased)
    assert {type(one) for one in others} <= {Conflict, RowMapping}
    assert found_in(database) == set()
    with database.transaction() as session:
        assert events.verify(session) == []
