"""The files of a process folder as a deployment takes them: by base name."""

from collections.abc import Iterable
from pathlib import Path

from engine.errors import Invalid

DEPLOYED = {".bpmn", ".xml", ".dmn", ".json"}


def read(paths: Iterable[Path]) -> dict[str, bytes]:
    """Files as they are; of a folder its process, decision and form files, those in `forms/` too."""
    files: dict[str, bytes] = {}
    for path in paths:
        for file in _files(path):
            if file.name in files:
                raise Invalid(f"Two files are named {file.name}. Within a deployment each name stands once.")
            files[file.name] = _content(file)
    return files


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for folder in (path, path / "forms") for file in sorted(folder.glob("*"))]
    chosen = [file for file in found if file.is_file() and file.suffix.lower() in DEPLOYED]
    if not chosen:
        raise Invalid(f"There is no process, decision or form in {path}.")
    return chosen


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as cause:
        raise Invalid(f"{file} cannot be read: {cause.strerror}.") from cause
