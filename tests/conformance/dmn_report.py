"""What the OMG's test kit for DMN says of the engine, and which functions and limits there are.

They are sections of a document whose other parts are written by hand.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from engine.dmn import check, serialization
from engine.dmn.feel import frames, tokens
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.types import Parameter, Type
from engine.dmn.model.reader import MAX_ELEMENTS, MAX_TEXT
from engine.platform.config import ROOT
from tests.conformance.tck import KIT, LEVELS, Case, Outcome, run

DOCUMENT = ROOT / "docs" / "dmn-support.md"


@cache
def outcomes() -> list[Outcome]:
    """Every case of the kit, run once."""
    return run(KIT)


def kit_is_there() -> bool:
    """Whether there is anything to run."""
    return any(KIT.glob("*/*/*.xml"))


def left_out(case: Case) -> bool:
    """Whether a case needs what is no part of DMN: functions written in Java."""
    return "external-java" in case.folder


def failed(level: str) -> list[str]:
    """What did not come out as expected at a level, and is not left out."""
    return [
        f"{each.case.folder}/{each.case.file} {each.case.number}: {each.told}"
        for each in outcomes()
        if each.case.level == level and not each.passed and not left_out(each.case)
    ]


def passed(level: str) -> tuple[int, int]:
    """How many cases of a level passed, of how many."""
    found = [each.passed for each in outcomes() if each.case.level == level]
    return sum(found), len(found)


# The document


def written() -> str:
    """The document as it is."""
    return DOCUMENT.read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The content below a heading."""
    found = re.search(_SECTION.format(re.escape(title)), text)
    return found[2].strip() if found else ""


def document() -> str:
    """The document as it should be. Needs the kit."""
    text = written()
    for title, lines in SECTIONS.items():
        found = re.search(_SECTION.format(re.escape(title)), text)
        if found is None:
            raise ValueError(f"{DOCUMENT.name} has no section {title!r}")
        body = "\n".join(lines())
        text = f"{text[: found.start(2)]}\n{body}\n\n{text[found.end(2) :]}"
    return f"{text.rstrip()}\n"


def record() -> None:
    """Write it down."""
    DOCUMENT.write_text(document(), encoding="utf-8")


_SECTION = r"(?m)(^## {}\n)((?:(?!## ).*\n?)*)"


def _totals() -> Iterator[str]:
    yield "| level | passed | cases | not passed |\n|---|---|---|---|"
    for level in LEVELS:
        yes, cases = passed(level)
        missing = cases - yes
        why = f"{missing}, functions in Java" if missing and not failed(level) else str(missing)
        yield f"| {level[-1]} | **{yes:,}** | {cases:,} | {why} |"


def _folders() -> Iterator[str]:
    yield "| level | feature | passed | cases |\n|---|---|---|---|"
    count: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for each in outcomes():
        place = (each.case.level, each.case.folder)
        count[place] += 1
        right[place] += each.passed
    for place, cases in count.items():
        level, folder = place
        yield f"| {level[-1]} | {folder} | {right[place]} | {cases} |"


def functions() -> Iterator[str]:
    """All built-in functions; needs no kit."""
    yield "`?` marks an optional parameter, `*` one that can be repeated.\n"
    yield "| Function | Parameters | Gives |\n|---|---|---|"
    for name in sorted(BUILT_IN):
        ways = "<br>".join(f"`{_way(way)}`" if way else "none" for way in BUILT_IN[name].ways)
        yield f"| `{name}` | {ways} | {_type(BUILT_IN[name].result)} |"


def _way(way: Iterable[Parameter]) -> str:
    return ", ".join(_parameter(each) for each in way)


def _parameter(of: Parameter) -> str:
    mark = "?" if of.optional else "*" if of.many else ""
    return f"{of.name}{mark}: {_type(of.type)}"


def _type(of: Type) -> str:
    return f"{of.name}<{_type(of.of)}>" if of.of is not None and of.name in ("list", "range") else of.name


def limits() -> Iterator[str]:
    """What is stopped; needs no kit."""
    yield "| What | At most |\n|---|---|"
    yield f"| steps of an evaluation: an iteration, a call, an item, some characters | {frames.STEPS:,} |"
    yield f"| functions that call each other | {frames.DEPTH} deep |"
    yield f"| searching by patterns | {frames.SEARCHING:g} s |"
    yield f"| an expression | {tokens.LONGEST:,} characters |"
    yield f"| a file: elements, characters of all expressions | {MAX_ELEMENTS:,}, {MAX_TEXT:,} |"
    yield f"| a file that is uploaded | {check.MAX_FILE >> 20} MiB, {check.MAX_DEPTH} levels |"
    yield f"| an answer that is written as JSON | {serialization.LONGEST >> 20} MiB |"
    yield "\nAn evaluation that reaches a limit has no result and a fault that says so;"
    yield "nothing else is stopped."


SECTIONS: Mapping[str, Callable[[], Iterator[str]]] = {
    "Results": _totals,
    "Built-in functions": functions,
    "Limits": limits,
    "The kit, feature by feature": _folders,
}
