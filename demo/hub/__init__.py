"""The mock hub as a command, and as a child process of `run`. It simulates other systems."""

import argparse
import os
import signal
import socket
import subprocess
import sys

from demo.hub import server
from demo.settings import DemoSettings
from engine.platform import parent_death
from engine.platform.config import ROOT
from engine.platform.errors import Unusable

HOST = "127.0.0.1"


def run(arguments: argparse.Namespace, settings: DemoSettings) -> int:
    """Serve until a signal."""
    if arguments.with_parent is not None:
        parent_death.follow(arguments.with_parent, signal.SIGKILL)
    if arguments.socket is not None:
        listening = socket.socket(fileno=arguments.socket)
    else:
        listening = listen(_port(arguments, settings))
        print(f"The mock hub answers at http://{HOST}:{listening.getsockname()[1]}", flush=True)
    with server.Hub(listening, settings.installation.var) as hub:
        hub.serve_forever()
    return 0


def _port(arguments: argparse.Namespace, settings: DemoSettings) -> int:
    port: int | None = arguments.port or settings.hub_port
    if port is None:
        raise Unusable("Specify the port of the mock hub: --port PORT")
    return port


class Hub:
    """A running mock hub. It dies at the latest with the thread that started it."""

    def __init__(self, listening: socket.socket) -> None:
        # The socket listens before the process runs: early callers only wait a little.
        with listening:
            descriptor = str(listening.fileno())
            command = [sys.executable, "-m", "demo", "hub", "--socket", descriptor]
            self.process = subprocess.Popen(
                [*command, "--with-parent", str(os.getpid())],
                cwd=ROOT,
                pass_fds=[listening.fileno()],
                process_group=0,  # a Ctrl-C in the terminal is for the parent
            )

    def stop(self) -> None:
        """Kill it: it has no work that is worth waiting for."""
        self.process.kill()
        self.process.wait()


def listen(port: int, *, elsewhere: bool = False) -> socket.socket:
    """Return a socket on the port; if that is in use and `elsewhere` is set, on another one, with a note."""
    try:
        return socket.create_server((HOST, port), backlog=64)
    except (OSError, OverflowError) as cause:
        if elsewhere:
            found = socket.create_server((HOST, 0), backlog=64)
            instead = found.getsockname()[1]
            print(
                f"Port {port} is in use: the mock hub uses port {instead} until the next start.", flush=True
            )
            return found
        raise Unusable(f"The mock hub cannot use port {port}. Choose another one: HUB_PORT=PORT") from cause
