"""Install pinned dependencies into this interpreter's environment, and show the progress.

`python -m engine.platform.install requirements.txt`. Standard library only: it runs before anything else is
installed.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from engine.platform import parent_death

EVERY_SECONDS = 5  # seconds between two lines if the output is no terminal, or pip prints nothing
PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]


class Progress:
    """One line that is updated on a terminal; elsewhere an occasional line."""

    def __init__(self, of: int) -> None:
        self._of = of
        self._begun = self._shown = time.monotonic()
        self._names: set[str] = set()
        self._does = "looking"

    def take(self, line: str) -> None:
        """Process a line of pip's output."""
        if found := re.match(r"Collecting ([\w.-]+)", line):
            self._names.add(found[1])
            self._does = f"{min(len(self._names), self._of)} of {self._of} packages ready"
        elif line.startswith("Installing collected"):
            self._does = "unpacking, which takes a minute"
        self.show()

    def show(self, *, always: bool = False) -> None:
        """Show the progress."""
        now = time.monotonic()
        terminal = sys.stdout.isatty()
        if always or terminal or now - self._shown >= EVERY_SECONDS:
            self._shown = now
            text = f"  {self._does} ({now - self._begun:.0f} s)"
            print(f"\r{text:70}" if terminal else text, end="" if terminal else "\n", flush=True)

    def finish(self, does: str) -> None:
        """Print the last line."""
        self._does = does
        self.show(always=True)
        if sys.stdout.isatty():
            print()


def install(lock: Path) -> int:
    """Install and return pip's exit code; print its output if it fails."""
    packages = len(re.findall(r"(?m)^[\w.-]+(?:\[[^]]*\])?==", lock.read_text()))
    progress, said = Progress(packages), []
    with subprocess.Popen(
        [*PIP, "--require-hashes", "-r", lock], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        ended = threading.Event()
        threading.Thread(target=_tick, args=(progress, ended), daemon=True).start()
        try:
            for line in pip.stdout or ():
                said.append(line)
                progress.take(line)
        except KeyboardInterrupt:
            pip.terminate()
            progress.finish("interrupted")
            return 130
        finally:
            ended.set()
    progress.finish("pip failed" if pip.returncode else "installed")
    if pip.returncode:
        print("".join(said[-30:]), file=sys.stderr)
    return pip.returncode


def _tick(progress: Progress, ended: threading.Event) -> None:
    while not ended.wait(1):
        progress.show()


if __name__ == "__main__":
    parent_death.heed_make(os.getppid())
    sys.exit(max(install(Path(name)) for name in sys.argv[1:]))
