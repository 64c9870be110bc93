"""Reads the requirements of a diagram for the people who do its work, for running.

Candidate roles are read elsewhere. Assumes that the check has passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from engine.bpmn.notation.clock import ClockRules, clock_rules
from engine.bpmn.notation.outcomes import Vocabulary, of_task
from engine.bpmn.notation.vocabulary import OURS

Assignment = Literal["self", "least-loaded", "random"]
Level = Literal["low", "substantial", "high"]
ASSIGNMENTS: tuple[str, ...] = get_args(Assignment)
LEVELS: tuple[str, ...] = get_args(Level)
PRESENCES = ("none", "optional", "required")  # whether the applicant has to come
CHANNELS = ("online", "automated", "phone", "post", "in_person")  # how a step is done with the applicant
PARTY = (
    OURS + "party"
)  # of an event or a call: for whom it waits; of a process: the variables with its parties
BUSINESS_KEY = OURS + "businessKey"  # of a process: what the business keys of its cases are
UNIQUE_KEYS = ("unique", "unique-personal")  # only one running case has a key
PERSONAL_KEYS = ("personal", "unique-personal")  # a key is personal data, so it is in no address
MAX_NAMES = 20
TASK_MARKS = ("sod", "assignment", "acr", "decision")


@dataclass(frozen=True, slots=True)
class TaskRules:
    """The rules for the tasks of an element.

    `sod`: tasks of one group in a case are done by different people. `assignment`: how tasks are assigned.
    `acr`: the assurance level of the login that completes them. `decision`: the field of the answer that
    holds the legal decision. `variables` hold outcomes and map to the allowed ones; empty where the version
    declares none. `presence`: whether the applicant has to come. `channel`: how it is done with them.
    """

    sod: str | None = None
    assignment: Assignment | None = None
    acr: Level | None = None
    decision: str | None = None
    variables: Mapping[str, Vocabulary] = field(default_factory=dict)
    presence: str | None = None
    channel: str | None = None

    @property
    def outcomes(self) -> Vocabulary:
        """Returns the allowed outcomes of the decision; empty where the version declares none."""
        return self.variables.get(self.decision or "", ())


NO_RULES = TaskRules()


@dataclass(frozen=True, slots=True)
class CaseRules:
    """The rules for the cases of a process.

    `appeal` is the process for appeals against its decisions, within the duration `appeal_within`. `parties`
    are the variables that hold national IDs of parties; `searchable` are those by which tasks and cases are
    found. `subject` is an expression for the subject of a case. `clock` are the rules for its statutory term;
    `legal_basis` is the law in words. `personal_key`: business keys are personal data.
    """

    appeal: str | None = None
    appeal_within: str | None = None
    parties: tuple[str, ...] = ()
    searchable: tuple[str, ...] = ()
    subject: str | None = None
    clock: ClockRules = field(default_factory=ClockRules)
    legal_basis: str | None = None
    personal_key: bool = False


def task_rules(node: Any, variables: Mapping[str, Vocabulary]) -> TaskRules:
    """Returns the rules of a user task; `variables` are those of its process that hold outcomes."""
    sod, assignment, acr, decision = (node.get(OURS + name) for name in TASK_MARKS)
    own = {decision: of_task(node)} if decision is not None and variables else {}
    how = (node.get(f"{OURS}presence"), node.get(f"{OURS}channel"))
    return TaskRules(sod, assignment, acr, decision, {**variables, **own}, *how)


def case_rules(process: Any) -> CaseRules:
    """Returns the rules of a process."""
    return CaseRules(
        process.get(f"{OURS}appeal"),
        process.get(f"{OURS}appealWithin"),
        variables(process.get(PARTY)),
        variables(process.get(f"{OURS}searchable")),
        process.get(f"{OURS}subject"),
        clock_rules(process),
        process.get(f"{OURS}legalBasis"),
        process.get(BUSINESS_KEY) in PERSONAL_KEYS,
    )


def variables(text: str | None) -> tuple[str, ...]:
    """Splits a comma-separated list of variables; each name occurs once."""
    parts = (part.strip() for part in (text or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
