"""Show what changed between two versions of a process, without deploying them."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import orjson

from engine import bpmn
from engine.cli import folders
from engine.cli.check import describe
from engine.platform.config import Settings
from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.messages.differences import explain

NO_FORM = "form-missing"  # a diagram can be compared without its forms


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Print the differences."""
    sources = [_source(path) for path in (arguments.before, arguments.after)]
    before, after = sources
    if before is None or after is None:
        return 1
    found = bpmn.compare(before, after)
    texts = messages(Reader.of(arguments.language))
    told = [{**asdict(change), "text": explain(change.code, change.parameters, texts)} for change in found]
    if arguments.json:
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return 0
    for difference in told:
        print(difference["text"])
    if not found:
        print("Nothing changed.")
    return 0


def _source(path: Path) -> bpmn.Source | None:
    """Return a version; None if it is rejected, after printing why."""
    files = bpmn.all_executable(folders.read([path]))
    called = {key for process in bpmn.check(files).processes for key in process.calls}
    report = bpmn.check(files, called)  # what is deployed elsewhere can't be looked up, and needn't be
    errors = [finding for finding in report.errors if finding.code != NO_FORM]
    if errors:
        describe(errors, to=sys.stderr)
        return None
    return bpmn.Source(bpmn.digest(files, {}), files, {})
