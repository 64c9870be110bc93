"""The files of a version, as they were uploaded."""

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from apiflask import APIBlueprint

from api.command import Reply, command, sends
from api.operations import BYTES
from api.shapes import Body
from engine import definitions
from engine.bpmn import BPMN_SUFFIXES
from engine.definitions import overview
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("version_files", __name__, tag="Definitions")

_BY_ENDING: Mapping[str, str] = {
    "dmn": "application/xml",
    "json": "application/json",
    "form": "application/json",
    "yaml": "application/yaml",
    "toml": "application/toml",
    "md": "text/markdown",
}


class VersionFileBody(Body):
    """A file of a version."""

    name: str
    """Its name in the deployment, as in the address of its content."""
    media_type: str
    """Its media type by its ending; `application/octet-stream` for an unknown ending."""
    size: int
    """Its size in bytes."""
    sha256: str
    """The SHA-256 digest of its content, in hexadecimal digits; also its `ETag`."""


class VersionFileList(Body):
    """The files of a version, by name."""

    key: str
    """The key of the definition."""
    version: int
    """The number of the version."""
    hash: str
    """The hash of all files together: equal files have equal hashes."""
    items: list[VersionFileBody]
    """The files that you may see; for designers also those of other processes that were deployed with it."""


def media_type(name: str) -> str:
    """Return the media type of a file of a deployment."""
    if name.endswith(BPMN_SUFFIXES):
        return "application/xml"
    return _BY_ENDING.get(name.rpartition(".")[2].lower(), BYTES)


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/files"), answer=VersionFileList, refusals=(404,)
)
def list_files(uow: UnitOfWork, key: str, number: int) -> Reply:
    """List the files of a version

    Administrators, designers and auditors see all files that were deployed with it: diagrams, forms,
    decisions, scenarios. Others see its diagram, and those forms of its process that limit no field to
    certain roles.
    """
    row = definitions.version(uow, key, number)
    items = [
        VersionFileBody(name=file.name, media_type=media_type(file.name), size=file.size, sha256=file.digest)
        for file in overview.files(uow, row)
    ]
    return Reply(VersionFileList(key=row.key, version=row.number, hash=row.digest, items=items))


@command(
    blueprint.get("/definitions/<key>/versions/<int:number>/files/<name>"), answer=BYTES, refusals=(404,)
)
@sends("ETag")
def download_file(uow: UnitOfWork, key: str, number: int, name: str) -> Reply:
    """Download a file of a version as it was uploaded

    It is sent as an attachment of bytes, whatever its kind: the list has its media type. Its `ETag` is the
    SHA-256 digest of its content.
    """
    content = overview.file(uow, definitions.version(uow, key, number), name)
    headers = {
        # An uploaded file must never be rendered as a page of ours.
        "Content-Type": BYTES,
        "Content-Disposition": f'attachment; filename="{_plain(name)}"; '
        f"filename*=UTF-8''{quote(name, safe='')}",
        "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
    }
    return Reply(content, headers)


def _plain(name: str) -> str:
    """Return a name for clients that can't read RFC 6266."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name)
