"""The files of a process folder as a deployment contains them: by base name."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from engine import bpmn
from engine.definitions import scenarios, toml_files
from engine.platform.errors import Invalid

PROCESS = {".bpmn", ".xml", ".dmn", ".json", ".form"}
SERVICE = {toml_files.SUFFIX}
# What is read from a folder, and from its subfolders; `.yml` so that it is rejected, not silently ignored.
TAKEN = {".": PROCESS | SERVICE, "forms": PROCESS, "scenarios": {scenarios.SUFFIX, ".yml"}}


def read(paths: Iterable[Path]) -> dict[str, bytes]:
    """Read files as they are; from a folder its process, decision, form and TOML files, also the forms in
    `forms/`, and its scenarios in `scenarios/`.
    """
    files: dict[str, bytes] = {}
    for path in paths:
        for file in _files(path):
            if file.name in files:
                raise Invalid(
                    f"Two files are named {file.name}. File names must be unique within a deployment."
                )
            files[file.name] = _content(file)
    return files


def groups(paths: Sequence[Path]) -> dict[Path, dict[str, bytes]]:
    """Return the files of each folder, then, under the empty path, all files that were named individually."""
    found = {path: read([path]) for path in paths if path.is_dir()}
    alone = [path for path in paths if not path.is_dir()]
    return found | ({Path(): read(alone)} if alone else {})


def check(together: Sequence[Mapping[str, bytes]], known: Collection[str] = ()) -> list[bpmn.Report]:
    """Check each group of files, which may call the processes of the others and the known ones."""
    if len(together) > 1:
        known = {process.key for files in together for process in bpmn.check(files).processes}.union(known)
    return [bpmn.check(files, known) for files in together]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    chosen = [
        file
        for folder, suffixes in TAKEN.items()
        for file in sorted((path / folder).glob("*"))
        if file.is_file() and file.suffix.lower() in suffixes
    ]
    if not chosen:
        raise Invalid(f"{path} contains no process, decision or form.")
    return chosen


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as cause:
        raise Invalid(f"{file} can't be read: {cause.strerror}.") from cause
