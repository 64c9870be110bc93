"""Scripts and expressions: Python that the sandbox can run, and findings with their lines."""

from datetime import UTC, datetime

import pytest

from engine.bpmn import check
from engine.bpmn.check import expressions
from engine.bpmn.check.expressions import MISSING, MODULES
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.notation.findings import Finding
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.sandbox import unsupported
from tests.bpmn import flow, line, many, node, process, script


def errors(content: bytes) -> list[Finding]:
    return list(check({"a.bpmn": content}).errors)


def of_script(code: str) -> list[tuple[str, int | None]]:
    """The findings of a script whose first line is the file's line 5."""
    return [(item.code, item.line) for item in errors(line(script("a", code)))]


def of_condition(text: str) -> list[Finding]:
    """The findings of a condition in the file's line 7."""
    return errors(
        process(
            *(node("startEvent", "start"), node("exclusiveGateway", "g", default="g-b"), node("task", "a")),
            *(node("task", "b"), flow("start", "g"), flow("g", "a", text), flow("g", "b")),
        )
    )


@pytest.mark.parametrize(
    "code",
    [
        "x = 1",
        "import math\nfrom decimal import Decimal\nx = Decimal(math.floor(y))",
        "def double(n):\n    return 2 * n\nx = [double(n) for n in values]",
        "# only a comment\npass",
        "text = '''a\n  b'''\nif x:\n\ty = 1",
        "open = 1\ny = open",
        "مبلغ = ۱ if False else 2".replace("۱", "1"),
    ],
)
def test_scripts_that_run_pass(code: str) -> None:
    assert of_script(code) == []


@pytest.mark.parametrize("code", ["a = 1\nb = timedelta(days=a)", "a = 1\nb = a + get_env()['x']"])
def test_a_function_that_nobody_defines_is_refused(code: str) -> None:
    assert of_script(code) == [("unknown-function", 6)]


@pytest.mark.parametrize(
    "code",
    [
        "import math as m\nfrom math import floor\na = floor(m.pi)",
        "def f(g):\n    return g(1)\na = f(abs)",
        "a = (lambda f: f(1))(abs)",
        "a = [f(1) for f in (abs, max)]",
        "f = abs\na = f(-1)",
    ],
)
def test_functions_bound_in_the_script_may_be_called(code: str) -> None:
    assert of_script(code) == []


def test_a_syntax_error_in_a_script_tells_the_line_of_the_file() -> None:
    assert of_script("x =") == [("syntax-error", 5)]
    assert of_script("x = 1\ny = 2\nz = (") == [("syntax-error", 7)]
    assert of_script("\n\nif x\n    y = 1\n") == [("syntax-error", 7)]
    assert of_script('y = 1\nx = f"{a["b"]}"') == [("syntax-error", 6)]  # only from Python 3.12 on


def test_a_syntax_error_in_a_condition_tells_its_element_and_line() -> None:
    (finding,) = of_condition("\n   amount &gt;")
    assert (finding.code, finding.element, finding.line) == ("syntax-error", "g-a", 9)
    assert of_condition("\n amount &gt; 1\n") == []


@pytest.mark.parametrize("text", ["x = 1", "return x", "import os", "", "  \n "])
def test_a_condition_must_be_one_expression(text: str) -> None:
    assert [item.code for item in of_condition(text)] == [
        "syntax-error" if text.strip() else "empty-expression"
    ]


@pytest.mark.parametrize(
    "text", ["= amount > 100", '=kind = "x" or null', "= some x in [1, 2] satisfies x = amount", "=\namount"]
)
def test_marked_expressions_are_read_as_feel(text: str) -> None:
    assert of_condition(f"<![CDATA[{text}]]>") == []


def test_what_is_no_feel_is_told_with_its_line_and_place() -> None:
    (finding,) = of_condition("<![CDATA[\n  = amount >\n    and]]>")
    assert finding.code == "syntax-error"
    assert (finding.values["line"], str(finding.values["feel"])) == (
        3,
        "a value is expected here, not “and” (column 5)",
    )


@pytest.mark.parametrize("text", ["a ${b} c", "${a} and ${b}", "${a.b()}", "${execution.id}", "${"])
def test_what_has_no_meaning_in_python_is_refused(text: str) -> None:
    assert [item.code for item in of_condition(text)] == ["expression-language"]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("http://www.omg.org/spec/FEEL", []),
        ("feel", []),
        ("http://www.w3.org/1999/XPath", ["expression-language"]),
    ],
)
def test_language_of_a_condition_is_feel_or_refused(language: str, expected: list[str]) -> None:
    inside = f'<bpmn:conditionExpression language="{language}">x = 1</bpmn:conditionExpression>'
    condition = flow("g", "a").replace("></", f">{inside}</")
    content = process(
        *(node("startEvent", "start"), node("exclusiveGateway", "g", default="g-b"), node("task", "a")),
        *(node("task", "b"), flow("start", "g"), condition, flow("g", "b")),
    )
    assert [item.code for item in errors(content)] == expected


