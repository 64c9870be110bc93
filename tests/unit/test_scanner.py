"""A scanner is asked over its own protocol, and only its clear word counts."""

import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from engine.platform import scanner
from engine.platform.errors import ScannerUnavailable
from tests import scanners


@pytest.fixture(params=["tcp", "unix"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[scanners.Scanner]:
    with scanners.listening(tmp_path if request.param == "unix" else None) as listening:
        yield listening


@pytest.mark.parametrize("content", [b"", b"a", b"a" * ((3 << 20) + 1)])
def test_harmless_file_reaches_the_scanner_whole(daemon: scanners.Scanner, content: bytes) -> None:
    stream = BytesIO(content)
    stream.seek(0, 2)
    assert scanner.scan(daemon.address, stream) is None
    assert daemon.scanned == [content]


def test_what_is_found_is_told(daemon: scanners.Scanner) -> None:
    assert scanner.scan(daemon.address, BytesIO(b"a" + scanners.MARK)) == "Win.Test.EICAR_HDB-1"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"stream: ",
        b"UNKNOWN COMMAND",
        b"stream: Can't allocate memory ERROR",
        b"stream: OK ERROR",
        b"x" * 9000,
    ],
)
def test_answer_that_is_not_clear_is_no_acquittal(daemon: scanners.Scanner, reply: bytes) -> None:
    daemon.reply = reply
    with pytest.raises(ScannerUnavailable):
        scanner.scan(daemon.address, BytesIO(b"a"))


def test_file_that_is_too_large_for_the_scanner_is_no_acquittal(daemon: scanners.Scanner) -> None:
    with pytest.raises(ScannerUnavailable):
        scanner.scan(daemon.address, BytesIO(bytes(scanners.LIMIT * 4)))


@pytest.mark.parametrize(
    "address", ["tcp:127.0.0.1:9", "unix:/nowhere/clamd", "tcp:no-such-host.invalid:3310"]
)
def test_scanner_that_is_not_there_is_told(address: str) -> None:
    with pytest.raises(ScannerUnavailable):
        scanner.scan(address, BytesIO(b"a"))


def test_scanner_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "ANSWER", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ScannerUnavailable):
        scanner.scan(f"tcp:127.0.0.1:{silent.getsockname()[1]}", BytesIO(b"a"))
