"""Client of a ClamAV daemon, which scans files for malware, in its own protocol (INSTREAM)."""

import re
import socket
from typing import IO

import structlog

from engine.platform.errors import ScannerUnavailable

CHUNK = 1 << 16
CONNECT = 5  # seconds
ANSWER = 30  # seconds, for each step
LONGEST = 4096

log = structlog.get_logger("scanner")


def scan(address: str, content: IO[bytes]) -> str | None:
    """Return what the daemon at `unix:/path` or `tcp:host:port` finds in a stream; None if nothing.

    Raises ScannerUnavailable without a clear answer: a file that wasn't scanned isn't accepted.
    """
    content.seek(0)
    try:
        with _connected(address) as channel:
            said = _ask(channel, content)
    except OSError as failure:
        log.error("scanner.unavailable", error=type(failure).__name__)
        raise ScannerUnavailable("The virus scanner does not answer. Try again later.") from failure
    if said == "stream: OK":
        return None
    if found := re.fullmatch(r"stream: (.+) FOUND", said):
        return found[1]
    log.error("scanner.unavailable", error=said[:200])
    raise ScannerUnavailable("The virus scanner can't check this file. The log of the server has the reason.")


def _connected(address: str) -> socket.socket:
    kind, _, place = address.partition(":")
    if kind == "unix":
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channel.settimeout(CONNECT)
        try:
            channel.connect(place)
        except OSError:
            channel.close()
            raise
    else:
        host, _, port = place.rpartition(":")
        channel = socket.create_connection((host.strip("[]"), int(port)), CONNECT)
    channel.settimeout(ANSWER)
    return channel


def _ask(channel: socket.socket, content: IO[bytes]) -> str:
    try:
        channel.sendall(b"zINSTREAM\0")
        while chunk := content.read(CHUNK):
            channel.sendall(len(chunk).to_bytes(4) + chunk)
        channel.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it stopped reading, and has said why
    said = b""
    while not said.endswith(b"\0") and len(said) < LONGEST and (more := channel.recv(LONGEST)):
        said += more
    return said.rstrip(b"\0").decode(errors="replace").strip()
