"""Reads the extensions of an activity: its inputs, outputs and assignment of people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.notation.candidate_roles import Bindings, CandidateRoles
from engine.bpmn.notation.vocabulary import OURS, bpmn

# The product's attributes on a user task: who works on it, and when it is due.
ASSIGNMENT = ("assignee", "candidateUsers", "candidateGroups", "due", "followUp", "priority")
TERMS = ("due", "followUp")  # those that may be a literal time


@dataclass(frozen=True, slots=True)
class Own:
    """Expressions of one element, by name; None for those that it doesn't have.

    `inputs` and `outputs` map names to expressions, `handed` is one expression for all data of a called
    process. If inputs are `exact`, their values keep their types. `people` and `posting` define who does a
    task. Variables set in an element that is `apart` stay local to it, except its outputs.
    """

    inputs: str | None = None
    outputs: str | None = None
    handed: str | None = None
    apart: bool = False
    exact: bool = False
    people: Mapping[str, str] = field(default_factory=dict)
    posting: CandidateRoles = field(default_factory=CandidateRoles)


NOTHING = Own()


def own(node: Any, bindings: Bindings) -> Own:
    """Returns the expressions of an activity; `bindings` map the names of its groups to roles."""
    people = {name: node.get(f"{OURS}{name}") for name in ASSIGNMENT if node.get(f"{OURS}{name}") is not None}
    inputs, outputs = node.get(f"{OURS}inputs"), node.get(f"{OURS}outputs")
    posting = CandidateRoles(node.get(f"{OURS}role"), node.get(f"{OURS}unit"), bindings)
    if not (people or inputs or outputs or posting.role or posting.unit):
        return NOTHING
    if node.tag == bpmn("callActivity"):
        return Own(outputs=outputs, handed=inputs, apart=True)
    exact = node.tag == bpmn("businessRuleTask")
    return Own(inputs, outputs, exact=exact, people=people, posting=posting)
