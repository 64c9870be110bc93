"""A case from the upload of its process to the decision, over HTTP."""

import json
from typing import Any
from uuid import uuid4

import httpx

from tests.bpmn import in_line, node, process

OUTCOMES = (
    "<bpmn:extensionElements>"
    '<parvandeh:outcome value="granted" effect="grants"/>'
    '<parvandeh:outcome value="refused" effect="refuses"/>'
    "</bpmn:extensionElements>"
)
FEE = (
    "fee = 0\nfor floor in range(1, floors + 1):\n    fee = fee + floor * 1000"  # a loop: run in the sandbox
)
DECISION = {
    "type": "object",
    "properties": {"decision": {"type": "string", "enum": ["granted", "refused"], "title": "Decision"}},
    "required": ["decision"],
}
DECIDE = node(
    "userTask", "decide", camunda__formKey="decision.json", camunda__candidateGroups="caseworker",
    parvandeh__decision="decision",
)  # fmt: skip


def play(url: str, accounts: list[dict[str, Any]]) -> list[str]:
    """Uploads a process, starts a case, decides it. Returns the kinds of its events."""
    tokens = {account["name"]: account["token"] for account in accounts}
    key = f"played-{uuid4().hex[:8]}"
    diagram = process(
        OUTCOMES,
        *in_line(f'<bpmn:scriptTask id="count"><bpmn:script>{FEE}</bpmn:script></bpmn:scriptTask>', DECIDE),
        key=key,
    )
    files = [("files", (f"{key}.bpmn", diagram)), ("files", ("decision.json", json.dumps(DECISION).encode()))]
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:

        def ask(name: str, method: str, path: str, status: int, **content: Any) -> Any:
            answer = client.request(
                method, path, headers={"Authorization": f"Bearer {tokens[name]}"}, **content
            )
            assert answer.status_code == status, answer.text
            return answer.json()

        ask("designer", "POST", "/deployments", 201, files=files, data={"unit": "civil-registry"})
        case = ask("portal", "POST", "/cases", 201, json={"definition": key, "data": {"floors": 4}})
        assert not case["incidents"]
        (task,) = ask("caseworker", "GET", f"/tasks?case={case['id']}&status=open", 200)["items"]
        done = ask(
            "caseworker", "POST", f"/tasks/{task['id']}/complete", 200, json={"data": {"decision": "granted"}}
        )
        assert done["case"]["status"] == "completed", done
        assert ask("caseworker", "GET", f"/cases/{case['id']}", 200)["data"]["fee"] == 10_000
        return [
            event["kind"] for event in ask("caseworker", "GET", f"/cases/{case['id']}/events", 200)["items"]
        ]
