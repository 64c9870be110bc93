"""What a case costs the database, counted by the server itself: it logs every statement that it executes."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from apiflask import APIFlask
from werkzeug.datastructures import FileStorage

from api.callers import SECONDS, Callers
from api.command import CALLERS, DATABASE
from engine.cli import migrate
from engine.identity import accounts
from engine.platform import postgres
from engine.platform.config import Settings
from engine.platform.db import Database
from tests import bpmn, factories, filed
from web.application import create

ENTRY = re.compile(r"LOG:  (?:statement|execute [^:]+): (.*)", re.DOTALL)
FRAME = re.compile(r"\s*(?:BEGIN|COMMIT|ROLLBACK)\b", re.IGNORECASE)
WRITE = re.compile(r"(?<!FOR )\b(?:INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")
LARGE = "large"


@dataclass(frozen=True, slots=True)
class Stage:
    """The application on a server of its own, and that server's log."""

    app: APIFlask
    log: Path
    tokens: Mapping[str, str]

    def send(self, role: str, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if path.startswith("/drafts"):
            headers["X-On-Behalf-Of"] = "0012345679"
        if isinstance(body, FileStorage):
            options: dict[str, Any] = {"data": {"file": body}}
        elif body is not None:
            options = {"data": orjson.dumps(body), "content_type": "application/json"}
        else:
            options = {}
        response = self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **options)
        assert response.status_code in (200, 201), response.text
        return response.get_json()

    def executed(self, command: Callable[[], Any]) -> list[str]:
        """The statements, in order, that the server executed for a command."""
        start = self.log.stat().st_size
        command()
        with open(self.log, encoding="utf-8") as file:
            file.seek(start)
            entries = re.split(r"\n(?=\d{4}-\d\d-\d\d )", file.read())
        return [match[1].strip() for match in map(ENTRY.search, entries) if match]


@pytest.fixture(scope="module")
def stage(quick: Path) -> Iterator[Stage]:
    var = quick / "counted"
    server = postgres.start(Settings.read({"PARVANDEH_VAR": str(var)}), options=("log_statement=all",))
    migrate.upgrade(server.url)
    database = Database(server.url, zone=UTC)
    app = create(Settings.read({"DATABASE_URL": server.url, "DOCUMENTS": str(var / "documents")}))
    app.extensions[DATABASE] = database
    # A clock that leaps: every request pays for finding its caller.
    app.extensions[CALLERS] = Callers(itertools.count(step=SECONDS).__next__)
    factories.deploy(database, factories.w1())
    factories.deploy(database, sixty_nodes())
    with database.transaction() as session:
        tokens = {
            role: accounts.create_token(session, datetime.now(UTC), name=role, role=role)
            for role in ("portal", "caseworker")
        }
    made = Stage(app, var / "postgres.log", tokens)
    for key in ("w1-permit", LARGE):
        one_case(made, key)  # reads the definition once for this process
    yield made
    database.dispose()
    server.stop()


def sixty_nodes() -> dict[str, bytes]:
    """Start → 29 scripts → user task → 28 scripts → end."""
    scripts = [bpmn.script(f"s{number}", f"v{number} = {number}") for number in range(57)]
    return factories.files(
        bpmn.process(*bpmn.in_line(*scripts[:29], "userTask review", *scripts[29:]), key=LARGE)
    )


def one_case(stage: Stage, key: str, *, keyed: bool = False, mark: str = "") -> None:
    """Start, find the task, complete it."""
    data = {"amount": 1000, "name": "نام"} if key == "w1-permit" else {}
    answer = {"decision": "granted"} if key == "w1-permit" else {}
    keys = (f"{mark}{key}-start", f"{mark}{key}-complete") if keyed else (None, None)
    case = stage.send("portal", "POST", "/cases", {"definition": key, "data": data}, keys[0])
    (task,) = stage.send("caseworker", "GET", f"/tasks?case={case['id']}&status=open")["items"]
    done = stage.send("caseworker", "POST", f"/tasks/{task['id']}/complete", {"data": answer}, keys[1])
    assert done["case"]["status"] == "completed"


