"""Stand-in until the build is merged."""

from pathlib import Path

from flask import Blueprint

blueprint = Blueprint(
    "assets", __name__, static_folder=str(Path(__file__).parent / "assets"), static_url_path="/assets"
)


def asset_url(name: str) -> str:
    """Its address."""
    return f"/assets/{name}"
