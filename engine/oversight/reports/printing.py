"""A report as PDF: the same sections as its page, in one language. A signed one is always the same file."""

from datetime import date, tzinfo

from engine.oversight.reports.presentation import Section, sections
from engine.oversight.reports.views import ReportView
from engine.oversight.reports.words import Words
from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from engine.platform.typesetting import Block, Document, Heading, Paragraph, ltr, typeset

SECONDS = 10.0  # that the child process may take
_ISOLATE, _END = "\u2068", "\u2069"  # the text between takes its direction from itself (UAX 9)


def pdf(view: ReportView, language: Language, zone: tzinfo | None) -> bytes:
    """Return a report as PDF. Raises NotInstalled and TypesettingFailed."""
    return typeset(document(view, language, zone), timeout=SECONDS)


def document(view: ReportView, language: Language, zone: tzinfo | None) -> Document:
    """Return what is typeset."""
    words = Words(messages(Reader.of(language, zone)))
    content = view.content
    blocks: list[Block] = []
    if content["summary"]:
        blocks += [Heading(1, words.say("summary")), *_paragraphs(content["summary"])]
    for section in sections(content, words):
        blocks += _blocks(section, words)
    unit, period = words.reader.half(content["unit_name"]), words.period(view.period)
    return Document(
        title=words.say("title"),
        language=language,
        date=_day(view),
        subtitle=f"{unit} · {period}",
        marks=_marks(view, words),
        facts=_facts(view, words),
        blocks=blocks,
        footer=f"{words.say('title')} · {unit} · {period}",
    )


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
    found: list[Block] = [Heading(1, section.heading), *section.blocks]
    if section.comment:
        found += [Heading(2, words.say("comment")), *_paragraphs(section.comment)]
    return found


def _paragraphs(text: str) -> list[Paragraph]:
    """Return a text of people, which may be in another direction than the file."""
    return [Paragraph(f"{_ISOLATE}{part.strip()}{_END}") for part in text.split("\n\n") if part.strip()]
