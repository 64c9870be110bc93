"""Help and mistakes of usage need no part of the engine, so they take no time."""

import subprocess
import sys

import pytest

from demo import __main__ as demo
from engine import cli
from engine.platform.config import ROOT

HEAVY = ("sqlalchemy", "psycopg", "SpiffWorkflow", "httpx", "procrastinate")
# In one process: each import would be seen at the next command, too.
PROGRAM = f"""
import contextlib, importlib, io, sys
module, calls = sys.argv[1], sys.argv[2:]
main = importlib.import_module(module).main
for call in calls:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main(call.split())
        except SystemExit as end:
            assert end.code in (0, 2), call
        else:
            raise AssertionError(call)
    print(call, *(name for name in {HEAVY} if name in sys.modules), sep=",")
"""


@pytest.mark.parametrize(
    ("module", "commands"), [("engine.cli", cli.COMMANDS), ("demo.__main__", demo.COMMANDS)]
)
def test_help_and_mistakes_of_usage_import_nothing_heavy(module: str, commands: dict[str, str]) -> None:
    calls = ["--help", "--version", "no-command"]
    calls += [f"{name} {end}" for name in commands for end in ("--help", "--no-option")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, module, *calls], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == calls
