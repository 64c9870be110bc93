"""Marks FEEL, where a diagram declares it, with an equals sign as Camunda 8 does."""

import re
from collections.abc import Iterable
from typing import Any

from engine.bpmn.expressions import feel
from engine.bpmn.expressions.feel import is_feel
from engine.bpmn.notation.timers import is_literal
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.expressions import HOLDERS
from engine.bpmn.translate.juel import Untranslatable, is_juel
from engine.bpmn.translate.translations import BPMN, Told, short
from engine.dmn import Unreadable
from engine.dmn import feel_tree as tree

_SUBJECT = f"{OURS}subject"
_COUNTED = "loopCounter"  # from 1 in Camunda 8, and from 0 here
_LANGUAGE = re.compile(r"\bfeel\b", re.IGNORECASE)
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def translate_languages(root: Any, told: Told) -> None:
    """Marks FEEL that is declared by an expression's language, or by that of the whole document."""
    default = root.get("expressionLanguage") or ""
    for element in root.iter(*HOLDERS):
        text, language = element.text or "", element.get("language")
        if _LANGUAGE.search(default if language is None else language) is None:
            continue
        element.attrib.pop("language", None)
        plain = (
            not text.strip() or is_juel(text) or (element.tag.startswith(f"{BPMN}time") and is_literal(text))
        )
        if not plain and not is_feel(text):
            element.text = f"= {text.strip()}"
            _told_feel(told, element, text)
    if _LANGUAGE.search(default) is not None:
        for process in root.iter(f"{BPMN}process"):
            _mark_subject(process, told)


def _mark_subject(process: Any, told: Told) -> None:
    text = process.get(_SUBJECT) or ""
    if text.strip() and not is_juel(text) and not is_feel(text):
        process.set(_SUBJECT, f"= {text.strip()}")
        _told_feel(told, process, text)


def _told_feel(told: Told, element: Any, text: str) -> None:
    told(element, "translated-expression.feel", text=short(text))


def translate_counters(root: Any) -> None:
    """Makes counters of instances start at 1 in documents of Camunda 8."""
    for element in root.iter(*HOLDERS):
        if is_feel(element.text or ""):
            try:
                element.text = f"={code(element.text)}"
            except Untranslatable:
                continue


def code(text: str) -> str:
    """Returns the FEEL code of a text, which may be an expression or not. Raises Untranslatable."""
    if not is_feel(text):
        return quoted(text.strip())
    try:
        found = feel.expression(text)
    except Unreadable as error:
        raise Untranslatable(f"it is no FEEL: {error}") from error
    written = found.text
    for at in sorted(_places(found.tree, _COUNTED), reverse=True):
        written = f"{written[:at]}({_COUNTED} + 1){written[at + len(_COUNTED) :]}"
    return written.strip()


def value(text: str) -> str:
    """Returns the text as an expression: a literal, or marked FEEL. Raises Untranslatable."""
    if not is_feel(text):
        return repr(text.strip())
    written = code(text)
    constant = feel.expression(text).tree
    if isinstance(constant, tree.Constant) and isinstance(constant.value, str):
        return repr(constant.value)
    return f"={written}"


def as_context(values: Iterable[tuple[str, str]]) -> str:
    """Returns an expression for named values; each may refer to a previous name."""
    return "={" + ", ".join(f"{quoted(name)}: {written}" for name, written in values) + "}"


def quoted(text: str) -> str:
    """Returns a text as a FEEL literal."""
    return f'"{text.translate(_ESCAPED)}"'


def names(written: str) -> list[str]:
    """Returns the variables that a FEEL text uses."""
    return sorted(feel.expression(written).certain_names)


def _places(node: tree.Node, name: str) -> list[int]:
    """Returns the positions of a variable in a text."""
    found = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tree.Name) and part.name == name:
            found.append(part.at)
        waiting += tree.children(part)
    return found
