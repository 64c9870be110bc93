"""Checks the processes of all files together: executable ones, their calls, and no recursion."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.findings import Process
from engine.bpmn.notation.outcomes import MAX_DECLARED, OUTCOME
from engine.bpmn.notation.requirements import BUSINESS_KEY, PERSONAL_KEYS, UNIQUE_KEYS
from engine.bpmn.notation.vocabulary import CAMUNDA, PARVANDEH, bpmn

_BINDING = f"{{{CAMUNDA}}}calledElementBinding"
_APPEAL = f"{{{PARVANDEH}}}appeal"


def executable(process: Any) -> bool:
    """Whether a process is executable; that is the default."""
    marked: str = process.get("isExecutable", "true")
    return marked != "false"


def tell_not_executable(
    documents: Mapping[str, Any], idle: Collection[Any], notes: Notes, *, alone: bool
) -> None:
    """Reports processes marked as not executable; `alone` if there is no other."""
    tell = notes.error if alone else notes.warn
    for file, root in documents.items():
        for process in root.iterchildren(bpmn("process")):
            if process in idle:
                tell(
                    place(file, process),
                    "not-executable" if alone else "not-executable.others",
                )


def check_pools(file: str, root: Any, notes: Notes) -> None:
    """Checks that pools refer to processes of the same file."""
    keys = {process.get("id") for process in root.iterchildren(bpmn("process"))}
    for pool in root.iterfind(f"{bpmn('collaboration')}/{bpmn('participant')}"):
        name = pool.get("processRef")
        if name is not None and name.rpartition(":")[2] not in keys:
            notes.warn(place(file, pool), "pool-without-process", process=name[:100])


def check_outcomes(diagram: Diagram, notes: Notes) -> None:
    """Checks the outcomes that end events set."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            outcome = node.element.get(OUTCOME)
            if node.kind != "endEvent" or outcome is None:
                continue
            if not 0 < len(outcome.strip()) <= MAX_DECLARED:
                notes.error(place(diagram.file, node.element), "invalid-outcome", limit=MAX_DECLARED)
            elif not scope.of_case:
                notes.error(
                    place(diagram.file, node.element),
                    "outcome-inside",
                )


def check_business_key(diagram: Diagram, notes: Notes) -> None:
    """Checks what is declared of business keys."""
    said = diagram.element.get(BUSINESS_KEY)
    if said not in (None, *UNIQUE_KEYS, *PERSONAL_KEYS):
        notes.error(place(diagram.file, diagram.element), "invalid-business-key", value=said[:40])


def check_calls(diagrams: Sequence[Diagram], known: Collection[str], notes: Notes) -> tuple[Process, ...]:
    """Checks the call activities of all processes; returns the processes that can be deployed."""
    own = {diagram.key: diagram for diagram in diagrams if diagram.key}
    calls: dict[str, set[str]] = {}
    processes: dict[str, Process] = {}
    for diagram in diagrams:
        called = {
            node.element.get("calledElement"): node.element
            for node in diagram.nodes()
            if node.kind == "callActivity"
        }
        for node in diagram.nodes():
            if node.kind == "callActivity":
                _call(diagram.file, node.element, own, known, notes)
        if diagram.key:
            targets = frozenset(name for name in called if name)
            calls.setdefault(diagram.key, set()).update(targets & own.keys())
            name = diagram.element.get("name") or diagram.key
            processes.setdefault(
                diagram.key, Process(diagram.key, name, diagram.file, targets, diagram.element.get(_APPEAL))
            )
    _cycles(diagrams, calls, notes)
    return tuple(processes.values())


def _call(file: str, element: Any, own: Mapping[str, Diagram], known: Collection[str], notes: Notes) -> None:
    target = element.get("calledElement")
    at = place(file, element)
    if not target:
        notes.error(
            at,
            "no-called-process",
        )
    elif any(mark in target for mark in ("${", "#{", "=")):
        notes.error(at, "called-process-computed", value=target[:80])
    elif target not in own and target not in known:
        notes.error(at, "unknown-process", process=target[:100])
    elif target in own and not _has_plain_start(own[target]):
        notes.error(at, "called-without-start", process=target)
    _binding(element, at, target in own, notes)


def _has_plain_start(diagram: Diagram) -> bool:
    starts = [node for node in diagram.scopes[0].nodes if node.kind == "startEvent"]
    return not starts or any(node.trigger is None for node in starts)


def _binding(element: Any, at: Any, together: bool, notes: Notes) -> None:
    binding = element.get(_BINDING)
    if binding is None or binding == "latest" or (binding == "deployment" and together):
        if binding == "latest":
            notes.warn(
                at,
                "bound-at-deployment",
            )
        return
    notes.error(at, "unsupported-extension", binding=binding[:40])


def _cycles(diagrams: Sequence[Diagram], calls: Mapping[str, Collection[str]], notes: Notes) -> None:
    told: set[str] = set()
    for diagram in diagrams:
        key = diagram.key
        if key and key not in told and key in _reached(key, calls):
            told.add(key)
            notes.error(
                place(diagram.file, diagram.element),
                "call-cycle",
            )


def _reached(key: str, calls: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(calls.get(key, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(calls.get(name, ()))
    return found
