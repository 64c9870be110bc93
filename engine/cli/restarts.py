"""Restarts the embedded PostgreSQL when it dies, up to a limit."""

import time

from engine.platform.errors import Unusable
from engine.platform.postgres import Server

ATTEMPTS = 3  # within WINDOW
WINDOW = 60.0  # seconds


class Restarts:
    """Restarts one server, and counts how often it has died recently."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._deaths: list[float] = []

    def restart(self) -> None:
        """Return when it responds again. Raises Unusable if it has died too often within a minute."""
        failure = f"PostgreSQL died (exit code {self._server.process.returncode})."
        while True:
            now = time.monotonic()
            self._deaths = [*(at for at in self._deaths if now - at < WINDOW), now]
            if len(self._deaths) > ATTEMPTS:
                raise Unusable(
                    f"{failure}\nIt was started {ATTEMPTS} times within a minute, so everything was stopped. "
                    f"The reason is in {self._server.log}."
                )
            print(f"{failure} Starting it again.", flush=True)
            time.sleep(len(self._deaths) - 1)
            try:
                self._server.restart()
            except Unusable as failed:
                failure = str(failed)
            else:
                print("PostgreSQL answers again.", flush=True)
                return
