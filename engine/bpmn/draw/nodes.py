"""Draws elements with a shape: events, activities, gateways, data, pools, artifacts."""

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.draw import symbols
from engine.bpmn.draw.interchange import SCOPES, Box, Shape, reference
from engine.bpmn.draw.labels import below, beside, inside, turned
from engine.bpmn.draw.svg import number, path, tag
from engine.bpmn.draw.texts import named
from engine.bpmn.notation.vocabulary import bpmn, local

_STRIP = 30.0  # the width for the name of a pool or lane
_THROWING = frozenset({"endEvent", "intermediateThrowEvent"})


def draw(shape: Shape, elements: Mapping[str, Any], language: str) -> str:
    """Draws an element of a file's `elements`, with its name."""
    said = _SAYINGS.get(shape.kind, _name)(shape.element, elements)
    return _KINDS.get(shape.kind, _activity)(shape, named(said, language))


def _name(element: Any, _elements: Mapping[str, Any]) -> str | None:
    name: str | None = element.get("name")
    return name


def is_container(shape: Shape) -> bool:
    """Whether other elements are drawn inside it."""
    if shape.kind in SCOPES:
        return shape.expanded is True
    return shape.kind in ("participant", "lane", "group")


def named_below(shape: Shape) -> bool:
    """Whether its name is below it, at a place that the diagram doesn't define."""
    outside = _KINDS.get(shape.kind) in (_event, _gateway, _data, _store)
    return outside and shape.label is None and bool(shape.element.get("name"))


def _at(box: Box, size: float) -> str:
    """Returns the transform of a sign drawn in a square, scaled to the box."""
    scale = min(box.width, box.height) / size
    x, y = box.middle
    moved = f"translate({number(x - size * scale / 2)} {number(y - size * scale / 2)})"
    return moved if abs(scale - 1) < 0.02 else f"{moved} scale({scale:.3f})"


def _event(shape: Shape, words: str) -> str:
    element, box, kind = shape.element, shape.box, shape.kind
    x, y = box.middle
    radius = min(box.width, box.height) / 2
    beside_work = element.get("cancelActivity") == "false" or element.get("isInterrupting") == "false"
    line = "thick" if kind == "endEvent" else ""
    drawn = [_circle(x, y, radius, " ".join(filter(None, ("body", line, "dashed" if beside_work else ""))))]
    if kind in ("intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent"):
        drawn.append(_circle(x, y, max(radius - 3.5, 1), "dashed" if beside_work else None))
    drawn.append(_trigger(shape))
    return "".join(drawn) + below(words, box, shape.label)


def _circle(x: float, y: float, radius: float, class_: str | None) -> str:
    return tag("circle", cx=x, cy=y, r=radius, class_=class_)


def triggers(element: Any) -> list[str]:
    """Returns the kinds of an event's definitions."""
    return [
        name.removesuffix("EventDefinition").removesuffix("Ref").removesuffix("eventDefinition") or "multiple"
        for child in element.iterchildren(etree.Element)
        if (name := local(child)).endswith("EventDefinition") or name == "eventDefinitionRef"
    ]


def _trigger(shape: Shape) -> str:
    kinds = triggers(shape.element)
    if not kinds:
        return ""
    several = "parallel" if shape.element.get("parallelMultiple") == "true" else "multiple"
    kind = kinds[0] if len(kinds) == 1 else several
    at = _at(shape.box, 36)
    if kind == "timer":
        return path(symbols.CLOCK, "sign", at)
    # A condition is never thrown; filled, its page would be black.
    filled = (shape.kind in _THROWING and kind != "conditional") or kind == "terminate"
    sign = path(symbols.TRIGGERS.get(kind, symbols.TRIGGERS["multiple"]), "ink" if filled else "sign", at)
    flap = path(symbols.ENVELOPE_FLAP, "flap", at) if kind == "message" and filled else ""
    return sign + flap


def _gateway(shape: Shape, words: str) -> str:
    box = shape.box
    x, y = box.middle
    corners = ((x, box.y), (box.right, y), (x, box.bottom), (box.x, y))
    data = "M" + "L".join(f"{number(left)} {number(top)}" for left, top in corners) + "z"
    return path(data, "body") + _gateway_sign(shape) + below(words, box, shape.label)


