"""What became of the collections: how many files pass, how many run to their end, and why others do not."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from engine.platform.config import ROOT
from tests.conformance.corpus import CORPORA, FILES, Judged, judged
from tests.conformance.robot import Ran, run_all

DOCUMENT = ROOT / "docs" / "conformance.md"
GOLDEN = ROOT / "tests" / "golden" / "corpus" / "outlines.json"
LEAVES_OUT = frozenset({"operaton"})  # collections of another engine's own tests

# Files that are wrong by intention: what their own project's tests expect to be refused.
_ON_PURPOSE = re.compile(
    r"[Ii]nvalid|Fails\b|X[Xx][Ee]|FSP|NoSignalName|SignalNo(?:Ref|Id)|WithoutTopic|IdUnknown|NotFound"
    r"|ParseMultipleStartEvent|NotADmnFile"
)


@dataclass(frozen=True, eq=False)
class Result:
    """A file, the check's verdict, and what the robot made of it if it passed."""

    judged: Judged
    ran: Ran | None

    @property
    def excluded(self) -> bool:
        """Whether it needs what only its own engine has."""
        return self.judged.corpus in LEAVES_OUT and bool(self.judged.needs)

    @property
    def on_purpose(self) -> bool:
        """Whether it is refused, and was drawn to be."""
        return not self.judged.accepted and bool(_ON_PURPOSE.search(self.judged.name))

    @property
    def completed(self) -> bool:
        """Whether every process of it ran to its end without an incident."""
        return self.ran is not None and self.ran.completed

    @property
    def refusals(self) -> list[str]:
        """The codes for which it is refused, each once, in the order of the findings."""
        return list(dict.fromkeys(finding.code for finding in self.judged.report.errors))

    @property
    def incidents(self) -> list[str]:
        """The codes of the incidents in the runs, each once."""
        runs = self.ran.outcomes if self.ran else ()
        return sorted({code for run in runs for _, code, _ in run.incidents})

    def ends(self, end: str) -> int:
        """How many runs went so."""
        return sum(run.end == end for run in self.ran.outcomes) if self.ran else 0


@cache
def result(path: Path) -> Result:
    """What became of a file."""
    verdict = judged(path)
    try:
        return Result(verdict, run_all(verdict) if verdict.accepted else None)
    except Exception as error:
        error.add_note(f"while the robot ran {verdict.corpus}/{verdict.name}")
        raise


def results(corpus: str) -> list[Result]:
    """What became of a collection."""
    return [result(path) for path in FILES if path.parent.name == corpus]


def outlines() -> dict[str, str]:
    """A line for each accepted file: runs, those that ended, and a digest of everything that happened."""
    found = {}
    for corpus in CORPORA:
        for one in results(corpus):
            if one.ran is not None:
                ended = one.ends("ended")
                found[f"{corpus}/{one.judged.name}"] = (
                    f"{ended} of {len(one.ran.outcomes)} ended, {one.ran.outline}"
                )
    return found


def record() -> None:
    """Write down what there is now: the document, and the outlines that later releases are held to."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(outlines(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def document() -> str:
    """The report as a document."""
    return "\n".join(_lines()) + "\n"


def undated(text: str) -> str:
    """A document without the day on which it was written."""
    return re.sub(r"(?m)^Recorded on .*$", "", text)


def _lines() -> Iterator[str]:
    found = {corpus: results(corpus) for corpus in CORPORA}
    yield _HEAD.format(day=datetime.now(UTC).date())
    yield "| collection | files | left out | counted | accepted | ran to the end | stuck |"
    yield "|---|---|---|---|---|---|---|"
    for corpus, files in found.items():
        yield _row(corpus, files)
    everything = [one for files in found.values() for one in files]
    yield from _section("Refused: codes", _counted(one.refusals for one in everything), _REFUSED)
    yield from _section(
        "Incidents of the robot's runs", _counted(one.incidents for one in everything), _INCIDENTS
    )
    for corpus, files in found.items():
        kept = [one for one in files if not one.excluded]
        refused = [one for one in kept if not one.judged.accepted]
        told = [
            ("refused", [one for one in refused if not one.on_purpose], _codes),
            ("refused, and drawn to be", [one for one in refused if one.on_purpose], _codes),
            (
                "accepted, and not run to the end",
                [one for one in kept if one.ran and not one.completed],
                _why,
            ),
            ("left out", [one for one in files if one.excluded], _needs),
        ]
        for title, some, tell in told:
            lines = [f"- `{one.judged.name}`: {tell(one)}" for one in some]
            yield from _section(f"{corpus}: {title} ({len(some)})", lines)


_HEAD = """# Diagrams from other sources

Three collections of BPMN files, if they are next to the checkout (`../shared/bpmn-corpus`): the references
of the BPMN model interchange group (miwg), the test files of the Operaton engine, and sample processes of
SpiffArena. Each file is checked; a robot runs every process that passes, from each of its start events, in
many variants, and verifies after each command that the case has ended, waits for something that a person can
see, or has an incident. *Stuck* cases are none of these. A file *ran to the end* if each of its processes
ended at least once without an incident. Processes marked as not executable are treated as executable, as
with `check --all`.

*Left out* are Operaton's files that need something that only that engine has: a process of another file, a
Java method, a listener class, a script in a language other than Python. A service task's class or expression
is no such need: it is work for another system.

Generated by `.venv/bin/python -m tests.conformance --record`, which also records outlines of all runs
(`tests/golden/corpus`), so that another version of a library shows what it changes. With names of files
as arguments, it prints their findings and runs.
Recorded on {day}.
"""
_REFUSED = "| code | files |\n|---|---|"
_INCIDENTS = "| code | files |\n|---|---|"


def _row(corpus: str, files: Sequence[Result]) -> str:
    kept = [one for one in files if not one.excluded]
    accepted, completed = sum(one.judged.accepted for one in kept), sum(one.completed for one in kept)
    stuck = sum(one.ends("stuck") for one in files)
    cells = [
        corpus, len(files), len(files) - len(kept), len(kept),
        f"{accepted} ({accepted / len(kept):.1%})", f"{completed} ({completed / len(kept):.1%})", stuck,
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _counted(codes: Iterable[Sequence[str]]) -> list[str]:
    count = Counter(code for some in codes for code in some)
    return [
        f"| `{code}` | {files} |"
        for code, files in sorted(count.items(), key=lambda item: (-item[1], item[0]))
    ]


def _section(title: str, lines: Sequence[str], head: str = "") -> Iterator[str]:
    if lines:
        yield f"\n## {title[0].upper()}{title[1:]}\n"
        yield from [head] * bool(head)
        yield from lines


def _codes(one: Result) -> str:
    return ", ".join(one.refusals[:4]) + (" …" if len(one.refusals) > 4 else "")


def _why(one: Result) -> str:
    runs = one.ran.outcomes if one.ran else ()
    first = next((incident for run in runs for incident in run.incidents), None)
    if first is None:
        return "; ".join(sorted({run.end for run in runs}))
    element, code, message = first
    return f"{code} at {element}: {message.splitlines()[0][:100].replace('|', '/') if message else ''}"


def _needs(one: Result) -> str:
    return "; ".join(f"{kind} ({where[:80]})" for kind, where in one.judged.needs.items())
