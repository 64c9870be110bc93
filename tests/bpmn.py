"""Small BPMN files for tests: `process(start(), flow("start", "a"), …)` returns the bytes of one."""

import itertools
from typing import Any

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
        "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
        "camunda": "http://camunda.org/schema/1.0/bpmn",
        "parvandeh": "https://parvandeh.org/bpmn",
        "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }.items()
)


def definitions(*bodies: str, more: str = "") -> bytes:
    """A file with these root elements, each on separate lines."""
    parts = "\n".join(bodies)
    return f"<bpmn:definitions {NAMESPACES} {more}>\n{parts}\n</bpmn:definitions>\n".encode()


def process(*body: str, key: str = "p", attributes: str = 'isExecutable="true"') -> bytes:
    """A file with one process."""
    return definitions(process_element(*body, key=key, attributes=attributes))


def process_element(*body: str, key: str = "p", attributes: str = 'isExecutable="true"') -> str:
    """One process, for `definitions`."""
    inside = "\n".join(body)
    return f'<bpmn:process id="{key}" {attributes}>\n{inside}\n</bpmn:process>'


def line(*kinds_and_ids: str, before: str = "", after: str = "") -> bytes:
    """A process start → the given elements → end: `line("userTask a", script("b", "x = 1"))`."""
    return process(before, *in_line(*kinds_and_ids), after)


def in_line(*elements: str, prefix: str = "") -> list[str]:
    """Start event, elements and end event with the flows between them. An element is XML, or "kind id"."""
    drawn = [element if element.lstrip().startswith("<") else node(*element.split()) for element in elements]
    drawn = [node("startEvent", f"{prefix}start"), *drawn, node("endEvent", f"{prefix}end")]
    ids = [element.split('id="', 1)[1].split('"', 1)[0] for element in drawn]
    return [*drawn, *(flow(source, target) for source, target in itertools.pairwise(ids))]


def node(kind: str, name: str, body: str = "", /, **attributes: Any) -> str:
    """A flow node. `camunda__formKey="x.json"` writes an attribute with a prefix."""
    more = "".join(f' {key.replace("__", ":")}="{value}"' for key, value in attributes.items())
    return f'<bpmn:{kind} id="{name}"{more}>{body}</bpmn:{kind}>'


def flow(source: str, target: str, condition: str | None = None, *, name: str | None = None) -> str:
    """A sequence flow; its id is `source-target` unless given."""
    inside = "" if condition is None else f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>"
    ends = f'id="{name or f"{source}-{target}"}" sourceRef="{source}" targetRef="{target}"'
    return f"<bpmn:sequenceFlow {ends}>{inside}</bpmn:sequenceFlow>"


def script(name: str, code: str) -> str:
    """A script task."""
    return node("scriptTask", name, f"<bpmn:script><![CDATA[{code}]]></bpmn:script>")


def many(inside: str, *, sequential: bool = False) -> str:
    """A multi-instance marker."""
    marker = "multiInstanceLoopCharacteristics"
    return f'<bpmn:{marker} isSequential="{str(sequential).lower()}">{inside}</bpmn:{marker}>'


def declared(**outcomes: str) -> str:
    """The outcomes that a process declares, each with its effect."""
    told = "".join(f'<parvandeh:outcome value="{v}" effect="{e}"/>' for v, e in outcomes.items())
    return extension(told)


def extension(inside: str) -> str:
    """Extension elements."""
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"
