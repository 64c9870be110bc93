"""What tokens may do, by the drawing alone: none comes from nowhere, none gets lost, none runs twice.

Counts how often each element was passed, and compares that with the flows into it. It knows nothing of the
engine and little of BPMN: where conditions or joins decide, it only bounds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import BPMN, bpmn

# A condition that is true already takes work away before it was anybody's.
_ENDINGS = frozenset({
    "terminateEventDefinition", "errorEventDefinition", "cancelEventDefinition", "conditionalEventDefinition",
})  # fmt: skip
_MANY = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
_LINK = bpmn("intermediateThrowEvent"), bpmn("intermediateCatchEvent")


@dataclass(frozen=True)
class _Flow:
    source: str
    target: str
    conditional: bool


def _name(process: Any, element: str) -> str:
    return f"{process.get('id')}/{element}"


class Flows:
    """The flows of a file, and what they allow."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._kinds: dict[str, str] = {}
        self._repeating: set[str] = set()  # run several times for one token
        self._ending: set[str] = set()  # take other tokens away
        self._out: dict[str, list[_Flow]] = defaultdict(list)
        self._into: dict[str, list[_Flow]] = defaultdict(list)
        for process in (process for root in roots for process in root.iter(bpmn("process"))):
            for flow in process.iter(bpmn("sequenceFlow")):
                conditional = flow.find(bpmn("conditionExpression")) is not None
                source, target = (_name(process, flow.get(end)) for end in ("sourceRef", "targetRef"))
                self._add(_Flow(source, target, conditional))
            for element in process.iter(f"{{{BPMN}}}*"):
                if element.get("id"):
                    self._read(_name(process, element.get("id")), element)
            self._link(process)

    def _read(self, name: str, element: Any) -> None:
        parts = {etree.QName(child).localname for child in element.iterchildren("{*}*")}
        self._kinds[name] = etree.QName(element).localname
        if parts & _MANY:
            self._repeating.add(name)
        if parts & _ENDINGS:
            self._ending.add(name)

    def _link(self, process: Any) -> None:
        """A link event continues at the one of its name in the same (sub-)process."""
        ends = [
            (link.get("name"), link.getparent(), link.getparent().getparent())
            for link in process.iter(bpmn("linkEventDefinition"))
        ]
        for name, source, scope in ends:
            for other, target, around in ends:
                if (name, scope) == (other, around) and (source.tag, target.tag) == _LINK:
                    begin, end = (_name(process, each.get("id")) for each in (source, target))
                    self._add(_Flow(begin, end, conditional=False))

    def _add(self, flow: _Flow) -> None:
        self._out[flow.source].append(flow)
        self._into[flow.target].append(flow)

    def wrong(self, process: str, log: Sequence[str]) -> Iterator[str]:
        """What cannot be in a run of a process that ended well; `log` is what was passed, or with ! taken
        out.
        """
        # The elements of called processes have those before their names.
        passed = Counter(
            element if "/" in element else f"{process}/{element}"
            for element in log
            if not element.startswith("!")
        )
        # Where tokens were taken away, less may have come than should.
        whole = not any(element.startswith("!") for element in log) and not passed.keys() & self._ending
        for name, kind in self._kinds.items():
            flows = self._into[name]
            if not flows or name in self._repeating or self._unsure(flows):
                continue
            least = sum(self._least(flow, passed) for flow in flows)
            most = sum(passed[flow.source] for flow in flows)
            if len(flows) > 1 and kind in ("parallelGateway", "inclusiveGateway"):
                # A join: each of its rounds needs one token at least, or one of each.
                least = max(self._least(flow, passed) for flow in flows) if kind == "parallelGateway" else 0
                most = min(passed[flow.source] for flow in flows) if kind == "parallelGateway" else most
            if passed[name] > most or (whole and passed[name] < least):
                yield f"{kind} {name} was passed {passed[name]} times, between {least} and {most} are right"
        if whole:
            yield from self._choices(passed)

    def _choices(self, passed: Counter[str]) -> Iterator[str]:
        """An exclusive gateway sends on as many tokens as it gets, if what is behind it gets no others."""
        for name, kind in self._kinds.items():
            flows = self._out[name]
            alone = all(
                len(self._into[flow.target]) == 1 and flow.target not in self._repeating for flow in flows
            )
            if kind == "exclusiveGateway" and len(flows) > 1 and alone:
                sent = sum(passed[flow.target] for flow in flows)
                if sent != passed[name]:
                    yield f"{kind} {name} was passed {passed[name]} times and sent {sent} tokens on"

    def _unsure(self, flows: Sequence[_Flow]) -> bool:
        return any(flow.source in self._repeating for flow in flows)

    def _least(self, flow: _Flow, passed: Counter[str]) -> int:
        """How many tokens must have come along a flow."""
        chooses = self._kinds.get(flow.source) in ("exclusiveGateway", "inclusiveGateway", "complexGateway")
        if flow.conditional or (chooses and len(self._out[flow.source]) > 1):
            return 0
        some = any(other.conditional for other in self._out[flow.source])
        return 0 if some else passed[flow.source]  # the default flow of a task, perhaps
