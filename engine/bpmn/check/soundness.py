"""Checks that a case can always reach its end: no deadlocks, no work that runs twice or never.

Each scope is explored separately, innermost first. A deadlock is an error if no path of the scope completes;
if one does, it is a warning, with the path into the deadlock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.check.markings import Lost, Markings, Move
from engine.bpmn.check.net import CANCELLED, TERMINATE, Station, upstream
from engine.bpmn.check.transitions import (
    ALL_CHOICES,
    AT_ONCE,
    Ends,
    about,
    error_code,
    events_on,
    handles,
    name_of,
    read_net,
)
from engine.bpmn.model.diagram import Diagram, Node, Scope, runs
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import GATEWAYS, local
from engine.platform.findings import Value

BOUND = 100_000  # states of all processes of an upload
BOUND_LATER = 1_000  # of each further scope, after that many
MEMORY = 64 << 23  # bits of all states of a scope: fewer than the bound where hundreds of flows cross
LONGEST = 12  # elements of a path in a finding

Homes = Mapping[Any, tuple[Node, Scope]]


def check_soundness(diagrams: Iterable[Diagram], notes: Notes) -> None:
    """Checks every scope of processes without other errors."""
    left = BOUND
    for diagram in diagrams:
        left = _explored(diagram, notes, left)


def _explored(diagram: Diagram, notes: Notes, left: int) -> int:
    """Checks one process with this number of states left; returns how many remain."""
    homes = {node.element: (node, scope) for scope in diagram.scopes for node in scope.nodes}
    ends: dict[Any, Ends] = {}
    for scope in reversed(diagram.scopes):  # inner scopes follow outer ones
        if scope.nodes and all(map(runs, scope.nodes)):
            net = read_net(scope, ends)
            markings = Markings(net, min(max(left, BOUND_LATER), MEMORY // net.bits))
            left -= len(markings.found)
            found = _Scope(diagram.file, scope, markings, notes)
            ends[scope.element] = found.check(ends, rescued=_rescued(scope, homes))
    return left


def _rescued(scope: Scope, homes: Homes) -> bool:
    """Whether something else can end the scope while its own tokens are blocked."""
    if any(_interrupts(node) for node in scope.nodes) or _escalates(scope):
        return True
    near = True
    while scope.element in homes:
        around, scope = homes[scope.element]
        for event in around.boundaries:
            # A scope in which nothing moves throws no error, but one may come from its surroundings.
            if event.interrupting and not (near and about(event.element) in ("error", "escalation")):
                return True
        beside = [node for node in scope.nodes if node is not around]
        if any(_interrupts(node) or _ends_all(node) for node in beside):
            return True
        near = False
    return False


def _interrupts(node: Node) -> bool:
    """Whether it is an event sub-process triggered from outside that interrupts its scope."""
    if not handles(node):
        return False
    starts = node.element.iterchildren("{*}startEvent")
    inside = ("error", "escalation", "compensate")
    return any(start.get("isInterrupting") != "false" and about(start) not in inside for start in starts)


def _ends_all(node: Node) -> bool:
    return node.kind == "endEvent" and about(node.element) in ("terminate", "error", "cancel")


def _escalates(scope: Scope) -> bool:
    """Whether an escalation leaves the scope: a catch event further out, even in a caller, may end it."""
    thrown = scope.element.iter("{*}escalationEventDefinition")
    return any(local(item.getparent()) in ("endEvent", "intermediateThrowEvent") for item in thrown)


class _Scope:
    """The findings in one scope."""

    def __init__(self, file: str, scope: Scope, markings: Markings, notes: Notes) -> None:
        self.file = file
        self.scope = scope
        self.markings = markings
        self.net = markings.net
        self.notes = notes

    def check(self, inner: Mapping[Any, Ends], *, rescued: bool) -> Ends:
        """Reports all findings; returns how the scope can end. `inner` are the ends of its sub-processes."""
        whole = self.markings.complete and not self.net.partial
        if not whole:
            self.bound()
        self.deadlocks(certain=whole and not rescued)
        self.meetings()
        self.growth()
        if whole and not self.trapped():
            self.never()
        return self.ends(inner)

    def warn(self, node: Node, code: str, /, **values: Value) -> None:
        self.notes.warn(place(self.file, node.element), code, **values)

    def bound(self) -> None:
        """Reports that the check is incomplete."""
        if self.net.partial:
            variant, limit = "choices", ALL_CHOICES
        else:
            variant, limit = "growing" if self.markings.growing else "states", len(self.markings.found)
        self.notes.warn(
            place(self.file, self.scope.element),
            f"soundness-bound.{variant}",
            limit=limit,
        )

    def deadlocks(self, *, certain: bool) -> None:
        """Reports each deadlocked join once."""
        found = self.markings
        if not found.dead:
            return
        lost = Lost(found) if certain else None
        told: set[Station] = set()
        for number in sorted(found.dead, key=lambda number: not (lost and number in lost)):
            for station in self.roots(number):
                if station not in told:
                    told.add(station)
                    self.deadlock(station, number, lost if lost and number in lost else None)

    def deadlock(self, station: Station, number: int, lost: Lost | None) -> None:
        marking = self.markings.found[number]
        missing = [arc.flow for arc in station.arcs if arc.flow and not marking & (0xFF << arc.shift)]
        moves = lost.path(number) if lost else self.markings.path(number)
        tell = self.notes.warn if lost is None else self.notes.error
        tell(
            place(self.file, station.node.element),
            "deadlock" if lost is None else "deadlock.always",
            sources=tuple(name_of(flow.source) for flow in missing if flow.source),
            path=_describe(moves, station),
        )

    def roots(self, number: int) -> list[Station]:
        """Returns the blocked elements that don't wait for another blocked one."""
        stuck = self.markings.waiting_at(number)
        marking = self.markings.found[number]
        found = []
        for station in stuck:
            empty = [
                arc.flow.source
                for arc in station.arcs
                if arc.flow and arc.flow.source and not marking & (0xFF << arc.shift)
            ]
            before = upstream(empty, station.node)
            if not any(other.node in before for other in stuck if other is not station):
                found.append(station)
        return found or stuck[:1]

    def meetings(self) -> None:
        """Reports branches that meet without a join."""
        for station, number in self.markings.meeting.items():
            if not _only_ends(station):
                self.warn(
                    station.node,
                    "lack-of-synchronisation",
                    path=_describe(self.markings.path(number), station),
                )

    def growth(self) -> None:
        """Reports loops that multiply tokens."""
        for station, number in self.markings.growing.items():
            self.warn(
                station.node,
                "unbounded-tokens",
                path=_describe(self.markings.path(number), station),
            )

    def trapped(self) -> bool:
        """Whether a case may loop forever: other elements may then run, too."""
        found = self.markings
        return len(found.leading_to([*found.ended, *found.dead, *found.left])) < len(found.found)

    def never(self) -> None:
        """Reports elements that never run: only the first ones, not those after them."""
        ran = self.ran()
        waiting = [node for node in self.scope.nodes if node in ran]
        seen = set(waiting)
        for node in waiting:  # it grows during the loop
            behind = [flow.target for flow in node.outgoing if flow.target]
            if node in ran and node.kind not in AT_ONCE:
                behind += events_on(node)
            for target in behind:
                if target in seen:
                    continue
                seen.add(target)
                if target.kind in GATEWAYS:  # reported for the work after it
                    waiting.append(target)
                else:
                    self.warn(target, "never-runs", name=name_of(target))

    def ran(self) -> set[Node]:
        """Returns the elements that have run in some case, including boundary events."""
        marks = 0
        ran: set[Node] = set()
        for move in self.markings.all_moves():
            marks |= move.way.marks
            ran.add(move.station.node)
        for station in self.net.stations:
            if station.stop is not None and marks & station.guards:
                ran.add(station.node)
            for arc in station.arcs:
                if arc.flow and arc.flow.source and marks >> arc.shift & 0x80:
                    ran.add(arc.flow.source)
        loose = [node for node in self.scope.nodes if node.host in ran and not node.outgoing]
        return ran.union(loose)

    def ends(self, inner: Mapping[Any, Ends]) -> Ends:
        """Returns how the scope ends, for the elements around it."""
        ended = [self.markings.found[number] for number in self.markings.ended]
        stops = [station for station in self.net.stations if station.stop is not None]
        reached = [station for station in stops if any(marking & station.place for marking in ended)]
        codes = {station.stop for station in reached if station.stop}
        normally = 0 in ended or any(station.stop == TERMINATE for station in reached)
        handlers = [node for node in self.scope.nodes if handles(node)]
        cancelled = codes & {CANCELLED}
        codes -= cancelled
        for node in handlers:
            codes, normally = _handled(node, codes, normally)
        codes |= cancelled
        codes = codes.union(*(inner[node.element].errors for node in handlers if node.element in inner))
        open_end = bool(self.markings.dead) or not (normally or codes)  # reported here, and not again outside
        return Ends(normally or open_end, frozenset(codes), self.net.any_error)