def _gateway_sign(shape: Shape) -> str:
    at = _at(shape.box, 50)
    if shape.kind == "eventBasedGateway":
        begins = shape.element.get("instantiate") == "true"
        rings = symbols.circle(25, 25, 15) + ("" if begins else symbols.circle(25, 25, 12.3))
        parallel = shape.element.get("eventGatewayType") == "Parallel"
        return path(rings + (symbols.PLUS if parallel else symbols.PENTAGON), "sign", at)
    sign = symbols.GATEWAYS.get(shape.kind)
    if sign is None or (shape.kind == "exclusiveGateway" and not shape.marked):
        return ""
    return path(sign[1], sign[0], at)


def _activity(shape: Shape, words: str) -> str:
    box, element, kind = shape.box, shape.element, shape.kind
    by_event = element.get("triggeredByEvent") == "true"
    line = "thick" if kind in ("callActivity", "callChoreography") else "dotted" if by_event else ""
    drawn = [_frame(box, f"body {line}".strip())]
    if kind == "transaction" and min(box.width, box.height) > 12:
        within = Box(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
        drawn.append(_frame(within, "thin", 8))
    signs = _task_sign(shape)
    marks = _marks(shape)
    opened = kind in SCOPES and shape.expanded is True
    room = Box(box.x, box.y, box.width, max(box.height - (17 if marks else 0), 14))
    drawn += [signs, marks, inside(words, room, top=opened, upper=20 if signs else 0)]
    return "".join(drawn)


def _frame(box: Box, class_: str, radius: float = 10) -> str:
    round_off = min(radius, box.width / 4, box.height / 4)
    return tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=round_off, class_=class_)


def _task_sign(shape: Shape) -> str:
    kind = _CALLED.get(shape.kind, shape.kind)
    corner = f"translate({number(shape.box.x + 6)} {number(shape.box.y + 5)})"
    drawn = "".join(path(data, class_, corner) for class_, data in symbols.TASKS.get(kind, ()))
    if kind == "receiveTask" and shape.element.get("instantiate") == "true":
        drawn = path(symbols.circle(9, 9, 10), "sign", corner) + drawn
    return drawn


def _marks(shape: Shape) -> str:
    element = shape.element
    found = []
    if element.find(bpmn("standardLoopCharacteristics")) is not None:
        found.append("loop")
    many = element.find(bpmn("multiInstanceLoopCharacteristics"))
    if many is not None:
        found.append("sequential" if many.get("isSequential") == "true" else "parallel")
    closed = shape.kind in SCOPES and shape.expanded is not True
    if closed or shape.kind == "callActivity":
        found.append("inside")
    if element.get("isForCompensation") == "true":
        found.append("compensation")
    if shape.kind == "adHocSubProcess":
        found.append("adhoc")
    left, top = shape.box.middle[0] - 9 * len(found) + 2, shape.box.bottom - 17
    signs = (symbols.MARKS[name] for name in found)
    return "".join(
        path(data, class_, f"translate({number(left + 18 * index)} {number(top)})")
        for index, (class_, data) in enumerate(signs)
    )


def _pool(shape: Shape, words: str) -> str:
    box = shape.box
    frame = tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, class_="body")
    if shape.kind == "participant" and (
        not reference(shape.element, "processRef") or shape.expanded is False
    ):
        return frame + inside(words, box) + _multiple(shape)
    if not shape.horizontal:
        strip = Box(box.x, box.y, box.width, min(_STRIP, box.height))
        border = f"M{number(box.x)} {number(strip.bottom)}h{number(box.width)}"
        return frame + _border(shape, border) + inside(words, strip) + _multiple(shape)
    strip = Box(box.x, box.y, min(_STRIP, box.width), box.height)
    border = f"M{number(strip.right)} {number(box.y)}v{number(box.height)}"
    return frame + _border(shape, border) + turned(words, strip) + _multiple(shape)


def _border(shape: Shape, data: str) -> str:
    return path(data) if shape.kind == "participant" else ""


