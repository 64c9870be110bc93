"""Slow clients in their own process: `python -m bench.slow PORT COUNT` runs them until it is killed.

A fifth each: silent, half a header, half a body, a header and a body of one byte a second.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.platform import parent_death
from engine.platform.config import ROOT

HOST = "127.0.0.1"
HEADER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nname="
# What is sent initially, and each second.
KINDS = ((b"", b""), (HEADER, b""), (BODY, b""), (HEADER + b"X: ", b"x"), (BODY, b"x"))


@contextmanager
def clients(port: int, count: int) -> Iterator[None]:
    """Run so many slow clients until the end of the block; none remains afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.slow", str(port), str(count)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # all are connected
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main(port: int, count: int) -> None:
    """Reconnect whatever the server closes."""
    ready = selectors.DefaultSelector()
    for number in range(count):
        _connect(ready, port, number)
    print("connected", flush=True)
    again = time.monotonic()
    while True:
        for key, _ in ready.select(0.1):
            try:
                closed = not key.fileobj.recv(65536)
            except OSError:
                closed = True
            if closed:
                ready.unregister(key.fileobj)
                key.fileobj.close()
                _connect(ready, port, key.data)
        if time.monotonic() - again > 1:
            again = time.monotonic()
            for key in list(ready.get_map().values()):
                _drip(key)


def _connect(ready: selectors.BaseSelector, port: int, number: int) -> None:
    made = socket.create_connection((HOST, port), timeout=60)
    made.sendall(KINDS[number % len(KINDS)][0])
    ready.register(made, selectors.EVENT_READ, number)


def _drip(key: selectors.SelectorKey) -> None:
    drop = KINDS[key.data % len(KINDS)][1]
    if drop:
        with suppress(OSError):  # it was closed, and is reconnected in the next round
            key.fileobj.sendall(drop)


if __name__ == "__main__":
    parent_death.follow(os.getppid(), signal.SIGKILL)
    main(int(sys.argv[1]), int(sys.argv[2]))
