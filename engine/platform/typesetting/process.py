"""The child process that typesets one document, and its limits. It ends with its parent.

typst never runs in the current process: a huge table takes hundreds of megabytes, and a layout that doesn't
end can't be interrupted.
"""

import re
import subprocess
import sys
from importlib.util import find_spec
from math import ceil
from os import getpid
from pathlib import Path

import structlog

from engine.platform.config import ROOT
from engine.platform.errors import NotInstalled, TypesettingFailed
from engine.platform.typesetting import layout
from engine.platform.typesetting.model import Document

FONTS = ROOT / "web" / "static" / "fonts"  # built by `web.build`, like what browsers load
TEMPLATE = Path(__file__).with_name("template.typ")
PROGRAM = Path(__file__).with_name("child.py")
MEMORY = 1 << 30  # bytes of addresses

log = structlog.get_logger("typesetting")


def typeset(document: Document, *, timeout: float) -> bytes:
    """Return the document as a PDF, made within so many seconds.

    Raises NotInstalled, TypesettingFailed, and its DocumentTooLarge.
    """
    if find_spec("typst") is None:
        raise NotInstalled("PDF files need the package typst. Run: pip install -r requirements.txt")
    content = layout.content(document, _font())
    with subprocess.Popen(
        # Without the variables of this process, which may contain secrets.
        [
            sys.executable,
            "-s",
            "-P",
            PROGRAM,
            str(getpid()),
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
