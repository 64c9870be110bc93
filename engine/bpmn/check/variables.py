"""Finds variables that are read where no earlier step can have set them. Knows no values, only who sets what.

A set of names is a number with a bit for each; the lowest bit represents any other name, where data come from
outside and their names are unknown.
"""

import builtins
import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from engine.bpmn.check.concurrency import Concurrency
from engine.bpmn.check.files import Upload
from engine.bpmn.model import answers, writers
from engine.bpmn.model.answers import Gathered
from engine.bpmn.model.diagram import Diagram, Node, Scope, by_event, keys_called
from engine.bpmn.model.homes import find_homes
from engine.bpmn.model.loops import components, targets
from engine.bpmn.model.notes import Notes
from engine.bpmn.model.texts import Text, bound, first_lines, is_strict, read_texts, variables
from engine.bpmn.model.writers import Given
from engine.bpmn.notation.rule_tasks import DECISION, NO_DECISIONS
from engine.bpmn.notation.vocabulary import bpmn, local
from engine.bpmn.translate.vendors import of_camunda
from engine.dmn import Decisions
from engine.platform.findings import Value

_ANYTHING = 1
_LOOPS = (bpmn("multiInstanceLoopCharacteristics"), bpmn("standardLoopCharacteristics"))
_BEFORE = frozenset({"loopCardinality", "loopDataInputRef"})  # read before there are instances
_AFTER = frozenset({"outputs", "completionCondition", "loopCondition"})  # read when its work is done
_GUARDED = re.compile(r"\b(locals|NameError)\b")  # a script that tests whether such a variable exists
_KNOWN = frozenset(dir(builtins)) | {
    "loopCounter", "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances",
}  # fmt: skip

_WORDS = {"true": "True", "false": "False", "null": "None"}  # in the syntax of other languages
_SPELT = ("True", "False", "None", "loopCounter", "nrOfInstances", "nrOfCompletedInstances")

_MOST_VARIABLES = 4_000  # names of a process with a bit of their own; further ones count as any other
# Limit of comparisons to find a similar name: beyond it, findings suggest no other spelling.
_MOST_NAMES = 500
_MOST_ASKED = 200
_MOST_TOLD = 100  # findings of a process: more would hide other findings
_SHORTEST = 4  # minimum letters of a name to distinguish a typing error from another name


def check_variables(
    diagrams: Sequence[Diagram], upload: Upload, refused: Collection[str], notes: Notes
) -> list["Process"]:
    """Checks the processes of all files without errors, and returns them; `refused` are the others."""
    called = keys_called(diagrams)
    found = [
        Process(diagram, upload.schemas, called=diagram.key in called, rules=upload.rules)
        for diagram in diagrams
        if diagram.file not in refused
    ]
    written = {name for process in found for name in process.bits}
    for process in found:
        _Told(process, written, notes).all()
    return found


