"""Scripts that fail, never end or want out: the case gets an incident, and nothing else happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.cases import CaseView, incidents
from engine.models import Event, Incident, Task
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, NotFound, Rejected
from engine.platform.ids import uuid7
from engine.tasks import Completed
from tests import bpmn, factories

Actors = Callable[..., Actor]


def run(
    database: Database, actor: Actors, code: str, data: dict[str, Any] | None = None
) -> tuple[CaseView, Completed]:
    """Deploy a process with a script after a user task, start a case and complete the task."""
    factories.deploy(database, factories.scripted(code))
    case = factories.a_case(database, actor("portal"))
    task = case.tasks[0]["id"]
    done = factories.as_actor(
        database, actor("caseworker"), lambda uow: tasks.complete(uow, task, data or {})
    )
    return read(database, actor, case), done


def read(database: Database, actor: Actors, case: CaseView) -> CaseView:
    return factories.as_actor(database, actor("caseworker"), lambda uow: cases.get(uow, case.id))


def retry(database: Database, actor: Actors, incident: Any) -> CaseView:
    return factories.as_actor(
        database, actor("administrator"), lambda uow: incidents.retry(uow, incident["id"])
    )


HOSTILE = {
    "endless loop": "while True:\n    pass",
    "endless loop in a handler": (
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass"
    ),
    "memory in a list": "x = [0]\nwhile True:\n    x = x + x",
    "memory in a text": "x = 'a' * 10\nwhile True:\n    x = x + x",
    "memory at once": "x = [0] * (10 ** 9)",
    "huge number": "x = 9 ** 9 ** 9",
    "huge shift": "x = 1 << (1 << 40)",
    "endless recursion": "def f(n):\n    return f(n + 1)\nx = f(0)",
    "large result": "x = 'a' * (2 << 20)",
    "deep result": "x = []\nfor i in range(100):\n    x = [x]",
    "function as result": "x = [len]",
    "not a number": "x = float('nan')",
    "division": "x = 1 / 0",
    "unknown name": "x = nowhere",
    "raised": "raise ValueError('no')",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_script_that_cannot_end_well_becomes_an_incident(
    database: Database, actor: Actors, code: str
) -> None:
    case, done = run(database, actor, code, {"answer": 1})
    assert (case.status, case.tasks) == ("active", [])
    (incident,) = case.incidents
    assert (incident["element"], incident["code"]) == ("s", done.opened.incidents[0]["code"])
    assert incident["message"]
    assert case.data == {"answer": 1}


OUTSIDE = {
    "command": "import os\nx = os.system('touch {mark}')",
    "file": "x = open('/etc/passwd').read()",
    "path": "import pathlib\nx = pathlib.Path('/etc/passwd').read_text()",
    "written file": "open('{mark}', 'w').write('x')",
    "subprocess": "import subprocess\nx = subprocess.run(['touch', '{mark}'])",
    "socket": "import socket\nx = socket.create_connection(('127.0.0.1', 9))",
    "dunder walk": "x = str(().__class__.__bases__[0].__subclasses__())",
    "globals of a function": "def f():\n    pass\nx = str(f.__globals__)",
    "import by name": "x = __import__('os').getpid()",
    "builtins": "x = str(__builtins__)",
    "environment": "import os\nx = dict(os.environ)",
}


@pytest.mark.parametrize("code", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_script_that_wants_out_is_refused_or_becomes_an_incident(
    database: Database, actor: Actors, tmp_path: Path, code: str
) -> None:
    mark = tmp_path / "mark"
    try:
        case, _ = run(database, actor, code.replace("{mark}", str(mark)))
    except Rejected as refusal:
        stopped = {finding.element for finding in refusal.findings if finding.severity == "error"}
    else:
        stopped = {incident["element"] for incident in case.incidents}
    assert stopped == {"s"}
    assert not mark.exists()


def test_sleep_takes_no_time(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "import time\ntime.sleep(100)\nx = 1")
    assert ("x" in case.data) != bool(case.incidents)


def test_task_before_a_failing_script_stays_completed_with_its_data(
    database: Database, actor: Actors
) -> None:
    case, done = run(database, actor, "x = 1 / 0", {"answer": "متن"})
    with database.transaction() as session:
        task = session.get_one(Task, done.task_id)
        completed = session.scalars(select(Event).where(Event.kind == "task.completed")).one()
    assert (task.status, task.assignee_id) == ("completed", actor("caseworker").id)
    assert completed.payload == {"data": {"answer": "متن"}}
    assert done.case_status == "active"
    assert [str(incident["id"]) for incident in done.opened.incidents] == [
        incident["id"] for incident in case.incidents
    ]


def test_incident_tells_the_line_of_its_script(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1\ny = 2\nz = x / 0\n")
    assert case.incidents[0]["line"] == 3
    assert "ZeroDivisionError" in case.incidents[0]["message"]


def test_failed_script_changes_nothing(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1\nlisted.append(2)\n1 / 0", {"listed": [1]})
    assert case.data == {"listed": [1]}


def test_other_branch_goes_on_beside_an_incident(database: Database, actor: Actors) -> None:
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.script("s", "x = 1 / 0"),
        bpmn.node("userTask", "a"),
        bpmn.node("userTask", "b"),
        bpmn.node("endEvent", "end"),
    ]
    pairs = (("start", "fork"), ("fork", "s"), ("fork", "a"), ("s", "end"), ("a", "b"), ("b", "end"))
    factories.deploy(database, factories.files(bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs))))
    case = factories.a_case(database, actor("portal"))
    for element in ("a", "b"):
        (task,) = read(database, actor, case).tasks
        assert task["element"] == element
        factories.as_actor(
            database, actor("caseworker"), partial(tasks.complete, task_id=task["id"], data={})
        )
    after = read(database, actor, case)
    assert (after.status, len(after.incidents)) == ("active", 1)


def test_retry_that_fails_puts_a_new_incident_in_place_of_the_old(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1 / 0")
    (old,) = case.incidents
    (new,) = retry(database, actor, old).incidents
    assert new["id"] != old["id"]
    assert new["element"] == old["element"]
    with database.transaction() as session:
        assert session.get_one(Incident, old["id"]).status == "resolved"


def test_retry_succeeds_when_the_cause_has_passed(database: Database, actor: Actors) -> None:
    # The script looks at its instant only: it fails as long as that lies before the given one.
    code = "import datetime\nx = 1 / (datetime.datetime.now().timestamp() > until)"
    later = datetime.now(UTC).timestamp() + 3600
    case, _ = run(database, actor, code, {"until": later})
    (incident,) = case.incidents
    with database.transaction() as session:
        uow = UnitOfWork(session, actor("administrator"), datetime.now(UTC) + timedelta(hours=2))
        after = incidents.retry(uow, incident["id"])
    assert (after.incidents, [task["element"] for task in after.tasks]) == ([], ["b"])
    assert after.data["x"] == 1.0


def test_retried_incident_cannot_be_retried_again(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1 / 0")
    (old,) = case.incidents
    retry(database, actor, old)
    with pytest.raises(Conflict) as caught:
        retry(database, actor, old)
    assert caught.value.state["incident"]["status"] == "resolved"


def test_incident_of_a_cancelled_case_is_closed(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1 / 0")
    factories.as_actor(database, actor("caseworker"), lambda uow: cases.cancel(uow, case.id))
    with database.transaction() as session:
        assert session.get_one(Incident, case.incidents[0]["id"]).status == "resolved"
    with pytest.raises(Conflict):
        retry(database, actor, case.incidents[0])


def test_unknown_incident_does_not_exist(database: Database, actor: Actors) -> None:
    with pytest.raises(NotFound):
        retry(database, actor, {"id": uuid7()})


def test_caseworker_may_not_retry(database: Database, actor: Actors) -> None:
    case, _ = run(database, actor, "x = 1 / 0")
    with pytest.raises(Forbidden):
        factories.as_actor(
            database, actor("caseworker"), lambda uow: incidents.retry(uow, case.incidents[0]["id"])
        )


def test_endless_loop_of_elements_ends_with_an_incident(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.counting("n &lt; 0"))
    case = factories.a_case(database, actor("portal"), data={"n": 0})
    assert [incident["code"] for incident in case.incidents] == ["step-budget"]
    assert case.status == "active"


def test_gateway_without_a_true_flow_ends_with_an_incident(database: Database, actor: Actors) -> None:
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("exclusiveGateway", "choice"),
        bpmn.node("userTask", "a"),
        bpmn.node("userTask", "b"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [
        bpmn.flow("start", "choice"),
        bpmn.flow("choice", "a", "n == 1"),
        bpmn.flow("choice", "b", "n == 2"),
        bpmn.flow("a", "end"),
        bpmn.flow("b", "end"),
    ]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows)))
    case = factories.a_case(database, actor("portal"), data={"n": 3})
    assert [incident["element"] for incident in case.incidents] == ["choice"]


def test_others_are_served_while_a_script_runs_into_its_limit(database: Database, actor: Actors) -> None:
    factories.deploy(database, factories.scripted(HOSTILE["endless loop"]))
    factories.deploy(database, factories.one_task("other"))
    portal, worker = actor("portal"), actor("caseworker")
    looping = [factories.a_case(database, portal).tasks[0]["id"] for _ in range(2)]

    def command(number: int) -> Any:
        if number < 2:
            return factories.as_actor(database, worker, lambda uow: tasks.complete(uow, looping[number], {}))
        return factories.a_case(database, portal, "other")

    answers = factories.at_once(6, command)
    assert [type(answer) for answer in answers] == [Completed] * 2 + [CaseView] * 4
    assert [len(answer.opened.incidents) for answer in answers[:2] if isinstance(answer, Completed)] == [1, 1]


def test_case_runs_well_after_a_script_was_stopped(database: Database, actor: Actors) -> None:
    run(database, actor, HOSTILE["endless loop"])
    case, _ = run(database, actor, "y = x + 1", {"x": 1})
    assert (case.data, case.incidents) == ({"x": 1, "y": 2}, [])
