"""A real S3 server (moto's) on loopback, for the duration of a test session."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from engine.platform.config import ROOT
from tests.waiting import until

PROGRAM = ROOT / ".venv/servers/bin/moto_server"
BUCKET = "papers"


@contextmanager
def serving() -> Iterator[Mapping[str, str]]:
    """Yield the environment variables for a bucket on this server. Fails if it is not installed."""
    assert PROGRAM.exists(), f"{PROGRAM} is missing. Run: make .venv/.servers"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(PROGRAM), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: _answers(url))
            assert server.poll() is None
            assert httpx.put(f"{url}/{BUCKET}", trust_env=False).status_code == 200
            yield {
                "AWS_ENDPOINT_URL": url,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            }
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code < 500
    except httpx.TransportError:
        return False
