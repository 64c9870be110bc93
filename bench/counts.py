"""The database cost of a case, counted at the server: statements in its log, bytes in its files."""

import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import LiteralString, TypeVar

import psycopg

from bench.load import KINDS, Client, Target
from bench.w1 import Stage, conninfo

CASES = 20
KEYS = "idempotency_keys"
T = TypeVar("T")
_ENTRY = re.compile(r"\S+ \S+ \S+ \[(\d+)\] LOG:  (?:statement|execute [^:]+): (.*)", re.DOTALL)
_LINE = re.compile(r"\n(?=\d{4}-)")
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK")
_WRITE = re.compile(r"(?<!FOR )(?<!KEY )\b(INSERT|UPDATE|DELETE)\b")  # FOR UPDATE only locks

_SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid)
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements per case, by kind of request."""

    executed: dict[str, float]
    commits: dict[str, float]
    writing_commits: dict[str, float]
    texts: dict[str, list[str]]  # of the last case

    @property
    def total(self) -> float:
        return sum(self.executed.values())


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes per finished case: {table: (table, indexes)} after VACUUM FULL; `before` it, all but the keys."""

    cases: int
    tables: dict[str, tuple[float, float]]
    before: float

    @property
    def total(self) -> float:
        """The sum without the idempotency keys, which expire."""
        return sum(sum(parts) for name, parts in self.tables.items() if name != KEYS)


def log_everything(stage: Stage) -> None:
    """Make the server log each statement from now on. It can't be measured after this."""
    with open(stage.data / "postgresql.conf", "a") as file:
        file.write("\nlog_statement = 'all'\n")
    stage.server.process.send_signal(signal.SIGHUP)
    while True:
        with psycopg.connect(conninfo(stage.product_url)) as connection:
            found = connection.execute("SHOW log_statement").fetchone()
        if found == ("all",):
            return
        time.sleep(0.05)


def statements(stage: Stage, target: Target) -> Statements:
    """Run cases one by one and read after each request what the server has logged."""
    client = Client(target)
    for _ in range(CASES):  # until every worker has loaded the new setting
        client.run_case()
    found: dict[str, list[list[tuple[int, str]]]] = defaultdict(list)

    def noted(kind: str, request: Callable[[], T]) -> T:
        position = stage.log.stat().st_size
        answer = request()
        found[kind].append(_logged(stage.log, position))
        return answer

    for _ in range(CASES):
        case = noted("start", client.start)
        task = noted("list", partial(client.find_task, case))
        noted("complete", partial(client.complete, task))
    return Statements(
        {kind: mean(len(_plain(entries)) for entries in found[kind]) for kind in KINDS},
        {kind: mean(_commits(entries) for entries in found[kind]) for kind in KINDS},
        {kind: mean(_writing_commits(entries) for entries in found[kind]) for kind in KINDS},
        {kind: [" ".join(text.split()) for _, text in _plain(found[kind][-1])] for kind in KINDS},
    )


def sizes(url: str) -> Sizes:
    """Measure a database that contains only finished cases."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        before = connection.execute(_SIZES).fetchall()
        for name, _, _ in before:
            connection.execute(psycopg.sql.SQL("VACUUM FULL {}").format(psycopg.sql.Identifier(name)))
        after = connection.execute(_SIZES).fetchall()
        cases = _count(connection, "cases WHERE status = 'completed'")
        cases_of = defaultdict(lambda: cases)
        if any(name == KEYS for name, _, _ in after):  # some cases were run with keys: two each
            cases_of[KEYS] = max(1, _count(connection, KEYS) // 2)
    weighed = {name: (table / cases_of[name], indexes / cases_of[name]) for name, table, indexes in after}
    return Sizes(
        cases, weighed, sum(table + indexes for name, table, indexes in before if name != KEYS) / cases
    )


def _count(connection: psycopg.Connection, rows: LiteralString) -> int:
    (count,) = connection.execute("SELECT count(*) FROM " + rows).fetchone() or (0,)
    return int(count)


def _logged(log: Path, position: int) -> list[tuple[int, str]]:
    """Return the statements since a position in the log: (process, text). They precede the response."""
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(position)
        entries = _LINE.split(file.read())
    matches = (_ENTRY.match(entry) for entry in entries)
    return [(int(match[1]), match[2].strip()) for match in matches if match]


def _plain(entries: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [entry for entry in entries if not entry[1].startswith(_FRAME)]


def _commits(entries: list[tuple[int, str]]) -> int:
    return sum(text.startswith("COMMIT") for _, text in entries)


def _writing_commits(entries: list[tuple[int, str]]) -> int:
    """A statement outside of a transaction is a transaction itself."""
    inside: dict[int, bool] = {}  # whether the process's transaction has written
    commits = 0
    for process, text in entries:
        if text.startswith("BEGIN"):
            inside[process] = False
        elif text.startswith(("COMMIT", "ROLLBACK")):
            commits += inside.pop(process, False) and text.startswith("COMMIT")
        elif _WRITE.search(text):
            if process in inside:
                inside[process] = True
            else:
                commits += 1
    return commits
