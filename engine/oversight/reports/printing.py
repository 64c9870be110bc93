"""A report as PDF: the same sections as its page, in one language. A signed one is always the same file.

Of long lists it has the beginning, so that any report that can be written can also be printed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, tzinfo

from engine.oversight.reports.figures import Json
from engine.oversight.reports.presentation import Section, sections
from engine.oversight.reports.views import ReportView
from engine.oversight.reports.words import Words
from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from engine.platform.typesetting import Block, Document, Heading, Note, Paragraph, Table, ltr, typeset

SECONDS = 10.0  # that the child process may take
ROWS, CHARACTERS, LINE = 250, 40_000, 40  # of each table; a line takes room like so many characters
_ISOLATE, _END = "\u2068", "\u2069"  # the text between takes its direction from itself (UAX 9)


def pdf(document: Document) -> bytes:
    """Return a report as PDF. Takes a while, so it belongs after the transaction that read the report.

    Raises NotInstalled, TypesettingFailed, and Busy.
    """
    return typeset(document, timeout=SECONDS)


def document(view: ReportView, language: Language, zone: tzinfo | None) -> Document:
    """Return what is typeset."""
    words = Words(messages(Reader.of(language, zone)))
    content = _by_volume(view.content)
    blocks: list[Block] = []
    if content["summary"]:
        blocks += [Heading(1, words.say("summary")), *_paragraphs(content["summary"])]
    for section in sections(content, words):
        blocks += _blocks(section, words)
    unit, period = words.reader.half(content["unit_name"]), words.period(view.period)
    return Document(
        title=words.say("title-of", unit=unit, period=period),
        language=language,
        date=_day(view),
        subtitle=words.days(view.period.days),
        marks=_marks(view, words),
        facts=_facts(view, words),
        blocks=blocks,
        footer=f"{words.say('title')} · {unit} · {period}",
    )


def _by_volume(content: Json) -> Json:
    """Return the content with those services first that have the most applications."""
    services = content["services"]
    ordered = sorted(services["missing"], key=lambda one: -(one["yearly_volume"] or 0))
    return {**content, "services": {**services, "missing": ordered}}


def _shortened(section: Section, words: Words) -> Iterator[Block]:
    """Yield the blocks of a section; of a long table as many rows as its part of a file has room for."""
    for block in section.blocks:
        if not isinstance(block, Table):
            yield block
            continue
        rows = list(_beginning(block.rows))
        yield replace(block, rows=rows)
        if left := len(block.rows) - len(rows):
            yield Note(words.say(f"more.{section.name}", count=left))


def _beginning(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    size = 0
    for row in rows[:ROWS]:
        size += sum(len(cell) + LINE * cell.count("\n") for cell in row)
        if size > CHARACTERS:
            return
        yield row


def _day(view: ReportView) -> date:
    return date.fromisoformat(view.content["as_of"])


def _marks(view: ReportView, words: Words) -> list[str]:
    if view.signed:
        return []
    return [words.say("draft"), *([] if view.ended else [words.say("not-ended")])]


def _facts(view: ReportView, words: Words) -> list[tuple[str, str]]:
    content, row = view.content, view.row
    writers = words.reader.both([words.reader.person(one["names"]) for one in content["writers"]])
    found = {
        "unit": words.reader.half(content["unit_name"]),
        "period": words.period(view.period),
        "days": words.days(view.period.days),
        "edition": words.count(content["edition"]),
        "reason": content["reason"] or "",
        "as-of": words.day(content["as_of"]),
        "writers": writers,
    }
    if view.signed:
        found["signer"] = words.reader.person(row["signer"])
        found["signed-at"] = words.reader.minute(row["signed_at"])
        found["digest"] = ltr(view.digest)
    return [(words.say(f"fact.{name}"), text) for name, text in found.items() if text]


def _blocks(section: Section, words: Words) -> list[Block]:
    found: list[Block] = [Heading(1, section.heading), *_shortened(section, words)]
    if section.comment:
        found += [Heading(2, words.say("comment")), *_paragraphs(section.comment)]
    return found


def _paragraphs(text: str) -> list[Paragraph]:
    """Return a text of people, which may be in another direction than the file."""
    return [Paragraph(f"{_ISOLATE}{part.strip()}{_END}") for part in text.split("\n\n") if part.strip()]
