"""The child process that typesets one document, and its limits. It ends with its parent.

typst never runs in the current process: a huge table takes hundreds of megabytes, and a layout that doesn't
end can't be interrupted.
"""

import subprocess
import sys
from importlib.util import find_spec
from os import getpid
from pathlib import Path

import structlog

from engine.platform.config import ROOT
from engine.platform.errors import NotInstalled, TypesettingFailed
from engine.platform.typesetting import layout
from engine.platform.typesetting.model import Document

# Built by `web.build`, like what browsers load.
FONTS = ROOT / "web" / "static" / "fonts"
MEMORY = 1 << 30  # bytes of addresses
CHILD = [sys.executable, "-E", "-s", "-m", "engine.platform.typesetting.child"]

log = structlog.get_logger("typesetting")


def typeset(document: Document, *, timeout: float) -> bytes:
    """Return the document as a PDF, made within so many seconds.

    Raises NotInstalled, TypesettingFailed, and its DocumentTooLarge.
    """
    if find_spec("typst") is None:
        raise NotInstalled("PDF files need the package typst. Run: pip install -r requirements.txt")
    content = layout.content(document, font())
    limits = [str(getpid()), str(MEMORY), str(max(1, round(timeout + 0.5)))]
    with subprocess.Popen(
        [*CHILD, *limits, str(FONTS)],
        cwd=ROOT,
        env={"RAYON_NUM_THREADS": "1"},  # nothing of ours: no addresses, no secrets
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
    if child.returncode == 0 and made.startswith(b"%PDF"):
        return made
    raise _broken(child.returncode, said.decode(errors="replace"))


def font() -> Path:
    """Return the file of the font for text. Raises NotInstalled."""
    file = FONTS / "Vazirmatn-Regular.ttf"
    if not file.exists():
        raise NotInstalled("The fonts for PDF files are missing. Run: make assets")
    return file


def _broken(code: int, said: str) -> TypesettingFailed:
    # Killed by a signal: SIGXCPU or SIGKILL for time, SIGABRT for memory that was refused.
    if code < 0 or "MemoryError" in said:
        return _failed(
            "limit", f"Typesetting needed more than {MEMORY >> 20} MB or its processor time.", code
        )
    return _failed(
        "error", "The document can't be typeset. The log of the server has the reason.", said[-500:]
    )


def _failed(reason: str, detail: str, error: object = None) -> TypesettingFailed:
    log.error("typesetting.failed", reason=reason, error=error)
    return TypesettingFailed(detail)
