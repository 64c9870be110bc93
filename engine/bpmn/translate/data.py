"""Drawn data: inputs and outputs of an element, data objects and data stores.

Every step sees all data of its case, whatever is drawn. So drawn data can be removed where no expression
reads or sets them by name, and where no association renames a variable. Anything else is left unchanged: data
objects that activities read and set are run, and the check rejects the rest.
"""

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told
from engine.bpmn.translate.vendors import OTHER_ENGINES

_INPUT, _OUTPUT = f"{BPMN}dataInput", f"{BPMN}dataOutput"
_SPECIFICATION = f"{BPMN}ioSpecification"
_SETS = frozenset({f"{BPMN}inputSet", f"{BPMN}outputSet"})
_ASSOCIATIONS = (f"{BPMN}dataInputAssociation", f"{BPMN}dataOutputAssociation")
_ENDS = (f"{BPMN}sourceRef", f"{BPMN}targetRef")
_OBJECT, _REFERENCE = f"{BPMN}dataObject", f"{BPMN}dataObjectReference"
_STORE = f"{BPMN}dataStoreReference"
_ITEMS = frozenset({f"{BPMN}inputDataItem", f"{BPMN}outputDataItem"})  # their ids are names of variables
_BESIDE = frozenset({f"{BPMN}documentation", f"{BPMN}extensionElements"})
_PARTS = frozenset({_INPUT, _OUTPUT, *_SETS, *_BESIDE})
_PLAIN_ATTRIBUTES = frozenset({"id", "name", "isCollection", "itemSubjectRef"})
# Texts that are not expressions.
_SILENT = frozenset(
    BPMN + name
    for name in (
        *("documentation", "text", "incoming", "outgoing", "flowNodeRef", "sourceRef", "targetRef"),
        *("resourceRef", "dataInputRefs", "dataOutputRefs", "optionalInputRefs", "optionalOutputRefs"),
    )
)
_READ = (CAMUNDA, OURS, *(f"{{{space}}}" for space in OTHER_ENGINES))  # vocabularies that engines execute
_EVENTS = frozenset(
    f"{BPMN}{name}Event" for name in ("start", "end", "intermediateCatch", "intermediateThrow", "boundary")
)
_WORD = re.compile(r"\w+")


def translate_data(root: Any, told: Told) -> None:
    """Translates the data drawn in all processes of a document."""
    for process in root.iterchildren(f"{BPMN}process"):
        if next(process.iter(_SPECIFICATION, _INPUT, _OUTPUT, _STORE, *_ASSOCIATIONS), None) is not None:
            _Drawn(process, told).leave_aside()
    references = {item.get("dataStoreRef") for item in root.iter(_STORE)}
    for store in root.findall(f"{BPMN}dataStore"):
        if store.get("id") not in references:
            root.remove(store)


