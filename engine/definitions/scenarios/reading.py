"""Parses scenario files into plans. Errors in a file become findings with their lines, never exceptions."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from engine.bpmn import Finding, timers
from engine.bpmn.values import Unportable, portable, short
from engine.definitions.scenarios.plan import (
    ACTIONS,
    TRIGGERS,
    Action,
    Expected,
    Scenario,
    Start,
    Told,
    ToldKind,
)
from engine.definitions.scenarios.yaml_nodes import Node, Unreadable, read
from engine.platform.errors import Fault, Invalid
from engine.platform.findings import Value

T = TypeVar("T")

SUFFIX = ".yaml"
ZONE = "Asia/Tehran"
MAX_STEPS = 500
MAX_TEXT = 300
ASKED = ("connector", "operation", "topic")
_FIELDS: Mapping[str, Sequence[str]] = {
    "task": ("by", "answer", "refused"),
    "wait": (),
    "message": ("keys", "data", "refused"),
    "signal": ("data",),
    "reply": (*ASKED, "request", "data"),
    "fail": (*ASKED, "request", "error", "data"),
    "retry": ("data",),
    "skip": ("data",),
}
_LISTS = ("tasks", "waits", "contains", "never", "absent")
_EXPECTED = (*_LISTS, "due", "path", "data", "thrown", "incidents", "ended", "outcome")


class _Wrong(Exception):
    """An error in a scenario: the variant of its finding, with values."""

    def __init__(self, line: int, variant: str, /, **values: Value) -> None:
        super().__init__(variant)
        self.line, self.variant, self.values = line, variant, values


def read_file(file: str, content: bytes) -> tuple[list[Scenario], list[Finding]]:
    """Returns the scenarios of a file, and findings on those that are left out."""
    try:
        documents = read(content)
    except Unreadable as error:
        return [], [_finding(f"scenario-unreadable.{error.variant}", file, error.line, error.values)]
    if not documents:
        return [], [_finding("scenario-unreadable.empty", file, 1, {})]
    scenarios, findings = [], []
    for node in documents:
        try:
            scenarios.append(_scenario(file, node))
        except _Wrong as wrong:
            findings.append(_invalid(file, wrong))
    return scenarios, findings


def read_act(told: Mapping[str, Any], at: datetime, *, first: bool) -> Start | Action:
    """Parses the start of a case, or a step of it, in the form of a file. Raises Invalid."""
    node = Node.of(told)
    try:
        return _start(node, at) if first else _action(node, at)
    except _Wrong as wrong:
        found = _invalid("", wrong)
        faults = [Fault("/act", f"{found.reason} {found.fix}", "scenario-invalid")]
        raise Invalid("The act is not understood.", faults) from wrong


def _finding(code: str, file: str, line: int | None, values: Mapping[str, Value]) -> Finding:
    return Finding("error", code, file, line=line, values=values)


def _invalid(file: str, wrong: _Wrong) -> Finding:
    return _finding(f"scenario-invalid.{wrong.variant}", file, wrong.line, wrong.values)


def _scenario(file: str, node: Node) -> Scenario:
    parts = _parts(node, ("name", "process", "at", "zone", "start", "steps", "expect"))
    for name in ("name", "process", "at", "expect"):
        if name not in parts:
            raise _Wrong(node.line, "missing", missing=name)
    at = _instant(parts["at"], _zone(parts))
    steps = _listed(parts["steps"], at) if "steps" in parts else []
    expect = _expected(parts["expect"], at)
    if all(part is None for part in (expect.outcome, expect.ended, expect.tasks, expect.waits)):
        raise _Wrong(expect.line, "no-end")
    return Scenario(
        file=file,
        line=node.line,
        name=_text(parts["name"]),
        process=_text(parts["process"]),
        at=at,
        start=_start(parts["start"], at) if "start" in parts else Start(node.line),
        steps=steps,
        expect=expect,
    )


def _zone(parts: Mapping[str, Node]) -> ZoneInfo:
    node = parts.get("zone")
    name = ZONE if node is None else _text(node)
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        line = 1 if node is None else node.line
        raise _Wrong(line, "zone", zone=name[:80]) from error


def _instant(node: Node, zone: ZoneInfo | Any) -> datetime:
    try:
        found = timers.instant(_text(node), datetime(2026, 1, 1, tzinfo=zone)).astimezone(zone)
        return timers.within_reach(found, datetime.now(UTC))
    except (timers.Untimely, OverflowError) as error:
        raise _Wrong(node.line, "value", value=_text(node)[:80]) from error


def _start(node: Node, at: datetime) -> Start:
    parts = _parts(node, (*TRIGGERS, "by", "data", "refused", "then"))
    kinds = [kind for kind in TRIGGERS if kind in parts]
    if len(kinds) > 1 or (kinds and ("by" in parts or "refused" in parts)):
        raise _Wrong(node.line, "two-starts")
    return Start(
        line=node.line,
        kind=kinds[0] if kinds else "person",
        name=_text(parts[kinds[0]]) if kinds else "",
        by=_optional(parts, "by", _text),
        data=_optional(parts, "data", _data) or {},
        refused=_optional(parts, "refused", _flag) or False,
        then=_then(parts, at),
    )


def _listed(node: Node, at: datetime) -> list[Action]:
    steps = _list(node)
    if len(steps) > MAX_STEPS:
        raise _Wrong(node.line, "count", count=MAX_STEPS)
    return [_action(step, at) for step in steps]


def _action(node: Node, at: datetime) -> Action:
    if not isinstance(node.value, dict):
        raise _Wrong(node.line, "no-step", allowed=tuple(ACTIONS))
    kinds = [kind for kind in ACTIONS if kind in node.value]
    if len(kinds) != 1:
        others = tuple(name[:80] for name in node.value if name != "then")
        if kinds:
            raise _Wrong(node.line, "both", both=tuple(kinds), allowed=tuple(ACTIONS))
        found = {"found": others} if others else {}
        variant = "unknown-step" if others else "empty-step"
        raise _Wrong(node.line, variant, allowed=tuple(ACTIONS), **found)
    kind = kinds[0]
    parts = _parts(node, (kind, *_FIELDS[kind], "then"))
    keys = _optional(parts, "keys", _data) or {}
    if not short(keys):
        raise _Wrong(parts["keys"].line, "long-keys")
    if kind == "wait":
        _duration(parts[kind])
    return Action(
        kind=kind,
        name=_text(parts[kind]),
        line=node.line,
        by=_optional(parts, "by", _text),
        data=_optional(parts, "answer" if kind == "task" else "data", _data) or {},
        keys=keys,
        error=_optional(parts, "error", _text),
        request=_optional(parts, "request", _data),
        asked={name: _text(parts[name]) for name in ASKED if name in parts},
        refused=_optional(parts, "refused", _flag) or False,
        then=_then(parts, at),
    )


def _duration(node: Node) -> None:
    try:
        timers.duration(_text(node))
    except timers.Untimely as error:
        raise _Wrong(node.line, "duration", value=_text(node)[:80]) from error


def _then(parts: Mapping[str, Node], at: datetime) -> Expected | None:
    return _optional(parts, "then", lambda node: _expected(node, at))


def _expected(node: Node, at: datetime) -> Expected:
    parts = _parts(node, _EXPECTED)
    if "path" in parts and ("contains" in parts or "never" in parts):
        raise _Wrong(parts["path"].line, "path")
    return Expected(
        line=node.line,
        **{name: _optional(parts, name, _texts) for name in (*_LISTS, "path")},
        due=_optional(parts, "due", lambda item: _dues(item, at)),
        data=_optional(parts, "data", _data),
        thrown=_optional(parts, "thrown", lambda item: [_thrown_event(part) for part in _list(item)]),
        incidents=_optional(parts, "incidents", _incidents),
        ended=_optional(parts, "ended", _flag),
        outcome=_optional(parts, "outcome", _text),
    )


def _dues(node: Node, at: datetime) -> dict[str, datetime]:
    return {element: _instant(part, at.tzinfo) for element, part in _mapping(node).items()}


def _thrown_event(node: Node) -> Told:
    parts = _parts(node, ("message", "signal", "keys", "data"))
    if ("message" in parts) == ("signal" in parts):
        raise _Wrong(node.line, "thrown")
    kind: ToldKind = "message" if "message" in parts else "signal"
    return Told(
        kind,
        _text(parts[kind]),
        _optional(parts, "keys", _data),
        _optional(parts, "data", _data),
    )


def _incidents(node: Node) -> dict[str, str | None]:
    """Parses elements, or elements with the codes of their incidents."""
    if isinstance(node.value, dict):
        return {element: _text(code) for element, code in node.value.items()}
    return dict.fromkeys(_texts(node))


def _parts(node: Node, known: Collection[str]) -> dict[str, Node]:
    parts = _mapping(node)
    for name, part in parts.items():
        if name not in known:
            raise _Wrong(part.line, "allowed-name", name=name[:80], allowed=tuple(known))
    return parts


def _mapping(node: Node) -> dict[str, Node]:
    if not isinstance(node.value, dict):
        raise _Wrong(node.line, "names")
    return node.value


def _list(node: Node) -> list[Node]:
    if not isinstance(node.value, list):
        raise _Wrong(node.line, "list")
    return node.value


def _texts(node: Node) -> list[str]:
    return [_text(part) for part in _list(node)]


def _text(node: Node) -> str:
    if isinstance(node.value, str) and 0 < len(node.value.strip()) <= MAX_TEXT:
        return node.value.strip()
    raise _Wrong(node.line, "limit", limit=MAX_TEXT)


def _flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise _Wrong(node.line, "flag")
    return node.value


def _data(node: Node) -> dict[str, Any]:
    _mapping(node)
    try:
        data: dict[str, Any] = portable(node.plain)
    except Unportable as error:
        raise _Wrong(node.line, "data", where=error.where or "/", error=error.problem) from error
    return data


def _optional(parts: Mapping[str, Node], name: str, read: Callable[[Node], T]) -> T | None:
    return read(parts[name]) if name in parts else None
