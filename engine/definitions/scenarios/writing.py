"""Writes a played case as a scenario file that expects its results."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from engine.definitions.scenarios.manual_run import Done, Played
from engine.definitions.scenarios.plan import ACTIONS
from engine.definitions.scenarios.simulated_case import Case

_NUMBER = re.compile(r"[-+.\d]")  # beginnings of texts that could be parsed as numbers


def write(name: str, played: Played) -> bytes:
    """Returns a file that `read_file` parses, and that passes."""
    first, *steps = played.done
    document = {
        "name": name,
        "process": played.spec.key,
        "at": f"{played.at:%Y-%m-%dT%H:%M}",
        "start": _step_of(first),
        "steps": [_step_of(done) for done in steps],
        "expect": _expected(played.case),
    }
    kept = {name: part for name, part in document.items() if part not in ({}, [])}
    written: bytes = yaml.dump(
        kept, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=100, encoding="utf-8"
    )
    return written


def _step_of(done: Done) -> dict[str, Any]:
    """Returns a step, with its action before the data."""
    told = {name: done.told[name] for name in sorted(done.told, key=lambda name: name not in ACTIONS)}
    return {**told, "then": {"incidents": dict(done.incidents)}} if done.incidents else told


def _expected(case: Case) -> Mapping[str, Any]:
    """Returns the expected position of the case."""
    if case.ended:
        return {"outcome": case.outcome} if case.outcome else {"ended": True}
    found: dict[str, Any] = {
        "tasks": [work.element for work in case.open.values()],
        "waits": case.awaited,
        "incidents": {one.element: one.code for one in case.incidents.values()},
    }
    return {"ended": False, **{name: part for name, part in found.items() if part}}


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, '"' if _NUMBER.match(text) else None)


# Writes texts so that our reader returns them unchanged: it parses more texts as numbers than others do.
_DUMPER: Any = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
_DUMPER.add_representer(str, _text)
