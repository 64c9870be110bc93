"""Checks uploaded files before any of them runs, and reports everything that would run incorrectly.

Reports all findings at once. Never raises because of the files' content, and changes nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from engine.bpmn.analysis.finding_attributes import with_attributes
from engine.bpmn.analysis.known_names import Name, readable
from engine.bpmn.check import bounded
from engine.bpmn.check.activities import check_activities
from engine.bpmn.check.answers import check_answers
from engine.bpmn.check.bills import check_bills
from engine.bpmn.check.catching import check_catching
from engine.bpmn.check.clock import check_clock
from engine.bpmn.check.compensation import check_compensation
from engine.bpmn.check.elements import check_elements
from engine.bpmn.check.events import check_events
from engine.bpmn.check.expressions import check_expressions, check_length
from engine.bpmn.check.files import Upload, read_files
from engine.bpmn.check.forms import Forms
from engine.bpmn.check.ids import check_ids, check_ids_together
from engine.bpmn.check.lanes import check_lanes, check_roles
from engine.bpmn.check.links import check_links
from engine.bpmn.check.messages import check_message_flows
from engine.bpmn.check.outcomes import Outcomes
from engine.bpmn.check.paths import check_paths
from engine.bpmn.check.processes import (
    check_business_key,
    check_calls,
    check_outcomes,
    check_pools,
    executable,
    tell_not_executable,
)
from engine.bpmn.check.races import check_races
from engine.bpmn.check.requirements import check_marks
from engine.bpmn.check.rules import check_rule_tasks
from engine.bpmn.check.soundness import check_soundness
from engine.bpmn.check.structure import check_structure
from engine.bpmn.check.terms import check_terms
from engine.bpmn.check.variables import check_variables
from engine.bpmn.lint import lint
from engine.bpmn.model.diagram import Diagram, keys_called, read_diagram
from engine.bpmn.model.notes import Notes, Place, place
from engine.bpmn.model.owners import list_owners
from engine.bpmn.notation.findings import Finding, Owner, Report
from engine.bpmn.notation.vocabulary import FLOW_NODES, bpmn

__all__ = ["Looked", "check", "look"]

MAX_PROCESSES = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """A report, and the variables by the ids of a diagram's elements; `whole`: these are all of them."""

    report: Report
    names: Mapping[str, tuple[Name, ...]]
    whole: bool


def check(files: Mapping[str, bytes], known: Collection[str] = (), now: datetime | None = None) -> Report:
    """Returns all findings on a set of files; `known` are the keys of already deployed processes.

    Timers with dates before `now` (aware; None: the current time) are in the past. Raises Exhausted only if
    the caller has set a budget.
    """
    return bounded.check(lambda: _check(files, known, now or datetime.now(UTC)))


def look(
    files: Mapping[str, bytes],
    file: str,
    known: Collection[str] = (),
    now: datetime | None = None,
    element: str | None = None,
) -> Looked:
    """Checks a diagram that is being edited; also returns what can be read at each of its elements.

    If an `element` is named, only its variables are returned. Raises Exhausted only if the caller has set a
    budget.
    """
    seen: list[tuple[Sequence[Diagram], Upload]] = []
    names: dict[str, tuple[Name, ...]] = {}
    whole = True

    def see(diagrams: Sequence[Diagram], upload: Upload) -> None:
        nonlocal names, whole
        seen.append((diagrams, upload))
        names, whole = readable(diagrams, upload, file, element)

    def check() -> Report:
        report = _check(files, known, now or datetime.now(UTC), see)
        more = _unknown(*seen[0], file, report) if seen else ()
        return replace(report, findings=(*report.findings, *more))

    return Looked(bounded.check(check), names, whole)


# Errors in the flow itself: then it is unknown which variables are available where.
_LOOSE = frozenset({
    "dangling-flow", "flow-crosses-border", "duplicate-id", "unreachable", "no-start", "empty-process",
    "link-target", "boundary-host", "too-much-script", "too-many-nodes",
})  # fmt: skip


