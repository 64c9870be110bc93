"""What the pages of oversight share: filters, navigation, tables and their files, and what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.oversight.projection.periods import Days
from engine.platform.errors import Invalid, NotFound
from web import charts
from web.oversight import asking
from web.oversight.asking import Asked
from web.oversight.tables import Table
from web.visit import Content, Page, Visit

# Navigation, in order.
WAYS = ("overview", "delays", "time", "steps", "people", "portfolio", "commitments", "register", "reports")
ROOT = "/oversight"
BEHIND = timedelta(seconds=60)  # from then on, figures that are behind are a warning
# Fields of a page's form besides the filters: what is wrong with them is explained there.
OWN = {"overview": ("compare",), "portfolio": ("volume", "visits", "time", "dissatisfaction")}


@dataclass(frozen=True, slots=True)
class Built:
    """What a page shows: its tables, and other values for its template."""

    tables: Sequence[Table] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """Return a table. Raises NotFound."""
        for one in self.tables:
            if one.name == name:
                return one
        raise NotFound(f"The page has no table {name!r}.")


# Reads what a page shows. Raises Invalid, or adds faults to what is asked, if it can't be read.
Build = Callable[[Visit, Asked], Built]


def path(name: str) -> str:
    """Return the path of a page."""
    return ROOT if name == "overview" else f"{ROOT}/{name}"


def show(visit: Visit, name: str, build: Build) -> Page:
    """Show a page, or why it can't be shown, with the form to correct it."""
    found = asking.read(visit)
    built = _built(visit, build, found)
    wrong, offered = found.wrong, asking.choices(visit, found)
    # Versions have no field before a service is chosen.
    fields = [one for one in asking.FILTERS if one != "version" or offered["version"]]
    fields += [one for one in OWN.get(name, ()) if one != "compare" or found.filters.definition]
    values = {
        "found": found,
        "ways": [(one, found.link(path(one))) for one in WAYS],
        "way": name,
        "here_path": path(name),
        "offered": offered,
        "wrong": wrong,
        "other_faults": [text for place in wrong if place not in fields for text in wrong[place]],
        "tables": {table.name: table for table in built.tables},
        "files": f"{ROOT}/{name}",
        "scope": asking.summary(found, offered),
        "meter": charts.meter,
        **built.values,
    }
    as_of = built.values.get("as_of", visit.uow.now)
    values["behind"] = visit.uow.now - as_of > BEHIND
    return Page(f"oversight/{name}.html", values, 422 if wrong else 200)


def _built(visit: Visit, build: Build, found: Asked) -> Built:
    if not found.faults:
        try:
            return build(visit, found)
        except Invalid as refusal:
            found.faults.extend(refusal.faults)
    return Built()


def file(visit: Visit, name: str, build: Build, table: str, kind: str) -> Content:
    """Return a table of a page as a file, called by page, table and days.

    Raises Invalid for what the page would explain, and NotFound.
    """
    found = asking.read(visit)
    if not found.faults:
        built = build(visit, found)
        if not found.faults:
            return built.table(table).file(kind, _called(name, table, built.values.get("days")))
    raise Invalid("The request has errors.", found.faults)


def _called(name: str, table: str, days: Days | None) -> str:
    period = "" if days is None else f"_{days.first}_{days.last}"
    return f"{name if name == table else f'{name}-{table}'}{period}"
