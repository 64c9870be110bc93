"""Checks the structure of a DMN file, except expressions: names, references, languages, tables."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine.dmn.feel.names import normalized
from engine.dmn.model.reader import FOLD
from engine.platform.findings import LAST_LINE, Notes, Place, Severity, Value

_POLICIES = ("UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT")
_AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
_REFERRING = (
    *("requiredDecision", "requiredInput", "requiredKnowledge"),
    *("outputDecision", "encapsulatedDecision", "inputDecision", "inputData"),
)
_NAMED = ("decision", "inputData", "businessKnowledgeModel", "decisionService", "import")


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

    def _error(self, node: Any, code: str, /, **values: Value) -> None:
        self._notes.error(place(self._file, node), code, **values)

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
            self._error(node, "invalid-fold", value=value[:20], kind=local(node))

    def _ids(self) -> None:
        seen: set[str] = set()
        for node in self._root.iter("{*}*"):
            name = node.get("id")
            if name and "/DMNDI/" not in node.tag and name in seen:
                # Elements without references to them are evaluated, too.
                severity: Severity = "error" if local(node) in _NAMED else "warning"
                where = place(self._file, node)
                self._notes.report(severity, where, "duplicate-id", id=name[:120])
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
                    self._error(node, f"name-twice.{what}", name=name, count=counted[name])

    def _references(self, known: Mapping[str, set[str]]) -> None:
        own = self._root.get("namespace") or ""
        imported = {node.get("namespace") for node in each(self._root, "import")}
        for node in each(self._root, "import"):
            kind = node.get("importType") or ""
            if "DMN" in kind and node.get("namespace") not in known:
                self._error(node, "missing-import", name=str(node.get("name")))
        for node in self._root.iter(*(f"{{*}}{tag}" for tag in _REFERRING)):
            reference = node.get("href")
            if reference is None:
                continue
            namespace, _, target = reference.rpartition("#")
            space = namespace or own
            if space != own and space not in imported:
                self._error(node, "dead-reference", imported=reference[:120])
            elif space in known and target not in known[space]:
                self._error(node, "dead-reference", reference=reference[:120])

    def _languages(self) -> None:
        for node in self._root.iter("{*}*"):
            language = node.get("expressionLanguage")
            if not is_feel(language):
                self._error(node, "not-feel", language=str(language)[:120])
            if (
                local(node) in ("functionDefinition", "encapsulatedLogic")
                and node.get("kind", "FEEL") != "FEEL"
            ):
                self._error(node, "function-language", language=str(node.get("kind"))[:40])

    def _logic(self, decision: Any) -> None:
        aside = ("description", "extensionElements", "question", "allowedAnswers", "variable")
        inside = [local(child) for child in decision if local(child) not in aside]
        if not any(not name.endswith(("Requirement", "Objective", "Maker", "Owner")) for name in inside):
            self._notes.warn(place(self._file, decision), "no-logic")

    # Tables

    def _table(self, table: Any) -> None:
        outputs = list(each(table, "output"))
        self._policy(table, outputs)
        if not outputs:
            self._error(table, "no-outputs")
        self._outputs(table, outputs)
        inputs = sum(1 for _ in each(table, "input"))
        for number, rule in enumerate(each(table, "rule"), 1):
            tests = sum(1 for _ in each(rule, "inputEntry"))
            results = sum(1 for _ in each(rule, "outputEntry"))
            if (tests, results) != (inputs, len(outputs)):
                wanted = {"inputs": inputs, "outputs": len(outputs)}
                self._error(rule, "rule-cells", number=number, tests=tests, results=results, **wanted)

    def _policy(self, table: Any, outputs: list[Any]) -> None:
        policy, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation")
        if policy not in _POLICIES:
            self._error(table, "hit-policy", value=policy[:40], allowed=tuple(_POLICIES))
        if aggregation is None:
            return
        if aggregation not in _AGGREGATIONS:
            allowed = tuple(_AGGREGATIONS)
            self._error(table, "wrong-aggregation", value=aggregation[:40], allowed=allowed)
        elif policy != "COLLECT":
            self._error(table, "wrong-aggregation", aggregation=aggregation[:40], policy=policy[:40])
        elif len(outputs) > 1:
            self._error(table, "wrong-aggregation", aggregation=aggregation[:40], count=len(outputs))

    def _outputs(self, table: Any, outputs: list[Any]) -> None:
        if len(outputs) > 1:
            names = [node.get("name") or "" for node in outputs]
            for node, name in zip(outputs, names, strict=True):
                if not name or names.count(name) > 1:
                    self._error(node, "output-name", **({"name": name} if name else {}))
        if table.get("hitPolicy") in ("PRIORITY", "OUTPUT ORDER") and not any(
            True for node in outputs for _ in each(node, "outputValues")
        ):
            self._error(table, "no-output-values", policy=str(table.get("hitPolicy")))
