"""Run everything, with the additions of a demonstration: people to log in as, the mock hub, waiting cases."""

import argparse
import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack

from demo import accounts, connectors, hub, welcome
from demo.history import earlier, reports
from demo.history import seeding as history
from demo.hub import signing
from demo.seeds import Seeding
from demo.settings import DemoSettings
from engine.cli import run as product
from engine.cli.companion import Companion
from engine.platform.db import Database


def run(arguments: argparse.Namespace, settings: DemoSettings) -> int:
    """Serve until a signal; return 1 if something died or could not start."""
    return product.serve(arguments, settings.installation, Demonstration(settings))


class Demonstration(Companion):
    """Creates people only on the embedded server; starts the hub if there is a port for it."""

    def __init__(self, settings: DemoSettings) -> None:
        self._settings = settings
        self._installation = settings.installation
        self._listening: socket.socket | None = None
        self._fresh = False

    def open(self, stack: ExitStack) -> None:
        """Listen for the hub before slow work begins: the connectors need its address."""
        port, file = self._settings.hub_port, self._installation.demo_connectors
        if port is not None and file is not None:
            self._listening = stack.enter_context(hub.listen(port, elsewhere=self._installation.embedded))
            connectors.write(file, self._listening.getsockname()[1])
            if self._installation.oidc is None:
                address = f"http://{hub.HOST}:{self._listening.getsockname()[1]}"
                signing.describe(self._installation.var / "oidc.toml", address)

    def populate(self, database: Database, address: str) -> None:
        """Create people if nobody has an account yet, and the process that their past began with."""
        if self._installation.embedded:
            self._fresh = accounts.prepare(database, self._installation, address)
        if self._fresh and self._settings.demo_cases:
            earlier.deploy_earlier(database, self._installation)

    def complete(self, database: Database) -> None:
        """Delegate steps of the shipped processes, and write their cases of the past."""
        if self._fresh:
            accounts.delegate(database, self._installation)
            if self._settings.demo_cases:
                history.seed(database)
                reports.write(database)

    def start(self, stack: ExitStack) -> Mapping[str, "subprocess.Popen[bytes]"]:
        """Start the hub."""
        if self._listening is None:
            return {}
        played = hub.Hub(self._listening)
        stack.callback(played.stop)
        return {"The mock hub": played.process}

    def greet(self, address: str, stack: ExitStack) -> None:
        """Print who can log in, and create cases for these people in the background."""
        people = accounts.read(self._installation) if self._installation.embedded else []
        if not people:
            super().greet(address, stack)
            return
        welcome.greet(address, people, self._installation.demo_accounts)
        if self._settings.demo_cases:
            seeding = Seeding(self._installation, address)
            stack.callback(seeding.stop)
            seeding.start()