def plain(statements: list[str]) -> list[str]:
    return [statement for statement in statements if not FRAME.match(statement)]


def writing_transactions(statements: list[str]) -> int:
    """How many transactions that wrote something were committed; a statement outside of any is one itself."""
    commits = written = 0
    inside = False
    for statement in statements:
        if FRAME.match(statement):
            inside = statement.upper().startswith("BEGIN")
            commits += bool(written) and statement.upper().startswith("COMMIT")
            written = 0
        elif inside:
            written += bool(WRITE.search(statement))
        else:
            commits += bool(WRITE.search(statement))
    return commits


@pytest.mark.parametrize("key", ["w1-permit", LARGE])
def test_case_takes_at_most_twelve_statements(stage: Stage, key: str) -> None:
    statements = plain(stage.executed(lambda: one_case(stage, key)))
    assert len(statements) <= 12, "\n".join(statements)


@pytest.mark.parametrize("key", ["w1-permit", LARGE])
def test_case_with_idempotency_keys_takes_at_most_sixteen_statements(stage: Stage, key: str) -> None:
    statements = plain(stage.executed(lambda: one_case(stage, key, keyed=True, mark="count-")))
    assert len(statements) <= 16, "\n".join(statements)


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("key", ["w1-permit", LARGE])
def test_case_takes_two_writing_transactions(stage: Stage, key: str, keyed: bool) -> None:
    statements = stage.executed(lambda: one_case(stage, key, keyed=keyed, mark="commit-"))
    assert writing_transactions(statements) == 2


def test_sixty_nodes_cost_as_many_statements_as_seven(stage: Stage) -> None:
    counts = {key: len(plain(stage.executed(lambda: one_case(stage, key)))) for key in ("w1-permit", LARGE)}  # noqa: B023 - called at once
    assert counts[LARGE] == counts["w1-permit"]


def test_counting_sees_every_statement(stage: Stage) -> None:
    statements = stage.executed(lambda: one_case(stage, "w1-permit"))
    text = "\n".join(statements)
    assert [name for name in ("tokens", "cases", "tasks", "events") if f" {name}" not in text] == []
    # The start writes once and the list not at all: they need no transaction around their statements.
    assert sum(statement.startswith("COMMIT") for statement in statements) == 1


def test_list_takes_two_statements_however_many_tasks_there_are(stage: Stage) -> None:
    for _ in range(3):
        stage.send("portal", "POST", "/cases", {"definition": LARGE})
    statements = plain(stage.executed(lambda: stage.send("caseworker", "GET", "/tasks?status=open")))
    assert len(statements) == 2


def test_reading_a_case_takes_five_statements_of_which_one_records_it(stage: Stage) -> None:
    case = stage.send("portal", "POST", "/cases", {"definition": LARGE})
    statements = stage.executed(lambda: stage.send("caseworker", "GET", f"/cases/{case['id']}"))
    assert [("access_log" in statement) for statement in plain(statements)] == [False] * 4 + [True]
    assert writing_transactions(statements) == 1
    assert statements[-1] == plain(statements)[-1]  # it needs no transaction around it


def test_document_takes_eight_statements_however_many_there_are(stage: Stage) -> None:
    case = stage.send("portal", "POST", "/cases", {"definition": LARGE})["id"]
    path = f"/cases/{case}/documents"
    for _ in range(3):
        upload = FileStorage(BytesIO(filed.pdf()), "a.pdf")
        statements = stage.executed(partial(stage.send, "portal", "POST", path, upload))
        assert len(plain(statements)) == 8, "\n".join(statements)
        assert writing_transactions(statements) == 1
    (document, *_) = stage.send("portal", "GET", path)["items"]
    for reading, count in ((path, 3), (f"/documents/{document['id']}", 2)):
        assert len(plain(stage.executed(partial(stage.send, "portal", "GET", reading)))) == count


