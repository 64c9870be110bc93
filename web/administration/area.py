"""What the administration's pages share: navigation, words and days as typed, refusals."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request

from engine import access
from engine.design import publishing
from engine.organisation import held_roles, units
from engine.platform import persian
from engine.platform.errors import Fault, Invalid, Refusal
from web import forms, texts
from web.visit import Page, Visit

# Navigation of the administration, in order; the pages about the whole installation come last.
WAYS = (
    "overview",
    "incidents",
    "definitions",
    "migrations",
    "units",
    "calendars",
    "rates",
    "people",
    "delegations",
    "silence",
    "log",
)
WHOLE = ("statistics", "jobs", "connectors", "messages", "webhooks")
LONGEST = 200  # characters of a reason, as in the API
PATHS = {"overview": "/administration"}


def render(
    visit: Visit,
    name: str,
    values: Mapping[str, Any] | None = None,
    *,
    way: str,
    status: int = 200,
    **more: Any,
) -> Page:
    """Render a page of the administration with the navigation for this visitor."""
    names = WAYS + (WHOLE if access.everywhere(visit.uow) else ())
    if not access.allows(visit.uow.actor, "jobs.manage"):
        names = (way,)  # auditors read the log alone
    ways = [(item, PATHS.get(item, f"/administration/{item}")) for item in names]
    return Page(
        f"administration/{name}.html", {"ways": ways, "way": way, **(values or {})}, status=status, **more
    )


def refused(refusal: Refusal) -> dict[str, Any]:
    """Return what a page shows of a refusal: in `fault`, and next to fields in `wrong`."""
    wrong: dict[str, list[str]] = {}
    for fault in refusal.faults if isinstance(refusal, Invalid) else ():
        wrong.setdefault(fault.pointer, []).append(forms.explain_fault(fault))
    return {"fault": texts.explain(refusal), "wrong": wrong, "typed": request.form}


def called(
    visit: Visit, *, of_units: Iterable[str | None] = (), of_processes: Iterable[str | None] = ()
) -> dict[str, Mapping[str, str]]:
    """Return display names by key, for templates."""
    wanted, processes = set(filter(None, of_units)), set(filter(None, of_processes))
    return {
        "unit_names": units.names(visit.uow, wanted) if wanted else {},
        "process_names": publishing.names(visit.uow, processes) if processes else {},
    }


Choices = list[tuple[str, str]]  # value and text


def units_to_choose(visit: Visit, *, apart_from: str | None = None) -> Choices:
    """Return the visitor's open units, each with its parent."""
    return [
        (row["key"], _told_apart(visit, row["name"], row["above"]))
        for row in units.own(visit.uow, apart_from=apart_from)
    ]


def _told_apart(visit: Visit, name: str, above: str | None) -> str:
    own, higher = visit.reader.half(name), visit.reader.half(above or "")
    return texts.say("administration.within", unit=own, above=higher) if higher else own


def roles_to_choose(visit: Visit) -> Choices:
    """Return the available roles: those of every installation, then those used in the visitor's units."""
    known = dict.fromkeys([access.CASEWORKER, access.SUPERVISOR, *held_roles.roles(visit.uow)])
    named = [(role, texts.find_text(f"words.position.{role}", role)) for role in known]
    return [*named, (access.ANY, texts.say("administration.people.any-role"))]


def word(name: str) -> str | None:
    """Return what was typed or chosen, without control characters; None for nothing."""
    given = "".join(filter(persian.printable, request.values.get(name, "")))
    return given.strip() or None


def reason() -> str | None:
    """Return a reason. Raises Invalid if it is too long."""
    given = word("reason")
    if given is not None and len(given) > LONGEST:
        fault = Fault("/reason", "is too long", "maxLength", {"count": LONGEST})
        raise Invalid("The reason is too long.", [fault])
    return given
