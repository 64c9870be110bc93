"""The web server as a child process: gunicorn with the settings of `gunicorn.conf.py`."""

import http.client
import os
import signal
import subprocess
import sys
import time

from engine.cli import children
from engine.platform import parent_death
from engine.platform.config import ROOT, Settings
from engine.platform.errors import Unusable
from engine.platform.ports import HOST

PATIENCE = 120  # seconds without any work: on a slow or busy machine a start that works may take minutes
COMMAND = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]


class Web:
    """A running web server. It dies at the latest with the thread that started it."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self._port = settings.port
        parent = os.getpid()
        chosen = {
            **children.environ(settings, database_url),
            "PORT": str(settings.port),
            "WEB_WORKERS": str(settings.web_workers),
        }
        self.process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=os.environ | chosen,
            process_group=0,  # a Ctrl-C in the terminal is for the parent, which stops this process first
            # SIGQUIT: stop immediately, since the database stops at the same time.
            preexec_fn=lambda: parent_death.follow(parent, signal.SIGQUIT),  # noqa: PLW1509 - two system calls
        )

    def await_answer(self) -> None:
        """Return as soon as it responds. Raises Unusable if it ends, or no longer works towards it."""
        spent, deadline = 0, time.monotonic() + PATIENCE
        while not _answers(self._port):
            if self.process.poll() is not None:
                raise Unusable("The web server ended before it answered. See the reason above.")
            if (now_spent := children.processor_time(self.process.pid)) > spent:
                spent, deadline = now_spent, time.monotonic() + PATIENCE
            if time.monotonic() > deadline:
                raise Unusable(f"The web server did not answer, and did nothing for {PATIENCE} seconds.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it after it has finished the current requests."""
        children.end(self.process, 40)  # its own time limit for a request is 30 seconds


def require_built() -> None:
    """Raises Unusable if the assets for browsers are missing: a server without them would not start."""
    if not (ROOT / "web" / "static" / "manifest.json").exists():
        raise Unusable("The assets for browsers have not been built. Run: make assets")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
