"""Uploaded scripts are never trusted: they end within their limits and reach nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.bpmn import sandbox
from engine.bpmn.expressions import scripts
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.sandbox import ScriptFailed
from tests.driving import NOW


@pytest.fixture(scope="module", autouse=True)
def _pool() -> Iterator[None]:
    yield
    sandbox.close_pool()


HOSTILE = {
    "endless loop": "while True: pass",
    "endless loop that catches": "while True:\n    try:\n        while True: pass\n    except:\n        pass",
    "big list": "x = [0] * 10**9",
    "growing text": "x = 'a'\nwhile True: x = x + x",
    "huge power": "x = 9**9**9",
    "shell": "import os\nos.system('id')",
    "subprocess": "import subprocess",
    "file": "x = open('/etc/passwd').read()",
    "path": "from pathlib import Path\nx = Path('/etc/passwd').read_text()",
    "socket": "import socket\nsocket.socket()",
    "dunder walk": "x = ().__class__.__base__.__subclasses__()",
    "builtins": "x = __builtins__",
    "format walk": "x = '{0.__class__}'.format(1)",
    "recursion": "def f(): return f()\nx = f()",
    "exit": "import sys\nsys.exit()",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_script_fails_and_the_next_one_runs(code: str) -> None:
    sandbox = Sandbox(NOW)
    with pytest.raises(ScriptFailed):
        sandbox.execute(code, {})
    assert sandbox.execute("y = 1", {}) == {"y": 1}


def test_sleep_returns_at_once() -> None:
    assert Sandbox(NOW).execute("import time\ntime.sleep(3600)\nx = 1", {}) == {"x": 1}


def test_output_without_end_is_cut_off() -> None:
    with pytest.raises(ScriptFailed):
        Sandbox(NOW).execute("while True: print('x' * 1000)", {})


@pytest.mark.parametrize(
    "code", ["x = float('nan')", "x = 2**70", "x = {1: 2}", "x = {'$': 1}", "class A: pass\nx = A()"]
)
def test_value_that_case_data_cannot_hold_is_a_failure(code: str) -> None:
    with pytest.raises(ScriptFailed):
        Sandbox(NOW).execute(code, {})


@pytest.mark.parametrize(
    ("times", "reason"),
    [(19, "larger than 1 MiB"), (30, "larger than 1 MiB"), (1000, "deeper than 32 levels")],
)
def test_list_that_holds_another_twice_many_times_over_is_never_copied(times: int, reason: str) -> None:
    with pytest.raises(ScriptFailed, match=reason):
        Sandbox(NOW).execute("a = [1]\n" + "a = [a, a]\n" * times, {})


def test_failure_names_its_line() -> None:
    with pytest.raises(ScriptFailed) as failed:
        Sandbox(NOW).execute("a = 1\nb = 2\nc = a / 0", {})
    assert failed.value.line == 3


@pytest.mark.parametrize(
    ("code", "reads", "writes"),
    [
        ("y = x + 1", {"x"}, {"y"}),
        ("x += 1", {"x"}, {"x"}),
        ("y = [k for k in xs if k > low]", {"xs", "low"}, {"y"}),
        ("import math\ny = math.sqrt(x)", {"math", "x"}, {"y"}),
        ("def f(a):\n    global w\n    w = a + b\nf(1)", {"b", "f"}, {"w"}),
        ("for i in range(n): pass", {"n", "range"}, {"i"}),
        ("if (m := x) > 1: pass", {"x"}, {"m"}),
        ("case['a'] = 1", {"case"}, set()),
        ("len = 3\ny = len", {"len"}, {"len", "y"}),
    ],
)
def test_names_that_a_script_reads_and_writes_are_known(code: str, reads: set[str], writes: set[str]) -> None:
    names = scripts.names(code, "exec")
    assert (set(names.reads), set(names.writes)) == (reads, writes)


@pytest.mark.parametrize("code", ["f(", "return 1", "a\0b", "-" * 30_000 + "1", "(" * 5_000, "#" * 30_000])
def test_text_that_is_no_script_is_a_syntax_error(code: str) -> None:
    with pytest.raises(SyntaxError):
        scripts.names(code, "exec")


def test_what_the_sandbox_does_not_know_is_told_with_its_line() -> None:
    [(line, reason)] = sandbox.unsupported("x = 1\ndel x", "exec")
    assert line == 2
    assert "del" in reason


@pytest.mark.parametrize("code", ["x = 1", "if a:\n    b = 1\nelse:\n    b = 2", "x = '''a\nb'''"])
def test_what_the_sandbox_knows_is_not_complained_about(code: str) -> None:
    assert sandbox.unsupported(code, "exec") == []


def test_expression_sees_its_extra_names_but_data_come_first() -> None:
    sandbox = Sandbox(NOW)
    extra: dict[str, Any] = {"n": 1, "m": 2}
    assert sandbox.evaluate("n + m", {"m": 40}, extra) == 41


@pytest.mark.parametrize("name", ["type", "id", "format", "max", "range", "locals"])
def test_variables_may_be_called_like_functions_of_the_language(name: str) -> None:
    sandbox = Sandbox(NOW)
    assert sandbox.evaluate(f"{name} == 'birth'", {name: "birth"}) is True
    assert sandbox.execute(f"kind = {name}\n{name} = 'other'", {name: "birth"}) == {
        "kind": "birth",
        name: "other",
    }
