"""What a program that runs an installation can add to it. The product's own `run` adds nothing."""

import subprocess
from collections.abc import Mapping
from contextlib import ExitStack

from engine.platform.db import Database


class Companion:
    """Hooks into the start and, by the exit stack, into the stop. Each method is called once, in this order.

    What a method puts on the stack is closed at the stop, after everything that was started later.
    """

    def open(self, stack: ExitStack) -> None:
        """Called when the port is free; no connectors file has been read, and nothing has been started."""

    def populate(self, database: Database, address: str) -> None:
        """Called when the tables are those of this release; the shipped processes aren't deployed yet."""

    def complete(self, database: Database) -> None:
        """Called when the shipped processes have been deployed."""

    def start(self, stack: ExitStack) -> Mapping[str, "subprocess.Popen[bytes]"]:
        """Return child processes by their names. When one of them dies, everything stops."""
        del stack
        return {}

    def greet(self, address: str, stack: ExitStack) -> None:
        """Called when everything responds: print where, and how to log in."""
        del stack
        print(answering(address))
        print(
            "To create an account, run: python -m engine token create --name NAME --role ROLE\n", flush=True
        )


def answering(address: str) -> str:
    """Return the line with the address of the installation."""
    return f"\nParvandeh answers at {address}  (described in {address}/api/v1/openapi.json; Ctrl-C stops it)"
