"""Extracts the comparable facts of a diagram: in the product's own vocabulary, without its layout.

Expressions are in Python's canonical form, so that spaces and comments are no difference.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from engine.bpmn import forms
from engine.bpmn.expressions import syntax
from engine.bpmn.expressions.named_people import Unfit, words
from engine.bpmn.notation import events, outcomes, timers
from engine.bpmn.notation.bills import BILL, PAID, PARTS
from engine.bpmn.notation.candidate_roles import Bindings, CandidateRoles, normalize_name, read_bindings
from engine.bpmn.notation.clock import CLOCK, FACTS, OPINIONS_PAUSE
from engine.bpmn.notation.conflicts import on_conflict
from engine.bpmn.notation.events import STARTER
from engine.bpmn.notation.lanes import lane_of, listed
from engine.bpmn.notation.outcomes import OUTCOME
from engine.bpmn.notation.requirements import BUSINESS_KEY, TASK_MARKS, case_rules
from engine.bpmn.notation.rule_tasks import DECISION, NULL_FAULTS, fingerprint
from engine.bpmn.notation.source import BPMN_SUFFIXES, Source, read_xml
from engine.bpmn.notation.structure import FLOW_NODE_TAGS, flow_nodes, handlers, only_bare
from engine.bpmn.notation.vocabulary import HUMAN, OURS, bpmn
from engine.bpmn.translate import translate

ALWAYS, OTHERWISE = "", "default"  # guards of a flow without a condition, and of a default flow

_SCOPES = (bpmn("subProcess"), bpmn("transaction"))
_EVENT_DEFINITION = "EventDefinition"
# Of markers, the standard's defaults.
_DEFAULTS = frozenset({("isSequential", "false"), ("testBefore", "false"), ("behavior", "All")})
# Compared elsewhere, or without meaning here.
_READ = frozenset({
    *("id", "name", "default", "attachedToRef", "cancelActivity", "isInterrupting", "calledElement"),
    *("messageRef", "operationRef", "implementation", "scriptFormat", "gatewayDirection"),
    *("startQuantity", "completionQuantity", OUTCOME, STARTER),
    *(OURS + name for name in (
        "assignee", "candidateUsers", "candidateGroups", "due", "followUp", "priority", "inputs", "outputs",
        "connector", "operation", "topic", "request", "result", "correlation", "data", "name", "code",
        BILL, *PARTS, *PAID, "detail", "presence", "channel", "legalBasis", "party", "role", "unit",
        "decisionRef", "norm", "clock", "opinionsPause", *TASK_MARKS,
    )),
})  # fmt: skip
_READ_INSIDE = FLOW_NODE_TAGS | frozenset(
    bpmn(name)
    for name in (
        *("incoming", "outgoing", "documentation", "extensionElements", "sequenceFlow", "laneSet", "script"),
        *("multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "association", "textAnnotation"),
        *("group", "ioSpecification", "dataInputAssociation", "dataOutputAssociation", "property"),
        *("dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput", "inputSet"),
        *("outputSet", "auditing", "monitoring"),
    )
)


@dataclass(frozen=True, slots=True)
class Step:
    """A flow node. `kind` is that of the element, after an event's trigger; `facts` contain no None."""

    id: str
    name: str
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `guard` is its condition, ALWAYS or OTHERWISE."""

    source: str
    target: str
    guard: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A process; roles and messages by the ids of their lanes, pools and definitions."""

    key: str
    name: str
    business_key: str | None = None
    documentation: str | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> Iterator[str]:
        """Yields the keys of the processes that it calls."""
        return (step.facts["called"] for step in self.steps.values() if "called" in step.facts)


