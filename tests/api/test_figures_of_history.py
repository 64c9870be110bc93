"""Figures of a written history over HTTP: each leads to as many cases, and none needs many statements."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from engine.oversight import projection
from engine.oversight.metrics import AGES, case_lists, sharing
from engine.platform import postgres
from engine.platform.db import Database
from tests import factories, histories
from tests.api.conftest import new_app, new_clients
from tests.api.contract import Client, Contract, body, pointers, refused

PERIOD = {"from": "2026-08-01", "to": "2026-11-15"}
# At most, with the one that looks up the token.
STATEMENTS = {
    "overview": 8,
    "overview?trend=jalali": 8,
    "overview?trend=jalali&compare=unit&{version}": 12,
    "time": 4,
    "time?by=unit": 4,
    "delay-causes": 5,
    "steps?{version}": 10,
    "people": 10,
    "portfolio": 6,
    "cases": 5,
    "cases?measure=work_done": 5,
}


@dataclass(frozen=True, slots=True)
class History:
    """A history in a database that no test changes, its figures, and a manager of all units."""

    database: Database
    manager: Client
    version: Mapping[str, Any]

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """Figures of the period."""
        asked = {**PERIOD, **{name.rstrip("_"): value for name, value in query.items()}}
        pairs = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
        found: dict[str, Any] = body(self.manager.get(f"/metrics/{path}?{pairs}"))
        return found

    def count(self, measure: str, **query: Any) -> int:
        """How many cases a list says it has."""
        return int(self.read("cases", measure=measure, **query)["count"])


@pytest.fixture(scope="module")
def history(
    server: postgres.Server,
    admin: psycopg.Connection,
    template: str,
    contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[History]:
    with factories.opened(server.url, admin, template, "history") as database:
        histories.write(database, database.engine.url.render_as_string(hide_password=False), 70)
        who = factories.an_actor(database, "manager")
        factories.as_actor(database, who, projection.prepare)
        while factories.as_actor(database, who, projection.project):
            pass
        manager = new_clients(new_app(database, tmp_path_factory.mktemp("documents")), contract, database)
        found = History(database, manager("manager"), {})
        first = found.read("portfolio")["lines"][0]["definition"]
        yield History(database, found.manager, {"definition": first, "version": 1})


# Which cases a figure of the overview counts, and those from which it comes; "": as many as the first.
NUMBERS: Mapping[str, tuple[str, str]] = {
    "started": ("started", "started"),
    "closed": ("closed", "closed"),
    "withdrawn": ("withdrawn", "withdrawn"),
    "on_time": ("on_time", "with_term"),
    "late": ("late", "with_term"),
    "median": ("", "closed"),
    "most": ("", "closed"),
    "refused": ("refused", "decided"),
    "silent": ("silent", "silent"),
    "visits_planned": ("", "planned"),
    "visits_actual": ("", "closed"),
    "stars": ("", "rated"),
    "take_up": ("online", "with_channel"),
    "cost": ("", "with_cost"),
    "send_backs": ("", "closed"),
    "appealed": ("appealed", "appealed"),
    "upheld": ("upheld", "appeal_decided"),
}
SHARES = ("on_time", "refused", "take_up")


def leads_to_its_cases(found: Mapping[str, Any], count: Callable[[str], int], *names: str) -> None:
    """Fails unless the lists of these figures have as many cases as they say."""
    for name in names:
        measure, whole = NUMBERS[name]
        figure = found[name]
        if figure["status"] != "measured":
            assert figure["cases"] == 0, name
            continue
        assert count(whole) == figure["cases"], name
        if measure:
            value = figure["value"] * figure["cases"] if name in SHARES else figure["value"]
            assert count(measure) == pytest.approx(value, abs=0.01), name


def test_each_figure_of_the_overview_leads_to_its_cases(history: History) -> None:
    read = history.read("overview", trend="jalali")
    leads_to_its_cases(read["numbers"], history.count, *NUMBERS)
    stock = read["stock"]
    assert history.count("open") == stock["open"]["value"] == sum(stock["ages"]) > 0
    assert [history.count("open", age=index) for index in range(len(AGES) + 1)] == stock["ages"]
    assert history.count("overdue") == stock["overdue"]["value"]
    assert history.count("open_with_term") == stock["overdue"]["cases"]
    assert sum(month["numbers"]["closed"]["value"] for month in read["trend"]) == history.count("closed")
    first, second = (month["label"] for month in read["trend"][:2])
    assert first < PERIOD["from"] < second
    compared = history.read("overview", compare="unit", definition=history.version["definition"])["compared"]
    assert compared
    for line in compared:
        cell = {"unit": line["label"], "alone": "true", "class_": line["service_class"] or "-"}
        count = partial(history.count, definition=history.version["definition"], **cell)
        leads_to_its_cases(line["numbers"], count, "closed", "on_time")


def test_times_and_causes_lead_to_their_cases(history: History) -> None:
    for by in ("unit", "definition", "version"):
        read = history.read("time", by=by)
        for line in read["lines"]:
            key, _, number = line["label"].partition("/")
            cell = {"unit": key, "alone": "true"} if by == "unit" else {"definition": key}
            assert history.count("closed", version=number or None, **cell) == line["cases"], line
        assert history.count("closed") == read["total"]["cases"] == sum(one["cases"] for one in read["lines"])
    read = history.read("delay-causes")
    assert (history.count("late"), history.count("with_term")) == (read["late"], read["with_term"])
    assert read["lines"]
    for line in read["lines"]:
        cell = {name: line[name] for name in ("party", "definition", "element", "bucket")}
        assert history.count("late", **cell) == line["cases"], line


def test_passages_lead_to_their_cases(history: History) -> None:
    lines = history.read("steps", **history.version)["lines"]
    assert lines
    for line in lines:
        cell = {**history.version, "element": line["element"]}
        assert history.count("step_arrived", **cell) == line["arrived"], line
        assert history.count("step_closed", **cell) == line["closed"], line
    read = history.read("people")
    assert any(line["open"] for line in read["lines"])
    for line in read["lines"][:6]:
        cell = {"unit": line["unit"], "alone": "true", "role": line["role"] or "-"}
        cell |= {"definition": line["definition"], "element": line["element"]}
        for measure in ("open", "arrived", "done"):
            assert history.count(f"work_{measure}", **cell) == line[measure], (measure, line)
    one = next(line for line in read["lines"] if line["done"])
    listed = history.read("cases", measure="work_done", unit=one["unit"], alone="true")
    assert sum(item["times"] for item in listed["items"]) == listed["count"] >= one["done"]
    assert len({item["id"] for item in listed["items"]}) == len(listed["items"])


def test_a_file_has_all_cases_up_to_a_limit(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_lists, "PAGE", 5)
    asked = "measure=step_closed&from={from}&to={to}".format(**PERIOD)
    answer = history.manager.get(f"/metrics/cases?{asked}", headers={"Accept": "text/csv"})
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))
    assert len({row["id"] for row in rows}) == len(rows) > 5
    assert sum(int(row["times"]) for row in rows) == history.count("step_closed")
    monkeypatch.setattr(case_lists, "MOST", len(rows) - 1)
    many = refused(history.manager.get(f"/metrics/cases?{asked}&format=csv"), 422, "invalid")
    assert pointers(many) == ["/query/from"]
    days = history.manager.get("/metrics/time?format=csv&by=unit&from={from}&to={to}".format(**PERIOD))
    assert 'filename="time_2026-08-01_2026-11-15.csv"' in days.headers["Content-Disposition"]
    people = history.manager.get("/metrics/people?format=csv&from={from}&to={to}".format(**PERIOD))
    rows = list(csv.DictReader(StringIO(people.data.decode("utf-8-sig"))))
    assert {row["left_out"] for row in rows} <= {"true", "false"}


def test_figures_need_few_statements(history: History) -> None:
    version = "definition={definition}&version={version}".format(**history.version)
    sent: list[str] = []
    event.listen(
        history.database.engine, "before_cursor_execute", lambda _, __, told, *___: sent.append(told)
    )
    counted = {}
    for path in STATEMENTS:
        asked = path.format(version=version)
        joined = "&" if "?" in asked else "?"
        sharing.forget()
        sent.clear()
        # Days at both edges of the period are those of no whole period.
        body(history.manager.get(f"/metrics/{asked}{joined}from=2026-08-03&to=2026-11-11"))
        counted[path] = len(sent)
    assert {path: count for path, count in counted.items() if count > STATEMENTS[path]} == {}, counted
