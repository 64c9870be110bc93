"""Whether the Python of an upload is accepted depends neither on the interpreter nor on warning filters."""

import json
import shutil
import subprocess
import sys

import pytest

from engine.platform.config import ROOT

# Each supported release reads these.
ACCEPTED = [
    ("eval", r"'\d' + x"),
    ("eval", r"'\777'"),
    ("eval", "x is 1"),
    ("eval", "1if x else 2"),
    ("eval", "()()"),
    ("eval", "f'{x[\"a\"]!r:>{width}}'"),
    ("eval", "f'''{x['a']}'''"),
    ("eval", "f'{x}\\n{{literal}} \" \\' {y:%Y\\x2d}'"),
    ("eval", "f'''{\n x}'''"),
    ("eval", "f'پرونده {شماره} \"'"),
    ("eval", "f\"{ {1: {2: {3: x}}} }\""),
    ("eval", "f'{x}' f\"{y['a']}\""),
    ("exec", "assert (x, 'always')"),
    ("exec", "for x in y:\n try:\n  pass\n finally:\n  continue"),
    ("exec", "match x:\n case {'a': b}:\n  pass"),
    ("exec", "try:\n pass\nexcept* ValueError:\n pass"),
]  # fmt: skip
# A later release reads these; the oldest does not.
NEWER = [
    ("eval", 'f"{x["a"]}"'),
    ("eval", "f'{f'{x}'}'"),
    ("eval", r"""f'{"\n".join(x)}'"""),
    ("eval", "f'''{x # why\n}'''"),
    ("eval", "f'{\nx}'"),
    ("eval", "f'{x:{y:{z}}}'"),
    ("exec", "type X = int"),
    ("exec", "def first[T](x: T): return x"),
    ("exec", "class A[T]: pass"),
    ("exec", "try:\n pass\nexcept ValueError, TypeError:\n pass"),
    ("eval", "t'{x}'"),
]
# No release reads these.
WRONG = [("eval", "x y"), ("exec", "x = ="), ("eval", "f'{x'"), ("eval", "x\0"), ("eval", "(" * 300)]

TEXTS = [*ACCEPTED, *NEWER, *WRONG]
PROGRAM = """
import json, runpy, sys
syntax = runpy.run_path(sys.argv[1])
def accepted(mode, code):
    try:
        syntax["require_oldest"](code, mode)
        syntax["scopes"](code, mode)
    except SyntaxError:
        return False
    return True
print(json.dumps([list(sys.version_info[:2]), [accepted(*text) for text in json.load(sys.stdin)]]))
"""


def interpreter(version: tuple[int, int]) -> str | None:
    """A program of this version, if there is one that runs."""
    if sys.version_info[:2] == version:
        return sys.executable
    found = shutil.which("python{}.{}".format(*version))
    if found is None or subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:
        return None
    return found


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
@pytest.mark.parametrize("filters", ["error", "ignore"])
def test_verdict_is_the_same_on_each_python(version: tuple[int, int], filters: str) -> None:
    program = interpreter(version)
    if program is None:
        pytest.skip("there is no Python {}.{} on this machine".format(*version))
    source = ROOT / "engine" / "bpmn" / "expressions" / "syntax.py"
    command = [program, "-I", "-W", filters, "-c", PROGRAM, str(source)]
    done = subprocess.run(command, input=json.dumps(TEXTS), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    told, verdicts = json.loads(done.stdout)
    assert told == list(version)
    wanted = [*(True for _ in ACCEPTED), *(False for _ in NEWER), *(False for _ in WRONG)]
    different = [text for text, one, other in zip(TEXTS, verdicts, wanted, strict=True) if one != other]
    assert not different
