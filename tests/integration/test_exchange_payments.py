"""The mock hub's payment service announces payments to an installation, until that answers."""

import socket
import threading
import urllib.error
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from api.command import DATABASE
from demo.hub import payments
from engine.identity import accounts
from engine.models import Case, Event
from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from tests import bpmn, exchanging, factories
from tests.exchanging import BILL, Playing, a_bill
from web.application import create

AWAIT = bpmn.node(
    "intermediateCatchEvent",
    "paid",
    '<bpmn:messageEventDefinition messageRef="m"/>',
    parvandeh__correlation="{'bill': bill}",
    parvandeh__result="payment",
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Playing]:
    with exchanging.playing(tmp_path) as hub:
        yield hub


@dataclass
class Installation:
    """The API on a port, as the hub sees it. `losing` so many answers never reach the caller."""

    app: Any
    database: Database
    token: str
    port: int = 0
    losing: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The application, seen through a bad line."""
        answer: Iterable[bytes] = self.app(environ, start_response)
        if self.losing:
            self.losing -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
        return answer

    @property
    def pay(self) -> dict[str, str]:
        """What the hub needs to announce a payment here."""
        return {"post_to": f"http://127.0.0.1:{self.port}/api/v1/messages", "token": self.token}


@pytest.fixture
def installation(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """One on which the process `p` waits for the payment of the `bill` that a case begins with."""
    monkeypatch.setattr(payments, "PAUSES", (0.0, 0.0))
    process = bpmn.process_element(*bpmn.in_line(AWAIT))
    factories.deploy(
        database, {"p.bpmn": bpmn.definitions('<bpmn:message id="m" name="payment.confirmed"/>', process)}
    )
    app = create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nowhere/none"}))
    app.extensions[DATABASE].dispose()
    app.extensions[DATABASE] = database
    with database.transaction() as session:
        token = accounts.create_token(session, datetime.now(UTC), name="payments", role="service")
    made = Installation(app, database, token)
    server = make_server("127.0.0.1", 0, made, threaded=True)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def bill(hub: Playing, installation: Installation, actor: Callable[..., Actor]) -> str:
    """One for whose payment a case waits."""
    number = a_bill(hub)
    factories.a_case(installation.database, actor("portal"), data={"bill": number})
    return number


def received(installation: Installation) -> int:
    """How many messages cases have received."""
    with installation.database.transaction() as session:
        found = select(Event.seq).where(Event.kind == "message.received")
        return len(session.scalars(found).all())


def pay(hub: Playing, bill: str, **asked: Any) -> dict[str, Any]:
    """Pay it; what the hub answers."""
    paid: dict[str, Any] = hub.call("POST", f"/payments/bills/{bill}/pay", asked or {"by": "card"})
    return paid


def test_a_bill_is_paid_without_anybody_being_told(hub: Playing) -> None:
    bill = a_bill(hub)
    assert pay(hub, bill) == {**BILL, "bill": bill, "currency": "IRR", "status": "paid", "posted": None}


def test_a_payment_reaches_the_case_that_waits_for_it(
    hub: Playing, installation: Installation, bill: str
) -> None:
    assert pay(hub, bill, **installation.pay)["posted"] == 200
    with installation.database.transaction() as session:
        (case,) = session.scalars(select(Case)).all()
        assert (case.status, case.data["payment"]) == ("completed", {**BILL, "bill": bill, "currency": "IRR"})


def test_a_payment_is_announced_again_as_the_same_message_until_it_is_answered(
    hub: Playing, installation: Installation, bill: str
) -> None:
    installation.losing = 2
    assert pay(hub, bill, **installation.pay)["posted"] == 200  # another message would only be stored: 202
    assert received(installation) == 1


def test_a_bill_that_is_paid_twice_is_announced_as_the_same_message(
    hub: Playing, installation: Installation, bill: str
) -> None:
    assert [pay(hub, bill, **installation.pay)["posted"] for _ in range(2)] == [200, 200]
    assert received(installation) == 1


def test_a_payment_for_which_nobody_waits_yet_is_kept(hub: Playing, installation: Installation) -> None:
    assert pay(hub, a_bill(hub), **installation.pay)["posted"] == 202


def test_a_refusal_is_an_answer(hub: Playing, installation: Installation) -> None:
    assert pay(hub, a_bill(hub), **{**installation.pay, "token": "wrong"})["posted"] == 401


def test_an_installation_that_never_answers_is_given_up(hub: Playing, installation: Installation) -> None:
    installation.losing = 3
    assert pay(hub, a_bill(hub), **installation.pay)["posted"] is None


def test_it_speaks_to_this_machine_only(hub: Playing) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        pay(hub, a_bill(hub), post_to="http://elsewhere.example/")
    caught.value.close()
    assert caught.value.code == 400
