"""What asks a connector that the installation does not have is not published, and may be a draft."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import definitions
from engine.cli.deploy import deploy
from engine.design import drafts, publishing
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Rejected
from tests import bpmn, factories

HAS = {"registry": {"find"}}
ASKS = factories.files(bpmn.line(bpmn.node("serviceTask", "ask", parvandeh__connector="registri")))


def test_deployment_that_publishes_is_refused(database: Database) -> None:
    who = factories.an_actor(database, "designer")
    with pytest.raises(Rejected) as refused:
        factories.as_actor(database, who, lambda uow: definitions.deploy(uow, ASKS, operations=HAS))
    (found,) = [finding for finding in refused.value.findings if finding.severity == "error"]
    assert (found.code, found.element) == ("unknown-connector", "ask")


def test_draft_warns_and_is_not_published_before_the_connector_is_there(database: Database) -> None:
    author, other = (factories.an_actor(database, "designer", name) for name in ("author", "other"))
    done = factories.as_actor(
        database,
        author,
        lambda uow: definitions.deploy(uow, ASKS, publishing="four-eyes", operations=HAS),
    )
    assert ("warning", "unknown-connector") in [(item.severity, item.code) for item in done.report.findings]
    with pytest.raises(Rejected) as refused:
        factories.as_actor(
            database,
            other,
            lambda uow: publishing.publish(uow, "p", 1, publishing="four-eyes", operations=HAS),
        )
    assert "unknown-connector" in [finding.code for finding in refused.value.findings]
    there = {**HAS, "registri": {"find"}}
    factories.as_actor(
        database,
        other,
        lambda uow: publishing.publish(uow, "p", 1, publishing="four-eyes", operations=there),
    )


def test_check_of_a_draft_warns(database: Database) -> None:
    who = factories.an_actor(database, "designer")

    def do(command: Callable[[UnitOfWork], Any]) -> Any:
        return factories.as_actor(database, who, command)

    draft_id = do(lambda uow: drafts.create(uow, "Asks", ASKS, unit="root"))
    do(lambda uow: drafts.ask(uow, draft_id))
    drafts.judge(do(lambda uow: drafts.take(uow, draft_id)), do, HAS)
    check = do(lambda uow: drafts.get(uow, draft_id)).draft.check
    found = [(finding["severity"], finding["code"]) for finding in check.report["findings"]]
    assert ("warning", "unknown-connector") in found


def test_folder_that_is_refused_stops_no_other(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owners: dict[Path, str | None] = {}
    for name, content in (("asks", ASKS["p.bpmn"]), ("idle", bpmn.line("task a").replace(b'"p"', b'"idle"'))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "p.bpmn").write_bytes(content)
        owners[tmp_path / name] = None
    assert not deploy(database, owners, "direct", operations=HAS)
    told = capsys.readouterr()
    assert "idle version 1" in told.out
    assert "unknown-connector" in told.err
    assert '"registri"' in told.err
