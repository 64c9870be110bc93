"""Small processes with events, and the findings of the check."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from engine.bpmn import check
from engine.bpmn.notation.findings import Finding, Report
from tests.bpmn import definitions, flow, in_line, node, process_element

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
NAMED = (
    '<bpmn:message id="m" name="paid"/><bpmn:message id="m2" name="asked"/><bpmn:signal id="s" name="storm"/>'
    '<bpmn:error id="e" errorCode="GONE"/><bpmn:error id="any"/>'
)
EVENTS = ["startEvent", "intermediateCatchEvent", "boundaryEvent"]
_BESIDE = {"unused-definition", "no-form", "no-role", "never-runs"}  # findings that these tests ignore


def check_without_roles(files: Mapping[str, bytes], known: Collection[str] = ()) -> Report:
    """Return the report of the check, without findings about tasks without roles."""
    report = check(files, known)
    return replace(report, findings=tuple(item for item in report.findings if item.code != "no-role"))


def findings(*body: str, named: str = NAMED, severity: str = "error", attributes: str = "") -> list[Finding]:
    """Return the findings in a process of these elements; each finding has a place and a fix."""
    content = definitions(process_element(*body, attributes=attributes), named)
    found = check({"a.bpmn": content}, {"called"}, NOW).findings
    assert all(item.line and item.reason and item.fix for item in found)
    return [
        item
        for item in found
        if item.severity == severity
        and item.code not in _BESIDE
        and (item.severity, item.code) != ("warning", "unknown-variable")
    ]


def told(
    *body: str, named: str = NAMED, severity: str = "error", attributes: str = ""
) -> list[tuple[str, str | None]]:
    """Return code and element of each error."""
    return [
        (item.code, item.element)
        for item in findings(*body, named=named, severity=severity, attributes=attributes)
    ]


def warned(*body: str, named: str = NAMED) -> list[tuple[str, str | None]]:
    """Return code and element of each warning; there are no errors."""
    assert told(*body, named=named) == []
    return told(*body, named=named, severity="warning")


def timer(kind: str, text: str) -> str:
    """A timer's definition: `timer("timeDuration", "P1D")`."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def condition(text: str) -> str:
    """The definition of an event that waits until this is true."""
    inside = f"<bpmn:condition>{text}</bpmn:condition>"
    return f"<bpmn:conditionalEventDefinition>{inside}</bpmn:conditionalEventDefinition>"


def about(kind: str, reference: str | None = None) -> str:
    """The definition of a message, signal, error or another event."""
    names = f'{kind}Ref="{reference}"' if reference else ""
    return f"<bpmn:{kind}EventDefinition {names}/>"


def path(*names: str) -> str:
    """Sequence flows from each element to the next."""
    return "".join(flow(source, target) for source, target in pairwise(names))


def sole(kind: str, definition: str, **attributes: Any) -> list[str]:
    """A process with one event `x` of this kind."""
    if kind == "startEvent":
        return [node(kind, "x", definition, **attributes), node("task", "a"), flow("x", "a")]
    if kind == "endEvent":
        return [node("startEvent", "start"), node(kind, "x", definition, **attributes), flow("start", "x")]
    if kind == "boundaryEvent":
        return bordered("serviceTask", definition, **attributes)
    return in_line(node(kind, "x", definition, **attributes))


def bordered(host: str, definition: str, **attributes: Any) -> list[str]:
    """A process with the event `x` on the border of `host`."""
    inside = {
        "subProcess": "".join(in_line("task inner", prefix="inner_")),
        "scriptTask": "<bpmn:script>n = 1</bpmn:script>",
    }
    more = {
        "serviceTask": {"parvandeh__topic": "t"},
        "callActivity": {"calledElement": "called"},
        "sendTask": {"messageRef": "m"},
        "receiveTask": {"messageRef": "m"},
    }
    return [
        *in_line(node(host, "host", inside.get(host, ""), **more.get(host, {}))),
        node("boundaryEvent", "x", definition, **{"attachedToRef": "host", **attributes}),
        node("task", "late"),
        flow("x", "late"),
    ]