class Process:
    """The variables that may be known at each point of a process."""

    def __init__(
        self, diagram: Diagram, schemas: Mapping[str, Any], *, called: bool, rules: Decisions = NO_DECISIONS
    ) -> None:
        self.diagram = diagram
        self.rules = rules
        self.schemas = schemas
        self.bits: dict[str, int] = {}
        self.nodes = {node.element: node for node in diagram.nodes()}
        self.flows = {flow.element: flow for scope in diagram.scopes for flow in scope.flows}
        self.sets: dict[Node, int] = {}  # what an element sets in the case,
        self.within: dict[Node, int] = {}  # what is set inside, in each of its instances,
        self.before: dict[Node, int] = {}  # and what may be known when it is reached
        self.total: dict[Any, int] = {}  # by scope: everything set in it,
        self.beginning: dict[Any, int] = {}  # and what is known when it begins
        self.together: dict[Any, Concurrency] = {}  # by scope, too: what may run at the same time
        self.gathered = self._gathered()  # by activity: the lists of answers
        for scope in reversed(diagram.scopes):
            self._write(scope)
        objects = (item.get("id") for item in diagram.element.iter(bpmn("dataObject")))
        self.entry = entry = self.mask(Given(frozenset(filter(None, objects)), called))
        for scope in diagram.scopes:
            around = self.nodes.get(scope.element)
            self._flow(scope, entry if around is None else self._inside(around))

    def mask(self, given: Given) -> int:
        """Returns a set of names as a number."""
        found = _ANYTHING if given.anything else 0
        for name in sorted(given.names):
            if len(self.bits) < _MOST_VARIABLES:
                found |= self.bits.setdefault(name, 2 << len(self.bits))
            else:
                found |= self.bits.get(name, _ANYTHING)
        return found

    def _gathered(self) -> Mapping[Any, Gathered]:
        if not of_camunda(self.diagram.element):
            return {}
        homes = find_homes(self.diagram, self.schemas, self.rules)
        return answers.gathered(self.diagram, homes, self.schemas, self.rules)

    def _write(self, scope: Scope) -> None:
        total = 0
        for node in scope.nodes:
            own = self.mask(writers.written(node, self.schemas, outside=scope.depth == 0))
            own |= self.mask(Given(frozenset(writers.ruled(node.element, self.rules))))
            self.within[node] = own | self.total.get(node.element, 0)
            result = writers.collected(node.element)
            collects = self.mask(Given(frozenset({result}))) if result else self.within[node]
            if node.element in self.gathered:
                collects |= self.mask(Given(frozenset(self.gathered[node.element].lists.values())))
            self.sets[node] = collects
            if node.trigger != "condition":  # which passes on variables that others have set
                total |= collects
        self.total[scope.element] = total

    def _inside(self, node: Node) -> int:
        """Returns what is known at the start of a sub-process, including variables set in earlier rounds."""
        found = self.before[node] | self.mask(writers.items(node.element))
        rounds = any(node.element.find(marker) is not None for marker in _LOOPS)
        return found | self.within[node] if rounds else found

    def _flow(self, scope: Scope, entry: int) -> None:
        """Finds what is set on all paths to an element; loops are handled as a whole."""
        alone = not any(node.kind == "startEvent" for node in scope.nodes)
        if alone and scope.depth == 0:
            entry |= _ANYTHING  # such a process has no form
        self.beginning[scope.element] = entry
        for node in scope.nodes:
            apart = by_event(node.element) or node.element.get("isForCompensation") == "true"
            first = not node.incoming and node.host is None
            self.before[node] = (entry if first else 0) | (self.total[scope.element] if apart else 0)
            if node.kind == "startEvent" and not node.handles:
                self.beginning[scope.element] |= self.sets[node]
        for part in reversed(components(scope.nodes, targets)):
            self._pass_on(part)
        together = self.together[scope.element] = Concurrency(scope)
        for node in scope.nodes:
            for other in together.may_precede(node):
                self.before[node] |= self.sets[other]

    def _pass_on(self, part: Sequence[Node]) -> None:
        """Passes on variables from a loop, or from a single element, to all that follow."""
        known = 0
        for node in part:
            known |= self.before[node]
        if len(part) > 1 or part[0] in targets(part[0]):
            for node in part:
                known |= self.sets[node]
        for node in part:
            self.before[node] = known
            for target in targets(node):
                beside = self.within[node] if target.host is node else 0
                self.before[target] |= known | self.sets[node] | beside

    def known(self, text: Text) -> int:
        """Returns the variables that may be known where a text is evaluated."""
        owner = text.element
        while owner not in self.nodes and owner not in self.flows and owner is not self.diagram.element:
            owner = owner.getparent()
        if owner in self.flows:
            source = self.flows[owner].source
            return _ANYTHING if source is None else self.before[source] | self.sets[source]
        kind = text.attribute or local(text.element)
        if kind in (
            "condition",
            "subject",
            "statutory",
            "safety",
        ):  # anything set later may make it true, or is read
            return self.entry | self.total[self.diagram.element]
        if owner not in self.nodes:
            return _ANYTHING
        return self._known(self.nodes[owner], kind)

    def _known(self, node: Node, kind: str) -> int:
        if node.handles:  # it waits from the start of the scope around its sub-process
            return self.beginning[node.element.getparent().getparent()]
        at = node.host or node
        if kind in _BEFORE:
            return self.before[at]
        found = self.before[at] | self.mask(writers.items(at.element))
        if kind == "inputs":
            return found
        found |= self.mask(writers.inputs(at.element))
        return found | self.within[at] | self.sets[at] | self._returned(at) if kind in _AFTER else found

    def _returned(self, node: Node) -> int:
        """Returns all variables of a called process: its caller's output expressions can read them."""
        return _ANYTHING if node.kind == "callActivity" else 0

    def unknown(self) -> dict[str, list[tuple[Text, int]]]:
        """Returns unknown variables that are read, with the places and the names known there."""
        found: dict[str, list[tuple[Text, int]]] = {}
        for text in read_texts(self.diagram.element, self.rules):
            try:
                reads = variables(text).reads
            except SyntaxError:  # reported by another rule, and the diagram is unfinished
                continue
            read = [name for name in reads - _KNOWN if not name.startswith("__")]
            if not read or _GUARDED.search(text.code):
                continue
            known = self.known(text)
            missing = {name for name in read if not self.bits.get(name, 0) & known}
            for name in sorted(missing - bound(text)) if missing else ():
                found.setdefault(name, []).append((text, known))
        return found

    def known_at(self, element: str) -> set[str]:
        """Returns the names that may be known when a case reaches an element."""
        (node,) = (node for found, node in self.nodes.items() if found.get("id") == element)
        return set(self.names(self.before[node]))

    def readable(self) -> Iterator[tuple[Any, int, int]]:
        """Yields each element with what it may read: before or during its work, and only after it."""
        yield self.diagram.element, self.entry | self.total[self.diagram.element], 0
        for element, flow in self.flows.items():
            if flow.source is not None:
                yield element, self.before[flow.source] | self.sets[flow.source], 0
        for element, node in self.nodes.items():
            found = self._known(node, "")
            yield element, found, self._known(node, "outputs") & ~found

    def sets_somewhere(self, name: str) -> bool:
        """Whether any element sets the variable."""
        return bool(self.bits.get(name, 0) & self.total[self.diagram.element])

    def names(self, known: int) -> list[str]:
        """Returns the names in a set."""
        return [name for name, bit in self.bits.items() if bit & known] if known > _ANYTHING else []


