"""The command line: one module for each command. It reads arguments and prints; the engine does the work.

User errors are reported on standard error with how to fix them, never as a traceback. Exit codes: 0 success,
1 refused or currently not possible, 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from engine import RELEASE
from engine.platform.config import Settings
from engine.platform.errors import Invalid, Refusal, Unusable
from engine.platform.schema import MIGRATE

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
UNDEFINED = {"42P01", "42703"}  # a table, a column


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine", description="Parvandeh, a case engine.")
    return execute(parser, argv, COMMANDS, Settings.read)


def execute(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    commands: Mapping[str, str],
    read: Callable[[], Any],
) -> int:
    """Run the command that `argv` names with the settings that `read` returns, and return the exit code.

    Each command is the name of a module with `HELP`, `declare(parser)` and `run(arguments, settings)`.
    `read` raises ValueError if a setting cannot be used.
    """
    # Importing all of them takes a second, in each process of an installation.
    _declare(parser, commands, argv[:1] if commands.keys() & argv[:1] else commands)
    arguments = parser.parse_args(argv)
    try:
        settings = read()
    except ValueError as mistake:
        return _print_error(str(mistake), code=2)
    try:
        code: int = import_module(commands[arguments.command]).run(arguments, settings)
        return code
    except KeyboardInterrupt:
        return _print_error("Interrupted.", code=130)
    except (Refusal, Unusable, PermissionError, DBAPIError) as failure:
        told = _explained(failure)
        if told is None:
            raise
        return _print_error(told)


def _declare(parser: argparse.ArgumentParser, modules: Mapping[str, str], names: Iterable[str]) -> None:
    parser.add_argument("--version", action="version", version=f"Parvandeh {RELEASE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = import_module(modules[name])
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.declare(command)


def _explained(failure: Exception) -> str | None:
    """Return what happened and how to fix it; None for a bug of the product."""
    match failure:
        case Invalid():
            faults = (f"  {fault.pointer}: {fault.detail}" for fault in failure.faults)
            return "\n".join([failure.detail, *faults])
        case PermissionError():
            fix = "Start as the user who made it, or choose another data folder with PARVANDEH_VAR."
            return f"You don't have permission to use {failure.filename}. {fix}"
        case OperationalError():
            return f"The database can't be used: {failure.orig}"
        case DBAPIError():
            undefined = getattr(failure.orig, "sqlstate", None) in UNDEFINED
            return f"The database has tables of an older release, or none. {MIGRATE}" if undefined else None
    return str(failure)


def _print_error(text: str, *, code: int = 1) -> int:
    print(text, file=sys.stderr)
    return code
