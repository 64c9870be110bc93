"""Worker processes for tests, started on a test's database and stopped with it; free ports."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.platform.config import ROOT


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Worker:
    """A process of `python -m engine worker`."""

    def __init__(self, url: str, folder: Path, *arguments: str, **environ: str) -> None:
        self.log = folder / "worker.log"
        base = {"DATABASE_URL": url, "PARVANDEH_VAR": str(folder), "WEBHOOK_ALLOW": "127.0.0.0/8"}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", "worker", *arguments],
                cwd=ROOT,
                env=os.environ | base | environ,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def children(self) -> list[int]:
        """Return the processes that it has started."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """kill -9, with all its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(url: str, folder: Path, *arguments: str, **environ: str) -> Iterator[Worker]:
    """Run a worker until the block ends."""
    worker = Worker(url, folder, *arguments, **environ)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.kill()