@pytest.mark.parametrize("language", ["javascript", "groovy", "JavaScript", "feel", ""])
def test_scripts_in_another_language_are_refused_without_being_read(language: str) -> None:
    task = node("scriptTask", "a", "<bpmn:script>var x = 1;</bpmn:script>", scriptFormat=language)
    assert [item.code for item in errors(line(task))] == ["script-language"]


@pytest.mark.parametrize(
    "language", ["python", "Python", "text/python", "text/x-python", "application/python"]
)
def test_scripts_in_python_pass_under_any_of_its_names(language: str) -> None:
    task = node("scriptTask", "a", "<bpmn:script>x = 1</bpmn:script>", scriptFormat=language)
    assert errors(line(task)) == []


def test_a_script_task_has_one_script() -> None:
    assert [item.code for item in errors(line("scriptTask a"))] == ["no-script"]
    assert [item.code for item in errors(line(node("scriptTask", "a", "<bpmn:script> </bpmn:script>")))] == [
        "empty-expression"
    ]
    two = "<bpmn:script>x = 1</bpmn:script>" * 2
    assert [item.code for item in errors(line(node("scriptTask", "a", two)))] == ["several-scripts"]


@pytest.mark.parametrize("module", ["os", "sys", "subprocess", "requests", "pathlib", "os.path", "socket"])
def test_modules_that_are_not_there_are_refused(module: str) -> None:
    assert of_script(f"x = 1\nimport {module}") == [("import-not-available", 6)]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules_that_are_there_can_be_imported(module: str) -> None:
    assert of_script(f"import {module}") == []
    assert Sandbox(datetime.now(UTC)).execute(f"import {module}\nx = 1", {}) == {"x": 1}


@pytest.mark.parametrize("name", sorted(MISSING))
def test_functions_that_are_not_there_are_refused(name: str) -> None:
    assert of_script(f"x = 1\ny = {name}(x)") == [("not-in-sandbox", 6)]


def test_data_may_be_called_like_a_function_that_is_not_there() -> None:
    assert of_script("y = input + len(vars)") == []
    assert of_condition("input == 1") == []
    assert Sandbox(datetime.now(UTC)).evaluate("input == 1", {"input": 1}) is True


def test_what_the_sandbox_cannot_read_is_refused_with_its_line() -> None:
    assert of_script("x = 1\ndel x") == [("not-in-sandbox", 6)]


def test_one_bad_script_among_many_is_found() -> None:
    scripts = [script(f"s{n}", f"x{n} = {n}" if n != 7 else "del x3") for n in range(12)]
    (finding,) = errors(line(*scripts))
    assert (finding.code, finding.element) == ("not-in-sandbox", "s7")


def test_the_sandbox_is_asked_once_for_all_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(code: str, mode: Mode) -> list[tuple[int | None, str]]:
        calls.append(mode)
        return unsupported(code, mode)

    monkeypatch.setattr(expressions, "unsupported", counted)
    gateways = [node("exclusiveGateway", f"g{n}", default=f"g{n}-g{n + 1}") for n in range(50)]
    flows = [flow(f"g{n}", f"g{n + 1}") + flow(f"g{n}", "end", f"only_here_{n} > {n}") for n in range(49)]
    content = process(
        node("startEvent", "start"),
        *gateways,
        node("endEvent", "end"),
        flow("start", "g0"),
        *flows,
        flow("g49", "end", name="g49-g50"),
    )
    assert errors(content) == []
    assert calls == ["eval"]


def test_counts_and_completion_conditions_are_read_too() -> None:
    marker = many(
        "<bpmn:loopCardinality>${n()}</bpmn:loopCardinality>"
        "<bpmn:completionCondition>open(loopCounter)</bpmn:completionCondition>",
        sequential=True,
    )
    assert {item.code for item in errors(line(node("task", "a", marker)))} == {
        "expression-language",
        "not-in-sandbox",
    }


@pytest.mark.parametrize("name", ["loopCounter", "nrOfInstances", "nrOfActiveInstances"])
def test_what_is_known_of_instances_is_known_among_them(name: str) -> None:
    body = script("a", f"x = {name}")
    assert [item.code for item in errors(line(body))] == ["unknown-variable"]
    count = many("<bpmn:loopCardinality>3</bpmn:loopCardinality>", sequential=True)
    within = body.replace("</bpmn:scriptTask>", count + "</bpmn:scriptTask>")
    known = name != "nrOfActiveInstances"
    assert [item.code for item in errors(line(within))] == ([] if known else ["unknown-variable"])


@pytest.mark.parametrize(
    "text", ["(" * 5000 + ")" * 5000, "a" + ".b" * 20_000, "x = " + "-" * 9_000 + "1", "\x0c", "1" * 5_000]
)
def test_monstrous_texts_do_not_break_the_check(text: str) -> None:
    for content in (
        line(script("a", text)),
        line(node("task", "a", many(f"<bpmn:loopCardinality>{text}</bpmn:loopCardinality>"))),
    ):
        check({"a.bpmn": content})


def test_a_comment_at_the_end_of_an_expression_does_no_harm() -> None:
    assert of_condition("x # because") == []