def _handled(handler: Node, codes: set[str], normally: bool) -> tuple[set[str], bool]:
    """Returns the errors that an event sub-process doesn't catch, and whether the scope ends normally."""
    for start in handler.element.iterchildren("{*}startEvent"):
        if about(start) == "error":
            code = error_code(start)
            left = set() if code is None else codes - {code}
            return left, normally or left != codes
        if about(start) == "compensate":  # it runs when the scope has ended
            return codes, normally
        if start.get("isInterrupting") != "false":
            return codes, True
    return codes, normally


def _only_ends(station: Station) -> bool:
    """Whether nothing follows: ending twice is harmless."""
    nodes = [station.node]
    if station.node.kind in GATEWAYS:
        nodes = [flow.target for flow in station.node.outgoing if flow.target]
    return all(node.kind == "endEvent" and about(node.element) in ("", "terminate") for node in nodes)


def _describe(moves: Sequence[Move], last: Station) -> str:
    """Describes a path: the elements before the last one, and the choices made."""
    before = upstream([last.node])
    steps = [
        (repr(name_of(move.station.node)) + (f" ({move.way.choice})" if move.way.choice else ""), move)
        for move in moves
        if move.station.node in before and move.station is not last
    ]
    if len(steps) > LONGEST:
        steps = [steps[0], *(step for step in steps[1:] if len(step[1].station.ways) > 1)]
    words = [text for text, _ in steps]
    if len(words) > LONGEST:
        words = [*words[: LONGEST // 2], "…", *words[-LONGEST // 2 :]]
    return " → ".join([*words, repr(name_of(last.node))])
