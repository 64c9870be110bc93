"""What browsers load, as `web.build` has made it: style, scripts, fonts, an icon.

What has another content has another name.
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
    """The path under which browsers find it: `style.css` is at `/assets/style-TNJF2Q4A.css`."""
    return f"/assets/{built()[name]}"


@cache
def built() -> dict[str, str]:
    """The present names by those of the sources. Raises Unusable before anything is built."""
    try:
        names: dict[str, str] = json.loads((FOLDER / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise Unusable("What browsers load has not been built. Run: make assets") from None
    return names


@lru_cache(64)
def _compressed(name: str) -> bytes:
    """A text file for browsers that take it smaller; fonts are compressed as they are."""
    return gzip.compress((FOLDER / name).read_bytes(), mtime=0)


@blueprint.get("/assets/<name>")
def show(name: str) -> Response:
    """For as long as a browser likes: other content has another name."""
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
