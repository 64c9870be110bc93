"""What a program that runs an installation may add to it. The product's own `run` adds nothing."""

import subprocess
from collections.abc import Mapping
from contextlib import ExitStack

from engine.platform.db import Database


class Companion:
    """Takes part in a start and, by way of the stack, in the stop. Each method is called once, in this order.

    What a method puts on the stack ends at the stop, after all that was started later.
    """

    def open(self, stack: ExitStack) -> None:
        """The port is free; no file of connectors has been read, and nothing has been started."""

    def populate(self, database: Database, address: str) -> None:
        """The tables are those of this release; the shipped processes have not been deployed."""

    def complete(self, database: Database) -> None:
        """The shipped processes have been deployed."""

    def start(self, stack: ExitStack) -> Mapping[str, "subprocess.Popen[bytes]"]:
        """Return child processes by their names. When one of them dies, everything stops."""
        del stack
        return {}

    def greet(self, address: str, stack: ExitStack) -> None:
        """Everything answers: print where, and how to get in."""
        del stack
        print(answering(address))
        print(
            "To create an account, run: python -m engine token create --name NAME --role ROLE\n", flush=True
        )


def answering(address: str) -> str:
    """The line that says where the installation answers."""
    return f"\nParvandeh answers at {address}  (described in {address}/api/v1/openapi.json; Ctrl-C stops it)"
