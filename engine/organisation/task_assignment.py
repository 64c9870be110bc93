"""Finds the candidate group and, if any, the assignee of each task that a step opens.

`engine.cases` calls this before it writes the tasks. Nothing is written here: groups that do not exist yet
are returned as rows, to be written with the tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from engine.bpmn import Spec, Step, Work
from engine.events import Fact
from engine.organisation import automatic_assignment, candidate_groups, eligibility
from engine.organisation.automatic_assignment import AssignmentContext, Chosen, OpenTask
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class Opening:
    """A step that opens tasks, with its case: the rules of its process, and the case's data after the step.

    `done` is the task that the command is completing, and the account that completes it.
    """

    case_id: UUID
    home: CaseScope
    spec: Spec
    data: Mapping[str, object]
    step: Step
    done: tuple[UUID, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates for a task, and how it is assigned when it opens.

    `group` is None for a task of the applicant. For a delegated task it is the delegate's group, and
    `own_group` the agency's. `how` is the mark of the diagram: random, least-loaded, None to be claimed. With
    `only_named`, only the users that the diagram names may claim it. `delegation` has the id, and the
    delegate's key.
    """

    group: UUID | None
    own_group: UUID | None
    how: str | None
    only_named: bool
    delegation: tuple[UUID, str] | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """By task: its candidates, and its assignee if there is one; `groups` are the groups' rows."""

    candidates: Mapping[UUID, Candidates]
    assignees: Mapping[UUID, Chosen]
    groups: CandidateGroups

    def facts(self, step: Step) -> list[Fact]:
        """Returns the facts for the log about the assignees, in the order of the tasks."""
        chosen = ((work, self.assignees.get(work.token)) for work in step.opened)
        return [one.fact(work.element, work.token) for work, one in chosen if one is not None]


def assign(uow: UnitOfWork, opening: Opening) -> Assignment:
    """Finds the candidate groups of the tasks that a step opens, and chooses assignees where required."""
    groups, opened = CandidateGroups(opening.home), opening.step.opened
    if not opened:
        return Assignment({}, {}, groups)
    delegated = candidate_groups.find_delegations(uow, opening.home, {work.element for work in opened})
    found = {work.token: _candidates(opening.spec, work, groups, delegated) for work in opened}
    open_tasks = [task for work in opened if (task := _open_task(uow, work, found[work.token])) is not None]
    return Assignment(found, _choose(uow, opening, open_tasks, groups), groups)


def _candidates(
    spec: Spec, work: Work, groups: CandidateGroups, delegated: Mapping[str, tuple[UUID, str]]
) -> Candidates:
    own = groups.group_for(work.candidate_roles)
    delegation = delegated.get(work.element) if own is not None else None
    group = own if delegation is None else groups.delegate_group(*delegation)
    people = work.people
    only = bool(people and people.users and not (people.groups or work.candidate_roles or delegation))
    how = None if own is None else _automatic(spec, work)
    return Candidates(group, None if delegation is None else own, how, only, delegation)


def _automatic(spec: Spec, work: Work) -> str | None:
    """Returns how a task is assigned automatically; None if people claim it themselves."""
    element = spec.elements.get(work.element)
    how = element.rules.assignment if element else None
    return how if how != "self" else None


def _open_task(uow: UnitOfWork, work: Work, found: Candidates) -> OpenTask | None:
    """Returns what automatic assignment needs of a task; None if the task waits to be claimed."""
    named = (work.people.assignee or None) if work.people else None
    if found.group is None or (found.how is None and named is None):
        return None
    only = work.people.users if work.people and found.only_named else ()
    return OpenTask(work.token, work.element, found.group, uow.now, found.how, named, only)


def _choose(
    uow: UnitOfWork, opening: Opening, open_tasks: list[OpenTask], groups: CandidateGroups
) -> Mapping[UUID, Chosen]:
    if not open_tasks:
        return {}
    home, step = opening.home, opening.step
    parties = eligibility.parties(home.persons, opening.spec, opening.data)
    gone = [passage.token for passage in step.passages if passage.movement == "cancelled"]
    context = AssignmentContext(
        opening.case_id, opening.spec, step.state, parties, home.appeal_of, opening.done, gone
    )
    return automatic_assignment.choose_for_new(uow, context, open_tasks, groups)
