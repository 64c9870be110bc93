"""Builds the assets for browsers: from `assets` and its imports to `static`, with a hash in each name.

`python -m web.build`, or `make assets`.
"""

import os
import subprocess
from pathlib import Path

from engine.platform import parent_death
from web import node

FOLDER = Path(__file__).parent


def build() -> None:
    """Install the locked packages, unless they are installed, and bundle."""
    installed = FOLDER / "node_modules" / ".installed"
    lock = FOLDER / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        print("  1 of 2: Node.js, if the machine has none, and the packages of the pages", flush=True)
        node.install(FOLDER)
        installed.touch()
    print("  2 of 2: bundling", flush=True)
    subprocess.run([node.path(), "build.mjs"], cwd=FOLDER, check=True)


if __name__ == "__main__":
    parent_death.heed_make(os.getppid())
    build()
