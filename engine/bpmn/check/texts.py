"""The scripts and expressions of a diagram, and what each reads and assigns. Judges nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.bpmn.check import feel, juel, python
from engine.bpmn.check.notes import Place, place
from engine.bpmn.expressions.juel import assignment
from engine.bpmn.expressions.scripts import Language, Names, as_written, language, names
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.notation import timers
from engine.bpmn.notation.activities import ASSIGNMENT, TERMS
from engine.bpmn.notation.vocabulary import BPMN, PARVANDEH, TIMES, local

_EXPRESSIONS = frozenset({
    "conditionExpression", "condition", "loopCardinality", "completionCondition", "loopCondition",
})  # fmt: skip
MAPPINGS = ("correlation", "data", "request", "inputs", "outputs")  # give names with values
_OURS = (*MAPPINGS, *ASSIGNMENT, "name", "subject")  # our attributes that are expressions


@dataclass(frozen=True, eq=False, slots=True)
class Text:
    """A text to be run, with the element that holds it, perhaps in an attribute of ours."""

    element: Any
    code: str
    mode: Mode
    attribute: str = ""

    @property
    def what(self) -> str:
        """What a designer calls it."""
        if self.attribute:
            return f"parvandeh:{self.attribute}"
        kind = local(self.element)
        return {"script": "script", "conditionExpression": "condition"}.get(kind, kind)

    @property
    def part(self) -> str:
        """The attribute or child element that holds it."""
        return f"parvandeh:{self.attribute}" if self.attribute else local(self.element)

    def place(self, file: str, shift: int) -> Place:
        """Where a line of it stands, so many lines below its first one."""
        return place(file, self.element, shift, self.part)


def texts(process: Any) -> Iterator[Text]:
    """The scripts and expressions of a process, in the order of the document."""
    for element in process.iter(f"{{{BPMN}}}*"):
        kind, code = local(element), element.text or ""
        for attribute in _OURS:
            value = element.get(f"{{{PARVANDEH}}}{attribute}")
            if value is not None and not (attribute in TERMS and timers.is_term(value)):
                yield Text(element, value, "eval", attribute)
        if kind == "script" and local(element.getparent()) == "scriptTask":
            yield Text(element, as_written(code), "exec")
        elif kind in _EXPRESSIONS or (kind in TIMES and written_time(code) is None) or _computed(kind, code):
            yield Text(element, code, "eval")


def _computed(kind: str, code: str) -> bool:
    """Whether it is a list that is no variable."""
    return kind == "loopDataInputRef" and language(code) != "python"


def written_time(text: str) -> Any:
    """The value of a timer's text that stands there as it is, plain or in quotes; None for an expression."""
    if timers.is_literal(text):
        return text
    try:
        body = python.expression(text.strip())
    except SyntaxError:
        return None
    return body.value if isinstance(body, ast.Constant) else None


def written_term(text: str) -> str | None:
    """The time that a task's term gives as it stands, plain or in quotes; None for an expression."""
    if timers.is_term(text):
        return text.strip()
    value = written_time(text)
    return value if isinstance(value, str) and timers.is_term(value) else None


def stripped(text: Text) -> tuple[str, int]:
    """An expression without the white space around it, and the lines that took; scripts stay as they are."""
    if text.mode == "exec":
        return text.code, 0
    code = text.code.strip()
    return code, text.code[: len(text.code) - len(text.code.lstrip())].count("\n")


def variables(text: Text) -> Names:
    """What a text that is correct reads and assigns."""
    return names(stripped(text)[0], text.mode)


def bound(text: Text) -> frozenset[str]:
    """The names that a text gives a meaning anywhere in it."""
    if language_of(text) != "python":
        return frozenset()
    return python.used(stripped(text)[0], text.mode)[0]


def first_lines(text: Text) -> dict[str, int]:
    """The line within a text, from 1, that first reads each name."""
    written_in = language_of(text)
    code, skipped = as_juel(text) if written_in == "juel" else stripped(text)
    if written_in == "python":
        found = python.used(code, text.mode)[1]
    else:
        found = feel.reads(code) if written_in == "feel" else juel.reads(code)
    return {name: line + skipped for name, line in found}


def is_strict(text: Text) -> bool:
    """Whether it is in an attribute of ours and fails on an unknown name; FEEL has null instead.

    Without a subject a case runs on.
    """
    return text.attribute in _OURS and text.attribute != "subject" and language_of(text) != "feel"


def language_of(text: Text) -> Language:
    """In which language it is written."""
    if text.mode == "exec":
        return "juel" if assignment(text.code) else "python"
    return language(text.code)


def as_juel(text: Text) -> tuple[str, int]:
    """The expression of a text, and the lines before it."""
    code, skipped = stripped(text)
    script = assignment(code) if text.mode == "exec" else None
    return (code, skipped) if script is None else (script.text, skipped)