def _multiple(shape: Shape) -> str:
    if shape.element.find(bpmn("participantMultiplicity")) is None:
        return ""
    x, y = shape.box.middle[0] - 7, shape.box.bottom - 17
    class_, data = symbols.MARKS["parallel"]
    return path(data, class_, f"translate({number(x)} {number(y)})")


def _data(shape: Shape, words: str) -> str:
    box = shape.box
    fold = min(10, box.width / 3, box.height / 3)
    x, y = number(box.x), number(box.y)
    outline = f"M{x} {y}H{number(box.right - fold)}l{number(fold)} {number(fold)}V{number(box.bottom)}H{x}z"
    corner = f"M{number(box.right - fold)} {y}v{number(fold)}h{number(fold)}"
    drawn = path(outline, "body") + path(corner)
    if shape.kind in ("dataInput", "dataOutput"):
        at = f"translate({number(box.x + 3)} {number(box.y + 3)}) scale(.45)"
        drawn += path("M1 9h10V3l10 10-10 10v-6H1z", "sign" if shape.kind == "dataInput" else "ink", at)
    if _is_collection(shape.element):
        at = f"translate({number(box.middle[0] - 7)} {number(box.bottom - 16)})"
        drawn += path(symbols.MARKS["parallel"][1], "bars", at)
    return drawn + below(words, box, shape.label)


def _is_collection(element: Any) -> bool:
    name = reference(element, "dataObjectRef")
    found = element.getparent().find(f"{bpmn('dataObject')}[@id='{name}']") if _plain(name) else None
    return any(item is not None and item.get("isCollection") == "true" for item in (element, found))


def _plain(name: str) -> bool:
    return name.replace("_", "").replace("-", "").isalnum()


def _store(shape: Shape, words: str) -> str:
    box = shape.box
    high = min(box.height / 6, 10)
    x, y, wide, down = number(box.x), box.y + high, number(box.width), number(box.height - 2 * high)
    bow = f"a{number(box.width / 2)} {number(high)} 0 0 "
    outline = f"M{x} {number(y)}{bow}1 {wide} 0v{down}{bow}1 -{wide} 0z"
    lids = "".join(f"M{x} {number(y + step * high * 0.7)}{bow}0 {wide} 0" for step in range(3))
    return path(outline, "body") + path(lids, "sign") + below(words, box, shape.label)


def _annotation(shape: Shape, words: str) -> str:
    box = shape.box
    data = f"M{number(box.x + 10)} {number(box.y)}H{number(box.x)}V{number(box.bottom)}h10"
    return path(data, "way") + beside(words, box)


def _group(shape: Shape, words: str) -> str:
    return _frame(shape.box, "group") + (
        below(words, shape.box, shape.label) if shape.label else inside(words, shape.box, top=True)
    )


def _grouped(element: Any, elements: Mapping[str, Any]) -> str | None:
    """Returns the value of a group's category."""
    value = elements.get(reference(element, "categoryValueRef"))
    found: str | None = None if value is None else value.get("value")
    return found or _name(element, elements)


def _remarked(element: Any, elements: Mapping[str, Any]) -> str | None:
    found: str | None = element.findtext(bpmn("text"))
    return found or _name(element, elements)


def _in_state(element: Any, elements: Mapping[str, Any]) -> str | None:
    state = element.find(bpmn("dataState"))
    name, said = _name(element, elements), "" if state is None else state.get("name", "")
    return f"{name or ''} [{said}]" if said and f"[{said}]" not in (name or "") else name


_SAYINGS: Mapping[str, Callable[[Any, Mapping[str, Any]], str | None]] = {
    "textAnnotation": _remarked,
    "group": _grouped,
    "dataObjectReference": _in_state,
    "dataStoreReference": _in_state,
}
_CALLED = {
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_Draw = Callable[[Shape, str], str]
_KINDS: Mapping[str, _Draw] = {
    **dict.fromkeys(
        ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        _event,
    ),
    **dict.fromkeys(
        ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"),
        _gateway,
    ),
    **dict.fromkeys(("participant", "lane"), _pool),
    **dict.fromkeys(("dataObjectReference", "dataObject", "dataInput", "dataOutput"), _data),
    **dict.fromkeys(("dataStoreReference", "dataStore"), _store),
    "textAnnotation": _annotation,
    "group": _group,
}
