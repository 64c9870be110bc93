"""Errors, escalations, messages, signals, conditions, ends, compensation, transactions."""

from tests.conformance.peers.rows import END, Row, call, many, process, with_inner
from tests.conformance.peers.scopes import SOON, task, two
from tests.driving import flow, path, script
from tests.eventful import (
    boundary,
    catch,
    compensation,
    condition,
    error,
    escalation,
    handler,
    inside,
    line,
    message,
    shared,
    signal,
    sub,
    throw,
    undone,
)

FAILING = sub("s", "userTask a", end=error())
CAUGHT = boundary("caught", "s", error())
CALLED = {"q": process("q", "userTask i", end=error())}
ESCALATES = sub("s", throw("up", escalation()), "userTask a")
ASKED = boundary("heard", "s", escalation(), interrupting=False)
STOPPED = boundary("heard", "s", escalation())
WARNS = {"q": process("q", script("x", "input = 42"), throw("up", escalation()), "userTask i")}
CODE = (
    '<boundaryEvent id="caught" attachedToRef="s">'
    '<errorEventDefinition errorRef="missing" camunda:errorCodeVariable="code"/>'
    "</boundaryEvent>" + task("t") + path("caught", "t")
)
ESCALATION_CODE = (
    '<boundaryEvent id="heard" attachedToRef="s" cancelActivity="false">'
    '<escalationEventDefinition escalationRef="delay" camunda:escalationCodeVariable="code"/>'
    "</boundaryEvent>" + task("t") + path("heard", "t")
)
APART = (
    '<startEvent id="start"/><parallelGateway id="f"/>'
    + FAILING
    + task("b")
    + path("start", "f", "s")
    + path("f", "b")
)
GATE = (
    '<startEvent id="start"/><eventBasedGateway id="g"/>'
    + catch("m", message())
    + catch("n", signal())
    + catch("late", SOON)
    + task("a")
    + task("b")
    + task("c")
    + path("start", "g", "m", "a")
    + path("g", "n", "b")
    + path("g", "late", "c")
)
HEARS = line("userTask a", "userTask b")
COND = condition("${x == 1}")
UNDO = script("undo", "undone = undone + 1")
# A name that only instances use belongs to each of them; a data object makes it the case's.
OF_CASE = shared("undone")
COMPENSATED = (
    line("userTask a", "userTask b", throw("back", compensation()), "userTask after")
    + undone("a")
    + undone("b")
)


def tx(*more: str) -> str:
    """A transaction whose task `ask` decides whether it is cancelled."""
    inner = (
        '<startEvent id="s.in"/><userTask id="book"/><userTask id="ask"/>'
        '<exclusiveGateway id="g" default="ok"/>'
        '<endEvent id="done"/><endEvent id="gone"><cancelEventDefinition/></endEvent>'
        + path("s.in", "book", "ask", "g") + flow("g", "gone", "${bad}") + flow("g", "done", name="ok")
        + undone("book") + "".join(more)
    )  # fmt: skip
    return line(f'<transaction id="s">{inner}</transaction>', "userTask after") + boundary(
        "cancelled", "s", "<cancelEventDefinition/>"
    )


def ends_all(name: str = "stop") -> str:
    return f'<endEvent id="{name}"><terminateEventDefinition/></endEvent>'


TERMINATE = (
    '<startEvent id="start"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    + ends_all()
    + path("start", "f", "a", "stop")
    + path("f", "b")
)
INNER_STOP = (
    '<subProcess id="s"><startEvent id="s1"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    + ends_all()
    + path("s1", "f", "a", "stop")
    + path("f", "b")
    + "</subProcess>"
)
STOPS = {
    "q": '<startEvent id="q1"/><parallelGateway id="f"/><userTask id="a"/><userTask id="b"/>'
    + ends_all()
    + path("q1", "f", "a", "stop")
    + path("f", "b")
}
THROWER = line("userTask a", throw("cry", signal()), "userTask behind")

