"""Scripts, conditions and counts: Python that the sandbox can run. Nothing is run here."""

import ast
import builtins
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.bpmn import syntax, timers
from engine.bpmn.check import feel, juel, python
from engine.bpmn.check.allow_list import BPMN, TIMES, bpmn, local
from engine.bpmn.check.diagram import Diagram
from engine.bpmn.check.extensions import PARVANDEH
from engine.bpmn.check.notes import Notes, Place, place
from engine.bpmn.juel import assignment, is_juel
from engine.bpmn.own import ASSIGNMENT, TERMS
from engine.bpmn.script import Language, Names, as_written, language, names, unsupported
from engine.bpmn.syntax import Mode
from engine.findings import sentence

# What the sandbox has and a script may sensibly use; os, sys and pathlib are there but refuse every call.
MODULES = frozenset({
    "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal",
    "functools", "hashlib", "itertools", "json", "math", "random", "re", "time", "tomllib", "typing",
    "unicodedata",
})  # fmt: skip
MISSING = frozenset({
    "__import__", "aiter", "anext", "ascii", "breakpoint", "bytearray", "callable", "classmethod", "compile",
    "delattr", "dir", "exit", "globals", "help", "input", "issubclass", "memoryview", "open", "quit",
    "staticmethod", "super", "vars",
})  # fmt: skip
MAX_PYTHON = 60_000  # characters of an upload's scripts and expressions
_OF_INSTANCES = frozenset({
    "loopCounter", "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances",
})  # fmt: skip
_MARKERS = (bpmn("multiInstanceLoopCharacteristics"), bpmn("standardLoopCharacteristics"))

FORMATS = frozenset({
    "python", "python3", "text/python", "text/x-python", "application/python", "application/x-python",
})  # fmt: skip


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


def check_length(diagrams: Iterable[Diagram], notes: Notes) -> bool:
    """Whether there is no more Python than can be read at once."""
    left = MAX_PYTHON
    for diagram in diagrams:
        for text in texts(diagram.element):
            left -= len(text.code)
            if left < 0:
                notes.error(
                    place(diagram.file, text.element),
                    "too-much-script",
                    sentence(
                        f"Up to here there are more than {MAX_PYTHON:,} characters of scripts and"
                        " expressions.",
                        limit=MAX_PYTHON,
                    ),
                    "Let a service do what is so long, or upload the processes one by one.",
                )
                return False
    return True


def check_expressions(diagram: Diagram, notes: Notes) -> None:
    """Every text of a process."""
    rules = _Rules(diagram.file, notes)
    for element in diagram.element.iter(bpmn("scriptTask")):
        rules.script_task(element)
    sound = [text for text in texts(diagram.element) if rules.is_python(text)]
    for text in sound:
        rules.names(text)
        if text.attribute in _MAPPINGS:
            rules.mapping(text)
    for mode in ("eval", "exec"):
        rules.sandbox([text for text in sound if text.mode == mode])


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


_EXPRESSIONS = frozenset({
    "conditionExpression", "condition", "loopCardinality", "completionCondition", "loopCondition",
})  # fmt: skip
_MAPPINGS = ("correlation", "data", "request", "inputs", "outputs")  # give names with values
_OURS = (*_MAPPINGS, *ASSIGNMENT, "name", "subject")  # our attributes that are expressions
_PUT_TOGETHER = (*TIMES, "script")  # texts that the engine may have made of several
_ONE_EXPRESSION = (
    "Write one expression: ${…} without methods and objects of Java, or one in Python or FEEL; see"
    " docs/bpmn-support.md for what JUEL means here."
)
_IN_PYTHON = "Write it in Python, as in {'order': number}."


