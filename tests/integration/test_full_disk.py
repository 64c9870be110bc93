"""The web server on a data folder without room, on file systems that were made for the test."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import waiting
from tests.web_server import Server

SIZE = 4 << 20  # bytes of the file system


@pytest.fixture(params=["tmpfs", "ext4"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a small file system of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    if request.param == "tmpfs":
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs"]
    else:
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(SIZE)
        if (
            not (make := shutil.which("mkfs.ext4"))
            or subprocess.run([make, "-q", image], check=False).returncode
        ):
            pytest.skip("mkfs.ext4 is missing")
        mount = ["mount", "-o", "loop", str(image)]
    if os.geteuid() or subprocess.run([*mount, folder], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def web(small: Path, database_url: str, tmp_path: Path) -> Iterator[Server]:
    started = Server(database_url, small / "var", tmp_path / "log")
    yield started
    started.stop()


def fill(folder: Path) -> Path:
    """Leave no room at all, and return what takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filler


def replace_workers(web: Server) -> None:
    """Kill the workers. Their successors have no files of counters yet."""
    children = Path(f"/proc/{web.process.pid}/task/{web.process.pid}/children")
    for worker in children.read_text().split():
        os.kill(int(worker), signal.SIGKILL)


def test_full_data_folder_ends_no_worker_and_counting_goes_on_after_it(small: Path, web: Server) -> None:
    counted = b'route="/login"'
    filler = fill(small)
    replace_workers(web)
    waiting.until(web.answers)
    assert [web.get("/login")[0] for _ in range(20)] == [200] * 20
    assert counted not in web.get("/metrics")[2]
    filler.unlink()
    waiting.until(lambda: web.get("/login")[0] == 200 and counted in web.get("/metrics")[2])
    assert "SIGBUS" not in web.log.read_text()


def test_metrics_answer_without_their_folder(small: Path, web: Server) -> None:
    shutil.rmtree(small / "var" / "metrics")
    assert web.get("/login")[0] == 200
    assert web.get("/metrics")[0] == 200
