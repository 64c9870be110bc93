"""Evaluate a DMN decision from files, without deploying them."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.dmn import (
    Decisions,
    Definitions,
    Evaluation,
    NotDmn,
    Offered,
    TooMuch,
    Wrong,
    read_file,
    read_json,
    write_json,
)
from engine.platform.config import Settings


class _Called(Exception):
    """The command was called with wrong arguments; one line for each error."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the result of the decision."""
    try:
        decisions = _read(arguments.files)
        asked = _asked(decisions, arguments.files[0].name, arguments.decision)
        evaluation = decisions.ask(asked, _input(arguments.input), datetime.now(settings.time_zone))
        told = {"decision": asked.id, "name": asked.name, "result": evaluation.result, **evaluation.why}
        print(write_json(told if arguments.why else evaluation.result))
    except _Called as mistake:
        return _print_error(str(mistake), code=2)
    except Wrong as wrong:
        return _print_error("\n".join(f"{each.pointer} {each.reason}" for each in wrong.misfits), code=2)
    except TooMuch as error:
        return _print_error(str(error), code=1)
    return _faults(evaluation)


def _read(paths: Sequence[Path]) -> Decisions:
    """Read the files. Raises _Called with all that can't be read."""
    found: list[Definitions] = []
    unread: list[str] = []
    for path in paths:
        if path.name in {each.file for each in found}:
            unread.append(f"{path}: another file has the same name")
            continue
        try:
            found.append(read_file(path.name, path.read_bytes()))
        except NotDmn as error:
            unread.append(f"{path.name}{f':{error.line}' if error.line else ''}: {error.reason}")
        except OSError as error:
            unread.append(f"{path}: {error.strerror}")
    decisions = Decisions(found)
    unread += (f"{file}:{line}: {reason}" for file, line, reason in decisions.unread)
    if unread:
        raise _Called("\n".join(unread))
    return decisions


def _asked(decisions: Decisions, file: str, name: str | None) -> Offered:
    """Return the decision with that name, or the only one of the first file. Raises _Called."""
    offered = [each for each in decisions.offered if each.file == file]
    found = [each for each in offered if name in (None, each.id, each.name)]
    if len(found) == 1:
        return found[0]
    if not offered:
        raise _Called(f"{file} has no decision.")
    listed = [f"  {each.id}  {each.name}  ({', '.join(_input_names(each))})" for each in offered]
    reason = (
        "Choose one of these with --decision:" if name is None else f"{name!r} is not one of these decisions:"
    )
    raise _Called("\n".join([reason, *listed]))


def _input_names(offered: Offered) -> list[str]:
    return [f"{each.name}: {each.type}" if each.type else each.name for each in offered.inputs]


def _input(text: str) -> dict[str, Any]:
    """Return the input of the decision. Raises _Called."""
    try:
        value = read_json(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise _Called(f"{text[1:]}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _Called(f"The input is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise _Called("The input must be a JSON object with a member for each input.")
    return value


def _faults(evaluation: Evaluation) -> int:
    """Print the faults and return the exit code."""
    for fault in evaluation.faults:
        print(f"{fault.element}: {fault.reason}", file=sys.stderr)
    return 1 if evaluation.unusable else 0


def _print_error(text: str, *, code: int) -> int:
    print(text, file=sys.stderr)
    return code
