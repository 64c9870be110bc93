"""Starts the embedded PostgreSQL again when it dies, but not for ever."""

import time

from engine.platform.errors import Unusable
from engine.platform.postgres import Server

ATTEMPTS = 3  # within WINDOW
WINDOW = 60.0  # seconds


class Restarts:
    """Restarts one server. Counts how often it has died of late."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._deaths: list[float] = []

    def restart(self) -> None:
        """Return when it answers again. Raises Unusable if it has died too often within a minute."""
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
