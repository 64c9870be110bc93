"""Pages other than the desk: those of administrators, designers and applicants, with long lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine import cases, definitions
from engine.identity import accounts
from engine.models import Definition, Role
from engine.platform.db import Actor, Database, UnitOfWork

FAILING = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="failing" isExecutable="true"><startEvent id="s"/><scriptTask id="f" name="Fee">
<script>fee = 1 / 0</script></scriptTask><endEvent id="e"/><sequenceFlow id="a" sourceRef="s" targetRef="f"/>
<sequenceFlow id="b" sourceRef="f" targetRef="e"/></process></definitions>"""
PERSON = "0000004091"
OWN_CASES = 60
ROLES: Mapping[str, Role] = {
    "administrator": "administrator",
    "designer": "designer",
    "applicant": "applicant",
}
# The number of each.
MANY = {"open": 5_000, "resolved": 20_000, "jobs": 100_000, "calls": 100_000, "people": 2_000, "units": 400}

# Cases fail at different elements for different reasons; each case has failed before.
_INCIDENTS = """
INSERT INTO incidents (id, case_id, token_id, element, name, code, message, attempts, status, opened_at,
    resolved_at)
SELECT gen_random_uuid(), c.id, gen_random_uuid(), 't', 'Review',
    (ARRAY['script-failed', 'status', 'timeout', 'no-flow'])[1 + c.n %% 4], 'failed', 1,
    CASE WHEN i.n < %(open)s THEN 'open' ELSE 'resolved' END, now() - i.n * interval '1 minute',
    CASE WHEN i.n < %(open)s THEN NULL ELSE now() END
FROM generate_series(0, %(open)s + %(resolved)s - 1) AS i (n)
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS all FROM cases) AS c
    ON c.n = i.n %% c.all
"""
# Most jobs are done, some wait, a hundred have failed for good.
_JOBS = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)
SELECT CASE WHEN n %% 3 = 0 THEN 'calls' ELSE 'cases' END, (ARRAY['wake', 'offer', 'call'])[1 + n %% 3],
    jsonb_build_object('case', gen_random_uuid()),
    (CASE WHEN n %% 1000 = 0 THEN 'failed' WHEN n %% 100 = 1 THEN 'todo' ELSE 'succeeded' END
    )::procrastinate_job_status
FROM generate_series(1, %(jobs)s) n
"""
_CALLS = """
INSERT INTO calls (id, case_id, token_id, element, connector, topic, operation, request, status, attempts,
    due_at, fence, failure, opened_at, closed_at)
SELECT gen_random_uuid(), (SELECT id FROM cases LIMIT 1), gen_random_uuid(), 't', 'registry', NULL, 'ask',
    '{}', CASE WHEN n %% 100 = 0 THEN 'open' WHEN n %% 10 = 0 THEN 'failed' ELSE 'done' END, 1, now(), 0,
    CASE WHEN n %% 10 = 0 THEN 'status' END, now() - n * interval '1 minute',
    CASE WHEN n %% 100 > 0 THEN now() - n * interval '1 minute' END
FROM generate_series(1, %(calls)s) n
"""
_UNITS = """
WITH made AS (
    INSERT INTO units (id, key, name, kind, parent_id, created_at)
    SELECT gen_random_uuid(), 'branch-' || n, 'شعبهٔ ' || n || ' | Branch ' || n, 'unit', parent.id, now()
    FROM generate_series(1, %(units)s) n, units parent WHERE parent.key = 'agency' RETURNING id, parent_id
)
INSERT INTO unit_lines (ancestor_id, unit_id)
SELECT id, id FROM made
UNION ALL SELECT line.ancestor_id, made.id FROM made JOIN unit_lines line ON line.unit_id = made.parent_id
"""
_PEOPLE = """
WITH made AS (
    INSERT INTO users (id, name, role, created_at)
    SELECT gen_random_uuid(), 'person-' || n, 'caseworker', now()
    FROM generate_series(1, %(people)s) n RETURNING id
)
INSERT INTO memberships (id, user_id, unit_id, role, valid_from)
SELECT gen_random_uuid(), made.id, units.id, 'inspector', now() FROM made, units WHERE units.key = 'office-1'
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """A page: its name, who opens it, and its address."""

    name: str
    who: str
    path: str


def fill(database: Database, sql: psycopg.Connection[Any]) -> Sequence[Looked]:
    """Create what the pages list, once there are cases; return the pages."""

    def begin(session: Session, now: datetime) -> tuple[UUID, UUID, UUID]:
        system = UnitOfWork(session, accounts.system(session, now), now)
        definitions.deploy(system, {"p.bpmn": FAILING}, unit="agency")
        session.execute(update(Definition).values(offered_at=now))  # applicants start only such cases
        made = {
            name: accounts.find_or_create(
                session, now, name, role, person=PERSON if role == "applicant" else None
            )
            for name, role in ROLES.items()
        }
        user = made["applicant"]
        applicant = UnitOfWork(session, Actor(user.id, user.name, user.role, acr="high"), now)
        failed = cases.start(applicant, "failing", {})
        own = [cases.start(applicant, "p0", {}).id for _ in range(OWN_CASES)]
        return failed.incidents[0]["id"], own[0], accounts.named(session, "member-0").id

    for statement in (_INCIDENTS, _JOBS, _CALLS, _UNITS, _PEOPLE):
        sql.execute(statement, MANY)
    incident, case, member = database.run(begin)
    sql.execute("VACUUM ANALYZE")
    return [
        *_of_administrator(incident, member),
        Looked("designer: processes", "designer", "/designer"),
        Looked("designer: one process", "designer", "/designer/p0"),
        Looked("applicant: services", "applicant", "/services"),
        Looked("applicant: one's own cases", "applicant", "/my"),
        Looked("applicant: one case", "applicant", f"/my/cases/{case}"),
    ]


def _of_administrator(incident: UUID, member: UUID) -> Sequence[Looked]:
    paths = {
        "overview": "",
        "incidents": "/incidents",
        "incidents of a kind": "/incidents?definition=p0&code=timeout",
        "one incident": f"/incidents/{incident}",
        "jobs": "/jobs",
        "connectors": "/connectors",
        "processes": "/definitions",
        "one process": "/definitions/p0",
        "units": "/units",
        "one unit": "/units/agency",
        "people": "/people",
        "a new person": "/people/new",
        "one person": f"/people/{member}",
        "delegations": "/delegations",
    }
    return [
        Looked(f"administrator: {name}", "administrator", f"/administration{path}")
        for name, path in paths.items()
    ]
