"""Checks scripts, conditions and counts: Python that the sandbox supports. Runs nothing."""

import ast
import builtins
import textwrap
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions import syntax
from engine.bpmn.expressions.juel import is_juel
from engine.bpmn.expressions.scripts import MAX_SCRIPT, names
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.model import feel, juel, python
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.model.texts import MAPPINGS, Text, as_juel, language_of, stripped, texts
from engine.bpmn.notation.vocabulary import TIMES, bpmn, local
from engine.bpmn.sandbox import unsupported
from engine.platform.findings import Value
from engine.platform.messages import parsers

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
                notes.error(place(diagram.file, text.element), "too-much-script", limit=MAX_PYTHON)
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


class _Rules:
    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, text: Text, line: int | None, code: str, /, **values: Value) -> None:
        """Records an error; `line` counts from 1 within the text. The values include the text's part."""
        self.notes.error(text.place(self.file, (line or 1) - 1), code, part=text.part, **values)

    def script_task(self, element: Any) -> None:
        language = element.get("scriptFormat")
        if language is not None and language.strip().lower() not in FORMATS:
            self.notes.error(place(self.file, element), "script-language", language=language[:40])
        count = len(element.findall(bpmn("script")))
        if count != 1:
            self.notes.error(
                place(self.file, element),
                "no-script" if count == 0 else "several-scripts",
                **({"count": count} if count else {}),
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
            self.error(text, 1, "expression-language.not-python")
            return False
        code, skipped = stripped(text)
        try:
            names(code, text.mode)
            syntax.require_oldest(code, text.mode)
        except SyntaxError as error:
            line = (error.lineno or 1) + skipped
            if local(text.element) in TIMES:
                self.error(text, line, "syntax-error", value=text.code.strip()[:40])
            else:
                problem = parsers.phrase("python", error.msg or "", column=error.offset)
                self.error(text, line, "syntax-error.python", line=line, error=problem)
            return False
        return True

    def _length(self, text: Text) -> bool:
        long = len(stripped(text)[0])
        if not long:
            self.error(text, 1, "empty-expression")
        elif long > MAX_SCRIPT:
            self.error(text, 1, "syntax-error", limit=MAX_SCRIPT)
        return 0 < long <= MAX_SCRIPT

    def feel(self, text: Text) -> None:
        code, skipped = stripped(text)
        found = feel.fault(code)
        if found is not None:
            line = found[0] + skipped
            self.error(text, line, "syntax-error", line=line, feel=found[1])
            return
        if text.attribute in MAPPINGS and not feel.is_mapping(code):
            self.error(text, 1, "no-names.feel")
        for name, line in feel.reads(code):
            self.counter(text, line + skipped, name)

    def juel(self, text: Text) -> None:
        code, skipped = as_juel(text)
        found = juel.fault(code, strict=not text.attribute and local(text.element) not in _PUT_TOGETHER)
        if found is not None:
            line = found[0] + skipped
            self.error(text, line, "expression-language.juel", line=line, error=found[1])
            return
        if text.attribute in MAPPINGS and not juel.is_mapping(code):
            self.error(text, 1, "no-names")
        for name, line in juel.reads(code):
            self.counter(text, line + skipped, name)

    def counter(self, text: Text, line: int, name: str) -> None:
        """Reports variables of instances that are used outside of them."""
        if name in _OF_INSTANCES and name not in _counted(text.element):
            self.error(text, line, "unknown-variable.counter", counter=name)

    def _language(self, text: Text) -> bool:
        owner = text.element
        if text.mode == "exec":
            language = owner.getparent().get("scriptFormat")
            return language is None or language.strip().lower() in FORMATS
        language = None if text.attribute else owner.get("language")
        if language is None or language.strip().lower() in FORMATS:
            return True
        self.error(text, 1, "expression-language", language=language[:80])
        return False

    def mapping(self, text: Text) -> None:
        """Reports an expression that can't be a mapping of names to values."""
        if isinstance(python.expression(text.code.strip()), _NO_MAPPING):
            self.error(text, 1, "no-names")

    def names(self, text: Text) -> None:
        """Reports modules and functions that the sandbox doesn't have."""
        code, skipped = stripped(text)
        own = names(code, text.mode).writes
        for line, module in python.imports(code, text.mode):
            if module not in MODULES:
                allowed = tuple(sorted(MODULES))
                self.error(
                    text, line + skipped, "import-not-available.module", module=module, allowed=allowed
                )
        for line, name in python.calls(code, text.mode):
            if name in MISSING:
                self.error(text, line + skipped, "not-in-sandbox.function", function=name)
            elif name not in dir(builtins):
                self.error(text, line + skipped, "unknown-function.function", function=name)
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
                variant = "delete" if "'del'" in reason else "construct-part"
                self.error(text, (line or 1) + skipped, f"not-in-sandbox.{variant}", construct=reason)


def _counted(element: Any) -> frozenset[str]:
    """Returns the variables of instances that are known where an expression is evaluated."""
    if local(element) in ("completionCondition", "loopCondition"):
        return _OF_INSTANCES
    around = (element, *element.iterancestors())
    inside = any(item.find(marker) is not None for item in around for marker in _MARKERS)
    return frozenset({"loopCounter", "nrOfInstances"}) if inside else frozenset()


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


def _joined(codes: Sequence[str], mode: Mode) -> str:
    if len(codes) == 1:
        return codes[0]
    if mode == "eval":
        return "[" + ",".join(f"(\n{code}\n)" for code in codes) + "]"
    return "\n".join(f"def part():\n{textwrap.indent(code, ' ')}\n pass" for code in codes)
