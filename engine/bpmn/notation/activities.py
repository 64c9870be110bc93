"""What an activity says of its own: inputs under their own names, outputs that it leaves with, and people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.notation.candidate_roles import Bindings, CandidateRoles
from engine.bpmn.notation.vocabulary import OURS, bpmn

# Attributes of ours on a user task: who is to work on it, and until when.
ASSIGNMENT = ("assignee", "candidateUsers", "candidateGroups", "due", "followUp", "priority")
TERMS = ("due", "followUp")  # of these, those that may be a time as it stands


@dataclass(frozen=True, slots=True)
class Own:
    """Expressions of one element, by name; None where it has none.

    `inputs` and `outputs` are one expression each for names with values, `handed` for all that a called
    process gets; inputs that are `exact` keep the types of their values; `people` and `posting` say who does
    a task. What happens in an element that is `apart` stays in it, but for its outputs.
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
    """What an activity has of its own; `bindings` say what the names of its groups mean."""
    people = {name: node.get(f"{OURS}{name}") for name in ASSIGNMENT if node.get(f"{OURS}{name}") is not None}
    inputs, outputs = node.get(f"{OURS}inputs"), node.get(f"{OURS}outputs")
    posting = CandidateRoles(node.get(f"{OURS}role"), node.get(f"{OURS}unit"), bindings)
    if not (people or inputs or outputs or posting.role or posting.unit):
        return NOTHING
    if node.tag == bpmn("callActivity"):
        return Own(outputs=outputs, handed=inputs, apart=True)
    exact = node.tag == bpmn("businessRuleTask")
    return Own(inputs, outputs, exact=exact, people=people, posting=posting)
