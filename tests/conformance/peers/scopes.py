"""Sub-processes, gateways, several instances."""

from tests.conformance.peers.rows import END, Row, call, many, process, service, with_inner
from tests.driving import flow, path, script
from tests.eventful import boundary, inside, line, shared, sub, timer

SOON = timer("timeDuration", "PT1H")
TIMER_ON_S = boundary("late", "s", SOON)


def two(kind: str, a: str, b: str, join: str = "parallelGateway", *, more: str = "") -> str:
    """Two elements behind a fork, and a task `after` behind their join."""
    names = [element.split('id="', 1)[1].split('"', 1)[0] for element in (a, b)]
    return (
        f'<startEvent id="start"/><{kind} id="fork"/>{a}{b}<{join} id="join"/><userTask id="after"/>'
        + '<endEvent id="end"/>' + path("start", "fork", names[0], "join", "after", "end")
        + path("fork", names[1], "join") + more
    )  # fmt: skip


def task(name: str) -> str:
    return f'<userTask id="{name}"/>'


def chosen(kind: str, *conditions: str, default: str = "") -> str:
    """A gateway with a branch to a task `t<n>` for each condition."""
    spare = 'default="d"' if default else ""
    body = f'<startEvent id="start"/><{kind} id="g" {spare}/>' + path("start", "g")
    for number, condition in enumerate(conditions, 1):
        body += task(f"t{number}") + flow("g", f"t{number}", condition)
    return body + (task(default) + flow("g", default, name="d") if default else "")


EXCLUSIVE = chosen("exclusiveGateway", "${input == 1}", "${input == 2}", "${input == 3}")
SPARE = chosen("exclusiveGateway", "${input == 1}", "${input == 2}", default="t3")
INCLUSIVE = chosen("inclusiveGateway", "${input &lt; 2}", "${input &lt; 3}", "${input &lt; 4}")
SPARE_INCLUSIVE = chosen("inclusiveGateway", "${input == 1}", "${input &lt;= 2}", default="t3")
COUNT = "sum = sum + loopCounter"
OF_CASE = shared("sum")  # a name that only instances use belongs to each of them
TWO_SUBS = two("parallelGateway", sub("s", "userTask a"), sub("t", "userTask b"))
NESTED = line(sub("s", sub("t", "userTask a")), "userTask after")
PARALLEL = line(with_inner(task("a"), many("3")), "userTask after")
ORDERED = line(with_inner(task("a"), many("3", one_by_one=True)), "userTask after")
MANY_SUBS = line(with_inner(sub("s", "userTask a", "userTask b"), many("2")), "userTask after")
ORDERED_SUBS = line(with_inner(sub("s", "userTask a"), many("3", one_by_one=True)), "userTask after")
LOOP = (
    '<startEvent id="start"/><exclusiveGateway id="m"/><userTask id="a"/>'
    '<exclusiveGateway id="g" default="d"/>'
    '<userTask id="after"/>'
    + path("start", "m", "a", "g")
    + flow("g", "m", "${again}")
    + flow("g", "after", name="d")
)
STALE = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    + script("set", "city = 'new'")
    + '<exclusiveGateway id="g" default="d"/><userTask id="new"/><userTask id="old"/>'
    + path("start", "fork", "a", "g") + path("fork", "b", "set")
    + flow("g", "new", "${city == 'new'}") + flow("g", "old", name="d")
)  # fmt: skip