def read(source: Source, key: str | None) -> dict[str, Drawn]:
    """Reads a process and those that it calls, by key; without a key, all executable ones of the source."""
    homes: dict[str, dict[str, tuple[Any, Source]]] = {}
    own = _processes(source, homes)
    open_keys = [(name, source) for name in ([key] if key is not None else own)]
    found: dict[str, Drawn] = {}
    while open_keys:
        name, home = open_keys.pop(0)
        here = _processes(home, homes)
        if name in found or (name not in here and name not in home.calls):
            continue
        if name not in here:
            open_keys.append((name, home.calls[name]))
            continue
        found[name] = _drawn(here[name][0], home.files)
        open_keys += [(called, home) for called in found[name].called]
    return found


def _processes(
    source: Source, homes: dict[str, dict[str, tuple[Any, Source]]]
) -> dict[str, tuple[Any, Source]]:
    """Reads the executable processes of a source's own files once."""
    if source.digest not in homes:
        homes[source.digest], bindings = {}, read_bindings(source.files)
        for name, content in source.files.items():
            if name.endswith(BPMN_SUFFIXES):
                root = read_xml(name, content).getroot()
                translate(root, bindings)
                homes[source.digest] |= {
                    process.get("id"): (process, source)
                    for process in root.iterchildren(bpmn("process"))
                    if process.get("isExecutable") != "false"
                }
    return homes[source.digest]


def _drawn(process: Any, files: Mapping[str, bytes]) -> Drawn:
    root = process.getparent()
    lanes = listed(root)
    inside = set(process.iter())
    nodes = [node for node in flow_nodes(root) if node in inside]
    handler, bindings = handlers(root), read_bindings(files)
    steps = [
        _step(node, _facts(node, files) | _people(node, lane_of(node, lanes), bindings), handler)
        for node in nodes
    ]
    return Drawn(
        process.get("id"),
        process.get("name") or process.get("id"),
        process.get(BUSINESS_KEY),
        _documentation(process),
        {step.id: step for step in steps},
        tuple(_flows(process, {node.get("id"): node for node in nodes})),
        _roles(process, root),
        {item.get("id"): item.get("name") or "" for item in root.iterchildren(bpmn("message"))},
        _rules(process),
    )


def _rules(process: Any) -> dict[str, Any]:
    """Returns the rules for its cases that are defined."""
    found = case_rules(process)
    rules = {
        "appeal": found.appeal,
        "appeal-within": found.appeal_within,
        "party": list(found.parties),
        "searchable": list(found.searchable),
        "subject": found.subject,
        **{name: process.get(OURS + attribute) for name, attribute in FACTS.items()},
        "outcomes": _outcomes(process),
        "null-faults": process.get(NULL_FAULTS),
        "on-conflict": sorted(" ".join(one) for one in on_conflict(process)),
    }
    return {name: value for name, value in rules.items() if value}


def _roles(process: Any, root: Any) -> dict[str, str]:
    """Returns the roles of its lanes, or of the pool of a process without lanes."""
    found = list(process.iter(bpmn("lane"))) or [
        pool
        for pool in root.iter(bpmn("participant"))
        if (pool.get("processRef") or "").rpartition(":")[2] == process.get("id")
    ]
    names = {item.get("id"): normalize_name(item.get("name") or "") for item in found}
    return {key: name for key, name in names.items() if name}


def _flows(process: Any, nodes: Mapping[str, Any]) -> Iterator[Flow]:
    out: dict[str, list[Any]] = {}
    for flow in process.iter(bpmn("sequenceFlow")):
        out.setdefault(flow.get("sourceRef"), []).append(flow)
    for source, flows in out.items():
        node = nodes.get(source)
        if node is None:
            continue
        bare = only_bare(flows) if node.tag == bpmn("exclusiveGateway") else None
        for flow in flows:
            default = flow is bare or (flow.get("id") is not None and flow.get("id") == node.get("default"))
            condition = flow.find(bpmn("conditionExpression"))
            text = ALWAYS if condition is None else python(condition.text or "")
            yield Flow(source, flow.get("targetRef"), OTHERWISE if default else text)


