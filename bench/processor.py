"""The processor time that a server's processes have used, from /proc.

Unlike rates and times, it depends little on what else the machine does.
"""

import os
from pathlib import Path

from bench.load import Target

KINDS = ("web", "sandbox", "PostgreSQL")


def used(target: Target) -> dict[str, float]:
    """Return the seconds since the start of the target's workers, their sandboxes, and the backends of its
    database.
    """
    parents = _parents()
    workers = {process for process, parent in parents.items() if parent == target.master}
    sandboxes = {process for process, parent in parents.items() if parent in workers}
    backends = {process for process in parents if f" {target.database} " in _title(process)}
    return {
        kind: sum(map(_seconds, found))
        for kind, found in zip(KINDS, (workers, sandboxes, backends), strict=True)
    }


def of_tree(process: int) -> float:
    """Return the seconds of a process and all below it, also of those that have ended."""
    parents = _parents()
    tree = {process}
    while below := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= below
    return sum(map(_all_seconds, tree))


def _all_seconds(process: int) -> float:
    fields = _read(Path("/proc", str(process), "stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _parents() -> dict[int, int]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _read(Path("/proc", entry, "stat"))):
            found[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    return found


def _title(process: int) -> str:
    """Return the command line: a backend names its user and database in it."""
    title = _read(Path("/proc", str(process), "cmdline")).replace("\0", " ")
    return title if title.startswith("postgres:") else ""


def _seconds(process: int) -> float:
    """Return the time of all its threads."""
    threads = Path("/proc", str(process), "task").glob("*/schedstat")
    return sum(int((_read(thread) or "0").split()[0]) for thread in threads) / 1e9


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # it has ended
