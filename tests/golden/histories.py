"""Cases stopped half-way: a process, what was done before its state was stored, and what after."""

from dataclasses import dataclass, field
from typing import Any

from tests import eventful
from tests.driving import flow, path, script

Answers = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class History:
    """`before` leads to the stored state, `after` from there to the end, where `data` must have come out.

    `more` are definitions outside of the process.
    """

    name: str
    process: str
    start: dict[str, Any]
    before: Answers
    after: Answers
    data: dict[str, Any] = field(default_factory=dict)
    more: str = ""


_MANY = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
    '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item"/><outputDataItem id="result"/>'
    "</multiInstanceLoopCharacteristics>"
)

_CORRELATED = """parvandeh:correlation="{'order': order}" parvandeh:result="payment" """
_SERVICE = (
    '<serviceTask id="ask" parvandeh:connector="registry" parvandeh:result="reply"'
    """ parvandeh:request="{'id': national_id}"/>"""
)

HISTORIES = [
    History(
        "typed values",
        '<startEvent id="start"/>'
        + script(
            "calc",
            "from decimal import Decimal\nfrom datetime import date\n"
            "fee = Decimal('1.10')\nday = date(2026, 3, 21)",
        )
        + '<userTask id="work"/>'
        + script("total", "total = fee * 2\nlater = day.isoformat()")
        + path("start", "calc", "work", "total"),
        {},
        [],
        [("work", {})],
        {"later": "2026-03-21"},
    ),
    History(
        "one of two branches done",
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="join"/>'
        + script("sum", "sum = left + right")
        + path("start", "fork", "a", "join", "sum")
        + path("fork", "b", "join"),
        {"left": 0, "right": 0},
        [("a", {"left": 1})],
        [("b", {"right": 2})],
        {"sum": 3},
    ),
    History(
        "inclusive join waiting",
        '<startEvent id="start"/><inclusiveGateway id="fork" default="fork-c"/>'
        '<userTask id="a"/><userTask id="b"/>'
        '<userTask id="c"/><inclusiveGateway id="join"/><userTask id="after"/>'
        + path("start", "fork")
        + flow("fork", "a", "True")
        + flow("fork", "b", "True")
        + flow("fork", "c")
        + path("a", "join", "after")
        + path("b", "join")
        + path("c", "join"),
        {},
        [("a", {"x": 1})],
        [("b", {"y": 2}), ("after", {})],
        {"x": 1, "y": 2},
    ),
    History(
        "some instances of a sub-process done",
        '<startEvent id="start"/><subProcess id="sub">'
        + _MANY
        + '<startEvent id="in"/><userTask id="work"/>'
        + script("calc", "result = item * answer")
        + path("in", "work", "calc")
        + '</subProcess><userTask id="after"/>'
        + path("start", "sub", "after"),
        {"items": [1, 2, 3]},
        [("work", {"answer": 10})],
        [("work", {"answer": 20}), ("work", {"answer": 30}), ("after", {})],
        {"results": [10, 40, 90]},
    ),
    History(
        "data object and later rounds of a loop",
        '<dataObject id="note"/><dataObjectReference id="ref" dataObjectRef="note"/><startEvent id="start"/>'
        '<exclusiveGateway id="again"/><userTask id="work">'
        '<dataOutputAssociation id="o"><targetRef>ref</targetRef>'
        '</dataOutputAssociation></userTask><exclusiveGateway id="done" default="done-again"/>'
        '<scriptTask id="read"><dataInputAssociation id="i"><sourceRef>ref</sourceRef></dataInputAssociation>'
        "<script>seen = note</script></scriptTask>"
        + path("start", "again", "work", "done")
        + flow("done", "again")
        + flow("done", "read", "stop"),
        {"stop": False},
        [("work", {"note": "first"}), ("work", {})],
        [("work", {"stop": True})],
        {"seen": "first"},
    ),
    History(
        "a reminder repeats while a task waits",
        eventful.line("userTask work", "userTask after")
        + eventful.boundary("remind", "work", eventful.timer("timeCycle", "R3/P7D"), interrupting=False),
        {},
        [("remind", {}), ("remind-task", {"reminded": 1})],
        [("remind", {}), ("work", {"done": True}), ("remind-task", {"reminded": 2}), ("after", {})],
        {"done": True},
        eventful.DEFINITIONS,
    ),
    History(
        "a message or a deadline",
        '<startEvent id="start"/><eventBasedGateway id="race"/>'
        + eventful.catch("payment", eventful.message(), _CORRELATED)
        + eventful.catch("late", eventful.timer("timeDuration", "P1M"))
        + '<userTask id="thank"/>'
        + path("start", "race", "payment", "thank")
        + path("race", "late"),
        {"order": 7},
        [],
        [("payment", {"sum": 5}), ("thank", {})],
        {"payment": {"sum": 5}},
        eventful.DEFINITIONS,
    ),
    History(
        "an event sub-process runs beside other work",
        eventful.line("userTask work")
        + eventful.handler(
            "ask", eventful.message("asked"), interrupting=False, more='parvandeh:result="news"'
        )
        + eventful.handler("stop", eventful.message("withdrawn")),
        {"x": 0},
        [("ask.in", {"n": 1})],
        [("ask.in", {"n": 2}), ("ask-task", {}), ("stop.in", {"why": "moved"}), ("stop-task", {"x": 1})],
        {"x": 1, "news": {"n": 2}, "why": "moved"},
        eventful.DEFINITIONS,
    ),
    History(
        "another system has not answered yet",
        eventful.line(_SERVICE, "userTask after"),
        {"national_id": "1"},
        [],
        [("ask", {"known": True}), ("after", {})],
        {"reply": {"known": True}},
    ),
]