def _step(node: Any, facts: Mapping[str, Any], handlers: Mapping[str, Any]) -> Step:
    found = {**facts, "handler": handlers.get(node.get("id"))}
    about = [_about(child) for child in node if str(child.tag).endswith(_EVENT_DEFINITION)]
    return Step(
        node.get("id"),
        (node.get("name") or "").strip(),
        " ".join([*sorted(about), node.tag.rpartition("}")[2]]),
        {name: value for name, value in found.items() if value is not None},
    )


def _facts(node: Any, files: Mapping[str, bytes]) -> dict[str, Any]:
    kind = node.tag.rpartition("}")[2]
    return {
        **_place(node),
        **_happening(node),
        **_work(node, kind),
        "asked": node.get(DECISION),
        "decided-by": fingerprint(files, node.get(DECISION)),
        "form": _form(node, kind, files),
        "repetition": _repetition(node),
        "outcome": node.get(OUTCOME),
        "outcomes": _outcomes(node),
        "starter": node.get(STARTER),
        "clock": node.get(CLOCK),
        "documentation": _documentation(node),
        "other": _rest(node),
    }


def _outcomes(element: Any) -> list[str] | None:
    """Returns the outcomes declared there, each with its effect."""
    return [f"{one.value} ({one.effect})" for one in outcomes.read(element)] or None


def _documentation(element: Any) -> str | None:
    return " ".join((element.findtext(bpmn("documentation")) or "").split()) or None


def _about(definition: Any) -> str:
    """Returns `timer` for a timerEventDefinition."""
    return str(definition.tag).rpartition("}")[2].removesuffix(_EVENT_DEFINITION)


def _place(node: Any) -> dict[str, Any]:
    around = node.getparent()
    by_event = around.get("triggeredByEvent") == "true"
    breaks = node.get("cancelActivity", "true") if node.tag == bpmn("boundaryEvent") else None
    if node.tag == bpmn("startEvent") and by_event:
        breaks = node.get("isInterrupting", "true")
    return {
        "scope": around.get("id") if around.tag in _SCOPES else None,
        "host": node.get("attachedToRef"),
        "interrupting": None if breaks is None else breaks == "true",
    }


def _people(node: Any, lane: Any, bindings: Bindings) -> dict[str, Any]:
    kind = node.tag.rpartition("}")[2]
    if kind in HUMAN:
        role, unit = _roles_and_units(node, bindings)
    else:
        works = kind.endswith("Task") or kind in ("callActivity", "subProcess", "transaction")
        name = normalize_name("" if lane is None or not works else lane.get("name") or "")
        role, unit = [name] if name else None, None
    users = node.get(f"{OURS}candidateUsers")
    return {
        "role": role,
        "unit": unit,
        **{name: node.get(OURS + name) for name in TASK_MARKS},
        "assignee": _code(node, "assignee"),
        "users": None if users is None else _names(users),
        "deadline": _code(node, "due"),
        "follow-up": _code(node, "followUp"),
        "priority": _code(node, "priority"),
        "presence": node.get(f"{OURS}presence"),
        "channel": node.get(f"{OURS}channel"),
        "legal-basis": node.get(f"{OURS}legalBasis"),
        "awaits": node.get(f"{OURS}party"),
        "norm": node.get(f"{OURS}norm"),
        "opinions-pause": node.get(OPINIONS_PAUSE),
    }


def _roles_and_units(node: Any, bindings: Bindings) -> tuple[Any, Any]:
    """Returns the sorted roles and units of a task; expressions for roles are unchanged."""
    groups, unit = node.get(f"{OURS}candidateGroups"), node.get(f"{OURS}unit")
    posting = CandidateRoles(node.get(f"{OURS}role"), unit, bindings)
    names = [] if groups is None else _names(groups)
    if posting.role is None and isinstance(names, str):
        return names, unit and [unit]
    found = posting.of(names)
    roles, units = {post.role for post in found}, {post.unit for post in found if post.unit}
    return sorted(roles) or None, sorted(units) or None


