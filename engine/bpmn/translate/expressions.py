"""Conditions, counts and times in JUEL."""

from typing import Any

from engine.bpmn.feel import is_feel
from engine.bpmn.translate.juel import Untranslatable, expression, is_juel
from engine.bpmn.translate.told import BPMN, Told, short

HOLDERS = tuple(
    BPMN + name
    for name in (
        *("conditionExpression", "condition", "loopCardinality", "completionCondition", "loopCondition"),
        *("timeDate", "timeDuration", "timeCycle"),
    )
)
_LANGUAGES = frozenset({"juel", "el", "http://www.java.com/javatypes", "java"})


def translate_expressions(root: Any, told: Told) -> None:
    """Every expression in it that has a meaning here: it is evaluated as JUEL does."""
    for element in root.iter(*HOLDERS):
        text = element.text or ""
        if not is_juel(text) or is_feel(text):
            continue
        try:
            # What is true or a number is one expression; only times may be put together from texts.
            element.text = expression(text, whole=not element.tag.startswith(f"{BPMN}time"))
        except Untranslatable:
            continue
        if element.get("language", "").strip().lower() in _LANGUAGES:
            del element.attrib["language"]
        told(element, "translated-expression", f"{short(text)!r} is evaluated by the rules of JUEL.")
