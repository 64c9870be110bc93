"""Finds the roles and units that the diagrams of a deployment require."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.expressions.named_people import Unfit, named_groups
from engine.bpmn.notation.candidate_roles import CandidateRoles, read_bindings
from engine.bpmn.notation.source import BPMN_SUFFIXES, read_xml
from engine.bpmn.notation.vocabulary import HUMAN, OURS, bpmn
from engine.bpmn.translate import translate

_HUMAN = tuple(map(bpmn, sorted(HUMAN)))


@dataclass(frozen=True, slots=True)
class RequiredRole:
    """A role in a unit (None: that of the case) that may claim a task, with the task's id, file and line."""

    role: str
    unit: str | None
    file: str
    element: str | None
    line: int | None


def required_roles(files: Mapping[str, bytes]) -> tuple[RequiredRole, ...]:
    """Returns the roles named at each task of checked files. Others may be computed from case data."""
    bindings = read_bindings(files)
    found: list[RequiredRole] = []
    for name, content in files.items():
        if name.endswith(BPMN_SUFFIXES):
            root = read_xml(name, content).getroot()
            translate(root, bindings)
            for task in _tasks(root):
                named = CandidateRoles(task.get(f"{OURS}role"), task.get(f"{OURS}unit"), bindings)
                roles = sorted(named.of(_groups(task)), key=lambda role: (role.role, role.unit or ""))
                found += [RequiredRole(*role, name, task.get("id"), task.sourceline) for role in roles]
    return tuple(found)


def _tasks(root: Any) -> Iterator[Any]:
    for process in root.iterchildren(bpmn("process")):
        if process.get("isExecutable") != "false":
            yield from process.iter(*_HUMAN)


def _groups(task: Any) -> list[str]:
    code = task.get(f"{OURS}candidateGroups")
    try:
        return [] if code is None else named_groups(code)[0]
    except Unfit:
        return []
