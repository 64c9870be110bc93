"""The version of the building permit before the shipped one.

Its owner had to come three times, and an official of the desk registered the permit.
"""

import re
from collections.abc import Mapping

from demo.history.shipped import PERMIT
from engine import definitions
from engine.cli import deploy, folders
from engine.design import publishing
from engine.identity import accounts
from engine.platform.config import ROOT, Settings
from engine.platform.db import Database, UnitOfWork

AGENCY = "municipality"
FOLDER = ROOT / "processes" / AGENCY / PERMIT
# What it calls, or names for appeals.
PARTS = (("municipality", "plan-review"), ("treasury", "collect-fee"), ("guild", "objection"))
VISITS = ("inspect_site", "approve_decision")  # besides that of the shipped version
BY_HAND = "issue_permit"  # a system does it in the shipped version
LAW = 'parvandeh:legalBasis="قانون شهرداری، مادهٔ ۱۰۰ | Municipalities Act, Article 100"'


def deploy_earlier(database: Database, settings: Settings) -> None:
    """Deploy it, before the shipped one. Not where others have to approve what is published."""
    if settings.publishing != "direct":
        return
    owners = {ROOT / "processes" / agency / key: agency for agency, key in PARTS}
    deploy.deploy(database, owners, settings.publishing)
    content = files()

    def command(uow: UnitOfWork) -> None:
        definitions.deploy(uow, content, publishing="direct", unit=AGENCY)
        publishing.offer(uow, PERMIT)

    database.run(lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now)))


def files() -> Mapping[str, bytes]:
    """Return its files. Its scenarios are those of the shipped version."""
    found = {name: content for name, content in folders.read([FOLDER]).items() if not name.endswith(".yaml")}
    diagram = found["process.bpmn"].decode()
    for element in VISITS:
        task = rf'(<bpmn:userTask id="{element}" name="[^"]*" )'
        present = rf'{task}parvandeh:presence="none" parvandeh:channel="[a-z_]*"'
        required = rf'\1parvandeh:presence="required" parvandeh:channel="in_person" {LAW}'
        diagram, changed = re.subn(present, required, diagram)
        if changed != 1:
            raise ValueError(f"The step {element} of {FOLDER} isn't as expected.")
    return {**found, "process.bpmn": _by_hand(diagram).encode()}


def _by_hand(diagram: str) -> str:
    """Return the diagram with a step of the desk where the shipped version calls a system."""
    lane = f"        <bpmn:flowNodeRef>{BY_HAND}</bpmn:flowNodeRef>\n"
    desk = "        <bpmn:flowNodeRef>draft_decision</bpmn:flowNodeRef>\n"
    call = rf'<bpmn:serviceTask id="{BY_HAND}" (name="[^"]*")[^>]*>.*?(<bpmn:incoming>.*?)</bpmn:serviceTask>'
    how = 'parvandeh:presence="none" parvandeh:channel="online"'
    task = rf'<bpmn:userTask id="{BY_HAND}" \1 {how}>\2</bpmn:userTask>'
    changed, count = re.subn(call, task, diagram, flags=re.DOTALL)
    if (count, diagram.count(lane), diagram.count(desk)) != (1, 1, 1):
        raise ValueError(f"The step {BY_HAND} of {FOLDER} isn't as expected.")
    return changed.replace(lane, "").replace(desk, desk + lane)
