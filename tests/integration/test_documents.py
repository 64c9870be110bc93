"""Documents in a real database: together with others, undone, and from the command line."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from engine import cases, documents, events
from engine.cli import main
from engine.documents import DocumentView, Finding, Intake
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.platform.storage import Storage
from tests import factories, filed
from tests.conftest import conninfo

Command = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the documents lie."""
    return tmp_path / "documents"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Command:
    """`command(url, "documents", "check")`: the command line on that database; `at` is another folder."""

    def run(url: str, *arguments: object, at: Path = folder) -> int:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path / "var"))
        monkeypatch.setenv("DOCUMENTS", str(at))
        return main([str(argument) for argument in arguments])

    return run


@pytest.fixture
def added(database: Database, actor: Callable[..., Actor], folder: Path) -> DocumentView:
    """A document of two versions, in a case."""
    factories.deploy(database, factories.one_task())
    portal = actor("portal")
    case = factories.a_case(database, portal).id
    intake = Intake.of(Settings.read({"DOCUMENTS": str(folder)}))
    first = intake.receive(BytesIO(filed.pdf()), "a.pdf")
    second = intake.receive(BytesIO(filed.png()), "b.png")
    made = factories.as_actor(database, portal, lambda uow: documents.add(uow, first, case=case))
    return factories.as_actor(
        database, portal, lambda uow: documents.add(uow, second, case=case, replaces=made.id)
    )


def files(folder: Path) -> dict[str, bytes]:
    return {path.parent.name + path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_versions_that_come_at_once_are_numbered_one_after_the_other(
    added: DocumentView, database: Database, actor: Callable[..., Actor], folder: Path
) -> None:
    received = Intake.of(Settings.read({"DOCUMENTS": str(folder)})).receive(BytesIO(filed.jpeg()), "c.jpg")
    portal = actor("portal")

    def add(uow: UnitOfWork) -> DocumentView:
        return documents.add(uow, received, case=added.case_id, replaces=added.id)

    made = factories.at_once(4, lambda _: factories.as_actor(database, portal, add))
    assert not [item for item in made if isinstance(item, Exception)]
    view = factories.as_actor(database, portal, lambda uow: documents.get(uow, added.id))
    assert [row["version"] for row in view.versions] == [6, 5, 4, 3, 2, 1]
    assert database.run(lambda session, _: events.verify(session)) == []


def test_upload_that_is_undone_leaves_an_orphan_and_no_row(
    added: DocumentView, database: Database, actor: Callable[..., Actor], folder: Path
) -> None:
    portal, intake = actor("portal"), Intake.of(Settings.read({"DOCUMENTS": str(folder)}))
    received = intake.receive(BytesIO(filed.jpeg()), "c.jpg")
    factories.as_actor(database, portal, lambda uow: cases.cancel(uow, added.case_id))
    with pytest.raises(Conflict):
        factories.as_actor(database, portal, lambda uow: documents.add(uow, received, case=added.case_id))
    assert len(factories.as_actor(database, portal, lambda uow: documents.page(uow, added.case_id))) == 1
    found = database.run(lambda session, _: list(documents.check(session, intake.storage)))
    assert found == [Finding("orphan", received.sha256.hex())]


@pytest.mark.usefixtures("added")
def test_whole_storage_is_told_to_be(
    command: Command, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(database_url, "documents", "check") == 0
    assert capsys.readouterr().out == "All documents are present and unchanged.\n"


def test_missing_altered_and_orphaned_files_are_named(
    added: DocumentView, command: Command, database_url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second, first = (row["sha256"].hex() for row in added.versions)
    (folder / first[:2] / first[2:]).unlink()
    (folder / second[:2] / second[2:]).write_bytes(b"forged")
    Storage(str(folder)).put("0" * 64, BytesIO(b"orphan"))
    (folder / "aa").mkdir(exist_ok=True)
    (folder / "aa" / "left.part").write_bytes(b"")
    assert command(database_url, "documents", "check") == 1
    told = capsys.readouterr().out.splitlines()
    assert {f"missing: {first}", f"altered: {second}"} <= set(told)
    assert {f"orphan: {'0' * 64}", "orphan: aa/left.part"} <= set(told)
    assert "2 documents are missing or altered." in told


@pytest.mark.usefixtures("added")
def test_orphans_alone_are_no_fault(command: Command, database_url: str, folder: Path) -> None:
    Storage(str(folder)).put("0" * 64, BytesIO(b"orphan"))
    assert command(database_url, "documents", "check") == 0


@pytest.mark.usefixtures("added")
def test_restored_copy_has_its_documents(
    command: Command, database_url: str, empty_database_url: str, folder: Path, tmp_path: Path
) -> None:
    backup, copy = tmp_path / "backup", tmp_path / "copy"
    assert command(database_url, "backup", backup) == 0
    beside = tmp_path / "backup.documents"
    assert beside.stat().st_mode & 0o777 == 0o600
    assert command(empty_database_url, "restore", backup, at=copy) == 0
    assert files(copy) == files(folder)
    assert command(empty_database_url, "documents", "check", at=copy) == 0
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.usefixtures("added")
def test_backup_overwrites_no_documents(command: Command, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "backup.documents").write_bytes(b"others")
    assert command(database_url, "backup", tmp_path / "backup") == 1
    assert (tmp_path / "backup.documents").read_bytes() == b"others"
    assert not (tmp_path / "backup").exists()


@pytest.mark.usefixtures("added")
def test_altered_document_is_told_and_keeps_nothing_else_from_being_backed_up(
    command: Command,
    database_url: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    next(path for path in folder.rglob("*") if path.is_file()).write_bytes(b"forged")
    assert command(database_url, "backup", tmp_path / "backup") == 1
    assert "1 documents were altered" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("backup*")} == {"backup", "backup.documents"}


@pytest.mark.usefixtures("added")
def test_restore_without_its_documents_tells_which_are_missing(
    command: Command,
    database_url: str,
    empty_database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    backup = tmp_path / "backup"
    assert command(database_url, "backup", backup) == 0
    (tmp_path / "backup.documents").unlink()
    assert command(empty_database_url, "restore", backup, at=tmp_path / "copy") == 1
    assert "2 documents are not in" in capsys.readouterr().out


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize(
    "spoil", [lambda content: content[:600], lambda content: content.replace(b"%PDF", b"%FDP")]
)
def test_documents_that_were_spoilt_are_not_restored(
    command: Command,
    database_url: str,
    empty_database_url: str,
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    backup, beside = tmp_path / "backup", tmp_path / "backup.documents"
    assert command(database_url, "backup", backup) == 0
    beside.write_bytes(spoil(beside.read_bytes()))
    assert command(empty_database_url, "restore", backup, at=tmp_path / "copy") == 1
    assert "backup.documents" in capsys.readouterr().err
    with psycopg.connect(conninfo(empty_database_url)) as sql:
        assert sql.execute("SELECT FROM pg_class WHERE relname = 'cases'").rowcount == 0
