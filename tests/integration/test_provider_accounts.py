"""Which accounts a provider opens, with which level; an upgrade waits for officials who are linked there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import select, text

from engine.access import Assurance
from engine.cli import main
from engine.identity import accounts, login, sessions
from engine.identity.oidc import Opens, Person
from engine.identity.oidc.provider import Unknown
from engine.identity.sessions import Lasting, Proof
from engine.models import BrowserSession, Identity, OrganisationRecord, Role, User
from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from engine.platform.errors import AssuranceTooLow, Conflict, NotRecognised, Unusable
from tests import factories, installed
from web import application

ISSUER = "https://citizens.example.org"
NATIONAL, OTHER = "0012345679", "0499370899"
LASTING = Lasting(timedelta(minutes=30), timedelta(hours=12))
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command line on the test's database: exit code, output, errors."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path))

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


def providers(tmp_path: Path, *lines: str, office: bool = False) -> None:
    """The file of providers: one of citizens with these lines, perhaps one of the office."""
    citizens = f'[citizens]\nissuer = "{ISSUER}"\nclient = "c"\nunknown = "applicant"\n'
    other = '[office]\nissuer = "https://office.example.org"\nclient = "c"\n' if office else ""
    (tmp_path / "oidc.toml").write_text(citizens + "".join(f"{line}\n" for line in lines) + other)


def someone(
    opens: Opens = "applicants",
    acr: Assurance = "low",
    *,
    person: str | None = NATIONAL,
    subject: str = "s",
    unknown: Unknown = "applicant",
    staff: Assurance = "low",
) -> Person:
    """Whom the provider confirms."""
    return Person(*(ISSUER, subject, person, acr, None, unknown, "citizens"), opens=opens, staff_level=staff)


def enter(database: Database, person: Person) -> Actor:
    return database.run(lambda session, now: login.account_of_person(session, now, person))


def an_account(
    database: Database,
    name: str,
    role: Role,
    person: str | None = NATIONAL,
    *,
    issuer: str = "",
    subject: str = "s",
) -> None:
    with database.transaction() as session:
        user = accounts.find_or_create(session, datetime.now(UTC), name, role, person=person)
        if issuer:
            login.link(session, datetime.now(UTC), user.id, issuer=issuer, subject=subject)


def kinds(database: Database) -> list[str]:
    with database.transaction() as session:
        return [*session.scalars(select(OrganisationRecord.kind).order_by(OrganisationRecord.seq))]


def owner(database: Database, subject: str = "s") -> str:
    with database.transaction() as session:
        linked = select(User.name).join(Identity, Identity.user_id == User.id)
        return session.scalars(linked.where(Identity.subject == subject)).one()


def test_an_official_becomes_an_applicant_at_a_provider_of_citizens(database: Database) -> None:
    an_account(database, "official", "caseworker")
    first, again = enter(database, someone()), enter(database, someone())
    assert (first.role, first.id) == ("applicant", again.id)
    with database.transaction() as session:
        pair = session.execute(select(User.role, User.person).order_by(User.role)).all()
    assert [tuple(one) for one in pair] == [("applicant", NATIONAL), ("caseworker", NATIONAL)]


@pytest.mark.parametrize(
    ("opens", "name"), [("staff", "official"), ("both", "official"), ("applicants", "citizen")]
)
def test_of_two_accounts_the_provider_opens_one_of_its_kind(
    database: Database, opens: Opens, name: str
) -> None:
    an_account(database, "official", "caseworker")
    an_account(database, "citizen", "applicant")
    assert enter(database, someone(opens, unknown="refuse")).name == name


def test_a_provider_of_staff_opens_no_applicants_account(database: Database) -> None:
    an_account(database, "citizen", "applicant", issuer=ISSUER)
    an_account(database, "another", "applicant", OTHER)
    for person, subject in ((NATIONAL, "s"), (OTHER, "t")):
        with pytest.raises(NotRecognised):
            enter(database, someone("staff", unknown="refuse", person=person, subject=subject))


def test_staff_need_the_level_that_the_provider_says(database: Database) -> None:
    an_account(database, "official", "caseworker", issuer=ISSUER)
    an_account(database, "unlinked", "manager", OTHER)
    for person in (
        someone("both", staff="substantial"),
        someone("both", "substantial", staff="high"),
        someone("both", staff="high", person=OTHER, subject="t"),
    ):
        with pytest.raises(AssuranceTooLow) as refusal:
            enter(database, person)
        assert refusal.value.needed == person.staff_level
    assert enter(database, someone("both", "high", staff="substantial")).name == "official"
    a_third = "0084575948"
    an_account(database, "citizen", "applicant", a_third, issuer=ISSUER, subject="u")
    assert enter(database, someone("both", staff="high", person=a_third, subject="u")).name == "citizen"


def test_a_machine_is_opened_wherever_it_was_linked(database: Database) -> None:
    an_account(database, "portal", "portal", None, issuer=ISSUER)
    for opens in get_args(Opens):
        person = someone(opens, person=None, unknown="refuse", staff="high")
        assert enter(database, person).name == "portal"


def test_a_linked_official_logs_in_as_an_applicant_once_the_provider_opens_no_work(
    database: Database,
) -> None:
    an_account(database, "official", "caseworker", issuer=ISSUER)
    with database.transaction() as session:
        official = session.scalars(select(User.id)).one()
        for provider in ("citizens", None):
            sessions.open_one(
                session, datetime.now(UTC), official, Proof("Firefox", provider=provider), LASTING
            )
    found = enter(database, someone(person=None))  # the provider has no national id: the official's counts
    assert found.role == "applicant"
    assert owner(database) == found.name != "official"
    with database.transaction() as session:
        assert session.get_one(User, found.id).person == NATIONAL
        ended = select(BrowserSession.provider).where(BrowserSession.revoked_at.is_not(None))
        assert session.scalars(ended).all() == ["citizens"]
    assert kinds(database)[-1] == "identity.unlinked"
    assert enter(database, someone(person=None)).id == found.id


def test_a_linked_official_of_whom_nobody_knows_who_it_is_gets_no_second_account(database: Database) -> None:
    an_account(database, "official", "caseworker", None, issuer=ISSUER)
    with pytest.raises(NotRecognised):
        enter(database, someone(person=None))
    assert owner(database) == "official"


def test_a_linked_official_stays_linked_where_nobody_becomes_an_applicant(database: Database) -> None:
    an_account(database, "official", "caseworker", issuer=ISSUER)
    with pytest.raises(NotRecognised):
        enter(database, someone(unknown="refuse"))
    assert owner(database) == "official"
    an_account(database, "citizen", "applicant")
    assert enter(database, someone(unknown="refuse")).name == "citizen"


def test_officials_who_come_twice_at_once_get_one_applicants_account(database: Database) -> None:
    an_account(database, "official", "caseworker", issuer=ISSUER)
    found = factories.at_once(6, lambda _: enter(database, someone()))
    assert len({actor.id for actor in found if not isinstance(actor, Exception)}) == 1
    with database.transaction() as session:
        assert len(session.scalars(select(User.id)).all()) == 2


def test_a_person_still_has_one_account_of_each_kind(database: Database) -> None:
    an_account(database, "official", "caseworker", issuer=ISSUER, subject="work")
    assert enter(database, someone(subject="private")).role == "applicant"
    with pytest.raises(Conflict):
        enter(database, someone(subject="third"))
    with pytest.raises(Conflict):  # where the provider opens both, the official has an account there
        enter(database, someone("both", subject="third"))


# At the command line


def test_an_upgrade_names_the_officials_whom_it_would_lock_out(
    command: Command, database: Database, tmp_path: Path
) -> None:
    known: dict[str, Role] = {"mina": "caseworker", "ali": "manager", "citizen": "applicant", "hub": "portal"}
    for name, role in known.items():
        an_account(database, name, role, None, issuer=ISSUER, subject=name)
    an_account(database, "closed", "caseworker", None, issuer=ISSUER, subject="closed")
    database.run(lambda session, now: login.deactivate(session, now, "closed"))
    an_account(database, "both", "caseworker", None, issuer=ISSUER, subject="both")
    with database.transaction() as session:
        user = session.scalars(select(User.id).where(User.name == "both")).one()
        login.link(session, datetime.now(UTC), user, issuer="https://office.example.org", subject="both")
    providers(tmp_path, office=True)
    for arguments in (("migrate",), ("migrate", "--check")):
        code, _, errors = command(*arguments)
        assert (code, "  citizens: ali, mina\n" in errors) == (1, True)
        assert 'opens = "both"' in errors
        assert "Traceback" not in errors
    for opens in ("both", "applicants"):
        providers(tmp_path, f'opens = "{opens}"', office=True)
        assert command("migrate")[0] == 0
        assert command("migrate", "--check")[0] == 0


def test_an_upgrade_that_waits_has_changed_nothing(
    command: Command, database: Database, tmp_path: Path
) -> None:
    an_account(database, "mina", "caseworker", None, issuer=ISSUER)
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0063'"))
    providers(tmp_path)
    assert command("migrate")[0] == 1
    with database.transaction() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "0063"


def test_without_officials_there_nothing_waits(command: Command, database: Database, tmp_path: Path) -> None:
    an_account(database, "citizen", "applicant", issuer=ISSUER)
    providers(tmp_path)
    assert command("migrate")[0] == 0


def test_the_server_does_not_start_before_it_is_decided(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = Settings.read({"DATABASE_URL": database_url, "PARVANDEH_VAR": str(tmp_path)})
    providers(tmp_path)
    application.prepare(installed.application(settings, database), settings)
    an_account(database, "mina", "caseworker", None, issuer=ISSUER)
    with pytest.raises(Unusable, match="citizens: mina"):
        application.prepare(installed.application(settings, database), settings)


def test_a_link_that_the_provider_would_not_open_is_refused(
    command: Command, database: Database, tmp_path: Path
) -> None:
    an_account(database, "mina", "caseworker")
    an_account(database, "hub", "portal", None)
    providers(tmp_path)
    code, _, errors = command("account", "link", "mina", ISSUER, "s")
    assert (code, "opens accounts of applicants only" in errors) == (1, True)
    assert command("account", "link", "hub", ISSUER, "hub")[0] == 0
    assert command("account", "link", "mina", "https://unknown.example.org", "s")[0] == 0
    providers(tmp_path, 'opens = "both"')
    assert command("account", "link", "mina", ISSUER, "s")[0] == 0


def test_a_link_is_removed_and_the_login_free_for_another_account(
    command: Command, database: Database
) -> None:
    an_account(database, "machine-made", "applicant", None, issuer=ISSUER, subject="my-portal")
    an_account(database, "my-portal", "portal", None)
    with database.transaction() as session:
        user = session.scalars(select(User.id).where(User.name == "machine-made")).one()
        sessions.open_one(session, datetime.now(UTC), user, Proof("Firefox"), LASTING)
    assert command("account", "link", "my-portal", ISSUER, "my-portal")[0] == 1
    for wrong in (("my-portal", ISSUER, "my-portal"), ("machine-made", ISSUER, "x"), ("nobody", ISSUER, "x")):
        code, _, errors = command("account", "unlink", *wrong)
        assert (code, "Traceback" in errors) == (1, False)
    assert owner(database, "my-portal") == "machine-made"
    assert command("account", "unlink", "machine-made", ISSUER, "my-portal")[0] == 0
    assert command("account", "link", "my-portal", ISSUER, "my-portal")[0] == 0
    assert kinds(database)[-2:] == ["identity.unlinked", "identity.linked"]
    with database.transaction() as session:
        assert session.scalars(select(BrowserSession.revoked_at)).one() is not None
