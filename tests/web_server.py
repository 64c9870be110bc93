"""The web server as it is shipped, under gunicorn."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from engine.platform.config import ROOT
from tests.working import free_port

DEADLINE = 60


class Server:
    """gunicorn with two workers, which answer, and its log."""

    def __init__(self, url: str, folder: Path, log: Path, configuration: str = "gunicorn.conf.py") -> None:
        self.port = free_port()
        self.log = log
        environ = {"DATABASE_URL": url, "PARVANDEH_VAR": str(folder), "PORT": str(self.port)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", configuration, "wsgi:app"],
                cwd=ROOT,
                env=os.environ | environ | {"WEB_WORKERS": "2"},
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + DEADLINE
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> tuple[int, str, bytes]:
        """Status, media type and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def client(self, sent: bytes) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
        made.sendall(sent)
        return made

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
