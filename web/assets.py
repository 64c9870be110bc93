"""The assets for browsers, as built by `web.build`: style, scripts, fonts, an icon.

Their names change with their content.
"""

import gzip
import json
from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

from engine.platform.errors import Unusable

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}

blueprint = Blueprint("assets", __name__)


def asset(name: str) -> str:
    """Return an asset's path for browsers: `style.css` is at `/assets/style-TNJF2Q4A.css`."""
    return f"/assets/{built()[name]}"


@cache
def built() -> dict[str, str]:
    """Return the built names by those of the sources. Raises Unusable if nothing is built."""
    try:
        names: dict[str, str] = json.loads((FOLDER / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise Unusable("The browser assets are missing. Run: make assets") from None
    return names


@lru_cache(64)
def _compressed(name: str) -> bytes:
    """Return a text file compressed, if the browser accepts that; fonts are already compressed."""
    return gzip.compress((FOLDER / name).read_bytes(), mtime=0)


@blueprint.get("/assets/<name>")
def show(name: str) -> Response:
    """Serve it, cacheable without a limit: other content has another name."""
    if name not in built().values():
        abort(HTTPStatus.NOT_FOUND)
    if Path(name).suffix != ".woff2" and request.accept_encodings.quality("gzip") > 0:
        response = Response(_compressed(name), mimetype=TYPES[Path(name).suffix])
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_from_directory(FOLDER, name, mimetype=TYPES[Path(name).suffix])
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