def test_many_tasks_at_once_take_four_statements_each(stage: Stage) -> None:
    def bulk(count: int) -> list[str]:
        cases = [stage.send("portal", "POST", "/cases", {"definition": LARGE}) for _ in range(count)]
        items = [{"id": case["tasks"][0]["id"]} for case in cases]
        order = {"action": "complete", "items": items}
        return stage.executed(partial(stage.send, "caseworker", "POST", "/tasks/bulk", order))

    few, many = bulk(1), bulk(11)
    assert len(plain(many)) - len(plain(few)) == 10 * 4, "\n".join(plain(many))
    assert len(plain(few)) == 6, "\n".join(plain(few))
    assert writing_transactions(many) == 1


def test_completing_asks_for_opinions_only_where_one_was_asked(stage: Stage) -> None:
    def completed(*, asking: bool) -> list[str]:
        task = stage.send("portal", "POST", "/cases", {"definition": LARGE})["tasks"][0]["id"]
        stage.send("caseworker", "POST", f"/tasks/{task}/claim")
        if asking:
            asked = stage.send("caseworker", "POST", f"/tasks/{task}/opinions", {"question": "q"})["id"]
            stage.send("caseworker", "POST", f"/tasks/{asked}/withdraw")
        return plain(stage.executed(partial(stage.send, "caseworker", "POST", f"/tasks/{task}/complete")))

    assert len(completed(asking=True)) == len(completed(asking=False)) + 1


def test_saving_a_draft_takes_four_statements(stage: Stage) -> None:
    task = stage.send("portal", "POST", "/cases", {"definition": LARGE})["tasks"][0]["id"]
    stage.send("caseworker", "POST", f"/tasks/{task}/claim")
    save = partial(stage.send, "caseworker", "PUT", f"/tasks/{task}/draft", {"data": {"x": 1}})
    assert len(plain(stage.executed(save))) == 4


def test_file_of_a_case_takes_fourteen_statements(stage: Stage) -> None:
    case = stage.send("portal", "POST", "/cases", {"definition": LARGE, "applicant": "1"})["id"]
    statements = plain(stage.executed(partial(stage.send, "caseworker", "GET", f"/cases/{case}/file")))
    assert len(statements) == 14, "\n".join(statements)


def test_looking_for_an_open_case_costs_a_statement_only_with_the_rule(stage: Stage) -> None:
    said = b'[description]\nfa = "x"\nen = "x"\n'
    database = stage.app.extensions[DATABASE]
    factories.deploy(database, factories.one_task("plain"))
    factories.deploy(database, factories.one_task("ruled") | {"service.toml": said})
    counts = {}
    for key in ("plain", "ruled"):
        stage.send("portal", "POST", "/cases", {"definition": key})  # reads the definition
        given = {"definition": key, "applicant": "0012345679"}
        start = partial(stage.send, "portal", "POST", "/cases", given)
        counts[key] = len(plain(stage.executed(start)))
    assert counts["ruled"] == counts["plain"] + 1


def test_a_call_about_a_draft_takes_few_statements(stage: Stage) -> None:
    document = {"type": "string", "format": "document"}
    form = factories.form(name={"type": "string"}, copy=document)
    for key in ("one", "two"):
        factories.deploy(stage.app.extensions[DATABASE], factories.with_start_form(form, key))
        stage.send("portal", "POST", "/cases", {"definition": key})

    def cost(method: str, path: str, body: Any = None) -> int:
        return len(plain(stage.executed(lambda: found.append(stage.send("portal", method, path, body)))))

    found: list[Any] = []
    cost("POST", "/drafts", {"services": ["one", "two"], "data": {}})  # reads the rules for evidence
    stage.send("portal", "DELETE", f"/drafts/{found.pop()['id']}")
    costs = [cost("POST", "/drafts", {"services": ["one", "two"], "data": {"name": "x"}})]
    draft = found[0]["id"]
    costs += [cost("GET", "/drafts"), cost("GET", f"/drafts/{draft}")]
    costs.append(cost("PATCH", f"/drafts/{draft}", {"data": {"name": "y"}}))
    costs.append(cost("DELETE", f"/drafts/{draft}"))
    assert costs == [5, 2, 3, 4, 5], costs
