"""The command line: one module for each command. It reads arguments and prints; the engine does the work.

User errors are reported on standard error with how to fix them, never as a traceback. Exit codes: 0 success,
1 refused or currently not possible, 2 wrong usage.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from engine import RELEASE
from engine.platform.config import Settings

# The module of each command; how it is called is in the one of the same name in `engine.cli.usage`.
COMMANDS: Mapping[str, str] = {
    "run": "engine.cli.run",
    "migrate": "engine.cli.migrate",
    "token": "engine.cli.token",
    "password": "engine.cli.password",
    "account": "engine.cli.account",
    "import": "engine.cli.people",
    "deploy": "engine.cli.deploy",
    "check": "engine.cli.check",
    "decide": "engine.cli.decide",
    "diff": "engine.cli.diff",
    "package": "engine.cli.package",
    "publish": "engine.cli.publish",
    "retire": "engine.cli.retire",
    "scenario": "engine.cli.scenario",
    "picture": "engine.cli.picture",
    "audit": "engine.cli.audit",
    "backup": "engine.cli.backup",
    "restore": "engine.cli.restore",
    "documents": "engine.cli.documents",
    "erase": "engine.cli.erase",
    "prune": "engine.cli.prune",
    "figures": "engine.cli.figures",
    "statistics": "engine.cli.statistics",
    "messages": "engine.cli.messages",
    "worker": "engine.cli.worker",
}


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine", description="Parvandeh, a case engine.")
    return execute(parser, argv, COMMANDS, Settings.read, usage="engine.cli.usage")


def execute(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    commands: Mapping[str, str],
    read: Callable[[], Any],
    *,
    usage: str,
) -> int:
    """Run the command that `argv` names with the settings that `read` returns, and return the exit code.

    Each command is the name of a module with `run(arguments, settings)`; the module of the same name in the
    package `usage` has `HELP` and `declare(parser)`. `read` raises ValueError if a setting cannot be used.
    """
    _declare(parser, usage, {name: module.rpartition(".")[2] for name, module in commands.items()}, argv)
    arguments = parser.parse_args(argv)
    try:
        settings = read()
    except ValueError as mistake:
        return _print_error(str(mistake), code=2)
    command, failures = _imported(commands[arguments.command]), _imported("engine.cli.failures")
    try:
        code: int = command.run(arguments, settings)
        return code
    except KeyboardInterrupt:
        return _print_error("Interrupted.", code=130)
    except failures.KNOWN as failure:
        told = failures.explained(failure)
        if told is None:
            raise
        return _print_error(told)


def _declare(
    parser: argparse.ArgumentParser, usage: str, modules: Mapping[str, str], argv: Sequence[str]
) -> None:
    parser.add_argument("--version", action="version", version=f"Parvandeh {RELEASE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in argv[:1] if modules.keys() & argv[:1] else modules:
        module = import_module(f"{usage}.{modules[name]}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.declare(command)


def _imported(module: str) -> Any:
    """Import a part of the engine: only when it is needed, since that takes longer than all of the above.

    Meanwhile nothing becomes garbage; looking for it would take a sixth of the time.
    """
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def _print_error(text: str, *, code: int = 1) -> int:
    print(text, file=sys.stderr)
    return code
