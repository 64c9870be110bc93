"""People are called by their names wherever pages show people, and not by their accounts."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import tasks
from engine.models import Case, User
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, Database
from engine.tasks import Question
from tests import factories
from tests.desks import Desks
from tests.web.applying import Applicant, apply_here, me, started
from tests.web.conftest import Browser
from tests.web.inbox import office

__all__ = ["apply_here", "me", "office"]  # fixtures

SessionOf = Callable[[Actor], Browser]
CALLED = {"sara": "سارا نمونه", "reza": "رضا آزمایشی", "mina": "مینا فرضی"}


@pytest.fixture
def task(office: Desks, database: Database) -> UUID:
    """A task that Mina has assigned to Reza, who requests an opinion of Sara; all three have names."""
    with database.transaction() as session:
        for user in session.scalars(select(User).where(User.name.in_(CALLED))):
            user.full_name_fa = CALLED[user.name]
    (found,) = office.some(1)
    office.do("mina", lambda uow: tasks.assign(uow, found, "reza"))
    office.do("reza", lambda uow: tasks.comment(uow, "?", task=found))
    office.do("reza", lambda uow: tasks.request_opinion(uow, found, Question("?", to="sara")))
    return found


def words(page: str) -> str:
    """The page without the marks that keep apart what is written in another direction."""
    return page.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize("language", ["fa", "en"])
def test_inbox_case_and_task_show_names(
    office: Desks, database: Database, session_of: SessionOf, task: UUID, language: str
) -> None:
    browser = session_of(office["mina"])
    with database.transaction() as session:
        case = session.scalars(select(Case.id)).one()
    shown = {
        f"/desk?scope=supervised&lang={language}": ("reza",),
        f"/desk/cases/{case}?lang={language}": ("reza", "mina", "sara"),
        f"/desk/tasks/{task}?lang={language}": ("reza", "sara"),
        f"/desk/tasks/{task}/assign?lang={language}": ("sara",),
    }
    for path, names in shown.items():
        page = words(browser.get(path).text)
        for name in names:
            assert CALLED[name] in page, path
            assert f"<bdi>{name}</bdi>" not in page, path
    told = {
        "fa": "مینا فرضی کار «.*» را به رضا آزمایشی",
        "en": "مینا فرضی assigned the task “.*” to رضا آزمایشی",
    }
    page = words(browser.get(f"/desk/cases/{case}?lang={language}").text)
    assert re.search(told[language], page)


def test_applicants_read_by_name_who_has_looked(
    me: Applicant, database: Database, actor: Callable[..., Actor]
) -> None:
    case = started(database, me)
    official = actor("caseworker", "official")
    with database.transaction() as session:
        session.get_one(User, official.id).full_name_en = "Sara <i>Ahmadi</i>"
    access_log.record(database, official, Opened("case", case))
    page = me.get(f"/my/cases/{case}/access")
    assert "<bdi>Sara &lt;i&gt;Ahmadi&lt;/i&gt;</bdi>" in page
    assert "official" not in page


@pytest.mark.parametrize(("language", "name"), [("fa", "سامانه"), ("en", "The system")])
def test_processes_show_who_published_them(
    database: Database, actor: Callable[..., Actor], session_of: SessionOf, language: str, name: str
) -> None:
    factories.deploy(database, factories.one_task())
    browser = session_of(actor("designer"))
    for path in ("/designer", "/designer/p"):
        assert f"<bdi>{name}</bdi>" in words(browser.get(f"{path}?lang={language}").text), path


def test_of_two_with_one_name_a_choice_tells_the_accounts(
    office: Desks, database: Database, session_of: SessionOf, task: UUID
) -> None:
    with database.transaction() as session:
        for user in session.scalars(select(User).where(User.name.in_(["sara", "mina"]))):
            user.full_name_fa = "سارا نمونه"
    page = session_of(office["mina"]).get(f"/desk/tasks/{task}/assign?lang=fa").text
    assert "سارا نمونه (mina)" in page
    assert "سارا نمونه (sara)" in page