class _Told:
    """Reports each variable once."""

    def __init__(self, process: Process, written: Collection[str], notes: Notes) -> None:
        self.process = process
        self.written = written
        self.notes = notes
        self.asked = self.told = 0
        self.read_often: list[str] = []  # names that must come from outside

    def all(self) -> None:
        unknown = self.process.unknown()
        self.read_often = [name for name, places in unknown.items() if len(places) > 1]
        for name, places in unknown.items():
            if self.told == _MOST_TOLD:
                return
            closed = [found for found in places if not found[1] & _ANYTHING]
            failing = [found for found in closed if name not in self.written and is_strict(found[0])]
            if name in _WORDS and name not in self.written:
                self.other_language(name, places[0][0], fails=bool(failing))
            elif closed:
                self.never_set(name, *(failing or closed)[0], len(closed) - 1, fails=bool(failing))
            elif name not in self.written:
                self.never_seen(name, places)

    def never_seen(self, name: str, places: Sequence[tuple[Text, int]]) -> None:
        """Reports a name that the files set nowhere, although it may have come from outside."""
        if len(places) == 1 and self.mistyped(name, *places[0]):
            return
        # Outputs exist to store received data.
        ours = [text for text, _ in places if is_strict(text) and text.attribute != "outputs"]
        if ours:
            self.report(ours[0], name, "outside")

    def never_set(self, name: str, text: Text, known: int, more: int, *, fails: bool) -> None:
        """Reports a name where nothing comes from outside, so that all names are known."""
        elsewhere = self.process.sets_somewhere(name)
        meant = self.nearest(name, known)
        if self.undrawn(name, text) and not elsewhere:
            self.undrawn_datum(name, text, meant)
            return
        variants = ("elsewhere-set", "elsewhere-meant") if elsewhere else ("before-set", "before-meant")
        variant = variants[meant is not None]
        told = {"meant": meant} if meant else {}
        self.report(text, name, variant, fails=fails, count=more + 1, **told)

    def undrawn(self, name: str, text: Text) -> bool:
        """Whether it is an input of a decision whose file doesn't draw it."""
        of = text.element.get(DECISION, "") if text.attribute == "decisionRef" else ""
        return bool(of) and name in self.process.rules.undrawn(of)

    def undrawn_datum(self, name: str, text: Text, meant: str | None) -> None:
        """Reports a name in a table that is neither a drawn input nor a valid variable."""
        self.told += 1
        where = text.place(self.process.diagram.file, 0)
        decision = text.element.get(DECISION)
        told = {"meant": meant} if meant else {}
        self.notes.error(where, "undrawn-name", decision=str(decision)[:100], variable=name, **told)

    def other_language(self, name: str, text: Text, *, fails: bool) -> None:
        """Reports a word of another language, such as `true`, with its spelling in Python."""
        meant = _WORDS[name]
        self.report(text, name, "python", fails=fails, meant=meant)

    def mistyped(self, name: str, text: Text, known: int) -> bool:
        """Reports a name similar to one that is set, and used once, although any data may have come."""
        meant = self.nearest(name, known, *_SPELT, *bound(text), *self.read_often)
        if meant is None or not _one_slip(name, meant):
            return False
        self.report(text, name, "mistyped", meant=meant)
        return True

    def report(self, text: Text, name: str, variant: str, /, *, fails: bool = False, **values: Value) -> None:
        """Records an error if every case would fail, else a warning."""
        self.told += 1
        where = text.place(self.process.diagram.file, first_lines(text).get(name, 1) - 1)
        note = self.notes.error if fails else self.notes.warn
        note(where, f"unknown-variable.{variant}", part=text.part, variable=name, **values)

    def nearest(self, name: str, known: int, *more: str) -> str | None:
        """Returns the most similar known name, or one of some others."""
        self.asked += 1
        if self.asked > _MOST_ASKED or len(name) < _SHORTEST or len(self.process.bits) > _MOST_NAMES:
            return None
        names = sorted({*self.process.names(known), *more})
        if len(names) > _MOST_NAMES:
            return None
        slips = [other for other in names if _one_slip(name, other)]
        return next(iter(slips or difflib.get_close_matches(name, names, 1, 0.75)), None)


def _one_slip(name: str, other: str) -> bool:
    """Whether two names differ by one letter added, missing, wrong or swapped with the next one.

    Digits distinguish names, and so do endings: item and items, approver and approved.
    """
    one, two = sorted((_plain(name), _plain(other)), key=len)
    if one == two:
        return True
    if min(len(name), len(other)) < _SHORTEST or len(two) - len(one) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(one))
    if any(letter.isdigit() for letter in one[at : at + 1] + two[at]):
        return False
    if at == len(one):
        return two[at] not in "sdrn"
    if len(one) < len(two):
        return one[at:] == two[at + 1 :]
    swapped = two[at : at + 2] == one[at + 1 : at + 2] + one[at] and one[at + 2 :] == two[at + 2 :]
    return swapped or (at < len(one) - 1 and one[at + 1 :] == two[at + 1 :])


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()
