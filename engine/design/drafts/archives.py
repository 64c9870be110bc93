"""Reads a zip archive as the files of a draft: by base name, as a folder is deployed."""

from typing import IO

from engine.bpmn import FILE_SUFFIXES, MAX_FILE, MAX_FILES
from engine.platform import media
from engine.platform.errors import Fault, Invalid
from engine.platform.media import Unfit

_SHOWN = 80  # characters of a name


def unpack(name: str, stream: IO[bytes]) -> dict[str, bytes]:
    """Returns the files in the archive with this name. Raises Invalid, which names the faulty file."""
    try:
        held = media.unpack(stream, MAX_FILES, MAX_FILE)
    except Unfit as unfit:
        values = {"count": MAX_FILES} if unfit.code == "too-many-files" else {}
        fault = Fault(f"/files/{name[:_SHOWN]}", unfit.detail, unfit.code, values)
        raise Invalid("The archive can't be used.", [fault]) from unfit
    files: dict[str, bytes] = {}
    faults = []
    for path, content in held.items():
        base = path.rpartition("/")[2]
        place = f"/files/{path[:_SHOWN]}"
        if base in files:
            faults.append(Fault(place, "has the name of another file in the archive", "archive-twice"))
        if not base.endswith(FILE_SUFFIXES):
            faults.append(Fault(place, "is of a kind that does not belong to a process", "archive-kind"))
        files[base] = content
    if not files:
        faults.append(Fault(f"/files/{name[:_SHOWN]}", "has no files in it", "archive-empty"))
    if faults:
        raise Invalid("The files in the archive can't be used.", faults)
    return files
