"""Ids are unique in each file: modelers give calls the id of what they call, and copy sub-processes."""

from tests import bpmn
from tests.api.conftest import Clients
from tests.api.contract import Client, body


def _sub(task: str) -> str:
    return bpmn.node("subProcess", "s", "".join(bpmn.in_line(f"userTask {task}", prefix="i_")))


CALLER = bpmn.process(
    *bpmn.in_line(
        _sub("mine"), bpmn.node("callActivity", "child", calledElement="child"), "userTask child_s"
    ),
    key="caller",
)
# In its own file: a sub-process with an id of the caller's, and a task with the caller's key.
CHILD = bpmn.process(*bpmn.in_line(_sub("theirs"), "userTask caller", prefix="c_"), key="child")


def _elements(clerk: Client, case: str) -> list[str]:
    """Complete each task as it comes; the elements in that order."""
    found = []
    while tasks := body(clerk.get(f"/tasks?case={case}&status=open"))["items"]:
        found.append(tasks[0]["element"])
        assert clerk.complete(tasks[0]["id"], {"at": tasks[0]["element"]}).status_code == 200
    return found


def test_files_that_share_ids_are_deployed_and_run(client: Clients) -> None:
    deployed = client("designer").deploy({"caller.bpmn": CALLER, "child.bpmn": CHILD})
    assert deployed.status_code == 201, deployed.text
    case = client("portal").start("caller")["id"]
    assert _elements(client("caseworker"), case) == ["mine", "child/theirs", "child/caller", "child_s"]
    shown = body(client("caseworker").get(f"/cases/{case}"))
    assert (shown["status"], shown["data"]["at"]) == ("completed", "child_s")


def test_copied_sub_process_runs_in_both_processes(client: Clients) -> None:
    one, other = (bpmn.process(*bpmn.in_line(_sub(f"task_{key}")), key=key) for key in ("one", "other"))
    assert client("designer").deploy({"a.bpmn": one, "b.bpmn": other}).status_code == 201
    for key in ("one", "other"):
        case = client("portal").start(key)["id"]
        assert _elements(client("caseworker"), case) == [f"task_{key}"]
