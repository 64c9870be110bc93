"""Which files are generated, and from what."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson

from api import reference
from clients.generator import document, python, typescript
from engine.platform.config import Settings
from web.application import create

CLIENTS = Path(__file__).resolve().parents[1]
PYTHON = CLIENTS / "python" / "src" / "parvandeh_client" / "generated"
TYPESCRIPT = CLIENTS / "typescript" / "src" / "generated"
NOWHERE = "postgresql+psycopg://nobody@/nothing"  # the application is created, and never asked for data


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the application that users run."""
    app = create(Settings.read({"DATABASE_URL": NOWHERE}))
    return cast("dict[str, Any]", orjson.loads(reference.described(app).content))


def generate(of: Mapping[str, Any] | None = None) -> dict[Path, str]:
    """Return the generated files with their texts; the same document has the same texts on every machine."""
    api = document.read(openapi() if of is None else of)
    return {
        PYTHON / "models.py": _formatted(python.models(api)),
        PYTHON / "operations.py": _formatted(python.operations(api)),
        TYPESCRIPT / "models.ts": typescript.models(api),
        TYPESCRIPT / "operations.ts": typescript.operations(api),
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
