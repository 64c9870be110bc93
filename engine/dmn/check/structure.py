"""Checks the structure of a DMN file, except expressions: names, references, languages, tables."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine.dmn.feel.names import normalized
from engine.dmn.model.reader import FOLD
from engine.platform.findings import LAST_LINE, Notes, Place, Severity, sentence

_POLICIES = ("UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT")
_AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
_REFERRING = (
    *("requiredDecision", "requiredInput", "requiredKnowledge"),
    *("outputDecision", "encapsulatedDecision", "inputDecision", "inputData"),
)
_NAMED = ("decision", "inputData", "businessKnowledgeModel", "decisionService", "import")
_MEND_LANGUAGE = "Write it in FEEL, the language of the standard; nothing else is run here."


def is_feel(language: str | None) -> bool:
    """Whether a language is FEEL, which is also the default."""
    plain = (language or "feel").strip().rstrip("/").casefold()
    return (
        plain == "feel" or plain.endswith(("/feel", "/dmn-feel.xsd")) or ("dmn" in plain and "feel" in plain)
    )


def local(node: Any) -> str:
    """Returns the name of an element without its namespace."""
    return str(etree.QName(node).localname) if isinstance(node.tag, str) else ""


def each(node: Any, *tags: str) -> Iterator[Any]:
    """Yields the children with these names."""
    return (child for child in node if local(child) in tags)


def place(file: str, node: Any) -> Place:
    """Returns the line of an XML element, and the decision, function or data that contains it."""
    owner = node
    while owner.getparent() is not None and owner.getparent().getparent() is not None:
        owner = owner.getparent()
    line = node.sourceline if node.sourceline and node.sourceline < LAST_LINE else None
    return Place(file, owner.get("id"), owner.get("name"), line)


class Structure:
    """Checks one file."""

    def __init__(self, file: str, root: Any, notes: Notes) -> None:
        self._file = file
        self._root = root
        self._notes = notes

    def _error(self, node: Any, code: str, reason: str = "", fix: str = "") -> None:
        self._notes.error(place(self._file, node), code, reason, fix)

    def check(self, known: Mapping[str, set[str]]) -> None:
        """Checks everything; `known` has the ids of elements by namespace."""
        self._ids()
        self._names()
        self._references(known)
        self._languages()
        self._folding()
        for table in self._root.iter("{*}decisionTable"):
            self._table(table)
        for decision in each(self._root, "decision"):
            self._logic(decision)

    def _folding(self) -> None:
        for node in self._root.iter("{*}*"):
            value = node.get(FOLD)
            if value is None or (value in ("true", "false") and local(node) in ("input", "inputData")):
                continue
            reason = sentence(
                f"parvandeh:fold={value[:20]!r} has no meaning on {local(node)!r}.",
                value=value[:20],
                kind=local(node),
            )
            fix = 'Write parvandeh:fold="true" on an input column or on input data.'
            self._error(node, "invalid-fold", reason, fix)

    def _ids(self) -> None:
        seen: set[str] = set()
        for node in self._root.iter("{*}*"):
            name = node.get("id")
            if name and "/DMNDI/" not in node.tag and name in seen:
                # Elements without references to them are evaluated, too.
                severity: Severity = "error" if local(node) in _NAMED else "warning"
                reason = sentence(f"The id {name!r} is used twice.", id=name[:120])
                where = place(self._file, node)
                self._notes.report(severity, where, "duplicate-id", reason, "Give one of them another id.")
            seen.add(name or "")

    def _names(self) -> None:
        for tags, what in ((_NAMED, "elements"), (("itemDefinition",), "types")):
            nodes = list(each(self._root, *tags))
            counted = Counter(normalized(node.get("name") or "") for node in nodes)
            told: set[str] = set()
            for node in reversed(nodes):
                name = normalized(node.get("name") or "")
                if counted[name] > 1 and name not in told:
                    told.add(name)
                    reason = sentence(f"{counted[name]} {what} are called {name!r}.", name=name)
                    self._error(node, "name-twice", reason, "Rename one of them.")

    def _references(self, known: Mapping[str, set[str]]) -> None:
        own = self._root.get("namespace") or ""
        imported = {node.get("namespace") for node in each(self._root, "import")}
        for node in each(self._root, "import"):
            kind = node.get("importType") or ""
            if "DMN" in kind and node.get("namespace") not in known:
                reason = sentence(
                    f"The import {node.get('name')!r} is of a file that is not among these.",
                    name=str(node.get("name")),
                )
                self._error(node, "missing-import", reason, "Upload the file that it imports, too.")
        for node in self._root.iter(*(f"{{*}}{tag}" for tag in _REFERRING)):
            reference = node.get("href")
            if reference is None:
                continue
            namespace, _, target = reference.rpartition("#")
            space = namespace or own
            if space != own and space not in imported:
                reason = sentence(
                    f"{reference!r} refers to a file that is not imported.", imported=reference[:120]
                )
                self._error(node, "dead-reference", reason, "Import the file, or refer to another element.")
            elif space in known and target not in known[space]:
                reason = sentence(f"{reference!r} refers to nothing.", reference=reference[:120])
                self._error(node, "dead-reference", reason, "Draw the requirement again, or remove it.")

    def _languages(self) -> None:
        for node in self._root.iter("{*}*"):
            language = node.get("expressionLanguage")
            if not is_feel(language):
                reason = sentence(
                    f"The language of the expression is {language!r}, not FEEL.", language=str(language)[:120]
                )
                self._error(node, "not-feel", reason, _MEND_LANGUAGE)
            if (
                local(node) in ("functionDefinition", "encapsulatedLogic")
                and node.get("kind", "FEEL") != "FEEL"
            ):
                reason = sentence(
                    f"The function is written in {node.get('kind')}, not in FEEL.",
                    language=str(node.get("kind"))[:40],
                )
                self._error(node, "function-language", reason, _MEND_LANGUAGE)

    def _logic(self, decision: Any) -> None:
        aside = ("description", "extensionElements", "question", "allowedAnswers", "variable")
        inside = [local(child) for child in decision if local(child) not in aside]
        if not any(not name.endswith(("Requirement", "Objective", "Maker", "Owner")) for name in inside):
            reason = "The decision has no logic, and never a result."
            fix = "Write its table or expression."
            self._notes.warn(place(self._file, decision), "no-logic", reason, fix)

    # Tables

    def _table(self, table: Any) -> None:
        outputs = list(each(table, "output"))
        self._policy(table, outputs)
        if not outputs:
            self._error(table, "no-outputs", "The table has no output.", "Add a column for its result.")
        self._outputs(table, outputs)
        inputs = sum(1 for _ in each(table, "input"))
        for number, rule in enumerate(each(table, "rule"), 1):
            tests = sum(1 for _ in each(rule, "inputEntry"))
            results = sum(1 for _ in each(rule, "outputEntry"))
            if (tests, results) != (inputs, len(outputs)):
                reason = sentence(
                    f"Rule {number} has {tests} conditions and {results} results, "
                    f"but the table {inputs} inputs and {len(outputs)} outputs.",
                    number=number,
                    tests=tests,
                    results=results,
                )
                self._error(rule, "rule-cells", reason, "Fill in a cell for each column, and no more.")

    def _policy(self, table: Any, outputs: list[Any]) -> None:
        policy, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation")
        if policy not in _POLICIES:
            reason = sentence(
                f"There is no hit policy {policy!r}.", value=policy[:40], allowed=tuple(_POLICIES)
            )
            self._error(table, "hit-policy", reason, f"Choose one of {', '.join(_POLICIES)}.")
        if aggregation is None:
            return
        if aggregation not in _AGGREGATIONS:
            reason = sentence(
                f"There is no aggregation {aggregation!r}.",
                value=aggregation[:40],
                allowed=tuple(_AGGREGATIONS),
            )
            self._error(table, "wrong-aggregation", reason, f"Choose one of {', '.join(_AGGREGATIONS)}.")
        elif policy != "COLLECT":
            reason = sentence(
                f"The results are to be put together by {aggregation}, but the hit policy is {policy}.",
                aggregation=aggregation[:40],
                policy=policy[:40],
            )
            self._error(
                table, "wrong-aggregation", reason, "Choose the hit policy COLLECT, or no aggregation."
            )
        elif len(outputs) > 1:
            reason = sentence(
                f"{aggregation} takes one output, but the table has {len(outputs)}.",
                aggregation=aggregation[:40],
                count=len(outputs),
            )
            self._error(table, "wrong-aggregation", reason, "Collect one output, or choose no aggregation.")

    def _outputs(self, table: Any, outputs: list[Any]) -> None:
        if len(outputs) > 1:
            names = [node.get("name") or "" for node in outputs]
            for node, name in zip(outputs, names, strict=True):
                if not name or names.count(name) > 1:
                    reason = (
                        sentence(f"Two outputs are called {name!r}.", name=name)
                        if name
                        else "An output has no name."
                    )
                    fix = "Give each output a name of its own."
                    self._error(node, "output-name", reason, fix)
        if table.get("hitPolicy") in ("PRIORITY", "OUTPUT ORDER") and not any(
            True for node in outputs for _ in each(node, "outputValues")
        ):
            reason = sentence(
                f"The hit policy {table.get('hitPolicy')} asks for the order of the outputs' values.",
                policy=str(table.get("hitPolicy")),
            )
            fix = "List the allowed values of the output, the most important first."
            self._error(table, "no-output-values", reason, fix)
