"""Draw process files without deploying them."""

import argparse
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from engine import bpmn
from engine.bpmn import BPMN_SUFFIXES, Finding
from engine.cli import folders
from engine.cli.check import describe
from engine.platform.config import Settings
from engine.platform.errors import Invalid


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Write the pictures and print their names; return 1 if one of the files can't be drawn."""
    groups = list(folders.groups(arguments.paths).values())
    reports = [] if arguments.no_marks else folders.check(groups, arguments.known)
    refused = []
    for files, report in zip_longest(groups, reports):
        for name, content in files.items():
            if name.endswith(BPMN_SUFFIXES):
                findings = [finding for finding in report.findings if finding.file == name] if report else []
                try:
                    _draw(name, content, findings, arguments)
                except bpmn.Undrawable as failure:
                    refused.append(failure.finding)
    describe(refused, to=sys.stderr)
    return 1 if refused else 0


def _draw(name: str, content: bytes, findings: Sequence[Finding], arguments: argparse.Namespace) -> None:
    marks = bpmn.Marks(findings=findings)
    drawn = {
        key: bpmn.picture(content, key, language=arguments.lang, marks=marks)
        for key in bpmn.drawable_keys(name, content)
    }
    for key, picture in drawn.items():
        print(_write(arguments.output, key, picture))


def _write(folder: Path, key: str, picture: bytes) -> Path:
    # A key is arbitrary text of the file: it must not lead out of the folder.
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in key)[:100]
    path = folder / f"{plain}.svg"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    except OSError as cause:
        raise Invalid(f"{path} can't be written: {cause.strerror}.") from cause
    return path
