"""Scenario files: what is wrong in one is a finding with its line, and no file does harm."""

import pytest

from engine.bpmn import Spec
from engine.definitions import scenarios
from engine.definitions.scenarios.yaml_nodes import Unreadable, read
from tests.driving import built, path
from tests.stories import HEAD, passes, run_stories, wrong


@pytest.fixture(scope="module")
def spec() -> Spec:
    return built(f'<startEvent id="start"/><userTask id="a"/>{path("start", "a")}')


def test_plain_words_and_numbers_are_values_and_all_else_is_text() -> None:
    content = (
        "a: [1, -2, 1.5, 1e3, true, false, null, ~]\n"
        "b: [0012345679, no, yes, 2026-03-21, 1:30, 0x1f, 1_000, 99999999999999999999, .inf, 'true']\n"
        "c: پرداخت | Paid\n".encode()
    )
    [node] = read(content)
    assert node.plain == {
        "a": [1, -2, 1.5, 1000.0, True, False, None, None],
        "b": ["0012345679", "no", "yes", "2026-03-21", "1:30", "0x1f", "1_000", "9" * 20, ".inf", "true"],
        "c": "پرداخت | Paid",
    }
    assert node.value["c"].line == 3


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(BOMB.encode(), 1, id="a bomb of aliases"),
        pytest.param(b"x: 1\na: &here 1\n", 2, id="an anchor"),
        pytest.param(b"a: !!python/object/apply:os.system ['true']\n", 1, id="a tag of Python"),
        pytest.param(b"a: !!binary aGVsbG8=\n", 1, id="a tag"),
        pytest.param(b"[" * 100_000, 1, id="depth in brackets"),
        pytest.param(b"- " * 50_000, 1, id="depth in lists"),
        pytest.param(b"? " * 50_000, 1, id="depth in keys"),
        pytest.param(b"a: {" * 30_000, 1, id="depth in names"),
        pytest.param(b"- a\n" * 30_000, None, id="many values"),
        pytest.param(b"#" * 300_000, None, id="a large file"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", 3, id="a name twice"),
        pytest.param(b"a: 1\n? [b]\n: 2\n", 2, id="a list as a name"),
        pytest.param(b"true: 1\n", 1, id="a word as a name"),
        pytest.param(b"a:\n\t- b\n", 2, id="a tabulator"),
        pytest.param(b"a: 1\n\xff\xfe\n", 2, id="other bytes than UTF-8"),
        pytest.param("a: 1\n".encode("utf-16"), 1, id="UTF-16"),
        pytest.param(b'a: "\\0"\n', 1, id="a NUL"),
        pytest.param(b'a: "\\ud800"\n', 1, id="half a character"),
        pytest.param(b"a: 1e999\n", 1, id="an endless number"),
        pytest.param(b'"' + b"a" * 100_000, None, id="a text without end"),
        pytest.param(b"%YAML 9.9\n---\na: 1\n", None, id="YAML of the future"),
        pytest.param(b"a: [1\n", None, id="brackets that stay open"),
    ],
)
def test_hostile_or_broken_file_is_one_finding(spec: Spec, content: bytes, line: int | None) -> None:
    with pytest.raises(Unreadable):
        read(content)
    [finding] = scenarios.run({"x.yaml": content}, {"process": spec}).findings
    assert (finding.severity, finding.code, finding.file) == ("error", "scenario-unreadable", "x.yaml")
    assert line is None or finding.line == line
    assert finding.reason
    assert finding.fix


@pytest.mark.parametrize("content", [b"", b"\n", b"# nothing\n", b"---\n---\n", b"\xef\xbb\xbf"])
def test_file_without_a_scenario_is_told(content: bytes) -> None:
    [finding] = scenarios.check({"x.yaml": content})
    assert (finding.code, finding.variant) == ("scenario-unreadable", "empty")


END = "expect: {tasks: [a]}\n"


