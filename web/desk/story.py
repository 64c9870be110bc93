"""The history of a case, and the sources of its data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import cases
from engine.bpmn import Spec
from engine.platform.language import Reader
from web import events, texts
from web.desk.data import Datum, Labels
from web.desk.ruled import decided


@dataclass(frozen=True, slots=True)
class Happened:
    """An event in plain words. `more` is further data of it."""

    seq: int
    text: str
    at: datetime
    who: str
    role: str
    unit: str | None
    version: int
    kind: str
    hash: str
    behalf: str | None
    purpose: str | None
    more: Sequence[Datum]


@dataclass(frozen=True, slots=True)
class Group:
    """Events that are shown together: one that involves a person, or all automatic steps in between."""

    events: Sequence[Happened]
    quiet: bool


QUIET = ("element.entered", "element.passed")


def grouped(events: Sequence[Happened]) -> Sequence[Group]:
    """Group the automatic steps between events, so that what people have done is visible."""
    found: list[Group] = []
    for event in events:
        quiet = event.kind in QUIET
        if quiet and found and found[-1].quiet:
            found[-1] = Group([*found[-1].events, event], quiet=True)
        else:
            found.append(Group([event], quiet))
    return found


def names(reader: Reader, spec: Spec) -> Mapping[str, str]:
    """Return the names of elements, by their paths."""
    return {path: reader.half(part.name) for path, part in spec.elements.items()}


def grounds(reader: Reader, spec: Spec) -> Mapping[str, str]:
    """Return the names of outcomes and codes of grounds: outcomes as declared, else as in forms."""
    found: dict[str, str] = {}
    for part in spec.elements.values():
        for field in part.form.fields if part.form and part.rules.decision else ():
            for one in (field, *field.fields):
                found.update(
                    {str(choice.value): getattr(choice.label, reader.language) for choice in one.choices}
                )
    declared = (*spec.outcomes, *(one for part in spec.elements.values() for one in part.rules.outcomes))
    return found | {one.value: reader.half(one.name) for one in declared if one.name}


_FETCHED = ("agency", "connector", "operation", "legal_basis", "fetched_at")  # facts of fetched answers
_REASSIGNED = (("reason", "desk.reason-code"), ("assignment", "words.assignment"))
# The fields of payloads that hold codes, and where the words for these are.
_CODES: Mapping[str, Sequence[tuple[str, str]]] = {
    "task.assigned": _REASSIGNED,
    "task.released": _REASSIGNED,
    "case.suspended": (("reason_code", "desk.suspension-code"),),
}


def describe(reader: Reader, seen: cases.Seen, rows: Sequence[Mapping[str, Any]]) -> Sequence[Happened]:
    """Explain these events of a case."""
    called, labels = names(reader, seen.spec), Labels.of(reader, seen.spec)
    words = grounds(reader, seen.spec)
    return [_describe_event(_in_words(row, words), called, labels) for row in rows]


def _in_words(row: Mapping[str, Any], words: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the event with the names of its outcome and codes."""
    payload: Mapping[str, Any] = row["payload"] or {}
    outcome: Any = payload.get("outcome")
    said = {"outcome": words[outcome]} if outcome in words else {}
    for name, words_of in _CODES.get(row["kind"], ()):
        if isinstance(code := payload.get(name), str):
            said[name] = texts.find_text(f"{words_of}.{code}", code)
    return {**row, "payload": {**payload, **said}} if said else row


def _describe_event(row: Mapping[str, Any], called: Mapping[str, str], labels: Labels) -> Happened:
    key, values = events.describe(row, called)
    payload = dict(row["payload"] or {})
    behalf, purpose = payload.pop("on_behalf_of", None), payload.pop("purpose", None)
    data = payload.pop("data", None) or payload.pop("changes", None)
    before = payload.pop("before", None)
    for name in ("cancel", "start_before"):
        if isinstance(places := payload.get(name), list):
            payload[name] = [called.get(place) or place for place in places]
    more = [
        *(labels.data(data) if isinstance(data, dict) else ()),
        *(_before(labels, data, before) if isinstance(data, dict) and isinstance(before, dict) else ()),
        *Labels(labels.reader, of_event=True).data(payload),
    ]
    if row["kind"] == "decision.evaluated" and payload:
        more = decided(payload, labels)
    if row["kind"] == "data.prefilled":
        more = [*_prefilled(row["facts"] or {}, labels)]
    return Happened(
        row["seq"],
        texts.say(key, **values),
        row["at"],
        labels.reader.person(row["actor_name"]),
        row["actor_role"],
        labels.reader.half(row["unit_name"]) if row["unit_name"] else row["actor_unit"],
        row["version"],
        row["kind"],
        row["hash"].hex()[:12],
        behalf,
        row["purpose"] or purpose,
        more,
    )


def _prefilled(facts: Mapping[str, Any], labels: Labels) -> Sequence[Datum]:
    """Return which fields were not typed, and where their values are from."""
    fields = [labels.datum(name, "", labels.fields.get(name)).label for name in facts["fields"].split(",")]
    told = {name: facts[name] for name in _FETCHED if name in facts}
    if "agency_name" in facts:
        told["agency"] = facts["agency_name"]
    return Labels(labels.reader, of_event=True).data({"fields": labels.reader.both(fields), **told})


def _before(labels: Labels, data: Mapping[str, Any], before: Mapping[str, Any]) -> Sequence[Datum]:
    """Return the former values of changed data, as one datum."""
    former = labels.data({name: before.get(name) for name in data})
    return [Datum("before", texts.say("desk.payload.before"), known=True, parts=former)]


def sources(reader: Reader, spec: Spec, rows: Sequence[Mapping[Any, Any]]) -> Mapping[str, str]:
    """Return the source of each field's value, in words."""
    called = names(reader, spec)
    found = {}
    for row in rows:
        part = spec.elements.get(row["element"] or "")
        way = row["kind"]
        if way == "element.passed" and part is not None and part.kind == "serviceTask":
            way = "call.answered"
        values = {"who": row["actor_name"], "at": row["at"], "name": called.get(row["element"] or "", "")}
        if way == "data.prefilled":
            way, more = _origin(reader, row)
            values |= more
        found[row["field"]] = texts.say(f"desk.source.{way}", **values)
    return found


def _origin(reader: Reader, row: Mapping[Any, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the key of the text for an answer that nobody has typed, and its values."""
    if row["connector"] is None:
        return f"data.prefilled.{row['source']}", {}
    agency = reader.half(row["agency_name"] or row["connector"])
    return "data.prefilled.registry", {"agency": agency, "at": datetime.fromisoformat(row["fetched_at"])}
