"""Which files are generated, and from what."""

import subprocess
import sys
from pathlib import Path

import orjson
from apiflask import APIFlask

from api import reference
from clients.generator import document, python, typescript
from engine.platform.config import ROOT, Settings
from web.application import create

CLIENTS = Path(__file__).resolve().parents[1]
PYTHON = CLIENTS / "python" / "src" / "parvandeh_client" / "generated"
TYPESCRIPT = CLIENTS / "typescript" / "src" / "generated"
NOWHERE = "postgresql+psycopg://nobody@/nothing"  # the application is created, and never asked for data


def generate(of: APIFlask | None = None) -> dict[Path, str]:
    """Return the generated files with their texts; the same document has the same texts on every machine.

    `of` is the application that users run; without it, one is created.
    """
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    app = of or create(Settings.read({"DATABASE_URL": NOWHERE}))
    api = document.read(orjson.loads(reference.described(app).content), app.blueprints)
    return {
        PYTHON / "models.py": _formatted(python.models(api)),
        PYTHON / "operations.py": _formatted(python.operations(api)),
        TYPESCRIPT / "models.ts": typescript.models(api),
        TYPESCRIPT / "operations.ts": typescript.operations(api),
        CLIENTS / "python" / "LICENSE": licence,
        CLIENTS / "typescript" / "LICENSE": licence,
    }


def _formatted(source: str) -> str:
    command = [
        str(Path(sys.executable).with_name("ruff")),
        "format",
        "--stdin-filename",
        str(PYTHON / "any.py"),
        "-",
    ]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
