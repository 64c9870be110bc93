"""Connectors and operations that a deployment names and the installation does not have."""

from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.notation.findings import Finding
from engine.connectors import Connectors, deployment_check
from engine.platform.config import ROOT, Settings
from tests.bpmn import in_line, line, node, process
from tests.exchanging import demo_connectors

HAS = {"registry": {"find", "verify"}, "payments": {"bill"}}


def findings(draft: bool = False, **named: Any) -> list[Finding]:
    task = node("serviceTask", "ask", **{f"parvandeh__{name}": value for name, value in named.items()})
    return deployment_check.findings({"p.bpmn": line(task)}, HAS, draft=draft)


@pytest.mark.parametrize(
    "named",
    [
        {"connector": "registry", "operation": "find"},
        {"connector": "payments", "operation": "bill"},
        {"connector": "payments"},
        {"topic": "registry"},
    ],
)
def test_connector_and_operation_that_are_there_are_no_finding(named: dict[str, Any]) -> None:
    assert findings(**named) == []


REGISTRY: dict[str, object] = {"connector": "registry", "allowed": ("find", "verify")}


@pytest.mark.parametrize(
    ("named", "code", "told"),
    [
        ({"connector": "registri", "operation": "find"}, "unknown-connector", {"connector": "registri"}),
        (
            {"connector": "registry", "operation": "fnid"},
            "unknown-operation",
            REGISTRY | {"operation": "fnid"},
        ),
        ({"connector": "registry"}, "unknown-operation", REGISTRY),
    ],
)
def test_what_is_not_there_is_an_error_or_in_a_draft_a_warning(
    named: dict[str, str], code: str, told: dict[str, object]
) -> None:
    for draft, severity in ((False, "error"), (True, "warning")):
        (found,) = findings(draft=draft, **named)
        assert (found.severity, found.code, found.element, found.file) == (severity, code, "ask", "p.bpmn")
        assert found.values == told
        assert found.line


def test_nothing_is_said_where_nobody_knows_the_connectors() -> None:
    files = {"p.bpmn": line(node("serviceTask", "ask", parvandeh__connector="registri"))}
    assert deployment_check.findings(files, None, draft=False) == []


def test_process_that_is_not_executable_is_passed_over() -> None:
    task = node("serviceTask", "ask", parvandeh__connector="registri")
    content = process(*in_line(task)).replace(b'isExecutable="true"', b'isExecutable="false"')
    assert deployment_check.findings({"p.bpmn": content}, HAS, draft=False) == []


def test_shipped_processes_name_what_the_demonstration_has(tmp_path: Path) -> None:
    settings = Settings.read({"DEMO_CONNECTORS": demo_connectors(tmp_path)})
    operations = Connectors.operations_of(settings)
    for folder in ROOT.glob("processes/*/*"):
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert deployment_check.findings(files, operations, draft=False) == []
