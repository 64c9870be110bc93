"""The catalogue over HTTP: `python -m bench.catalogue` fills one with 2,000 services and searches it."""

import http.client
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from bench.place import place
from bench.w1 import free_port, served
from engine import definitions
from engine.design import publishing
from engine.platform.db import UnitOfWork

SERVICES = 2_000
REQUESTS = 200
QUERIES = (
    "",
    "q=پروانه",
    "q=پارك ۱۲",
    "q=permit 7",
    "q=nothing here",
    "audience=individual&q=کارت",
    "limit=200",
)
_DIAGRAM = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="first" isExecutable="true"><startEvent id="s"/><userTask id="t" name="Review"/><endEvent id="e"/>
<sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t" targetRef="e"/>
</process></definitions>"""
_SERVICE = """
name = { fa = "پروانهٔ نخست", en = "First permit" }
audience = ["individual"]
life_events = ["moving", "housing"]
[description]
fa = "برای این پروانه درخواست دهید. آنچه مراجع می‌دانند از خودشان گرفته می‌شود و مراجعهٔ حضوری لازم نیست."
en = "Apply for this permit. What registries know is requested from them, and you don't have to come in."
[[evidence]]
id = "deed"
name = { fa = "سند", en = "Deed" }
[[output]]
id = "permit"
name = { fa = "پروانه", en = "Permit" }
"""
# Copies of the first service under other names; half of them are about parking cards.
_COPIES = """
WITH made AS (
    INSERT INTO definitions (key, unit_id, offered_at)
    SELECT 'service-' || n, unit_id, now() FROM definitions, generate_series(2, %(count)s) n
    WHERE key = 'first' RETURNING key
), versions AS (
    INSERT INTO definition_versions (id, key, number, name, file, deployment_id, digest, status, published_at)
    SELECT gen_random_uuid(), made.key, 1, name, file, deployment_id, digest, status, published_at
    FROM definition_versions, made WHERE definition_versions.key = 'first' RETURNING id, key
)
INSERT INTO catalogue_entries (version_id, startable, parts, steps, audience, channels, life_events, title,
    search, facts)
SELECT id, startable, parts, steps, audience, channels, life_events, words, words || ' ' || search,
    jsonb_set(facts, '{name}', jsonb_build_object('fa', words, 'en', words))
FROM catalogue_entries, (
    SELECT id, CASE WHEN right(key, 1) < '5' THEN 'کارت پارک ' ELSE 'پروانه ' END || right(key, 2) AS words
    FROM versions
) named
"""
_CURRENT = """
UPDATE definitions SET current_version_id = id FROM definition_versions
WHERE definition_versions.key = definitions.key AND current_version_id IS NULL
"""


def main(_: Sequence[str]) -> int:
    """Print the milliseconds of each search: median, p95."""
    with place() as at:
        at.do(_deploy)
        at.sql.execute(_COPIES, {"count": SERVICES})
        at.sql.execute(_CURRENT)
        at.sql.execute("ANALYZE")
        port = free_port()
        arguments = ("-c", "gunicorn.conf.py", "wsgi:app")
        environ = {"DATABASE_URL": at.url, "PORT": str(port), "PARVANDEH_VAR": str(at.folder)}
        with served(port, arguments, environ, Path(at.folder) / "log"):
            for query in (*(f"services?{quote(one, safe='=&')}" for one in QUERIES), "services.jsonld"):
                took, count = _measure(port, f"/api/v1/{query}")
                p95 = quantiles(took, n=20)[-1]
                print(f"{query}: {count} found, median {median(took):.1f} ms, p95 {p95:.1f} ms")
    return 0


def _deploy(uow: UnitOfWork) -> None:
    definitions.deploy(uow, {"p.bpmn": _DIAGRAM.encode(), "service.toml": _SERVICE.encode()})
    publishing.offer(uow, "first")


def _measure(port: int, path: str) -> tuple[list[float], int]:
    took, count = [], 0
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - began) * 1000)
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        found = json.loads(body)
        count = found["count"] if "count" in found else len(found["@graph"])
    return took, count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
