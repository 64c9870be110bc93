"""The documents are complete: whatever has a name is described in them; links have a target."""

import ast
import dataclasses
import re
import tomllib
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest

from api import problems
from demo import __main__ as demo
from demo.settings import DemoSettings
from engine.bpmn.diff import CODES
from engine.cli import COMMANDS
from engine.events import Kind, log
from engine.models import Openable
from engine.oversight import access_log
from engine.platform.config import Settings
from tests.rules.sources import PRODUCT, ROOT, calls, markdown, nodes, python, rows, strings, text, where
from web.application import create
from web.home import ROLES

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) <= 120


def test_every_setting_is_documented() -> None:
    table = text("docs/operations.md").split("## Settings", 1)[1].split("\n## ", 1)[0]
    documented = dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| `([a-z_]+)` \|", table))
    settings = {field.name for read in (Settings, DemoSettings) for field in dataclasses.fields(read)}
    assert set(documented.values()) == settings - {"installation"}
    assert set(documented) <= _variables()
    assert not [name for name in _variables() if f"`{name}`" not in table]


def _variables() -> set[str]:
    """Return the environment variables that the product and its demonstration read or set, by name."""
    found = set()
    reading = ("engine/platform/config.py", "demo/settings.py", "migrations/env.py", "gunicorn.conf.py")
    for path in python(*reading, "engine/cli"):
        for node in nodes(path):
            if isinstance(node, ast.Call | ast.Subscript) and "environ" in ast.unparse(node):
                found |= set(re.findall(r"'([A-Z][A-Z_]+)'", ast.unparse(node)))
    return found


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    assert rows(text("docs/events.md"), "Kinds") == set(get_args(Kind))


def test_every_field_of_the_chain_is_documented() -> None:
    chained = re.search(r"exactly these twelve members, (.*?)\. UUIDs", text("docs/events.md"), re.DOTALL)
    assert chained
    members = {column.key for column in log._CHAINED}
    assert set(re.findall(r"`(\w+)`", chained[1])) == {*members, "facts"}


def test_every_field_of_the_access_logs_chain_is_documented() -> None:
    chained = re.search(r"exactly these ten members:(.*?)\. The last", text("docs/access-log.md"), re.DOTALL)
    assert chained
    assert set(re.findall(r"`(\w+)`", chained[1])) == {column.key for column in access_log.CHAINED}


def test_everything_that_is_recorded_is_documented_and_no_other() -> None:
    assert rows(text("docs/access-log.md"), "What is recorded") == set(get_args(Openable))


def test_cards_of_the_first_page_and_commands_of_the_readme_use_the_same_accounts() -> None:
    used = set(re.findall(r"\$\(as ([\w-]+)\)", text("README.md")))
    assert used - {"portal"} == {dict(ROLES)["caseworker"]}


def test_every_type_of_problem_is_documented_and_no_other() -> None:
    refusals = {name for _, name in problems._KINDS.values()}
    written = strings(calls(python("api"), "problem"), 1)
    documented = rows(text("docs/api.md"), "Errors")
    assert documented == {problems.TYPE + name for name in refusals | written | set(problems._NAMES.values())}


def test_catalogue_has_every_type_of_problem_with_its_status_and_titles() -> None:
    titles = tomllib.loads(text("engine/platform/messages/problems.toml"))
    row = rf"(?m)^\| `{problems.TYPE}(\S+)` \| ([\d, ]+) \|(.*)$"
    documented = {name: status for name, status, _ in re.findall(row, text("docs/api.md"))}
    catalogue = re.findall(row, text("docs/problems.md"))
    assert {name: status for name, status, _ in catalogue} == documented
    for name, _, rest in catalogue:
        title, *fix = (cell.strip() for cell in rest.strip(" |").split(" | "))
        assert title == "{en}; {fa}".format(**titles[name]["title"])
        assert all(fix), name
        assert len(fix) == 2, name
    for status, types in problems.types().items():
        assert all(str(int(status)) in documented[name] for name in types), status


