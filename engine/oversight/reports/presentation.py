"""The sections of a report, as texts and tables that pages and the PDF show alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.oversight.reports.figures import SHOWN, Json
from engine.oversight.reports.words import Words
from engine.platform.typesetting import Column, Note, Paragraph, Table


@dataclass(frozen=True, slots=True)
class Section:
    """A section: what the figures say, and the comment of people."""

    name: str
    heading: str
    blocks: Sequence[Paragraph | Note | Table] = field(default_factory=tuple)
    comment: str = ""


def sections(content: Json, words: Words) -> list[Section]:
    """Return the sections of a report in order. Of a period without cases most have nothing to say."""
    builders = {
        "services": _services,
        "cases": _cases,
        "causes": _causes,
        "silence": _silence,
        "commitments": _commitments,
        "actions": _actions,
    }
    return [
        Section(
            name,
            words.say(f"section.{name}"),
            tuple(build(content, words)),
            content["comments"].get(name, ""),
        )
        for name, build in builders.items()
    ]


Blocks = list[Paragraph | Note | Table]


def _columns(words: Words, *names: str, numbers: Sequence[str] = ()) -> list[Column]:
    return [Column(words.say(f"column.{name}"), "number" if name in numbers else "text") for name in names]


def _nothing(content: Json, words: Words) -> Note:
    """Return why a period has no cases: there were none, or the log began later."""
    known = content["figures"]["started"]["value"] is not None
    return Note(words.say("nothing" if known else "before-log"))


def _services(content: Json, words: Words) -> Blocks:
    found = content["services"]
    if not found["total"]:
        return [Note(words.say("services.none"))]
    blocks: Blocks = [Paragraph(words.say("services.some", online=found["online"], total=found["total"]))]
    rows = [
        (
            one["name_fa"] if words.reader.language == "fa" else one["name_en"] or one["name_fa"],
            words.reader.half(one["unit_name"]),
            "" if one["yearly_volume"] is None else words.count(one["yearly_volume"]),
            words.coded(f"offline.{one['reason']}", one["text"]),
        )
        for one in found["missing"]
    ]
    if rows:
        columns = _columns(words, "service", "agency", "volume", "reason", numbers=("volume",))
        blocks.append(Table(words.say("services.missing"), columns, rows))
    return blocks


def _cases(content: Json, words: Words) -> Blocks:
    if content["nothing"]:
        return [_nothing(content, words)]
    own, before = content["figures"], content["before"]["figures"]
    rows = [
        (words.say(f"figure.{name}"), words.figure(name, own[name]), words.figure(name, before[name]))
        for name in SHOWN
    ]
    columns = _columns(words, "figure", "now", "before", numbers=("now", "before"))
    return [Table(words.say("figures"), columns, rows)]


def _causes(content: Json, words: Words) -> Blocks:
    if content["nothing"] and not content["causes"]:
        return [_nothing(content, words)]
    if not content["causes"]:
        late = content["figures"]["late"]
        key = "causes.none" if late["value"] is not None else f"status.{late['status']}"
        return [Note(words.say(key))]
    rows = [
        (
            words.count(one["rank"]),
            words.say(f"bucket.{one['bucket']}"),
            words.party(one),
            words.step(one),
            words.hours(one["ms"]),
            words.share(one["share"]),
            words.count(one["cases"]),
        )
        for one in content["causes"]
        if one["ms"]  # a decision by silence has none, and is in the next section
    ]
    if not rows:
        return [Note(words.say("causes.no-time"))]
    numbers = ("rank", "time", "share", "cases")
    columns = _columns(words, "rank", "cause", "at", "step", "time", "share", "cases", numbers=numbers)
    return [Table(words.say("section.causes"), columns, rows)]


def _silence(content: Json, words: Words) -> Blocks:
    if content["nothing"]:
        return [_nothing(content, words)]
    silent = content["figures"]["silent"]
    if silent["value"] is None:
        return [Note(words.say(f"status.{silent['status']}"))]
    if not silent["value"]:
        return [Paragraph(words.say("silence.none"))]
    rows = [
        (words.reader.half(one["unit_name"]), words.count(one["silent"]), words.count(one["closed"]))
        for one in content["silence"]
    ]
    columns = _columns(words, "unit", "silent", "closed", numbers=("silent", "closed"))
    said = Paragraph(words.say("silence.some", count=silent["value"]))
    return [said, Table(words.say("silence.by-unit"), columns, rows)]


def _commitments(content: Json, words: Words) -> Blocks:
    if not content["commitments"]:
        return [Note(words.say("commitments.none"))]
    names = ("commitment", "figure", "target", "value", "due", "state", "explanation")
    rows = [
        (
            one["text_fa"] if words.reader.language == "fa" else one["text_en"] or one["text_fa"],
            words.say(f"metric.{one['metric']}"),
            words.target(one["metric"], one["target"]),
            words.measured(one),
            _due(one, words),
            _state(one, words),
            _explained(one, content["as_of"], words),
        )
        for one in content["commitments"]
    ]
    columns = _columns(words, *names)
    return [Table(words.say("section.commitments"), columns, rows)]


def _due(one: Json, words: Words) -> str:
    """Returns the day in words; reports of before the second kind don't say which it is."""
    day = words.day(one["due"])
    return words.say("commitments.from", day=day) if one.get("kind") == "hold-from" else day


def _state(one: Json, words: Words) -> str:
    found = words.say(f"commitments.state.{one['state']}")
    return f"{found} ({words.say('commitments.lost')})" if one["lost"] else found


def _explained(one: Json, as_of: str, words: Words) -> str:
    if one["unexplained"] and as_of <= one["explain_by"]:  # days as texts of ISO 8601
        return words.say("commitments.awaited", day=words.day(one["explain_by"]))
    if one["unexplained"]:
        return words.say("commitments.no-explanation")
    return words.coded(f"why.{one['cause']}", one["explanation"]) if one["cause"] else ""


def _actions(content: Json, words: Words) -> Blocks:
    blocks: Blocks = []
    if earlier := content["earlier_actions"]:
        blocks.append(_action_table(words, "actions.earlier", earlier))
    if own := content["actions"]:
        blocks.append(_action_table(words, "actions.own", own))
    else:
        blocks.append(Note(words.say("actions.none")))
    return blocks


def _action_table(words: Words, caption: str, found: Sequence[Json]) -> Table:
    rows = [
        (
            one["text"],
            words.reader.person(one["owner_names"]),
            words.day(one["due"]),
            action_state(one, words),
            words.cause(one["cause"]) if one["cause"] else "",
        )
        for one in found
    ]
    return Table(words.say(caption), _columns(words, "action", "owner", "due", "state", "cause"), rows)


def action_state(one: Json, words: Words) -> str:
    """Return what became of an action, in words."""
    if one["overdue"]:
        return words.say("actions.overdue")
    status = words.say(f"actions.status.{one['status']}")
    return words.say("actions.with-reason", status=status, reason=one["reason"]) if one["reason"] else status
