"""Verify all logs against a checkpoint.

Exit codes: 0 intact, 1 something was changed, 3 a checkpoint of another installation, 4 no checkpoint or an
altered one, 5 not signed with a trusted key.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from engine.cli.audit.breaks import counted
from engine.cli.connection import database
from engine.oversight.audit import leaves, signing, statement, verification
from engine.oversight.audit.leaves import Leaves
from engine.oversight.audit.signing import key_id
from engine.oversight.audit.statement import Signed, Unreadable
from engine.oversight.audit.verification import Finding, Report
from engine.platform.config import Settings
from engine.platform.errors import Unusable
from engine.platform.language import Reader
from engine.platform.messages import messages

ALTERED = 4
_TEXTS = messages(Reader.of("en"))


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print every finding, and what was compared with what."""
    try:
        given = _given(arguments.checkpoint)
        own = signing.read(settings.audit_key)
        keys = [signing.public_key(text) for text in arguments.key] or ([own.public] if own else [])
        outside = _outside(arguments.leaves, given)
        begun = time.monotonic()
        with database(settings) as opened:
            verify = partial(verification.verify, signed=bool(arguments.key))
            report = opened.run(
                lambda session, _: verify(session, given, keys, _progress, outside), "snapshot"
            )
    except Unreadable as unreadable:
        print(f"{unreadable} {_TEXTS.say('audit.unreadable')}", file=sys.stderr)
        return ALTERED
    except verification.Unusable as refused:
        print(_TEXTS.say(f"audit.{refused.code}", **refused.values), file=sys.stderr)
        return refused.exit_code
    _show(report, time.monotonic() - begun)
    return 0 if report.intact else 1


def _given(path: Path | None) -> Signed | None:
    if path is None:
        return None
    try:
        return statement.parse(path.read_bytes())
    except OSError as failure:
        raise Unusable(f"{path} can't be read: {failure.strerror}.") from failure


def _outside(folder: Path | None, given: Signed | None) -> Leaves | None:
    if folder is None:
        return None
    if given is None:
        raise Unusable("Name the checkpoint to which the leaves belong, with --checkpoint FILE.")
    return leaves.read(folder, given.statement.number)


def _progress(entries: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{entries:,} entries", end="", file=sys.stderr, flush=True)


def _show(report: Report, seconds: float) -> None:
    for finding in report.findings:
        print(_sentence(finding))
    if (more := report.counts.total() - len(report.findings)) > 0:
        print(f"… and {more:,} more.")
    print(_compared(report))
    erased = report.cases.erased
    if erased:
        since = report.cases.erased_since
        print(f"{erased:,} cases were erased with a legal basis in the log, {since:,} since the checkpoint.")
    print(f"{report.compared:,} cases: their data, tasks and decisions were compared with their events.")
    if report.not_compared:
        print(f"{report.not_compared:,} cases of an earlier release could not be compared.")
    print(f"{report.rows.judged:,} rows of other tables were compared with the administration log.")
    if report.rows.earlier:
        print(f"{report.rows.earlier:,} rows are older than its records and could not be compared.")
    rate = round(report.entries / seconds) if seconds else 0
    print(f"{report.entries:,} entries in {seconds:.1f} s, {rate:,} per second.")
    if report.intact:
        print("The logs are intact.")
    else:
        print(f"{counted(report.counts.total(), 'finding')}.")


def _sentence(finding: Finding) -> str:
    name = finding.subject if finding.id is None else f"{finding.subject} {finding.id}"
    place = f"{name}, {finding.number}" if finding.number else name
    return f"{place}: {_TEXTS.say(f'audit.{finding.code}', **finding.values)}"


def _compared(report: Report) -> str:
    made = report.checkpoint
    if made is None:
        return (
            "There is no checkpoint, so removed cases and cut ends are not found: audit checkpoint takes one."
        )
    name = f"Compared with checkpoint {made.number} of {made.at:%Y-%m-%d %H:%M:%S %Z}"
    if not made.keys:
        return f"{name}, which is NOT SIGNED: it proves only as much as the place where it was stored."
    trust = (
        "a key that you trust" if report.trusted else "a key that was not compared with one that you trust"
    )
    return f"{name}, signed with {', '.join(map(key_id, made.keys))}: {trust}."
