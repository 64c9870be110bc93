"""Who may start a case, who does a task, and its due date: Camunda's attributes and the standard's roles."""

import re
from collections.abc import Mapping
from typing import Any

from engine.bpmn.expressions.named_people import LONGEST
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.juel import Untranslatable, Value, expression, is_juel, listing, value
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short
from engine.bpmn.translate.vendors import qualified

_ONE = {"assignee": "assignee", "dueDate": "due", "followUpDate": "followUp", "priority": "priority"}
_MANY = ("candidateUsers", "candidateGroups")
# A comma outside of expressions.
_COMMA = re.compile(r",(?![^{]*\})")
_CANDIDATE = re.compile(r"(user|group)\((.*)\)", re.DOTALL)
_ROLES = tuple(BPMN + name for name in ("performer", "humanPerformer", "potentialOwner"))
_RESOURCE = f"{BPMN}resourceRef"
_TEXT = f"{BPMN}resourceAssignmentExpression/{BPMN}formalExpression"


def translate_people(root: Any, told: Told) -> None:
    """Translates the user tasks and start events of a document."""
    _starters(root, told)
    resources = {item.get("id"): item.get("name") for item in root.iterchildren(f"{BPMN}resource")}
    for task in root.iter(f"{BPMN}userTask"):
        for name, ours in _ONE.items():
            _set(task, f"{CAMUNDA}{name}", ours, _one, told)
        for name in _MANY:
            _set(task, f"{CAMUNDA}{name}", name, _many, told)
        _resources(task, resources, told)
        _resource_roles(task, told)


def _starters(root: Any, told: Told) -> None:
    for start in root.iterfind(f"{BPMN}process/{BPMN}startEvent"):
        name = start.get(f"{CAMUNDA}initiator")
        if name is not None and start.get(f"{OURS}starter") is None:
            start.set(f"{OURS}starter", start.attrib.pop(f"{CAMUNDA}initiator"))
            told(
                start,
                "translated-starter",
                attribute=qualified(start, f"{CAMUNDA}initiator"),
                variable=short(name),
            )


def _set(task: Any, name: str, ours: str, read: Any, told: Told) -> None:
    text = task.get(name)
    if text is None or task.get(OURS + ours) is not None:
        return
    try:
        code = read(text)
    except Untranslatable:
        return
    del task.attrib[name]
    if text.strip():
        task.set(OURS + ours, code)
        told(
            task,
            "translated-assignment",
            attribute=qualified(task, name),
            value=short(text),
        )


def _one(text: str) -> str:
    return expression(text) if is_juel(text) else repr(text.strip())


def _many(text: str) -> str:
    return listing(value(part) for part in _COMMA.split(text) if part.strip()).code


def _resources(task: Any, resources: Mapping[str, str | None], told: Told) -> None:
    """Translates roles that refer to a resource: a group, since several people may be the resource."""
    for role in [child for child in task if child.tag in _ROLES]:
        parts = [part for part in role if part.tag != f"{BPMN}extensionElements"]
        named = (parts[0].text or "").strip() if [part.tag for part in parts] == [_RESOURCE] else ""
        name = (resources.get(named.rpartition(":")[2]) or "").strip()
        if not 0 < len(name) <= LONGEST or task.get(f"{OURS}candidateGroups") is not None:
            continue
        task.set(f"{OURS}candidateGroups", as_group(name))
        task.remove(role)
        told(task, "translated-assignment", group=short(name))


def as_group(name: str) -> str:
    """Returns one name as a group. In a list of lists, it is not split at its commas."""
    return repr([[name]] if "," in name else [name])


def _resource_roles(task: Any, told: Told) -> None:
    candidates: dict[str, list[Value]] = {"user": [], "group": []}
    for role in [child for child in task if child.tag in _ROLES]:
        texts = [(item.text or "").strip() for item in role.iterfind(_TEXT)]
        if texts and all(texts) and _role(task, role, texts, candidates):
            task.remove(role)
            told(task, "translated-assignment", value=short(", ".join(texts)))
    for name, found in zip(_MANY, candidates.values(), strict=True):
        if found:
            task.set(OURS + name, listing(found).code)


def _role(task: Any, role: Any, texts: list[str], candidates: dict[str, list[Value]]) -> bool:
    """Adds the people of a resource role; returns whether they could be translated."""
    try:
        if role.tag == _ROLES[-1]:
            found = [_candidate(part) for part in _COMMA.split(",".join(texts))]
            if any(task.get(f"{OURS}candidate{kind.title()}s") is not None for kind, _ in found):
                return False  # other roles are translated elsewhere
            for kind, code in found:
                candidates[kind].append(code)
            return True
        if task.get(f"{OURS}assignee") is not None or len(texts) != 1:
            return False
        task.set(f"{OURS}assignee", _one(texts[0]))
    except Untranslatable:
        return False
    return True


def _candidate(part: str) -> tuple[str, Value]:
    """Returns whether it is a user or a group, and the name."""
    match = _CANDIDATE.fullmatch(part.strip())
    kind, name = match.groups() if match else ("group", part)
    return kind, value(name)
