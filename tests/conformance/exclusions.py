"""What a file needs that no engine but its own has: classes, beans, scripts and processes that lack.

Read from the XML alone, whatever the check says of it. A service task's class, expression or delegate is no
such need: that is work for another system.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.bpmn.check.expressions import FORMATS
from engine.bpmn.notation.vocabulary import BPMN, bpmn

# Engines whose diagrams call Java.
JAVA = frozenset({
    "http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn",
    "http://flowable.org/bpmn", "http://www.camunda.com/fox", "http://www.operaton.com/fox",
})  # fmt: skip

_EXPRESSION = re.compile(r"[$#]\{(.*?)\}", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"[A-Za-z_]\w*\s*\(")
_ENGINES_OWN = re.compile(r"\b(?:execution|task|externalTask|authenticatedUserId|delegateExecution)\s*\.")
_LISTENERS = frozenset({"executionListener", "taskListener"})
# What the work of another system replaces as a whole.
_WORK = frozenset({"class", "expression", "delegateExpression"})


def needs(root: Any) -> dict[str, str]:
    """What a document needs and lacks: the kind of need with the first place of it."""
    found: dict[str, str] = {}
    for kind, where in _needs(root):
        found.setdefault(kind, where)
    return found


def _needs(root: Any) -> Iterator[tuple[str, str]]:
    here = {process.get("id") for process in root.iter(bpmn("process"))}
    for element in root.iter(etree.Element):
        name, own = etree.QName(element).localname, etree.QName(element).namespace
        if own in JAVA and name in _LISTENERS:
            yield from _listener(element, name)
        elif (own in JAVA and name == "script") or (own == BPMN and name == "scriptTask"):
            yield from _script(element, "scriptFormat")
        elif own == BPMN and element.get("language") and "script" not in name:
            yield from _script(element, "language")
        if own == BPMN and name == "callActivity":
            called = element.get("calledElement")
            if called and not _EXPRESSION.search(called) and called.rpartition(":")[2] not in here:
                yield "absent process", f"{element.get('id')} calls {called}"
        yield from _java(element, name, own)


def _listener(element: Any, name: str) -> Iterator[tuple[str, str]]:
    owner = _owner(element)
    for kind in ("class", "delegateExpression"):
        if element.get(kind):
            yield "listener class", f"{name} of {owner}: {element.get(kind)}"
    if element.get("expression"):
        yield "Java method", f"{name} of {owner}: {element.get('expression')}"


def _script(element: Any, attribute: str) -> Iterator[tuple[str, str]]:
    language = element.get(attribute)
    if language and language.strip().lower() not in FORMATS and not language.startswith("http"):
        yield "script in another language", f"{_owner(element)}: {language.strip()}"


def _java(element: Any, name: str, own: str | None) -> Iterator[tuple[str, str]]:
    texts = [element.text or ""] if not len(element) else []
    for attribute, value in element.attrib.items():
        extension = attribute.startswith("{") and etree.QName(attribute).namespace in JAVA
        local = etree.QName(attribute).localname
        if extension and local in ("variableMappingClass", "variableMappingDelegateExpression"):
            yield "Java method", f"{_owner(element)}: {local}"
        elif not (extension and local in _WORK) and not (own in JAVA and name in _LISTENERS):
            texts.append(value)
    for text in texts:
        for expression in _EXPRESSION.findall(text):
            bare = _QUOTED.sub("''", expression)
            if _CALL.search(bare) or _ENGINES_OWN.search(bare):
                yield "Java method", f"{_owner(element)}: ${{{' '.join(expression.split())}}}"


def _owner(element: Any) -> str:
    while element is not None and not (element.get("id") and etree.QName(element).namespace == BPMN):
        element = element.getparent()
    return str(element.get("id")) if element is not None else ""
