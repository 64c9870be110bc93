"""A report as PDF: the same sections as its page, in one language. A signed one is always the same file.

Of long lists it has the beginning, so that any report that can be written can also be printed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, tzinfo

from engine.oversight.reports.figures import Json
from engine.oversight.reports.presentation import Section, sections
from engine.oversight.reports.views import ReportView
from engine.oversight.reports.words import Words
from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from engine.platform.typesetting import Block, Document, Heading, Note, Paragraph, ltr, typeset

SECONDS = 10.0  # that the child process may take
ROWS, CHARACTERS = 300, 50_000  # of each list
_ISOLATE, _END = "\u2068", "\u2069"  # the text between takes its direction from itself (UAX 9)


def pdf(document: Document) -> bytes:
    """Return a report as PDF. Takes a while, so it belongs after the transaction that read the report.

    Raises NotInstalled, TypesettingFailed, and Busy.
    """
    return typeset(document, timeout=SECONDS)


def document(view: ReportView, language: Language, zone: tzinfo | None) -> Document:
    """Return what is typeset."""
    words = Words(messages(Reader.of(language, zone)))
    content, left = _shortened(view.content)
    blocks: list[Block] = []
    if content["summary"]:
        blocks += [Heading(1, words.say("summary")), *_paragraphs(content["summary"])]
    for section in sections(content, words):
        more = (
            [Note(words.say(f"more.{section.name}", count=left[section.name]))] if left[section.name] else []
        )
        blocks += _blocks(replace(section, blocks=(*section.blocks, *more)), words)
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


def _shortened(content: Json) -> tuple[Json, Counter[str]]:
    """Return the content with the beginnings of its lists, and how many of each section are left out.

    Services with the most applications come first, actions as in the report: overdue ones first.
    """
    services = content["services"]
    by_volume = sorted(services["missing"], key=lambda one: -(one["yearly_volume"] or 0))
    earlier, own = content["earlier_actions"], content["actions"]
    kept = {
        "services": _beginning(by_volume, "name_fa", "name_en", "unit_name", "text"),
        "silence": _beginning(content["silence"], "unit_name"),
        "commitments": _beginning(content["commitments"], "text_fa", "text_en", "explanation"),
        "actions": _beginning([*earlier, *own], "text", "reason"),
    }
    actions = len(kept["actions"])
    wholes = {"services": by_volume, "silence": content["silence"], "commitments": content["commitments"]}
    left = Counter({name: len(whole) - len(kept[name]) for name, whole in wholes.items()})
    left["actions"] = len(earlier) + len(own) - actions
    shortened = {
        "services": {**services, "missing": kept["services"]},
        **{name: kept[name] for name in ("silence", "commitments")},
        "earlier_actions": earlier[:actions],
        "actions": own[: max(0, actions - len(earlier))],
    }
    return {**content, **shortened}, left


def _beginning(found: Sequence[Json], *texts: str) -> Sequence[Json]:
    """Return the first of a list, as many as its part of a file has room for."""
    size = 0
    for number, one in enumerate(found[:ROWS]):
        size += sum(len(one[name] or "") for name in texts)
        if size > CHARACTERS:
            return found[:number]
    return found[:ROWS]


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
