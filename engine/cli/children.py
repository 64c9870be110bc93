"""Child processes, and how their parent stops: on a signal, or when one of them dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from engine.platform.config import ROOT, Settings


def environ(settings: Settings, url: str) -> dict[str, str]:
    """Return the variables with which a child has these settings.

    With the address of an embedded database a child would otherwise not know that this is a demonstration.
    """
    demo = settings.demo_connectors
    return {
        "DATABASE_URL": url,
        "PARVANDEH_VAR": str(settings.var),
        "DEMO": "yes" if settings.demo else "no",
        **({} if demo is None else {"DEMO_CONNECTORS": str(demo)}),
    }


def engine(*arguments: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a command of `python -m engine` that ends with this process (`--with-parent`)."""
    command = [sys.executable, "-m", "engine", *arguments, "--with-parent", str(os.getpid())]
    # Own process group: a Ctrl-C in the terminal is for the parent, which then stops this process.
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, process_group=0)


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Allow it so many seconds to finish its current work; then kill it with all that it has started."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processor_time(pid: int) -> int:
    """Return the processor time of a process and those that it has started, in the kernel's ticks."""
    process = Path(f"/proc/{pid}")
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        started = (process / "task" / str(pid) / "children").read_text().split()
    except OSError:  # it has just ended
        return 0
    return int(fields[11]) + int(fields[12]) + sum(processor_time(int(each)) for each in started)


def await_death(children: Mapping[str, subprocess.Popen[bytes]]) -> str:
    """Sleep until one of the children is dead; return its name."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        for name, process in children.items():
            if process.poll() is not None:
                return name
        if ended is not None:  # in a container this may be process 1, which adopts orphans of others
            os.waitpid(ended.si_pid, 0)


@contextmanager
def stopped_by_signals(stopping: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The first signal raises KeyboardInterrupt in the block; further ones don't interrupt its cleanup."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, lambda *_: None)
        stopping()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