ROWS = [
    Row(
        "Operaton SubProcessTest.testSimpleSubProcess",
        line(sub("s", "userTask a"), "userTask after"),
        "a",
        "after",
    ),
    Row(
        "Operaton SubProcessTest.testSimpleAutomaticSubProcess",
        line(sub("s", script("x", "y = 1"))),
        "",
        END,
        {"y": 1},
    ),
    Row(
        "Operaton SubProcessTest.testSimpleSubProcessWithTimer",
        line(sub("s", "userTask a")) + TIMER_ON_S,
        "late",
        "late-task",
    ),
    Row(
        "Operaton SubProcessTest.testSimpleSubProcessWithTimer (in time)",
        line(sub("s", "userTask a"), "userTask after") + TIMER_ON_S,
        "a",
        "after",
    ),
    Row(
        "Operaton SubProcessTest.testSimpleSubProcessWithConcurrentTimer",
        line(sub("s", "userTask a")) + boundary("late", "s", SOON, interrupting=False),
        "late",
        "a late-task",
    ),
    Row("Operaton SubProcessTest.testNestedSimpleSubProcess", NESTED, "a", "after"),
    Row(
        "Operaton SubProcessTest.testNestedSimpleSubprocessWithTimerOnInnerSubProcess",
        line(inside(sub("s", sub("t", "userTask a"), "userTask b"), boundary("late", "t", SOON))),
        "late",
        "late-task",
    ),
    Row("Operaton SubProcessTest.testSimpleParallelSubProcess", TWO_SUBS, "a", "b"),
    Row(
        "Operaton SubProcessTest.testSimpleParallelSubProcess (both)",
        TWO_SUBS,
        "a x=1; b y=2",
        "after",
        {"x": 1, "y": 2},
    ),
    Row("Operaton SubProcessTest.testTwoSubProcessInParallel", TWO_SUBS, "b; a; after", END),
    Row(
        "Operaton SubProcessTest.testTwoSubProcessInParallelWithinSubProcess",
        line(
            inside(
                '<subProcess id="o">'
                + two("parallelGateway", sub("s", "userTask a"), sub("t", "userTask b"))
                .replace('id="start"', 'id="o1"')
                .replace('"start"', '"o1"')
                .replace('"end"', '"o2"')
                + "</subProcess>"
            ),
            "userTask z",
        ),
        "a; b; after",
        "z",
    ),
    Row(
        "Operaton SubProcessTest.testTwoNestedSubProcessesInParallelWithTimer",
        line(
            inside(
                '<subProcess id="s">'
                + two("parallelGateway", sub("q", "userTask a"), sub("t", "userTask b"))
                .replace('id="start"', 'id="o1"')
                .replace('"start"', '"o1"')
                .replace('"end"', '"o2"')
                + "</subProcess>"
            )
        )
        + TIMER_ON_S,
        "a; late",
        "late-task",
    ),
    Row(
        "BPMN 2.0.2 §10.4 (a sub-process shares the data around it)",
        line(sub("s", "userTask a"), script("x", "y = v + 1")),
        "a v=1",
        END,
        {"v": 1, "y": 2},
    ),
    Row(
        "Operaton ExclusiveGatewayTest.testDivergingExclusiveGateway (1)",
        EXCLUSIVE,
        "",
        "t1",
        given={"input": 1},
    ),
    Row(
        "Operaton ExclusiveGatewayTest.testDivergingExclusiveGateway (2)",
        EXCLUSIVE,
        "",
        "t2",
        given={"input": 2},
    ),
    Row(
        "Operaton ExclusiveGatewayTest.testDivergingExclusiveGateway (3)",
        EXCLUSIVE,
        "",
        "t3",
        given={"input": 3},
    ),
    Row(
        "Operaton ExclusiveGatewayTest.testNoSequenceFlowSelected",
        EXCLUSIVE,
        "",
        "",
        given={"input": 4},
        failed="no-flow",
    ),
    Row("Operaton ExclusiveGatewayTest.testDefaultSequenceFlow (1)", SPARE, "", "t1", given={"input": 1}),
    Row("Operaton ExclusiveGatewayTest.testDefaultSequenceFlow (2)", SPARE, "", "t2", given={"input": 2}),
    Row("Operaton ExclusiveGatewayTest.testDefaultSequenceFlow (5)", SPARE, "", "t3", given={"input": 5}),
    Row(
        "Operaton ExclusiveGatewayTest.testMultipleValidConditions",
        chosen("exclusiveGateway", "${input &gt; 4}", "${input &gt; 3}"),
        "",
        "t1",
        given={"input": 5},
    ),
    Row(
        "Operaton ExclusiveGatewayTest.testMergingExclusiveGateway",
        two("parallelGateway", task("a"), task("b"), "exclusiveGateway"),
        "a; b",
        "after after",
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDivergingInclusiveGateway (1)",
        INCLUSIVE,
        "",
        "t1 t2 t3",
        given={"input": 1},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDivergingInclusiveGateway (2)",
        INCLUSIVE,
        "",
        "t2 t3",
        given={"input": 2},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDivergingInclusiveGateway (3)",
        INCLUSIVE,
        "",
        "t3",
        given={"input": 3},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testNoSequenceFlowSelected",
        INCLUSIVE,
        "",
        "",
        given={"input": 4},
        failed="no-flow",
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDefaultSequenceFlow (1)",
        SPARE_INCLUSIVE,
        "",
        "t1 t2",
        given={"input": 1},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDefaultSequenceFlow (2)",
        SPARE_INCLUSIVE,
        "",
        "t2",
        given={"input": 2},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testDefaultSequenceFlow (3)",
        SPARE_INCLUSIVE,
        "",
        "t3",
        given={"input": 3},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testMergingInclusiveGateway",
        two("inclusiveGateway", task("a"), task("b"), "inclusiveGateway"),
        "b v=1; a v=2",
        "after",
        {"v": 2},
    ),
    Row(
        "Operaton InclusiveGatewayTest.testMergingInclusiveGateway (one)",
        two("inclusiveGateway", task("a"), task("b"), "inclusiveGateway"),
        "b",
        "a",
    ),
    Row(
        "Operaton ParallelGatewayTest.testForkJoin",
        two("parallelGateway", task("a"), task("b")),
        "a x=1; b x=2",
        "after",
        {"x": 2},
    ),
    Row(
        "Operaton ParallelGatewayTest.testSplitMergeNoWaitstates",
        two("parallelGateway", script("a", "x = 1"), script("b", "y = 2")),
        "after",
        END,
        {"x": 1, "y": 2},
    ),
    Row(
        "Operaton ParallelGatewayTest.testNestedForkJoin",
        '<startEvent id="start"/><parallelGateway id="f"/><parallelGateway id="g"/>'
        '<userTask id="a"/><userTask id="b"/><userTask id="c"/><parallelGateway id="j"/>'
        '<parallelGateway id="k"/><userTask id="z"/>'
        + path("start", "f", "a", "k", "z")
        + path("f", "g", "b", "j", "k")
        + path("g", "c", "j"),
        "a; c; b",
        "z",
    ),
    Row(
        "Operaton ParallelGatewayTest.testReceyclingExecutionWithCallActivity",
        two("parallelGateway", call("c", "q"), task("b")),
        "inner",
        "b",
        calls={"q": process("q", "userTask inner")},
    ),
    Row(
        "Operaton LinkEventTest.testValidEventLink",
        '<startEvent id="start"/><userTask id="a"/><intermediateThrowEvent id="out">'
        '<linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="in"><linkEventDefinition name="L"/>'
        '</intermediateCatchEvent><userTask id="b"/>' + path("start", "a", "out") + path("in", "b"),
        "a",
        "b",
    ),
    Row(
        "BPMN 2.0.2 §10.4 (a branch reads what another has set)",
        STALE,
        "b; a",
        "new",
        {"city": "new"},
        given={"city": "old"},
    ),
    Row(
        "BPMN 2.0.2 §10.4 (a branch reads what is set so far)",
        STALE,
        "a; b",
        "old",
        {"city": "new"},
        given={"city": "old"},
    ),
    Row(
        "BPMN 2.0.2 §13.4.2 (a loop drawn with a gateway)",
        LOOP,
        "a again=True; a again=True; a again=False",
        "after",
        {"again": False},
    ),
    Row("Operaton MultiInstanceTest.testSequentialUserTasks", ORDERED, "a; a; a", "after"),
    Row("Operaton MultiInstanceTest.testSequentialUserTasks (last)", ORDERED, "a x=1; a x=2", "a", {"x": 2}),
    Row(
        "Operaton MultiInstanceTest.testSequentialUserTasksWithTimer",
        ORDERED + boundary("late", "a", SOON),
        "a; late",
        "late-task",
    ),
    Row(
        "Operaton MultiInstanceTest.testSequentialUserTasksCompletionCondition",
        line(with_inner(task("a"), many("10", "${nrOfCompletedInstances == 5}", one_by_one=True))),
        "a; a; a; a; a",
        END,
    ),
    Row(
        "Operaton MultiInstanceTest.testNestedSequentialUserTasks",
        line(
            with_inner(
                sub("s", with_inner(task("a"), many("1", one_by_one=True))), many("3", one_by_one=True)
            )
        ),
        "a; a; a",
        END,
    ),
    Row("Operaton MultiInstanceTest.testParallelUserTasks", PARALLEL, "", "a a a"),
    Row("Operaton MultiInstanceTest.testParallelUserTasks (one)", PARALLEL, "a", "a a"),
    Row(
        "Operaton MultiInstanceTest.testParallelUserTasks (all)",
        PARALLEL,
        "a@2 x=3; a@0 x=1; a x=2",
        "after",
        {"x": 2, "x_of_each": [1, 2, 3]},
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelUserTasksWithTimer",
        PARALLEL + boundary("late", "a", SOON),
        "a; late",
        "late-task",
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelUserTasksCompletionCondition",
        line(with_inner(task("a"), many("5", "${nrOfCompletedInstances == 3}"))),
        "a; a; a",
        END,
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelUserTasksBasedOnCollection",
        line(with_inner(task("a"), many("${people}", item="person"))),
        "",
        "a a",
        given={"people": ["x", "y"]},
        unset="person",
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelUserTasksBasedOnCollection (none)",
        line(with_inner(task("a"), many("${people}", item="person")), "userTask after"),
        "",
        "after",
        given={"people": []},
    ),
    Row(
        "Operaton MultiInstanceTest.testNestedParallelUserTasks",
        line(with_inner(sub("s", with_inner(task("a"), many("3"))), many("2"))),
        "a; a; a",
        "a a a",
    ),
    Row(
        "Operaton MultiInstanceTest.testSequentialScriptTasks",
        OF_CASE + line(with_inner(script("a", COUNT), many("5", one_by_one=True)), "userTask after"),
        "",
        "after",
        {"sum": 10},
        given={"sum": 0},
    ),
    Row(
        "Operaton MultiInstanceTest.testSequentialScriptTasksCompletionCondition",
        OF_CASE
        + line(with_inner(script("a", COUNT), many("10", "${nrOfCompletedInstances == 5}", one_by_one=True))),
        "",
        END,
        {"sum": 10},
        given={"sum": 0},
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelScriptTasks",
        OF_CASE + line(with_inner(script("a", COUNT), many("10"))),
        "",
        END,
        {"sum_of_each": [0, 1, 3, 6, 10, 15, 21, 28, 36, 45]},
        given={"sum": 0},
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelScriptTasks (read behind)",
        line(with_inner(script("a", COUNT), many("10")), script("b", "total = sum")),
        "",
        END,
        {"sum": 45, "total": 45},
        given={"sum": 0},
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelScriptTasksCompletionCondition",
        line(
            with_inner(script("a", COUNT), many("10", "${nrOfCompletedInstances == 3}")),
            script("b", "total = sum"),
        ),
        "",
        END,
        {"sum": 3},
        given={"sum": 0},
    ),
    Row("Operaton MultiInstanceTest.testSequentialSubProcess", ORDERED_SUBS, "a; a; a", "after"),
    Row(
        "Operaton MultiInstanceTest.testSequentialSubProcessWithTimer",
        ORDERED_SUBS + TIMER_ON_S,
        "a; late",
        "late-task",
    ),
    Row(
        "Operaton MultiInstanceTest.testSequentialSubProcessCompletionCondition",
        line(
            with_inner(sub("s", "userTask a"), many("10", "${nrOfCompletedInstances == 3}", one_by_one=True)),
            "userTask after",
        ),
        "a; a; a",
        "after",
    ),
    Row("Operaton MultiInstanceTest.testParallelSubProcess", MANY_SUBS, "a; a", "b b"),
    Row("Operaton MultiInstanceTest.testParallelSubProcess (all)", MANY_SUBS, "a; b; a; b", "after"),
    Row(
        "Operaton MultiInstanceTest.testParallelSubProcessWithTimer",
        MANY_SUBS + TIMER_ON_S,
        "a; late",
        "late-task",
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelSubProcessCompletionCondition",
        line(with_inner(sub("s", "userTask a"), many("3", "${nrOfCompletedInstances == 2}"))),
        "a; a",
        END,
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelSubProcessAllAutomatic",
        line(with_inner(sub("s", script("x", COUNT)), many("5")), script("b", "total = sum")),
        "",
        END,
        {"total": 10},
        given={"sum": 0},
    ),
    Row(
        "Operaton MultiInstanceTest.testNestedParallelSubProcess",
        line(with_inner(sub("s", with_inner(sub("t", "userTask a"), many("2"))), many("2"))),
        "",
        "a a a a",
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelCallActivity",
        line(with_inner(call("c", "q"), many("2")), "userTask after"),
        "i; i",
        "after",
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelCallActivityWithTimer",
        line(with_inner(call("c", "q"), many("2"))) + boundary("late", "c", SOON),
        "i; late",
        "late-task",
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton MultiInstanceTest.testSequentialCallActivity",
        line(with_inner(call("c", "q"), many("2", one_by_one=True)), "userTask after"),
        "i; i",
        "after",
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton MultiInstanceTest.testZeroLoopCardinalityOnParallelUserTask",
        line(with_inner(task("a"), many("0")), "userTask after"),
        "",
        "after",
    ),
    Row(
        "Operaton MultiInstanceTest.testZeroLoopCardinalityOnSequentialUserTask",
        line(with_inner(task("a"), many("0", one_by_one=True)), "userTask after"),
        "",
        "after",
    ),
    Row(
        "Operaton MultiInstanceTest.testZeroLoopCardinalityOnParallelSubprocess",
        line(with_inner(sub("s", "userTask a"), many("0")), "userTask after"),
        "",
        "after",
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelReceiveTasks",
        line(with_inner('<receiveTask id="r" messageRef="paid"/>', many("3"))),
        "r; r; r",
        END,
    ),
    Row(
        "Operaton MultiInstanceTest.testParallelReceiveTasksAssertEventSubscriptionRemoval",
        line(with_inner('<receiveTask id="r" messageRef="paid"/>', many("3"))),
        "r",
        "",
    ),
    Row(
        "BPMN 2.0.2 §10.4 (what only instances use is their own)",
        line(with_inner(sub("s", script("x", "own = loopCounter * 2")), many("3"))),
        "",
        END,
        unset="own loopCounter nrOfInstances",
    ),
    Row(
        "BPMN 2.0.2 §13.3.6 (calls of parallel instances)",
        line(with_inner(service("w"), many("2")), "userTask after"),
        "w; w",
        "after",
    ),
]