class _Drawn:
    def __init__(self, process: Any, told: Told) -> None:
        self.process = process
        self.told = told
        self.words = _words(process)
        self.ends: dict[str, str] = {}  # objects, stores and process data, by their references
        for item in process.iter(_REFERENCE):
            self.ends[item.get("id")] = item.get("dataObjectRef") or ""
        self.stores = {item.get("id"): item for item in process.iter(_STORE) if self._is_drawing(item)}
        self.ends.update((name, name) for name in self.stores)
        declared = process.find(_SPECIFICATION)
        if declared is not None:
            self.ends.update((item.get("id"), item.get("id")) for item in declared.iter(_INPUT, _OUTPUT))
        self.owners = _with_data(process)
        self.drawn: set[str] = set()

    def leave_aside(self) -> None:
        """Removes data that are only drawn, and reports it."""
        described = {owner: None for owner in self.owners if _described(owner)}
        joined = self._joined(described)
        several = {end for end, names in joined.items() if len(names) > 1}  # renamed by an association
        self.stores = {name: item for name, item in self.stores.items() if name not in several}
        self.drawn = (joined.keys() - several - self.words) | self.stores.keys()
        for owner in self.owners:
            if owner in described:
                self._described_one(owner)
            else:
                self._associations(owner)
        declared = self.process.find(_SPECIFICATION)
        if declared is not None and _plain(declared):
            self.process.remove(declared)
            self._tell(self.process, "process")
        for store in self.stores.values():
            store.getparent().remove(store)
            self.told(
                store,
                "data-store-drawn",
                warns=True,
            )

    def _is_drawing(self, store: Any) -> bool:
        """Whether a data store is only drawn: nothing names it, and no engine reads its extensions."""
        named = {store.get("id"), store.get("dataStoreRef")}
        return self.words.isdisjoint(named) and _silent(store)

    def _joined(self, described: Iterable[Any]) -> dict[str, set[str]]:
        """Returns the elements connected with described inputs and outputs, and their names there."""
        called: dict[str, set[str]] = {}
        for item in self.process.iter(_REFERENCE, _OBJECT, _STORE):
            if item.get("name") in self.words:
                called.setdefault(self.ends.get(item.get("id"), item.get("id")), set()).add(item.get("name"))
        joined: dict[str, set[str]] = {}
        for owner in described:
            own = {item.get("id"): item.get("name") or "" for item in _own(owner)}
            for association in owner.iterchildren(*_ASSOCIATIONS):
                ends = _ends(association)
                names = {own[end] for end in ends if end in own and own[end].isidentifier()}
                for end in [self.ends[end] for end in ends if end in self.ends]:
                    joined.setdefault(end, set(called.get(end, ()))).update(names)
        return joined

    def _described_one(self, owner: Any) -> None:
        parts = [part for part in owner if part.tag in (_SPECIFICATION, _INPUT, _OUTPUT) or part.tag in _SETS]
        associations = list(owner.iterchildren(*_ASSOCIATIONS))
        own = {item.get("id"): item.get("name") for item in _own(owner)}
        words = self.words if owner.tag.endswith("rocess") else _words(owner)
        if not words.isdisjoint({*own, *own.values()} - {None}):
            return
        known = all(
            end in own or self.ends.get(end) in self.drawn for item in associations for end in _ends(item)
        )
        if known and all(map(_plain, parts)) and all(map(_straight, associations)):
            for part in (*parts, *associations):
                owner.remove(part)
            self._tell(owner, "described")

    def _associations(self, owner: Any) -> None:
        """Removes associations of an activity with data that are only drawn."""
        found = [
            item
            for item in owner.iterchildren(*_ASSOCIATIONS)
            if _straight(item) and any(self.ends.get(end) in self.drawn for end in _ends(item))
        ]
        for item in found:
            owner.remove(item)
        if found:
            self._tell(owner, "connected")

    def _tell(self, owner: Any, variant: str) -> None:
        self.told(owner, f"data-drawn.{variant}", warns=True)


def _with_data(process: Any) -> list[Any]:
    """Returns the elements with data of their own, in document order."""
    owners: dict[Any, None] = {}
    for part in process.iter(_SPECIFICATION, _INPUT, _OUTPUT, *_ASSOCIATIONS):
        owner = part.getparent()
        if owner is not process and owner.tag != _SPECIFICATION:
            owners[owner] = None
    return list(owners)


def _described(owner: Any) -> bool:
    """Whether an element describes its inputs and outputs, so that its associations end there."""
    return owner.tag in _EVENTS or owner.find(_SPECIFICATION) is not None


def _own(owner: Any) -> list[Any]:
    """Returns the inputs and outputs of an element itself."""
    return [
        *owner.iterchildren(_INPUT, _OUTPUT),
        *(item for part in owner.iterchildren(_SPECIFICATION) for item in part.iterchildren(_INPUT, _OUTPUT)),
    ]


def _ends(association: Any) -> list[str]:
    return [(end.text or "").strip() for end in association.iterchildren(*_ENDS)]


def _straight(association: Any) -> bool:
    """Whether an association has no transformation or assignment."""
    parts = association.iterchildren(etree.Element)
    return _silent(association) and all(part.tag in _BESIDE or part.tag in _ENDS for part in parts)


def _plain(part: Any) -> bool:
    """Whether an ioSpecification, or a part of it, only lists inputs and outputs."""
    if part.tag in (_INPUT, _OUTPUT):
        named = all(name in _PLAIN_ATTRIBUTES or name.startswith("{") for name in part.attrib)
        return named and _silent(part)
    parts = () if part.tag in _SETS else part
    return _silent(part) and all(
        child.tag in _PARTS and _plain(child) for child in parts if child.tag not in _BESIDE
    )


def _silent(part: Any) -> bool:
    """Whether an element has no extensions for an engine."""
    return not any(
        name.startswith(_READ) for item in part.iter(etree.Element) for name in (item.tag, *item.attrib)
    )


def _words(element: Any) -> set[str]:
    """Returns all words in expressions and in other texts that engines read; ignores notes of editors."""
    found: set[str] = set()
    waiting = [element]
    while waiting:
        item = waiting.pop()
        if item.tag in _SILENT or item.tag == _SPECIFICATION or not item.tag.startswith((BPMN, *_READ)):
            continue
        foreign = item.tag.startswith(_READ)
        texts = [value for name, value in item.attrib.items() if foreign or name.startswith(_READ)]
        texts += [item.get("id") or ""] if item.tag in _ITEMS else []
        for text in (item.text or "", *texts):
            found.update(_WORD.findall(text))
        waiting += item.iterchildren(etree.Element)
    return found
