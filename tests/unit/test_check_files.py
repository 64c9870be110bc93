"""Sets of files, the processes in them, and whatever else somebody may upload."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.model.notes import MAX_FINDINGS, Notes, Place
from tests.bpmn import (
    definitions,
    extension,
    flow,
    in_line,
    line,
    many,
    node,
    process,
    process_element,
    script,
)
from tests.checking import about, timer
from tests.checking import check_without_roles as check

GOOD = line("task a")


def codes(files: dict[str, bytes], known: tuple[str, ...] = (), severity: str = "error") -> list[str]:
    return [item.code for item in check(files, known).findings if item.severity == severity]


@pytest.mark.parametrize("name", ["a.bpmn", "a.bpmn20.xml", "a.xml", "پرونده.bpmn", "می‌رود.bpmn"])
def test_bpmn_files_are_told_by_their_suffix(name: str) -> None:
    assert check({name: GOOD, "README.md": b"\xff"}).findings == ()


def test_a_set_without_bpmn_is_refused() -> None:
    assert codes({}) == ["no-bpmn"]
    assert codes({"README.md": b""}) == ["no-bpmn"]


@pytest.mark.parametrize("name", ["a.DMN", "b.BPMN", "a.exe", "a", "a.FORM", "a.svg"])
def test_other_files_are_refused(name: str) -> None:
    report = check({"a.bpmn": GOOD, name: b"x"})
    assert [(item.code, item.file) for item in report.findings] == [("unsupported-file", name)]


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b.bpmn", "../a.bpmn", "a\\b.bpmn", "a\0.bpmn", "a\n.bpmn", "a\x1b.bpmn"),
        *("x" * 196 + ".bpmn", "\ud800.bpmn", "\u202enpmb.bpmn"),
    ],
)
def test_file_names_with_tricks_are_refused(name: str) -> None:
    report = check({"a.bpmn": GOOD, name: GOOD})
    assert [item.code for item in report.errors] == ["file-name"]
    assert report.errors[0].file.isprintable()


def test_names_that_look_alike_are_refused() -> None:
    assert codes({"a.md": b"", "A.md": b"", "p.bpmn": GOOD}) == ["file-twice"]
    assert codes({"\u00e9.md": b"", "e\u0301.md": b"", "p.bpmn": GOOD}) == ["file-twice"]


def test_too_many_or_too_large_files_are_refused() -> None:
    assert codes({f"{n}.md": b"" for n in range(51)}) == ["too-many-files"]
    assert codes({"a.bpmn": GOOD, "b.md": b" " * (2**21 + 1)}) == ["file-too-large"]


def test_every_file_is_told_of_at_once() -> None:
    report = check({"a.bpmn": b"<", "b.bpmn": b"<!DOCTYPE a><a/>", "c.json": b"{", "d.dmn": b""})
    assert {item.file: item.code for item in report.findings} == {
        "a.bpmn": "not-xml",
        "b.bpmn": "doctype",
        "c.json": "invalid-json",
        "d.dmn": "not-xml",
    }


IDLE = 'isExecutable="false"'


def test_a_process_that_does_not_run_is_refused_if_alone() -> None:
    report = check({"a.bpmn": process(*in_line("adHocSubProcess r"), attributes=IDLE)})
    assert [item.code for item in report.errors] == ["not-executable", "unsupported-element"]
    assert report.processes == ()


def test_a_process_that_does_not_run_is_passed_over_beside_another() -> None:
    idle = process_element(*in_line("adHocSubProcess r", prefix="q_"), key="q", attributes=IDLE)
    for files in (
        {"a.bpmn": definitions(process_element(*in_line("task a")), idle)},
        {"a.bpmn": GOOD, "b.bpmn": definitions(idle)},
    ):
        report = check(files)
        assert [(item.code, item.severity) for item in report.findings] == [("not-executable", "warning")]
        assert [item.key for item in report.processes] == ["p"]


def test_a_process_that_does_not_say_runs() -> None:
    assert [item.key for item in check({"a.bpmn": process(*in_line("task a"), attributes="")}).processes] == [
        "p"
    ]


def test_a_file_without_process_is_refused() -> None:
    assert codes({"a.bpmn": definitions()}) == ["no-process"]


def call(key: str, target: str) -> bytes:
    return process(*in_line(node("callActivity", "call", calledElement=target), prefix=key), key=key)


def test_calls_go_to_these_files_or_to_what_is_deployed() -> None:
    report = check({"a.bpmn": call("a", "b"), "b.bpmn": call("b", "other")}, {"other"})
    assert report.findings == ()
    assert {item.key: item.calls for item in report.processes} == {"a": {"b"}, "b": {"other"}}
    assert codes({"a.bpmn": call("a", "nowhere")}) == ["unknown-process"]


def test_a_process_that_does_not_run_cannot_be_called() -> None:
    assert codes({"a.bpmn": call("a", "q"), "b.bpmn": process(*in_line(), key="q", attributes=IDLE)}) == [
        "unknown-process"
    ]


def test_a_process_that_only_messages_start_cannot_be_called() -> None:
    asked = node("startEvent", "asked", '<bpmn:messageEventDefinition messageRef="m"/>')
    drawn = process_element(asked, node("userTask", "work"), flow("asked", "work"), key="b")
    called = definitions('<bpmn:message id="m" name="asked"/>', drawn)
    assert codes({"b.bpmn": called}) == []
    assert codes({"a.bpmn": call("a", "b"), "b.bpmn": called}) == ["called-without-start"]


@pytest.mark.parametrize("target", ["${next}", "#{next}", "=next"])
def test_a_computed_call_is_refused(target: str) -> None:
    assert codes({"a.bpmn": call("a", target)}) == ["called-process-computed"]


def test_a_call_without_target_is_refused() -> None:
    assert codes({"a.bpmn": line("callActivity c")}) == ["no-called-process"]


@pytest.mark.parametrize("ring", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_calls_in_a_ring_are_refused(ring: list[str]) -> None:
    files = {f"{one}.bpmn": call(one, other) for one, other in pairwise([*ring, ring[0]])}
    assert codes(files) == ["call-cycle"] * len(ring)


def test_a_call_from_within_a_sub_process_counts_too() -> None:
    inside = "".join(in_line(node("callActivity", "c", calledElement="p"), prefix="inner_"))
    assert codes({"a.bpmn": line(node("subProcess", "s", inside))}) == ["call-cycle"]


@pytest.mark.parametrize(
    ("binding", "together", "apart"),
    [
        ("deployment", [], ["unsupported-extension"]),
        ("latest", [], []),
        ("version", ["unsupported-extension"], ["unsupported-extension"]),
        ("versionTag", ["unsupported-extension"], ["unsupported-extension"]),
    ],
)
def test_calls_are_bound_at_deployment(binding: str, together: list[str], apart: list[str]) -> None:
    caller = process(
        *in_line(node("callActivity", "c", calledElement="q", camunda__calledElementBinding=binding)),
        key="caller",
    )
    assert codes({"a.bpmn": caller, "q.bpmn": process(*in_line(prefix="q"), key="q")}) == together
    assert codes({"a.bpmn": caller}, ("q",)) == apart


def test_the_same_process_in_two_files_is_refused() -> None:
    assert codes({"a.bpmn": GOOD, "b.bpmn": GOOD}) == ["duplicate-id"]


def test_ids_are_unique_in_a_file_and_those_of_processes_among_all() -> None:
    def with_sub(key: str, sub: str) -> bytes:
        return process(*in_line(node("subProcess", sub, "".join(in_line(prefix="i"))), prefix=key), key=key)

    assert codes({"a.bpmn": with_sub("a", "s"), "b.bpmn": with_sub("b", "s")}) == []
    assert codes({"a.bpmn": with_sub("a", "b"), "b.bpmn": with_sub("b", "s")}) == []
    assert codes({"a.bpmn": with_sub("a", "b"), "b.bpmn": with_sub("a", "s")}) == ["duplicate-id"]


def test_tasks_of_different_files_may_have_the_same_id() -> None:
    assert codes({"a.bpmn": GOOD, "b.bpmn": process(*in_line("task a"), key="q")}) == []


def with_message_flow(source: str, target: str, *processes: str) -> bytes:
    pools = (
        '<bpmn:collaboration><bpmn:participant id="x" processRef="p"/><bpmn:participant id="y" name="Y"/>'
        f'<bpmn:messageFlow id="m" sourceRef="{source}" targetRef="{target}"/></bpmn:collaboration>'
    )
    return definitions(pools, *processes, *(f'<bpmn:message id="{m}" name="{m}"/>' for m in ("m1", "m2")))


def two_pools(thrown: str, caught: str) -> tuple[str, str]:
    return (
        process_element(*in_line(node("sendTask", "tell", messageRef=thrown))),
        process_element(*in_line(node("receiveTask", "hear", messageRef=caught), prefix="q"), key="q"),
    )


def told(content: bytes) -> list[tuple[str, str, str | None]]:
    findings = check({"a.bpmn": content}).findings
    assert all(finding.line and finding.fix for finding in findings)
    return [(item.severity, item.code, item.element) for item in findings if item.code != "unused-definition"]


def test_a_message_flow_that_draws_what_happens_passes() -> None:
    assert told(with_message_flow("tell", "hear", *two_pools("m1", "m1"))) == []


def test_a_message_flow_to_or_from_another_party_passes() -> None:
    processes = two_pools("m1", "m2")
    assert told(with_message_flow("tell", "y", *processes)) == []
    assert told(with_message_flow("y", "hear", *processes)) == []
    asks = process_element(*in_line(node("serviceTask", "ask", parvandeh__topic="t")))
    assert told(with_message_flow("ask", "y", asks)) == []


@pytest.mark.parametrize(("source", "target"), [("tell", "hear"), ("start", "hear"), ("hear", "tell")])
def test_a_message_flow_along_which_nothing_would_come_is_refused(source: str, target: str) -> None:
    content = with_message_flow(source, target, *two_pools("m1", "m2"))
    assert told(content) == [("error", "message-flow", "m")]


def test_a_message_flow_that_people_see_to_is_warned_of() -> None:
    content = with_message_flow("y", "a", process_element(*in_line("task a")))
    assert told(content) == [("warning", "message-flow-drawn", "m")]


def test_a_message_flow_with_a_loose_end_is_refused() -> None:
    content = with_message_flow("y", "nowhere", process_element(*in_line("task a")))
    assert told(content) == [("error", "dangling-flow", "m")]


def test_a_message_flow_with_a_process_that_does_not_run_is_a_drawing_of_another_party() -> None:
    other = process_element(*in_line("task hear", prefix="q"), key="q", attributes=IDLE)
    content = with_message_flow("tell", "hear", two_pools("m1", "m1")[0], other)
    assert told(content) == [("warning", "not-executable", "q")]


def test_several_pools_are_processes_of_their_own() -> None:
    pools = (
        '<bpmn:collaboration><bpmn:participant id="x" processRef="p"/>'
        '<bpmn:participant id="y" processRef="q"/></bpmn:collaboration>'
    )
    both = process_element(*in_line("task a")), process_element(*in_line("task b", prefix="q_"), key="q")
    report = check({"a.bpmn": definitions(pools, *both)})
    assert report.findings == ()
    assert [item.key for item in report.processes] == ["p", "q"]


def test_findings_have_an_end() -> None:
    report = check({"a.bpmn": line(*(f'<bpmn:task id="t{n}" odd="1"/>' for n in range(2_000)))})
    assert len(report.findings) == MAX_FINDINGS + 1
    assert report.findings[-1].code == "too-many-findings"


def test_file_is_refused_also_for_an_error_that_is_not_shown() -> None:
    found = Notes()
    for number in range(MAX_FINDINGS):
        found.warn(Place("a.bpmn", line=number), "no-form")
    assert found.refused == set()
    found.error(Place("a.bpmn"), "no-form")
    assert found.refused == {"a.bpmn"}
    assert [each.severity for each in found.sorted(["a.bpmn"])].count("error") == 1


def test_warnings_alone_forbid_nothing_however_many_they_are() -> None:
    found = Notes()
    for number in range(MAX_FINDINGS + 5):
        found.warn(Place("a.bpmn", line=number), "no-form")
    told = found.sorted(["a.bpmn"])
    assert (told[-1].code, told[-1].severity) == ("too-many-findings", "warning")
    assert told[-1].values == {"count": 5}


@pytest.mark.parametrize("name", ["x", "camunda:x", "parvandeh:x"])
def test_a_hundred_thousand_attributes_are_one_finding(name: str) -> None:
    attributes = " ".join(f'{name}{n}=""' for n in range(100_000))
    assert codes({"a.bpmn": line(f'<bpmn:task id="a" {attributes}/>')}) == ["too-many-attributes"]


def rich() -> bytes:
    inside = "".join(in_line(script("x", "y = 1"), prefix="inner_"))
    return line(
        node("userTask", "a", extension("<camunda:formData/>"), camunda__formKey="x.json"),
        node("subProcess", "s", inside),
        node("task", "m", many("<bpmn:loopDataInputRef>list</bpmn:loopDataInputRef>")),
        node("serviceTask", "r", parvandeh__topic="t", parvandeh__request="{'a': x}"),
        node("exclusiveGateway", "g", default="g-end"),
        after=flow("g", "a", "x &gt; 1")
        + node("boundaryEvent", "b", timer("timeCycle", "R3/2026-03-21/P1D"), attachedToRef="s")
        + node("endEvent", "late", about("error", "e"))
        + flow("b", "late"),
    )


def test_a_mutated_file_never_breaks_the_check() -> None:
    chance, whole = random.Random(3), rich()
    marks = [
        b"<",
        b">",
        b'"',
        b"/",
        b"bpmn:",
        b"id",
        b"subProcess",
        b"\x00",
        b"&",
        b"process",
        b"g",
        b"",
        b"\xff",
    ]
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(content))
            content[at : at + chance.randrange(12)] = chance.choice(marks)
        check({"a.bpmn": bytes(content)})


def test_a_file_with_elements_moved_about_never_breaks_the_check() -> None:
    chance, whole = random.Random(5), rich().decode().splitlines()
    for _ in range(400):
        lines = list(whole)
        for _ in range(chance.randrange(1, 5)):
            moved = lines.pop(chance.randrange(1, len(lines) - 1))
            for _ in range(chance.randrange(3)):
                lines.insert(chance.randrange(1, len(lines)), moved)
        check({"a.bpmn": "\n".join(lines).encode()})


def test_a_truncated_file_never_breaks_the_check() -> None:
    whole = rich()
    for end in range(0, len(whole), 7):
        assert check({"a.bpmn": whole[:end]}).errors or end > len(whole) - 3


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.text(max_size=12) | st.sampled_from(["a.bpmn", "b.json", "c.xml"]),
        st.binary(max_size=60),
        max_size=4,
    )
)
def test_junk_is_always_refused(files: dict[str, bytes]) -> None:
    assert check(files).errors


def test_deep_nesting_and_long_chains_need_no_recursion() -> None:
    inside = "".join(in_line("task deepest", prefix="x_"))
    for level in range(45):
        inside = node(
            "subProcess", f"s{level}", "".join(in_line(f"task t{level}", prefix=f"l{level}_")) + inside
        )
    check({"a.bpmn": line("task a", after=inside)})
    assert codes({"a.bpmn": line(*(f"task t{n}" for n in range(4000)))}) == ["too-many-nodes"]


def test_a_large_process_is_checked_in_some_tens_of_milliseconds() -> None:
    elements = [script(f"s{n}", f"x = {n}") if n % 2 else f"task t{n}" for n in range(298)]
    content = line(*elements)
    check({"a.bpmn": GOOD})
    times = []
    for _ in range(3):
        began = time.perf_counter()
        assert codes({"a.bpmn": content}) == []
        times.append(time.perf_counter() - began)
    assert min(times) < 0.3


def test_more_than_a_hundred_processes_are_refused() -> None:
    content = definitions(*(process_element(node("startEvent", f"s{n}"), key=f"p{n}") for n in range(101)))
    assert [(error.code, error.line) for error in check({"a.bpmn": content}).errors] == [
        ("too-many-processes", 302)
    ]


def test_more_python_than_can_be_read_at_once_is_refused() -> None:
    code = "x = 1\n" * 3_300
    found = check({"a.bpmn": line(*(script(f"s{n}", code) for n in range(6)))}).errors
    assert [(error.code, error.element) for error in found] == [("too-much-script", "s3")]


def test_a_message_flow_between_plain_tasks_is_a_drawing() -> None:
    one = process_element(*in_line("task tell"))
    two = process_element(*in_line("task hear", prefix="q"), key="q")
    assert told(with_message_flow("tell", "hear", one, two)) == [("warning", "message-flow-drawn", "m")]


@pytest.mark.parametrize(
    ("kind", "severity", "code"),
    [
        ("http://www.w3.org/2001/XMLSchema", "warning", "unused-definition"),
        ("http://schemas.xmlsoap.org/wsdl/", "warning", "unused-definition"),
        ("http://www.omg.org/spec/BPMN/20100524/MODEL", "error", "unsupported-element"),
    ],
)
def test_types_that_are_imported_are_not_used_and_processes_are_not_imported(
    kind: str, severity: str, code: str
) -> None:
    content = definitions(
        f'<bpmn:import importType="{kind}" location="a" namespace="b"/>', process_element(*in_line("task a"))
    )
    assert [(item.severity, item.code) for item in check({"a.bpmn": content}).findings] == [(severity, code)]


@pytest.mark.parametrize("kind", ["globalTask", "globalScriptTask"])
def test_a_global_task_that_nothing_calls_is_told(kind: str) -> None:
    content = definitions(f'<bpmn:{kind} id="g"/>', process_element(*in_line("task a")))
    assert [item.code for item in check({"a.bpmn": content}).findings] == ["unused-definition"]
