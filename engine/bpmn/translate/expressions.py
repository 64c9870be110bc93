"""Translates conditions, counts and times in JUEL."""

from typing import Any

from engine.bpmn.expressions.feel import is_feel
from engine.bpmn.translate.juel import Untranslatable, expression, is_juel
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

HOLDERS = tuple(
    BPMN + name
    for name in (
        *("conditionExpression", "condition", "loopCardinality", "completionCondition", "loopCondition"),
        *("timeDate", "timeDuration", "timeCycle"),
    )
)
_RESULT = f"{CAMUNDA}resultVariable"
_LANGUAGES = frozenset({"juel", "el", "http://www.java.com/javatypes", "java"})


def translate_expressions(root: Any, told: Told) -> None:
    """Translates every supported expression, and scripts in JUEL: they are evaluated as in JUEL."""
    for task in root.iter(f"{BPMN}scriptTask"):
        if (task.get("scriptFormat") or "").strip().lower() == "juel":
            _script(task, told)
    for element in root.iter(*HOLDERS):
        text = element.text or ""
        if not is_juel(text) or is_feel(text):
            continue
        try:
            # Conditions and numbers are one expression; only times may combine several texts.
            element.text = expression(text, whole=not element.tag.startswith(f"{BPMN}time"))
        except Untranslatable:
            continue
        if element.get("language", "").strip().lower() in _LANGUAGES:
            del element.attrib["language"]
        told(element, "translated-expression", text=short(text))


def _script(task: Any, told: Told) -> None:
    """Translates a script task in JUEL, which sets one variable at most."""
    script, result = task.find(f"{BPMN}script"), task.get(_RESULT)
    if script is None or (result is not None and not result.isidentifier()):
        return
    text = script.text or ""
    try:
        code = expression(text)
    except Untranslatable:
        return
    script.text = code if result is None else f"{result} = {code}"
    for name in ("scriptFormat", _RESULT):
        task.attrib.pop(name, None)
    told(task, "translated-expression", text=short(text))
