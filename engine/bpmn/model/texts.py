"""The scripts and expressions of a diagram, and the variables that each reads and assigns. Checks nothing."""

import ast
import keyword
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.bpmn.expressions.juel import assignment
from engine.bpmn.expressions.scripts import Language, Names, as_written, language, names
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.model import feel, juel, python
from engine.bpmn.model.notes import Place, place
from engine.bpmn.notation import timers
from engine.bpmn.notation.activities import ASSIGNMENT, TERMS
from engine.bpmn.notation.clock import FLAGS
from engine.bpmn.notation.rule_tasks import DECISION
from engine.bpmn.notation.vocabulary import BPMN, PARVANDEH, TIMES, bpmn, local
from engine.dmn import Decisions

_EXPRESSIONS = frozenset({
    "conditionExpression", "condition", "loopCardinality", "completionCondition", "loopCondition",
})  # fmt: skip
MAPPINGS = ("correlation", "data", "request", "inputs", "outputs")  # mappings of names to values
_LITERAL = (*TERMS, "statutory", "safety")  # those that may be literal: a time, or yes or no
_OF_CASE = ("subject", "statutory", "safety")  # of a process: evaluated with the data of a case, and may fail
_OURS = (*MAPPINGS, *ASSIGNMENT, "name", *_OF_CASE)  # the product's own attributes with expressions


@dataclass(frozen=True, eq=False, slots=True)
class Text:
    """A script or expression with its element, perhaps in one of the product's own attributes."""

    element: Any
    code: str
    mode: Mode
    attribute: str = ""

    @property
    def what(self) -> str:
        """Returns what a designer calls it."""
        if self.attribute:
            return f"parvandeh:{self.attribute}"
        kind = local(self.element)
        return {"script": "script", "conditionExpression": "condition"}.get(kind, kind)

    @property
    def part(self) -> str:
        """Returns the attribute or child element that contains it."""
        return f"parvandeh:{self.attribute}" if self.attribute else local(self.element)

    def place(self, file: str, shift: int) -> Place:
        """Returns the place of one of its lines, `shift` lines after its first one."""
        return place(file, self.element, shift, self.part)


def _is_literal(value: str) -> bool:
    return timers.is_term(value) or value in FLAGS


def texts(process: Any) -> Iterator[Text]:
    """Yields the scripts and expressions of a process, in document order."""
    for element in process.iter(f"{{{BPMN}}}*"):
        kind, code = local(element), element.text or ""
        for attribute in _OURS:
            value = element.get(f"{{{PARVANDEH}}}{attribute}")
            if value is not None and not (attribute in _LITERAL and _is_literal(value)):
                yield Text(element, value, "eval", attribute)
        if kind == "script" and local(element.getparent()) == "scriptTask":
            yield Text(element, as_written(code), "exec")
        elif kind in _EXPRESSIONS or (kind in TIMES and written_time(code) is None) or _computed(kind, code):
            yield Text(element, code, "eval")


def read_texts(process: Any, rules: Decisions) -> Iterator[Text]:
    """Yields the same, and what else reads variables: lists by name, and inputs of decisions."""
    yield from texts(process)
    for item in process.iter(bpmn("loopDataInputRef")):
        if not keyword.iskeyword(item.text or "") and language(item.text or "") == "python":
            yield Text(item, item.text or "", "eval")
    for task in process.iter(bpmn("businessRuleTask")):
        for name in sorted(rules.reads(task.get(DECISION, ""))):
            if name.isidentifier() and not keyword.iskeyword(name):
                yield Text(task, name, "eval", "decisionRef")


def _computed(kind: str, code: str) -> bool:
    """Whether it is a computed list, not a variable."""
    return kind == "loopDataInputRef" and language(code) != "python"


def written_time(text: str) -> Any:
    """Returns the value of a literal timer, plain or quoted; None for an expression."""
    if timers.is_literal(text):
        return text
    try:
        body = python.expression(text.strip())
    except SyntaxError:
        return None
    return body.value if isinstance(body, ast.Constant) else None


def written_term(text: str) -> str | None:
    """Returns the literal time of a task's due date, plain or quoted; None for an expression."""
    if timers.is_term(text):
        return text.strip()
    value = written_time(text)
    return value if isinstance(value, str) and timers.is_term(value) else None


def stripped(text: Text) -> tuple[str, int]:
    """Strips white space from an expression; returns the lines removed before it. Scripts are unchanged."""
    if text.mode == "exec":
        return text.code, 0
    code = text.code.strip()
    return code, text.code[: len(text.code) - len(text.code.lstrip())].count("\n")


def variables(text: Text) -> Names:
    """Returns the variables that a valid text reads and assigns."""
    return names(stripped(text)[0], text.mode)


def bound(text: Text) -> frozenset[str]:
    """Returns the names that are bound anywhere in a text."""
    if language_of(text) != "python":
        return frozenset()
    return python.used(stripped(text)[0], text.mode)[0]


def first_lines(text: Text) -> dict[str, int]:
    """Returns the line within a text, from 1, of the first use of each name."""
    written_in = language_of(text)
    code, skipped = as_juel(text) if written_in == "juel" else stripped(text)
    if written_in == "python":
        found = python.used(code, text.mode)[1]
    else:
        found = feel.reads(code) if written_in == "feel" else juel.reads(code)
    return {name: line + skipped for name, line in found}


def is_strict(text: Text) -> bool:
    """Whether it is in one of the product's own attributes and fails on an unknown name.

    FEEL returns null instead. A case continues without a subject, and with an incident without a term.
    """
    return text.attribute in _OURS and text.attribute not in _OF_CASE and language_of(text) != "feel"


def language_of(text: Text) -> Language:
    """Returns the language of a text."""
    if text.mode == "exec":
        return "juel" if assignment(text.code) else "python"
    return language(text.code)


def as_juel(text: Text) -> tuple[str, int]:
    """Returns the expression of a text, and the number of lines before it."""
    code, skipped = stripped(text)
    script = assignment(code) if text.mode == "exec" else None
    return (code, skipped) if script is None else (script.text, skipped)
