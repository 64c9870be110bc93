"""Translates Camunda 8's extensions: jobs, mappings, people, forms and correlation keys."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.bpmn.expressions.feel import is_feel
from engine.bpmn.notation.rule_tasks import RESULT
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate import feel
from engine.bpmn.translate.juel import Untranslatable
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short
from engine.bpmn.translate.vendors import ZEEBE as SPACE

ZEEBE = f"{{{SPACE}}}"
_JOBS = tuple(BPMN + name for name in ("serviceTask", "sendTask", "scriptTask", "businessRuleTask"))
_THROWING = tuple(BPMN + name for name in ("intermediateThrowEvent", "endEvent"))
# Elements whose inputs are local; the result of a job is handled separately.
_LOCAL = tuple(
    BPMN + name for name in ("serviceTask", "userTask", "receiveTask", "subProcess", "businessRuleTask")
)
_CATCHING = frozenset(BPMN + name for name in ("intermediateCatchEvent", "boundaryEvent", "receiveTask"))
_PEOPLE = ("assignee", "candidateUsers", "candidateGroups")
_TIMES = {"dueDate": "due", "followUpDate": "followUp"}
_VALUE = "_value"  # the name of an expression that needs one
_REPLY = "_reply"  # the result of a job, for the outputs of its task
_KEY = "correlationKey"


def translate_zeebe(root: Any, told: Told) -> None:
    """Translates all supported extensions."""
    if next(root.iter(f"{ZEEBE}*"), None) is None and SPACE not in root.nsmap.values():
        return
    for element in [*root.iter(*_JOBS), *root.iter(*_THROWING)]:
        _try(_job, element, told)
    for element in root.iter(*_LOCAL):
        _try(_mapping, element, told)
    for task in root.iter(f"{BPMN}userTask"):
        _try(_people, task, told)
        _form(task, told)
    for start in root.iterfind(f"{BPMN}process/{BPMN}startEvent"):
        _form(start, told)
    for call in root.iter(f"{BPMN}callActivity"):
        _try(_call, call, told)
    for marker in root.iter(f"{BPMN}multiInstanceLoopCharacteristics"):
        _try(_instances, marker, told)
    feel.translate_counters(root)
    _keys(root, told)


def _try(translate: Any, element: Any, told: Told) -> None:
    """Leaves an element unchanged if it can't be translated."""
    try:
        translate(element, told)
    except Untranslatable:
        return


def _of(element: Any, name: str) -> Any:
    """Returns the only Zeebe extension element with this name, or None."""
    return element.find(f"{BPMN}extensionElements/{ZEEBE}{name}")


def _drop(*elements: Any) -> None:
    for element in elements:
        if element is not None:
            element.getparent().remove(element)


def _job(task: Any, told: Told) -> None:
    definition, headers, mapping = (
        _of(task, name) for name in ("taskDefinition", "taskHeaders", "ioMapping")
    )
    if definition is None:
        return
    topic = definition.get("type") or ""
    known = task.get(f"{OURS}topic")
    if known is not None:
        _drop(definition)
        told(
            task,
            "translated-service.kept",
            topic=short(known),
            other=short(topic),
        )
        return
    if not topic or is_feel(topic):
        raise Untranslatable("its topic is computed")
    inputs, outputs = _parameters(mapping, "input"), _parameters(mapping, "output")
    request = [(name, name) for name, _ in inputs]
    if headers is not None:
        told_too = [(item.get("key") or "", feel.quoted(item.get("value") or "")) for item in headers]
        request.append(("customHeaders", feel.as_context(told_too).removeprefix("=")))
    _as_service(task)
    task.set(f"{OURS}topic", topic)
    if request:
        task.set(f"{OURS}request", feel.as_context(request))
    if outputs:  # then nothing else of the reply leaves the task
        inputs.append((_REPLY, "null"))
        task.set(f"{OURS}result", _REPLY)
        task.set(f"{OURS}outputs", feel.as_context(_replied(outputs)))
    if inputs:
        task.set(f"{OURS}inputs", feel.as_context(inputs))
    _drop(definition, headers, mapping)
    told(task, "translated-service", topic=short(topic))


def _as_service(element: Any) -> None:
    """Replaces an element of any kind by a service task."""
    element.tag = f"{BPMN}serviceTask"
    for name in ("messageRef", "implementation", "scriptFormat"):
        element.attrib.pop(name, None)
    for child in element.findall(f"{BPMN}messageEventDefinition"):
        element.remove(child)