def test_every_code_of_a_fault_is_documented() -> None:
    written = strings(
        calls(
            python(
                *(
                    "api",
                    "engine/definitions/forms.py",
                    "engine/events/webhooks",
                    "engine/documents",
                    "engine/tasks/delegations.py",
                ),
                *(f"engine/organisation/{name}.py" for name in ("units", "people")),
            ),
            "Fault",
        ),
        2,
    )
    written |= strings(calls(python("engine/platform/egress_guard.py"), "Refused"), 0)
    written |= strings(calls(python("engine/platform/media", "engine/documents"), "Unfit"), 0)
    assert written
    assert written <= rows(text("docs/api.md"), "Codes in `errors`")


def test_every_code_of_an_incident_is_documented_and_no_other() -> None:
    written = strings(calls(python("engine/bpmn"), "Failed"), 0)
    assert rows(text("docs/api.md"), "Incident codes") == written


def test_every_code_of_a_difference_is_documented_and_no_other() -> None:
    assert rows(text("docs/api.md"), "Codes of differences") == set(CODES)


def test_every_endpoint_is_documented_and_no_other() -> None:
    app = create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nowhere/none"}))
    served = {
        f"{method} {_documented(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.endpoint.startswith("reference.")
    }
    assert rows(text("docs/api.md"), "Endpoints") == served


def _documented(rule: str) -> str:
    path = rule.removeprefix("/api/v1")
    return re.sub(
        r"<(?:(?:uuid|int):\w+_(id)|(?:\w+:)?(\w+))>", lambda part: "{" + (part[1] or part[2]) + "}", path
    )


def test_every_command_is_documented() -> None:
    document = text("docs/operations.md")
    assert {row.split()[0] for row in rows(document, "Commands")} == set(COMMANDS)
    assert {row.split()[0] for row in rows(document, "Commands of the demonstration")} == set(demo.COMMANDS)


def test_commands_in_documents_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", text("Makefile")))
    for path in markdown():
        content = path.read_text(encoding="utf-8")
        code = "\n".join(re.findall(r"`+[^`]+`+", content))
        assert set(re.findall(r"\bmake ([a-z]+)", code)) <= targets, where(path)
        assert set(re.findall(r"python -m engine ([a-z]+)", code)) <= set(COMMANDS), where(path)
        assert set(re.findall(r"python -m demo ([a-z]+)", code)) <= set(demo.COMMANDS), where(path)


@pytest.mark.parametrize("path", markdown(), ids=where)
def test_links_lead_somewhere(path: Path) -> None:
    content = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for link in LINK.findall(content):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert not lost


def _anchors(path: Path) -> set[str]:
    """Return the headings of a document as anchors of GitHub and GitLab."""
    headings = re.findall(r"(?m)^#{1,6} (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_decisions_are_numbered_and_complete() -> None:
    paths = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [path.name[:4] for path in paths] == [f"{number:04}" for number in range(1, len(paths) + 1)]
    for path in paths:
        content = path.read_text(encoding="utf-8")
        assert content.startswith(f"# {path.name[:4]} "), where(path)
        assert "**Status:**" in content, where(path)
        assert "## Consequences" in content, where(path)


def test_the_index_has_every_decision_with_a_sentence() -> None:
    index = text("docs/README.md").split("\n## Decisions\n", 1)[1]
    listed = re.findall(r"(?m)^\| \[(\d{4})\]\(decisions/(\1-[\w-]+\.md)\) \| ([A-Z].+\.) \|", index)
    assert [name for _, name, _ in listed] == sorted(path.name for path in ROOT.glob("docs/decisions/*.md"))


def test_the_map_has_every_document() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall(text("docs/README.md"))}
    assert {path.name for path in ROOT.glob("docs/*.md")} - linked == {"README.md"}


def test_error_codes_live_where_the_documents_look_for_them() -> None:
    """A `Failed` or `Fault` with a computed code could not be found by the tests above."""
    computed = [
        call for call in calls(python(*PRODUCT), "Failed") if not isinstance(call.args[0], ast.Constant)
    ]
    assert not computed


def test_areas_of_the_pages_are_in_the_description_of_the_architecture() -> None:
    described = text("docs/architecture.md").partition("Each audience has an area")[2].partition("\n## ")[0]
    own = [
        path for path in python("web") if path.name in ("__init__.py", "area.py") or path.parent.name == "web"
    ]
    found = {prefix for path in own for prefix in re.findall(r'url_prefix="(/[a-z]+)"', path.read_text())}
    assert len(found) > 5
    assert found <= set(re.findall(r"`(/[a-z]+)`", described))
