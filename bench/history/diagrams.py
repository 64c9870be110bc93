"""Draws the diagram of a service from its nodes, with the form of its decision."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import quoteattr

import orjson

from demo.history.shapes import Await, Call, Entered, Fork, Node, Passed, Service, Timer, Work

_NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parvandeh="https://parvandeh.org/bpmn"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
)
_SILENCE = {"deemed_granted": "grant", "deemed_refused": "refuse", None: "none"}
_FORM = {
    "type": "object",
    "title": "تصمیم",
    "x-i18n": {"fa": {"title": "تصمیم"}, "en": {"title": "Decision"}},
    "properties": {"decision": {"type": "string", "title": "تصمیم", "enum": ["granted", "refused"]}},
    "required": ["decision"],
}


def files(service: Service) -> dict[str, bytes]:
    """Return the deployment of a service."""
    return {f"{service.key}.bpmn": _diagram(service).encode(), "decision.json": orjson.dumps(_FORM)}


def _diagram(service: Service) -> str:
    attributes = {"id": service.key, "name": service.name, "isExecutable": "true"}
    if service.term is not None:
        attributes["parvandeh:statutory"] = service.term
        attributes["parvandeh:onSilence"] = _SILENCE[service.silence]
    outcomes = "".join(
        f'<parvandeh:outcome value="{value}" effect="{effect}"/>' for value, effect in service.effects.items()
    )
    messages = "".join(
        f'<message id="{node.message}" name="{service.key}.{node.message}"/>'
        for node in _flat(service.all_nodes)
        if isinstance(node, Await)
    )
    body = "".join(_elements(service))
    return (
        f"<definitions {_NAMESPACES}>{messages}<process {_written(attributes)}>"
        f"<extensionElements>{outcomes}</extensionElements>{body}</process></definitions>"
    )


def _written(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())


def _elements(service: Service) -> Iterator[str]:
    yield '<startEvent id="start"/>'
    yield from _nodes(service.nodes)
    yield from _line("start", service.nodes, "decided")
    yield '<exclusiveGateway id="decided" default="to_refused"/>'
    for outcome, nodes in service.ends.items():
        inner = [node for node in nodes if not isinstance(node, Passed)]
        yield from _nodes(inner)
        yield f'<endEvent id="{outcome}" parvandeh:outcome="{outcome}"/>'
        first = _first(inner[0]) if inner else outcome
        yield _flow("decided", first, f"to_{outcome}", outcome if outcome == "granted" else None)
        if inner:
            yield from _line(_last(inner[0]), inner[1:], outcome)


def _nodes(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Passed):
            yield from (f'<scriptTask id="{one}"><script>pass</script></scriptTask>' for one in node.elements)
        elif isinstance(node, Fork):
            yield f'<parallelGateway id="{node.split}"/><parallelGateway id="{node.join}"/>'
            for branch in node.branches:
                yield from _nodes(branch)
                yield from _line(node.split, branch, node.join)
        elif isinstance(node, Work):
            yield _task(node)
        elif not isinstance(node, Entered):
            yield _system(node)


def _system(node: Call | Await | Timer) -> str:
    drawn = {"id": node.element, "name": node.name}
    if isinstance(node, Call):
        drawn |= {"parvandeh:connector": node.connector, "parvandeh:operation": node.operation}
        return f"<serviceTask {_written({**drawn, 'parvandeh:result': node.element})}/>"
    if isinstance(node, Await):
        drawn |= {"messageRef": node.message, "parvandeh:party": node.party}
        drawn |= {"parvandeh:clock": "pause"} if node.pauses else {}
        return f"<receiveTask {_written(drawn)}/>"
    lasts = f"<timeDuration>'PT{node.hours}H'</timeDuration>"
    event = f"<timerEventDefinition>{lasts}</timerEventDefinition>"
    return f"<intermediateCatchEvent {_written(drawn)}>{event}</intermediateCatchEvent>"


def _task(node: Work) -> str:
    attributes = {"id": node.element, "name": node.name, "parvandeh:role": node.role}
    if node.unit is not None and node.side == "office":
        attributes["parvandeh:unit"] = node.unit
    for name, value in (("presence", node.presence), ("assignment", node.assignment)):
        if value is not None:
            attributes[f"parvandeh:{name}"] = value
    if node.norm is not None:
        attributes["parvandeh:norm"] = f"PT{node.norm}WH"
    if node.pauses:
        attributes["parvandeh:clock"] = "pause"
    if node.decides:
        attributes |= {"parvandeh:decision": "decision", "camunda:formKey": "decision.json"}
    return f"<userTask {_written(attributes)}/>"


def _line(begin: str, nodes: Sequence[Node], end: str) -> Iterator[str]:
    ends = [(begin, begin), *((_first(node), _last(node)) for node in nodes), (end, end)]
    for (_, source), (target, _) in pairwise(ends):
        yield _flow(source, target, f"{source}-{target}")


def _first(node: Node) -> str:
    if isinstance(node, Passed):
        return node.elements[0]
    return node.split if isinstance(node, Fork) else node.element


def _last(node: Node) -> str:
    return node.join if isinstance(node, Fork) else _first(node)


def _flow(source: str, target: str, name: str, outcome: str | None = None) -> str:
    condition = f"<conditionExpression>decision == '{outcome}'</conditionExpression>" if outcome else ""
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>'


def _flat(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Fork):
            for branch in node.branches:
                yield from _flat(branch)
