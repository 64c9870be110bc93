"""The visits that a process plans: tasks for which the applicant has to come. Pure; reads the diagram alone.

Each step counts once, so visits are sets of steps: what runs in parallel is united, and the rest after a join
is not counted twice.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.bpmn.model.diagram import Diagram, Node, Scope, by_event, read_diagram
from engine.bpmn.model.loops import components, targets
from engine.bpmn.notation.source import BPMN_SUFFIXES, Source, read_xml
from engine.bpmn.notation.structure import is_asked
from engine.bpmn.notation.vocabulary import HUMAN, OURS, bpmn

PRESENCE = f"{OURS}presence"
_NONE: frozenset[str] = frozenset()
_LOOPS = tuple(map(bpmn, ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")))
_ONE = frozenset({"exclusiveGateway", "eventBasedGateway"})


@dataclass(frozen=True, slots=True)
class PlannedVisits:
    """The visits of a process: `least` and `most` of them on a path from its start to an end.

    `steps` are the paths of all elements that require one, `repeated` those of them in a loop or for several
    instances, which count once. `optional` are elements at which the applicant may come; they aren't counted.
    """

    least: int = 0
    most: int = 0
    steps: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def along(self, passed: Collection[str]) -> int:
        """Returns the number of visits on the path that passed these elements."""
        return len(set(self.steps).intersection(passed))


def planned_visits(source: Source, key: str) -> PlannedVisits:
    """Returns the visits of a process, including those of the processes that it calls."""
    reader = _Reader()
    found = reader.of_process(source, key, "")
    return PlannedVisits(
        len(found.least), len(found.most), tuple(reader.steps), tuple(reader.repeated), tuple(reader.optional)
    )


@dataclass(frozen=True, slots=True)
class _Visits:
    """The smallest and the largest set of visits on the paths of something."""

    least: frozenset[str] = _NONE
    most: frozenset[str] = _NONE


@dataclass(slots=True)
class _Reader:
    """Reads processes; collects the steps with visits, which are ordered."""

    steps: dict[str, None] = field(default_factory=dict)
    repeated: dict[str, None] = field(default_factory=dict)
    optional: dict[str, None] = field(default_factory=dict)
    read: dict[str, Mapping[str, Diagram]] = field(default_factory=dict)  # by the digest of the source
    done: dict[tuple[str, str], _Visits] = field(default_factory=dict)

    def of_process(self, source: Source, key: str, before: str) -> _Visits:
        """Returns the visits of a process, whose elements have paths that begin with `before`.

        A process that calls itself adds nothing again.
        """
        if source.digest not in self.read:
            self.read[source.digest] = dict(_diagrams(source))
        diagram = self.read[source.digest].get(key)
        if diagram is None:
            called = source.calls.get(key)
            return _Visits() if called is None else self.of_process(called, key, before)
        if (source.digest, key) not in self.done:
            self.done[source.digest, key] = _Visits()
            found = _Process(self, source, diagram, before).of_scope(diagram.scopes[0])
            self.done[source.digest, key] = found
        return self.done[source.digest, key]


def _diagrams(source: Source) -> Iterator[tuple[str, Diagram]]:
    for name, content in source.files.items():
        if name.endswith(BPMN_SUFFIXES):
            for process in read_xml(name, content).getroot().iterchildren(bpmn("process")):
                yield process.get("id"), read_diagram(name, process)


@dataclass(slots=True)
class _Process:
    """Finds the visits of one process."""

    reader: _Reader
    source: Source
    diagram: Diagram
    before: str

    def of_scope(self, scope: Scope, *, loop: bool = False) -> _Visits:
        """Returns the visits of the process or of a sub-process; `loop`: what is in it may be repeated."""
        parts = components(scope.nodes, targets)
        own: dict[Node, _Visits] = {}
        for part in parts:
            again = loop or len(part) > 1 or part[0] in targets(part[0])
            own.update({node: self._of_node(node, loop=again) for node in part})
        starts = [node for node in scope.nodes if _starts(node)]
        least, most = _least(scope.nodes, own), _most(parts, own)
        events = [own[node].most for node in scope.nodes if by_event(node.element)]
        return _Visits(
            _smallest([least[node] for node in starts]) or _NONE,
            _largest([most[node] for node in starts]).union(*events),
        )

    def _of_node(self, node: Node, *, loop: bool) -> _Visits:
        element = node.element
        loop = loop or any(element.find(name) is not None for name in _LOOPS)
        inside = next((one for one in self.diagram.scopes if one.element is element), None)
        if inside is not None:
            return self.of_scope(inside, loop=loop)
        path = f"{self.before}{element.get('id')}"
        if node.kind == "callActivity":
            return self._of_call(element.get("calledElement"), loop=loop)
        presence = element.get(PRESENCE) if node.kind in HUMAN else None
        if presence == "optional":
            self.reader.optional[path] = None
        if presence != "required":
            return _Visits()
        self.reader.steps[path] = None
        if loop:
            self.reader.repeated[path] = None
        return _Visits(frozenset({path}), frozenset({path}))

    def _of_call(self, key: str | None, *, loop: bool) -> _Visits:
        if key is None:
            return _Visits()
        before = f"{key}/"
        found = self.reader.of_process(self.source, key, before)
        if loop:
            self.reader.repeated |= {step: None for step in self.reader.steps if step.startswith(before)}
        return found


def _starts(node: Node) -> bool:
    """Whether a scope begins with it: a start event, or what nothing leads to."""
    if node.kind == "startEvent":
        return True
    apart = node.host is not None or by_event(node.element) or node.kind == "boundaryEvent"
    return not node.incoming and not apart and node.element.get("isForCompensation") != "true"


def _joined(node: Node) -> bool:
    """Whether a token continues on all flows from here."""
    return node.kind not in _ONE | {"inclusiveGateway"} and not any(
        is_asked(node.element, flow.element) for flow in node.outgoing
    )


def _next(node: Node) -> list[Node]:
    return [flow.target for flow in node.outgoing if flow.target]


def _least(nodes: Sequence[Node], own: Mapping[Node, _Visits]) -> dict[Node, frozenset[str] | None]:
    """Returns the smallest set from each node to an end; None if it reaches none, or isn't known yet.

    Repeated until nothing changes, since a loop may lead back to a node whose set isn't known yet.
    """
    found: dict[Node, frozenset[str] | None] = dict.fromkeys(nodes)
    for _ in nodes:
        changed = False
        for node in reversed(nodes):
            better = _least_of(node, own[node].least, found)
            present = found[node]
            if better is not None and (present is None or len(better) < len(present)):
                found[node], changed = better, True
        if not changed:
            break
    return found


def _least_of(
    node: Node, own: frozenset[str], found: Mapping[Node, frozenset[str] | None]
) -> frozenset[str] | None:
    following = [found[target] for target in _next(node)]
    known = [one for one in following if one is not None]
    rest: frozenset[str] | None = _NONE
    if following and _joined(node):
        rest = _NONE.union(*known) if len(known) == len(following) else None
    elif following:
        rest = _smallest(known)
    # The applicant may not have come before the interruption.
    borders = [found[event] for event in node.boundaries if event.interrupting]
    return _smallest([None if rest is None else own | rest, *borders])


def _most(parts: Sequence[Sequence[Node]], own: Mapping[Node, _Visits]) -> dict[Node, frozenset[str]]:
    """Returns the largest set from each node to an end. A loop has all visits of its nodes.

    Each part comes after those to which it leads.
    """
    found: dict[Node, frozenset[str]] = {}
    for part in parts:
        here = _NONE.union(*(own[node].most for node in part))
        exits = [_most_after(node, found) for node in part]
        found.update(dict.fromkeys(part, here | _largest(exits)))
    return found


def _most_after(node: Node, found: Mapping[Node, frozenset[str]]) -> frozenset[str]:
    following = [found[target] for target in _next(node) if target in found]
    rest = _largest(following) if node.kind in _ONE else _NONE.union(*following)
    known = [(event, found[event]) for event in node.boundaries if event in found]
    alongside = _NONE.union(*(one for event, one in known if not event.interrupting))
    return _largest([rest, *(one for event, one in known if event.interrupting)]) | alongside


def _smallest(sets: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    return min((one for one in sets if one is not None), key=len, default=None)


def _largest(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return max(sets, key=len, default=_NONE)