class _Rules:
    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, text: Text, line: int | None, code: str, told: tuple[str, str]) -> None:
        """`line` counts from 1 within the text."""
        reason, mend = told
        self.notes.error(text.place(self.file, (line or 1) - 1), code, reason, mend)

    def script_task(self, element: Any) -> None:
        language = element.get("scriptFormat")
        if language is not None and language.strip().lower() not in FORMATS:
            self.notes.error(
                place(self.file, element),
                "script-language",
                sentence(f"Scripts in {language[:40]!r} do not run.", language=language[:40]),
                'Write the script in Python and set scriptFormat="python".',
            )
        count = len(element.findall(bpmn("script")))
        if count != 1:
            self.notes.error(
                place(self.file, element),
                "no-script" if count == 0 else "several-scripts",
                sentence(f"The script task has {count or 'no'} scripts.", count=count),
                "Give it one script, or make it another kind of task.",
            )

    def is_python(self, text: Text) -> bool:
        """Whether the text can be looked at further as Python. Other languages are looked at here."""
        if not self._language(text):
            return False
        if not text.code.strip():
            self.error(
                text,
                1,
                "empty-expression",
                (sentence(f"The {text.what} is empty.", part=text.part), "Write it, or remove it."),
            )
            return False
        written_in = _language(text)
        if written_in != "python":
            self.feel(text) if written_in == "feel" else self.juel(text)
            return False
        if text.mode == "eval" and is_juel(text.code):
            told = sentence(f"The {text.what} is not written in Python.", part=text.part), _ONE_EXPRESSION
            self.error(text, 1, "expression-language", told)
            return False
        code, skipped = _stripped(text)
        try:
            names(code, text.mode)
            syntax.require_oldest(code, text.mode)
        except SyntaxError as error:
            line = (error.lineno or 1) + skipped
            reason = sentence(
                f"The {text.what} is not correct Python (its line {line}): {error.msg}.",
                part=text.part,
                line=line,
            )
            self.error(text, line, "syntax-error", (reason, _mend(text)))
            return False
        return True

    def feel(self, text: Text) -> None:
        code, skipped = _stripped(text)
        found = feel.fault(code)
        if found is not None:
            line = found[0] + skipped
            reason = sentence(
                f"The {text.what} is not correct FEEL (its line {line}): {found[1]}",
                part=text.part,
                line=line,
                feel=found[1],
            )
            self.error(text, line, "syntax-error", (reason, _mend(text)))
            return
        if text.attribute in _MAPPINGS and not feel.is_mapping(code):
            self.error(
                text,
                1,
                "no-names",
                (sentence(f"{text.what} gives no names with values.", part=text.part), 'Write ={"a": b}.'),
            )
        for name, line in feel.reads(code):
            self.counter(text, line + skipped, name)

    def juel(self, text: Text) -> None:
        code, skipped = _juel(text)
        found = juel.fault(code, strict=not text.attribute and local(text.element) not in _PUT_TOGETHER)
        if found is not None:
            line = found[0] + skipped
            reason = sentence(
                f"The {text.what} cannot be evaluated as JUEL (its line {line}): {found[1]}.",
                part=text.part,
                line=line,
            )
            self.error(text, line, "expression-language", (reason, _ONE_EXPRESSION))
            return
        if text.attribute in _MAPPINGS and not juel.is_mapping(code):
            self.error(
                text,
                1,
                "no-names",
                (sentence(f"{text.what} gives no names with values.", part=text.part), _IN_PYTHON),
            )
        for name, line in juel.reads(code):
            self.counter(text, line + skipped, name)

    def counter(self, text: Text, line: int, name: str) -> None:
        """What is known of instances only among them."""
        if name in _OF_INSTANCES and name not in _counted(text.element):
            told = (
                sentence(f"There is no variable {name!r} here.", counter=name),
                "loopCounter and nrOfInstances are known within an instance, all four in its"
                " completionCondition.",
            )
            self.error(text, line, "unknown-variable", told)

    def _language(self, text: Text) -> bool:
        owner = text.element
        if text.mode == "exec":
            language = owner.getparent().get("scriptFormat")
            return language is None or language.strip().lower() in FORMATS
        language = None if text.attribute else owner.get("language")
        if language is None or language.strip().lower() in FORMATS:
            return True
        told = (
            sentence(
                f"The {text.what} is written in {language[:80]!r}.", part=text.part, language=language[:80]
            ),
            'Write it in Python and remove "language".',
        )
        self.error(text, 1, "expression-language", told)
        return False

    def mapping(self, text: Text) -> None:
        """What can be seen to be no names with values."""
        if isinstance(python.expression(text.code.strip()), _NO_MAPPING):
            told = (
                sentence(f"{text.what} gives no names with values.", part=text.part),
                f"Write it as in {text.what}=\"{{'order': number}}\".",
            )
            self.error(text, 1, "no-names", told)

    def names(self, text: Text) -> None:
        """Modules and functions that the sandbox does not have."""
        code, skipped = _stripped(text)
        own = names(code, text.mode).writes
        for line, module in python.imports(code, text.mode):
            if module not in MODULES:
                told = (
                    sentence(
                        f"The module {module!r} is not available.",
                        module=module,
                        allowed=tuple(sorted(MODULES)),
                    ),
                    f"Use one of {', '.join(sorted(MODULES))}.",
                )
                self.error(text, line + skipped, "import-not-available", told)
        for line, name in python.calls(code, text.mode):
            if name in MISSING:
                told = (
                    sentence(f"{name}() is not available in scripts.", function=name),
                    "Write it without this function.",
                )
                self.error(text, line + skipped, "not-in-sandbox", told)
            elif name not in dir(builtins):
                told = (
                    sentence(f"There is no function {name!r}: the data of a case are values.", function=name),
                    "Import it or define it in this script, or write it without.",
                )
                self.error(text, line + skipped, "unknown-function", told)
        for line, name in python.reads(code, text.mode):
            if name not in own:
                self.counter(text, line + skipped, name)

    def sandbox(self, found: Sequence[Text]) -> None:
        """What the sandbox cannot read. All are asked at once, and singly only if something is wrong."""
        codes = {_stripped(text)[0] for text in found}
        if not codes or not _refusals(_joined(sorted(codes), found[0].mode), found[0].mode):
            return
        for text in found:
            code, skipped = _stripped(text)
            for line, reason in _refusals(code, text.mode):
                told = (
                    sentence(
                        f"The sandbox cannot run this {text.what}: {reason}.",
                        part=text.part,
                        construct=reason,
                    ),
                    _without(reason),
                )
                self.error(text, (line or 1) + skipped, "not-in-sandbox", told)


