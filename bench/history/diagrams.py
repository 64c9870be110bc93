"""Draws the diagram of a service from its nodes, with the forms of its answers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import quoteattr

import orjson

from demo.history.shapes import (
    Await,
    Bill,
    Call,
    Entered,
    Fork,
    Loop,
    Node,
    Passed,
    Service,
    Timer,
    Work,
    flat,
)

_NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parvandeh="https://parvandeh.org/bpmn"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
)
_SILENCE = {"deemed_granted": "grant", "deemed_refused": "refuse", "escalate": "escalate", None: "none"}
COMPLETE = "complete.json"  # the form of a task that ends a loop, or not
GROUNDS = {
    "documents": "مدارک کامل نیست. | The documents are incomplete.",
    "zoning": "کاربری محل اجازه نمی‌دهد. | The zoning doesn't allow it.",
    "hygiene": "ضوابط بهداشتی رعایت نشده است. | The rules of hygiene are not met.",
}
_CODE = {"type": "string", "title": "کد", "enum": list(GROUNDS)}
_TEXT = {"type": "string", "title": "شرح", "minLength": 10}
_GROUND = {"type": "object", "title": "دلیل", "properties": {"code": _CODE, "text": _TEXT}}
_FORMS: Mapping[str, Mapping[str, object]] = {
    "decision.json": {
        "type": "object",
        "title": "تصمیم",
        "properties": {
            "decision": {"type": "string", "title": "تصمیم", "enum": ["granted", "refused"]},
            "ground": {**_GROUND, "required": ["code", "text"]},
        },
        "required": ["decision"],
    },
    "application.json": {
        "type": "object",
        "title": "درخواست",
        "properties": {"subject": {"type": "string", "title": "موضوع"}},
    },
    COMPLETE: {
        "type": "object",
        "title": "تطبیق",
        "properties": {"complete": {"type": "boolean", "title": "کامل است"}},
        "required": ["complete"],
    },
}


def files(service: Service) -> dict[str, bytes]:
    """Return the deployment of a service."""
    names = ["application.json", "decision.json"]
    names += [COMPLETE] if any(work.form == COMPLETE for work in service.works) else []
    forms = {name: orjson.dumps(_FORMS[name]) for name in names}
    return {f"{service.key}.bpmn": _diagram(service).encode(), **forms}


def _diagram(service: Service) -> str:
    attributes = {"id": service.key, "name": service.name, "isExecutable": "true"}
    if service.term is not None:
        attributes["parvandeh:statutory"] = service.term
        attributes["parvandeh:onSilence"] = _SILENCE[service.silence]
    if service.appeal is not None:
        attributes["parvandeh:appeal"] = service.appeal
    outcomes = "".join(
        f'<parvandeh:outcome value="{value}" effect="{effect}"/>' for value, effect in service.effects.items()
    )
    awaited = [node for node in flat(service.all_nodes) if isinstance(node, Await | Bill)]
    messages = "".join(f'<message id="{_message(node)}" name="{node.message}"/>' for node in awaited)
    body = "".join(_elements(service))
    return (
        f"<definitions {_NAMESPACES}>{messages}<process {_written(attributes)}>"
        f"<extensionElements>{outcomes}</extensionElements>{body}</process></definitions>"
    )


def _message(node: Await | Bill) -> str:
    return f"{node.element}.message"


def _written(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())


def _elements(service: Service) -> Iterator[str]:
    yield '<startEvent id="start" camunda:formKey="application.json"/>'
    yield from _nodes(service.nodes)
    yield from _line("start", service.nodes, "decided")
    yield '<exclusiveGateway id="decided" default="to_refused"/>'
    for outcome, nodes in service.ends.items():
        inner = [node for node in nodes if not isinstance(node, Passed)]
        yield from _nodes(inner)
        yield f'<endEvent id="{outcome}" parvandeh:outcome="{outcome}"/>'
        first = _first(inner[0]) if inner else outcome
        condition = "decision == 'granted'" if outcome == "granted" else None
        yield _flow("decided", first, f"to_{outcome}", condition)
        if inner:
            yield from _line(_last(inner[0]), inner[1:], outcome)


def _nodes(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Passed):
            yield from (f'<scriptTask id="{one}"><script>pass</script></scriptTask>' for one in node.elements)
        elif isinstance(node, Fork):
            yield from _fork(node)
        elif isinstance(node, Loop):
            yield from _loop(node)
        elif isinstance(node, Work):
            yield _task(node)
        elif isinstance(node, Bill):
            yield from _bill(node)
        elif not isinstance(node, Entered):
            yield _system(node)


def _fork(node: Fork) -> Iterator[str]:
    yield f'<parallelGateway id="{node.split}"/><parallelGateway id="{node.join}"/>'
    for branch in node.branches:
        yield from _nodes(branch)
        yield from _line(node.split, branch, node.join)


def _loop(node: Loop) -> Iterator[str]:
    yield f'<exclusiveGateway id="{node.begin}"/>'
    yield f'<exclusiveGateway id="{node.test}" default="{node.test}-back"/>'
    yield from _nodes([*node.nodes, *node.back])
    yield from _line(node.begin, node.nodes, node.test)
    yield _flow(node.test, _first(node.back[0]), f"{node.test}-back")
    yield from _line(_last(node.back[0]), node.back[1:], node.begin)


def _bill(node: Bill) -> Iterator[str]:
    drawn = {
        **{"id": node.element, "name": node.name, "parvandeh:connector": "payments"},
        **{"parvandeh:operation": "bill", "parvandeh:result": "bill", "parvandeh:bill": "bill"},
        "parvandeh:request": f"{{'amount_rials': {node.amount}}}",
        **{"parvandeh:billAmount": "amount_rials", "parvandeh:billCurrency": "IRR"},
    }
    yield f"<serviceTask {_written(drawn)}/>"
    yield _flow(node.element, node.paid, f"{node.element}-{node.paid}")
    awaits = {
        **{"id": node.paid, "name": node.name, "messageRef": _message(node), "parvandeh:party": "applicant"},
        **{"parvandeh:correlation": "{'bill': bill['bill']}", "parvandeh:result": "payment"},
        **{"parvandeh:paidAmount": "amount_rials", "parvandeh:paidCurrency": "currency"},
    }
    yield f"<receiveTask {_written(awaits)}/>"


def _system(node: Call | Await | Timer) -> str:
    drawn = {"id": node.element, "name": node.name}
    if isinstance(node, Call):
        drawn |= {"parvandeh:connector": node.connector, "parvandeh:operation": node.operation}
        drawn |= {"parvandeh:party": node.agency} if node.agency else {}
        return f"<serviceTask {_written({**drawn, 'parvandeh:result': node.element})}/>"
    if isinstance(node, Await):
        drawn |= {"messageRef": _message(node), "parvandeh:party": node.party}
        drawn |= {"parvandeh:clock": "pause"} if node.pauses else {}
        return f"<receiveTask {_written(drawn)}/>"
    lasts = f"<timeDuration>'PT{node.hours}H'</timeDuration>"
    event = f"<timerEventDefinition>{lasts}</timerEventDefinition>"
    return f"<intermediateCatchEvent {_written(drawn)}>{event}</intermediateCatchEvent>"


def _task(node: Work) -> str:
    attributes = {"id": node.element, "name": node.name, "parvandeh:role": node.role}
    if node.unit is not None and node.side == "office":
        attributes["parvandeh:unit"] = node.unit
    for name in ("presence", "channel", "assignment"):
        if getattr(node, name) is not None:
            attributes[f"parvandeh:{name}"] = getattr(node, name)
    if node.norm is not None:
        attributes["parvandeh:norm"] = f"PT{node.norm}WH"
    if node.pauses:
        attributes["parvandeh:clock"] = "pause"
    if node.decides:
        attributes |= {"parvandeh:decision": "decision", "camunda:formKey": "decision.json"}
    elif node.form is not None:
        attributes["camunda:formKey"] = node.form
    return f"<userTask {_written(attributes)}/>"


def _line(begin: str, nodes: Sequence[Node], end: str) -> Iterator[str]:
    ends = [(begin, begin), *((_first(node), _last(node)) for node in nodes), (end, end)]
    loops = {node.test for node in nodes if isinstance(node, Loop)}
    for (_, source), (target, _) in pairwise(ends):
        condition = "complete" if source in loops else None
        yield _flow(source, target, f"{source}-{target}", condition)


def _first(node: Node) -> str:
    if isinstance(node, Passed):
        return node.elements[0]
    if isinstance(node, Loop):
        return node.begin
    return node.split if isinstance(node, Fork) else node.element


def _last(node: Node) -> str:
    if isinstance(node, Loop):
        return node.test
    if isinstance(node, Bill):
        return node.paid
    return node.join if isinstance(node, Fork) else _first(node)


def _flow(source: str, target: str, name: str, condition: str | None = None) -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
