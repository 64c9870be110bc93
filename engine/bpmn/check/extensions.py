"""Checks extensions in a diagram: used, harmless, or executed by another engine and not supported here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine.bpmn.check.allow_list import CHILDREN
from engine.bpmn.check.refusals import REFUSED
from engine.bpmn.model.diagram import by_event, trigger
from engine.bpmn.model.notes import Notes, place, qualified
from engine.bpmn.notation.activities import ASSIGNMENT
from engine.bpmn.notation.bills import PAID, PARTS
from engine.bpmn.notation.clock import PROCESS as CLOCK_PROCESS
from engine.bpmn.notation.conflicts import DATA_OBJECTS
from engine.bpmn.notation.outcomes import DECISION
from engine.bpmn.notation.vocabulary import (
    ACTIVITIES,
    BPMN,
    CAMUNDA,
    HUMAN,
    PARVANDEH,
    RUNNING,
    local,
)
from engine.bpmn.translate.vendors import OTHER_ENGINES, SPIFF, VOCABULARY, ZEEBE

# Layout, colours and notes of editors: nothing in them can change how a process runs.
_EDITORS = frozenset({
    "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace",
    "http://www.omg.org/spec/BPMN/20100524/DI", "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI", "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
    "http://bpmn.io/schema/bpmn/biocolor/1.0", "http://camunda.org/schema/modeler/1.0",
    "http://operaton.org/schema/modeler/1.0",
})  # fmt: skip

# Camunda's settings for its own storage, scheduling and lists, which don't exist here.
_CAMUNDA_HARMLESS = frozenset({
    "asyncBefore", "asyncAfter", "async", "exclusive", "jobPriority", "taskPriority", "historyTimeToLive",
    "versionTag", "isStartableInTasklist", "diagramRelationId", "failedJobRetryTimeCycle", "modelerTemplate",
    "modelerTemplateVersion", "modelerTemplateIcon",
})  # fmt: skip
_SPIFF_HARMLESS = frozenset({"unitTests"})
_ZEEBE_HARMLESS = frozenset({
    "modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "versionTag",
})  # fmt: skip
_IGNORED = frozenset(
    {
        (CAMUNDA, "properties"),
        (ZEEBE, "properties"),
        (SPIFF, "instructionsForEndUser"),
        (SPIFF, "taskMetadataValues"),
    }
)

# In Camunda, it controls lists of processes only; people may start them unless configured otherwise.
_STARTERS = frozenset({"candidateStarterUsers", "candidateStarterGroups"})
_WITH_FORM = frozenset({"userTask", "startEvent"})
_USED_ELEMENTS = frozenset({(CAMUNDA, "formData"), (SPIFF, "properties")})
_USED_ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        f"{{{CAMUNDA}}}formKey": _WITH_FORM,
        f"{{{CAMUNDA}}}calledElementBinding": frozenset({"callActivity"}),
        f"{{{PARVANDEH}}}outcome": frozenset({"endEvent"}),
        f"{{{PARVANDEH}}}businessKey": frozenset({"process"}),
        f"{{{PARVANDEH}}}starter": frozenset({"startEvent"}),
    }
)

# The product's own attributes by the elements that read them, and their triggers (None: any).
_Readers = frozenset[tuple[str, str | None]]
_THROWS: _Readers = frozenset({
    ("intermediateThrowEvent", "message"), ("endEvent", "message"), ("sendTask", "message"),
})  # fmt: skip
_CATCHES: _Readers = frozenset({
    ("intermediateCatchEvent", "message"), ("boundaryEvent", "message"), ("receiveTask", "message"),
})  # fmt: skip
_SERVICE: _Readers = frozenset({("serviceTask", None)})
_MAPPED = ACTIVITIES | {"intermediateCatchEvent", "intermediateThrowEvent"}
_WITH_INPUTS = _MAPPED | {"endEvent"}
_WITH_OUTPUTS = _MAPPED | {"boundaryEvent", "startEvent"}
_OURS: Mapping[str, _Readers] = MappingProxyType({
    "correlation": _THROWS | _CATCHES,
    "data": _THROWS | {("intermediateThrowEvent", "signal"), ("endEvent", "signal")},
    "result": _CATCHES | _SERVICE | {
        ("intermediateCatchEvent", "signal"), ("boundaryEvent", "signal"), ("boundaryEvent", "error"),
        ("boundaryEvent", "escalation"),
        ("startEvent", "message"), ("startEvent", "signal"),
    },
    "name": _THROWS | _CATCHES | {
        ("intermediateThrowEvent", "signal"), ("endEvent", "signal"),
        ("intermediateCatchEvent", "signal"), ("boundaryEvent", "signal"),
    },
    "code": frozenset({("boundaryEvent", "error"), ("boundaryEvent", "escalation")}),
    "detail": frozenset({("boundaryEvent", "error")}),
    **dict.fromkeys(("connector", "topic", "operation", "request"), _SERVICE),
    **dict.fromkeys(("bill", *PARTS), _SERVICE),
    **dict.fromkeys(PAID, _CATCHES),
    "inputs": frozenset((kind, None) for kind in _WITH_INPUTS),
    "outputs": frozenset((kind, None) for kind in _WITH_OUTPUTS),
    **dict.fromkeys((*ASSIGNMENT, "presence", "channel"), frozenset((kind, None) for kind in HUMAN)),
    **dict.fromkeys(("role", "unit"), frozenset((kind, None) for kind in HUMAN | {"lane", "participant"})),
    "assignment": frozenset((kind, None) for kind in HUMAN | {"lane", "process"}),
    **dict.fromkeys(("sod", "acr"), frozenset((kind, None) for kind in HUMAN)),
    "decision": frozenset({("userTask", None)}),
    **dict.fromkeys(
        ("decisionRef", "resultVariable", "mapDecisionResult"), frozenset({("businessRuleTask", None)})
    ),
    "nullFaults": frozenset({("businessRuleTask", None), ("process", None)}),
    **dict.fromkeys(
        ("appeal", "appealWithin", "searchable", "subject"), frozenset({("process", None)})
    ),
    "party": _CATCHES | _SERVICE | {
        ("process", None),
        *((kind, "signal") for kind in ("intermediateCatchEvent", "boundaryEvent")),
        *((kind, "condition") for kind in ("intermediateCatchEvent", "boundaryEvent")),
    },
    **dict.fromkeys(CLOCK_PROCESS, frozenset({("process", None)})),
    "norm": frozenset((kind, None) for kind in HUMAN | {"process"}),
    "clock": frozenset((kind, None) for kind in RUNNING),
    "opinionsPause": frozenset((kind, None) for kind in HUMAN),
    "onConflict": frozenset((kind, None) for kind in DATA_OBJECTS),
    "legalBasis": frozenset((kind, None) for kind in HUMAN | {"process"}),
    "accept": frozenset((kind, None) for kind in RUNNING | {"process", "sequenceFlow"}),
})  # fmt: skip

# How to fix each misplaced attribute or element: the text `advice` of the findings.
_ADVICE: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(
        ("assignee", "candidateGroups", "candidateUsers", "dueDate", "followUpDate", "priority"), "user-task"
    ),
    **dict.fromkeys(("in", "out"), "call"),
    **dict.fromkeys(("inputOutput", "ioMapping"), "mapping"),
    **dict.fromkeys(
        ("executionListener", "taskListener", "executionListeners", "taskListeners", "preScript",
         "postScript"),
        "script-task",
    ),
    **dict.fromkeys(
        ("class", "expression", "delegateExpression", "type", "connector", "serviceTaskOperator", "field",
         "taskDefinition"),
        "service-task",
    ),
    "topic": "topic",
    **dict.fromkeys(("operation", "request"), "service-only"),
    "name": "computed-name",
    "correlation": "correlation",
    "data": "data",
    "result": "result",
    **dict.fromkeys(
        ("code", "detail", "errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"),
        "error-code",
    ),
    **dict.fromkeys(
        ("messageVariable", "messagePayload", "payloadExpression", "variableName"), "message-data"
    ),
    **dict.fromkeys(("collection", "elementVariable"), "instances"),
    **dict.fromkeys(("formProperty", "formDefinition", "userTaskForm", "formKey"), "form-key"),
    "formData": "form-data",
    "resultVariable": "result-variable",
    "resource": "resource",
    **dict.fromkeys(("initiator", "starter"), "starter"),
    **dict.fromkeys(
        ("calledDecisionId", "calledDecision", "decisionRef", "decisionRefBinding", "decisionRefVersion",
         "decisionRefVersionTag", "mapDecisionResult"),
        "decision-ref",
    ),
    "outcome": "outcome",
    **dict.fromkeys(("presence", "channel", "sod", "acr"), "people"),
    **dict.fromkeys(("role", "unit"), "people-or-lane"),
    "assignment": "people-lane-process",
    "decision": "decision",
    **dict.fromkeys(("appeal", "appealWithin", "searchable", "subject", *CLOCK_PROCESS), "process"),
    **dict.fromkeys(("norm", "clock", "opinionsPause"), "clock"),
    "party": "party",
    "nullFaults": "null-faults",
    "onConflict": "data-object",
    "legalBasis": "legal-basis",
    **dict.fromkeys(("bill", *PARTS), "bill"),
    **dict.fromkeys(PAID, "payment"),
    "accept": "accept",
})  # fmt: skip


class Extensions:
    """Checks everything that is not BPMN in one file."""

    def __init__(self, file: str, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._told: set[str] = set()

    def attribute(self, owner: Any, name: str) -> None:
        """Checks an attribute with a namespace on a BPMN element."""
        space, _, short = name[1:].partition("}")
        if _used(owner, name, short):
            return
        if space == PARVANDEH or name in _USED_ATTRIBUTES:
            self._refuse(owner, owner, space, short)
        elif space == BPMN:
            self._notes.error(place(self._file, owner), "unsupported-attribute", prefixed=short)
        elif space == CAMUNDA and short not in VOCABULARY:
            self._ignore(owner, f"{space} {short}", qualified(owner, name))
        else:
            self._judge(owner, owner, space, short)

    def element(self, owner: Any, element: Any) -> None:
        """Checks a foreign element below the BPMN element `owner`, with all its content."""
        name = etree.QName(element)
        space, short = name.namespace or "", name.localname
        self._no_bpmn_inside(owner, element)
        if space == PARVANDEH:
            if not _declares(owner, short):
                self._refuse(owner, element, space, short)
        elif (space, short) in _USED_ELEMENTS:
            if local(owner) not in _WITH_FORM:
                self._misplaced(owner, element, space, short)
        elif not (space == CAMUNDA and short in {"in", "out"} and _passes_all(owner, element)):
            self._judge(owner, element, space, short)

    def _misplaced(self, owner: Any, element: Any, space: str, short: str) -> None:
        """Reports a form on an element without forms; other properties are notes of the designer."""
        forms = {"formJsonSchemaFilename", "formUiSchemaFilename"}
        if space == CAMUNDA or any(item.get("name") in forms for item in element):
            self._notes.error(
                place(self._file, element),
                "unsupported-extension.form",
                attribute=qualified(element, element.tag),
                kind=local(owner),
            )
        else:
            self._ignore(element, f"{space} {short}", qualified(element, element.tag))

    def _judge(self, owner: Any, at: Any, space: str, short: str) -> None:
        attribute = qualified(at, f"{{{space}}}{short}")
        if space in _EDITORS or (space == CAMUNDA and short in _CAMUNDA_HARMLESS):
            return
        if (space, short) in _IGNORED or (space == CAMUNDA and short == "properties"):
            self._ignore(at, f"{space} {short}", attribute)
        elif (space == SPIFF and short in _SPIFF_HARMLESS) or (space == ZEEBE and short in _ZEEBE_HARMLESS):
            return
        elif space == CAMUNDA and short in _STARTERS and local(owner) == "process":
            self._notes.warn(
                place(self._file, at), "starters-ignored", attribute=qualified(owner, f"{{{space}}}{short}")
            )
        elif space == CAMUNDA or space in OTHER_ENGINES:
            self._refuse(owner, at, space, short)
        else:
            self._ignore(at, space, attribute)

    def _refuse(self, owner: Any, at: Any, space: str, short: str) -> None:
        code = "unknown-extension" if space == PARVANDEH else "unsupported-extension"
        advice = {"advice": _ADVICE[short]} if short in _ADVICE else {}
        named = qualified(at, f"{{{space}}}{short}")
        self._notes.error(place(self._file, at), code, attribute=named, kind=local(owner), **advice)

    def _ignore(self, at: Any, key: str, attribute: str) -> None:
        """Reports an ignored extension once per file: an editor writes the same into every element."""
        if key not in self._told:
            self._told.add(key)
            self._notes.warn(
                place(self._file, at, attribute=attribute),
                "ignored-extension",
                attribute=attribute,
            )

    def _no_bpmn_inside(self, owner: Any, element: Any) -> None:
        # SpiffWorkflow searches whole subtrees and compares the ends of names.
        for inner in element.iter(etree.Element):
            if local(inner) in _BPMN_NAMES or inner.tag.endswith(_LOOKALIKES):
                self._notes.error(
                    place(self._file, inner),
                    "unsupported-element",
                    tag=etree.QName(inner).localname,
                    around=local(owner),
                )
                return


def _used(owner: Any, name: str, short: str) -> bool:
    """Whether the attribute is used on this element."""
    kind = local(owner)
    if name in (_TYPE, _TOPIC):
        # Camunda's external tasks, whose type and topic are used together.
        return kind == "serviceTask" and owner.get(_TYPE) == "external" and owner.get(_TOPIC) is not None
    if name in _USED_ATTRIBUTES:
        # Nobody starts a sub-process.
        return kind in _USED_ATTRIBUTES[name] and (
            short != "starter" or local(owner.getparent()) == "process"
        )
    if kind == "startEvent" and by_event(owner.getparent()):
        kind = "boundaryEvent"  # it waits in the same way, within a case
    if by_event(owner):
        kind = ""  # represented by its start event
    readers = _OURS.get(short, _NOBODY) if name.startswith(f"{{{PARVANDEH}}}") else _NOBODY
    return (kind, None) in readers or (kind, trigger(owner)) in readers


def _declares(owner: Any, short: str) -> bool:
    """Whether this declares an outcome of a process, or of a decision with its own outcomes."""
    kind = local(owner)
    decides = kind == "userTask" and owner.get(DECISION) is not None
    return short == "outcome" and (kind == "process" or decides)


_TYPE, _TOPIC = f"{{{CAMUNDA}}}type", f"{{{CAMUNDA}}}topic"
_NOBODY: _Readers = frozenset()

# Some editors write their own elements without a prefix, so that these look like BPMN.
_BPMN_NAMES = CHILDREN.keys() | REFUSED.keys()
_LOOKALIKES = ("sequenceFlow", "boundaryEvent", "dataObjectReference", "dataStoreReference")


def _passes_all(owner: Any, element: Any) -> bool:
    """Whether it is Camunda's `<in variables="all"/>`: a call passes all variables here anyway."""
    return local(owner) == "callActivity" and dict(element.attrib) == {"variables": "all"}
