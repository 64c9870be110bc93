"""Inputs and outputs, calls with mappings, and which scope a variable belongs to."""

from tests.conformance.peers.rows import END, Row, call, io, many, process, with_inner
from tests.conformance.peers.scopes import task
from tests.driving import script
from tests.eventful import handler, inside, line, message, sub

LOOK = script("look", "seen = v")
INNER = {"q": process("q", "userTask i", script("k", "r = p * 2"))}


def given_in(*parameters: str) -> str:
    """A task with these parameters, then one behind it."""
    return line(with_inner(task("a"), io(*parameters)), "userTask after")


def in_script(code: str, *parameters: str) -> str:
    """A script task with these parameters, then a task."""
    return line(with_inner(script("a", code), io(*parameters)), "userTask after")


LIST = "<camunda:list><camunda:value>${1 + 1}</camunda:value><camunda:value>b</camunda:value></camunda:list>"
MAP = (
    '<camunda:map><camunda:entry key="a">${1 + 1}</camunda:entry>'
    '<camunda:entry key="b">c</camunda:entry></camunda:map>'
)

ROWS = [
    Row(
        "Operaton InputOutputTest.testInputNullValue",
        in_script("y = v", "in v="),
        "",
        "after",
        {"y": None},
        unset="v",
    ),
    Row(
        "Operaton InputOutputTest.testInputStringConstantValue",
        in_script("y = v", "in v=stringValue"),
        "",
        "after",
        {"y": "stringValue"},
        unset="v",
    ),
    Row(
        "Operaton InputOutputTest.testInputElValue",
        in_script("y = v", "in v=${1 + 1}"),
        "",
        "after",
        {"y": 2},
        unset="v",
    ),
    Row(
        "Operaton InputOutputTest.testInputListElValues",
        in_script("y = v", f"in v={LIST}"),
        "",
        "after",
        {"y": [2, "b"]},
    ),
    Row(
        "Operaton InputOutputTest.testInputMapElValues",
        in_script("y = v", f"in v={MAP}"),
        "",
        "after",
        {"y": {"a": 2, "b": "c"}},
    ),
    Row(
        "Operaton InputOutputTest.testInputMultipleElValue",
        in_script("y = [v, w]", "in v=${1 + 1}", "in w=${1 + 2}"),
        "",
        "after",
        {"y": [2, 3]},
    ),
    Row(
        "Operaton InputOutputTest.testInputMultipleMixedValue",
        in_script("y = [v, w]", "in v=${1 + 1}", "in w=constant"),
        "",
        "after",
        {"y": [2, "constant"]},
    ),
    Row(
        "Operaton InputOutputTest (an input hides a variable)",
        in_script("y = v", "in v=${v + 1}"),
        "",
        "after",
        {"y": 6, "v": 5},
        given={"v": 5},
    ),
    Row(
        "Operaton InputOutputTest (inputs are local to a sub-process)",
        line(
            with_inner(sub("s", "userTask a", script("x", "y = v")), io("in v=${base * 2}")), "userTask after"
        ),
        "a",
        "after",
        {"y": 4},
        unset="v",
        given={"base": 2},
    ),
    Row("Operaton InputOutputTest.testOutputNullValue", given_in("out v="), "a", "after", {"v": None}),
    Row(
        "Operaton InputOutputTest.testOutputStringConstantValue",
        given_in("out v=stringValue"),
        "a",
        "after",
        {"v": "stringValue"},
    ),
    Row("Operaton InputOutputTest.testOutputElValue", given_in("out v=${1 + 1}"), "a", "after", {"v": 2}),
    Row(
        "Operaton InputOutputTest.testOutputListElValues",
        given_in(f"out v={LIST}"),
        "a",
        "after",
        {"v": [2, "b"]},
    ),
    Row(
        "Operaton InputOutputTest.testOutputMapElValues",
        given_in(f"out v={MAP}"),
        "a",
        "after",
        {"v": {"a": 2, "b": "c"}},
    ),
    Row(
        "Operaton InputOutputTest.testOutputMultipleElValue",
        given_in("out v=${1 + 1}", "out w=${1 + 2}"),
        "a",
        "after",
        {"v": 2, "w": 3},
    ),
    Row(
        "Operaton InputOutputTest.testOutputPlainTask",
        line(with_inner('<task id="a"/>', io("out v=foo"))),
        "a",
        END,
        {"v": "foo"},
    ),
    Row(
        "Operaton InputOutputTest (outputs read inputs)",
        given_in("in w=${base + 1}", "out v=${w + 1}"),
        "a",
        "after",
        {"v": 3},
        unset="w",
        given={"base": 1},
    ),
    Row(
        "Operaton InputOutputTest.testSequentialMISubprocessIoSupport",
        line(
            with_inner(
                sub("s", with_inner(script("a", "total = total + v"), io("in v=${loopCounter + 1}"))),
                many("3", one_by_one=True),
            ),
            script("z", "all = total"),
        ),
        "",
        END,
        {"all": 6},
        unset="v",
        given={"total": 0},
    ),
    Row(
        "Operaton InputOutputEventTest.testMessageBoundaryEvent (what arrives)",
        line("userTask a")
        + (
            '<boundaryEvent id="m" attachedToRef="a">'
            '<messageEventDefinition messageRef="paid"/></boundaryEvent><userTask id="b"/>'
            '<sequenceFlow id="mb" sourceRef="m" targetRef="b"/>'
        ),
        "m v=1",
        "b",
        {"v": 1},
    ),
    Row(
        "Operaton CallActivityTest.testCallSimpleSubProcess",
        line("userTask a", call("c", "q"), "userTask after"),
        "a; i; after",
        END,
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivityTest.testSubProcessEndsSuperProcess",
        line(call("c", "q")),
        "i",
        END,
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivityTest.testAccessSuperInstanceVariables",
        line(call("c", "q", "out greeting=greeting"), "userTask after"),
        "",
        "after",
        {"greeting": "hello"},
        calls={"q": process("q", script("x", "greeting = 'hello'"))},
    ),
    Row(
        "Operaton CallActivityTest.testSubProcessWithDataInputOutput (in)",
        line(call("c", "q", "in subVariable=superVariable")),
        "",
        "i",
        {"superVariable": "Hello"},
        unset="subVariable",
        given={"superVariable": "Hello"},
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivityTest.testSubProcessWithDataInputOutput (out)",
        line(
            call("c", "q", "in subVariable=superVariable", "out superVariable=subVariable"), "userTask after"
        ),
        "i subVariable='changed'",
        "after",
        {"superVariable": "changed"},
        unset="subVariable",
        given={"superVariable": "Hello"},
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivity.testSubProcessDataInputOutputAsExpression",
        line(call("c", "q", "in p=${x + 5}", "out y=${p + 5}"), "userTask after"),
        "i",
        "after",
        {"x": 5, "y": 15},
        given={"x": 5},
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivity.testSubProcessLimitedDataInputOutputTypedApi",
        line(call("c", "q", "in p=x", "out y=r"), "userTask after"),
        "i hidden=1",
        "after",
        {"y": 6},
        unset="p r hidden",
        given={"x": 3, "other": 1},
        calls=INNER,
    ),
    Row(
        "Operaton CallActivityTest (all in and out)",
        line(call("c", "q", "in *", "out *"), "userTask after"),
        "i",
        "after",
        {"p": 4, "r": 8},
        given={"p": 4},
        calls=INNER,
    ),
    Row(
        "Operaton CallActivityTest (all out)",
        line(call("c", "q", "in p=x", "out *"), "userTask after"),
        "i",
        "after",
        {"r": 6, "p": 3},
        given={"x": 3},
        calls=INNER,
    ),
    Row(
        "Operaton CallActivityTest (all in, nothing out)",
        line(call("c", "q", "in *"), "userTask after"),
        "i",
        "after",
        {"p": 4},
        unset="r",
        given={"p": 4},
        calls=INNER,
    ),
    Row(
        "Operaton CallActivityTest (an unset source is null)",
        line(call("c", "q", "out y=missing"), "userTask after"),
        "i",
        "after",
        {"y": None},
        calls={"q": process("q", "userTask i")},
    ),
    Row(
        "Operaton CallActivityTest.testTwoSubProcesses",
        line(call("c", "q", "in p=x", "out x=r"), call("d", "q", "in p=x", "out x=r"), "userTask after"),
        "i; i",
        "after",
        {"x": 12},
        given={"x": 3},
        calls=INNER,
    ),
    Row(
        "Operaton CallActivityTest (a called process doesn't see its caller)",
        line(call("c", "q", "in p=x"), "userTask after"),
        "",
        "",
        {"x": 1},
        given={"x": 1, "v": 2},
        failed="script-failed",
        calls={"q": process("q", script("l", "seen = v"))},
    ),
    Row(
        "BPMN 2.0.2 §10.4 (the data of a call stay its own while it runs)",
        line(call("c", "q", "in p=x", "out y=r")),
        "i r=9",
        "END",
        {"y": 6},
        unset="r p",
        given={"x": 3},
        calls=INNER,
    ),
    Row(
        "BPMN 2.0.2 §10.3.5 (an event sub-process has its parent's data)",
        line("userTask a", LOOK) + handler("h", message(), script("x", "v = 2"), interrupting=False),
        "h.in; a",
        END,
        {"v": 2, "seen": 2},
        given={"v": 1},
    ),
    Row(
        "BPMN 2.0.2 §10.3.5 (so does one in a sub-process)",
        line(
            inside(
                sub("s", "userTask a", LOOK),
                handler("h", message(), script("x", "v = 2"), interrupting=False),
            )
        ),
        "h.in; a",
        END,
        {"v": 2, "seen": 2},
        given={"v": 1},
    ),
    Row(
        "BPMN 2.0.2 §10.4 (data objects belong to their sub-process)",
        line(
            '<subProcess id="s"><dataObject id="own"/>'
            + process("s", script("x", "own = 1"), script("y", "shared = own"))
            + "</subProcess>"
        ),
        "",
        END,
        {"shared": 1},
        unset="own",
    ),
]
