"""The mock hub: what it plays, what it remembers, and how it starts and stops."""

import signal
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import hub as command
from demo.__main__ import main
from demo.hub.agencies import BEHAVIOURS_BY_ID, CO_OWNER
from demo.hub.ledger import BEHAVIOURS
from engine.connectors import Connectors, send
from engine.platform.config import ROOT
from tests import exchanging
from tests.exchanging import BILL, PERSON, Playing, a_bill, a_request, ask, failure

DEED = {"national_id": PERSON}
OWNER = {"national_id": PERSON, "name": "مالک نخست"}
OTHER = {"national_id": CO_OWNER, "name": "مالک دوم"}
HEALTHY = {"health_card_valid": True, "hygiene_training_passed": True}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Playing]:
    with exchanging.playing(tmp_path) as hub:
        yield hub


@pytest.mark.parametrize(
    ("connector", "body", "answer"),
    [
        ("civil-registry", {"national_id": PERSON}, {"result": "match"}),
        ("civil-registry", {"national_id": "0000004091"}, {"result": "mismatch"}),
        ("tax-clearance", {"national_id": PERSON}, {"clear": True, "debt_rials": 0}),
        ("tax-clearance", {"national_id": "0000004091"}, {"clear": False, "debt_rials": 12_500_000}),
        ("zoning", {"postal_code": "1345678901"}, {"land_use": "residential"}),
        ("zoning", {"postal_code": "1345678902"}, {"land_use": "commercial"}),
        ("deeds-registry", {**DEED, "parcel": "11006202"}, {"owners": [OWNER], "heritage_zone": False}),
        ("deeds-registry", {**DEED, "parcel": "77006203"}, {"owners": [OWNER, OTHER], "heritage_zone": True}),
        ("health-network", {"national_id": PERSON}, {**HEALTHY, "previous_violations": 0}),
        ("health-network", {"national_id": "0000004091"}, {**HEALTHY, "previous_violations": 1}),
    ],
)
def test_each_system_answers_by_fixed_rules(hub: Playing, connector: str, body: dict, answer: dict) -> None:
    assert ask(hub.connectors.get(connector), a_request(body)).body == answer


@pytest.mark.parametrize(
    ("connector", "body", "error"),
    [
        ("civil-registry", {"national_id": "0000004049"}, "PERSON_UNKNOWN"),
        ("tax-clearance", {"national_id": "0000004049"}, "TAXPAYER_UNKNOWN"),
        ("zoning", {"postal_code": "0000004049"}, "PARCEL_UNKNOWN"),
        ("health-network", {"national_id": "0000004049"}, "RECORD_UNKNOWN"),
        ("deeds-registry", {**DEED, "parcel": "0000004049"}, "PARCEL_UNKNOWN"),
    ],
)
def test_what_nobody_knows_is_an_error_of_the_process(
    hub: Playing, connector: str, body: dict, error: str
) -> None:
    assert failure(send(hub.connectors.get(connector), a_request(body))).error_code == error


@pytest.mark.parametrize(
    ("connector", "body", "issued"),
    [("payments", BILL, "bill"), ("licence-portal", {"national_id": PERSON, "title": "نانوایی"}, "licence")],
)
def test_each_message_is_issued_a_number_of_its_own(
    hub: Playing, connector: str, body: dict, issued: str
) -> None:
    numbers = {ask(hub.connectors.get(connector), a_request(body)).body[issued] for _ in range(2)}
    assert len(numbers) == 2


def test_the_same_message_has_the_same_answer(hub: Playing) -> None:
    request = a_request(BILL)
    bills = {ask(hub.connectors.get("payments"), request).body["bill"] for _ in range(3)}
    (message,) = hub.received
    assert (len(bills), message["received"], message["accepted"]) == (1, 3, 1)


def test_a_behaviour_lasts_as_often_as_told(hub: Playing) -> None:
    hub.set_behaviour("zoning", "error", times=2)
    it, request = hub.connectors.get("zoning"), a_request({"postal_code": "1345678902"})
    assert [failure(send(it, request)).code for _ in range(2)] == ["status", "status"]
    assert ask(it, request).body == {"land_use": "commercial"}


def test_some_people_make_it_misbehave(hub: Playing) -> None:
    it = hub.connectors.get("civil-registry")
    codes = {
        behaviour: failure(send(it, a_request({"national_id": person}))).code
        for person, behaviour in BEHAVIOURS_BY_ID.items()
        if behaviour in {"wrong", "html", "half"}
    }
    assert codes == {"wrong": "invalid-reply", "html": "invalid-reply", "half": "interrupted"}


@pytest.mark.parametrize("person", BEHAVIOURS_BY_ID)
def test_their_ids_are_well_formed(person: str) -> None:
    weighed = sum(int(digit) * (10 - place) for place, digit in enumerate(person[:9])) % 11
    assert int(person[9]) == (weighed if weighed < 2 else 11 - weighed)
    assert BEHAVIOURS_BY_ID[person] in BEHAVIOURS


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"service": "fax", "behaviour": "error"},
        {"service": "zoning", "behaviour": "dance"},
        {"service": "zoning", "behaviour": "error", "times": 0},
    ],
)
def test_a_wish_that_it_does_not_know_is_refused(hub: Playing, body: dict) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        hub.call("POST", "/control", body)
    caught.value.close()
    assert caught.value.code == 400


def test_it_forgets_when_told(hub: Playing) -> None:
    hub.set_behaviour("payments", "error", times=None)
    failure(send(hub.connectors.get("payments"), a_request(BILL)))
    hub.call("DELETE", "/received")
    assert not hub.received
    assert a_bill(hub)


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
        return found


def test_the_child_answers_until_it_is_stopped(tmp_path: Path, port: int) -> None:
    child = command.Hub(command.listen(port))
    try:
        assert Playing(port, Connectors([])).received == []
    finally:
        child.stop()
    assert child.process.returncode == -signal.SIGKILL
    with socket.create_server(("127.0.0.1", port)):
        pass  # nothing holds the port


def test_the_child_dies_with_its_parent(port: int) -> None:
    program = (
        "import os, signal; from demo import hub; "
        f"hub.Hub(hub.listen({port})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    # This returns only when the output has ended, which the child shares.
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, timeout=60)
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_port_in_use_is_told_with_its_mend(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path))
    with socket.create_server(("127.0.0.1", port)):
        assert main(["hub", "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"The mock hub cannot use port {port}. Choose another one: HUB_PORT=PORT\n"
    )
