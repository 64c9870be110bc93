"""Messages of the clock: no other system and no process can send them in its name."""

from collections.abc import Callable

import pytest

from engine import cases, tasks
from engine.cases import messages
from engine.platform.db import Database
from engine.platform.errors import Invalid
from tests import bpmn, factories
from tests.clocks import logged
from tests.integration.conftest import Act

EVENT = '<bpmn:messageEventDefinition messageRef="m"/>'
DEEMED = '<bpmn:message id="m" name="clock.deemed"/>'
CAUGHT = bpmn.node("intermediateCatchEvent", "c", EVENT)


def test_a_message_from_outside_is_refused(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    files = {"p.bpmn": bpmn.definitions(DEEMED, bpmn.process_element(*bpmn.in_line(CAUGHT)))}
    factories.deploy(database, files)
    case = start()
    keys = {"case_number": case.number}
    with pytest.raises(Invalid) as refused:
        act("administrator", lambda uow: messages.send(uow, "clock.deemed", keys, {}))
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/name", "reserved")]
    assert act("administrator", lambda uow: cases.get(uow, case.id)).status == "active"


def test_a_process_cannot_compute_its_name(
    database: Database, start: Callable[..., cases.CaseView], act: Act, work: Callable[..., None]
) -> None:
    other = bpmn.process_element(*bpmn.in_line(CAUGHT), key="q")
    thrown = bpmn.node("sendTask", "t", messageRef="n", parvandeh__name="'clock.' + 'deemed'")
    body = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "f"),
        CAUGHT,
        bpmn.node("userTask", "u"),
        thrown,
        *(bpmn.flow(*pair) for pair in (("start", "f"), ("f", "c"), ("f", "u"), ("u", "t"))),
    ]
    content = bpmn.definitions(DEEMED, '<bpmn:message id="n" name="n"/>', bpmn.process_element(*body))
    factories.deploy(database, {"p.bpmn": content})
    factories.deploy(database, {"q.bpmn": bpmn.definitions(DEEMED, other)})
    waits = act("caseworker", lambda uow: cases.start(uow, "q", {}))
    case = start()
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))
    work()
    for one in (case, waits):
        assert act("administrator", lambda uow, one=one: cases.get(uow, one.id)).status == "active"
        assert "message.received" not in [kind for kind, _ in logged(database, one.id)]
