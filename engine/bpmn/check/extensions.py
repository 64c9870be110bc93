"""Checks extensions in a diagram: used, harmless, or executed by another engine and not supported here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine.bpmn.check.allow_list import CHILDREN
from engine.bpmn.check.diagram import by_event, trigger
from engine.bpmn.check.notes import Notes, place, qualified
from engine.bpmn.check.refusals import REFUSED
from engine.bpmn.notation.activities import ASSIGNMENT
from engine.bpmn.notation.bills import PAID, PARTS
from engine.bpmn.notation.outcomes import DECISION
from engine.bpmn.notation.vocabulary import ACTIVITIES, BPMN, CAMUNDA, HUMAN, PARVANDEH, RUNNING, local
from engine.bpmn.translate.vendors import OTHER_ENGINES, SPIFF, VOCABULARY, ZEEBE
from engine.platform.findings import sentence, with_values

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
    **dict.fromkeys((*ASSIGNMENT, "presence"), frozenset((kind, None) for kind in HUMAN)),
    **dict.fromkeys(("role", "unit"), frozenset((kind, None) for kind in HUMAN | {"lane", "participant"})),
    "assignment": frozenset((kind, None) for kind in HUMAN | {"lane", "process"}),
    **dict.fromkeys(("sod", "acr"), frozenset((kind, None) for kind in HUMAN)),
    "decision": frozenset({("userTask", None)}),
    **dict.fromkeys(
        ("decisionRef", "resultVariable", "mapDecisionResult"), frozenset({("businessRuleTask", None)})
    ),
    "nullFaults": frozenset({("businessRuleTask", None), ("process", None)}),
    **dict.fromkeys(
        ("appeal", "appealWithin", "party", "searchable", "subject"), frozenset({("process", None)})
    ),
    "legalBasis": frozenset((kind, None) for kind in HUMAN | {"process"}),
    "accept": frozenset((kind, None) for kind in RUNNING | {"process", "sequenceFlow"}),
})  # fmt: skip

_FIXES: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(
        ("assignee", "candidateGroups", "candidateUsers", "dueDate", "followUpDate", "priority"),
        "Write it on a user task, with a text or an expression that only reads variables.",
    ),
    **dict.fromkeys(
        ("in", "out"),
        "Name what a call hands over and takes back, or what goes with a signal, by source and target.",
    ),
    **dict.fromkeys(
        ("inputOutput", "ioMapping"),
        "Write texts, or expressions that only read variables, on an activity; an event that catches has"
        " outputs, one that throws inputs. Elsewhere set other names in a script task before or after.",
    ),
    **dict.fromkeys(
        ("executionListener", "taskListener", "executionListeners", "taskListeners", "preScript",
         "postScript"),
        "Remove it, and put the script into a script task before or after the element.",
    ),
    **dict.fromkeys(
        ("class", "expression", "delegateExpression", "type", "connector", "serviceTaskOperator", "field",
         "taskDefinition"),
        'Remove it. A service task names whom it asks: parvandeh:connector="…", or parvandeh:topic="…" for'
        " work that another program fetches.",
    ),
    "topic": 'Only a service task has a topic; beside camunda:topic it needs camunda:type="external".',
    "operation": "Only a service task has an operation.",
    "request": "Only a service task has a request.",
    "name": "Only what throws or catches a message or signal has a computed name, and nothing that starts a"
    " case.",
    "correlation": "Only events and tasks that throw or catch a message have a correlation; a message that"
    " starts a case has none. Write it on the event, not on its definition.",
    "data": "Only events and tasks that throw a message or signal have data. Write it on the event, not on"
    " its definition.",
    "result": "Only service tasks and what catches a message, signal, error or escalation have a result."
    " Write it on the event, not on its definition.",
    **dict.fromkeys(
        ("code", "detail", "errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"),
        "Only what catches an error or escalation has a variable for its code, and for an error's detail.",
    ),
    **dict.fromkeys(
        ("messageVariable", "messagePayload", "payloadExpression", "variableName"),
        'Write parvandeh:data="{\'fee\': fee}" where it is thrown, parvandeh:result="answer" where it is'
        " caught.",
    ),
    **dict.fromkeys(
        ("collection", "elementVariable"),
        "Use the standard <loopDataInputRef>list</loopDataInputRef> and <inputDataItem id=\"item\"/>.",
    ),
    **dict.fromkeys(
        ("formProperty", "formDefinition", "userTaskForm"),
        'Upload the form as a JSON Schema file and name it: camunda:formKey="form.json".',
    ),
    "formKey": 'Write camunda:formKey="form.json" on a user task or start event; upload that JSON Schema.',
    "formData": "Only user tasks and start events have a form.",
    "resultVariable": 'A script assigns its variables itself; a service task has parvandeh:result="…", a'
    ' business rule task parvandeh:resultVariable="…".',
    "resource": "Put the script into the diagram.",
    **dict.fromkeys(
        ("initiator", "starter"), "Write it on a start event of the process; nobody starts a sub-process."
    ),
    **dict.fromkeys(
        ("calledDecisionId", "calledDecision", "decisionRef", "decisionRefBinding", "decisionRefVersion",
         "decisionRefVersionTag", "mapDecisionResult"),
        'Name the decision by its id on a business rule task, parvandeh:decisionRef="route": what is deployed'
        " together with the diagram decides, in the version of then.",
    ),
    "outcome": "Only an end event has an outcome as an attribute; a process, or the user task of a decision,"
    " declares outcomes in its extensionElements.",
    "presence": "Only tasks for people tell whether somebody has to come.",
    **dict.fromkeys(("role", "unit"), "Write it on a task for people, a lane or a pool."),
    "assignment": "Write it on a task for people, a lane or a process.",
    **dict.fromkeys(("sod", "acr"), "Write it on a task for people."),
    "decision": "Write it on the user task by whose form is decided.",
    **dict.fromkeys(
        ("appeal", "appealWithin", "party", "searchable", "subject"), "Write it on the process."
    ),
    "nullFaults": "Write it on a business rule task, or on the process for all of its tasks.",
    "legalBasis": "Only tasks for people, and processes, name a legal basis.",
    **dict.fromkeys(("bill", *PARTS), "Write it on the service task that issues the bill."),
    **dict.fromkeys(PAID, "Write it on the receive task or message event that awaits the payment of a bill."),
    "accept": "Flow nodes, flows and processes may accept findings.",
})  # fmt: skip
_OTHERWISE = "Remove it if the process does not need it, or wait for a later release."


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
            self._notes.error(
                place(self._file, owner),
                "unsupported-attribute",
                with_values(prefixed=short),
            )
        elif space == CAMUNDA and short not in VOCABULARY:
            known = f"The attribute {short!r}, which Camunda does not know,"
            self._ignore(owner, f"{space} {short}", known, qualified(owner, name))
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
                "unsupported-extension",
                sentence(
                    f"<{short}> gives a form to an element that has none.",
                    attribute=qualified(element, element.tag),
                    kind=local(owner),
                ),
                "Only user tasks and start events have a form.",
            )
        else:
            self._ignore(element, f"{space} {short}", f"<{short}>", qualified(element, element.tag))

    def _judge(self, owner: Any, at: Any, space: str, short: str) -> None:
        attribute = qualified(at, f"{{{space}}}{short}")
        if space in _EDITORS or (space == CAMUNDA and short in _CAMUNDA_HARMLESS):
            return
        if (space, short) in _IGNORED or (space == CAMUNDA and short == "properties"):
            self._ignore(at, f"{space} {short}", f"<{short}>", attribute)
        elif (space == SPIFF and short in _SPIFF_HARMLESS) or (space == ZEEBE and short in _ZEEBE_HARMLESS):
            return
        elif space == CAMUNDA and short in _STARTERS and local(owner) == "process":
            self._notes.warn(
                place(self._file, at),
                "starters-ignored",
                with_values(attribute=qualified(owner, f"{{{space}}}{short}")),
            )
        elif space == CAMUNDA or space in OTHER_ENGINES:
            self._refuse(owner, at, space, short)
        else:
            self._ignore(at, space, f"What the namespace {space!r} adds", attribute)

    def _refuse(self, owner: Any, at: Any, space: str, short: str) -> None:
        fix = _FIXES.get(short, _OTHERWISE)
        code = "unknown-extension" if space == PARVANDEH else "unsupported-extension"
        self._notes.error(
            place(self._file, at),
            code,
            sentence(
                f"{short!r} ({space}) on <{local(owner)}> has no effect here: the process would run"
                " otherwise.",
                attribute=qualified(at, f"{{{space}}}{short}"),
                kind=local(owner),
            ),
            fix,
        )

    def _ignore(self, at: Any, key: str, what: str, attribute: str) -> None:
        """Reports an ignored extension once per file: an editor writes the same into every element."""
        if key not in self._told:
            self._told.add(key)
            self._notes.warn(
                place(self._file, at, attribute=attribute),
                "ignored-extension",
                sentence(
                    f"{what} is kept in the file and has no effect (here and perhaps elsewhere in it).",
                    attribute=attribute,
                ),
                "Nothing to do if the process does not rely on it.",
            )

    def _no_bpmn_inside(self, owner: Any, element: Any) -> None:
        # SpiffWorkflow searches whole subtrees and compares the ends of names.
        for inner in element.iter(etree.Element):
            if local(inner) in _BPMN_NAMES or inner.tag.endswith(_LOOKALIKES):
                self._notes.error(
                    place(self._file, inner),
                    "unsupported-element",
                    with_values(tag=etree.QName(inner).localname, around=local(owner)),
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