def _replied(outputs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yields the outputs of a job: a name refers to its result, else to a variable."""
    known: set[str] = set()  # the previous outputs
    for target, code in outputs:
        given = [(name, _given_back(name)) for name in feel.names(code) if name not in known]
        whole = feel.as_context([*given, (_VALUE, code)]).removeprefix("=")
        yield target, f"{whole}.{_VALUE}" if given else code
        known.add(target)


def _given_back(name: str) -> str:
    found = f'get entries({_REPLY})[key = "{name}"]'
    return f"if count({found}) > 0 then {_REPLY}.{name} else {name}"


def _parameters(mapping: Any, kind: str) -> list[tuple[str, str]]:
    """Returns named values; each may refer to a previous name. Raises Untranslatable."""
    found: dict[str, str] = {}
    for item in [] if mapping is None else mapping.findall(ZEEBE + kind):
        name = item.get("target") or ""
        if not name.isidentifier():
            raise Untranslatable(f"{name!r} names no variable")
        if name in found:
            raise Untranslatable("it is set twice")
        found[name] = feel.code(item.get("source") or "")
    return list(found.items())


def _mapping(element: Any, told: Told) -> None:
    mapping = _of(element, "ioMapping")
    if mapping is None or element.get("triggeredByEvent") == "true":
        return
    inputs, outputs = _parameters(mapping, "input"), _parameters(mapping, "output")
    result = element.get(RESULT)  # of a decision: with outputs, the result is local to the task
    if outputs and result is not None:
        inputs.append((result, "null"))
    elif outputs and element.tag != f"{BPMN}subProcess":
        raise Untranslatable("what it gives back would stay in it")
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        if values:
            element.set(OURS + name, feel.as_context(values))
    _drop(mapping)
    told(element, "translated-mapping", count=len(inputs))


def _people(task: Any, told: Told) -> None:
    assigned, times, priority = (
        _of(task, name) for name in ("assignmentDefinition", "taskSchedule", "priorityDefinition")
    )
    parts = {name: ("assignmentDefinition", _person(assigned, name)) for name in _PEOPLE}
    parts |= {ours: ("taskSchedule", _person(times, name)) for name, ours in _TIMES.items()}
    parts["priority"] = "priorityDefinition", _person(priority, "priority")
    for name, (part, code) in parts.items():
        if code is not None and task.get(OURS + name) is None:
            task.set(OURS + name, code)
            told(task, "translated-assignment", attribute=f"zeebe:{part}", name=name, value=short(code))
    _drop(assigned, times, priority, _of(task, "userTask"))


def _person(definition: Any, name: str) -> str | None:
    text = None if definition is None else definition.get(name)
    return feel.value(text) if text and text.strip() else None


def _form(task: Any, told: Told) -> None:
    definition = _of(task, "formDefinition")
    if definition is None or task.get(f"{CAMUNDA}formKey") is not None:
        return
    name = definition.get("formId") or definition.get("externalReference") or definition.get("formKey")
    if name and not is_feel(name) and not name.startswith("camunda-forms:"):
        task.set(f"{CAMUNDA}formKey", name)
        _drop(definition)
        told(task, "translated-form", attribute="zeebe:formDefinition", form=short(name))


def _call(call: Any, told: Told) -> None:
    called, mapping = _of(call, "calledElement"), _of(call, "ioMapping")
    if called is None or is_feel(called.get("processId") or ""):
        return
    inputs, outputs = _parameters(mapping, "input"), _parameters(mapping, "output")
    all_in = called.get("propagateAllParentVariables", "true") != "false"
    if inputs and all_in:
        raise Untranslatable("it hands over all variables and some besides")
    call.set("calledElement", called.get("processId") or "")
    if not all_in:
        call.set(f"{OURS}inputs", feel.as_context(inputs))
    if outputs or called.get("propagateAllChildVariables") == "false":
        call.set(f"{OURS}outputs", feel.as_context(outputs))
    _drop(called, mapping)
    told(call, "translated-mapping", process=short(call.get("calledElement")))


def _instances(marker: Any, told: Told) -> None:
    """Translates the list of a multi-instance activity, and the collected results."""
    loop = _of(marker, "loopCharacteristics")
    if loop is None or marker.find(f"{BPMN}loopDataInputRef") is not None:
        return
    source, collected = loop.get("inputCollection") or "", loop.get("outputCollection")
    item, result = loop.get("inputElement"), loop.get("outputElement") or ""
    if not is_feel(source):
        raise Untranslatable("it names no list")
    activity, output = marker.getparent(), f"{OURS}outputs"
    if collected and activity.get(output) is not None:
        raise Untranslatable("it has outputs besides")
    etree.SubElement(marker, f"{BPMN}loopDataInputRef").text = f"={feel.code(source)}"
    if item:
        etree.SubElement(marker, f"{BPMN}inputDataItem", id=item)
    if collected:
        etree.SubElement(marker, f"{BPMN}loopDataOutputRef").text = collected
        etree.SubElement(marker, f"{BPMN}outputDataItem", id=_VALUE)
        activity.set(output, feel.as_context([(_VALUE, feel.code(result))]))
    _drop(loop)
    told_too: dict[str, Any] = {"output": short(collected)} if collected else {}
    told(marker, "translated-marker", list=short(source), **told_too)


def _keys(root: Any, told: Told) -> None:
    """Moves the correlation key from the message's definition to the events that wait for it."""
    awaiting: dict[str, list[Any]] = {}
    for at in root.iter(f"{BPMN}messageEventDefinition", f"{BPMN}receiveTask"):
        event = at if at.tag == f"{BPMN}receiveTask" else at.getparent()
        if event.tag in _CATCHING or _handles(event):
            awaiting.setdefault((at.get("messageRef") or "").rpartition(":")[2], []).append(event)
    for message in root.iterchildren(f"{BPMN}message"):
        subscription = _of(message, "subscription")
        text = "" if subscription is None else subscription.get(_KEY) or ""
        try:
            key = feel.code(text) if text.strip() else None
        except Untranslatable:
            continue
        if key is None:
            continue
        for event in awaiting.pop(message.get("id") or "", ()):  # the check rejects a second one with this id
            event.set(f"{OURS}correlation", feel.as_context([(_KEY, key)]))
            told(event, "translated-message.key", key=_KEY, text=short(text))
        _drop(subscription)


def _handles(event: Any) -> bool:
    around = event.getparent()
    return bool(event.tag == f"{BPMN}startEvent" and around.get("triggeredByEvent") == "true")
