"""Global tasks: replaces a call of one by the task."""

from typing import Any

from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

_KINDS = {"globalTask": "task", "globalUserTask": "userTask", "globalManualTask": "manualTask"}
_BESIDE = frozenset({f"{BPMN}documentation"})
_PLAIN = frozenset({"id", "name", "implementation"})


def translate_calls(root: Any, told: Told) -> None:
    """Replaces each call activity that calls a global task of the same document, if it adds nothing to it."""
    tasks = {
        item.get("id"): item
        for item in root.iterchildren(*(BPMN + kind for kind in _KINDS))
        if item.get("id") and all(part.tag in _BESIDE for part in item) and _PLAIN.issuperset(item.attrib)
    }
    called: dict[Any, None] = {}
    for call in list(root.iter(f"{BPMN}callActivity")) if tasks else ():
        task = tasks.get((call.get("calledElement") or "").rpartition(":")[2])
        if task is None or _maps(call):
            continue
        kind = _KINDS[task.tag.removeprefix(BPMN)]
        call.tag = f"{BPMN}{kind}"
        del call.attrib["calledElement"]
        told(
            call,
            "translated-call",
            task=short(task.get("id")),
            kind=kind,
        )
        called[task] = None
    for task in called:
        root.remove(task)


def _maps(call: Any) -> bool:
    """Whether a call maps variables, which a task doesn't."""
    parts = call.findall(f"{BPMN}extensionElements/*")
    return any(
        name.startswith((OURS, CAMUNDA)) for name in (*call.attrib, *(str(part.tag) for part in parts))
    )
