"""Check that the port of the web server is free.

Standard library only: `make run` checks before it installs anything. `python -m engine.platform.ports` exits
with 1 if the port in PORT is in use.
"""

import os
import socket
import sys
import time

from engine.platform.errors import Unusable

HOST = "127.0.0.1"
DEFAULT = 8000
PATIENCE = 3  # seconds: the workers of a killed predecessor need a moment to exit


def require_free(port: int, *, patience: float = PATIENCE) -> None:
    """Raises Unusable if another program listens there."""
    deadline = time.monotonic() + patience
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise Unusable(
                f"Port {port} is in use by another program. Stop it, or choose another port: "
                f"make run PORT={port + 2 if port < 65534 else port - 2}"
            )
        time.sleep(0.05)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


if __name__ == "__main__":
    text = os.environ.get("PORT") or str(DEFAULT)
    if text.isdecimal() and 0 < int(text) < 65536:  # else the settings report it, once they can be read
        try:
            require_free(int(text), patience=0)
        except Unusable as fault:
            sys.exit(str(fault))
