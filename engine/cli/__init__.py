"""The command line: one module for each command. It reads arguments and prints; the engine does the work.

User errors are reported on standard error with how to fix them, never as a traceback. Exit codes: 0 success,
1 refused or currently not possible, 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from engine import RELEASE
from engine.cli import (
    account,
    audit,
    backup,
    check,
    decide,
    deploy,
    diff,
    documents,
    erase,
    messages,
    migrate,
    password,
    people,
    picture,
    prune,
    publish,
    restore,
    retire,
    run,
    scenario,
    token,
    worker,
)
from engine.platform.config import Settings
from engine.platform.errors import Invalid, Refusal, Unusable
from engine.platform.schema import MIGRATE

COMMANDS: Mapping[str, ModuleType] = {
    "run": run,
    "migrate": migrate,
    "token": token,
    "password": password,
    "account": account,
    "import": people,
    "deploy": deploy,
    "check": check,
    "decide": decide,
    "diff": diff,
    "publish": publish,
    "retire": retire,
    "scenario": scenario,
    "picture": picture,
    "audit": audit,
    "backup": backup,
    "restore": restore,
    "documents": documents,
    "erase": erase,
    "prune": prune,
    "messages": messages,
    "worker": worker,
}
UNDEFINED = {"42P01", "42703"}  # a table, a column


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine", description="Parvandeh, a case engine.")
    return execute(parser, argv, COMMANDS, Settings.read)


def execute(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    commands: Mapping[str, ModuleType],
    read: Callable[[], Any],
) -> int:
    """Run the command that `argv` names with the settings that `read` returns, and return the exit code.

    Each command is a module with `HELP`, `declare(parser)` and `run(arguments, settings)`. `read` raises
    ValueError if a setting cannot be used.
    """
    _declare(parser, commands)
    arguments = parser.parse_args(argv)
    try:
        settings = read()
    except ValueError as mistake:
        return _print_error(str(mistake), code=2)
    try:
        code: int = commands[arguments.command].run(arguments, settings)
        return code
    except KeyboardInterrupt:
        return _print_error("Interrupted.", code=130)
    except (Refusal, Unusable, PermissionError, DBAPIError) as failure:
        told = _explained(failure)
        if told is None:
            raise
        return _print_error(told)


def _declare(parser: argparse.ArgumentParser, modules: Mapping[str, ModuleType]) -> None:
    parser.add_argument("--version", action="version", version=f"Parvandeh {RELEASE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
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
