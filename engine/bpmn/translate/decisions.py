"""Business rule tasks: how Camunda, its successors and SpiffWorkflow name the decision to evaluate."""

from typing import Any

from engine.bpmn.expressions.feel import is_feel
from engine.bpmn.notation.rule_tasks import DECISION, MAPPING, RESULT
from engine.bpmn.translate.juel import is_juel
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short
from engine.bpmn.translate.vendors import SPIFF, ZEEBE

_KEPT = "decisionResult"  # the name that Camunda gives to an unnamed result
_BINDING = f"{CAMUNDA}decisionRefBinding"
_BOUND = frozenset({"latest", "deployment"})  # the only supported binding: decisions deployed together


def translate_decisions(root: Any, told: Told) -> None:
    """Translates every business rule task."""
    for task in root.iter(f"{BPMN}businessRuleTask"):
        if task.get(DECISION) is None:
            _camunda(task, told)
            _zeebe(task, told)
            _spiff(task, told)


def _camunda(task: Any, told: Told) -> None:
    name = task.get(f"{CAMUNDA}decisionRef")
    if name is None or is_juel(name) or task.get(_BINDING, "latest") not in _BOUND:
        return
    task.attrib.pop(_BINDING, None)
    del task.attrib[f"{CAMUNDA}decisionRef"]
    result = task.attrib.pop(f"{CAMUNDA}resultVariable", None)
    how = task.attrib.pop(f"{CAMUNDA}mapDecisionResult", "resultList")
    task.set(MAPPING, how if result is not None else "resultList")
    _asks(task, name, result or _KEPT, told)


def _zeebe(task: Any, told: Told) -> None:
    called = task.find(f"{BPMN}extensionElements/{{{ZEEBE}}}calledDecision")
    name = None if called is None else called.get("decisionId")
    if not name or is_feel(name) or called.get("bindingType", "latest") not in _BOUND:
        return
    called.getparent().remove(called)
    _asks(task, name, called.get("resultVariable") or _KEPT, told)


def _spiff(task: Any, told: Told) -> None:
    called = task.find(f"{BPMN}extensionElements/{{{SPIFF}}}calledDecisionId")
    name = None if called is None else (called.text or "").strip()
    if not name:
        return
    called.getparent().remove(called)
    _asks(task, name, None, told)


def _asks(task: Any, name: str, result: str | None, told: Told) -> None:
    task.set(DECISION, name)
    told_too: dict[str, Any] = {}
    if result is not None:
        task.set(RESULT, result)
        told_too = {"variable": short(result)}
    told(task, "translated-decision", decision=short(name), **told_too)