@pytest.mark.parametrize(
    ("story", "line", "variant"),
    [
        ("name: n\nprocess: process\n" + END, 1, "missing"),
        (HEAD, 1, "missing"),
        (HEAD + "expect: {}\n", 4, "no-end"),
        (HEAD + "expect: {data: {x: 1}}\n", 4, "no-end"),
        (HEAD + "steps: later\n" + END, 4, "list"),
        (HEAD + "steps:\n  - 1\n" + END, 5, "no-step"),
        (HEAD + "steps:\n  - then: {}\n" + END, 5, "empty-step"),
        (HEAD + "steps:\n  - tsk: a\n" + END, 5, "unknown-step"),
        (HEAD + "steps:\n  - task: a\n    wait: P1D\n" + END, 5, "both"),
        (HEAD + "steps:\n  - task: a\n    data: {}\n" + END, 6, "allowed-name"),
        (HEAD + "steps:\n  - wait: soon\n" + END, 5, "duration"),
        (HEAD + "steps:\n  - task: [a]\n" + END, 5, "limit"),
        (HEAD + "steps:\n  - task: a\n    answer: [1]\n" + END, 6, "names"),
        (
            HEAD + "steps:\n  - message: m\n    keys: {k: " + "x" * 2000 + "}\n" + END,
            6,
            "long-keys",
        ),
        (HEAD + "steps: [" + "{wait: P1D}, " * 501 + "]\n" + END, 4, "count"),
        (HEAD + "zone: Atlantis/Main\n" + END, 4, "zone"),
        (HEAD + "zone: ../../etc/passwd\n" + END, 4, "zone"),
        (HEAD.replace("2026-03-21T09:00", "tomorrow") + END, 3, "value"),
        (HEAD.replace("2026-03-21T09:00", "0001-01-01") + END, 3, "value"),
        (HEAD + "start: {message: m, timer: t}\n" + END, 4, "two-starts"),
        (HEAD + "start: {message: m, by: x}\n" + END, 4, "two-starts"),
        (HEAD + 'start: {data: {"$": 1}}\n' + END, 4, "data"),
        (HEAD + "expect: {tasks: [a], path: [a], never: [b]}\n", 4, "path"),
        (HEAD + "expect: {ended: perhaps}\n", 4, "flag"),
        (HEAD + "expect: {tasks: [a], thrown: [{keys: {}}]}\n", 4, "thrown"),
        (HEAD + "expect: {tasks: [a], due: {a: soon}}\n", 4, "value"),
        (HEAD + "given: x\n" + END, 4, "allowed-name"),
        ("name: []\nprocess: p\nat: 2026-03-21\n" + END, 1, "limit"),
    ],
)
def test_mistake_is_told_with_its_line(spec: Spec, story: str, line: int, variant: str) -> None:
    finding = wrong(spec, story)
    assert (finding.code, finding.variant, finding.line) == ("scenario-invalid", variant, line)


def test_document_that_is_no_scenario_is_told() -> None:
    assert [finding.code for finding in scenarios.check({"x.yaml": b"- a\n", "y.yaml": b"a\n"})] == [
        "scenario-invalid",
        "scenario-invalid",
    ]


def test_what_the_diagram_does_not_have_is_told_with_its_line(spec: Spec) -> None:
    finding = wrong(spec, "steps:\n  - task: a\n  - task: b\n" + END)
    assert (finding.code, finding.line) == ("scenario-unknown", 6)
    assert finding.values == {"process": "process", "element": "b"}
    finding = wrong(spec, HEAD.replace("process: process", "process: other") + END)
    assert (finding.code, finding.line) == ("scenario-unknown", 1)


def test_all_findings_come_at_once(spec: Spec) -> None:
    found = run_stories(spec, "expect: {tasks: [x, y], never: [z]}\n", "expect: {tasks: [w]}\n").findings
    assert sorted(str(finding.values["element"]) for finding in found) == ["w", "x", "y", "z"]


def test_file_may_hold_several_scenarios(spec: Spec) -> None:
    files = {"x.yaml": f"{HEAD}{END}---\n{HEAD}expect: {{ended: true}}\n".encode()}
    made = scenarios.run(files, {"process": spec})
    assert [(result.passed, result.line) for result in made.results] == [(True, 1), (False, 9)]


def test_time_zone_of_a_scenario_is_its_own(spec: Spec) -> None:
    assert passes(spec, HEAD + "zone: Europe/Berlin\n" + END)


def test_other_files_are_no_scenarios() -> None:
    assert not scenarios.check({"a.bpmn": b"[", "b.json": b"[", "c.md": b"["})
