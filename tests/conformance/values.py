"""Sensible data for processes that nobody explained: read from what their expressions compare."""

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zlib import crc32

from lxml import etree

from engine.bpmn import forms

_JUEL = re.compile(r"[$#]\{(.*?)\}", re.DOTALL)
_WHOLE = frozenset({
    "conditionExpression", "completionCondition", "condition", "loopCardinality", "loopCondition", "script",
    "timeDate", "timeDuration", "timeCycle", "from", "formalExpression",
})  # fmt: skip
_CONDITIONS = frozenset({"conditionExpression", "completionCondition", "condition"})
_PARVANDEH = "{https://parvandeh.org/bpmn}"
_OURS = frozenset({"correlation", "data", "request", "correlationKey"})  # the last is Camunda 8's
_JUEL_WORDS = (
    "true", "false", "null", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "empty", "instanceof",
)  # fmt: skip
_COUNTS = ["nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances", "loopCounter"]
_NO_DATA = frozenset({*keyword.kwlist, *_JUEL_WORDS, *_COUNTS})
_LITERAL = r"'[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|\b(?:[Tt]rue|[Ff]alse|None|null)\b"
_OPERATOR = r"(?:===?|!=|<=|>=|<|>|\beq\b|\bne\b|\blt\b|\bgt\b|\ble\b|\bge\b)"
_PART = r"""(?:\s*\.\s*(\w+)(?!\w*\()|\[\s*['"]([^'"]+)['"]\s*\]|\.get\(\s*['"]([^'"]+)['"]\s*\))?"""
_COMPARED = re.compile(rf"\b([A-Za-z_]\w*)(\[\d+\])?{_PART}\s*{_OPERATOR}\s*({_LITERAL})")
_TURNED = re.compile(rf"({_LITERAL})\s*{_OPERATOR}\s*([A-Za-z_]\w*)")
_NAME = re.compile(r"(?<![\w.'\"])([A-Za-z_]\w*)(?!\w*\s*\()")
_CALLED = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*\(")
_LIST = re.compile(r"\bfor\s+\w+\s+in\s+([A-Za-z_]\w*)|\blen\(\s*([A-Za-z_]\w*)|\b([A-Za-z_]\w*)\[\s*\d")
_DICT = re.compile(
    r"\b([A-Za-z_]\w*)(?:\[\s*['\"](\w+)['\"]\s*\]|\.get\(\s*['\"](\w+)['\"]|\.(\w+)(?!\w*\())"
)
_SUM = re.compile(r"\b([A-Za-z_]\w*)\s*[-+*/]\s*(?:\d|[A-Za-z_])|\d\s*[-+*/]\s*([A-Za-z_]\w*)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_HINTS: Mapping[str, list[Any]] = {
    "timeDate": ["2026-04-01T00:00:00Z"], "timeDuration": ["PT1H"], "timeCycle": ["R2/PT1H"],
    "loopCardinality": [2], "priority": [50], "dueDate": ["2026-04-01T00:00:00Z"],
    "followUpDate": ["2026-04-01T00:00:00Z"], "assignee": ["kermit"], "candidateUsers": ["kermit"],
    "candidateGroups": ["clerks"], "formalExpression": ["kermit"],
    "correlation": [{"a": 1}], "data": [{"a": 1}], "request": [{"a": 1}],
}  # fmt: skip
_ANYTHING: list[Any] = [1, "text", True, ["a", "b"], {"a": 1}, False]


class Values:
    """What to set names to. Each turn gives other values, as far as there are any."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self.known: dict[str, list[Any]] = {}
        self.keys: dict[str, Any] = {}  # that dictionaries turned out to need
        self._meant: dict[str, list[Any]] = {}  # by the place at which the name is alone
        self._called: set[str] = set()  # no data are ever called
        self._items: dict[str, str] = {}  # the variables of single items, by their list
        for root in roots:
            for kind, text in _expressions(root):
                self._read(kind, text)
            self._lists(root)
            self._bills(root)

    def value(self, name: str, turn: int) -> Any:
        """The value of a name in some turn."""
        if name in self._items:
            return [self._one(self._items[name], number) for number in (turn, turn + 1)]
        return self._one(name, turn)

    def all(self, turn: int) -> dict[str, Any]:
        """All names with their values."""
        return {name: self.value(name, turn) for name in sorted(self.known)}

    def learn(self, message: str) -> bool:
        """Heed what a failed expression misses; whether there was anything new."""
        name = re.search(r"name '(\w+)' is not defined|'(\w+)' must be a list", message)
        if name and (found := name[1] or name[2]) not in self.known.keys() | self._called:
            self.known[found] = list(_ANYTHING) if name[1] else [["a", "b"]]
            return True
        key = re.search(r"KeyError: ['\"]?(\w+)", message)
        if key and key[1] not in self.keys:
            self.keys[key[1]] = 1
            return True
        return False

    def answer(self, form: forms.Form | None, turn: int) -> dict[str, Any]:
        """Data that fit a form."""
        if form is None:
            return {}
        schema = dict(form.schema)
        made = self._fit(schema, schema, "", turn)
        return made if isinstance(made, dict) else {}

    def _one(self, name: str, turn: int) -> Any:
        values = self._meant.get(name) or self.known.get(name) or _ANYTHING
        # Later turns give each name a pace of its own, or two would always change together.
        value = values[(turn if turn < 4 else turn + crc32(name.encode()) % 7) % len(values)]
        return {**self.keys, **value} if isinstance(value, dict) else value

    def _add(self, name: str, values: list[Any]) -> None:
        if name and name not in _NO_DATA:
            known = self.known.setdefault(name, [])
            known += [value for value in values if not any(_same(value, other) for other in known)]

    def _read(self, kind: str, text: str) -> None:
        self._called.update(_CALLED.findall(text))
        self._compared(text)
        for name, *parts in _DICT.findall(text):
            self._guess(name, [{part: 1} for part in parts if part])
        for names in _LIST.findall(text):
            self._guess(next(name for name in names if name), [["a", "b"]])
        for names in _SUM.findall(_QUOTED.sub("''", text)):
            self._add(next(name for name in names if name), [1, 2])
        if kind in _HINTS and text.strip().isidentifier():
            self._meant[text.strip()] = _HINTS[kind]
        for name in _NAME.findall(_QUOTED.sub("''", text)):
            self._guess(name, [True, False, 1, "text"] if kind in _CONDITIONS else _ANYTHING)

    def _bills(self, root: Any) -> None:
        """What a bill is asked for with: an amount and a text."""
        for task in root.iterfind(f".//*[@{_PARVANDEH}bill]"):
            request = ast.parse(task.get(f"{_PARVANDEH}request").strip(), mode="eval").body
            assert isinstance(request, ast.Dict)
            for key, value in zip(request.keys, request.values, strict=True):
                meant: dict[object, list[Any]] = {
                    task.get(f"{_PARVANDEH}billAmount"): [1_000],
                    task.get(f"{_PARVANDEH}billPurpose"): ["text"],
                }
                named = [one.id for one in ast.walk(value) if isinstance(one, ast.Name)]
                told = meant.get(key.value) if isinstance(key, ast.Constant) else None
                if told:
                    self._meant.update({name: told for name in named if name not in dir(builtins)})

    def _compared(self, text: str) -> None:
        for name, index, *parts, literal in _COMPARED.findall(text):
            part = next((part for part in parts if part), "")
            near = [{part: value} if part else value for value in _near(_constant(literal))]
            self._add(name, [[value] * 3 for value in near] if index else near)
        for literal, name in _TURNED.findall(text):
            self._add(name, _near(_constant(literal)))

    def _guess(self, name: str, values: list[Any]) -> None:
        """Values for a name of which nothing is known yet, and that Python does not know either."""
        if not self.known.get(name) and name not in dir(builtins):
            self._add(name, values)

    def _lists(self, root: Any) -> None:
        for marker in root.iter("{*}multiInstanceLoopCharacteristics"):
            data = {etree.QName(child).localname: child for child in marker.iterchildren(etree.Element)}
            extra = {etree.QName(key).localname: value for key, value in marker.attrib.items()}
            listed = (data["loopDataInputRef"].text or "") if "loopDataInputRef" in data else ""
            listed = (listed or extra.get("collection", "")).strip().strip("$#{}").strip()
            if not listed.isidentifier():
                continue
            item = data.get("inputDataItem", {})
            self.known[listed] = [["a", "b"]]
            self._items[listed] = item.get("id") or item.get("name") or extra.get("elementVariable") or "item"

    def _fit(self, schema: Mapping[str, Any], root: Mapping[str, Any], name: str, turn: int) -> Any:
        if "$ref" in schema:
            found: Any = root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return self._fit(found, root, name, turn)
        chosen = self._chosen(schema, root, name, turn)
        if chosen is not None:
            return chosen
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            return {
                key: self._fit(part, root, key, turn)
                for key, part in schema.get("properties", {}).items()
                if part.get("type") != "null" and not part.get("readOnly")
            }
        if kind == "array":
            return [self._fit(schema.get("items") or {}, root, name, turn)] * max(
                1, schema.get("minItems", 1)
            )
        return _scalar(schema, root, kind, turn)

    def _chosen(self, schema: Mapping[str, Any], root: Mapping[str, Any], name: str, turn: int) -> Any:
        """What a condition asks for, if the schema allows it; else one of what it lists."""
        for shift in range(len(self.known.get(name, ()))):
            value = self._one(name, turn + shift)
            if value is not None and _valid(schema, root, value):
                return value
        if schema.get("enum"):
            return schema["enum"][turn % len(schema["enum"])]
        if "const" in schema:
            return schema["const"]
        for several in ("oneOf", "anyOf"):
            if schema.get(several):
                return self._fit(schema[several][turn % len(schema[several])], root, name, turn)
        return None


def _expressions(root: Any) -> Iterator[tuple[str, str]]:
    """The expressions of a document, each with the name of the element or attribute that holds it."""
    for element in root.iter(etree.Element):
        kind, text = etree.QName(element).localname, element.text or ""
        texts = [(kind, text)]
        texts += [(key.rpartition("}")[2], value) for key, value in element.attrib.items()]
        yield from ((what, body) for what, some in texts for body in _JUEL.findall(some))
        yield from ((what, some) for what, some in texts if what in _OURS)
        written = kind.startswith("time") and re.match(r"\s*['\"]?[PR\d]", text)
        if kind in _WHOLE and text.strip() and not written and not _JUEL.search(text):
            yield kind, text


def _constant(text: str) -> Any:
    return _CONSTANTS[text] if text in _CONSTANTS else ast.literal_eval(text)


def _near(value: Any) -> list[Any]:
    """A value and what is on either side of it."""
    if isinstance(value, bool):
        return [value, not value]
    if isinstance(value, int | float):
        return [value, value + 1, value - 1]
    return [value, "another"] if isinstance(value, str) else [value, 1]


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _valid(schema: Mapping[str, Any], root: Mapping[str, Any], value: Any) -> bool:
    whole = {**schema, **{key: root[key] for key in ("$defs", "definitions") if key in root}}
    return bool(forms.validator(whole).is_valid(value))


def _scalar(schema: Mapping[str, Any], root: Mapping[str, Any], kind: str | None, turn: int) -> Any:
    if kind == "boolean":
        return turn % 2 == 0
    if kind in ("integer", "number"):
        lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        return min(max(lowest, 1), schema.get("maximum", lowest + 1))
    size = schema.get("minLength", 1)
    texts = ("text".ljust(size, "x"), "2026-04-01", "2026-04-01T00:00:00Z", "a@example.org")
    digits = ("1" * length for length in range(1, 30))
    return next((text for text in (*texts, *digits) if _valid(schema, root, text)), "text")
