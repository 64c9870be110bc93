"""The child process that typesets one document, and its limits. It ends with its parent.

typst never runs in the current process: a huge table takes hundreds of megabytes, and a layout that doesn't
end can't be interrupted.
"""

import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil
from pathlib import Path

import structlog

from engine.platform.config import ROOT
from engine.platform.errors import Busy, NotInstalled, TypesettingFailed
from engine.platform.typesetting import layout
from engine.platform.typesetting.model import Document

FONTS = ROOT / "web" / "static" / "fonts"  # built by `web.build`, like what browsers load
TEMPLATE = Path(__file__).with_name("template.typ")
PROGRAM = Path(__file__).with_name("child.py")
MEMORY = 400 << 20  # bytes of addresses

SLOTS = 2  # children of a machine at once
PATIENCE = 5.0  # seconds to wait for one
LOCKS = Path(tempfile.gettempdir())

log = structlog.get_logger("typesetting")


def typeset(document: Document, *, timeout: float) -> bytes:
    """Return the document as a PDF, made within so many seconds.

    Raises NotInstalled, Busy if others are being made all the time, TypesettingFailed, and PdfTooLarge.
    """
    if find_spec("typst") is None:
        raise NotInstalled("PDF files need the package typst. Run: pip install -r requirements.txt")
    content = layout.content(document, _font())
    with _slot():
        return _run(content, timeout)


@contextmanager
def _slot() -> Iterator[None]:
    """Hold one of the machine's slots, which the kernel gives back however this process ends.

    Raises Busy if none becomes free.
    """
    until = time.monotonic() + PATIENCE
    while (held := _taken()) is None:
        if time.monotonic() > until:
            raise Busy(f"{SLOTS} PDF files are being made already. Try again in a few seconds.")
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(held)


def _taken() -> int | None:
    """Return the file of a slot that was free, locked; None if there is none."""
    for number in range(SLOTS):
        path = LOCKS / f"parvandeh-{os.getuid()}-pdf-{number}.lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            return file
    return None


def _run(content: bytes, timeout: float) -> bytes:
    with subprocess.Popen(
        # Without the variables of this process, which may contain secrets.
        [
            sys.executable,
            "-s",
            "-P",
            PROGRAM,
            str(os.getpid()),
            str(MEMORY),
            str(ceil(timeout)),
            TEMPLATE,
            FONTS,
        ],
        env={"PYTHONPATH": str(ROOT), "RAYON_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            made, said = child.communicate(content, timeout)
        except subprocess.TimeoutExpired:
            raise _failed("timeout", f"The PDF wasn't ready within {timeout:g} seconds.") from None
        finally:
            child.kill()
    if child.returncode == 0:
        return made
    raise _refusal(child.returncode, said.decode(errors="replace"))


def _font() -> Path:
    """Return the file of the font for text. Raises NotInstalled."""
    if not all((FONTS / f"Vazirmatn-{style}.ttf").exists() for style in ("Regular", "Bold")):
        raise NotInstalled("The fonts of PDF files are missing. Run: make assets")
    return FONTS / "Vazirmatn-Regular.ttf"


def _refusal(code: int, said: str) -> Exception:
    if re.search(r"^(ImportError|ModuleNotFoundError)", said, re.MULTILINE):
        return NotInstalled("The package typst can't be loaded on this machine. Install it again.")
    # Killed by a signal: SIGXCPU or SIGKILL for its time, SIGABRT for memory that it didn't get.
    if code < 0 or "MemoryError" in said:
        detail = f"Typesetting needed more than {MEMORY >> 20} MiB of memory, or too much processor time."
        return _failed("limit", detail, code)
    return _failed(
        "error", "The document can't be typeset. The log of the server has the reason.", said[-500:]
    )


def _failed(reason: str, detail: str, error: object = None) -> TypesettingFailed:
    log.error("typesetting.failed", reason=reason, error=error)
    return TypesettingFailed(detail)
