"""The clients as portal teams install them, and the portals of the documents, each in its own process."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from flit_core import buildapi

from demo.installation import Installation
from engine.events.webhooks.sending import signature
from engine.platform.config import ROOT
from tests.waiting import until
from tests.working import free_port
from web import node

TYPESCRIPT = ROOT / "clients" / "typescript"
EXAMPLES = ROOT / "docs" / "examples"
SECRET = "whsec_c2VjcmV0LW9uZS1zZWNyZXQtb25l"
EVENT = json.dumps(
    {
        **{"specversion": "1.0", "id": "c/4", "type": "parvandeh.task.completed"},
        **{"subject": "1405-000001", "time": "2026-03-21T08:15:00Z", "data": {"case": "c", "seq": 4}},
    }
).encode()


def signed(secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a webhook with EVENT, as the product signs it."""
    now = int(time.time())
    told = {"Webhook-Id": "c/4", "Webhook-Timestamp": str(now)}
    return {**told, "Webhook-Signature": signature(secret, "c/4", now, EVENT)}


def wheel(folder: Path) -> Path:
    """Build the wheel of the Python client."""
    before = Path.cwd()
    os.chdir(ROOT / "clients" / "python")
    try:
        return folder / str(buildapi.build_wheel(str(folder)))
    finally:
        os.chdir(before)


def typescript(folder: Path) -> Path:
    """Install the package of the TypeScript client in a folder; compile its tests and the portal strictly."""
    source = folder / "source"
    ignore = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(TYPESCRIPT, source, ignore=ignore)
    (source / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    node.run_npm(source, "pack", "--silent")  # builds it
    installed = folder / "node_modules" / "@parvandeh" / "client"
    with tarfile.open(next(source.glob("*.tgz"))) as archive:
        archive.extractall(installed, filter="data")
    for name in [*(installed / "package").iterdir()]:
        name.rename(installed / name.name)
    (folder / "node_modules" / "@types").symlink_to(TYPESCRIPT / "node_modules" / "@types")
    shutil.copy(EXAMPLES / "portal-typescript" / "portal.ts", folder)
    for test in (TYPESCRIPT / "test").glob("*.ts"):
        shutil.copy(test, folder)
    shutil.copy(TYPESCRIPT / "tsconfig.json", folder / "base.json")
    checked = {"types": ["node"], "rootDir": ".", "outDir": "dist", "declaration": False}
    settings = {"extends": "./base.json", "compilerOptions": checked, "include": ["*.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    (folder / "package.json").write_text('{"type": "module"}')
    tsc = TYPESCRIPT / "node_modules" / "typescript" / "bin" / "tsc"
    subprocess.run([node.path(), str(tsc)], cwd=folder, check=True)
    return folder / "dist"


def run(script: Path, installation: Installation | None = None) -> None:
    """Run a compiled script of the TypeScript tests; fails if it does."""
    environment = {"SIGNED": json.dumps({"headers": signed(), "body": EVENT.decode()})}
    if installation:
        environment |= {"PARVANDEH_URL": installation.url}
        environment |= {
            f"{name.upper()}_TOKEN": installation.tokens[name] for name in ("portal", "caseworker")
        }
    command = [node.path(), str(script)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def python_portal(installed: Path, installation: Installation) -> Iterator[str]:
    """The portal in Python, with the client from its wheel: its address."""
    command = [sys.executable, "-P", str(EXAMPLES / "portal-python" / "portal.py")]
    with _running(command, installation, {"PYTHONPATH": str(installed)}) as url:
        yield url


@contextmanager
def typescript_portal(compiled: Path, installation: Installation) -> Iterator[str]:
    """The portal in TypeScript: its address."""
    with _running([node.path(), str(compiled / "portal.js")], installation, {}) as url:
        yield url


@contextmanager
def _running(command: list[str], installation: Installation, environment: Mapping[str, str]) -> Iterator[str]:
    port = free_port()
    settings = {
        "PARVANDEH_URL": installation.url,
        "PARVANDEH_TOKEN": installation.tokens["portal"],
        "PORTAL_SECRET": "only for tests",
        "WEBHOOK_SECRET": f"whsec_bmV3ZXI= {SECRET}",
        "PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, env={**os.environ, **settings, **environment})
    try:
        until(lambda: process.poll() is not None or _answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
