"""The pages of a case whose personal data were erased: it is there, says so, and has nothing to add to."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.cases import erasure
from engine.models import Task
from engine.platform.db import Actor, Database
from tests.web.conftest import Browser
from tests.web.desk import Office, an_office


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    """Its case was asked about, talked about, cancelled and erased."""
    made = an_office(database, actor, session_of)
    task = made["sara"].claimed()
    made.do("sara", tasks.request_opinion, task, tasks.Question("پروین کیست؟", to="reza"))
    made.do("sara", tasks.comment, "پروین آمد", case=made.case)
    made.do("mina", cases.cancel, made.case, reason="پروین رفت")
    made.actors["administrator"] = actor("administrator")
    made.do("administrator", erasure.erase, str(made.case), "Order 12", "root")
    return made


@pytest.mark.parametrize(("lang", "words"), [("en", "was erased"), ("fa", "پاک شده است")])
def test_the_case_says_that_it_was_erased_and_offers_nothing(office: Office, lang: str, words: str) -> None:
    page = office["mina"].see(f"/cases/{office.case}", lang)
    assert page.status_code == 200
    assert words in page.text
    assert "Order 12" in page.text
    assert "پروین" not in page.text
    assert f"/desk/cases/{office.case}/secret" not in page.text
    assert 'name="comment"' not in page.text


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_all_other_pages_of_it_can_be_read(office: Office, lang: str) -> None:
    with office.database.transaction() as session:
        found = session.scalars(select(Task.id).where(Task.case_id == office.case)).all()
    assert len(found) > 1
    case = f"/cases/{office.case}"
    pages = ["/cases", f"{case}/log", f"{case}/diagram", *(f"/tasks/{task}" for task in found)]
    for path in pages:
        page = office["mina"].see(path, lang)
        assert (page.status_code, "پروین" in page.text) == (200, False), path
    assert {"en": ">erased<", "fa": ">پاک‌شده<"}[lang] in office["mina"].see("/cases", lang).text


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "Nothing can be added to the case."), ("fa", "نمی‌توان چیزی به آن افزود")]
)
def test_what_is_typed_nevertheless_is_refused_in_words(office: Office, lang: str, words: str) -> None:
    page = office["sara"].send(f"/cases/{office.case}/comments?lang={lang}", comment="پروین باز آمد")
    assert page.status_code == 409
    assert words in page.text
