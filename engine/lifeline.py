"""Ties a process to its parent: `kill -9` of the parent leaves nothing behind. Linux only, else idle."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded at import: between fork and exec nothing may be loaded any more.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow(parent: int, farewell: signal.Signals) -> None:
    """Have the kernel send `farewell` to this process when `parent`, its parent, dies.

    Call it after a change of uid, which clears the wish. The wish survives an exec.
    """
    if _libc is None:
        return
    if _libc.prctl(_PR_SET_PDEATHSIG, int(farewell), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the wish was known
        os.kill(os.getpid(), signal.SIGKILL)
