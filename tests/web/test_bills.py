"""Bills on pages: what the applicant has to pay until when, and what the office sees of it."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import cases
from engine.cases import messages
from engine.models import Incident
from engine.platform.db import Actor, Database
from tests import factories
from tests.web.applying import ME, Applicant, apply_here, me
from tests.web.conftest import Browser, statements

__all__ = ["apply_here", "me"]  # fixtures

FEE = {"fee_rials": 5_000_000, "fee_reference": "هزینهٔ <b>پروانه</b> | <b>Licence</b> fee"}
LINK = "https://pay.example/bills/B-1"


@pytest.fixture
def case(me: Applicant, database: Database, actor: Callable[..., Actor]) -> UUID:
    """A case of the applicant's that awaits the payment of a bill."""
    factories.deploy_shipped(database, "collect-fee")
    whose = cases.Application(applicant=ME)
    made = factories.as_actor(
        database, actor("portal"), lambda uow: cases.start(uow, "collect-fee", FEE, whose)
    )
    reply = {"bill": "B-1", "amount_rials": 5_000_000, "due_on": "2100-01-06", "pay_at": LINK}
    factories.answer_calls(database, issue_bill=reply)
    return made.id


def pay(database: Database, actor: Callable[..., Actor], amount: int = 5_000_000) -> None:
    data = {"amount_rials": amount, "currency": "IRR"}
    factories.as_actor(
        database,
        actor("service"),
        lambda uow: messages.send(uow, "payment.confirmed", {"bill": "B-1"}, data),
    )


def plain(page: str) -> str:
    """A page without the marks that isolate directions."""
    return re.sub("[\u2068\u2069]", "", page)


@pytest.mark.parametrize("path", ["/my", "/my/cases/{case}"])
def test_the_applicant_reads_what_to_pay_and_where(
    me: Applicant, case: UUID, database: Database, path: str
) -> None:
    with statements(database) as told:
        page = plain(me.get(path.format(case=case)))
    assert len([text for text in told if not re.match("BEGIN|COMMIT|SET", text)]) <= 12
    assert "Pay 5,000,000 rials by 6 January 2100." in page
    assert f'href="{LINK}"' in page
    assert "&lt;b&gt;Licence&lt;/b&gt; fee" in page
    persian = plain(me.browser.get(f"{path.format(case=case)}?lang=fa").text)
    assert "۵٬۰۰۰٬۰۰۰ ریال را تا ۱۷ دی ۱۴۷۸ بپردازید." in persian


def test_a_paid_bill_says_so(
    me: Applicant, case: UUID, database: Database, actor: Callable[..., Actor]
) -> None:
    pay(database, actor)
    page = plain(me.get(f"/my/cases/{case}"))
    assert re.search(r"5,000,000 rials paid on \d+ \w+ \d{4}\.", page)
    assert LINK not in page
    assert "Pay 5,000,000" not in me.get("/my")


def test_a_withdrawn_case_has_nothing_to_pay_and_a_late_payment_is_shown(
    me: Applicant, case: UUID, database: Database, actor: Callable[..., Actor]
) -> None:
    factories.as_actor(database, me.actor, lambda uow: cases.withdraw(uow, case))
    pay(database, actor)
    page = plain(me.get(f"/my/cases/{case}"))
    assert "was cancelled. You don’t have to pay it." in page
    assert "A payment of 5,000,000 rials was received on" in page
    assert LINK not in page


def test_the_office_sees_the_bill_and_not_where_to_pay(
    me: Applicant,
    case: UUID,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
) -> None:
    page = plain(session_of(actor("caseworker")).get(f"/desk/cases/{case}?lang=en").text)
    assert "B-1" in page
    assert "5,000,000 rials" in page
    assert "6 January 2100" in page
    assert "pay.example" not in page


def test_a_wrong_payment_is_a_notice_that_an_administrator_closes(
    me: Applicant,
    case: UUID,
    database: Database,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
) -> None:
    with pytest.raises(Exception, match="4000000 IRR"):
        pay(database, actor, 4_000_000)
    with database.transaction() as session:
        (incident,) = session.scalars(select(Incident.id))
    path = f"/administration/incidents/{incident}"
    browser = session_of(actor("administrator"))
    page = browser.get(f"{path}?lang=en").text
    assert "5000000 IRR; 4000000 IRR were paid" in page
    assert "/skip" not in page
    closed = browser.post(f"{path}/retry", {"token": browser.token(path)})
    assert closed.status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(Incident.status)).all() == ["resolved"]
