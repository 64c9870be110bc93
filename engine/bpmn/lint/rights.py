"""Rights of applicants: an appeal, a decision by the agency, reasonable deadlines, no undeclared visits."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from engine import deadlines
from engine.bpmn.expressions.named_people import Unfit, named_groups
from engine.bpmn.model.diagram import Diagram, Node
from engine.bpmn.model.texts import written_term, written_time
from engine.bpmn.notation import clock, timers
from engine.bpmn.notation.candidate_roles import APPLICANT
from engine.bpmn.notation.lanes import lanes_around, listed
from engine.bpmn.notation.outcomes import DECISION, OUTCOME, effect_of, of_process, of_task
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH, bpmn
from engine.platform.findings import Value


class Warn(Protocol):
    """Records a warning about an element."""

    def __call__(self, element: Any, code: str, /, **values: Value) -> None: ...


YEARS = 5  # no deadline of an administration is longer
_OURS = f"{{{PARVANDEH}}}"
_PRESENCE = f"{_OURS}presence"
_FROM = datetime(2001, 1, 1, tzinfo=UTC)  # durations of years are measured from a day that is not a leap day
# A whole name, or its part in one language: a desk for citizens belongs to the agency.
_OTHERS = re.compile(
    r"((the|private) )?(applicant|citizen|resident|delegate)s?"
    r"|متقاضی(ان)?|شهروند(ان)?|درخواست.?کننده|ارباب.?رجوع|کارگزار(ی|ان)?",
    re.I,
)
_VISIT = re.compile(
    r"\bin[- ]person\b|\bvisits?\b|\bcome to\b"
    r"|(?<!غیر)(?<!غیر[\u200c ])حضوری|\bحضور\b(?! و غیاب)"
    r"|مراجعهٔ? (?:متقاضی|به (?:اداره|دفتر|شعبه))",
    re.I,
)


def check_rights(diagram: Diagram, called: Collection[str | None], warn: Warn) -> None:
    """Checks an administrative process; `called` are the keys of those that run within another's case."""
    nodes = list(diagram.nodes())
    if diagram.key not in called:
        _appeal(diagram, nodes, warn)
        _statutory(diagram, nodes, warn)
    _decided(diagram, nodes, warn)
    _terms(diagram, nodes, warn)
    _visits(nodes, warn)


def _appeal(diagram: Diagram, nodes: Sequence[Node], warn: Warn) -> None:
    """Checks that applicants can appeal against a refusal, by a process that the decision names."""
    if diagram.element.get(f"{_OURS}appeal") is not None:
        return
    declared = of_process(diagram.element)
    for node in nodes:
        ends = effect_of(declared, node.element.get(OUTCOME)) == "refuses"
        if ends or _may_refuse(node):
            warn(node.element, "no-appeal")
            return


def _statutory(diagram: Diagram, nodes: Sequence[Node], warn: Warn) -> None:
    """Checks that what an applicant starts has a statutory term, and that each task may take less."""
    lanes = listed(diagram.element)
    statutory = diagram.element.get(f"{_OURS}statutory")
    if statutory is None and any(_by_applicant(node, lanes) for node in nodes):
        warn(diagram.element, "no-statutory-term")
    whole = clock.longest_days(statutory)
    for node in nodes if whole is not None else ():
        text = written_term(node.element.get(f"{_OURS}due", "")) if node.kind in HUMAN else None
        due = clock.longest_days(text) if isinstance(text, str) else None
        if due is not None and whole is not None and due > whole:
            warn(node.element, "due-beyond-term", value=str(text)[:40], term=str(statutory)[:40])


def _by_applicant(node: Node, lanes: Mapping[str, Any]) -> bool:
    """Whether it is a start event of the applicant."""
    starts = node.kind == "startEvent" and node.trigger is None and not node.handles
    return starts and any(lane.get(f"{_OURS}role") == APPLICANT for lane in lanes_around(node.element, lanes))


def _may_refuse(node: Node) -> bool:
    """Whether it is a decision that may refuse."""
    decides = node.element.get(DECISION) is not None
    return decides and any(one.effect == "refuses" for one in of_task(node.element))


def _decided(diagram: Diagram, nodes: Sequence[Node], warn: Warn) -> None:
    """Checks that the agency makes legal decisions: not a task of the applicant or a delegate."""
    lanes = listed(diagram.element)
    for node in nodes:
        if node.element.get(DECISION) is None:
            continue
        for name in _candidate_role_names(node.element, lanes):
            if any(_OTHERS.fullmatch(part.strip()) for part in name.split("|")):
                warn(node.element, "decision-outside-agency", name=name[:80])
                break


def _candidate_role_names(task: Any, lanes: Mapping[str, Any]) -> Iterator[str]:
    """Yields the candidate roles of a task, as names."""
    yield task.get(f"{_OURS}role", "")
    with suppress(Unfit):
        yield from named_groups(task.get(f"{_OURS}candidateGroups", "''"))[0]
    for lane in lanes_around(task, lanes):
        yield lane.get("name", "")


def _terms(diagram: Diagram, nodes: Sequence[Node], warn: Warn) -> None:
    """Reports unreasonably long deadlines."""
    found = [(diagram.element, "parvandeh:appealWithin", diagram.element.get(f"{_OURS}appealWithin"))]
    found += [
        (node.element, "parvandeh:due", written_term(node.element.get(f"{_OURS}due", "")))
        for node in nodes
        if node.kind in HUMAN
    ]
    for kind in ("timeDuration", "timeCycle"):
        found += [(item, kind, written_time(item.text or "")) for item in diagram.element.iter(bpmn(kind))]
    for element, what, text in found:
        longest = max(_durations(text), default=None) if isinstance(text, str) else None
        if longest is not None and longest > _FROM.replace(year=_FROM.year + YEARS):
            warn(element, "long-term", attribute=what, value=str(text)[:40], limit=YEARS)


def _durations(text: str) -> Iterator[datetime]:
    """Yields the end of each duration in a time, counted from a fixed day."""
    for part in text.split("/"):
        if timers.in_working_time(part):
            yield from _working(part)
        elif part.strip().startswith("P") and (reached := timers.later(part.strip(), _FROM)) is not None:
            yield reached


def _working(text: str) -> Iterator[datetime]:
    """Yields about the end of a term in working time: weeks of five days of eight hours."""
    try:
        found = deadlines.term(text)
    except timers.Untimely:
        return
    days = found.count / (1 if found.unit == "working-days" else 8)
    yield _FROM + timedelta(days=days * 7 / 5)


def _visits(nodes: Sequence[Node], warn: Warn) -> None:
    """Reports a visit that only the name of a task mentions: statistics of visits would omit it."""
    for node in nodes:
        name = node.element.get("name") or ""
        if node.kind in HUMAN and node.element.get(_PRESENCE) is None and _VISIT.search(name):
            warn(node.element, "visit-in-name", name=name[:80])