ROWS = [
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnEmbeddedSubprocess",
        line(FAILING) + CAUGHT,
        "a x=1",
        "caught-task",
        {"x": 1},
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnEmbeddedSubprocessWithoutErrorCode",
        line(FAILING) + boundary("caught", "s", error(None)),
        "a",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOfInnerSubprocessOnOuterSubprocess",
        line(sub("s", sub("t", "userTask a", end=error()))) + CAUGHT,
        "a",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorInConcurrentEmbeddedSubprocesses",
        APART + CAUGHT,
        "a",
        "b caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testDeeplyNestedErrorThrown (inner)",
        line(inside(sub("s", sub("t", "userTask a", end=error())), boundary("near", "t", error()))) + CAUGHT,
        "a",
        "near-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testDeeplyNestedErrorThrown (outer)",
        line(inside(sub("s", sub("t", "userTask a", end=error("other"))), boundary("near", "t", error())))
        + boundary("caught", "s", error("other")),
        "a",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnCallActivity",
        line(call("s", "q")) + CAUGHT,
        "i",
        "caught-task",
        calls=CALLED,
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testUncaughtError",
        line("userTask a").replace('<endEvent id="end"/>', f'<endEvent id="end">{error()}</endEvent>'),
        "a",
        END,
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testUncaughtErrorOnCallActivity",
        line(call("s", "q"), "userTask after"),
        "i",
        END,
        calls=CALLED,
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorThrownByCallActivityOnSubprocess",
        line(sub("s", call("c", "q"))) + CAUGHT,
        "i",
        "caught-task",
        calls=CALLED,
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorThrownByCallActivityOnCallActivity",
        line(call("s", "r")) + CAUGHT,
        "i",
        "caught-task",
        calls={**CALLED, "r": process("r", call("c", "q"))},
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnParallelMultiInstance",
        line(with_inner(FAILING, many("3"))) + CAUGHT,
        "a@1",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnSequentialMultiInstance",
        line(with_inner(FAILING, many("3", one_by_one=True))) + CAUGHT,
        "a",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest.testCatchErrorOnSubprocessThrownByInterruptingEventSubprocess",
        line(inside(sub("s", "userTask a"), handler("h", message(), "userTask b", end=error()))) + CAUGHT,
        "h.in; b",
        "caught-task",
    ),
    Row(
        "Operaton BoundaryErrorEventTest (errorCodeVariable)",
        line(FAILING) + CODE,
        "a",
        "t",
        {"code": "MISSING"},
    ),
    Row(
        "Operaton ErrorEventSubProcessTest.testCatchErrorThrownByScriptTaskInEmbeddedSubProcessWithErrorCode",
        line(inside(FAILING, handler("h", error()))),
        "a",
        "h-task",
    ),
    Row(
        "Operaton ErrorEventSubProcessTest.testCatchErrorThrownByScriptTaskInsideSubProcessInTopLevelProcess",
        line(FAILING) + handler("h", error()),
        "a",
        "h-task",
    ),
    Row(
        "Operaton ErrorEventSubProcessTest.testErrorCodeTakesPrecedence",
        line(FAILING) + handler("h", error(None)) + handler("k", error()),
        "a",
        "k-task",
    ),
    Row(
        "Operaton ErrorEventSubProcessTest.testThrownAnErrorInEventSubprocessInSubprocess",
        line(inside(sub("s", "userTask a"), handler("h", message(), "userTask b", end=error())))
        + handler("k", error()),
        "h.in; b",
        "k-task",
    ),
    Row(
        "Operaton CallActivity.testSubProcessDataOutputOnError",
        line(call("s", "q", "out y=x")) + CAUGHT,
        "i x=7",
        "caught-task",
        {"y": 7},
        unset="x",
        calls=CALLED,
    ),
    Row(
        "Operaton CallActivity.testTwoSubProcessesDataOutputOnError",
        line(call("s", "r", "out z=y")) + CAUGHT,
        "i x=7",
        "caught-task",
        {"z": 7},
        unset="x y",
        calls={**CALLED, "r": process("r", call("c", "q", "out y=x"))},
    ),
    Row(
        "Operaton EscalationEventTest.testThrowEscalationEventFromEmbeddedSubprocess",
        line(ESCALATES) + ASKED,
        "",
        "a heard-task",
    ),
    Row(
        "Operaton EscalationEventTest.testThrowEscalationEventHierarchical",
        line(
            inside(
                sub("s", sub("t", throw("up", escalation()), "userTask a")),
                boundary("near", "t", escalation(), interrupting=False),
            )
        )
        + ASKED,
        "",
        "a near-task",
    ),
    Row(
        "Operaton EscalationEventTest.testThrowEscalationEventFromCallActivity",
        line(call("s", "q")) + ASKED,
        "",
        "heard-task i",
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest.testThrowEscalationEventNotCaught",
        line(throw("up", escalation()), "userTask a"),
        "",
        "a",
    ),
    Row(
        "Operaton EscalationEventTest.testBoundaryEventWithEscalationCode",
        line(ESCALATES) + ASKED + boundary("else", "s", escalation("doubt"), interrupting=False),
        "",
        "a heard-task",
    ),
    Row(
        "Operaton EscalationEventTest.testBoundaryEventWithoutEscalationRef",
        line(ESCALATES) + boundary("any", "s", escalation(None), interrupting=False),
        "",
        "a any-task",
    ),
    Row(
        "Operaton EscalationEventTest.testInterruptingEscalationBoundaryEventOnMultiInstanceSubprocess",
        line(with_inner(ESCALATES, many("5"))) + STOPPED,
        "",
        "heard-task",
    ),
    Row(
        "Operaton EscalationEventTest.testNonInterruptingEscalationBoundaryEventOnMultiInstanceSubprocess",
        line(with_inner(ESCALATES, many("5"))) + ASKED,
        "",
        "a a a a a heard-task heard-task heard-task heard-task heard-task",
    ),
    Row(
        "Operaton EscalationEventTest.testInterruptingEscalationBoundaryEvent",
        line(ESCALATES) + STOPPED,
        "",
        "heard-task",
    ),
    Row(
        "Operaton EscalationEventTest.testInterruptingEscalationBoundaryEventOnCallActivity",
        line(call("s", "q")) + STOPPED,
        "",
        "heard-task",
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest.testEscalationEndEvent",
        line(sub("s", script("x", "v = 1"), end=escalation())) + ASKED,
        "",
        "heard-task",
        {"v": 1},
    ),
    Row(
        "Operaton EscalationEventTest.testPropagateOutputVariablesWhileCatchEscalationOnCallActivity",
        line(call("s", "q", "out output=input")) + ASKED,
        "",
        "heard-task i",
        {"output": 42},
        unset="input",
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest.testPropagateOutputVariablesTwoTimes",
        line(call("s", "q", "out output=input")) + ASKED,
        "i input=999",
        "heard-task",
        {"output": 999},
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest."
        "testPropagateOutputVariablesWhileCatchInterruptingEscalationOnCallActivity",
        line(call("s", "q", "out output=input")) + STOPPED,
        "",
        "heard-task",
        {"output": 42},
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest.testPropagateOutputVariablesWithoutCatchEscalation",
        line(call("s", "q", "out output=input")),
        "",
        "i",
        {"output": 42},
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventTest.testRetrieveEscalationCodeVariableOnBoundaryEvent",
        line(ESCALATES) + ESCALATION_CODE,
        "",
        "a t",
        {"code": "DELAY"},
    ),
    Row(
        "Operaton EscalationEventSubprocessTest.testPreferEscalationEventSubprocessToBoundaryEvent",
        line(inside(ESCALATES, handler("h", escalation(), interrupting=False))) + ASKED,
        "",
        "a h-task",
    ),
    Row(
        "Operaton EscalationEventSubprocessTest.testReThrowEscalationEventToBoundaryEvent",
        line(inside(ESCALATES, handler("h", escalation(), throw("again", escalation()), interrupting=False)))
        + ASKED,
        "",
        "a heard-task",
    ),
    Row(
        "Operaton EscalationEventSubprocessTest.testEscalationEventSubprocessWithoutEscalationCode",
        line(ESCALATES) + handler("h", escalation(None), interrupting=False),
        "",
        "a h-task",
    ),
    Row(
        "Operaton EscalationEventSubprocessTest.testInterruptingEscalationEventSubprocessWithCallActivity",
        line(call("s", "q")) + handler("h", escalation()),
        "",
        "h-task",
        calls=WARNS,
    ),
    Row(
        "Operaton EscalationEventSubprocessTest.testNonInterruptingEscalationTriggeredTwice",
        line(throw("up", escalation()), throw("up2", escalation()), "userTask a")
        + handler("h", escalation(), interrupting=False),
        "",
        "a h-task h-task",
    ),
    Row(
        "Operaton SignalEventTest.testNoContinuationWhenSignalInterruptsThrowingActivity",
        line(
            inside(sub("s", "userTask a", throw("cry", signal()), "userTask behind"), handler("h", signal()))
        ),
        "a",
        "h-task",
    ),
    Row(
        "Operaton SignalEventTest.testSignalStartEventInEventSubProcess",
        line("userTask a") + handler("h", signal()),
        "h.in",
        "h-task",
    ),
    Row(
        "Operaton SignalEventTest.testNonInterruptingSignalStartEventInEventSubProcess",
        line("userTask a") + handler("h", signal(), interrupting=False),
        "h.in",
        "a h-task",
    ),
    Row(
        "Operaton SignalEventTest (own boundary event)",
        two("parallelGateway", task("long"), throw("cry", signal()))
        + boundary("heard", "long", signal(), interrupting=False),
        "",
        "heard-task long",
    ),
    Row(
        "Operaton SignalEventTest (a wait behind the throw)",
        line(throw("cry", signal()), catch("hear", signal()), "userTask a"),
        "",
        "",
    ),
    Row(
        "Operaton SignalEndEventTest (own event sub-process)",
        line("userTask a").replace('<endEvent id="end"/>', f'<endEvent id="end">{signal()}</endEvent>')
        + handler("h", signal(), interrupting=False),
        "a",
        "h-task",
    ),
    Row("Operaton EventBasedGatewayTest.testCatchAlertAndTimer (signal)", GATE, "n", "b"),
    Row("Operaton EventBasedGatewayTest.testCatchAlertAndTimer (timer)", GATE, "late", "c"),
    Row("Operaton EventBasedGatewayTest.testCatchSignalAndMessageAndTimer", GATE, "m x=1", "a", {"x": 1}),
    Row(
        "Operaton MessageBoundaryEventTest.testSingleBoundaryMessageEvent",
        line("userTask a") + boundary("m", "a", message()),
        "m",
        "m-task",
    ),
    Row(
        "Operaton MessageBoundaryEventTest.testSingleBoundaryMessageEvent (in time)",
        line("userTask a", "userTask b") + boundary("m", "a", message()),
        "a",
        "b",
    ),
    Row(
        "Operaton MessageBoundaryEventTest.testDoubleBoundaryMessageEvent",
        line("userTask a") + boundary("m", "a", message()) + boundary("n", "a", message("asked")),
        "n",
        "n-task",
    ),
    Row(
        "Operaton MessageBoundaryEventTest.testBoundaryMessageEventOnSubprocess",
        line(sub("s", "userTask a")) + boundary("m", "s", message()),
        "m x=5",
        "m-task",
        {"x": 5},
    ),
    Row(
        "Operaton MessageBoundaryEventTest.testBoundaryMessageEventOnSubprocessWithIntermediateMessageCatch",
        line(sub("s", catch("c", message("asked")))) + boundary("m", "s", message()),
        "m",
        "m-task",
    ),
    Row(
        "Operaton MessageNonInterruptingBoundaryEventTest.testSingleNonInterruptingBoundaryMessageEvent",
        line("userTask a") + boundary("m", "a", message(), interrupting=False),
        "m; m",
        "a m-task m-task",
    ),
    Row(
        "Operaton MessageNonInterruptingBoundaryEventTest."
        "testNonInterruptingEventInCombinationWithReceiveTaskInsideSubProcess",
        line(sub("s", '<receiveTask id="r" messageRef="asked"/>', "userTask a"))
        + boundary("m", "s", message(), interrupting=False),
        "m; r",
        "a m-task",
    ),
    Row(
        "Operaton MessageEventSubprocessTest.testInterruptingUnderProcessDefinition",
        HEARS + handler("h", message()),
        "h.in",
        "h-task",
    ),
    Row(
        "Operaton MessageEventSubprocessTest.testNonInterruptingUnderProcessDefinition",
        HEARS + handler("h", message(), interrupting=False),
        "h.in; a",
        "b h-task",
    ),
    Row(
        "Operaton MessageEventSubprocessTest.testNonInterruptingInMultiParallelEmbeddedSubprocess",
        line(
            inside(with_inner(sub("s", "userTask a"), many("2")), handler("h", message(), interrupting=False))
        ),
        "h.in",
        "a a h-task",
    ),
    Row(
        "Operaton MessageIntermediateEventTest.testConcurrentIntermediateMessageEvent",
        two("parallelGateway", catch("m", message()), catch("n", message("asked"))),
        "m x=1; n y=2",
        "after",
        {"x": 1, "y": 2},
    ),
    Row(
        "Operaton MessageCorrelationTest.testCatchingMessageEventCorrelation",
        line(catch("m", message()), "userTask a"),
        "m aKey='aValue'",
        "a",
        {"aKey": "aValue"},
    ),
    Row(
        "Operaton ReceiveTaskTest.multiParallelReceiveTask",
        line(with_inner('<receiveTask id="r" messageRef="paid"/>', many("2")), "userTask a"),
        "r; r",
        "a",
    ),
    Row(
        "BPMN 2.0.2 §10.5.6 (the payload belongs to the run)",
        line("userTask a") + handler("h", message(), script("x", "note = text"), interrupting=False),
        "h.in text='x'",
        "a",
        unset="note",
    ),
    Row(
        "Operaton BoundaryConditionalEventTest.testTrueCondition",
        line("userTask a") + boundary("c", "a", condition("${true}")),
        "",
        "c-task",
    ),
    Row(
        "Operaton BoundaryConditionalEventTest.testVariableCondition",
        two("parallelGateway", task("a"), task("b")) + boundary("c", "a", COND),
        "b x=1",
        "c-task",
        {"x": 1},
        given={"x": 0},
    ),
    Row(
        "Operaton BoundaryConditionalEventTest.testNonInterruptingVariableCondition",
        two("parallelGateway", task("a"), task("b")) + boundary("c", "a", COND, interrupting=False),
        "b x=1",
        "a c-task",
        given={"x": 0},
    ),
    Row(
        "Operaton IntermediateConditionalEventTest.testParallelVariableValueEqualConditions",
        two("parallelGateway", sub("s", catch("c", COND)), task("b")),
        "b x=1",
        "after",
        given={"x": 0},
    ),
    Row(
        "Operaton EventSubProcessStartConditionalEventTest.testSubProcessVariableCondition",
        line(inside(sub("s", "userTask a", "userTask b"), handler("h", COND))),
        "a x=1",
        "h-task",
        given={"x": 0},
    ),
    Row(
        "Operaton EndEventTest.testConcurrentEndOfSameProcess",
        '<startEvent id="start"/><parallelGateway id="f"/><userTask id="a"/>'
        '<userTask id="b"/><endEvent id="end"/>' + path("start", "f", "a", "end") + path("f", "b", "end"),
        "a; b",
        END,
    ),
    Row("Operaton TerminateEndEventTest.testProcessTerminate", TERMINATE, "a", END),
    Row("Operaton TerminateEndEventTest.testProcessTerminate (other branch)", TERMINATE, "b", "a"),
    Row(
        "Operaton TerminateEndEventTest.testTerminateInSubProcess",
        line(INNER_STOP, "userTask after"),
        "a x=1",
        "after",
        {"x": 1},
    ),
    Row(
        "Operaton TerminateEndEventTest.testTerminateInSubProcessConcurrent",
        two("parallelGateway", INNER_STOP, task("c")).replace('id="f"', 'id="ff"').replace('"f"', '"ff"'),
        "a",
        "c",
    ),
    Row(
        "Operaton TerminateEndEventTest.testTerminateInCallActivity",
        line(call("c", "q"), "userTask after"),
        "a",
        "after",
        calls=STOPS,
    ),
    Row(
        "Operaton TerminateEndEventTest.testTerminateInCallActivityConcurrentMulitInstance",
        line(with_inner(call("c", "q"), many("2")), "userTask after"),
        "a",
        "a b",
        calls=STOPS,
    ),
    Row(
        "Operaton CompensateEventTest.testCompensateSubprocess",
        OF_CASE
        + line(
            with_inner(inside(sub("s", "userTask a"), undone("a", UNDO)), many("5", one_by_one=True)),
            throw("back", compensation("s")),
            "userTask after",
        ),
        "a; a; a; a; a",
        "after",
        {"undone": 5},
        given={"undone": 0},
    ),
    Row(
        "Operaton CompensateEventTest.testCompensateMiSubprocess",
        OF_CASE
        + line(
            with_inner(inside(sub("s", "userTask a"), undone("a", UNDO)), many("5")),
            throw("back", compensation("s")),
            "userTask after",
        ),
        "a; a; a; a; a",
        "after",
        {"undone": 5},
        given={"undone": 0},
    ),
    Row("Operaton CompensateEventTest.testCompensateScope", COMPENSATED, "a; b", "undo-b"),
    Row(
        "Operaton CompensateEventTest.testCompensateScope (all)", COMPENSATED, "a; b; undo-b; undo-a", "after"
    ),
    Row(
        "Operaton CompensateEventTest.testCompensateActivityRef",
        line("userTask a", "userTask b", throw("back", compensation("a")), "userTask after")
        + undone("a")
        + undone("b"),
        "a; b",
        "undo-a",
    ),
    Row(
        "Operaton CompensateEventTest.testCompensateActivityInSubprocess",
        line(inside(sub("s", "userTask a"), undone("a")), throw("back", compensation("s")), "userTask after"),
        "a; undo-a",
        "after",
    ),
    Row(
        "Operaton CompensateEventTest.testCompensateActivityRefMiActivity",
        line(with_inner(task("a"), many("2")), throw("back", compensation("a")), "userTask after")
        + undone("a"),
        "a; a; undo-a; undo-a",
        "after",
    ),
    Row(
        "Operaton CompensateEventTest.testCompensationEndEventWithActivityRef",
        line("userTask a").replace(
            '<endEvent id="end"/>', f'<endEvent id="end">{compensation("a")}</endEvent>'
        )
        + undone("a"),
        "a; undo-a",
        END,
    ),
    Row(
        "Operaton CompensateEventTest.testSubprocessCompensationHandler",
        line("userTask a", throw("back", compensation()), "userTask after")
        + undone("a", sub("undo", "userTask u")),
        "a; u x=1",
        "after",
        {"x": 1},
    ),
    Row(
        "Operaton CompensateEventTest.testCompensationEventSubProcess",
        line(
            inside(sub("s", "userTask a"), handler("h", compensation())),
            throw("back", compensation("s")),
            "userTask after",
        ),
        "a",
        "h-task",
    ),
    Row(
        "Operaton CompensateEventTest (nothing has completed)",
        two("parallelGateway", task("a"), throw("back", compensation())) + undone("a"),
        "",
        "a",
    ),
    Row(
        "BPMN 2.0.2 §10.7 (handlers read shared data as they are now)",
        line("userTask a", "userTask b", throw("back", compensation("a")), "userTask after")
        + undone("a", script("undo", "seen = x")),
        "a x=1; b x=2",
        "after",
        {"seen": 2},
    ),
    Row(
        "Operaton TransactionSubProcessTest.testSimpleCaseTxSuccessful", tx(), "book; ask bad=False", "after"
    ),
    Row(
        "Operaton TransactionSubProcessTest.testSimpleCaseTxCancelled",
        tx(),
        "book; ask bad=True",
        "undo-book",
    ),
    Row(
        "Operaton TransactionSubProcessTest.testSimpleCaseTxCancelled (undone)",
        tx(),
        "book x=1; ask bad=True; undo-book",
        "cancelled-task",
        {"x": 1},
    ),
]