def _names(code: str) -> Any:
    """Returns the sorted names in a list; an expression unchanged."""
    try:
        return sorted(words(syntax.literal(code.strip())))
    except (SyntaxError, Unfit):
        return python(code)


def _happening(node: Any) -> dict[str, Any]:
    """Returns the facts of an event, or of a send or receive task."""
    link = node.find(bpmn("linkEventDefinition"))
    found: dict[str, Any] = {"link": None if link is None else link.get("name")}
    trigger = events.trigger(node)
    if trigger is None:
        return found
    if trigger.kind == "timer":
        text = timers.plain_text(trigger.text)
        found["timer"] = {str(trigger.timer): text if timers.is_literal(text) else python(text)}
    elif trigger.kind == "condition":
        found["condition"] = python(trigger.text)
    else:
        found[trigger.kind] = trigger.name if trigger.named is None else python(trigger.named)
    return found


def _work(node: Any, kind: str) -> dict[str, Any]:
    asked = {name: node.get(OURS + name) for name in ("connector", "operation", "topic")}
    return {
        "service": {name: value for name, value in asked.items() if value} or None,
        **{
            name: _code(node, name)
            for name in ("request", "result", "correlation", "data", "inputs", "outputs")
        },
        **{f"{name}-variable": node.get(OURS + name) for name in ("code", "detail")},
        "script": python(node.findtext(bpmn("script"), ""), "exec") if kind == "scriptTask" else None,
        "called": node.get("calledElement"),
        "bill": {name: said for name in (BILL, *PARTS, *PAID) if (said := node.get(OURS + name))} or None,
    }


def _form(node: Any, kind: str, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    if kind not in ("userTask", "startEvent"):
        return None
    form = forms.read(node, files)
    if form is not None:
        return {"schema": form.schema, "ui": form.ui}
    name, _ = forms.names(node)
    # Its file is not available: only whether it is the same one can be compared.
    return {"schema": {}, "ui": name} if name else None


def _repetition(node: Any) -> str | None:
    """Returns the marker of a repetition, as text."""
    for name in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
        marker = node.find(bpmn(name))
        if marker is not None:
            return _written(marker)
    return None


def _written(element: Any) -> str:
    """Returns an element's attributes and texts in a fixed order, without its id, defaults and extensions."""
    attributes = sorted(
        (name, value)
        for name, value in element.attrib.items()
        if name != "id" and not name.startswith("{") and (name, value) not in _DEFAULTS
    )
    if element.tag in (bpmn("inputDataItem"), bpmn("outputDataItem")):
        attributes.append(("id", element.get("id") or ""))  # it names a variable
    inside = sorted(_written(child) for child in element.iterchildren(etree.Element))
    text = python(element.text or "")
    return f"{element.tag.rpartition('}')[2]}{attributes or ''}{inside or ''}{text}"


def _rest(node: Any) -> list[str] | None:
    """Returns everything else that could change how it runs."""
    attributes = [
        f"{name.rpartition('}')[2]}={value}"
        for name, value in node.attrib.items()
        if name not in _READ and (not name.startswith("{") or name.startswith(OURS)) and value != "false"
    ]
    children = [
        _written(child)
        for child in node.iterchildren(f"{bpmn('')}*")
        if child.tag not in _READ_INSIDE and not child.tag.endswith(_EVENT_DEFINITION)
    ]
    return sorted(attributes + children) or None


def _code(node: Any, name: str) -> str | None:
    text = node.get(OURS + name)
    return None if text is None else python(text)


def python(text: str, mode: Literal["eval", "exec"] = "eval") -> str:
    """Returns code in Python's canonical form; code that isn't Python, with single spaces."""
    try:
        return ast.unparse(syntax.tree(text.strip(), mode))
    except (SyntaxError, RecursionError):
        return " ".join(text.split())