def _counted(element: Any) -> frozenset[str]:
    """What is known of the instances where an expression stands."""
    if local(element) in ("completionCondition", "loopCondition"):
        return _OF_INSTANCES
    around = (element, *element.iterancestors())
    inside = any(item.find(marker) is not None for item in around for marker in _MARKERS)
    return frozenset({"loopCounter", "nrOfInstances"}) if inside else frozenset()


def _mend(text: Text) -> str:
    if local(text.element) in TIMES:
        return "Write a time as ISO 8601 has it, such as P30D or R/2026-03-21T08:00/P1D, or correct it."
    return "Correct it; see docs/bpmn-support.md for the language."


_NO_MAPPING = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.Compare,
    ast.JoinedStr, ast.Lambda,
)  # fmt: skip
_PARSER = "The monty syntax parser does not yet support"


@lru_cache(256)
def _refusals(code: str, mode: Mode) -> tuple[tuple[int | None, str], ...]:
    return tuple(
        (line, reason.replace(_PARSER, "there is no support for")) for line, reason in unsupported(code, mode)
    )


def _without(reason: str) -> str:
    return "Assign None instead of deleting." if "'del'" in reason else "Write it without this construct."


def _joined(codes: Sequence[str], mode: Mode) -> str:
    if len(codes) == 1:
        return codes[0]
    if mode == "eval":
        return "[" + ",".join(f"(\n{code}\n)" for code in codes) + "]"
    return "\n".join(f"def part():\n{textwrap.indent(code, ' ')}\n pass" for code in codes)


def _stripped(text: Text) -> tuple[str, int]:
    """An expression without the white space around it, and the lines that took; scripts stay as they are."""
    if text.mode == "exec":
        return text.code, 0
    code = text.code.strip()
    return code, text.code[: len(text.code) - len(text.code.lstrip())].count("\n")


def variables(text: Text) -> Names:
    """What a text that is correct reads and assigns."""
    return names(_stripped(text)[0], text.mode)


def bound(text: Text) -> frozenset[str]:
    """The names that a text gives a meaning anywhere in it."""
    if _language(text) != "python":
        return frozenset()
    return python.used(_stripped(text)[0], text.mode)[0]


def first_lines(text: Text) -> dict[str, int]:
    """The line within a text, from 1, that first reads each name."""
    written_in = _language(text)
    code, skipped = _juel(text) if written_in == "juel" else _stripped(text)
    if written_in == "python":
        found = python.used(code, text.mode)[1]
    else:
        found = feel.reads(code) if written_in == "feel" else juel.reads(code)
    return {name: line + skipped for name, line in found}


def is_strict(text: Text) -> bool:
    """Whether it is in an attribute of ours and fails on an unknown name; FEEL has null instead.

    Without a subject a case runs on.
    """
    return text.attribute in _OURS and text.attribute != "subject" and _language(text) != "feel"


def _language(text: Text) -> Language:
    if text.mode == "exec":
        return "juel" if assignment(text.code) else "python"
    return language(text.code)


def _juel(text: Text) -> tuple[str, int]:
    """The expression of a text, and the lines before it."""
    code, skipped = _stripped(text)
    script = assignment(code) if text.mode == "exec" else None
    return (code, skipped) if script is None else (script.text, skipped)
