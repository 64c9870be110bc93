"""Checks scripts, conditions and counts: Python that the sandbox supports. Runs nothing."""

import ast
import builtins
import textwrap
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from engine.bpmn.check import feel, juel, python
from engine.bpmn.check.diagram import Diagram
from engine.bpmn.check.notes import Notes, place
from engine.bpmn.check.texts import MAPPINGS, Text, as_juel, language_of, stripped, texts
from engine.bpmn.expressions import syntax
from engine.bpmn.expressions.juel import is_juel
from engine.bpmn.expressions.scripts import MAX_SCRIPT, names
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.notation.vocabulary import TIMES, bpmn, local
from engine.bpmn.sandbox import unsupported
from engine.platform.findings import Sentence, sentence, with_values

# Modules of the sandbox that are useful in scripts; os, sys and pathlib exist but reject every call.
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


def check_length(diagrams: Iterable[Diagram], notes: Notes) -> bool:
    """Whether the total size of the code is within the limit for one upload."""
    left = MAX_PYTHON
    for diagram in diagrams:
        for text in texts(diagram.element):
            left -= len(text.code)
            if left < 0:
                notes.error(
                    place(diagram.file, text.element),
                    "too-much-script",
                    with_values(limit=MAX_PYTHON),
                )
                return False
    return True


def check_expressions(diagram: Diagram, notes: Notes) -> None:
    """Checks every text of a process."""
    rules = _Rules(diagram.file, notes)
    for element in diagram.element.iter(bpmn("scriptTask")):
        rules.script_task(element)
    sound = [text for text in texts(diagram.element) if rules.is_python(text)]
    for text in sound:
        rules.names(text)
        if text.attribute in MAPPINGS:
            rules.mapping(text)
    for mode in ("eval", "exec"):
        rules.sandbox([text for text in sound if text.mode == mode])


_PUT_TOGETHER = (*TIMES, "script")  # texts that a translation may have combined
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
        """Records an error; `line` counts from 1 within the text."""
        reason, fix = told
        self.notes.error(text.place(self.file, (line or 1) - 1), code, reason, fix)

    def script_task(self, element: Any) -> None:
        language = element.get("scriptFormat")
        if language is not None and language.strip().lower() not in FORMATS:
            self.notes.error(
                place(self.file, element),
                "script-language",
                with_values(language=language[:40]),
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
        """Whether the text is valid Python and can be checked further. Checks other languages completely."""
        if not self._language(text) or not self._length(text):
            return False
        written_in = language_of(text)
        if written_in != "python":
            self.feel(text) if written_in == "feel" else self.juel(text)
            return False
        if text.mode == "eval" and is_juel(text.code):
            told = sentence(f"The {text.what} is not written in Python.", part=text.part), _ONE_EXPRESSION
            self.error(text, 1, "expression-language", told)
            return False
        code, skipped = stripped(text)
        try:
            names(code, text.mode)
            syntax.require_oldest(code, text.mode)
        except SyntaxError as error:
            line = (error.lineno or 1) + skipped
            self.error(text, line, "syntax-error", (_unreadable(text, line, error.msg), _mend(text)))
            return False
        return True

    def _length(self, text: Text) -> bool:
        long = len(stripped(text)[0])
        if not long:
            told = sentence(f"The {text.what} is empty.", part=text.part), "Write it, or remove it."
            self.error(text, 1, "empty-expression", told)
        elif long > MAX_SCRIPT:
            limit = sentence(
                f"The {text.what} is longer than {MAX_SCRIPT:,} characters.", limit=MAX_SCRIPT, part=text.part
            )
            self.error(text, 1, "syntax-error", (limit, "Divide it into shorter ones."))
        return 0 < long <= MAX_SCRIPT

    def feel(self, text: Text) -> None:
        code, skipped = stripped(text)
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
        if text.attribute in MAPPINGS and not feel.is_mapping(code):
            self.error(
                text,
                1,
                "no-names",
                (sentence(f"{text.what} gives no names with values.", part=text.part), 'Write ={"a": b}.'),
            )
        for name, line in feel.reads(code):
            self.counter(text, line + skipped, name)

    def juel(self, text: Text) -> None:
        code, skipped = as_juel(text)
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
        if text.attribute in MAPPINGS and not juel.is_mapping(code):
            self.error(
                text,
                1,
                "no-names",
                (sentence(f"{text.what} gives no names with values.", part=text.part), _IN_PYTHON),
            )
        for name, line in juel.reads(code):
            self.counter(text, line + skipped, name)

    def counter(self, text: Text, line: int, name: str) -> None:
        """Reports variables of instances that are used outside of them."""
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
        """Reports an expression that can't be a mapping of names to values."""
        if isinstance(python.expression(text.code.strip()), _NO_MAPPING):
            told = (
                sentence(f"{text.what} gives no names with values.", part=text.part),
                f"Write it as in {text.what}=\"{{'order': number}}\".",
            )
            self.error(text, 1, "no-names", told)

    def names(self, text: Text) -> None:
        """Reports modules and functions that the sandbox doesn't have."""
        code, skipped = stripped(text)
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
        """Reports what the sandbox can't read. Checks single texts only if checking all together fails."""
        codes = {stripped(text)[0] for text in found}
        if not codes or not _refusals(_joined(sorted(codes), found[0].mode), found[0].mode):
            return
        for text in found:
            code, skipped = stripped(text)
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
    """Returns the variables of instances that are known where an expression is evaluated."""
    if local(element) in ("completionCondition", "loopCondition"):
        return _OF_INSTANCES
    around = (element, *element.iterancestors())
    inside = any(item.find(marker) is not None for item in around for marker in _MARKERS)
    return frozenset({"loopCounter", "nrOfInstances"}) if inside else frozenset()


def _unreadable(text: Text, line: int, cause: str) -> Sentence:
    if local(text.element) in TIMES:
        value = text.code.strip()[:40]
        return sentence(
            f"The {text.what} {value!r} is neither a time nor correct Python.", part=text.part, value=value
        )
    return sentence(
        f"The {text.what} is not correct Python (its line {line}): {cause}.", part=text.part, line=line
    )


def _mend(text: Text) -> str:
    if local(text.element) in TIMES:
        return "Write, for example, P10D (ten days), PT8H (eight hours) or 2026-03-21, or an expression."
    return "Correct it. A text stands in quotes, for example 'permit'."


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
