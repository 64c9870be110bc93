"""`service.toml`: the catalogue entry of a service, as its designer writes it.

Term and norm are those of the diagram, the fee is that of the bill: they are never written here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from engine import bpmn
from engine.bpmn.forms import answer_name, top_fields
from engine.definitions.service_classes import BOUNDS, is_bound
from engine.definitions.toml_files.table import MAX_TEXT, Both, Table
from engine.models import Channel

SERVICE = "service.toml"

Duplicates = Literal["confirm", "refuse", "allow"]
Audience = Literal["individual", "business", "nonprofit", "agency"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
CLASSES: tuple[str, ...] = tuple(BOUNDS)
# Reasons why people, or businesses, need services.
LIFE_EVENTS: Sequence[str] = (
    *("birth", "education", "military-service", "work", "marriage", "divorce", "moving", "housing"),
    *("vehicle", "travel", "health", "disability", "retirement", "bereavement"),
)
BUSINESS_EVENTS: Sequence[str] = (
    *("starting-business", "running-business", "hiring", "construction", "trade", "closing-business"),
)
EVENTS: Sequence[str] = (*LIFE_EVENTS, *BUSINESS_EVENTS)

# Facts with another source, and what that is.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("term", "statutory_term", "deadline"), "term"),
    **dict.fromkeys(("norm", "service_norm", "duration"), "norm"),
    **dict.fromkeys(("fee", "cost", "price"), "fee"),
}
_ID = r"[a-z][a-z0-9-]{0,49}"
_KEY = r"[A-Za-z_][A-Za-z0-9_.-]{0,99}"  # of a definition
_URL = r"https?://[^\s<>\"{}|\\^`]+"
_MAIL = r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+"
_PHONE = r"\+?[0-9][0-9 ()/-]{1,29}"


@dataclass(frozen=True, slots=True)
class Law:
    """A legal basis: its name, and the address of its text."""

    name: Both
    url: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that applicants have to bring, or an output; its id is unique within the service."""

    id: str
    name: Both
    description: Both | None


@dataclass(frozen=True, slots=True)
class Produced:
    """Evidence that another service may produce: `field` of the start form is for it.

    In an application for both services it need not be brought if one of `services` has an output with the id
    of `proof`. `number` is that of its entry in the file.
    """

    proof: Proof
    field: str
    services: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Contact:
    """Where people can ask about the service."""

    name: Both | None
    phone: str | None
    email: str | None
    url: str | None
    address: Both | None
    hours: Both | None


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """What the file says.

    `name` is None if that of the diagram is to be shown. `offered`, `service_class` and `bound` are first
    values: administrators change them later. `duplicates` is what happens to a second open application of
    the same person: to be confirmed, refused, or allowed.
    """

    name: Both | None
    description: Both | None
    legal_basis: tuple[Law, ...]
    audience: tuple[str, ...]
    channels: tuple[str, ...]
    life_events: tuple[str, ...]
    languages: tuple[str, ...]
    evidence: tuple[Proof, ...]
    produced: tuple[Produced, ...]
    output: tuple[Proof, ...]
    contact: Contact | None
    offered: bool | None
    service_class: str | None
    bound: str | None
    duplicates: Duplicates


def read(table: Table) -> ServiceFile:
    """Returns what the file says, with substitutes for what is wrong in it."""
    for key in _ELSEWHERE.keys() & set(table.left()):
        table.forbid(key)
        table.error(key, f"toml-elsewhere.{_ELSEWHERE[key]}")
    produced: list[Produced] = []
    found = ServiceFile(
        name=table.both("name"),
        description=table.both("description", most=MAX_TEXT, required=True),
        legal_basis=tuple(_laws(table)),
        audience=table.choices("audience", AUDIENCES),
        channels=table.choices("channels", CHANNELS) or ("online",),
        life_events=table.choices("life_events", EVENTS),
        languages=table.choices("languages", ("fa", "en")),
        evidence=tuple(_proofs(table, "evidence", produced)),
        produced=tuple(produced),
        output=tuple(_proofs(table, "output")),
        contact=_contact(table.table("contact")),
        offered=table.yes("offered"),
        service_class=table.choice("class", CLASSES),
        bound=_bound(table),
        duplicates=_duplicates(table),
    )
    if found.bound is not None and found.service_class is None:
        table.error("bound", "toml-value.bound")
    return found


def _bound(table: Table) -> str | None:
    found = table.text("bound")
    if found is not None and not is_bound(found):
        table.error("bound", "toml-value.form")
        return None
    return found


def _duplicates(table: Table) -> Duplicates:
    said = table.choice("duplicates", DUPLICATES)
    return next((one for one in DUPLICATES if one == said), "confirm")


def _laws(table: Table) -> Sequence[Law]:
    found = []
    for each in table.tables("legal_basis"):
        name, url = each.both("name", required=True), each.text("url", pattern=_URL, most=2_000, form="url")
        each.close()
        if name is not None:
            found.append(Law(name, url))
    return found


def check(table: Table, files: Mapping[str, bytes], process: str | None, filled: Collection[str]) -> None:
    """Reports what is wrong in the file, and what doesn't fit the start form of the process.

    `filled` are the fields of the form with another source.
    """
    found = read(table)
    if process is None or not found.produced:
        return
    form, taken = bpmn.start_form(files, process), set(filled)
    fields = {answer_name(one.pointer or ""): one for one in top_fields(form.fields if form else ())}
    for one in found.produced:
        key = ("evidence", str(one.number), "field")
        if form is None:
            table.error(key, "evidence-field.form", process=process)
        elif one.field not in fields:
            table.error(key, "evidence-field.unknown", name=one.field, fields=tuple(fields))
        elif fields[one.field].read_only:
            table.error(key, "evidence-field.shown", name=one.field)
        elif one.field in taken:
            table.error(key, "evidence-field.twice", name=one.field)
        elif process in one.services:
            table.error((*key[:2], "produced_by"), "evidence-field.own", process=process)
        taken.add(one.field)


def _proofs(table: Table, key: str, produced: list[Produced] | None = None) -> Sequence[Proof]:
    """Returns the entries of an array. Those that other services may produce are added to `produced`."""
    found: dict[str, Proof] = {}
    for number, each in enumerate(table.tables(key)):
        said, name = each.text("id", pattern=_ID, required=True), each.both("name", required=True)
        description = each.both("description", most=MAX_TEXT)
        field, services = _producers(each) if produced is not None else (None, ())
        each.close()
        if said in found:
            each.error("id", "toml-value.twice")
        elif said is not None and name is not None:
            found[said] = Proof(said, name, description)
            if produced is not None and field and services:
                produced.append(Produced(found[said], field, services, number))
    return list(found.values())


def _producers(table: Table) -> tuple[str | None, tuple[str, ...]]:
    """Returns the field of a piece of evidence, and the services that may produce it: both or none."""
    said = set(table.left())
    field, services = table.text("field"), table.texts("produced_by", _KEY)
    for key, other in (("field", "produced_by"), ("produced_by", "field")):
        if other in said and key not in said:
            table.error(key, "toml-missing")
    return field, services


def _contact(table: Table | None) -> Contact | None:
    if table is None:
        return None
    found = Contact(
        name=table.both("name"),
        phone=table.text("phone", pattern=_PHONE),
        email=table.text("email", pattern=_MAIL, form="email"),
        url=table.text("url", pattern=_URL, most=2_000, form="url"),
        address=table.both("address", most=MAX_TEXT),
        hours=table.both("hours"),
    )
    table.close()
    return found
