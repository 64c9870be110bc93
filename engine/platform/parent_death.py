"""The parent-death signal: `kill -9` of the parent leaves no processes behind. Linux only, else no effect.

Standard library only: `make` also uses it before anything is installed.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.3
# Loaded at import: nothing may be loaded between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow(parent: int, farewell: signal.Signals) -> None:
    """Make the kernel send `farewell` to this process when `parent`, its parent, dies.

    Call it after a change of uid, which clears the setting. It survives an exec.
    """
    if _libc is None:
        return
    if _libc.prctl(_PR_SET_PDEATHSIG, int(farewell), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the setting was made
        os.kill(os.getpid(), signal.SIGKILL)


def heed_make(parent: int) -> None:
    """Interrupt this process when `parent` is a `make` that was interrupted alone, as by `kill -INT`.

    A terminal's Ctrl-C reaches both. `make` relies on that: interrupted alone, it waits for its children and
    doesn't pass the signal on.
    """
    proc = Path("/proc") / str(parent)
    if _is_make(proc) and _catches_interrupts(proc):
        threading.Thread(target=_interrupt_with, args=(proc,), daemon=True).start()


def _interrupt_with(proc: Path) -> None:
    while _catches_interrupts(proc):
        time.sleep(_LOOK_SECONDS)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _is_make(proc: Path) -> bool:
    try:
        return (proc / "comm").read_text().strip() in ("make", "gmake")
    except OSError:
        return False


def _catches_interrupts(proc: Path) -> bool:
    """Return whether it has a handler for SIGINT: `make` removes its own on the first one."""
    try:
        status = (proc / "status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
