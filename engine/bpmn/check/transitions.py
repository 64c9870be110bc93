"""Reads a (sub-)process as a net: all alternatives by which its elements pass on tokens.

Data are unknown: each choice of data, people or events is one of several alternatives. An activity is one
move, and so is an embedded sub-process: it represents everything that happens in it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lxml import etree

from engine.bpmn.check.net import CANCELLED, TERMINATE, Arc, Join, Net, Station, Way
from engine.bpmn.model.diagram import Flow, Node, Scope
from engine.bpmn.notation.vocabulary import bpmn, local

AT_ONCE = frozenset({"scriptTask", "sendTask"})  # nothing can happen in the meantime
ALL_CHOICES = 6  # flows of which every combination is tried
PAIRS = 30  # flows of which each pair is tried
MAX_PARTS = 3_000  # of all choices of a scope: beyond it, each flow alone, and all together
_JOINS: Mapping[str, Join] = {"parallelGateway": "all", "inclusiveGateway": "some"}
_ONE_OF = frozenset({"exclusiveGateway", "eventBasedGateway"})
_CALLS = frozenset({"serviceTask", "callActivity"})  # any error can leave these


@dataclass(frozen=True, slots=True)
class Ends:
    """How an activity can end: as drawn, with which errors, or with any that an event catches."""

    normally: bool = True
    errors: Collection[str] = ()
    any_error: bool = False


def read_net(scope: Scope, inner: Mapping[Any, Ends]) -> Net:
    """Returns the net of a scope; `inner` are the ends of its sub-processes."""
    return _Reader(scope, inner).net()


def about(element: Any) -> str:
    """Returns the trigger of an event, as its definition is named; empty for a plain one."""
    kinds = [local(child) for child in element.iterchildren(etree.Element)]
    found = [kind.removesuffix("EventDefinition") for kind in kinds if kind.endswith("EventDefinition")]
    return found[0] if found else ""


def handles(node: Node) -> bool:
    """Whether it is an event sub-process."""
    return bool(node.element.get("triggeredByEvent") == "true")


def error_code(event: Any) -> str | None:
    """Returns the code of the error that an event throws or catches; None if it catches all."""
    definition = event.find(bpmn("errorEventDefinition"))
    name = "" if definition is None else (definition.get("errorRef") or "").rpartition(":")[2]
    errors = event.getroottree().getroot().iterchildren(bpmn("error"))
    return next((item.get("errorCode") for item in errors if item.get("id") == name), None)


def name_of(node: Node) -> str:
    """Returns what designers call it."""
    name = " ".join((node.element.get("name") or "").split())
    return name[:60] or node.element.get("id") or node.kind


def events_on(node: Node) -> list[Node]:
    """Returns the boundary events that can occur while it is active."""
    return [event for event in node.boundaries if about(event.element) != "compensate"]


class _Reader:
    def __init__(self, scope: Scope, inner: Mapping[Any, Ends]) -> None:
        self.inner = inner
        self.partial = self.any_error = False
        self.tried = 0
        drawn = [node for node in scope.nodes if node.kind != "boundaryEvent" and not _apart_from_flow(node)]
        self.stations = {node: _station(node) for node in drawn}
        self.more: list[Station] = []  # in addition to those of the elements
        self.arcs: dict[Flow, Arc] = {}
        for node, station in self.stations.items():
            for flow in node.incoming:
                self.arcs[flow] = arc = Arc(station, flow)
                station.arcs.append(arc)
        starts = [node for node in drawn if node.kind == "startEvent"]
        self.firsts = starts or [node for node in drawn if not node.incoming]

    def net(self) -> Net:
        for node, station in self.stations.items():
            station.ways = self.alternatives(node) if station.stop is None else []
        self.any_error |= any(station.stop == CANCELLED for station in self.stations.values())
        firsts = [_place(self.stations[node]) for node in self.firsts]
        return Net([*self.stations.values(), *self.more], firsts, self.partial, self.any_error)

    def alternatives(self, node: Node) -> list[Way]:
        """Returns all alternatives of an element, including those of its boundary events."""
        ends = (
            Ends(any_error=True)
            if node.kind in _CALLS or _compensates(node)
            else self.inner.get(node.element, Ends())
        )
        ways = self.flows(node) if ends.normally else []
        ways += self.interruptions(node, ends)
        beside = [] if node.kind in AT_ONCE else [item for item in events_on(node) if not item.interrupting]
        if not beside:
            return ways
        # Its token stays while theirs continue: the same activity, with them as its targets.
        after = Station(node, ways=ways)
        self.more.append(after)
        here = _place(after)
        happened = [part for part in self.parts(beside) if part]
        return ways + [
            Way((here, *self.out(*part)), ", ".join(_event(event) for event in part)) for part in happened
        ]

    def interruptions(self, node: Node, ends: Ends) -> list[Way]:
        events = [event for event in events_on(node) if event.interrupting]
        catches = {error_code(event.element): event for event in events if about(event.element) == "error"}
        cancels = [event for event in events if about(event.element) == "cancel"]
        errors = [code for code in ends.errors if code != CANCELLED]
        happening = {catches.get(code, catches.get(None)) for code in errors}
        happening.update(cancels if CANCELLED in ends.errors else ())
        if ends.any_error:
            happening.update(catches.values())
            self.any_error |= None not in catches
        if node.kind not in AT_ONCE:
            happening.update(event for event in events if about(event.element) not in ("error", "cancel"))
        ways = [Way(self.out(event), _event(event)) for event in events if event in happening]
        for code in sorted(errors):
            if code not in catches and None not in catches:  # it also ends the enclosing scope
                stop = Station(node, stop=code)
                self.more.append(stop)
                ways.append(Way((_place(stop),), f"error {code!r}"))
        return ways

    def flows(self, node: Node) -> list[Way]:
        """Returns the alternatives that conditions choose from, or the only one."""
        flows = [flow for flow in node.outgoing if flow in self.arcs]
        if len(flows) < 2:
            return [Way(self.out(node))]
        if node.kind in _ONE_OF:
            return [self.way([flow]) for flow in flows]
        spare = node.element.get("default")
        asked = (
            [] if node.kind == "parallelGateway" else [flow for flow in flows if flow.condition is not None]
        )
        default = [flow for flow in flows if flow.id == spare and flow not in asked] if asked else []
        sure = [flow for flow in flows if flow not in asked and flow not in default]
        if not asked:
            return [Way(self.out(node))]
        chosen = [part for part in self.parts(asked, apart=self.disjoint(flows)) if part]
        if default or sure:  # else one of the conditions must be true
            chosen.append(tuple(default))
        return [self.way([*sure, *part]) for part in chosen]

    def way(self, flows: Sequence[Flow]) -> Way:
        """Returns the alternative along these flows, of several."""
        names = [repr(_flow_name(flow)) for flow in flows]
        return Way(
            tuple(self.arcs[flow] for flow in flows),
            ", ".join(names) or "–",
        )

    def out(self, *nodes: Node) -> tuple[Arc, ...]:
        """Returns all flows out of nodes."""
        return tuple(self.arcs[flow] for node in nodes for flow in node.outgoing if flow in self.arcs)

    def parts(self, items: Sequence[Any], *, apart: bool = False) -> list[tuple[Any, ...]]:
        """Returns the subsets of `items` that may occur together; of many items, only some of them."""
        count = len(items)
        sizes = set(range(count + 1))
        if apart:
            sizes = {0, 1, count}
        elif count > ALL_CHOICES:
            pairs = count <= PAIRS and self.tried < MAX_PARTS
            sizes = {0, 1, count} | ({2, count - 1} if pairs else set())
            self.partial = True
        found = [part for size in sorted(sizes) for part in combinations(items, size)]
        self.tried += len(found)
        return found

    def disjoint(self, flows: Sequence[Flow]) -> bool:
        """Whether the branches after `flows` have nothing in common before the same inclusive join.

        Then each is independent, and it is enough to try each one and all together.
        """
        owner: dict[Node, Flow] = {}
        joins: list[set[Node]] = []
        for flow in flows:
            met: set[Node] = set()
            waiting = [flow.target] if flow.target else []
            while waiting:
                node = waiting.pop()
                if self.stations[node].join == "some":
                    met.add(node)
                elif node not in owner:
                    owner[node] = flow
                    waiting += [arc.target.node for arc in self.out(node, *node.boundaries)]
                elif owner[node] is not flow and node.kind != "endEvent":
                    return False
            joins.append(met)
        return all(met == joins[0] for met in joins) and len(joins[0]) <= 1


def _apart_from_flow(node: Node) -> bool:
    return handles(node) or node.element.get("isForCompensation") == "true"


def _compensates(node: Node) -> bool:
    """Whether handlers run while its token waits, from which any error can come."""
    return node.kind in ("intermediateThrowEvent", "endEvent") and about(node.element) == "compensate"


def _station(node: Node) -> Station:
    kind = about(node.element) if node.kind == "endEvent" else ""
    stops = {
        "terminate": TERMINATE,
        "cancel": CANCELLED,
        "error": error_code(node.element) or TERMINATE,
    }
    stop = stops.get(kind)
    return Station(node, _JOINS.get(node.kind, "any") if len(node.incoming) > 1 else "any", stop)


def _place(station: Station) -> Arc:
    """Returns a place before a station without incoming flows."""
    arc = Arc(station)
    station.arcs.append(arc)
    return arc


def _event(event: Node) -> str:
    return f"event {name_of(event)!r}"


def _flow_name(flow: Flow) -> str:
    name = " ".join((flow.element.get("name") or "").split())
    return name[:60] or flow.id or (name_of(flow.target) if flow.target else "")