def _unknown(diagrams: Sequence[Diagram], upload: Upload, file: str, report: Report) -> tuple[Finding, ...]:
    """Returns the unknown variables of a diagram with other errors, so that designers see both at once."""
    wrong = {finding.code for finding in report.errors if finding.file == file}
    if not wrong or wrong & _LOOSE or "unknown-variable" in {finding.code for finding in report.findings}:
        return ()
    notes = Notes()
    processes = check_variables(diagrams, upload, {diagram.file for diagram in diagrams} - {file}, notes)
    check_races(processes, notes)
    return notes.sorted((file,))


def _see_nothing(_diagrams: Sequence[Diagram], _upload: Upload) -> None:
    """Ignores variables: the caller doesn't need them."""


def _check(
    files: Mapping[str, bytes],
    known: Collection[str],
    now: datetime,
    see: Callable[[Sequence[Diagram], Upload], None] = _see_nothing,
) -> Report:
    notes = Notes()
    upload = read_files(files, notes)
    processes = [
        (file, process)
        for file, root in upload.documents.items()
        for process in root.iterchildren(bpmn("process"))
    ]
    running = [(file, process) for file, process in processes if executable(process)]
    alone = not running  # then all are checked, so that the designer sees everything at once
    idle = {process for _, process in processes if not executable(process)}
    tell_not_executable(upload.documents, idle, notes, alone=alone)
    if upload.documents and not processes:
        notes.error(Place(""), "no-process")
    passed_over: Collection[Any] = () if alone else idle
    if len(processes) > MAX_PROCESSES:
        file, process = processes[MAX_PROCESSES]
        notes.error(place(file, process), "too-many-processes", count=len(processes), limit=MAX_PROCESSES)
        return Report(notes.sorted(files), ())
    for file, root in upload.documents.items():
        check_elements(file, root, passed_over, notes)
        check_ids(file, root, notes)
        check_pools(file, root, notes)
        check_message_flows(file, root, passed_over, notes)
    diagrams = [read_diagram(file, process) for file, process in (processes if alone else running)]
    see(diagrams, upload)
    found = check_calls(diagrams, known, notes)
    check_ids_together(diagrams, notes)
    check_marks(upload, diagrams, known, passed_over, notes)
    _check_diagrams(diagrams, upload, now, notes)
    sound = [diagram for diagram in diagrams if diagram.file not in notes.refused]
    lint(files, sound, upload.schemas, notes)
    owners = tuple(_owners(diagrams, upload, notes.refused))
    offered = tuple(upload.rules.offered)
    return Report(with_attributes(notes.sorted(files)), () if alone else found, offered, owners)


def _owners(diagrams: Sequence[Diagram], upload: Upload, refused: Collection[str]) -> Iterator[Owner]:
    """Yields the owners of variables in files without errors."""
    called = keys_called(diagrams)
    for diagram in diagrams:
        if diagram.file not in refused:
            yield from list_owners(diagram, upload.schemas, upload.rules, called=diagram.key in called)


def _check_diagrams(diagrams: list[Diagram], upload: Upload, now: datetime, notes: Notes) -> None:
    ids = {
        file: {node.get("id") for node in root.iter(*map(bpmn, FLOW_NODES)) if node.get("id")}
        for file, root in upload.documents.items()
    }
    forms = Forms(upload.schemas, upload.problems, notes)
    readable = check_length(diagrams, notes)
    called = keys_called(diagrams)
    for diagram in diagrams:
        check_structure(diagram, ids[diagram.file], notes)
        check_paths(diagram, notes)
        check_activities(diagram, notes)
        check_rule_tasks(diagram, upload.rules, notes)
        check_events(diagram, now, notes)
        check_bills(diagram, notes)
        check_terms(diagram, now, notes)
        check_clock(diagram, diagram.key in called, notes)
        check_catching(diagram, notes)
        check_compensation(diagram, notes)
        check_links(diagram, notes)
        check_lanes(diagram, notes)
        check_roles(diagram, notes)
        check_outcomes(diagram, notes)
        Outcomes(diagram.file, notes).process(diagram, upload.schemas)
        check_business_key(diagram, notes)
        if readable:
            check_expressions(diagram, notes)
            check_answers(diagram, upload.schemas, upload.rules, notes)
        forms.process(diagram)
    forms.files()
    refused = notes.refused
    # With other errors, one mistake would be reported several times.
    check_soundness([diagram for diagram in diagrams if diagram.file not in refused], notes)
    check_races(check_variables(diagrams, upload, refused, notes), notes)
